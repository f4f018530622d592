/* SPDX-License-Identifier: MIT */
#include "venv/layout.h"

#include "base/error.h"
#include "base/path.h"
#include "base/str.h"
#include "target/probe.h"
#include "venv/template.h"
#include "venv/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char ignore_file[] = "# Created by venv; see https://docs.python.org/3/library/venv.html\n*\n";

struct maker {
        struct arena *arena;
        const struct layout_query *query;
        struct layout *layout;
        const char *prompt; /* as venv holds it: NULL when none was asked for */
        struct pipseed_error *err;
};

static const struct features *features_of(const struct maker *maker)
{
        return &maker->query->origin->features;
}

static int add_dir(struct maker *maker, const char *path, size_t len)
{
        struct layout *layout = maker->layout;

        for (size_t i = 0; i < layout->n_dirs; i++)
                if (strlen(layout->dirs[i]) == len && memcmp(layout->dirs[i], path, len) == 0)
                        return 0;
        if (layout->n_dirs == LAYOUT_MAX_DIRS)
                return error_set(maker->err, PIPSEED_E_UNSUPPORTED, path,
                                 "the directories of the base's scheme are too deep");
        layout->dirs[layout->n_dirs] = arena_strndup(maker->arena, path, len);
        if (layout->dirs[layout->n_dirs] == NULL)
                return error_memory(maker->err);
        layout->n_dirs++;
        return 0;
}

/* A path below the environment, and all directories on the way. */
static int add_dirs(struct maker *maker, const char *path)
{
        int r = 0;

        for (const char *slash = path; r == 0 && slash != NULL; slash = strchr(slash + 1, '/'))
                if (slash > path)
                        r = add_dir(maker, path, (size_t)(slash - path));
        return r < 0 ? r : add_dir(maker, path, strlen(path));
}

/* What a directory of the scheme for environments is below the environment. */
static const char *below(const char *path)
{
        size_t len = strlen(PROBE_PREFIX);

        return strncmp(path, PROBE_PREFIX "/", len + 1) == 0 && path_is_plain(path + len + 1) ? path + len + 1 : NULL;
}

static int add_all_dirs(struct maker *maker)
{
        const struct facts *facts = maker->query->origin->facts;
        const char *purelib = below(facts->venv_scheme.dirs[PLAN_LIB]);
        const char *platlib = below(facts->venv_scheme.dirs[PLAN_OTHER_LIB]);
        _cleanup_free_ char *lib = purelib != NULL ? path_dir(purelib) : NULL;
        _cleanup_free_ char *include = NULL;
        int r;

        if (purelib == NULL || platlib == NULL)
                return error_set(maker->err, PIPSEED_E_UNSUPPORTED, facts->venv_scheme.dirs[PLAN_LIB],
                                 "the directories of environments of %s are outside of them",
                                 maker->query->origin->exe);
        /* "python3.13", "python3.13t": the same name as below lib. */
        include = lib != NULL ? str_format("include/%s", path_base(lib)) : NULL;
        if (include == NULL)
                return error_memory(maker->err);
        r = add_dirs(maker, features_of(maker)->include_by_version ? include : "include");
        if (r == 0)
                r = add_dirs(maker, purelib);
        if (r == 0 && features_of(maker)->platlib)
                r = add_dirs(maker, platlib);
        return r < 0 ? r : add_dirs(maker, "bin");
}

static int add_entry(struct maker *maker, const struct layout_entry *entry)
{
        struct layout *layout = maker->layout;

        if (entry->text == NULL || entry->name == NULL)
                return error_memory(maker->err);
        /* posix comes after common: the more special script counts. */
        for (size_t i = 0; i < layout->n_entries; i++)
                if (layout->entries[i].directory == entry->directory &&
                    strcmp(layout->entries[i].name, entry->name) == 0) {
                        layout->entries[i] = *entry;
                        return 0;
                }
        if (layout->n_entries == LAYOUT_MAX_ENTRIES)
                return error_set(maker->err, PIPSEED_E_UNSUPPORTED, maker->query->origin->venv_dir,
                                 "the base's venv has too many scripts");
        layout->entries[layout->n_entries++] = *entry;
        return 0;
}

static int add_lib64(struct maker *maker)
{
        const struct layout_entry entry = {LAYOUT_TOP, LAYOUT_LINK, LAYOUT_KEEP, .name = "lib64", .text = "lib"};

        return features_of(maker)->lib64 && maker->query->origin->is_64bit ? add_entry(maker, &entry) : 0;
}

static int add_ignore_file(struct maker *maker)
{
        const struct layout_entry entry = {LAYOUT_TOP,           LAYOUT_FILE,         LAYOUT_REPLACE,
                                           .name = ".gitignore", .text = ignore_file, .len = strlen(ignore_file)};

        if (!features_of(maker)->ignore_file || maker->query->req->without_scm_ignore_files)
                return 0;
        return add_entry(maker, &entry);
}

static int write_config(struct maker *maker, bool system_site, const char **ret_text, size_t *ret_len)
{
        const struct pipseed_create_request *req = maker->query->req;
        const struct base_python *origin = maker->query->origin;
        _cleanup_(str_done) struct str text = STR_INIT;
        const struct text_config config = {
                .home = origin->home,
                .version = origin->version,
                .prompt = features_of(maker)->has_prompt ? maker->prompt : NULL,
                .executable = features_of(maker)->has_command ? origin->real : NULL,
                .program = origin->exe,
                .asked_prompt = req->prompt,
                .dir = maker->query->dir,
                .system_site = system_site,
                .copies = req->copies,
                .without_pip = req->without_pip,
                .clear = req->clear,
                .upgrade = req->upgrade,
                .without_ignore_file = features_of(maker)->ignore_file && req->without_scm_ignore_files,
        };

        text_add_config(&text, &config);
        *ret_text = text.failed ? NULL : arena_strndup(maker->arena, text.data, text.len);
        *ret_len = text.len;
        return *ret_text != NULL ? 0 : error_memory(maker->err);
}

static int add_config(struct maker *maker)
{
        const struct pipseed_create_request *req = maker->query->req;
        struct layout *layout = maker->layout;
        struct layout_entry entry = {LAYOUT_TOP, LAYOUT_FILE, LAYOUT_REPLACE, .name = "pyvenv.cfg"};
        bool later = req->system_site_packages && maker->query->finish_later;
        int r = write_config(maker, req->system_site_packages && !later, &entry.text, &entry.len);

        if (r == 0 && later)
                r = write_config(maker, true, &layout->later, &layout->later_len);
        return r < 0 ? r : add_entry(maker, &entry);
}

static int add_name(struct maker *maker, const char *name)
{
        const struct base_python *origin = maker->query->origin;
        bool copies = maker->query->req->copies;
        const struct layout_entry entry = {
                LAYOUT_BIN,   copies ? LAYOUT_COPY : LAYOUT_LINK,           LAYOUT_KEEP,
                .name = name, .text = copies ? origin->base : origin->name, .mode = copies ? 0755 : 0,
        };

        return name == NULL || strcmp(name, origin->name) != 0 ? add_entry(maker, &entry) : 0;
}

static int add_interpreter(struct maker *maker)
{
        const struct base_python *origin = maker->query->origin;
        bool copies = maker->query->req->copies;
        const struct layout_entry entry = {
                LAYOUT_BIN,           copies ? LAYOUT_COPY : LAYOUT_LINK, LAYOUT_INTERPRETER, .name = origin->name,
                .text = origin->base, .mode = copies ? 0755 : 0,
        };
        const struct {
                bool wanted;
                const char *name;
        } names[] = {
                {true, "python"},
                {true, "python3"},
                {features_of(maker)->minor_name, arena_format(maker->arena, "python3.%d", origin->facts->minor)},
                {features_of(maker)->pi_name, "\xf0\x9d\x9c\x8bthon"},
        };
        const char *const *own = origin->facts->implementation->venv_names;
        int r = add_entry(maker, &entry);

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++)
                if (names[i].wanted)
                        r = add_name(maker, names[i].name);
        for (; r == 0 && *own != NULL; own++)
                r = add_name(maker, *own);
        return r;
}

/* A template that is not UTF-8 is left out, as venv does it with a warning: no release has one. */
static int add_script(struct maker *maker, const struct template *template)
{
        const struct features *features = features_of(maker);
        const char *name = path_base(maker->query->dir);
        const char *prompt = maker->prompt != NULL ? maker->prompt : name;
        const char *const values[TEXT_N_VARIABLES] = {
                [TEXT_DIR] = maker->query->dir,
                [TEXT_NAME] = name,
                [TEXT_PROMPT] = features->prompt_in_parens ? arena_format(maker->arena, "(%s) ", prompt) : prompt,
                [TEXT_BIN_NAME] = "bin",
                [TEXT_PYTHON] = maker->layout->interpreter,
        };
        _cleanup_(str_done) struct str text = STR_INIT;
        struct layout_entry entry = {LAYOUT_BIN, LAYOUT_FILE, LAYOUT_REPLACE, .name = template->name,
                                     .mode = template->mode};
        bool replaced;

        if (values[TEXT_PROMPT] == NULL)
                return error_memory(maker->err);
        if (!str_is_utf8(template->text, template->len))
                return 0;
        replaced = text_add_script(&text, template->name, template->text, template->len, values, features->quotes);
        entry.text = text.failed ? NULL : arena_strndup(maker->arena, text.data, text.len);
        entry.len = text.len;
        if (!replaced && features->keeps_unchanged) {
                entry.keeps_times = true;
                memcpy(entry.times, template->times, sizeof(entry.times));
        }
        return add_entry(maker, &entry);
}

static int add_scripts(struct maker *maker)
{
        struct templates templates = {.arena = maker->arena};
        int r = templates_read(&templates, maker->query->origin->venv_fd, maker->query->origin->venv_dir, maker->err);

        for (size_t i = 0; r == 0 && i < templates.n_items; i++)
                r = add_script(maker, &templates.items[i]);
        return r;
}

static int find_prompt(struct maker *maker)
{
        _cleanup_free_ char *here = NULL;

        maker->prompt = maker->query->req->prompt;
        if (maker->prompt == NULL || strcmp(maker->prompt, ".") != 0 || !features_of(maker)->dot_is_dir)
                return 0;
        here = getcwd(NULL, 0);
        if (here == NULL)
                return error_sys(maker->err, errno, NULL,
                                 "cannot determine the name of the current directory, for the prompt");
        maker->prompt = arena_strdup(maker->arena, path_base(here));
        return maker->prompt != NULL ? 0 : error_memory(maker->err);
}

int layout_make(struct arena *arena, const struct layout_query *query, struct layout *ret_layout,
                struct pipseed_error *err)
{
        struct maker maker = {.arena = arena, .query = query, .layout = ret_layout, .err = err};
        int r = find_prompt(&maker);

        ret_layout->interpreter = arena_format(arena, "%s/bin/%s", query->dir, query->origin->name);
        if (r == 0 && ret_layout->interpreter == NULL)
                r = error_memory(err);
        if (r == 0)
                r = add_all_dirs(&maker);
        if (r == 0)
                r = add_lib64(&maker);
        if (r == 0)
                r = add_ignore_file(&maker);
        if (r == 0)
                r = add_config(&maker);
        if (r == 0)
                r = add_interpreter(&maker);
        if (r == 0 && !query->req->upgrade)
                r = add_scripts(&maker);
        return r;
}
