/* SPDX-License-Identifier: MIT */
/* pipseed venv: create environments with pip in them. */
#include "batch.h"
#include "cleanup.h"
#include "creation.h"
#include "fault.h"

#include <string.h>

struct venv_settings {
        struct settings shared; /* first: widen_settings in main.c */
        struct creation_order order;
        bool symlinks;
        bool ignored;
        char **owned; /* the texts of order.hook_options */
        size_t n_owned;
};

#define FLAG(member) OPTION_FLAG, offsetof(struct venv_settings, member), NULL, NULL, NULL
#define TEXT(member, argument) OPTION_TEXT, offsetof(struct venv_settings, member), argument, NULL, NULL

static const struct option own_options[] = {
        {"--python", 'p', TEXT(order.python, "PY"),
         "the base: a path, an environment, a name or version on PATH (default: python3)"},
        {"--system-site-packages", 0, FLAG(order.system_site), "let the environment see the base's packages"},
        {"--without-pip", 0, FLAG(order.without_pip), "do not put pip in"},
        {"--clear", 0, FLAG(order.clear),
         "replace an environment that is there; what is no environment is never removed"},
        {"--upgrade", 0, FLAG(order.upgrade), "the base was upgraded in its place: follow it"},
        {"--symlinks", 0, FLAG(symlinks), "link to the interpreter (default)"},
        {"--copies", 0, FLAG(order.copies), "copy the interpreter"},
        {"--prompt", 0, OPTION_TEXT, offsetof(struct venv_settings, order.prompt), "P", NULL, "",
         "prompt instead of the folder's name; '.' is the current folder's name"},
        {"--without-scm-ignore-files", 0, FLAG(order.without_ignore_files),
         "no .gitignore (Python 3.13 and newer write one)"},
        {"--altinstall", 0, OPTION_SET, 0, NULL, "seed.scripts", "alt", "install the script pipX.Y only"},
        {.name = NULL},
};
static const struct option_group own_group = {"As python -m venv", own_options};

static const struct option virtualenv_options[] = {
        {"--no-pip", 0, FLAG(order.without_pip), "as --without-pip"},
        {"--no-seed", 0, FLAG(order.without_pip), "as --without-pip"},
        {"--no-setuptools", 0, OPTION_SET, 0, NULL, "seed.packages", "pip", "as --packages pip"},
        {"--always-copy", 0, FLAG(order.copies), "as --copies"},
        {"--no-vcs-ignore", 0, FLAG(order.without_ignore_files), "as --without-scm-ignore-files"},
        {"--extra-search-dir", 0, OPTION_APPEND, 0, "DIR", "wheels.dirs", NULL, "as --wheel-dir"},
        {"--no-wheel", 0, FLAG(ignored), "no effect: the project wheel is never installed"},
        {"--no-download", 0, FLAG(ignored), "no effect: nothing is ever downloaded"},
        {"--never-download", 0, FLAG(ignored), "no effect, as --no-download"},
        {"--no-periodic-update", 0, FLAG(ignored), "no effect: there is none"},
        {.name = NULL},
};
static const struct option_group virtualenv_group = {"As virtualenv", virtualenv_options};
static const struct option_group *const groups[] = {&own_group,   &install_group, &virtualenv_group,
                                                    &batch_group, &common_group,  NULL};

static struct venv_settings *settings_of(const struct session *session)
{
        return (struct venv_settings *)(void *)session->settings;
}

static int create(const struct pipseed_request *req, void **ret_result, struct pipseed_error *err)
{
        const struct session_events *events = req->event_data;
        struct creation *creation = NULL;
        int r = creation_make(req, &settings_of(events->session)->order, &creation, err);

        if (r >= 0)
                *ret_result = creation;
        return r;
}

static void release(void *result)
{
        creation_free(result);
}

static void show_packages(const struct creation *creation, char *ret_text, size_t size)
{
        size_t len = 0;

        ret_text[0] = '\0';
        for (size_t i = 0; i < creation->n_packages && len < size; i++) {
                const struct creation_package *package = &creation->packages[i];
                int n = snprintf(ret_text + len, size - len, ", %s %s", package->name, package->version);

                len += n > 0 ? (size_t)n : 0;
        }
}

static void fill_document(const struct creation *creation, const struct pipseed_request *req, struct document *document)
{
        json_t *root = document->root;
        json_t *packages = NULL;

        document_put(document, root, "dry_run", json_boolean(req->dry_run));
        document_text(document, root, "env", creation->dir);
        document_text(document, root, "python", creation->python);
        document_text(document, root, "python_version", creation->version);
        document_text(document, root, "base", creation->base);
        document_put(document, root, "existed", json_boolean(creation->existed));
        packages = document_array(document, root, "packages");
        for (size_t i = 0; i < creation->n_packages; i++) {
                json_t *package = document_element(document, packages);

                document_text(document, package, "name", creation->packages[i].name);
                document_text(document, package, "version", creation->packages[i].version);
                document_text(document, package, "action", creation->packages[i].action);
        }
}

static int show(struct session *session, const struct pipseed_request *req, const void *data,
                struct document *document)
{
        static const char *const verbs[2][2] = {{"Created", "Updated"}, {"Would create", "Would update"}};
        const struct creation *creation = data;
        bool updates = creation->existed && !settings_of(session)->order.clear;
        char packages[256];

        show_packages(creation, packages, sizeof(packages));
        output_result(session->out, verbs[req->dry_run][updates], "%s (Python %s%s)", creation->dir, creation->version,
                      packages);
        output_detail(session->out, 1, "from %s", creation->base);
        if (document != NULL)
                fill_document(creation, req, document);
        return 0;
}

static int check(const struct session *session, struct pipseed_error *err)
{
        const struct venv_settings *settings = settings_of(session);

        if (session->arguments->n_operands == 0 && session->settings->from_file == NULL) {
                (void)fault_set(err, PIPSEED_E_USAGE, NULL, "'pipseed venv' needs DIR...");
                return fault_hint(err, "'pipseed venv --help' shows the usage");
        }
        if (settings->symlinks && settings->order.copies)
                return fault_set(err, PIPSEED_E_USAGE, NULL, "cannot use --symlinks and --copies together");
        if (settings->order.clear && settings->order.upgrade) {
                (void)fault_set(err, PIPSEED_E_USAGE, NULL, "cannot use --upgrade and --clear together");
                return fault_hint(err, "--clear makes the environment anew, --upgrade keeps what is in it");
        }
        return 0;
}

/* The command line as the hooks see it: their last layer of the policy. */
static int make_options(struct session *session, struct pipseed_error *err)
{
        struct venv_settings *settings = settings_of(session);
        const struct arguments *arguments = session->arguments;
        size_t n = arguments->n_assignments + 1;

        settings->order.hook_options = calloc(n + 1, sizeof(*settings->order.hook_options));
        settings->owned = calloc(n, sizeof(*settings->owned));
        if (settings->order.hook_options == NULL || settings->owned == NULL)
                return fault_memory(err);
        for (size_t i = 0; i < n; i++) {
                const struct assignment *assignment = i > 0 ? &arguments->assignments[i - 1] : NULL;
                char *text = NULL;
                int len;

                if (assignment == NULL && session->settings->policy_file == NULL)
                        continue;
                if (assignment == NULL)
                        len = asprintf(&text, "policy=%s", session->settings->policy_file);
                else
                        len = asprintf(&text, "%s%s%s", assignment->key, assignment->append ? "+=" : "=",
                                       assignment->value);
                if (len < 0)
                        return fault_memory(err);
                settings->owned[settings->n_owned] = text;
                settings->order.hook_options[settings->n_owned++] = text;
        }
        return 0;
}

static void done(struct venv_settings *settings)
{
        hooks_done(&settings->order.hooks);
        for (size_t i = 0; i < settings->n_owned; i++)
                free(settings->owned[i]);
        free(settings->owned);
        free(settings->order.hook_options);
}

static int run(struct session *session)
{
        static const struct batch_job job = {.work = create, .show = show, .release = release, .doing = "creating"};
        struct venv_settings *settings = settings_of(session);
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        int r = check(session, &err);

        if (r == 0)
                r = session_policy(session, &err);
        if (r == 0)
                r = make_options(session, &err);
        if (r == 0)
                r = hooks_open(&settings->order.hooks, PIPSEED_HOOK_MODULE, pipseed_policy_hooks(session->policy), &err);
        r = r < 0 ? session_fail(session, &err) : batch_run(session, &job);
        done(settings);
        return r;
}

const struct command command_venv = {
        .name = "venv",
        .summary = "create environments with pip in them",
        .operands = "DIR...",
        .description = "Creates what 'python -m venv' of the same base creates, and installs pip, pipX and pipX.Y from "
                       "the wheels inside pipseed.\n"
                       "An environment is there complete or not at all. In a folder that exists what is there stays; "
                       "pip is brought up to date.",
        .groups = groups,
        .max_operands = COMMAND_ANY_OPERANDS,
        .settings_size = sizeof(struct venv_settings),
        .run = run,
};
