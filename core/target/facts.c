/* SPDX-License-Identifier: MIT */
#include "target/facts.h"

#include "base/error.h"
#include "base/event.h"
#include "base/str.h"
#include "target/probe.h"
#include "target/facts_cache.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void json_free(json_t *json)
{
        json_decref(json);
}
DEFINE_CLEANUP(json_t *, json_free)

/* Reading sticks to its first fault, as str.h does: ask `wrong` once at the end. */
struct reader {
        struct arena *arena;
        const json_t *answer;
        const char *wrong; /* name of the field that is not as it should be */
};

static const json_t *get(struct reader *reader, const char *name, json_type type)
{
        const json_t *value = json_object_get(reader->answer, name);

        if (value != NULL && json_typeof(value) == type)
                return value;
        if (reader->wrong == NULL)
                reader->wrong = name;
        return NULL;
}

static const char *get_text(struct reader *reader, const char *name)
{
        const json_t *value = get(reader, name, JSON_STRING);
        const char *copy = value != NULL ? arena_strdup(reader->arena, json_string_value(value)) : NULL;

        if (copy == NULL && reader->wrong == NULL)
                reader->wrong = name;
        return copy;
}

static const char *get_text_or_null(struct reader *reader, const char *name)
{
        return json_is_null(json_object_get(reader->answer, name)) ? NULL : get_text(reader, name);
}

/* An absolute path in hexadecimal. */
static const char *read_path(struct reader *reader, const json_t *value, const char *name)
{
        _cleanup_free_ char *path = json_is_string(value) ? probe_unhex(json_string_value(value)) : NULL;
        const char *copy = path != NULL && path[0] == '/' ? arena_strdup(reader->arena, path) : NULL;

        if (copy == NULL && reader->wrong == NULL)
                reader->wrong = name;
        return copy;
}

static const char *get_path(struct reader *reader, const char *name)
{
        return read_path(reader, json_object_get(reader->answer, name), name);
}

static void get_paths(struct reader *reader, const char *name, struct facts_paths *ret_paths)
{
        const json_t *list = get(reader, name, JSON_ARRAY);
        size_t n = json_array_size(list);

        if (list == NULL)
                return;
        ret_paths->items = arena_calloc(reader->arena, n + 1, sizeof(*ret_paths->items));
        if (ret_paths->items == NULL) {
                reader->wrong = name;
                return;
        }
        for (size_t i = 0; i < n; i++)
                ret_paths->items[i] = read_path(reader, json_array_get(list, i), name);
        ret_paths->n_items = n;
}

static void get_scheme(struct reader *reader, const char *name, struct target_scheme *ret_scheme)
{
        struct facts_paths paths = {0};

        get_paths(reader, name, &paths);
        if (reader->wrong != NULL || paths.n_items != PLAN_N_ROOTS) {
                reader->wrong = reader->wrong != NULL ? reader->wrong : name;
                return;
        }
        memcpy(ret_scheme->dirs, paths.items, sizeof(ret_scheme->dirs));
}

/* n small numbers from item `first` of a list on. */
static void get_numbers(struct reader *reader, const char *name, size_t first, size_t n, int *ret_numbers)
{
        const json_t *list = get(reader, name, JSON_ARRAY);

        if (list != NULL && json_array_size(list) != first + n && reader->wrong == NULL)
                reader->wrong = name;
        for (size_t i = 0; i < n && reader->wrong == NULL; i++) {
                const json_t *value = json_array_get(list, first + i);

                if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > 9999)
                        reader->wrong = name;
                else
                        ret_numbers[i] = (int)json_integer_value(value);
        }
}

static void get_magic(struct reader *reader, uint8_t ret_magic[4])
{
        const json_t *value = get(reader, "magic", JSON_STRING);
        const char *hex = value != NULL ? json_string_value(value) : "";
        unsigned long magic;

        if (strlen(hex) != 8 || strspn(hex, "0123456789abcdef") != 8) {
                if (reader->wrong == NULL)
                        reader->wrong = "magic";
                return;
        }
        magic = strtoul(hex, NULL, 16);
        for (unsigned int i = 0; i < 4; i++)
                ret_magic[i] = (uint8_t)(magic >> (24 - 8 * i));
}

static void get_libc(struct reader *reader, struct facts *facts)
{
        const json_t *libc = json_object_get(reader->answer, "libc");
        const char *name = json_string_value(json_array_get(libc, 0));
        int numbers[2] = {0, 0};

        if (json_is_null(libc))
                return;
        get_numbers(reader, "libc", 1, 2, numbers);
        if (reader->wrong == NULL && (name == NULL || (strcmp(name, "glibc") != 0 && strcmp(name, "musl") != 0)))
                reader->wrong = "libc";
        if (reader->wrong != NULL)
                return;
        facts->libc = strcmp(name, "glibc") == 0 ? TAG_LIBC_GLIBC : TAG_LIBC_MUSL;
        facts->libc_major = numbers[0];
        facts->libc_minor = numbers[1];
}

static void read_all(struct reader *reader, struct facts *facts)
{
        const json_t *free_threaded = json_object_get(reader->answer, "free_threaded");
        int impl[2] = {0, 0};

        get_numbers(reader, "impl_version", 0, 2, impl);
        if (facts->implementation->abi != NULL) {
                facts->impl_major = impl[0];
                facts->impl_minor = impl[1];
        }
        facts->prefix = get_path(reader, "prefix");
        facts->stdlib = get_path(reader, "stdlib");
        facts->cache_tag = get_text_or_null(reader, "cache_tag");
        get_magic(reader, facts->magic);
        if (!json_is_boolean(free_threaded) && reader->wrong == NULL)
                reader->wrong = "free_threaded";
        facts->free_threaded = json_is_true(free_threaded);
        facts->platform = get_text_or_null(reader, "platform");
        get_libc(reader, facts);
        get_scheme(reader, "scheme", &facts->scheme);
        get_scheme(reader, "venv_scheme", &facts->venv_scheme);
        get_scheme(reader, "user_scheme", &facts->user_scheme);
        facts->user_site = get_path(reader, "user_site");
        get_paths(reader, "site", &facts->site);
        get_paths(reader, "venv_site", &facts->venv_site);
        get_paths(reader, "base_site", &facts->base_site);
}

/* A cache tag becomes part of file names, the name of an implementation part of messages. */
static bool is_tag(const char *text)
{
        if (text == NULL)
                return true;
        for (const char *c = text; *c != '\0'; c++)
                if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '/')
                        return false;
        return text[0] != '\0' && strlen(text) < 64;
}

/* NULL: no JSON, or, by errno, no memory: jansson has no code for that. */
static json_t *load_json(const char *text)
{
        errno = 0;
        return json_loads(text, JSON_REJECT_DUPLICATES, NULL);
}

int facts_parse(struct arena *arena, const char *json, const char *exe, struct facts *ret_facts,
                struct pipseed_error *err)
{
        _cleanup_(json_freep) json_t *answer = load_json(json);
        struct reader reader = {.arena = arena, .answer = answer};
        struct facts facts = {0};
        const char *implementation;
        int version[3] = {0, 0, 0};

        if (answer == NULL && errno == ENOMEM)
                return error_memory(err);
        if (!json_is_object(answer))
                return error_set(err, PIPSEED_E_PROBE_FAILED, exe, "%s did not answer as a Python does", exe);
        get_numbers(&reader, "version", 0, 3, version);
        implementation = get_text(&reader, "implementation");
        if (reader.wrong == NULL && !is_tag(implementation))
                reader.wrong = "implementation";
        if (reader.wrong == NULL && (version[0] < 3 || (version[0] == 3 && version[1] < 6))) {
                (void)error_set(err, PIPSEED_E_BAD_TARGET, exe, "%s is Python %d.%d", exe, version[0], version[1]);
                return error_hint(err, "pipseed installs into Python 3.6 and newer");
        }
        facts.implementation = reader.wrong == NULL ? implementation_find(implementation) : NULL;
        if (reader.wrong == NULL && facts.implementation == NULL) {
                (void)error_set(err, PIPSEED_E_BAD_TARGET, exe, "%s is a Python of an unknown kind: %s", exe,
                                implementation);
                return error_hint(err, "pipseed knows " IMPLEMENTATION_TITLES);
        }
        facts.major = version[0];
        facts.minor = version[1];
        facts.micro = version[2];
        if (reader.wrong == NULL)
                read_all(&reader, &facts);
        if (reader.wrong == NULL && !is_tag(facts.cache_tag))
                reader.wrong = "cache_tag";
        if (reader.wrong != NULL && errno == ENOMEM) /* the reader's arena had none */
                return error_memory(err);
        if (reader.wrong != NULL)
                return error_set(err, PIPSEED_E_PROBE_FAILED, exe, "%s gave no usable answer about its %s", exe,
                                 reader.wrong);
        *ret_facts = facts;
        return 0;
}

int facts_announce(const struct target_query *query, const char *exe, struct pipseed_error *err)
{
        _cleanup_free_ char *text = NULL;

        if (query->event == NULL)
                return 0;
        text = str_format("asking %s what it is", exe);
        if (text == NULL)
                return error_memory(err);
        return event_tell(query->event, query->event_data, PIPSEED_EVENT_DETAIL, text, err);
}

static int ask_and_parse(struct arena *arena, const char *exe, const struct target_query *query, char **ret_json,
                         struct facts *ret_facts, struct pipseed_error *err)
{
        const struct probe probe = {.exe = exe, .event = query->event, .event_data = query->event_data};
        _cleanup_free_ char *json = NULL;
        int r = facts_announce(query, exe, err);

        if (r < 0)
                return r;
        r = probe_facts(&probe, &json, err);
        if (r < 0)
                return r;
        r = facts_parse(arena, json, exe, ret_facts, err);
        if (r < 0)
                return r;
        ret_facts->was_probed = true;
        *ret_json = steal_ptr(json);
        return 0;
}

int facts_ask(struct arena *arena, const char *exe, const struct target_query *query, struct facts *ret_facts,
              struct pipseed_error *err)
{
        _cleanup_free_ char *json = NULL;

        return ask_and_parse(arena, exe, query, &json, ret_facts, err);
}

/* 1, or 0: nothing usable is remembered. */
static int recall(struct arena *arena, struct facts_cache *facts_cache, const char *exe, struct facts *ret_facts)
{
        struct pipseed_error damaged = PIPSEED_ERROR_INIT;
        _cleanup_free_ char *json = NULL;

        return facts_cache_read(facts_cache, &json) && facts_parse(arena, json, exe, ret_facts, &damaged) == 0;
}

int facts_remembered(struct arena *arena, const char *exe, const struct target_query *query, struct facts *ret_facts,
                     struct pipseed_error *err)
{
        _cleanup_(facts_cache_done) struct facts_cache facts_cache = FACTS_CACHE_INIT;
        int r = facts_cache_open(&facts_cache, query->cache_dir, exe, err);

        return r < 0 ? r : recall(arena, &facts_cache, exe, ret_facts);
}

int facts_of(struct arena *arena, const char *exe, const struct target_query *query, struct facts *ret_facts,
             struct pipseed_error *err)
{
        _cleanup_(facts_cache_done) struct facts_cache facts_cache = FACTS_CACHE_INIT;
        _cleanup_free_ char *json = NULL;
        int r;

        r = facts_cache_open(&facts_cache, query->cache_dir, exe, err);
        if (r < 0)
                return r;
        if (recall(arena, &facts_cache, exe, ret_facts) > 0)
                return 0;
        r = ask_and_parse(arena, exe, query, &json, ret_facts, err);
        if (r < 0)
                return r;
        facts_cache_write(&facts_cache, json);
        return 0;
}
