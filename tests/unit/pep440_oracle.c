/* SPDX-License-Identifier: MIT */
/*
 * Answers the questions of the Python tests that compare pipseed with `packaging`: one question a line on stdin, fields
 * separated by tabs, one line of answer on stdout for each. In a field \n, \t and \\ stand for newline, tab, backslash.
 *
 *     compare A B                  <, = or >; invalid
 *     match V SPEC                 1, 0, or the name of an error code: pipseed_version_matches
 *     admit V SPEC auto|yes|no     the same for one way of treating pre-releases
 *     pin V PIN                    the same for specifier_parse_pin
 *     normalize V                  the normalised version; invalid
 *     parse-spec S                 ok, or the name of an error code
 *     wheel FILENAME               project, version, build ("-": none), python, abi and platform; or an error code's
 * name valid-name NAME              1 or 0, and the normalised name rank IMPL MAJOR MINOR IMPL_MAJOR IMPL_MINOR
 * THREADED PLATFORM LIBC LIBC_MAJOR LIBC_MINOR PYTHON ABI PLATFORMS
 */
#include "base/arena.h"
#include "base/cleanup.h"
#include "wheel/name.h"
#include "wheel/tag.h"
#include "wheel/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 16

static void print_code(int code)
{
        printf("%s\n", code == 0 ? "ok" : pipseed_code_name(code));
}

static void print_match(int r)
{
        if (r < 0)
                print_code(r);
        else
                printf("%d\n", r);
}

static void answer_compare(char **fields)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(version_freep) struct version *a = NULL;
        _cleanup_(version_freep) struct version *b = NULL;
        int r;

        if (version_parse(fields[0], &a, &err) < 0 || version_parse(fields[1], &b, &err) < 0) {
                puts("invalid");
                return;
        }
        r = version_compare(a, b);
        puts(r < 0 ? "<" : r > 0 ? ">" : "=");
}

static void answer_match(char **fields)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        print_match(pipseed_version_matches(fields[0], fields[1], &err));
}

typedef int parse_fn(const char *text, struct specifier **ret_set, struct pipseed_error *err);

static int admit(const char *version, const char *specifier, parse_fn *parse, enum specifier_pre pre)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(version_freep) struct version *v = NULL;
        _cleanup_(specifier_freep) struct specifier *set = NULL;
        int r = version_parse(version, &v, &err);

        if (r == 0)
                r = parse(specifier, &set, &err);
        return r < 0 ? r : specifier_admits(set, v, pre);
}

static void answer_admit(char **fields)
{
        print_match(admit(fields[0], fields[1], specifier_parse,
                          strcmp(fields[2], "yes") == 0  ? SPECIFIER_PRE_YES
                          : strcmp(fields[2], "no") == 0 ? SPECIFIER_PRE_NO
                                                         : SPECIFIER_PRE_AUTO));
}

static void answer_pin(char **fields)
{
        print_match(admit(fields[0], fields[1], specifier_parse_pin, SPECIFIER_PRE_AUTO));
}

static void answer_normalize(char **fields)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(version_freep) struct version *v = NULL;

        puts(version_parse(fields[0], &v, &err) < 0 ? "invalid" : version_text(v));
}

static void answer_parse_spec(char **fields)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(specifier_freep) struct specifier *set = NULL;

        print_code(specifier_parse(fields[0], &set, &err));
}

static void answer_wheel(char **fields)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(arena_done) struct arena arena = {0};
        struct wheel_name name;
        int r = wheel_name_parse(&arena, fields[0], &name, &err);

        if (r < 0)
                print_code(r);
        else
                printf("%s\t%s\t%s\t%s\t%s\t%s\n", name.project, name.version, name.build != NULL ? name.build : "-",
                       name.python, name.abi, name.platform);
}

static void answer_valid_name(char **fields)
{
        _cleanup_(arena_done) struct arena arena = {0};
        const char *normal = name_normalize(&arena, fields[0]);

        printf("%d\t%s\n", name_is_valid(fields[0]), normal != NULL ? normal : "(no memory)");
}

static void answer_rank(char **fields)
{
        const struct tag_facts facts = {
                .implementation = fields[0],
                .major = atoi(fields[1]),
                .minor = atoi(fields[2]),
                .impl_major = atoi(fields[3]),
                .impl_minor = atoi(fields[4]),
                .free_threaded = atoi(fields[5]) != 0,
                .platform = *fields[6] != '\0' ? fields[6] : NULL,
                .libc = strcmp(fields[7], "glibc") == 0  ? TAG_LIBC_GLIBC
                        : strcmp(fields[7], "musl") == 0 ? TAG_LIBC_MUSL
                                                         : TAG_LIBC_UNKNOWN,
                .libc_major = atoi(fields[8]),
                .libc_minor = atoi(fields[9]),
        };

        printf("%d\n", tag_rank(&facts, fields[10], fields[11], fields[12]));
}

static const struct {
        const char *command;
        int n_fields;
        void (*answer)(char **fields);
} questions[] = {
        {"compare", 2, answer_compare}, {"match", 2, answer_match},           {"admit", 3, answer_admit},
        {"pin", 2, answer_pin},         {"normalize", 1, answer_normalize},   {"parse-spec", 1, answer_parse_spec},
        {"wheel", 1, answer_wheel},     {"valid-name", 1, answer_valid_name}, {"rank", 13, answer_rank},
};

static void unescape(char *field)
{
        static const char from[] = "nt\\", to[] = "\n\t\\";
        char *out = field;

        for (; *field != '\0'; field++) {
                const char *known = *field == '\\' && field[1] != '\0' ? strchr(from, field[1]) : NULL;

                *out++ = known != NULL ? to[known - from] : *field;
                field += known != NULL;
        }
        *out = '\0';
}

static int answer_line(char *line)
{
        char *fields[FIELDS_MAX] = {NULL};
        int n = 0;

        while (line != NULL && n < FIELDS_MAX)
                fields[n++] = strsep(&line, "\t");
        for (int i = 0; i < n; i++)
                unescape(fields[i]);
        for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
                if (strcmp(questions[i].command, fields[0]) != 0 || questions[i].n_fields != n - 1)
                        continue;
                questions[i].answer(fields + 1);
                return 0;
        }
        fprintf(stderr, "pep440_oracle: unknown question \"%s\" with %d fields\n", fields[0], n - 1);
        return -1;
}

int main(void)
{
        _cleanup_free_ char *line = NULL;
        size_t size = 0;
        ssize_t len;

        while ((len = getline(&line, &size, stdin)) > 0) {
                if (line[len - 1] == '\n')
                        line[len - 1] = '\0';
                if (answer_line(line) < 0)
                        return EXIT_FAILURE;
        }
        return ferror(stdin) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
