/* SPDX-License-Identifier: MIT */
/* pipseed cache: show, fill, check and shrink the store. */
#include "humanize.h"
#include "batch.h"
#include "cleanup.h"
#include "cli_error.h"
#include "interrupt.h"

#include <string.h>
#include <sys/stat.h>

struct prune_settings {
        struct settings common;
        const char *max_age;
        const char *max_size;
};

static const struct option prune_options[] = {
        {"--max-age", 0, OPTION_TEXT, offsetof(struct prune_settings, max_age), "AGE", NULL, NULL,
         "remove entries unused for AGE (30 or 30d: days, 12h: hours)"},
        {"--max-size", 0, OPTION_TEXT, offsetof(struct prune_settings, max_size), "SIZE", NULL, NULL,
         "remove least recently used entries above SIZE (500M, 2G)"},
        {.name = NULL},
};
static const struct option_group prune_group = {"Options", prune_options};

static const struct option_group *const plain_groups[] = {&common_group, NULL};
static const struct option_group *const prune_groups[] = {&prune_group, &common_group, NULL};
static const struct option_group *const warm_groups[] = {&install_group, &target_group, &batch_group, &common_group,
                                                         NULL};

#define DEFAULT_AGE ((uint64_t)30 * 86400)
#define DEFAULT_SIZE ((uint64_t)2 << 30)

static int read_limits(const struct prune_settings *settings, uint64_t *ret_age, uint64_t *ret_size,
                       struct pipseed_error *err)
{
        const bool none = settings->max_age == NULL && settings->max_size == NULL;
        uint64_t age = none ? DEFAULT_AGE : UINT64_MAX;
        uint64_t size = none ? DEFAULT_SIZE : UINT64_MAX;

        if (settings->max_age != NULL && !humanize_read_age(settings->max_age, &age))
                return cli_error_set(err, PIPSEED_E_USAGE, NULL,
                                     "--max-age: expected days (30, 30d) or hours (12h), got '%s'", settings->max_age);
        if (settings->max_size != NULL && !humanize_read_size(settings->max_size, &size))
                return cli_error_set(err, PIPSEED_E_USAGE, NULL,
                                     "--max-size: expected bytes, or a number with K, M, G or T (500M), got '%s'",
                                     settings->max_size);
        *ret_age = age;
        *ret_size = size;
        return 0;
}

static const char *name_of(const struct pipseed_cache_entry *entry)
{
        return entry->wheel != NULL ? entry->wheel : entry->sha256;
}

static void put_entry(struct json_output *document, json_t *object, const struct pipseed_cache_entry *entry)
{
        json_output_text(document, object, "wheel", entry->wheel);
        json_output_text(document, object, "sha256", entry->sha256);
        json_output_text(document, object, "path", entry->path);
        json_output_number(document, object, "bytes", entry->bytes);
        json_output_number(document, object, "n_files", entry->n_files);
        json_output_number(document, object, "n_bytecode_sets", entry->n_bytecode_sets);
        json_output_put(document, object, "last_used",
                        entry->last_used != 0 ? json_integer((json_int_t)entry->last_used) : json_null());
        json_output_put(document, object, "in_use", json_boolean(entry->in_use));
        json_output_text(document, object, "status", entry->status == 0 ? "ok" : pipseed_code_name(entry->status));
        json_output_put(document, object, "number", json_integer(entry->status));
        json_output_text(document, object, "problem", entry->problem);
}

static void put_cache(struct json_output *document, const struct pipseed_cache *cache)
{
        json_t *array = NULL;

        json_output_text(document, document->root, "store", cache->path);
        json_output_number(document, document->root, "bytes", cache->bytes);
        array = json_output_array(document, document->root, "entries");
        for (size_t i = 0; i < cache->n_entries; i++)
                put_entry(document, json_output_element(document, array), cache->entries[i]);
}

static void write_cache(struct session *session, const struct pipseed_cache *cache, int code)
{
        _cleanup_(json_output_done) struct json_output document = {0};

        if (!session->settings->json)
                return;
        json_output_begin(&document, session->command->name, code == 0 ? "ok" : "findings", pipseed_exit_code(code));
        json_output_put(&document, document.root, "dry_run", json_boolean(session->settings->dry_run));
        put_cache(&document, cache);
        output_document(session->out, json_output_root(&document));
}

static void free_cache(struct pipseed_cache **cache)
{
        pipseed_cache_free(*cache);
}

static int list(struct session *session, bool check, struct pipseed_cache **ret_cache, struct pipseed_error *err)
{
        struct session_events events = {.session = session};
        struct pipseed_request req;
        int r = session_request(session, &req, err);

        if (r < 0)
                return r;
        req.event = session_event;
        req.event_data = &events;
        if (check)
                interrupt_catch();
        r = pipseed_cache_list(&req, check, ret_cache, err);
        interrupt_explain(err);
        return r;
}

static int print_table(struct session *session, const struct pipseed_cache *cache)
{
        enum { COLUMNS = 5 };
        static const char *const heading[COLUMNS] = {"WHEEL", "SIZE", "FILES", "BYTECODE", "LAST USED"};
        _cleanup_free_ const char **cells = calloc((cache->n_entries + 1) * COLUMNS, sizeof(*cells));
        _cleanup_free_ char(*texts)[4][HUMANIZE_SIZE] = calloc(cache->n_entries + 1, sizeof(*texts));
        const char **cell = cells;

        if (cells == NULL || texts == NULL)
                return PIPSEED_E_NO_MEMORY;
        for (size_t i = 0; i < COLUMNS; i++)
                *cell++ = heading[i];
        for (size_t i = 0; i < cache->n_entries; i++) {
                const struct pipseed_cache_entry *entry = cache->entries[i];

                (void)snprintf(texts[i][1], HUMANIZE_SIZE, "%ju", (uintmax_t)entry->n_files);
                (void)snprintf(texts[i][2], HUMANIZE_SIZE, "%ju", (uintmax_t)entry->n_bytecode_sets);
                *cell++ = name_of(entry);
                *cell++ = humanize_show_size(entry->bytes, texts[i][0]);
                *cell++ = texts[i][1];
                *cell++ = texts[i][2];
                *cell++ = entry->in_use ? "now" : humanize_show_time(entry->last_used, texts[i][3]);
        }
        output_table(session->out, cells, cache->n_entries + 1, COLUMNS);
        return 0;
}

/* Prints the problems; returns the code of the last damaged entry, or 0. */
static int print_damage(struct session *session, const struct pipseed_cache *cache)
{
        int code = 0;

        for (size_t i = 0; i < cache->n_entries; i++) {
                const struct pipseed_cache_entry *entry = cache->entries[i];

                if (entry->status == 0)
                        continue;
                code = entry->status;
                output_finding(session->out, pipseed_code_name(entry->status), entry->path,
                               entry->problem != NULL ? entry->problem : "is damaged");
        }
        return code;
}

static int run_info(struct session *session)
{
        _cleanup_(free_cache) struct pipseed_cache *cache = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        char text[HUMANIZE_SIZE];

        if (list(session, false, &cache, &err) < 0)
                return session_fail(session, &err);
        if (cache->n_entries > 0 && print_table(session, cache) < 0)
                return cli_error_memory(&err), session_fail(session, &err);
        (void)print_damage(session, cache);
        output_line(session->out, "%s: %zu %s, %s", cache->path, cache->n_entries,
                    cache->n_entries == 1 ? "wheel" : "wheels", humanize_show_size(cache->bytes, text));
        write_cache(session, cache, 0);
        return 0;
}

static int run_verify(struct session *session)
{
        _cleanup_(free_cache) struct pipseed_cache *cache = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        int code;

        if (list(session, true, &cache, &err) < 0)
                return session_fail(session, &err);
        for (size_t i = 0; i < cache->n_entries; i++)
                if (cache->entries[i]->status == 0)
                        output_result(session->out, "ok", "%s", name_of(cache->entries[i]));
        code = print_damage(session, cache);
        if (code != 0)
                output_note(
                        session->out,
                        "the next seeding rebuilds a damaged entry; to check environments that share its files, run: "
                        "pipseed verify ENV");
        write_cache(session, cache, code);
        return pipseed_exit_code(code);
}

static void print_removed(struct session *session, const struct pipseed_cache *cache)
{
        char size[HUMANIZE_SIZE], moment[HUMANIZE_SIZE];

        for (size_t i = 0; i < cache->n_entries; i++) {
                const struct pipseed_cache_entry *entry = cache->entries[i];

                output_result(session->out, session->settings->dry_run ? "Would remove" : "Removed",
                              "%s (%s, last used %s%s)", name_of(entry), humanize_show_size(entry->bytes, size),
                              humanize_show_time(entry->last_used, moment), entry->status != 0 ? ", damaged" : "");
        }
        if (cache->n_entries == 0)
                output_result(session->out, NULL, "nothing to remove from %s", cache->path);
        else if (cache->n_entries > 1)
                output_result(session->out, NULL, "%s in total", humanize_show_size(cache->bytes, size));
}

static int remove_entries(struct session *session, uint64_t max_age, uint64_t max_size)
{
        _cleanup_(free_cache) struct pipseed_cache *removed = NULL;
        _cleanup_(free_cache) struct pipseed_cache *left = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_request req;
        size_t in_use = 0;

        if (session_request(session, &req, &err) < 0 ||
            pipseed_cache_prune(&req, max_age, max_size, &removed, &err) < 0 ||
            pipseed_cache_list(&req, false, &left, &err) < 0)
                return session_fail(session, &err);
        print_removed(session, removed);
        for (size_t i = 0; i < left->n_entries; i++)
                in_use += left->entries[i]->in_use;
        if (in_use > 0)
                output_note(session->out, "%zu of the store's entries %s in use now and cannot be removed", in_use,
                            in_use == 1 ? "is" : "are");
        write_cache(session, removed, 0);
        return 0;
}

static int run_prune(struct session *session)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        uint64_t max_age = UINT64_MAX, max_size = UINT64_MAX;

        if (read_limits((const struct prune_settings *)session->settings, &max_age, &max_size, &err) < 0)
                return session_fail(session, &err);
        return remove_entries(session, max_age, max_size);
}

static int run_clear(struct session *session)
{
        return remove_entries(session, 0, 0);
}

/* An operand may also name an interpreter: a file, or a name on PATH. */
static bool is_interpreter(const char *operand)
{
        struct stat st;

        if (stat(operand, &st) == 0)
                return S_ISREG(st.st_mode);
        return strchr(operand, '/') == NULL;
}

static int warm(const struct pipseed_request *req, void **ret_cache, struct pipseed_error *err)
{
        struct pipseed_request own = *req;
        struct pipseed_cache *cache = NULL;
        int r;

        if (req->env != NULL && is_interpreter(req->env)) {
                own.python = req->env;
                own.env = NULL;
        }
        r = pipseed_cache_warm(&own, &cache, err);
        if (r >= 0)
                *ret_cache = cache;
        return r;
}

static void release(void *cache)
{
        pipseed_cache_free(cache);
}

static int show_warm(struct session *session, const struct pipseed_request *req, const void *data,
                     struct json_output *document)
{
        const struct pipseed_cache *cache = data;
        char size[HUMANIZE_SIZE];

        for (size_t i = 0; i < cache->n_entries; i++) {
                const struct pipseed_cache_entry *entry = cache->entries[i];

                if (entry->path == NULL) {
                        output_result(session->out, "Would add", "%s", name_of(entry));
                        continue;
                }
                output_result(session->out, "In the store:", "%s (%ju files, %s, bytecode of %ju %s)", name_of(entry),
                              (uintmax_t)entry->n_files, humanize_show_size(entry->bytes, size),
                              (uintmax_t)entry->n_bytecode_sets,
                              entry->n_bytecode_sets == 1 ? "interpreter" : "interpreters");
                output_detail(session->out, 1, "%s", entry->path);
        }
        if (document != NULL) {
                json_output_put(document, document->root, "dry_run", json_boolean(req->dry_run));
                put_cache(document, cache);
        }
        return 0;
}

static int run_warm(struct session *session)
{
        static const struct batch_job job = {.work = warm,
                                             .show = show_warm,
                                             .release = release,
                                             .doing = "filling the store"};

        return batch_run(session, &job);
}

static const struct command info = {
        .name = "cache info",
        .summary = "show what is in the store",
        .operands = "",
        .groups = plain_groups,
        .run = run_info,
};

static const struct command warm_command = {
        .name = "cache warm",
        .summary = "add to the store what seeding these targets needs",
        .operands = "[TARGET...]",
        .description =
                "TARGET is the directory of an environment, or an interpreter: a file, or a name on PATH. It is not "
                "changed. By default the target is that of 'pipseed seed'.",
        .groups = warm_groups,
        .max_operands = COMMAND_ANY_OPERANDS,
        .run = run_warm,
};

static const struct command verify = {
        .name = "cache verify",
        .summary = "read and check every file of the store",
        .description = "Exits with code 4 if an entry is damaged.",
        .operands = "",
        .groups = plain_groups,
        .run = run_verify,
};

static const struct command prune = {
        .name = "cache prune",
        .summary = "remove entries that are old or exceed a size",
        .operands = "",
        .description =
                "By default removes entries that were not used for 30 days, and what exceeds 2 GiB. Always removes "
                "damaged entries, never an entry that a seeding is using. Environments keep their files.",
        .groups = prune_groups,
        .settings_size = sizeof(struct prune_settings),
        .run = run_prune,
};

static const struct command clear = {
        .name = "cache clear",
        .summary = "remove all entries that are not in use",
        .operands = "",
        .groups = plain_groups,
        .run = run_clear,
};

static const struct command *const children[] = {&info, &warm_command, &verify, &prune, &clear, NULL};

const struct command command_cache = {
        .name = "cache",
        .summary = "manage the store of unpacked wheels",
        .operands = "info|warm|verify|prune|clear",
        .groups = plain_groups,
        .children = children,
};
