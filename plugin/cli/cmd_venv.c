/* SPDX-License-Identifier: MIT */
/* pipseed venv: create environments with pip in them. */
#include "batch.h"
#include "cli_error.h"
#include "seeding.h"

#include <string.h>

struct venv_settings {
        struct settings shared;              /* first: widen_settings in main.c */
        struct pipseed_create_request order; /* but for env_dir and seeding */
        bool symlinks;
        bool ignored;
};

#define FLAG(member) OPTION_FLAG, offsetof(struct venv_settings, member), NULL, NULL, NULL
#define TEXT(member, argument) OPTION_TEXT, offsetof(struct venv_settings, member), argument, NULL, NULL

static const struct option own_options[] = {
        {"--python", 'p', TEXT(order.python, "PY"),
         "the base: a path, an environment, a name or version on PATH (default: python3)"},
        {"--system-site-packages", 0, FLAG(order.system_site_packages), "let the environment see the base's packages"},
        {"--without-pip", 0, FLAG(order.without_pip), "do not put pip in"},
        {"--clear", 0, FLAG(order.clear),
         "replace an environment that is there; what is not an environment is never removed"},
        {"--upgrade", 0, FLAG(order.upgrade), "the base was upgraded in its place: follow it"},
        {"--symlinks", 0, FLAG(symlinks), "link to the interpreter (default)"},
        {"--copies", 0, FLAG(order.copies), "copy the interpreter"},
        {"--prompt", 0, OPTION_TEXT, offsetof(struct venv_settings, order.prompt), "P", NULL, "",
         "prompt instead of the directory's name; '.' is the current directory's name"},
        {"--without-scm-ignore-files", 0, FLAG(order.without_scm_ignore_files),
         "no .gitignore (Python 3.13 and newer write one)"},
        {"--altinstall", 0, OPTION_SET, 0, NULL, "seed.scripts", "alt", "install the script pipX.Y only"},
        {.name = NULL},
};
static const struct option_group own_group = {"venv options", own_options};

static const struct option virtualenv_options[] = {
        {"--no-pip", 0, FLAG(order.without_pip), "as --without-pip"},
        {"--no-seed", 0, FLAG(order.without_pip), "as --without-pip"},
        {"--no-setuptools", 0, OPTION_SET, 0, NULL, "seed.packages", "pip", "as --packages pip"},
        {"--always-copy", 0, FLAG(order.copies), "as --copies"},
        {"--no-vcs-ignore", 0, FLAG(order.without_scm_ignore_files), "as --without-scm-ignore-files"},
        {"--extra-search-dir", 0, OPTION_APPEND, 0, "DIR", "wheels.dirs", NULL, "as --wheel-dir"},
        {"--no-wheel", 0, FLAG(ignored), "no effect: the project wheel is never installed"},
        {"--no-download", 0, FLAG(ignored), "no effect: nothing is ever downloaded"},
        {"--never-download", 0, FLAG(ignored), "no effect, as --no-download"},
        {"--no-periodic-update", 0, FLAG(ignored), "no effect: there is none"},
        {.name = NULL},
};
static const struct option_group virtualenv_group = {"virtualenv options", virtualenv_options};
static const struct option_group *const groups[] = {&own_group,   &install_group, &virtualenv_group,
                                                    &batch_group, &common_group,  NULL};

static struct venv_settings *settings_of(const struct session *session)
{
        return (struct venv_settings *)(void *)session->settings;
}

/* req is what `seed` would be asked for: whatever an option sets in it reaches the library. */
static int create(const struct pipseed_request *req, void **ret_result, struct pipseed_error *err)
{
        const struct session_events *events = req->event_data;
        struct pipseed_create_request order = settings_of(events->session)->order;
        struct pipseed_request seeding = *req;
        struct pipseed_environment *env = NULL;
        int r;

        order.env_dir = seeding.env;
        order.seeding = &seeding;
        seeding.env = NULL;
        r = pipseed_create(&order, &env, err);
        if (r >= 0)
                *ret_result = env;
        return r;
}

static void release(void *result)
{
        pipseed_environment_free(result);
}

static void list_packages(const struct pipseed_result *seeding, char *ret_text, size_t size)
{
        size_t len = 0;

        ret_text[0] = '\0';
        for (size_t i = 0; seeding != NULL && i < seeding->n_packages && len < size; i++) {
                const struct pipseed_package *package = seeding->packages[i];
                int n = snprintf(ret_text + len, size - len, ", %s %s", package->name, package->version);

                len += n > 0 ? (size_t)n : 0;
        }
}

static void fill_document(const struct pipseed_environment *env, const struct pipseed_request *req,
                          struct json_output *document)
{
        json_t *root = document->root;

        json_output_put(document, root, "dry_run", json_boolean(req->dry_run));
        json_output_text(document, root, "env", env->dir);
        json_output_text(document, root, "python", env->python);
        json_output_text(document, root, "python_version", env->version);
        json_output_text(document, root, "base", env->base);
        json_output_put(document, root, "existed", json_boolean(env->existed));
        document_seeding(document, env->seed_result);
}

static int show(struct session *session, const struct pipseed_request *req, const void *data,
                struct json_output *document)
{
        static const char *const verbs[2][2] = {{"Created", "Updated"}, {"Would create", "Would update"}};
        const struct pipseed_environment *env = data;
        bool updates = env->existed && !settings_of(session)->order.clear;
        char packages[256];

        list_packages(env->seed_result, packages, sizeof(packages));
        output_result(session->out, verbs[req->dry_run][updates], "%s (Python %s%s)", env->dir, env->version, packages);
        output_detail(session->out, 1, "from %s", env->base);
        if (env->seed_result != NULL)
                seeding_show_details(session, env->seed_result);
        if (document != NULL)
                fill_document(env, req, document);
        return 0;
}

/* Options that ask for something of a pip that there is not going to be. Those of virtualenv are not among them: its users
 * and tools pass them together. */
static int check_without_pip(const struct session *session, struct pipseed_error *err)
{
        static const char *const options[] = {"--pip",       "--packages",    "--wheel-dir", "--no-bundled",
                                              "--link-mode", "--no-bytecode", "--altinstall"};

        for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
                if (arguments_have(session->arguments, options[i])) {
                        (void)cli_error_set(err, PIPSEED_E_USAGE, NULL, "cannot use --without-pip and %s together",
                                            options[i]);
                        return cli_error_hint(err, "leave out one of them");
                }
        return 0;
}

static int check(const struct session *session, struct pipseed_error *err)
{
        const struct venv_settings *settings = settings_of(session);

        if (session->arguments->n_operands == 0 && session->settings->from_file == NULL) {
                (void)cli_error_set(err, PIPSEED_E_USAGE, NULL, "'pipseed venv' needs DIR...");
                return cli_error_hint(err, "'pipseed venv --help' shows the usage");
        }
        if (settings->symlinks && settings->order.copies)
                return cli_error_set(err, PIPSEED_E_USAGE, NULL, "cannot use --symlinks and --copies together");
        if (settings->order.clear && settings->order.upgrade) {
                (void)cli_error_set(err, PIPSEED_E_USAGE, NULL, "cannot use --upgrade and --clear together");
                return cli_error_hint(err, "--clear recreates the environment, --upgrade keeps what is in it");
        }
        return settings->order.without_pip ? check_without_pip(session, err) : 0;
}

static int run(struct session *session)
{
        static const struct batch_job job = {.work = create, .show = show, .release = release, .doing = "creating"};
        struct venv_settings *settings = settings_of(session);
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        if (check(session, &err) < 0)
                return session_fail(session, &err);
        settings->order.size = sizeof(settings->order);
        session->order = &settings->order;
        return batch_run(session, &job);
}

const struct command command_venv = {
        .name = "venv",
        .summary = "create environments with pip in them",
        .operands = "DIR...",
        .description =
                "Creates what 'python -m venv' of the same base creates, and installs pip, pipX and pipX.Y from "
                "the wheels inside pipseed.\n"
                "An environment is there complete or not at all. In a directory that exists what is there stays; "
                "pip is brought up to date.",
        .groups = groups,
        .max_operands = COMMAND_ANY_OPERANDS,
        .settings_size = sizeof(struct venv_settings),
        .run = run,
};
