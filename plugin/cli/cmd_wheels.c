/* SPDX-License-Identifier: MIT */
/* pipseed wheels: the wheels that can be installed, and their Pythons. */
#include "cleanup.h"
#include "common.h"
#include "interrupt.h"
#include "json_output.h"
#include "cli_error.h"

static const struct option_group *const groups[] = {&wheels_group, &common_group, NULL};

static void write_wheels(struct session *session, const char *status, int exit_code)
{
        const struct pipseed_wheel_list *list = session->wheels;
        _cleanup_(json_output_done) struct json_output document = {0};
        json_t *array = NULL;

        json_output_begin(&document, session->command->name, status, exit_code);
        array = json_output_array(&document, document.root, "wheels");
        for (size_t i = 0; i < list->n_wheels; i++) {
                const struct pipseed_wheel *wheel = list->wheels[i];
                json_t *object = json_output_element(&document, array);

                json_output_text(&document, object, "filename", wheel->filename);
                json_output_text(&document, object, "name", wheel->name);
                json_output_text(&document, object, "version", wheel->version);
                json_output_text(&document, object, "sha256", wheel->sha256);
                json_output_text(&document, object, "requires_python", wheel->requires_python);
                json_output_text(&document, object, "source", wheel->source);
                json_output_number(&document, object, "size", wheel->size);
                json_output_text(&document, object, "status",
                                 wheel->status == 0 ? "ok" : pipseed_code_name(wheel->status));
                json_output_put(&document, object, "number", json_integer(wheel->status));
                json_output_text(&document, object, "problem", wheel->problem);
        }
        output_document(session->out, json_output_root(&document));
}

static const char *or_dash(const char *text)
{
        return text != NULL && text[0] != '\0' ? text : "-";
}

static int print_wheels(struct session *session)
{
        enum { COLUMNS = 4 };
        const struct pipseed_wheel_list *list = session->wheels;
        _cleanup_free_ const char **cells = calloc((list->n_wheels + 1) * COLUMNS, sizeof(*cells));
        const char **cell = cells;

        if (cells == NULL)
                return PIPSEED_E_NO_MEMORY;
        for (size_t i = 0; i < COLUMNS; i++)
                *cell++ = (const char *const[]){"WHEEL", "VERSION", "PYTHON", "SOURCE"}[i];
        for (size_t i = 0; i < list->n_wheels; i++) {
                *cell++ = list->wheels[i]->filename;
                *cell++ = or_dash(list->wheels[i]->version);
                *cell++ = or_dash(list->wheels[i]->requires_python);
                *cell++ = or_dash(list->wheels[i]->source);
        }
        output_table(session->out, cells, list->n_wheels + 1, COLUMNS);
        return 0;
}

/* Returns the more severe of two codes: integrity before refusal before failure. */
static int graver(int a, int b)
{
        return pipseed_exit_code(b) > pipseed_exit_code(a) ? b : a;
}

/* Prints why wheels cannot be used; returns the most severe code, or 0. */
static int print_problems(struct session *session)
{
        int worst = 0;

        for (size_t i = 0; i < session->wheels->n_wheels; i++) {
                const struct pipseed_wheel *wheel = session->wheels->wheels[i];
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                if (wheel->status == 0)
                        continue;
                worst = graver(worst, wheel->status);
                (void)cli_error_set(&err, wheel->status, wheel->source, "%s",
                                    wheel->problem != NULL ? wheel->problem : "cannot be used");
                output_error(session->out, wheel->filename, &err);
        }
        return worst;
}

static int load(struct session *session, bool verify, struct pipseed_error *err)
{
        struct session_events events = {.session = session};
        struct pipseed_request req;
        int r = session_request(session, &req, err);

        if (r < 0)
                return r;
        req.event = session_event;
        req.event_data = &events;
        if (verify)
                interrupt_catch();
        r = pipseed_wheels(&req, verify, &session->wheels, err);
        interrupt_explain(err);
        return r;
}

static int run_list(struct session *session)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        if (load(session, false, &err) < 0)
                return session_fail(session, &err);
        if (session->wheels->n_wheels == 0)
                output_note(session->out, "no wheels found; add a directory with --wheel-dir");
        else if (!session->settings->json && print_wheels(session) < 0)
                return cli_error_memory(&err), session_fail(session, &err);
        (void)print_problems(session);
        if (session->settings->json)
                write_wheels(session, "ok", 0);
        return 0;
}

static int run_verify(struct session *session)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        int worst = 0;

        if (load(session, true, &err) < 0)
                return session_fail(session, &err);
        for (size_t i = 0; i < session->wheels->n_wheels; i++)
                if (session->wheels->wheels[i]->status == 0)
                        output_result(session->out, "ok", "%s", session->wheels->wheels[i]->filename);
        worst = print_problems(session);
        if (session->settings->json)
                write_wheels(session, worst == 0 ? "ok" : "findings", pipseed_exit_code(worst));
        return pipseed_exit_code(worst);
}

static const struct command list = {
        .name = "wheels list",
        .summary = "list the available wheels and their Pythons",
        .operands = "",
        .groups = groups,
        .run = run_list,
};

static const struct command verify = {
        .name = "wheels verify",
        .summary = "read and check every wheel",
        .description = "Exits with code 4 if a wheel is damaged.",
        .operands = "",
        .groups = groups,
        .run = run_verify,
};

static const struct command *const children[] = {&list, &verify, NULL};

const struct command command_wheels = {
        .name = "wheels",
        .summary = "list or check the available wheels",
        .operands = "list|verify",
        .groups = groups,
        .children = children,
};
