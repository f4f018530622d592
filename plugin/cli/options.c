/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "cleanup.h"
#include "cli_error.h"
#include "suggest.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

struct parser {
        const struct option_group *const *groups;
        const char *const *next; /* the argument after the one that is looked at */
        char *settings;
        struct arguments *arguments;
        bool stopped;
};

static int add_operand(struct arguments *arguments, const char *operand, struct pipseed_error *err)
{
        const char **grown = reallocarray(arguments->operands, arguments->n_operands + 1, sizeof(*grown));

        if (grown == NULL)
                return cli_error_memory(err);
        grown[arguments->n_operands++] = operand;
        arguments->operands = grown;
        return 0;
}

/* Takes key and value. */
static int add_assignment(struct arguments *arguments, const struct option *option, char *key, char *value,
                          struct pipseed_error *err)
{
        struct assignment *grown = NULL;

        if (key != NULL && value != NULL)
                grown = reallocarray(arguments->assignments, arguments->n_assignments + 1, sizeof(*grown));
        if (grown == NULL) {
                free(key);
                free(value);
                return cli_error_memory(err);
        }
        grown[arguments->n_assignments++] = (struct assignment){.key = key,
                                                                .value = value,
                                                                .option = option->name,
                                                                .append = option->kind == OPTION_APPEND};
        arguments->assignments = grown;
        return 0;
}

/* Stored paths must mean the same to every later reader; the text itself is kept. */
static int make_absolute(const struct option *option, const char *path, char **ret_path, struct pipseed_error *err)
{
        _cleanup_free_ char *cwd = NULL;

        if (path[0] == '\0')
                return cli_error_set(err, PIPSEED_E_USAGE, NULL, "%s: expected a directory, got an empty value",
                                     option->name);
        if (path[0] == '/') {
                *ret_path = strdup(path);
                return *ret_path != NULL ? 0 : cli_error_memory(err);
        }
        cwd = getcwd(NULL, 0);
        if (cwd == NULL) {
                (void)cli_error_sys(err, errno, path, "cannot resolve the relative path of %s: no current directory",
                                    option->name);
                return cli_error_hint(err, "use an absolute path, or change to an existing directory");
        }
        if (asprintf(ret_path, "%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, path) < 0)
                return cli_error_memory(err);
        return 0;
}

static int take_assignment(struct parser *parser, const struct option *option, const char *value,
                           struct pipseed_error *err)
{
        char *path = NULL;
        const char *equals = NULL;
        int r;

        if (option->kind == OPTION_SET)
                return add_assignment(parser->arguments, option, strdup(option->key), strdup(value), err);
        if (option->kind == OPTION_APPEND) {
                r = make_absolute(option, value, &path, err);
                return r < 0 ? r : add_assignment(parser->arguments, option, strdup(option->key), path, err);
        }
        equals = strchr(value, '=');
        if (equals == NULL || equals == value) {
                (void)cli_error_set(err, PIPSEED_E_USAGE, NULL, "%s: expected KEY=VALUE, got '%s'", option->name,
                                    value);
                return cli_error_hint(err,
                                      "use for example %s seed.upgrade=yes; to list the keys, run: pipseed policy show",
                                      option->name);
        }
        return add_assignment(parser->arguments, option, strndup(value, (size_t)(equals - value)), strdup(equals + 1),
                              err);
}

static int take_number(const struct option *option, const char *text, unsigned int *number, struct pipseed_error *err)
{
        unsigned int value = 0;
        const char *c = text;

        for (; *c >= '0' && *c <= '9' && value < 100000; c++)
                value = value * 10 + (unsigned int)(*c - '0');
        if (c == text || *c != '\0' || value > 99999)
                return cli_error_set(err, PIPSEED_E_USAGE, NULL, "%s: expected a number from 0 to 99999, got '%s'",
                                     option->name, text);
        *number = value;
        return 0;
}

static int take_choice(const struct option *option, const char *text, unsigned int *choice, struct pipseed_error *err)
{
        size_t len = strlen(text);
        unsigned int place = 0;

        for (const char *c = option->argument; c != NULL; place++) {
                size_t word = strcspn(c, "|");

                if (word == len && strncmp(c, text, len) == 0) {
                        *choice = place;
                        return 0;
                }
                c = c[word] == '|' ? c + word + 1 : NULL;
        }
        return cli_error_set(err, PIPSEED_E_USAGE, NULL, "%s: expected %s, got '%s'", option->name, option->argument,
                             text);
}

static int apply(struct parser *parser, const struct option *option, const char *value, struct pipseed_error *err)
{
        void *field = parser->settings + option->offset;

        /* An option that takes none may stand for one. */
        if (value == NULL)
                value = option->value != NULL ? option->value : "";
        switch (option->kind) {
        case OPTION_STOP:
                parser->stopped = true;
                *(bool *)field = true;
                return 0;
        case OPTION_FLAG:
                *(bool *)field = true;
                return 0;
        case OPTION_COUNT:
                *(unsigned int *)field += 1;
                return 0;
        case OPTION_TEXT:
                if (value[0] == '\0' && option->value == NULL)
                        return cli_error_set(err, PIPSEED_E_USAGE, NULL, "%s: expected %s, got an empty value",
                                             option->name, option->argument);
                *(const char **)field = value;
                return 0;
        case OPTION_OPERAND:
                return add_operand(parser->arguments, value, err);
        case OPTION_NUMBER:
                return take_number(option, value, field, err);
        case OPTION_CHOICE:
                return take_choice(option, value, field, err);
        case OPTION_SET:
        case OPTION_APPEND:
        case OPTION_ASSIGN:
                break;
        }
        return take_assignment(parser, option, value, err);
}

static const struct option *find_name(const struct option_group *const *groups, const char *name, size_t len)
{
        for (; *groups != NULL; groups++)
                for (const struct option *option = (*groups)->options; option->name != NULL; option++)
                        if (strlen(option->name) == len && memcmp(option->name, name, len) == 0)
                                return option;
        return NULL;
}

static const struct option *find_letter(const struct option_group *const *groups, char letter)
{
        for (; *groups != NULL; groups++)
                for (const struct option *option = (*groups)->options; option->name != NULL; option++)
                        if (option->letter == letter)
                                return option;
        return NULL;
}

static int refuse_name(const struct parser *parser, const char *name, size_t len, struct pipseed_error *err)
{
        _cleanup_free_ char *word = strndup(name, len);
        struct suggestion suggestion = {0};

        if (word == NULL)
                return cli_error_memory(err);
        /* Dashes would count as letters that agree. */
        suggestion.word = word + 2;
        for (const struct option_group *const *groups = parser->groups; *groups != NULL; groups++)
                for (const struct option *option = (*groups)->options; option->name != NULL; option++)
                        suggest_offer(&suggestion, option->name + 2);
        (void)cli_error_set(err, PIPSEED_E_USAGE, NULL, "unknown option '%s'", word);
        if (suggestion.best != NULL)
                return cli_error_hint(err, "did you mean '--%s'?", suggestion.best);
        return err->code;
}

/* The one option without a letter whose name begins with this one: -V is meant as --version. */
static const char *guess_name(const struct option_group *const *groups, char letter)
{
        const char *found = NULL;

        for (; *groups != NULL; groups++)
                for (const struct option *option = (*groups)->options; option->name != NULL; option++) {
                        if (option->letter != 0 || option->name[2] != (letter | 0x20))
                                continue;
                        if (found != NULL)
                                return NULL;
                        found = option->name;
                }
        return found;
}

static int refuse_letter(const struct parser *parser, const char *group, const char *letter, struct pipseed_error *err)
{
        const char *meant = guess_name(parser->groups, *letter);

        if (letter == group)
                (void)cli_error_set(err, PIPSEED_E_USAGE, NULL, "unknown option '-%c'", *letter);
        else
                (void)cli_error_set(err, PIPSEED_E_USAGE, NULL, "unknown option '-%c' in '-%s'", *letter, group);
        return meant != NULL ? cli_error_hint(err, "did you mean '%s'?", meant) : err->code;
}

static int next_value(struct parser *parser, const struct option *option, const char *typed, const char **ret_value,
                      struct pipseed_error *err)
{
        if (*parser->next == NULL)
                return cli_error_set(err, PIPSEED_E_USAGE, NULL, "missing value for option '%s': expected %s", typed,
                                     option->argument);
        *ret_value = *parser->next++;
        return 0;
}

static int parse_long(struct parser *parser, const char *text, struct pipseed_error *err)
{
        const char *equals = strchr(text, '=');
        size_t len = equals != NULL ? (size_t)(equals - text) : strlen(text);
        const struct option *option = find_name(parser->groups, text, len);
        const char *value = equals != NULL ? equals + 1 : NULL;
        int r;

        if (option == NULL)
                return refuse_name(parser, text, len, err);
        if (option->argument == NULL && value != NULL)
                return cli_error_set(err, PIPSEED_E_USAGE, NULL, "unexpected value for option '%s'", option->name);
        if (option->argument != NULL && value == NULL) {
                r = next_value(parser, option, option->name, &value, err);
                if (r < 0)
                        return r;
        }
        return apply(parser, option, value, err);
}

static int parse_letters(struct parser *parser, const char *group, struct pipseed_error *err)
{
        for (const char *letter = group; *letter != '\0' && !parser->stopped; letter++) {
                const struct option *option = find_letter(parser->groups, *letter);
                const char typed[] = {'-', *letter, '\0'};
                const char *value = NULL;
                int r = 0;

                if (option == NULL)
                        return refuse_letter(parser, group, letter, err);
                if (option->argument != NULL && letter[1] != '\0')
                        value = letter + 1;
                else if (option->argument != NULL)
                        r = next_value(parser, option, typed, &value, err);
                if (r == 0)
                        r = apply(parser, option, value, err);
                if (r < 0 || value != NULL)
                        return r;
        }
        return 0;
}

int options_parse(const struct option_group *const *groups, const char *const *argv, bool leading, void *settings,
                  struct arguments *arguments, struct pipseed_error *err)
{
        struct parser parser = {.groups = groups, .next = argv, .settings = settings, .arguments = arguments};
        bool only_operands = false;

        while (*parser.next != NULL && !parser.stopped) {
                const char *text = *parser.next++;
                int r;

                if (!only_operands && strcmp(text, "--") == 0) {
                        only_operands = true;
                        continue;
                }
                if (only_operands || text[0] != '-' || text[1] == '\0') {
                        r = add_operand(arguments, text, err);
                        only_operands = only_operands || leading;
                } else if (text[1] == '-') {
                        r = parse_long(&parser, text, err);
                } else {
                        r = parse_letters(&parser, text + 1, err);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

bool arguments_have(const struct arguments *arguments, const char *option)
{
        for (size_t i = 0; i < arguments->n_assignments; i++)
                if (strcmp(arguments->assignments[i].option, option) == 0)
                        return true;
        return false;
}

void arguments_done(struct arguments *arguments)
{
        for (size_t i = 0; i < arguments->n_assignments; i++) {
                free(arguments->assignments[i].key);
                free(arguments->assignments[i].value);
        }
        free(arguments->assignments);
        free(arguments->operands);
        *arguments = (struct arguments){0};
}
