/* SPDX-License-Identifier: MIT */
#include "help.h"

#include <string.h>

#define HELP_WIDTH 80
#define HELP_COLUMN 26 /* where descriptions begin */

/* Writes text from column on, continued at indent, ended by a newline. */
static void wrap(FILE *stream, const char *text, size_t column, size_t indent)
{
        bool first = true;

        while (*text != '\0') {
                size_t word = strcspn(text, " ");

                if (!first && column + 1 + word > HELP_WIDTH) {
                        (void)fprintf(stream, "\n%*s", (int)indent, "");
                        column = indent;
                } else if (!first) {
                        (void)fputc(' ', stream);
                        column++;
                }
                (void)fwrite(text, 1, word, stream);
                column += word;
                text += word;
                text += strspn(text, " ");
                first = false;
        }
        (void)fputc('\n', stream);
}

/* One row: label, and from HELP_COLUMN on its meaning; on the next line if the label is too long. */
static void put_row(FILE *stream, const char *label, const char *text)
{
        size_t len = 2 + strlen(label);

        (void)fprintf(stream, "  %s", label);
        if (len + 2 > HELP_COLUMN) {
                (void)fputc('\n', stream);
                len = 0;
        }
        (void)fprintf(stream, "%*s", (int)(HELP_COLUMN - len), "");
        wrap(stream, text, HELP_COLUMN, HELP_COLUMN);
}

static void put_option(FILE *stream, const struct option *option)
{
        const char letter[] = {'-', option->letter, ',', ' ', '\0'};
        char label[128];

        (void)snprintf(label, sizeof(label), "%s%s%s%s", option->letter != 0 ? letter : "    ", option->name,
                       option->argument != NULL ? " " : "", option->argument != NULL ? option->argument : "");
        put_row(stream, label, option->help);
}

static void put_groups(FILE *stream, const struct option_group *const *groups)
{
        const char *title = ""; /* groups of the same title in succession are shown as one */

        for (; *groups != NULL; groups++) {
                if (strcmp((*groups)->title, title) != 0)
                        (void)fprintf(stream, "\n%s:\n", (*groups)->title);
                title = (*groups)->title;
                for (const struct option *option = (*groups)->options; option->name != NULL; option++)
                        put_option(stream, option);
        }
}

static void put_commands(FILE *stream, const struct command *const *table)
{
        (void)fputs("\nCommands:\n", stream);
        for (; *table != NULL; table++) {
                char label[64];

                (void)snprintf(label, sizeof(label), "%s%s%s", command_word(*table),
                               (*table)->operands[0] != '\0' ? " " : "", (*table)->operands);
                put_row(stream, label, (*table)->summary);
        }
}

static void put_paragraphs(FILE *stream, const char *text)
{
        while (text != NULL && *text != '\0') {
                char line[1024];
                size_t len = strcspn(text, "\n");

                (void)snprintf(line, sizeof(line), "%.*s", (int)len, text);
                (void)fputc('\n', stream);
                wrap(stream, line, 0, 0);
                text += len;
                text += strspn(text, "\n");
        }
}

void help_usage(FILE *stream, const struct command *command)
{
        if (command == NULL)
                (void)fputs("usage: pipseed [OPTIONS] COMMAND ...\n", stream);
        else if (command->children != NULL)
                (void)fprintf(stream, "usage: pipseed %s %s [OPTIONS] ...\n", command->name, command->operands);
        else
                (void)fprintf(stream, "usage: pipseed %s [OPTIONS]%s%s\n", command->name,
                              command->operands[0] != '\0' ? " " : "", command->operands);
}

void help_program(FILE *stream, const struct option_group *common)
{
        const struct option_group *const groups[] = {common, NULL};

        (void)fputs("pipseed " PIPSEED_VERSION ": install pip into virtual environments and Pythons, offline\n\n",
                    stream);
        help_usage(stream, NULL);
        put_commands(stream, command_table);
        put_groups(stream, groups);
        (void)fputs("\nExit codes: 0 success, or nothing to do; 1 failure; 2 usage error; 3 refused;\n"
                    "4 a wheel, a store entry or an installed file is damaged.\n"
                    "For more, run: pipseed COMMAND --help. The manual is pipseed(1).\n",
                    stream);
}

void help_command(FILE *stream, const struct command *command)
{
        int len = fprintf(stream, "pipseed %s: ", command->name);

        wrap(stream, command->summary, len > 0 ? (size_t)len : 0, 0);
        (void)fputc('\n', stream);
        help_usage(stream, command);
        put_paragraphs(stream, command->description);
        if (command->children != NULL)
                put_commands(stream, command->children);
        put_groups(stream, command->groups);
}
