/* SPDX-License-Identifier: MIT */
/*
 * pipseed: the command. Options before the command's name are those that all commands have; the rest belongs to the
 * command, which is found in the table.
 */
#include "cleanup.h"
#include "common.h"
#include "json_output.h"
#include "cli_error.h"
#include "help.h"
#include "interrupt.h"
#include "suggest.h"

#include <string.h>

static const struct option_group *const program_groups[] = {&common_group, NULL};

/* Usage errors are reported in the requested form, even if not all options could be read. */
static bool wants_json(const char *const *argv)
{
        for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++)
                if (strcmp(*argv, "--json") == 0)
                        return true;
        return false;
}

static void set_output(struct session *session)
{
        const struct settings *settings = session->settings;

        session->out->json = settings->json;
        session->out->level = (int)settings->verbose - (int)settings->quiet;
        output_set_color(session->out, (enum output_color)settings->color);
}

static int fail_usage(struct session *session, struct pipseed_error *err, const char *const *argv)
{
        const char *name = session->command != NULL ? session->command->name : "";

        session->settings->json = session->settings->json || wants_json(argv);
        set_output(session);
        if (err->hint[0] == '\0')
                (void)cli_error_hint(err, "run: pipseed%s%s --help", name[0] != '\0' ? " " : "", name);
        return session_fail(session, err);
}

static int refuse_word(const struct command *const *table, const char *above, const char *word,
                       struct pipseed_error *err)
{
        struct suggestion suggestion = {.word = word};

        for (const struct command *const *row = table; *row != NULL; row++)
                suggest_offer(&suggestion, command_word(*row));
        (void)cli_error_set(err, PIPSEED_E_USAGE, NULL, "unknown command '%s%s%s'", above, above[0] != '\0' ? " " : "",
                            word);
        if (suggestion.best != NULL)
                return cli_error_hint(err, "did you mean 'pipseed %s%s%s'?", above, above[0] != '\0' ? " " : "",
                                      suggestion.best);
        /* The name of an option, such as "version". */
        for (const struct option *option = common_group.options; option->name != NULL; option++)
                suggest_offer(&suggestion, option->name + 2);
        if (suggestion.best != NULL)
                return cli_error_hint(err, "did you mean 'pipseed %s%s--%s'?", above, above[0] != '\0' ? " " : "",
                                      suggestion.best);
        return err->code;
}

static int check_operands(const struct command *command, size_t n, struct pipseed_error *err)
{
        if (n >= command->min_operands && n <= command->max_operands)
                return 0;
        if (command->max_operands == 0)
                return cli_error_set(err, PIPSEED_E_USAGE, NULL, "unexpected argument: 'pipseed %s' takes none",
                                     command->name);
        if (n > command->max_operands)
                return cli_error_set(err, PIPSEED_E_USAGE, NULL,
                                     "too many arguments for 'pipseed %s': expected at most %zu: %s", command->name,
                                     command->max_operands, command->operands);
        return cli_error_set(err, PIPSEED_E_USAGE, NULL, "missing argument for 'pipseed %s': expected %s",
                             command->name, command->operands);
}

static int show_version(struct session *session)
{
        _cleanup_(json_output_done) struct json_output document = {0};

        output_line(session->out, "pipseed %s", pipseed_version());
        if (session->settings->json) {
                json_output_begin(&document, session->command != NULL ? session->command->name : "pipseed", "ok", 0);
                json_output_text(&document, document.root, "version", pipseed_version());
                output_document(session->out, json_output_root(&document));
        }
        return 0;
}

static int show_help(const struct command *command)
{
        if (command != NULL)
                help_command(stdout, command);
        else
                help_program(stdout, &common_group);
        return 0;
}

/* The settings of a command begin with the shared ones, which options before its name may have filled. */
static int widen_settings(struct session *session, struct pipseed_error *err)
{
        size_t size = session->command->settings_size;
        struct settings *grown = NULL;

        if (size <= sizeof(*grown))
                return 0;
        grown = calloc(1, size);
        if (grown == NULL)
                return cli_error_memory(err);
        *grown = *session->settings;
        free(session->settings);
        session->settings = grown;
        return 0;
}

/* words: what follows the command's name, ended by NULL. */
static int run_command(struct session *session, const char *const *words)
{
        const struct command *command = session->command;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        session->arguments->n_operands = 0;
        if (widen_settings(session, &err) < 0)
                return session_fail(session, &err);
        if (options_parse(command->groups, words, false, session->settings, session->arguments, &err) < 0)
                return fail_usage(session, &err, words);
        set_output(session);
        if (session->settings->help)
                return show_help(command);
        if (session->settings->version)
                return command->show_version != NULL ? command->show_version(session) : show_version(session);
        if (check_operands(command, session->arguments->n_operands, &err) < 0)
                return fail_usage(session, &err, words);
        return command->run(session);
}

/* No word is left, and the last one does not name a command that runs. */
static int run_nothing(struct session *session)
{
        static const char *const none[] = {NULL};
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        if (session->settings->help)
                return show_help(session->command);
        if (session->settings->version)
                return show_version(session);
        help_usage(stderr, session->command);
        if (session->command != NULL)
                (void)cli_error_set(&err, PIPSEED_E_USAGE, NULL, "missing subcommand for 'pipseed %s': expected %s",
                                    session->command->name, session->command->operands);
        else
                (void)cli_error_set(&err, PIPSEED_E_USAGE, NULL, "missing command");
        return fail_usage(session, &err, none);
}

static size_t count(const char *const *words)
{
        size_t n = 0;

        while (words[n] != NULL)
                n++;
        return n;
}

/* Follows the words down the tables of commands; shared options may stand before each of them. */
static int dispatch(struct session *session, const char *const *argv)
{
        const struct command *const *table = command_table;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        for (;;) {
                const struct command *found = NULL;
                const char *word = NULL;

                session->arguments->n_operands = 0;
                if (options_parse(program_groups, argv, true, session->settings, session->arguments, &err) < 0)
                        return fail_usage(session, &err, argv);
                set_output(session);
                if (session->arguments->n_operands == 0)
                        return run_nothing(session);
                argv += count(argv) - session->arguments->n_operands;
                word = *argv++;
                if (session->command == NULL && strcmp(word, "help") == 0) {
                        session->settings->help = true;
                        continue;
                }
                found = command_find(table, word);
                if (found == NULL) {
                        (void)refuse_word(table, session->command != NULL ? session->command->name : "", word, &err);
                        return fail_usage(session, &err, argv);
                }
                session->command = found;
                if (found->children == NULL)
                        return run_command(session, argv);
                table = found->children;
        }
}

int main(int argc, char **argv)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct arguments arguments = {0};
        struct output out;
        struct session session = {.arguments = &arguments, .out = &out};
        int code;

        output_guard_streams();
        interrupt_ignore_limits();
        output_init(&out);
        session.settings = calloc(1, sizeof(*session.settings));
        if (session.settings == NULL) {
                (void)cli_error_memory(&err);
                output_error(&out, NULL, &err);
                return output_finish(&out, pipseed_exit_code(err.code));
        }
        code = dispatch(&session, argc > 0 ? (const char *const *)argv + 1 : (const char *const *)argv);
        session_done(&session);
        code = output_finish(&out, code);
        interrupt_raise();
        return code;
}
