/* SPDX-License-Identifier: MIT */
/* pipseed seed: install pip into existing environments. */
#include "batch.h"
#include "cleanup.h"
#include "cli_error.h"
#include "seeding.h"

#include <string.h>

static const struct option own_options[] = {
        {"--upgrade", 'U', OPTION_SET, 0, NULL, "seed.upgrade", "yes",
         "upgrade pip to the newest version; never downgrade"},
        {"--user", 0, OPTION_FLAG, offsetof(struct settings, user), NULL, NULL, NULL,
         "install for this user; refused in a virtual environment"},
        {"--altinstall", 0, OPTION_SET, 0, NULL, "seed.scripts", "alt", "install only the script pipX.Y"},
        {"--default-pip", 0, OPTION_SET, 0, NULL, "seed.scripts", "default",
         "install the script pip besides pipX and pipX.Y"},
        {.name = NULL},
};
static const struct option_group own_group = {"ensurepip options", own_options};
static const struct option_group *const groups[] = {&own_group,   &install_group, &target_group,
                                                    &batch_group, &common_group,  NULL};

static int seed(const struct pipseed_request *req, void **ret_result, struct pipseed_error *err)
{
        return batch_result(pipseed_seed, req, ret_result, err);
}

/* " (scripts: pip3, pip3.13)" in new memory, "" when there are none, NULL without memory. */
static char *list_scripts(const struct pipseed_result *result)
{
        char *text = NULL;
        size_t size = 0;
        FILE *stream = open_memstream(&text, &size);

        if (stream == NULL)
                return NULL;
        for (size_t i = 0; i < result->n_scripts; i++)
                (void)fprintf(stream, "%s%s", i == 0 ? " (scripts: " : ", ", result->scripts[i]);
        if (result->n_scripts > 0)
                (void)fputc(')', stream);
        if (fclose(stream) == 0)
                return text;
        free(text);
        return NULL;
}

/* Where the package is: the target, or the directory when that lies elsewhere, as the base's of an environment that
 * sees it, or the user's own. */
static const char *place_of(const struct pipseed_result *result, const struct pipseed_package *package)
{
        size_t len = strlen(result->env);

        if (package->location == NULL || strcmp(result->env, "/") == 0)
                return result->env;
        return strncmp(package->location, result->env, len) == 0 && package->location[len] == '/' ? result->env
                                                                                                  : package->location;
}

static void show_present(struct session *session, const struct pipseed_request *req,
                         const struct pipseed_result *result, const struct pipseed_package *package)
{
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;
        const char *newest = NULL;
        char newer[128];

        if (req->upgrade) {
                output_result(session->out, NULL, "%s %s in %s is up to date, nothing to do", package->name,
                              package->version, place_of(result, package));
                return;
        }
        if (session->out->level >= 0)
                newest = session_newest(session, req, package->name, result->version);
        (void)snprintf(newer, sizeof(newer), ">%s", package->version);
        if (newest != NULL && pipseed_version_matches(newest, newer, &ignored) == 1)
                output_result(session->out, NULL,
                              "%s %s is already installed in %s, nothing to do (--upgrade replaces it with %s)",
                              package->name, package->version, place_of(result, package), newest);
        else
                output_result(session->out, NULL, "%s %s is already installed in %s, nothing to do", package->name,
                              package->version, place_of(result, package));
}

static void show_package(struct session *session, const struct pipseed_request *req,
                         const struct pipseed_result *result, const struct pipseed_package *package,
                         const char *scripts)
{
        const char *below = req->root != NULL ? " below " : "";
        const char *root = req->root != NULL ? req->root : "";

        switch (package->action) {
        case PIPSEED_ACTION_NONE:
                show_present(session, req, result, package);
                return;
        case PIPSEED_ACTION_UPGRADED:
                output_result(session->out, req->dry_run ? "Would upgrade" : "Upgraded", "%s from %s to %s in %s%s%s%s",
                              package->name, package->previous_version != NULL ? package->previous_version : "unknown",
                              package->version, place_of(result, package), below, root, scripts);
                break;
        case PIPSEED_ACTION_INSTALLED:
        case PIPSEED_ACTION_REMOVED:
                output_result(session->out, req->dry_run ? "Would install" : "Installed", "%s %s into %s%s%s%s",
                              package->name, package->version, place_of(result, package), below, root, scripts);
                break;
        }
        seeding_show_package(session, package);
}

static int show(struct session *session, const struct pipseed_request *req, const void *data,
                struct json_output *document)
{
        const struct pipseed_result *result = data;
        _cleanup_free_ char *scripts = list_scripts(result);

        for (size_t i = 0; i < result->n_packages; i++) {
                const struct pipseed_package *package = result->packages[i];
                bool is_pip = strcmp(package->name, "pip") == 0;

                show_package(session, req, result, package, is_pip && scripts != NULL ? scripts : "");
        }
        seeding_show_links(session, result);
        if (document != NULL)
                json_output_result(document, req, result);
        return 0;
}

static int run(struct session *session)
{
        static const struct batch_job job = {.work = seed,
                                             .show = show,
                                             .release = batch_release_result,
                                             .doing = "seeding"};
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        if (arguments_have(session->arguments, "--altinstall") && arguments_have(session->arguments, "--default-pip")) {
                (void)cli_error_set(&err, PIPSEED_E_USAGE, NULL, "cannot use --altinstall and --default-pip together");
                (void)cli_error_hint(&err, "use --altinstall for pipX.Y only, --default-pip for pip, pipX and pipX.Y");
                return session_fail(session, &err);
        }
        return batch_run(session, &job);
}

/* X.Y.Z of the interpreter that --python names, in new memory; NULL without one. */
static int find_version(const struct session *session, const struct pipseed_request *req, char **ret_version,
                        struct pipseed_error *err)
{
        struct pipseed_interpreter *interpreter = NULL;

        if (session->settings->python == NULL || session->settings->root != NULL)
                return 0;
        if (pipseed_interpreter_find(req, &interpreter, err) < 0)
                return err->code;
        *ret_version = strdup(interpreter->version);
        pipseed_interpreter_free(interpreter);
        return *ret_version != NULL ? 0 : cli_error_memory(err);
}

/* Below Python 3.12 ensurepip installs it as well. */
static bool has_setuptools(const char *version)
{
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;

        return version != NULL && pipseed_version_matches(version, "<3.12", &ignored) == 1;
}

/* As `python -m ensurepip --version`: the pip that would be installed. */
static int show_version(struct session *session)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(json_output_done) struct json_output document = {0};
        _cleanup_free_ char *python_version = NULL;
        struct pipseed_request req;
        const char *version = NULL;
        const char *setuptools = NULL;

        if (session_request(session, &req, &err) < 0 || find_version(session, &req, &python_version, &err) < 0)
                return session_fail(session, &err);
        version = session_newest(session, &req, "pip", python_version);
        if (has_setuptools(python_version))
                setuptools = session_newest(session, &req, "setuptools", python_version);
        if (version == NULL) {
                (void)cli_error_set(&err, PIPSEED_E_NO_WHEEL, NULL, "no wheel of pip is allowed");
                (void)cli_error_hint(&err, "run: pipseed wheels list, then pipseed policy show");
                return session_fail(session, &err);
        }
        output_line(session->out, "pip %s", version);
        if (setuptools != NULL && session->settings->verbose > 0)
                output_line(session->out, "setuptools %s", setuptools);
        if (session->settings->json) {
                json_output_begin(&document, session->command->name, "ok", 0);
                json_output_text(&document, document.root, "version", version);
                json_output_text(&document, document.root, "setuptools", setuptools);
                output_document(session->out, json_output_root(&document));
        }
        return 0;
}

const struct command command_seed = {
        .name = "seed",
        .summary = "install pip into existing environments",
        .operands = "[ENV...]",
        .description =
                "Installs pip, and what else the target's ensurepip would install, from the wheels inside pipseed. "
                "ENV is the directory of an environment; by default the active one, else that of python3 on PATH.\n"
                "If pip is already installed, nothing is done unless --upgrade is given.",
        .groups = groups,
        .max_operands = COMMAND_ANY_OPERANDS,
        .run = run,
        .show_version = show_version,
};
