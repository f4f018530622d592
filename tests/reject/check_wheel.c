/* SPDX-License-Identifier: MIT */
/*
 * check_wheel - what the readers of core/wheel make of files.
 *
 *     check_wheel WHEEL...                 for each a line "PATH<tab>ok" or "PATH<tab>CODE<tab>MESSAGE"
 *     check_wheel --memory WHEEL...        and a last line "memory<tab>KIB": the peak of the process
 *     check_wheel --record FILE...         each file as RECORD: its rows
 *     check_wheel --entry-points FILE...   as entry_points.txt: its scripts
 *     check_wheel --fields FILE...         as METADATA: its fields
 *
 * The last three print a line of tab-separated values in hex for each item, and then a line as for wheels. Exit
 * status 0 when that could be said for all of them.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "wheel/entrypoint.h"
#include "wheel/metadata.h"
#include "wheel/record.h"
#include "wheel/wheel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Larger than any bound of the library, so that its own bounds are tried. */
#define MAX_FILE ((size_t)64 << 20)

typedef int check_fn(const char *path, const char *data, size_t len, struct pipseed_error *err);

static void print_hex(const char *text, size_t len, char end)
{
        for (size_t i = 0; i < len; i++)
                printf("%02x", (unsigned char)text[i]);
        putchar(end);
}

static int check_record(const char *path, const char *data, size_t len, struct pipseed_error *err)
{
        _cleanup_(record_done) struct record record = {0};
        int r = record_parse(data, len, path, &record, err);

        for (size_t i = 0; i < record.n_rows; i++) {
                print_hex(record.rows[i].path, strlen(record.rows[i].path), '\t');
                print_hex(record.rows[i].hash, strlen(record.rows[i].hash), '\t');
                print_hex(record.rows[i].size, strlen(record.rows[i].size), '\n');
        }
        return r;
}

static int check_entry_points(const char *path, const char *data, size_t len, struct pipseed_error *err)
{
        _cleanup_(arena_done) struct arena arena = {0};
        const struct entry_point *points = NULL;
        size_t n = 0;
        int r = entry_points_parse(&arena, data, len, path, &points, &n, err);

        for (size_t i = 0; i < n; i++) {
                print_hex(points[i].gui ? "gui" : "console", points[i].gui ? 3 : 7, '\t');
                print_hex(points[i].name, strlen(points[i].name), '\t');
                print_hex(points[i].module, strlen(points[i].module), '\t');
                print_hex(points[i].attr, strlen(points[i].attr), '\n');
        }
        return r;
}

static int check_fields(const char *path, const char *data, size_t len, struct pipseed_error *err)
{
        struct metadata_walk walk = {.rest = data, .left = len};

        (void)path;
        (void)err;
        while (metadata_next(&walk)) {
                print_hex(walk.name, walk.name_len, '\t');
                print_hex(walk.value, walk.value_len, '\n');
        }
        return 0;
}

/* What is good enough to be loaded must be good enough to be chosen, with the same Requires-Python. */
static int check_wheel(const char *path, const char *data, size_t len, struct pipseed_error *err)
{
        _cleanup_(wheel_freep) struct wheel *wheel = NULL;
        _cleanup_free_ char *specifier = NULL;
        struct pipseed_error other = PIPSEED_ERROR_INIT;
        int loaded = wheel_load(path_base(path), data, len, path, &wheel, err);
        int r = wheel_requires_python(path_base(path), data, len, path, &specifier, &other);
        const char *expected;

        if (loaded < 0)
                return loaded;
        expected = wheel->info.requires_python;
        if (r < 0 || (specifier == NULL) != (expected == NULL))
                return -1;
        return expected != NULL && strcmp(specifier, expected) != 0 ? -1 : 0;
}

static int run(check_fn *check, const char *path)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_free_ char *data = NULL;
        size_t len = 0;
        int r = file_read(AT_FDCWD, path, MAX_FILE, &data, &len);

        if (r < 0) {
                fprintf(stderr, "check_wheel: %s: %s\n", path, strerror(-r));
                return -1;
        }
        r = check(path, data, len, &err);
        if (r != err.code || (r != 0 && (err.message[0] == '\0' || strchr(err.message, '\n') != NULL))) {
                fprintf(stderr, "check_wheel: %s: returned %d, but the error has %d \"%s\"\n", path, r, err.code,
                        err.message);
                return -1;
        }
        if (r == 0)
                printf("%s\tok\n", path);
        else
                printf("%s\t%s\t%s\n", path, pipseed_code_name(r), err.message);
        return 0;
}

/* Not getrusage(2): its peak may be that of the process that forked this one. */
static void print_memory(void)
{
        _cleanup_free_ char *status = NULL;
        const char *line;

        if (file_read(AT_FDCWD, "/proc/self/status", 64 * 1024, &status, NULL) < 0)
                return;
        line = strstr(status, "\nVmHWM:");
        if (line != NULL)
                printf("memory\t%lu\n", strtoul(line + strlen("\nVmHWM:"), NULL, 10));
}

int main(int argc, char **argv)
{
        static const struct {
                const char *option;
                check_fn *check;
        } modes[] = {
                {"--memory", check_wheel},
                {"--record", check_record},
                {"--entry-points", check_entry_points},
                {"--fields", check_fields},
        };
        check_fn *check = check_wheel;
        int first = 1;
        int status = 0;

        for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(modes); i++) {
                if (strcmp(argv[1], modes[i].option) != 0)
                        continue;
                check = modes[i].check;
                first = 2;
        }
        for (int i = first; i < argc; i++)
                if (run(check, argv[i]) < 0)
                        status = 1;
        if (argc > 1 && strcmp(argv[1], "--memory") == 0)
                print_memory();
        return status;
}
