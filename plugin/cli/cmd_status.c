/* SPDX-License-Identifier: MIT */
/* pipseed status: which interpreters use pipseed, and what is wrong with them. */
#include "dropins.h"

static const struct option_group *const groups[] = {&dropins_python_group, &common_group, NULL};

/* What is wrong, and what to do about it; NULL: nothing. */
static const char *find_trouble(const struct pipseed_dropin *dropin)
{
        static const char *const troubles[] = {
                [PIPSEED_DROPIN_OVERWRITTEN] = "its own ensurepip is back, by an upgrade most likely: 'pipseed enable' "
                                               "replaces it again, 'pipseed disable' leaves it so",
                [PIPSEED_DROPIN_INTERRUPTED] = "an enable or disable was interrupted: 'pipseed enable' or 'pipseed "
                                               "disable' finishes it",
                [PIPSEED_DROPIN_BACKUP_MISSING] =
                        "the ensurepip that it had before is gone: install that Python again, or "
                        "'pipseed disable --force'",
        };

        if ((size_t)dropin->state < sizeof(troubles) / sizeof(troubles[0]) && troubles[dropin->state] != NULL)
                return troubles[dropin->state];
        if (dropin->command_missing)
                return "the pipseed that it calls is gone: 'pipseed enable' lets it use this one, 'pipseed disable' "
                       "gives it its own back";
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
                output_line(session->out, "  its own: %s", dropin->backup);
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
        .summary = "tell which interpreters use pipseed for venv and ensurepip",
        .operands = "[PY...]",
        .description =
                "Tells for each interpreter whether 'pipseed enable' is in force, by which pipseed, and where its "
                "own ensurepip is. By default all that are on PATH, or that pipseed has worked with.\n"
                "Exit code 4 when something is not as it should be: an upgrade of the interpreter that brought "
                "its own back, a pipseed that is gone, an enable that was interrupted.",
        .groups = groups,
        .max_operands = COMMAND_ANY_OPERANDS,
        .settings_size = sizeof(struct dropins_settings),
        .run = run,
};
