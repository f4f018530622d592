/* SPDX-License-Identifier: MIT */
/*
 * options.h - the one parser of options, driven by tables from which the help text is made as well (help.h).
 *
 *     static const struct option own[] = {
 *             {.name = "--clear", .kind = OPTION_FLAG, .offset = offsetof(struct venv_settings, clear), .help = "..."},
 *             {.name = NULL},
 *     };
 *     static const struct option_group group = {"Options", own};
 *     const struct option_group *const groups[] = {&group, &common_group, NULL};
 *
 *     options_parse(groups, argv, false, &settings, &arguments, &err);
 *     arguments_done(&arguments);
 *
 * Understood: --name, --name value, --name=value, -x, -x value, -xvalue, grouped flags (-Uv), "-" as an operand, "--"
 * as the end of options; options and operands in any order. Long names are not abbreviated.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "pipseed.h"

enum option_kind {
        OPTION_FLAG,    /* bool at offset becomes true */
        OPTION_COUNT,   /* unsigned int at offset: one more each time */
        OPTION_TEXT,    /* const char * at offset */
        OPTION_NUMBER,  /* unsigned int at offset, decimal */
        OPTION_CHOICE,  /* unsigned int at offset: place of the value in argument, which is "a|b|c" */
        OPTION_SET,     /* policy key gets the value, or .value when the option takes none */
        OPTION_APPEND,  /* a path, made absolute, is added to the policy key */
        OPTION_ASSIGN,  /* KEY=VALUE for any policy key */
        OPTION_OPERAND, /* the value is one more operand */
        OPTION_STOP,    /* bool at offset; the arguments that follow are ignored */
};

struct option {
        const char *name; /* with its dashes: "--upgrade"; NULL ends a table */
        char letter;      /* or 0 */
        enum option_kind kind;
        size_t offset;        /* into the settings */
        const char *argument; /* what the help calls the value; NULL: takes none */
        const char *key;      /* "seed.pip" */
        const char *value;    /* for OPTION_SET without argument; "" of an OPTION_TEXT: it may be empty */
        const char *help;
};

struct option_group {
        const char *title;
        const struct option *options;
};

/* A policy key that the command line sets. */
struct assignment {
        char *key;
        char *value;
        const char *option; /* "--pip" */
        bool append;
};

struct arguments {
        const char **operands; /* point into argv */
        size_t n_operands;
        struct assignment *assignments; /* in the order of the command line */
        size_t n_assignments;
};

/*
 * Parses argv (ended by NULL, without the program's name) and adds to arguments. With leading, everything from the
 * first operand on is an operand: for options before a command's name. Errors: USAGE, IO (a relative path without a
 * current directory), NO_MEMORY.
 */
int options_parse(const struct option_group *const *groups, const char *const *argv, bool leading, void *settings,
                  struct arguments *arguments, struct pipseed_error *err);
/* Returns whether the option was given. Knows only options that set a policy key. */
bool arguments_have(const struct arguments *arguments, const char *option);
void arguments_done(struct arguments *arguments);

#endif
