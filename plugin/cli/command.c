/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <string.h>

#define COMMAND_ROW(name) &command_##name,
const struct command *const command_table[] = {COMMANDS(COMMAND_ROW) NULL};

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
