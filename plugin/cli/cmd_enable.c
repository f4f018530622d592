/* SPDX-License-Identifier: MIT */
/* pipseed enable, disable: make plain `python -m venv` and `python -m ensurepip` use pipseed, or stop that. */
#include "dropins.h"

#define FORCE(help)                                                                                                    \
        {                                                                                                              \
                "--force", 'f', OPTION_FLAG, offsetof(struct dropins_settings, force), NULL, NULL, NULL, help          \
        }

static const struct option enable_options[] = {
        FORCE("override the checks of package owner and trust"),
        {.name = NULL},
};
static const struct option_group enable_group = {"Options", enable_options};
static const struct option_group *const enable_groups[] = {&dropins_python_group, &enable_group, &common_group, NULL};

static const struct option disable_options[] = {
        FORCE("disable even if the original ensurepip is lost"),
        {.name = NULL},
};
static const struct option_group disable_group = {"Options", disable_options};
static const struct option_group *const disable_groups[] = {&dropins_python_group, &disable_group, &common_group, NULL};

static int show_enabled(struct session *session, const struct pipseed_dropin *dropin)
{
        if (!dropin->changed)
                output_result(session->out, NULL, "%s (Python %s) is already enabled, nothing to do", dropin->python,
                              dropin->version);
        else
                output_result(session->out, session->settings->dry_run ? "Would enable" : "Enabled",
                              "%s (Python %s): its ensurepip and venv use pipseed", dropin->python, dropin->version);
        output_detail(session->out, 1, "in %s", dropin->ensurepip_dir);
        if (dropin->backup != NULL)
                output_detail(session->out, 1, "original kept in %s", dropin->backup);
        return 0;
}

static int enable(struct session *session)
{
        static const struct dropins_job job = {.work = pipseed_dropin_enable, .show = show_enabled};

        return dropins_run(session, &job);
}

const struct command command_enable = {
        .name = "enable",
        .summary = "let 'python -m venv' and 'python -m ensurepip' use pipseed",
        .operands = "[PY...]",
        .description =
                "Puts a package 'ensurepip' that calls this pipseed into the interpreter's standard library and keeps "
                "the original beside it. From then on every tool that calls venv uses pipseed.\n"
                "An interpreter without ensurepip (Debian without python3-venv) gets one.\n"
                "PY is a path, an environment, or a name or version on PATH; by default the base of the active "
                "environment, else python3 on PATH.",
        .groups = enable_groups,
        .max_operands = COMMAND_ANY_OPERANDS,
        .settings_size = sizeof(struct dropins_settings),
        .run = enable,
};

static int show_disabled(struct session *session, const struct pipseed_dropin *dropin)
{
        const char *now =
                dropin->state == PIPSEED_DROPIN_ABSENT ? "no ensurepip, as before" : "original ensurepip restored";

        if (!dropin->changed)
                output_result(session->out, NULL, "%s (Python %s) is not enabled, nothing to do", dropin->python,
                              dropin->version);
        else
                output_result(session->out, session->settings->dry_run ? "Would disable" : "Disabled",
                              "%s (Python %s): %s", dropin->python, dropin->version, now);
        output_detail(session->out, 1, "in %s", dropin->ensurepip_dir);
        return 0;
}

static int disable(struct session *session)
{
        static const struct dropins_job job = {.work = pipseed_dropin_disable, .show = show_disabled};

        return dropins_run(session, &job);
}

const struct command command_disable = {
        .name = "disable",
        .summary = "restore an interpreter's original ensurepip",
        .operands = "[PY...]",
        .description =
                "Rolls back 'pipseed enable': restores the previous state, byte for byte. Any pipseed can do it, not "
                "only the one that enabled.\n"
                "PY is a path, an environment, or a name or version on PATH; by default the base of the active "
                "environment, else python3 on PATH.",
        .groups = disable_groups,
        .max_operands = COMMAND_ANY_OPERANDS,
        .settings_size = sizeof(struct dropins_settings),
        .run = disable,
};
