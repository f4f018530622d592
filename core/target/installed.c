/* SPDX-License-Identifier: MIT */
#include "target/installed.h"

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "target/rooted.h"
#include "target/scheme.h"
#include "wheel/name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>

#define METADATA_LIMIT ((size_t)8 * 1024 * 1024)
#define DIRECT_URL_LIMIT ((size_t)1024 * 1024)

enum kind { KIND_DIST_INFO, KIND_EGG_INFO, KIND_EGG_LINK, KIND_EGG };

static const struct {
        const char *suffix;
        enum kind kind;
} suffixes[] = {
        {".dist-info", KIND_DIST_INFO},
        {".egg-info", KIND_EGG_INFO},
        {".egg-link", KIND_EGG_LINK},
        {".egg", KIND_EGG},
};

struct finder {
        struct installed_list *list;
        size_t capacity;
        const char *project;  /* normalised */
        const char *location; /* unrooted */
        int dir_fd;           /* location */
};

/* "pip-26.3.dist-info" into project, version and kind; of "pip-19.0-py3.7.egg" what follows the version is the Python.
 * -ENOENT: it is something else. */
static int parse_name(struct arena *arena, const char *name, const char **ret_project, const char **ret_version,
                      enum kind *ret_kind)
{
        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                size_t suffix = strlen(suffixes[i].suffix);
                char *stem, *dash;

                if (strlen(name) <= suffix || !str_equal_nocase(name + strlen(name) - suffix, suffixes[i].suffix))
                        continue;
                stem = arena_strndup(arena, name, strlen(name) - suffix);
                if (stem == NULL)
                        return -ENOMEM;
                dash = suffixes[i].kind != KIND_EGG_LINK ? strchr(stem, '-') : NULL;
                *ret_version = dash != NULL ? dash + 1 : "";
                if (dash != NULL)
                        *dash = '\0';
                if (dash != NULL && suffixes[i].kind != KIND_DIST_INFO && strchr(dash + 1, '-') != NULL)
                        *strchr(dash + 1, '-') = '\0';
                *ret_kind = suffixes[i].kind;
                *ret_project = name_normalize(arena, stem);
                return *ret_project != NULL ? 0 : -ENOMEM;
        }
        return -ENOENT;
}

/* Python passes over what it may not read, as over what is not there. */
static bool is_absent(int r)
{
        return r == -ENOENT || r == -ENOTDIR || r == -EISDIR || r == -EACCES || r == -ELOOP || r == -EFBIG;
}

/* Field Version of a header block (METADATA, PKG-INFO); fallback when there is none. 0 or -errno. */
static int read_version(struct arena *arena, int dir_fd, const char *path, const char *fallback,
                        const char **ret_version)
{
        _cleanup_free_ char *text = NULL;
        const char *version = fallback;
        int r = file_read(dir_fd, path, METADATA_LIMIT, &text, NULL);
        char *line = text;

        if (r < 0 && !is_absent(r))
                return r;
        while (line != NULL && line[0] != '\0' && line[0] != '\n' && line[0] != '\r') {
                size_t len = strcspn(line, "\n");
                char *next = line + len + (line[len] != '\0' ? 1 : 0);

                line[len] = '\0';
                if (strncasecmp(line, "version:", strlen("version:")) == 0) {
                        const char *value = str_trim(line + strlen("version:"));

                        version = value[0] != '\0' ? arena_strdup(arena, value) : fallback;
                        break;
                }
                line = next;
        }
        if (version == NULL)
                return -ENOMEM;
        *ret_version = version;
        return 0;
}

/* PEP 610: direct_url.json with "dir_info": {"editable": true}. 1, 0 or -errno. */
static int is_editable(int dir_fd, const char *directory)
{
        _cleanup_free_ char *path = path_join(directory, "direct_url.json");
        _cleanup_free_ char *text = NULL;
        size_t len;
        json_t *json;
        int editable;
        int r = path != NULL ? file_read(dir_fd, path, DIRECT_URL_LIMIT, &text, &len) : -ENOMEM;

        if (r < 0)
                return is_absent(r) ? 0 : r;
        errno = 0;
        json = json_loadb(text, len, 0, NULL);
        if (json == NULL && errno == ENOMEM)
                return -ENOMEM;
        editable = json_is_true(json_object_get(json_object_get(json, "dir_info"), "editable"));
        json_decref(json);
        return editable;
}

/* 1, 0 or -errno. A file that may not be read can still be looked at: what denies that is a reason to stop, for the
 * package is there, and whoever takes its RECORD for missing reports the wrong cause. */
static int is_regular(int dir_fd, const char *path)
{
        struct stat st;

        if (fstatat(dir_fd, path, &st, 0) < 0)
                return errno != EACCES && is_absent(-errno) ? 0 : file_errno();
        return S_ISREG(st.st_mode);
}

static int add(struct finder *finder, const struct installed *item)
{
        struct installed_list *list = finder->list;
        struct installed copy = *item;

        copy.project = finder->project;
        copy.location = finder->location;
        copy.dist_info = arena_strdup(&list->arena, item->dist_info);
        if (copy.version == NULL || copy.dist_info == NULL ||
            arena_grow(&list->arena, &list->items, list->n_items, &finder->capacity, sizeof(*list->items)) < 0)
                return -ENOMEM;
        list->items[list->n_items++] = copy;
        return 0;
}

static int add_dist_info(struct finder *finder, const char *name, const char *version)
{
        _cleanup_free_ char *metadata = path_join(name, "METADATA");
        _cleanup_free_ char *record = path_join(name, "RECORD");
        struct installed item = {.dist_info = name};
        int r;

        if (metadata == NULL || record == NULL)
                return -ENOMEM;
        r = read_version(&finder->list->arena, finder->dir_fd, metadata, version, &item.version);
        if (r < 0)
                return r;
        r = is_editable(finder->dir_fd, name);
        item.is_egg = r > 0;
        if (r >= 0)
                r = is_regular(finder->dir_fd, record);
        item.has_record = r > 0;
        return r < 0 ? r : add(finder, &item);
}

/* A file (distutils) or a directory with PKG-INFO (setuptools). */
static int add_egg_info(struct finder *finder, const char *name, const char *version)
{
        _cleanup_free_ char *inside = path_join(name, "PKG-INFO");
        struct installed item = {.dist_info = name, .is_egg = true};
        int r;

        if (inside == NULL)
                return -ENOMEM;
        r = is_regular(finder->dir_fd, name);
        if (r >= 0)
                r = read_version(&finder->list->arena, finder->dir_fd, r > 0 ? name : inside, version, &item.version);
        return r < 0 ? r : add(finder, &item);
}

static int add_egg_link(struct finder *finder, const char *name, const char *version)
{
        const struct installed item = {.dist_info = name, .is_egg = true, .version = version};

        int r = is_regular(finder->dir_fd, name);

        return r > 0 ? add(finder, &item) : r;
}

static int look_at(struct finder *finder, const char *name)
{
        const char *project;
        const char *version;
        enum kind kind;
        int r = parse_name(&finder->list->arena, name, &project, &version, &kind);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (strcmp(project, finder->project) != 0)
                return 0;
        switch (kind) {
        case KIND_DIST_INFO:
                return add_dist_info(finder, name, version);
        case KIND_EGG_INFO:
                return add_egg_info(finder, name, version);
        case KIND_EGG_LINK:
                return add_egg_link(finder, name, version);
        case KIND_EGG:
                break; /* on the search path itself, by a .pth file, or not at all */
        }
        return 0;
}

/* The search directory itself is "pip-19.0-py3.7.egg" with EGG-INFO in it. */
static int look_at_egg(struct finder *finder)
{
        const char *project;
        const char *version;
        enum kind kind;
        struct installed item = {.dist_info = "EGG-INFO", .is_egg = true};
        struct stat st;
        int r = parse_name(&finder->list->arena, path_base(finder->location), &project, &version, &kind);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (kind != KIND_EGG || strcmp(project, finder->project) != 0 ||
            fstatat(finder->dir_fd, "EGG-INFO", &st, 0) < 0 || !S_ISDIR(st.st_mode))
                return 0;
        r = read_version(&finder->list->arena, finder->dir_fd, "EGG-INFO/PKG-INFO", version, &item.version);
        return r < 0 ? r : add(finder, &item);
}

/* Dist-infos before eggs, as importlib.metadata looks them up; by name within, for one answer everywhere. */
static int by_kind(const struct dirent **a, const struct dirent **b)
{
        int first = str_ends((*a)->d_name, "-info") ? 0 : 1;
        int second = str_ends((*b)->d_name, "-info") ? 0 : 1;

        return first != second ? first - second : strcmp((*a)->d_name, (*b)->d_name);
}

static int is_candidate(const struct dirent *entry)
{
        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                size_t len = strlen(entry->d_name);
                size_t suffix = strlen(suffixes[i].suffix);

                if (len > suffix && str_equal_nocase(entry->d_name + len - suffix, suffixes[i].suffix))
                        return 1;
        }
        return 0;
}

static int look_in(struct finder *finder)
{
        struct dirent **entries = NULL;
        int result = look_at_egg(finder);
        int n = scandirat(finder->dir_fd, ".", &entries, is_candidate, by_kind);

        if (n < 0)
                return result < 0 ? result : -errno;
        for (int i = 0; i < n; i++) {
                if (result == 0)
                        result = look_at(finder, entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
        return result;
}

/* 0 or a negative code. */
static int look_at_dir(const struct target *target, const struct target_scheme *scheme, struct finder *finder,
                       const char *directory, struct pipseed_error *err)
{
        const char *root = target->root != NULL && strcmp(target->root, "/") != 0 ? target->root : NULL;
        _cleanup_free_ char *host = NULL;
        _cleanup_close_ int dir_fd = -1;
        int r = rooted_resolve(root, directory, &host);

        if (r == 0)
                r = dir_fd = file_open_dir(host);
        if (is_absent(r) && !(r == -EACCES && scheme_has(scheme, directory)))
                return 0;
        if (r >= 0) {
                finder->dir_fd = dir_fd;
                finder->location = arena_strdup(&finder->list->arena, directory);
                r = finder->location != NULL ? look_in(finder) : -ENOMEM;
        }
        return r < 0 ? error_sys(err, r, directory, "cannot search '%s' for installed packages", directory) : 0;
}

static int look_everywhere(const struct target *target, const struct target_scheme *scheme, struct finder *finder,
                           struct pipseed_error *err)
{
        bool seen[] = {false, strcmp(scheme->dirs[PLAN_OTHER_LIB], scheme->dirs[PLAN_LIB]) == 0};
        const char *const own[] = {scheme->dirs[PLAN_LIB], scheme->dirs[PLAN_OTHER_LIB]};
        int r = 0;

        for (size_t i = 0; r == 0 && i < target->n_search; i++) {
                for (size_t k = 0; k < ARRAY_SIZE(own); k++)
                        seen[k] = seen[k] || strcmp(target->search[i], own[k]) == 0;
                r = look_at_dir(target, scheme, finder, target->search[i], err);
        }
        for (size_t k = 0; r == 0 && k < ARRAY_SIZE(own); k++)
                if (!seen[k])
                        r = look_at_dir(target, scheme, finder, own[k], err);
        return r;
}

int installed_find(const struct target *target, const struct target_scheme *scheme, const char *project,
                   struct installed_list *ret_list, struct pipseed_error *err)
{
        _cleanup_(installed_list_done) struct installed_list list = {0};
        struct finder finder = {.list = &list, .dir_fd = -1};
        int r;

        finder.project = name_normalize(&list.arena, project);
        if (finder.project == NULL)
                return error_memory(err);
        r = look_everywhere(target, scheme, &finder, err);
        if (r < 0)
                return r;
        *ret_list = list;
        list = (struct installed_list){0};
        return 0;
}

void installed_list_done(struct installed_list *list)
{
        arena_done(&list->arena);
        *list = (struct installed_list){0};
}
