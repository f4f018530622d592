/* SPDX-License-Identifier: MIT */
#include "target/sys_path.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "target/rooted.h"
#include "target/scheme.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define PTH_LIMIT ((size_t)4 * 1024 * 1024)

static bool is_known(const struct sys_path *search, const char *directory)
{
        for (size_t i = 0; i < search->n_items; i++)
                if (strcmp(search->items[i], directory) == 0)
                        return true;
        return false;
}

/* As site.py: what is not there, or not for this caller, is passed over. What a disk's error hides is not, nor a
 * directory that packages will be put into: what is installed there already must not be taken for missing. */
static bool is_passed_over(const struct sys_path *search, const char *directory, int r)
{
        if (r == -EACCES)
                return !scheme_has(search->scheme, directory);
        return r == -ENOENT || r == -ENOTDIR || r == -EISDIR || r == -ELOOP || r == -EFBIG || r == -ENAMETOOLONG;
}

/* 1, 0 or -errno. */
static int is_dir(const struct sys_path *search, const char *directory)
{
        int r = rooted_find(search->root, directory, S_IFDIR);

        return is_passed_over(search, directory, r) ? 0 : r;
}

static int add_dir(struct sys_path *search, const char *directory)
{
        char *copy;
        int r = is_known(search, directory) ? 0 : is_dir(search, directory);

        if (r <= 0)
                return r;
        copy = arena_strdup(search->arena, directory);
        if (copy == NULL ||
            arena_grow(search->arena, &search->items, search->n_items, &search->capacity, sizeof(*search->items)) < 0)
                return -ENOMEM;
        search->items[search->n_items++] = copy;
        return 0;
}

/* One line of a .pth file, without its end, changed in place. */
static int add_line(struct sys_path *search, const char *site, char *line)
{
        size_t len = strlen(line);
        _cleanup_free_ char *directory = NULL;

        if (line[0] == '#' || str_starts(line, "import ") || str_starts(line, "import\t"))
                return 0;
        while (len > 0 && str_is_space(line[len - 1]))
                line[--len] = '\0';
        if (len == 0 || line[strspn(line, " \t")] == '\0')
                return 0;
        directory = path_absolute(site, line);
        return directory != NULL ? add_dir(search, directory) : -ENOMEM;
}

static int add_pth(struct sys_path *search, const char *site, const char *name)
{
        _cleanup_free_ char *path = path_join(site, name);
        _cleanup_free_ char *text = NULL;
        char *line;
        char *end;
        size_t len;
        int r;

        if (path == NULL)
                return -ENOMEM;
        r = rooted_read(search->root, path, PTH_LIMIT, &text, &len);
        if (r < 0)
                return is_passed_over(search, path, r) ? 0 : r;
        end = text + len;
        line = str_starts(text, "\xef\xbb\xbf") ? text + 3 : text;
        while (line < end) {
                char *stop = line;

                while (stop < end && *stop != '\n' && *stop != '\r')
                        stop++;
                *stop = '\0';
                if (strlen(line) != (size_t)(stop - line))
                        return 0; /* a NUL in a path makes site.py give up on the file */
                r = add_line(search, site, line);
                if (r < 0)
                        return r;
                line = stop + 1;
        }
        return 0;
}

static int is_pth(const struct dirent *entry)
{
        return entry->d_name[0] != '.' && str_ends(entry->d_name, ".pth");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
        return strcmp((*a)->d_name, (*b)->d_name);
}

int sys_path_add_site(struct sys_path *search, const char *directory)
{
        _cleanup_free_ char *host = NULL;
        struct dirent **entries = NULL;
        int result = is_dir(search, directory);
        int n;

        if (result <= 0)
                return result;
        result = add_dir(search, directory);
        if (result == 0)
                result = rooted_resolve(search->root, directory, &host);
        if (result < 0)
                return is_passed_over(search, directory, result) ? 0 : result;
        n = scandir(host, &entries, is_pth, by_bytes);
        if (n < 0)
                return is_passed_over(search, directory, -errno) ? 0 : -errno;
        for (int i = 0; i < n; i++) {
                if (result == 0)
                        result = add_pth(search, directory, entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
        return result;
}
