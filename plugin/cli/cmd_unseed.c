/* SPDX-License-Identifier: MIT */
/* pipseed unseed: uninstall pip. */
#include "batch.h"
#include "cleanup.h"

static const struct option own_options[] = {
        {"--packages", 0, OPTION_SET, 0, "LIST", "seed.packages", NULL, "uninstall auto, pip, or 'pip setuptools'"},
        {"--user", 0, OPTION_FLAG, offsetof(struct settings, user), NULL, NULL, NULL,
         "uninstall what is installed for this user"},
        {.name = NULL},
};
static const struct option_group own_group = {"Options", own_options};
static const struct option_group *const groups[] = {&own_group, &target_group, &common_group, NULL};

static int unseed(const struct pipseed_request *req, void **ret_result, struct pipseed_error *err)
{
        return batch_result(pipseed_unseed, req, ret_result, err);
}

static int show(struct session *session, const struct pipseed_request *req, const void *data,
                struct json_output *document)
{
        const struct pipseed_result *result = data;
        size_t n_removed = 0;

        for (size_t i = 0; i < result->n_packages; i++) {
                const struct pipseed_package *package = result->packages[i];

                if (package->action != PIPSEED_ACTION_REMOVED)
                        continue;
                n_removed++;
                output_result(session->out, req->dry_run ? "Would remove" : "Removed", "%s %s from %s (%ju files)",
                              package->name, package->version, result->env, (uintmax_t)package->n_files);
        }
        if (n_removed == 0)
                output_result(session->out, NULL, "pip is not installed in %s, nothing to do", result->env);
        for (size_t i = 0; i < result->n_scripts; i++)
                output_detail(session->out, 1, "script %s/%s", result->scripts_dir, result->scripts[i]);
        if (document != NULL)
                json_output_result(document, req, result);
        return 0;
}

static int run(struct session *session)
{
        static const struct batch_job job = {.work = unseed,
                                             .show = show,
                                             .release = batch_release_result,
                                             .doing = "removing"};

        return batch_run(session, &job);
}

const struct command command_unseed = {
        .name = "unseed",
        .summary = "uninstall pip",
        .operands = "[ENV]",
        .description =
                "Removes the files that the RECORD of pip lists, and below Python 3.12 those of setuptools. Keeps all "
                "other files, even in pip's own directory. Succeeds if pip is not installed.",
        .groups = groups,
        .max_operands = 1,
        .run = run,
};
