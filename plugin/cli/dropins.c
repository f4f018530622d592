/* SPDX-License-Identifier: MIT */
#include "dropins.h"

#include "cleanup.h"
#include "json_output.h"
#include "cli_error.h"
#include "interrupt.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static const struct option python_options[] = {
        {"--python", 'p', OPTION_OPERAND, 0, "PY", NULL, NULL, "select an interpreter, same as PY (repeatable)"},
        {.name = NULL},
};
const struct option_group dropins_python_group = {"Options", python_options};

struct run {
        struct session *session;
        const struct dropins_job *job;
        struct pipseed_dropin_request req;
        struct json_output document;
        json_t *array;
        struct pipseed_dropin **shown; /* by their stdlib directories: each interpreter is shown once */
        size_t n_shown;
        int code; /* of the first that failed, or that is not as it should be */
        bool several;
};

/* Where this program lies, and with it the files of the drop-in. */
static int find_own_files(struct pipseed_dropin_request *req, char **ret_command, char **ret_dir,
                          struct pipseed_error *err)
{
        char path[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
        const char *slash;

        if (n < 0)
                return cli_error_sys(err, errno, "/proc/self/exe", "cannot locate pipseed");
        path[n] = '\0';
        slash = strrchr(path, '/');
        *ret_command = strdup(path);
        if (*ret_command == NULL ||
            asprintf(ret_dir, "%.*s/" PIPSEED_DROPIN_TEMPLATE_DIR, (int)(slash - path), path) < 0) {
                *ret_dir = NULL;
                return cli_error_memory(err);
        }
        req->command = *ret_command;
        req->template_dir = *ret_dir;
        return 0;
}

static json_t *new_element(struct run *run, const char *python)
{
        json_t *object = json_output_element(&run->document, run->array);

        json_output_text(&run->document, object, "requested", python);
        return object;
}

static void put(struct run *run, const char *python, const struct pipseed_dropin *dropin, int code)
{
        struct json_output *document = &run->document;
        json_t *object = new_element(run, python);

        json_output_text(document, object, "python", dropin->python);
        json_output_text(document, object, "python_version", dropin->version);
        json_output_text(document, object, "state", pipseed_dropin_state_name(dropin->state));
        json_output_put(document, object, "ok", json_boolean(code == 0));
        json_output_put(document, object, "changed", json_boolean(dropin->changed));
        json_output_text(document, object, "ensurepip_dir", dropin->ensurepip_dir);
        json_output_text(document, object, "backup", dropin->backup);
        json_output_text(document, object, "system_package", dropin->system_package);
        json_output_text(document, object, "pipseed", dropin->command);
        json_output_text(document, object, "pipseed_version", dropin->command_version);
        json_output_put(document, object, "pipseed_missing", json_boolean(dropin->command_missing));
        json_output_put(document, object, "up_to_date", json_boolean(dropin->up_to_date));
        json_output_put(document, object, "error", json_null());
}

static bool is_shown(const struct run *run, const struct pipseed_dropin *dropin)
{
        for (size_t i = 0; i < run->n_shown; i++)
                if (strcmp(run->shown[i]->stdlib, dropin->stdlib) == 0)
                        return true;
        return false;
}

static void fail(struct run *run, const char *python, const struct pipseed_error *err)
{
        if (run->code == 0)
                run->code = err->code;
        output_error(run->session->out, run->several ? python : NULL, err);
        json_output_error(&run->document, new_element(run, python), err);
}

/* Takes the name's turn. optional: a name that was found, not given. */
static void perform(struct run *run, const char *python, bool optional)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_dropin *dropin = NULL;
        int code;

        if (interrupt_pending() != 0) {
                (void)cli_error_set(&err, PIPSEED_E_CANCELLED, NULL, "interrupted before it started");
                fail(run, python, &err);
                return;
        }
        run->req.python = python;
        if (run->job->work(&run->req, &dropin, &err) < 0) {
                interrupt_explain(&err);
                if (!optional)
                        fail(run, python, &err);
                else
                        output_detail(run->session->out, 1, "skipping %s: %s", python, err.message);
                return;
        }
        if (optional && is_shown(run, dropin)) {
                pipseed_dropin_free(dropin);
                return;
        }
        run->shown[run->n_shown++] = dropin;
        code = run->job->show(run->session, dropin);
        if (run->code == 0)
                run->code = code;
        put(run, python, dropin, code);
}

static int perform_all(struct run *run, const char *const *pythons, size_t n, bool optional, struct pipseed_error *err)
{
        run->shown = calloc(n + 1, sizeof(*run->shown));
        if (run->shown == NULL)
                return cli_error_memory(err);
        run->several = n > 1;
        for (size_t i = 0; i < n; i++)
                perform(run, pythons[i], optional);
        for (size_t i = 0; i < run->n_shown; i++)
                pipseed_dropin_free(run->shown[i]);
        free(run->shown);
        return 0;
}

static int perform_known(struct run *run, struct pipseed_error *err)
{
        struct pipseed_pythons *pythons = NULL;
        int r = pipseed_pythons_find(run->req.cache_dir, &pythons, err);

        if (r < 0)
                return r;
        r = perform_all(run, pythons->paths, pythons->n_paths, true, err);
        if (r == 0 && run->array != NULL && json_array_size(run->array) == 0)
                output_note(run->session->out, "no interpreter found on PATH");
        pipseed_pythons_free(pythons);
        return r;
}

static const char *status_of(const struct run *run)
{
        if (run->code == 0)
                return "ok";
        return pipseed_exit_code(run->code) == 4 && run->job->everywhere ? "findings" : "error";
}

/* The document needs its exit code first, the members follow. */
static void finish(struct run *run)
{
        struct json_output whole = {0};

        if (!run->session->settings->json)
                return;
        json_output_begin(&whole, run->session->command->name, status_of(run), pipseed_exit_code(run->code));
        json_output_put(&whole, whole.root, "dry_run", json_boolean(run->req.dry_run));
        json_output_put(&whole, whole.root, "interpreters", json_incref(run->array));
        whole.failed = whole.failed || run->document.failed;
        output_document(run->session->out, json_output_root(&whole));
        json_output_done(&whole);
}

int dropins_run(struct session *session, const struct dropins_job *job)
{
        static const char *const nobody[] = {NULL};
        const struct arguments *arguments = session->arguments;
        const bool named = arguments->n_operands > 0;
        struct session_events events = {.session = session, .no_progress = true};
        struct run run = {.session = session, .job = job};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_free_ char *command = NULL;
        _cleanup_free_ char *directory = NULL;
        struct pipseed_request shared;
        int r = session_request(session, &shared, &err);

        pipseed_dropin_request_init(&run.req);
        if (r == 0)
                r = find_own_files(&run.req, &command, &directory, &err);
        if (r < 0)
                return session_fail(session, &err);
        run.req.force = ((struct dropins_settings *)(void *)session->settings)->force;
        run.req.dry_run = session->settings->dry_run;
        run.req.cache_dir = shared.cache_dir;
        run.req.trust = shared.trust;
        run.req.n_trust = shared.n_trust;
        run.req.event = session_event;
        run.req.event_data = &events;
        interrupt_catch();
        run.document.root = json_object();
        run.document.failed = run.document.root == NULL;
        run.array = json_output_array(&run.document, run.document.root, "interpreters");
        if (named || !job->everywhere)
                r = perform_all(&run, named ? arguments->operands : nobody, named ? arguments->n_operands : 1, false,
                                &err);
        else
                r = perform_known(&run, &err);
        if (r < 0) {
                json_output_done(&run.document);
                return session_fail(session, &err);
        }
        finish(&run);
        json_output_done(&run.document);
        return pipseed_exit_code(run.code);
}
