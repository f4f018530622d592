/* SPDX-License-Identifier: MIT */
/*
 * script_oracle.c - plan_make for test_scripts.py. On stdin fields that end in NUL, in pairs of key and value; paths
 * may hold any other byte. On stdout one line for each file of the plan, its texts in hex:
 *
 *     ROOT PATH wheel|bytecode|content x|- script|- CONTENT-OR-SOURCE
 *
 * Exit code 1 and "code-name: message" when the plan is refused.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "install/plan/plan.h"

#include <stdio.h>
#include <string.h>

#define MAX_INPUT ((size_t)64 << 20)

struct parser {
        struct arena arena;
        struct wheel_info wheel;
        struct target target;
        struct target_scheme scheme;
        struct plan_input input;
        struct wheel_file *files;
        bool *compiled;
        struct entry_point *points;
        size_t files_capacity, compiled_capacity, points_capacity;
};

/* The fields that are a text as it is. */
static const char **find_text(struct parser *p, const char *key)
{
        const struct {
                const char *key;
                const char **place;
        } places[] = {
                {"exe", &p->target.exe},
                {"pip", &p->input.pip_version},
                {"installer", &p->input.installer},
                {"suffix", &p->input.pyc_suffix},
                {"purelib", &p->scheme.dirs[PLAN_LIB]},
                {"platlib", &p->scheme.dirs[PLAN_OTHER_LIB]},
                {"scripts-dir", &p->scheme.dirs[PLAN_SCRIPTS]},
                {"headers", &p->scheme.dirs[PLAN_HEADERS]},
                {"data-dir", &p->scheme.dirs[PLAN_DATA]},
                {"project", &p->wheel.project},
                {"dist-info", &p->wheel.dist_info},
        };

        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                if (strcmp(places[i].key, key) == 0)
                        return places[i].place;
        return NULL;
}

static int set_number(struct parser *p, const char *key, int value)
{
        if (strcmp(key, "major") == 0)
                p->target.major = value;
        else if (strcmp(key, "minor") == 0)
                p->target.minor = value;
        else if (strcmp(key, "requested") == 0)
                p->input.requested = value != 0;
        else if (strcmp(key, "root-is-purelib") == 0)
                p->wheel.root_is_purelib = value != 0;
        else if (strcmp(key, "scripts") == 0)
                p->input.scripts = (enum pipseed_scripts)value;
        else
                return -1;
        return 0;
}

/* "SHA256 SIZE x|- c|- PATH"; c: there is bytecode of it. The data of a script follows as a pair of its own. */
static int add_file(struct parser *p, char *value)
{
        char *rest = value;
        const char *digest = strsep(&rest, " ");
        const char *size = strsep(&rest, " ");
        const char *executable = strsep(&rest, " ");
        const char *compiled = strsep(&rest, " ");
        struct wheel_file *file;

        if (rest == NULL || arena_grow(&p->arena, &p->files, p->wheel.n_files, &p->files_capacity, sizeof(*file)) < 0 ||
            arena_grow(&p->arena, &p->compiled, p->wheel.n_files, &p->compiled_capacity, sizeof(bool)) < 0)
                return -1;
        p->compiled[p->wheel.n_files] = compiled[0] != '-';
        file = &p->files[p->wheel.n_files++];
        *file = (struct wheel_file){.path = rest, .size = strtoull(size, NULL, 10), .executable = executable[0] == 'x'};
        return hash_from_hex(digest, strlen(digest), file->sha256) ? 0 : -1;
}

/* "console|gui MODULE ATTR NAME" */
static int add_point(struct parser *p, char *value)
{
        char *rest = value;
        const char *kind = strsep(&rest, " ");
        const char *module = strsep(&rest, " ");
        const char *attr = strsep(&rest, " ");

        if (rest == NULL ||
            arena_grow(&p->arena, &p->points, p->wheel.n_entry_points, &p->points_capacity, sizeof(*p->points)) < 0)
                return -1;
        p->points[p->wheel.n_entry_points++] =
                (struct entry_point){.name = rest, .module = module, .attr = attr, .gui = kind[0] == 'g'};
        return 0;
}

static int take_pair(struct parser *p, const char *key, char *value)
{
        const char **text = find_text(p, key);

        if (text != NULL) {
                *text = value;
                return 0;
        }
        if (strcmp(key, "file") == 0)
                return add_file(p, value);
        if (strcmp(key, "entry") == 0)
                return add_point(p, value);
        if (strcmp(key, "data") == 0 && p->wheel.n_files > 0) {
                p->files[p->wheel.n_files - 1].data = (const uint8_t *)value;
                return 0;
        }
        return set_number(p, key, atoi(value));
}

static int parse(struct parser *p, char *data, size_t len)
{
        char *end = data + len;

        while (data < end) {
                char *value = data + strlen(data) + 1;
                char *next;

                if (value >= end)
                        return -1;
                next = value + strlen(value) + 1;
                if (take_pair(p, data, value) < 0)
                        return -1;
                data = next;
        }
        return 0;
}

static void print_hex(const char *bytes, size_t len)
{
        for (size_t i = 0; i < len; i++)
                printf("%02x", (unsigned char)bytes[i]);
}

static void print_plan(const struct plan *plan)
{
        for (size_t i = 0; i < plan->n_files; i++) {
                const struct plan_file *file = &plan->files[i];
                const struct wheel_file *wheel = file->source != NULL ? file->source : file->bytecode_of;

                printf("%d ", (int)file->root);
                print_hex(file->path, strlen(file->path));
                printf(" %s %c %s ",
                       file->source != NULL ? "wheel"
                       : wheel != NULL      ? "bytecode"
                                            : "content",
                       file->executable ? 'x' : '-', file->is_script ? "script" : "-");
                if (wheel != NULL)
                        print_hex(wheel->path, strlen(wheel->path));
                else
                        print_hex(file->content, file->content_len);
                putchar('\n');
        }
}

int main(void)
{
        struct parser p = {0};
        struct plan plan = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_free_ char *data = NULL;
        size_t len = 0;
        int r = 0;

        if (file_read_fd(0, MAX_INPUT, &data, &len) < 0 || parse(&p, data, len) < 0) {
                arena_done(&p.arena);
                return 2;
        }
        p.wheel.files = p.files;
        p.wheel.entry_points = p.points;
        p.input.compiled = p.compiled;
        p.input.wheel = &p.wheel;
        p.input.target = &p.target;
        p.input.scheme = &p.scheme;
        r = plan_make(&p.input, &plan, &err);
        if (r < 0)
                printf("%s: %s\n", pipseed_code_name(r), err.message);
        else
                print_plan(&plan);
        plan_done(&plan);
        arena_done(&p.arena);
        return r < 0 ? 1 : 0;
}
