/* SPDX-License-Identifier: MIT */
#include "targets.h"

#include "cleanup.h"
#include "cli_error.h"

#include <errno.h>
#include <string.h>

/* name NULL: the default target. */
static int add(struct targets *targets, const char *name, struct pipseed_error *err)
{
        char *copy = name != NULL ? strdup(name) : NULL;
        char **grown = reallocarray(targets->names, targets->n_names + 1, sizeof(*grown));

        if (grown != NULL)
                targets->names = grown;
        if (grown == NULL || (name != NULL && copy == NULL)) {
                free(copy);
                return cli_error_memory(err);
        }
        grown[targets->n_names++] = copy;
        return 0;
}

static int read_list(FILE *stream, const char *list, struct targets *targets, struct pipseed_error *err)
{
        _cleanup_free_ char *line = NULL;
        size_t size = 0;
        ssize_t len;

        for (size_t number = 1; (len = getline(&line, &size, stream)) >= 0; number++) {
                size_t end = (size_t)len;
                int r;

                if (strlen(line) != end)
                        return cli_error_set(err, PIPSEED_E_USAGE, list, "NUL byte in line %zu of the list", number);
                if (end > 0 && line[end - 1] == '\n')
                        line[--end] = '\0';
                if (end > 0 && line[end - 1] == '\r')
                        line[--end] = '\0';
                if (memchr(line, '\r', end) != NULL) {
                        (void)cli_error_set(err, PIPSEED_E_USAGE, list, "carriage return in line %zu of the list",
                                            number);
                        return cli_error_hint(
                                err, "end each line with LF or CR LF; name such an environment on the command line");
                }
                if (number == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0) /* what some editors write first in UTF-8 */
                        memmove(line, line + 3, end - 3 + 1);
                if (line[strspn(line, " \t")] == '\0' || line[strspn(line, " \t")] == '#')
                        continue;
                r = add(targets, line, err);
                if (r < 0)
                        return r;
        }
        if (ferror(stream) != 0)
                return cli_error_sys(err, errno, list, "cannot read the list of environments");
        return 0;
}

static int add_list(const char *list, struct targets *targets, struct pipseed_error *err)
{
        _cleanup_fclose_ FILE *file = NULL;

        if (strcmp(list, "-") == 0)
                return read_list(stdin, "standard input", targets, err);
        file = fopen(list, "re");
        if (file == NULL) {
                (void)cli_error_sys(err, errno, list, "cannot open the list of environments '%s'", list);
                return cli_error_hint(err, "use a file with one environment per line, or '-' for stdin");
        }
        return read_list(file, list, targets, err);
}

int targets_collect(const struct session *session, struct targets *targets, struct pipseed_error *err)
{
        const struct settings *settings = session->settings;
        const struct arguments *arguments = session->arguments;
        int r = 0;

        if (settings->python != NULL && (arguments->n_operands > 0 || settings->from_file != NULL)) {
                (void)cli_error_set(err, PIPSEED_E_USAGE, NULL, "cannot use ENV and --python together");
                return cli_error_hint(err, "use the environment's directory or an interpreter, not both");
        }
        for (size_t i = 0; r == 0 && i < arguments->n_operands; i++) {
                if (arguments->operands[i][0] == '\0')
                        return cli_error_set(err, PIPSEED_E_USAGE, NULL, "empty environment name");
                r = add(targets, arguments->operands[i], err);
        }
        if (r == 0 && settings->from_file != NULL)
                return add_list(settings->from_file, targets, err);
        return r == 0 && targets->n_names == 0 ? add(targets, NULL, err) : r;
}

void targets_done(struct targets *targets)
{
        for (size_t i = 0; i < targets->n_names; i++)
                free(targets->names[i]);
        free(targets->names);
        *targets = (struct targets){0};
}
