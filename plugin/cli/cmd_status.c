/* SPDX-License-Identifier: MIT */
/* pipseed status: which interpreters use pipseed, and their problems. */
#include "dropins.h"

static const struct option_group *const groups[] = {&dropins_python_group, &common_group, NULL};

/* Returns the problem and what to do about it, or NULL. */
static const char *find_trouble(const struct pipseed_dropin *dropin)
{
        static const char *const troubles[] = {
                [PIPSEED_DROPIN_OVERWRITTEN] =
                        "original ensurepip is back, probably by an upgrade; run: pipseed enable to replace it again, "
                        "or pipseed disable to keep it",
                [PIPSEED_DROPIN_INTERRUPTED] =
                        "enable or disable was interrupted; run: pipseed enable, or pipseed disable",
                [PIPSEED_DROPIN_BACKUP_MISSING] =
                        "original ensurepip is missing; reinstall that Python, or run: pipseed disable --force",
        };

        if ((size_t)dropin->state < sizeof(troubles) / sizeof(troubles[0]) && troubles[dropin->state] != NULL)
                return troubles[dropin->state];
        if (dropin->command_missing)
                return "the pipseed that it calls is missing; run: pipseed enable to use this one, or pipseed disable "
                       "to restore the original";
        return NULL;
}

static int show(struct session *session, const struct pipseed_dropin *dropin)
{
        const char *trouble = find_trouble(dropin);

        output_line(session->out, "%s (Python %s): %s", dropin->python, dropin->version,
                    dropin->state == PIPSEED_DROPIN_ABSENT ? "disabled, has no ensurepip"
                                                           : pipseed_dropin_state_name(dropin->state));
        if (dropin->command != NULL)
                output_line(session->out, "  by %s (pipseed %s)%s", dropin->command, dropin->command_version,
                            dropin->up_to_date || dropin->command_missing ? "" : ", not this one");
        if (dropin->backup != NULL)
                output_line(session->out, "  original: %s", dropin->backup);
        if (dropin->system_package != NULL)
                output_detail(session->out, 1, "its ensurepip belongs to the package %s", dropin->system_package);
        if (trouble == NULL)
                return 0;
        output_finding(session->out, pipseed_code_name(PIPSEED_E_DROPIN), dropin->ensurepip_dir, trouble);
        return PIPSEED_E_DROPIN;
}

static int run(struct session *session)
{
        static const struct dropins_job job = {.work = pipseed_dropin_status, .show = show, .everywhere = true};

        return dropins_run(session, &job);
}

const struct command command_status = {
        .name = "status",
        .summary = "show which interpreters use pipseed",
        .operands = "[PY...]",
        .description =
                "Shows for each interpreter whether 'pipseed enable' is in force, by which pipseed, and where its "
                "original ensurepip is. PY is a path, an environment, or a name or version on PATH; by default all "
                "interpreters on PATH and all that pipseed has used.\n"
                "Exits with code 4 if there is a problem: an upgrade of the interpreter that brought the original "
                "back, a missing pipseed, an interrupted enable.",
        .groups = groups,
        .max_operands = COMMAND_ANY_OPERANDS,
        .settings_size = sizeof(struct dropins_settings),
        .run = run,
};
