/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <string.h>

const struct command *const command_table[] = {
        &command_seed,  &command_venv,   &command_unseed, &command_verify,  &command_policy, &command_wheels,
        &command_cache, &command_doctor, &command_enable, &command_disable, &command_status, &command_explain, NULL};

const char *command_word(const struct command *command)
{
        const char *blank = strrchr(command->name, ' ');

        return blank != NULL ? blank + 1 : command->name;
}

const struct command *command_find(const struct command *const *table, const char *word)
{
        for (; *table != NULL; table++)
                if (strcmp(command_word(*table), word) == 0)
                        return *table;
        return NULL;
}
