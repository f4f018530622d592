/* SPDX-License-Identifier: MIT */
/*
 * command.h - what a command is, and the table of all. A command is one cmd_*.c that ends in a const struct command and
 * is named in COMMANDS; options, help, version and dispatch follow from the struct.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "options.h"

struct session; /* common.h */

struct command {
        const char *name;        /* "seed", "policy show": all words after the program's name; also "command" in JSON */
        const char *summary;     /* one line, begins with a verb */
        const char *operands;    /* "[ENV...]", "" when it takes none */
        const char *description; /* paragraphs separated by a newline, or NULL */
        const struct option_group *const *groups; /* ended by NULL */
        const struct command *const *children;    /* "policy show", "policy check", NULL; or NULL */
        size_t min_operands;
        size_t max_operands;
        size_t settings_size;                         /* of a struct that begins with struct settings; 0: that one */
        int (*run)(struct session *session);          /* returns the exit code, after printing errors */
        int (*show_version)(struct session *session); /* for --version; NULL: the version of pipseed */
};

#define COMMAND_ANY_OPERANDS ((size_t)-1)

/* Every command, in the order of the help: its cmd_NAME.c defines command_NAME. */
#define COMMANDS(X)                                                                                                    \
        X(seed)                                                                                                        \
        X(venv) X(unseed) X(verify) X(policy) X(wheels) X(cache) X(doctor) X(enable) X(disable) X(status) X(explain)

#define COMMAND_DECLARE(name) extern const struct command command_##name;
COMMANDS(COMMAND_DECLARE)
#undef COMMAND_DECLARE

extern const struct command *const command_table[]; /* ended by NULL */

/* The last word of the name. */
const char *command_word(const struct command *command);
const struct command *command_find(const struct command *const *table, const char *word);

#endif
