/* SPDX-License-Identifier: MIT */
/* pipseed venv: create environments with pip. */
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
        {"--python", 'p', TEXT(order.python, "PY"), "use this base: a path, an environment, a name or version"},
        {"--system-site-packages", 0, FLAG(order.system_site_packages),
         "give the environment access to the base's packages"},
        {"--without-pip", 0, FLAG(order.without_pip), "do not install pip"},
        {"--clear", 0, FLAG(order.clear), "replace an environment; never remove anything else"},
        {"--upgrade", 0, FLAG(order.upgrade), "follow an in-place upgrade of the base"},
        {"--symlinks", 0, FLAG(symlinks), "link to the interpreter (default)"},
        {"--copies", 0, FLAG(order.copies), "copy the interpreter"},
        {"--prompt", 0, OPTION_TEXT, offsetof(struct venv_settings, order.prompt), "P", NULL, "",
         "set the prompt ('.': name of the current directory)"},
        {"--without-scm-ignore-files", 0, FLAG(order.without_scm_ignore_files),
         "do not write the .gitignore of Python 3.13 and newer"},
        {"--altinstall", 0, OPTION_SET, 0, NULL, "seed.scripts", "alt", "install only the script pipX.Y"},
        {.name = NULL},
};
static const struct option_group own_group = {"venv options", own_options};

static const struct option virtualenv_options[] = {
        {"--no-pip", 0, FLAG(order.without_pip), "same as --without-pip"},
        {"--no-seed", 0, FLAG(order.without_pip), "same as --without-pip"},
        {"--no-setuptools", 0, OPTION_SET, 0, NULL, "seed.packages", "pip", "same as --packages pip"},
        {"--always-copy", 0, FLAG(order.copies), "same as --copies"},
        {"--no-vcs-ignore", 0, FLAG(order.without_scm_ignore_files), "same as --without-scm-ignore-files"},
        {"--extra-search-dir", 0, OPTION_APPEND, 0, "DIR", "wheels.dirs", NULL, "same as --wheel-dir"},
        {"--no-wheel", 0, FLAG(ignored), "ignored: the project wheel is never installed"},
        {"--no-download", 0, FLAG(ignored), "ignored: nothing is ever downloaded"},
        {"--never-download", 0, FLAG(ignored), "ignored, same as --no-download"},
        {"--no-periodic-update", 0, FLAG(ignored), "ignored: there are no periodic updates"},
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

/* Options that concern pip and contradict --without-pip. Those of virtualenv are allowed: its users and tools pass them
 * together. */
static int check_without_pip(const struct session *session, struct pipseed_error *err)
{
        static const char *const options[] = {"--pip",       "--packages",    "--wheel-dir", "--no-bundled",
                                              "--link-mode", "--no-bytecode", "--altinstall"};

        for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
                if (arguments_have(session->arguments, options[i])) {
                        (void)cli_error_set(err, PIPSEED_E_USAGE, NULL, "cannot use --without-pip and %s together",
                                            options[i]);
                        return cli_error_hint(err, "remove one of them");
                }
        return 0;
}

static int check(const struct session *session, struct pipseed_error *err)
{
        const struct venv_settings *settings = settings_of(session);

        if (session->arguments->n_operands == 0 && session->settings->from_file == NULL) {
                (void)cli_error_set(err, PIPSEED_E_USAGE, NULL, "missing argument for 'pipseed venv': expected DIR...");
                return cli_error_hint(err, "run: pipseed venv --help");
        }
        if (settings->symlinks && settings->order.copies)
                return cli_error_set(err, PIPSEED_E_USAGE, NULL, "cannot use --symlinks and --copies together");
        if (settings->order.clear && settings->order.upgrade) {
                (void)cli_error_set(err, PIPSEED_E_USAGE, NULL, "cannot use --upgrade and --clear together");
                return cli_error_hint(err, "use --clear to recreate the environment, --upgrade to keep its contents");
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
        .summary = "create environments with pip",
        .operands = "DIR...",
        .description =
                "Creates what 'python -m venv' of the same base creates, and installs pip with the scripts pip, pipX "
                "and pipX.Y from the wheels inside pipseed. By default the base is python3 on PATH.\n"
                "Creation is atomic: it completes or changes nothing. In an existing directory, other files are kept "
                "and pip is upgraded.",
        .groups = groups,
        .max_operands = COMMAND_ANY_OPERANDS,
        .settings_size = sizeof(struct venv_settings),
        .run = run,
};
