/* SPDX-License-Identifier: MIT */
/*
 * target_facts - what the library finds out about a target, as JSON, for test_target_oracle.py.
 *
 *     target_facts [--env DIR] [--python PY] [--root DIR] [--cache DIR] [--installed PROJECT]
 *
 * Paths are in hexadecimal. Exit 1 with {"code": ..., "message": ..., "hint": ...} when target_find fails.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "target/installed.h"
#include "target/target.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static json_t *hex(const char *text)
{
        static const char digits[] = "0123456789abcdef";
        char buffer[2 * 4096 + 1];
        size_t n = 0;

        if (text == NULL)
                return json_null();
        for (; *text != '\0' && n < sizeof(buffer) - 2; text++) {
                buffer[n++] = digits[(unsigned char)*text >> 4];
                buffer[n++] = digits[(unsigned char)*text & 15];
        }
        buffer[n] = '\0';
        return json_string(buffer);
}

static json_t *scheme_json(const struct target_scheme *scheme)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:o}", "purelib", hex(scheme->dirs[PLAN_LIB]), "platlib",
                         hex(scheme->dirs[PLAN_OTHER_LIB]), "scripts", hex(scheme->dirs[PLAN_SCRIPTS]), "headers",
                         hex(scheme->dirs[PLAN_HEADERS]), "data", hex(scheme->dirs[PLAN_DATA]));
}

static json_t *target_json(const struct target *target)
{
        json_t *search = json_array();
        char magic[9];

        for (size_t i = 0; i < target->n_search; i++)
                json_array_append_new(search, hex(target->search[i]));
        (void)snprintf(magic, sizeof(magic), "%02x%02x%02x%02x", target->magic[0], target->magic[1], target->magic[2],
                       target->magic[3]);
        return json_pack(
                "{s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:[iii], s:s, s:s?, s:s, s:o, s:o, s:b, s:o, s:o, s:b, s:s, "
                "s:b, s:s?, s:[iii], s:[ii]}",
                "exe", hex(target->exe), "run_exe", hex(target->run_exe), "prefix", hex(target->prefix), "base_prefix",
                hex(target->base_prefix), "is_venv", target->is_venv, "system_site", target->system_site, "is_pypy",
                strcmp(target->implementation->name, "pypy") == 0, "version_info", target->major, target->minor,
                target->micro, "version", target->version, "cache_tag", target->cache_tag, "magic", magic, "scheme",
                scheme_json(&target->scheme), "user_scheme", scheme_json(&target->user_scheme), "user_site_enabled",
                target->user_site_enabled, "search", search, "stdlib", hex(target->stdlib), "was_probed",
                target->was_probed, "implementation", target->tags.implementation, "free_threaded",
                target->tags.free_threaded, "platform", target->tags.platform, "libc", (int)target->tags.libc,
                target->tags.libc_major, target->tags.libc_minor, "impl_version", target->tags.impl_major,
                target->tags.impl_minor);
}

static json_t *installed_json(const struct target *target, const char *project, struct pipseed_error *err)
{
        _cleanup_(installed_list_done) struct installed_list list = {0};
        json_t *items;

        if (installed_find(target, &target->scheme, project, &list, err) < 0)
                return NULL;
        items = json_array();
        for (size_t i = 0; i < list.n_items; i++)
                json_array_append_new(items, json_pack("{s:s, s:s, s:o, s:o, s:b, s:b}", "project",
                                                       list.items[i].project, "version", list.items[i].version,
                                                       "location", hex(list.items[i].location), "dist_info",
                                                       hex(list.items[i].dist_info), "has_record",
                                                       list.items[i].has_record, "is_egg", list.items[i].is_egg));
        return items;
}

static int print(json_t *json)
{
        int r = json != NULL ? json_dumpf(json, stdout, JSON_INDENT(1)) : -1;

        json_decref(json);
        (void)putchar('\n');
        return r == 0 ? 0 : 2;
}

static int print_error(const struct pipseed_error *err)
{
        (void)print(json_pack("{s:s, s:s, s:s, s:o}", "code", pipseed_code_name(err->code), "message", err->message,
                              "hint", err->hint, "path", hex(err->path)));
        return 1;
}

int main(int argc, char **argv)
{
        static const struct option options[] = {
                {"env", required_argument, NULL, 'e'},       {"python", required_argument, NULL, 'p'},
                {"root", required_argument, NULL, 'r'},      {"cache", required_argument, NULL, 'c'},
                {"installed", required_argument, NULL, 'i'}, {NULL, 0, NULL, 0},
        };
        _cleanup_(target_freep) struct target *target = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct target_query query = {0};
        const char *project = NULL;
        json_t *json;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
                const char **const fields[] = {['e'] = &query.env,
                                               ['p'] = &query.python,
                                               ['r'] = &query.root,
                                               ['c'] = &query.cache_dir,
                                               ['i'] = &project};

                if (c == '?')
                        return 2;
                *fields[c] = optarg;
        }
        if (target_find(&query, &target, &err) < 0)
                return print_error(&err);
        json = target_json(target);
        if (project != NULL && json != NULL) {
                json_t *items = installed_json(target, project, &err);

                if (items == NULL) {
                        json_decref(json);
                        return print_error(&err);
                }
                (void)json_object_set_new(json, "installed", items);
        }
        return print(json);
}
