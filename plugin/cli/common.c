/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "cleanup.h"
#include "json_output.h"
#include "interrupt.h"

#include <string.h>

#define FIELD(member) offsetof(struct settings, member)

static const struct option common_options[] = {
        {"--policy", 0, OPTION_TEXT, FIELD(policy_file), "FILE", NULL, NULL,
         "read FILE as the last policy file, not PIPSEED_POLICY"},
        {"--set", 'o', OPTION_ASSIGN, 0, "KEY=VALUE", NULL, NULL,
         "set a policy key, e.g. seed.externally-managed=override"},
        {"--dry-run", 'n', OPTION_FLAG, FIELD(dry_run), NULL, NULL, NULL, "print what would be done, change nothing"},
        {"--json", 0, OPTION_FLAG, FIELD(json), NULL, NULL, NULL, "write JSON to stdout, text to stderr"},
        {"--quiet", 'q', OPTION_COUNT, FIELD(quiet), NULL, NULL, NULL, "print errors and requested output only"},
        {"--verbose", 'v', OPTION_COUNT, FIELD(verbose), NULL, NULL, NULL, "print details (repeatable)"},
        {"--color", 0, OPTION_CHOICE, FIELD(color), "auto|always|never", NULL, NULL,
         "use colours; auto: on a terminal, unless NO_COLOR is set"},
        {"--help", 'h', OPTION_STOP, FIELD(help), NULL, NULL, NULL, "print this help"},
        {"--version", 0, OPTION_FLAG, FIELD(version), NULL, NULL, NULL,
         "print the version (seed: of the pip it would install)"},
        {.name = NULL},
};
const struct option_group common_group = {"Global options", common_options};

static const struct option target_options[] = {
        {"--python", 'p', OPTION_TEXT, FIELD(python), "PY", NULL, NULL,
         "use this interpreter's environment (path, name, version)"},
        {"--root", 0, OPTION_TEXT, FIELD(root), "DIR", NULL, NULL, "resolve all paths below this root directory"},
        {.name = NULL},
};
const struct option_group target_group = {"Target options", target_options};

static const struct option batch_options[] = {
        {"--from-file", 0, OPTION_TEXT, FIELD(from_file), "LIST", NULL, NULL,
         "read more environments from LIST, one per line (-: stdin)"},
        {"--jobs", 'j', OPTION_NUMBER, FIELD(jobs), "N", NULL, NULL,
         "process up to N in parallel (default 0: all processors)"},
        {.name = NULL},
};
const struct option_group batch_group = {"Batch options", batch_options};

#define WHEEL_DIR                                                                                                      \
        {                                                                                                              \
                "--wheel-dir", 0, OPTION_APPEND, 0, "DIR", "wheels.dirs", NULL,                                        \
                        "also look for wheels in DIR (repeatable)"                                                     \
        }
#define NO_BUNDLED                                                                                                     \
        {                                                                                                              \
                "--no-bundled", 0, OPTION_SET, 0, NULL, "wheels.bundled", "no", "do not use the wheels inside pipseed" \
        }

static const struct option install_options[] = {
        {"--pip", 0, OPTION_SET, 0, "VERSION", "seed.pip", NULL,
         "select pip: newest, a version, or a specifier ('>=25,<27')"},
        {"--packages", 0, OPTION_SET, 0, "LIST", "seed.packages", NULL,
         "install auto (as ensurepip), pip, or 'pip setuptools'"},
        WHEEL_DIR,
        NO_BUNDLED,
        {"--link-mode", 0, OPTION_SET, 0, "MODE", "install.link-mode", NULL,
         "place files by auto, reflink, hardlink, copy or symlink"},
        {"--no-bytecode", 0, OPTION_SET, 0, NULL, "install.bytecode", "no", "do not compile .pyc files"},
        {.name = NULL},
};
const struct option_group install_group = {"Installation options", install_options};

static const struct option wheels_options[] = {WHEEL_DIR, NO_BUNDLED, {.name = NULL}};
const struct option_group wheels_group = {"Wheel options", wheels_options};

static int assign(struct session *session, const struct assignment *assignment, struct pipseed_error *err)
{
        int (*set)(struct pipseed_policy *, const char *, const char *, const char *, struct pipseed_error *) =
                assignment->append ? pipseed_policy_append : pipseed_policy_set;

        return set(session->policy, assignment->key, assignment->value, assignment->option, err);
}

int session_policy(struct session *session, struct pipseed_error *err)
{
        const struct pipseed_policy_options options = {.size = sizeof(options),
                                                       .file = session->settings->policy_file,
                                                       .use_environment = true};
        int r;

        if (session->policy != NULL)
                return 0;
        r = pipseed_policy_load(&options, &session->policy, err);
        for (size_t i = 0; r >= 0 && i < session->arguments->n_assignments; i++)
                r = assign(session, &session->arguments->assignments[i], err);
        return r < 0 ? r : 0;
}

static int apply_policy(const struct session *session, struct pipseed_request *ret_req, struct pipseed_error *err)
{
        struct pipseed_create_request defaults;
        int r;

        pipseed_request_init(ret_req);
        if (session->order == NULL)
                return pipseed_policy_apply(session->policy, ret_req, err);
        pipseed_create_request_init(&defaults, ret_req);
        session->order->seeding = ret_req;
        r = pipseed_policy_apply_create(session->policy, session->order, err);
        session->order->seeding = NULL;
        return r;
}

int session_request(struct session *session, struct pipseed_request *ret_req, struct pipseed_error *err)
{
        const struct settings *settings = session->settings;
        struct pipseed_request req;
        int r = session_policy(session, err);

        if (r < 0)
                return r;
        r = apply_policy(session, &req, err);
        if (r < 0)
                return r;
        req.python = settings->python;
        req.root = settings->root;
        req.user = settings->user;
        req.dry_run = settings->dry_run;
        req.jobs = settings->jobs;
        *ret_req = req;
        return 0;
}

/* A bare version matches only itself: "26.3" means ==26.3. */
static bool admits(const char *version, const char *specifier)
{
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;
        _cleanup_free_ char *exact = NULL;

        if (specifier == NULL || strcmp(specifier, "newest") == 0)
                return true;
        if (specifier[0] >= '0' && specifier[0] <= '9') {
                if (asprintf(&exact, "==%s", specifier) < 0)
                        return false;
                specifier = exact;
        }
        return pipseed_version_matches(version, specifier, &ignored) == 1;
}

const char *session_newest(struct session *session, const struct pipseed_request *req, const char *name,
                           const char *python_version)
{
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;

        if (session->wheels == NULL && pipseed_wheels(req, false, &session->wheels, &ignored) < 0)
                return NULL;
        for (size_t i = 0; i < session->wheels->n_wheels; i++) {
                const struct pipseed_wheel *wheel = session->wheels->wheels[i];

                if (wheel->status != 0 || strcmp(wheel->name, name) != 0)
                        continue;
                if (strcmp(name, "pip") == 0 && !admits(wheel->version, req->pip))
                        continue;
                if (python_version == NULL || wheel->requires_python == NULL ||
                    admits(python_version, wheel->requires_python))
                        return wheel->version;
        }
        return NULL;
}

int session_event(void *data, const struct pipseed_event *event)
{
        const struct session_events *events = data;

        if (event->kind != PIPSEED_EVENT_PROGRESS)
                output_event(events->session->out, events->about, event); /* ticks have no level: not shown */
        else if (!events->no_progress)
                output_progress(events->session->out, event->text, event->done, event->total);
        return interrupt_pending() != 0;
}

int session_fail(struct session *session, const struct pipseed_error *err)
{
        output_error(session->out, NULL, err);
        if (session->settings->json) {
                _cleanup_(json_output_done) struct json_output document = {0};

                json_output_failure(&document, session->command != NULL ? session->command->name : "pipseed", err);
                output_document(session->out, json_output_root(&document));
        }
        return pipseed_exit_code(err->code);
}

void session_done(struct session *session)
{
        pipseed_wheel_list_free(session->wheels);
        pipseed_policy_free(session->policy);
        arguments_done(session->arguments);
        free(session->settings);
}
