/* SPDX-License-Identifier: MIT */
/* The command's parser of options, its suggestions, and what every command's tables must keep to. Needs the objects of
 * plugin/cli but for main.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "plugin/cli/common.h"
#include "plugin/cli/help.h"
#include "plugin/cli/suggest.h"

#define MAX_ARGS 8

struct sample {
        bool flag, other, stop;
        unsigned int level, number, choice;
        const char *text;
};

static const struct option first_options[] = {
        {"--flag", 'f', OPTION_FLAG, offsetof(struct sample, flag), NULL, NULL, NULL, "h"},
        {"--verbose", 'v', OPTION_COUNT, offsetof(struct sample, level), NULL, NULL, NULL, "h"},
        {"--text", 't', OPTION_TEXT, offsetof(struct sample, text), "TEXT", NULL, NULL, "h"},
        {"--jobs", 'j', OPTION_NUMBER, offsetof(struct sample, number), "N", NULL, NULL, "h"},
        {"--color", 0, OPTION_CHOICE, offsetof(struct sample, choice), "auto|always|never", NULL, NULL, "h"},
        {"--stop", 's', OPTION_STOP, offsetof(struct sample, stop), NULL, NULL, NULL, "h"},
        {.name = NULL},
};
static const struct option second_options[] = {
        {"--upgrade", 'U', OPTION_SET, 0, NULL, "seed.upgrade", "yes", "h"},
        {"--pip", 0, OPTION_SET, 0, "VERSION", "seed.pip", NULL, "h"},
        {"--dir", 'd', OPTION_APPEND, 0, "DIR", "wheels.dirs", NULL, "h"},
        {"--set", 'o', OPTION_ASSIGN, 0, "KEY=VALUE", NULL, NULL, "h"},
        {"--other", 'x', OPTION_FLAG, offsetof(struct sample, other), NULL, NULL, NULL, "h"},
        {.name = NULL},
};
static const struct option_group first = {"First", first_options};
static const struct option_group second = {"Second", second_options};
static const struct option_group *const groups[] = {&first, &second, NULL};

/* What a parse left, as one text: set fields, then assignments, then operands. */
static void describe(const struct sample *sample, const struct arguments *arguments, struct str *text)
{
        str_add(text, sample->flag ? "flag " : "");
        str_add(text, sample->other ? "other " : "");
        str_add(text, sample->stop ? "stop " : "");
        if (sample->level != 0)
                str_printf(text, "level=%u ", sample->level);
        if (sample->number != 0)
                str_printf(text, "number=%u ", sample->number);
        if (sample->choice != 0)
                str_printf(text, "choice=%u ", sample->choice);
        if (sample->text != NULL)
                str_printf(text, "text=%s ", sample->text);
        for (size_t i = 0; i < arguments->n_assignments; i++) {
                const struct assignment *assignment = &arguments->assignments[i];

                str_printf(text, "{%s%s%s by %s} ", assignment->key, assignment->append ? "+=" : "=", assignment->value,
                           assignment->option);
        }
        for (size_t i = 0; i < arguments->n_operands; i++)
                str_printf(text, "<%s> ", arguments->operands[i]);
}

static const struct {
        const char *name;
        const char *argv[MAX_ARGS];
        const char *expected;
} good[] = {
        {"nothing", {NULL}, ""},
        {"long flag", {"--flag"}, "flag "},
        {"short flag", {"-f"}, "flag "},
        {"count", {"-v", "--verbose", "-vv"}, "level=4 "},
        {"grouped", {"-fxv"}, "flag other level=1 "},
        {"grouped setting", {"-Uf"}, "flag {seed.upgrade=yes by --upgrade} "},
        {"long value", {"--text", "a b"}, "text=a b "},
        {"long value, glued", {"--text=a=b"}, "text=a=b "},
        {"short value", {"-t", "x"}, "text=x "},
        {"short value, glued", {"-t/usr/bin/python3"}, "text=/usr/bin/python3 "},
        {"short value, glued equals sign is text", {"-t=x"}, "text==x "},
        {"value at the end of a group", {"-vtx"}, "level=1 text=x "},
        {"value after a group", {"-vt", "x"}, "level=1 text=x "},
        {"a value may look like an option", {"--text", "--flag"}, "text=--flag "},
        {"a value may be two dashes", {"--text", "--", "-f"}, "flag text=-- "},
        {"the last one counts", {"--text=a", "--text=b"}, "text=b "},
        {"number", {"-j", "12"}, "number=12 "},
        {"number, glued", {"-j12"}, "number=12 "},
        {"largest number", {"--jobs=99999"}, "number=99999 "},
        {"choice", {"--color", "never"}, "choice=2 "},
        {"choice in the middle", {"--color=always"}, "choice=1 "},
        {"first choice", {"--color=never", "--color=auto"}, ""},
        {"setting with value", {"--pip", ">=25,<27"}, "{seed.pip=>=25,<27 by --pip} "},
        {"empty setting", {"--pip="}, "{seed.pip= by --pip} "},
        {"appended path", {"-d/a", "--dir=/b/../c"}, "{wheels.dirs+=/a by --dir} {wheels.dirs+=/b/../c by --dir} "},
        {"assignment", {"-o", "a.b=c=d"}, "{a.b=c=d by --set} "},
        {"assignment of nothing", {"--set=a.b="}, "{a.b= by --set} "},
        {"operands", {"a", "b"}, "<a> <b> "},
        {"operands among options", {"a", "-f", "b", "--text=x"}, "flag text=x <a> <b> "},
        {"a dash is an operand", {"-", "-f"}, "flag <-> "},
        {"an empty operand", {""}, "<> "},
        {"end of options", {"-f", "--", "-x", "--", "--no"}, "flag <-x> <--> <--no> "},
        {"stop", {"-f", "--stop", "--nonsense"}, "flag stop "},
        {"stop in a group", {"-fsQ"}, "flag stop "},
};

static const struct {
        const char *name;
        const char *argv[MAX_ARGS];
        const char *message;
        const char *hint; /* NULL: none */
} bad[] = {
        {"unknown", {"--nonsense"}, "unknown option '--nonsense'", NULL},
        {"misspelled", {"--upgarde"}, "unknown option '--upgarde'", "did you mean '--upgrade'?"},
        {"cut off", {"--up"}, "unknown option '--up'", "did you mean '--upgrade'?"},
        {"unknown with value", {"--texd=x"}, "unknown option '--texd'", "did you mean '--text'?"},
        {"single dash", {"-flag"}, "unknown option '-l' in '-flag'", NULL},
        {"unknown letter", {"-Q"}, "unknown option '-Q'", NULL},
        {"letter after a dash", {"-f-"}, "unknown option '--' in '-f-'", NULL},
        {"value for a flag", {"--flag=yes"}, "unexpected value for option '--flag'", NULL},
        {"no value", {"--text"}, "missing value for option '--text': expected TEXT", NULL},
        {"no value for a letter", {"-ft"}, "missing value for option '-t': expected TEXT", NULL},
        {"empty text", {"--text="}, "--text: expected TEXT, got an empty value", NULL},
        {"no number", {"-jx"}, "--jobs: expected a number from 0 to 99999, got 'x'", NULL},
        {"signed number", {"-j", "-1"}, "--jobs: expected a number from 0 to 99999, got '-1'", NULL},
        {"number with a tail", {"-j1x"}, "--jobs: expected a number from 0 to 99999, got '1x'", NULL},
        {"large number", {"-j100000"}, "--jobs: expected a number from 0 to 99999, got '100000'", NULL},
        {"number that would wrap", {"-j4294967297"}, "--jobs: expected a number from 0 to 99999, got '4294967297'", NULL},
        {"empty number", {"--jobs="}, "--jobs: expected a number from 0 to 99999, got ''", NULL},
        {"no choice", {"--color=alway"}, "--color: expected auto|always|never, got 'alway'", NULL},
        {"two choices", {"--color=auto|always"}, "--color: expected auto|always|never, got 'auto|always'", NULL},
        {"empty choice", {"--color="}, "--color: expected auto|always|never, got ''", NULL},
        {"empty directory", {"--dir="}, "--dir: expected a directory, got an empty value", NULL},
        {"assignment without value",
         {"-o", "seed.pip"},
         "--set: expected KEY=VALUE, got 'seed.pip'",
         "use for example --set seed.upgrade=yes; to list the keys, run: pipseed policy show"},
        {"assignment without key",
         {"-o", "=x"},
         "--set: expected KEY=VALUE, got '=x'",
         "use for example --set seed.upgrade=yes; to list the keys, run: pipseed policy show"},
};

static void test_good(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                struct sample sample = {0};
                struct arguments arguments = {0};
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_(str_done) struct str text = STR_INIT;
                int r = options_parse(groups, good[i].argv, false, &sample, &arguments, &err);

                describe(&sample, &arguments, &text);
                if (r != 0 || strcmp(text.data, good[i].expected) != 0)
                        fail_msg("%s: %d %s: '%s', not '%s'", good[i].name, r, err.message, text.data,
                                 good[i].expected);
                arguments_done(&arguments);
        }
}

static void test_bad(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                struct sample sample = {0};
                struct arguments arguments = {0};
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                const char *hint = bad[i].hint != NULL ? bad[i].hint : "";
                int r = options_parse(groups, bad[i].argv, false, &sample, &arguments, &err);

                if (r != PIPSEED_E_USAGE || err.code != r || strcmp(err.message, bad[i].message) != 0 ||
                    strcmp(err.hint, hint) != 0)
                        fail_msg("%s: %d '%s' hint '%s'", bad[i].name, r, err.message, err.hint);
                arguments_done(&arguments);
        }
}

/* Before a command's name: what follows the first operand belongs to the command, options and "--" included. */
static void test_leading(void **state)
{
        static const char *const argv[] = {"-v", "--", "seed", "-f", "--", "--nonsense", NULL};
        static const char *const more[] = {"-Uv", "env", NULL};
        struct sample sample = {0};
        struct arguments arguments = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        assert_int_equal(options_parse(groups, argv, true, &sample, &arguments, &err), 0);
        describe(&sample, &arguments, &text);
        assert_string_equal(text.data, "level=1 <seed> <-f> <--> <--nonsense> ");
        /* A second parse adds to what the first one found. */
        arguments.n_operands = 0;
        assert_int_equal(options_parse(groups, more, false, &sample, &arguments, &err), 0);
        str_truncate(&text, 0);
        describe(&sample, &arguments, &text);
        assert_string_equal(text.data, "level=2 {seed.upgrade=yes by --upgrade} <env> ");
        assert_true(arguments_have(&arguments, "--upgrade"));
        assert_false(arguments_have(&arguments, "--pip"));
        arguments_done(&arguments);
}

static void test_relative_dir(void **state)
{
        static const char *const argv[] = {"--dir", "wheels/../here", "-d.", NULL};
        _cleanup_free_ char *cwd = getcwd(NULL, 0);
        _cleanup_free_ char *expected = NULL;
        struct sample sample = {0};
        struct arguments arguments = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        assert_non_null(cwd);
        expected = str_format("%s/wheels/../here", cwd);
        assert_int_equal(options_parse(groups, argv, false, &sample, &arguments, &err), 0);
        assert_int_equal(arguments.n_assignments, 2);
        assert_string_equal(arguments.assignments[0].value, expected);
        assert_true(arguments.assignments[0].append);
        assert_true(arguments.assignments[1].value[0] == '/');
        arguments_done(&arguments);
}

static const struct {
        const char *a, *b;
        size_t expected;
} distances[] = {
        {"", "", 0},
        {"a", "", 1},
        {"seed", "seed", 0},
        {"sead", "seed", 1},
        {"sed", "seed", 1},
        {"sedd", "seed", 1},
        {"esed", "seed", 1},
        {"policy", "polcyi", 2},
        {"abc", "cba", 2},
        {"kitten", "sitting", 3},
        {"upgarde", "upgrade", 1},
        {"unseed", "seed", 2},
};

static void test_distance(void **state)
{
        char word[100];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(distances); i++) {
                assert_int_equal(suggest_distance(distances[i].a, distances[i].b), distances[i].expected);
                assert_int_equal(suggest_distance(distances[i].b, distances[i].a), distances[i].expected);
        }
        memset(word, 'a', sizeof(word));
        word[63] = '\0';
        assert_int_equal(suggest_distance(word, "a"), 62);
        word[63] = 'a';
        word[64] = '\0';
        assert_true(suggest_distance(word, word) == SIZE_MAX);
}

static const struct {
        const char *word, *expected;
} suggestions[] = {
        {"sead", "seed"},  {"seeed", "seed"}, {"un", "unseed"}, {"veryfi", "verify"}, {"wheel", "wheels"},
        {"pol", "policy"}, {"xyz", NULL},     {"s", NULL},      {"install", NULL},    {"verifyy", "verify"},
};

static void test_suggestion(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(suggestions); i++) {
                struct suggestion suggestion = {.word = suggestions[i].word};

                for (const struct command *const *row = command_table; *row != NULL; row++)
                        suggest_offer(&suggestion, command_word(*row));
                if (suggestions[i].expected == NULL && suggestion.best != NULL)
                        fail_msg("%s: %s", suggestions[i].word, suggestion.best);
                if (suggestions[i].expected != NULL)
                        assert_string_equal(suggestion.best != NULL ? suggestion.best : "", suggestions[i].expected);
        }
}

/* Commands and their children, without those that only hold children. */
static void each_command(const struct command *const *table, void (*check)(const struct command *))
{
        for (; *table != NULL; table++) {
                check(*table);
                if ((*table)->children != NULL)
                        each_command((*table)->children, check);
        }
}

static const struct option *find_option(const struct command *command, size_t n)
{
        for (const struct option_group *const *group = command->groups; *group != NULL; group++)
                for (const struct option *option = (*group)->options; option->name != NULL; option++)
                        if (n-- == 0)
                                return option;
        return NULL;
}

static void check_option(const struct command *command, const struct option *option)
{
        size_t size = command->settings_size != 0 ? command->settings_size : sizeof(struct settings);
        bool governs = option->kind == OPTION_SET || option->kind == OPTION_APPEND;

        if (!str_starts(option->name, "--") || option->help == NULL || option->offset >= size ||
            governs != (option->key != NULL) ||
            (option->kind == OPTION_SET && (option->argument == NULL) != (option->value != NULL)))
                fail_msg("pipseed %s: the row of %s contradicts itself", command->name, option->name);
}

static void check_tables(const struct command *command)
{
        const struct option *a = NULL;

        assert_non_null(command->summary);
        assert_non_null(command->operands);
        assert_true((command->run == NULL) == (command->children != NULL));
        for (size_t i = 0; (a = find_option(command, i)) != NULL; i++) {
                const struct option *b = NULL;

                check_option(command, a);
                for (size_t k = i + 1; (b = find_option(command, k)) != NULL; k++)
                        if (strcmp(a->name, b->name) == 0 || (a->letter != 0 && a->letter == b->letter))
                                fail_msg("pipseed %s: %s and %s are spelled the same", command->name, a->name, b->name);
        }
}

static void test_tables(void **state)
{
        (void)state;
        each_command(command_table, check_tables);
}

static void check_help(const struct command *command)
{
        _cleanup_free_ char *text = NULL;
        const struct option *option = NULL;
        size_t size = 0;
        FILE *stream = open_memstream(&text, &size);
        size_t column = 0;

        assert_non_null(stream);
        help_command(stream, command);
        assert_int_equal(fclose(stream), 0);
        assert_true(str_starts(text, "pipseed "));
        assert_true(str_starts(text + strlen("pipseed "), command->name));
        for (size_t i = 0; (option = find_option(command, i)) != NULL; i++)
                if (strstr(text, option->name) == NULL)
                        fail_msg("the help of pipseed %s does not tell %s", command->name, option->name);
        for (size_t i = strcspn(text, "\n") + 1; i < size; i++) {
                column = text[i] == '\n' ? 0 : column + 1;
                assert_true(column <= 80);
                assert_false(text[i] == '\n' && text[i - 1] == ' ');
        }
}

static void test_help(void **state)
{
        (void)state;
        each_command(command_table, check_help);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),         cmocka_unit_test(test_bad),      cmocka_unit_test(test_leading),
                cmocka_unit_test(test_relative_dir), cmocka_unit_test(test_distance), cmocka_unit_test(test_suggestion),
                cmocka_unit_test(test_tables),       cmocka_unit_test(test_help),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
