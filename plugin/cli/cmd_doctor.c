/* SPDX-License-Identifier: MIT */
/* pipseed doctor: what is wrong with an environment, and mending it. */
#include "batch.h"
#include "cleanup.h"

struct doctor_settings {
        struct settings settings; /* first */
        bool fix;
};

static const struct option own_options[] = {
        {"--fix", 0, OPTION_FLAG, offsetof(struct doctor_settings, fix), NULL, NULL, NULL, "mend what can be mended"},
        {"--user", 0, OPTION_FLAG, offsetof(struct settings, user), NULL, NULL, NULL,
         "look at what was installed for this user"},
        {.name = NULL},
};
static const struct option_group own_group = {"What", own_options};
static const struct option_group *const groups[] = {&own_group,   &wheels_group, &target_group,
                                                    &batch_group, &common_group, NULL};

static int examine(const struct pipseed_request *req, bool fix, void **ret_checkup, struct pipseed_error *err)
{
        struct pipseed_checkup *checkup = NULL;
        int r = pipseed_doctor(req, fix && !req->dry_run, &checkup, err);

        if (r >= 0)
                *ret_checkup = checkup;
        return r;
}

static int look(const struct pipseed_request *req, void **ret_checkup, struct pipseed_error *err)
{
        return examine(req, false, ret_checkup, err);
}

static int mend(const struct pipseed_request *req, void **ret_checkup, struct pipseed_error *err)
{
        return examine(req, true, ret_checkup, err);
}

static void release(void *checkup)
{
        pipseed_checkup_free(checkup);
}

static void put_ailments(struct document *document, const struct pipseed_checkup *checkup)
{
        json_t *array = NULL;

        document_text(document, document->root, "env", checkup->env);
        document_text(document, document->root, "python", checkup->python);
        document_text(document, document->root, "python_version", checkup->version);
        array = document_array(document, document->root, "findings");
        for (size_t i = 0; i < checkup->n_ailments; i++) {
                const struct pipseed_ailment *ailment = checkup->ailments[i];
                json_t *object = document_element(document, array);

                document_text(document, object, "code", pipseed_code_name(ailment->code));
                document_put(document, object, "number", json_integer(ailment->code));
                document_text(document, object, "path", ailment->path);
                document_text(document, object, "text", ailment->text);
                document_text(document, object, "hint", ailment->hint);
                document_put(document, object, "can_mend", json_boolean(ailment->can_mend));
                document_put(document, object, "mended", json_boolean(ailment->mended));
        }
}

static void show_ailment(const struct session *session, const struct pipseed_ailment *ailment)
{
        const char *name = pipseed_code_name(ailment->code);
        _cleanup_free_ char *text = NULL;

        if (asprintf(&text, "%s%s", ailment->text, ailment->mended ? " (mended)" : "") < 0)
                text = NULL;
        output_finding(session->out, name != NULL ? name : "finding", ailment->path,
                       text != NULL ? text : ailment->text);
        if (!ailment->mended && ailment->hint != NULL)
                output_note(session->out, "%s", ailment->hint);
}

static int show(struct session *session, const struct pipseed_request *req, const void *data,
                struct document *document)
{
        const struct pipseed_checkup *checkup = data;
        const char *plural = checkup->n_ailments == 1 ? "" : "s";
        size_t n_mendable = 0;

        (void)req;
        for (size_t i = 0; i < checkup->n_ailments; i++) {
                show_ailment(session, checkup->ailments[i]);
                n_mendable += checkup->ailments[i]->can_mend && !checkup->ailments[i]->mended;
        }
        if (checkup->n_ailments == 0)
                output_result(session->out, NULL, "%s: nothing is wrong", checkup->env);
        else if (checkup->n_left == 0)
                output_result(session->out, "Mended", "%s (%zu finding%s)", checkup->env, checkup->n_ailments,
                              plural);
        else
                output_result(session->out, NULL, "%s: %zu finding%s, %zu mended, %zu that --fix can mend", checkup->env,
                              checkup->n_ailments, plural, checkup->n_ailments - checkup->n_left, n_mendable);
        if (document != NULL)
                put_ailments(document, checkup);
        for (size_t i = 0; i < checkup->n_ailments; i++)
                if (!checkup->ailments[i]->mended)
                        return checkup->ailments[i]->code;
        return 0;
}

static int run(struct session *session)
{
        const struct doctor_settings *settings = (const struct doctor_settings *)(const void *)session->settings;
        static const struct batch_job examining = {.work = look, .show = show, .release = release,
                                                   .doing = "examining", .trouble = "findings", .verifies = true,
                                                   .integrity = true};
        static const struct batch_job mending = {.work = mend, .show = show, .release = release,
                                                 .doing = "mending", .trouble = "findings", .verifies = true,
                                                 .integrity = true};

        return batch_run(session, settings->fix ? &mending : &examining);
}

const struct command command_doctor = {
        .name = "doctor",
        .summary = "say what is wrong with an environment, and mend it",
        .operands = "[ENV...]",
        .description = "Looks for what interrupted runs left, for a base interpreter that is gone, for scripts of "
                       "another place, and for a pip that is not what its RECORD says. With --fix, mends it. Exit code 4 "
                       "when something stays wrong.",
        .groups = groups,
        .max_operands = COMMAND_ANY_OPERANDS,
        .settings_size = sizeof(struct doctor_settings),
        .run = run,
};
