/* SPDX-License-Identifier: MIT */
#include "layout.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "entrypoint.h"
#include "quote.h"
#include "reserved.h"
#include "version.h"

#include <string.h>
#include <strings.h>

#define DIST_INFO ".dist-info"
#define DATA ".data"

static bool ends_with(const char *text, size_t len, const char *suffix)
{
        size_t suffix_len = strlen(suffix);

        return len >= suffix_len && strncasecmp(text + len - suffix_len, suffix, suffix_len) == 0;
}

/* The first entry at the top of the wheel whose name ends in suffix, file or directory, and a second one; NULL: there
 * is none. Case does not count, as it does not to importlib.metadata: a second project must not hide in
 * ".DIST-INFO". */
static void find_top(const struct zip *zip, const char *suffix, const char **ret_name, const char **ret_second)
{
        *ret_name = *ret_second = NULL;
        for (size_t i = 0; i < zip->n_members; i++) {
                const char *name = zip->members[i].name;
                size_t len = strcspn(name, "/");

                if (!ends_with(name, len, suffix))
                        continue;
                if (*ret_name == NULL)
                        *ret_name = name;
                else if (strncmp(*ret_name, name, len) != 0 || strcspn(*ret_name, "/") != len)
                        *ret_second = name;
        }
}

int layout_same_version(const char *a, const char *b, bool *ret_same)
{
        struct pipseed_error reason = PIPSEED_ERROR_INIT;
        _cleanup_(version_freep) struct version *x = NULL;
        _cleanup_(version_freep) struct version *y = NULL;
        int r = version_parse(a, &x, &reason);

        if (r == 0)
                r = version_parse(b, &y, &reason);
        if (r == PIPSEED_E_NO_MEMORY)
                return -1;
        *ret_same = r == 0 && version_compare(x, y) == 0;
        return 0;
}

/* Is directory NAME-VERSION + suffix of this project and version? -1: out of memory. Versions have no "-" here, names
 * might in old wheels. */
static int check_dir(struct arena *arena, const char *directory, const char *suffix, const struct wheel_name *name,
                     bool *ret_fits, const char **ret_version)
{
        char *stem = arena_strndup(arena, directory, strlen(directory) - strlen(suffix));
        char *dash = stem != NULL ? strrchr(stem, '-') : NULL;
        const char *project;

        *ret_fits = false;
        if (stem == NULL)
                return -1;
        if (dash == NULL || dash == stem)
                return 0;
        *dash = '\0';
        project = name_normalize(arena, stem);
        if (project == NULL)
                return -1;
        *ret_version = dash + 1;
        if (strcmp(project, name->project) != 0)
                return 0;
        return layout_same_version(dash + 1, name->version, ret_fits);
}

/* Anything else that would be taken for an installed project, whose metadata nobody has checked. */
static int refuse_eggs(const struct zip *zip, const char *path, struct pipseed_error *err)
{
        static const char *const suffixes[] = {".egg-info", ".egg-link", ".egg"};

        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                const char *first;
                const char *second;

                find_top(zip, suffixes[i], &first, &second);
                if (first != NULL)
                        return error_set(err, PIPSEED_E_DIST_INFO, path,
                                         "'%s' at the top of the wheel would be taken for another project",
                                         QUOTE(first, strcspn(first, "/")));
        }
        return 0;
}

static int find_dist_info(struct arena *arena, const struct zip *zip, const struct wheel_name *name, const char *path,
                          struct layout *layout, struct pipseed_error *err)
{
        const char *first;
        const char *second;
        bool fits = false;

        find_top(zip, DIST_INFO, &first, &second);
        if (first == NULL)
                return error_set(err, PIPSEED_E_DIST_INFO, path, "the wheel has no .dist-info directory");
        if (second != NULL)
                return error_set(err, PIPSEED_E_DIST_INFO, path,
                                 "the wheel has two .dist-info directories: '%s' and '%s'",
                                 QUOTE(first, strcspn(first, "/")), QUOTE(second, strcspn(second, "/")));
        layout->dist_info = arena_strndup(arena, first, strcspn(first, "/"));
        if (layout->dist_info == NULL ||
            check_dir(arena, layout->dist_info, DIST_INFO, name, &fits, &layout->version) < 0)
                return error_memory(err);
        if (!fits || !str_ends(layout->dist_info, DIST_INFO))
                return error_set(err, PIPSEED_E_DIST_INFO, path,
                                 "the directory '%s' does not match the wheel's file name: %s %s",
                                 QUOTE(first, strcspn(first, "/")), name->distribution, name->version);
        return 0;
}

static int find_data_dir(struct arena *arena, const struct zip *zip, const struct wheel_name *name, const char *path,
                         struct layout *layout, struct pipseed_error *err)
{
        const char *version = NULL;
        const char *first;
        const char *second;
        bool fits = false;

        find_top(zip, DATA, &first, &second);
        if (first == NULL) {
                layout->data_dir =
                        arena_format(arena, "%.*s" DATA, (int)(strlen(layout->dist_info) - strlen(DIST_INFO)),
                                     layout->dist_info);
                return layout->data_dir == NULL ? error_memory(err) : 0;
        }
        layout->data_dir = arena_strndup(arena, first, strcspn(first, "/"));
        if (layout->data_dir == NULL || check_dir(arena, layout->data_dir, DATA, name, &fits, &version) < 0)
                return error_memory(err);
        fits = fits && str_ends(layout->data_dir, DATA);
        if (!fits || second != NULL)
                return error_set(err, PIPSEED_E_DATA_SCHEME, path, "the .data directory '%s' is not this wheel's",
                                 QUOTE(fits ? second : first, strcspn(fits ? second : first, "/")));
        return 0;
}

static int refuse_script(const char *member, const char *path, struct pipseed_error *err)
{
        return error_set(err, PIPSEED_E_SCRIPT_NAME, path,
                         "'%s' would put a file into the scripts directory that is not allowed there",
                         QUOTE(member, strlen(member)));
}

/* Goes to the environment's top directory. bin/ there is the scripts directory, pyvenv.cfg decides which Python it
 * is. */
static int check_data_file(const char *member, const char *rest, const char *path, struct pipseed_error *err)
{
        static const char *const directories[] = {"bin/", "scripts/"};

        if (str_equal_nocase(rest, "pyvenv.cfg"))
                return error_set(err, PIPSEED_E_DATA_SCHEME, path, "'%s' would replace the environment's pyvenv.cfg",
                                 QUOTE(member, strlen(member)));
        for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
                const size_t len = strlen(directories[i]);

                if (strncasecmp(rest, directories[i], len) == 0 && !entry_point_name_is_safe(rest + len))
                        return refuse_script(member, path, err);
        }
        return 0;
}

/* rest is the member's name behind the .data directory and its slash. */
static int check_data(const struct zip_member *member, const char *rest, const char *path, struct pipseed_error *err)
{
        static const char *const keys[] = {"purelib", "platlib", "headers", "scripts", "data"};
        size_t len = strcspn(rest, "/");
        const char *key = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (strlen(keys[i]) == len && memcmp(keys[i], rest, len) == 0)
                        key = keys[i];
        if (rest[0] == '\0')
                return 0;
        if (key == NULL || rest[len] != '/')
                return error_set(err, PIPSEED_E_DATA_SCHEME, path,
                                 "'%s' is in none of purelib, platlib, headers, scripts and data",
                                 QUOTE(member->name, strlen(member->name)));
        rest += len + 1;
        if (member->is_dir)
                return 0;
        if (strcmp(key, "scripts") == 0 && !entry_point_name_is_safe(rest))
                return refuse_script(member->name, path, err);
        return strcmp(key, "data") == 0 ? check_data_file(member->name, rest, path, err) : 0;
}

/* What is behind the Nth slash. */
static const char *skip_parts(const char *key, int n)
{
        for (; n > 0 && *key != '\0'; key++)
                n -= *key == '/';
        return key;
}

/* Names that are somebody else's, as a file system would see them. */
static int check_reserved(const struct zip_member *member, bool in_data, const char *path, struct pipseed_error *err)
{
        const char *rest = in_data ? skip_parts(member->key, 1) : member->key;
        enum reserved_place place = RESERVED_LIB;
        const char *owner;

        if (in_data && strncasecmp(rest, "data/", 5) == 0)
                place = RESERVED_DATA;
        else if (in_data && (strncasecmp(rest, "headers/", 8) == 0 || strncasecmp(rest, "scripts/", 8) == 0))
                place = RESERVED_OTHER;
        if (in_data)
                rest = skip_parts(rest, 1);
        owner = reserved_find(place, rest);
        if (owner == NULL)
                return 0;
        (void)error_set(err, PIPSEED_E_RESERVED_NAME, path, "'%s' has a name that belongs to %s",
                        QUOTE(member->name, strlen(member->name)), owner);
        return error_hint(err, "do not use this wheel (nothing of it was installed)");
}

int layout_find(struct arena *arena, const struct zip *zip, const struct wheel_name *name, const char *path,
                struct layout *ret_layout, struct pipseed_error *err)
{
        struct layout layout = {0};
        size_t len;
        int r = refuse_eggs(zip, path, err);

        if (r == 0)
                r = find_dist_info(arena, zip, name, path, &layout, err);

        if (r == 0)
                r = find_data_dir(arena, zip, name, path, &layout, err);
        if (r < 0)
                return r;
        len = strlen(layout.data_dir);
        for (size_t i = 0; i < zip->n_members; i++) {
                const struct zip_member *member = &zip->members[i];

                bool in_data = strncmp(member->name, layout.data_dir, len) == 0 && member->name[len] == '/';

                if (in_data)
                        r = check_data(member, member->name + len + 1, path, err);
                else if (strcmp(member->name, layout.data_dir) == 0)
                        r = error_set(err, PIPSEED_E_DATA_SCHEME, path, "'%s' is not a directory",
                                      QUOTE(member->name, len));
                if (r == 0)
                        r = check_reserved(member, in_data, path, err);
                if (r < 0)
                        return r;
        }
        *ret_layout = layout;
        return 0;
}
