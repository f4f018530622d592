/* SPDX-License-Identifier: MIT */
#include "target/search.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "target/rooted.h"
#include "target/scheme.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define PTH_LIMIT ((size_t)4 * 1024 * 1024)

static bool is_known(const struct search *search, const char *folder)
{
        for (size_t i = 0; i < search->n_items; i++)
                if (strcmp(search->items[i], folder) == 0)
                        return true;
        return false;
}

/* As site.py: what is not there, or not for this caller, is passed over. What a disk's error hides is not, nor a folder
 * that packages will be put into: what is installed there already must not be taken for missing. */
static bool is_passed_over(const struct search *search, const char *folder, int r)
{
        if (r == -EACCES)
                return !scheme_has(search->scheme, folder);
        return r == -ENOENT || r == -ENOTDIR || r == -EISDIR || r == -ELOOP || r == -EFBIG || r == -ENAMETOOLONG;
}

/* 1, 0 or -errno. */
static int is_folder(const struct search *search, const char *folder)
{
        int r = rooted_find(search->root, folder, S_IFDIR);

        return is_passed_over(search, folder, r) ? 0 : r;
}

static int add_folder(struct search *search, const char *folder)
{
        char *copy;
        int r = is_known(search, folder) ? 0 : is_folder(search, folder);

        if (r <= 0)
                return r;
        copy = arena_strdup(search->arena, folder);
        if (copy == NULL || arena_grow(search->arena, &search->items, search->n_items, &search->capacity,
                                       sizeof(*search->items)) < 0)
                return -ENOMEM;
        search->items[search->n_items++] = copy;
        return 0;
}

/* One line of a .pth file, without its end, changed in place. */
static int add_line(struct search *search, const char *site, char *line)
{
        size_t len = strlen(line);
        _cleanup_free_ char *folder = NULL;

        if (line[0] == '#' || str_starts(line, "import ") || str_starts(line, "import\t"))
                return 0;
        while (len > 0 && str_is_space(line[len - 1]))
                line[--len] = '\0';
        if (len == 0 || line[strspn(line, " \t")] == '\0')
                return 0;
        folder = path_absolute(site, line);
        return folder != NULL ? add_folder(search, folder) : -ENOMEM;
}

static int add_pth(struct search *search, const char *site, const char *name)
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

int search_add_site(struct search *search, const char *folder)
{
        _cleanup_free_ char *host = NULL;
        struct dirent **entries = NULL;
        int result = is_folder(search, folder);
        int n;

        if (result <= 0)
                return result;
        result = add_folder(search, folder);
        if (result == 0)
                result = rooted_resolve(search->root, folder, &host);
        if (result < 0)
                return is_passed_over(search, folder, result) ? 0 : result;
        n = scandir(host, &entries, is_pth, by_bytes);
        if (n < 0)
                return is_passed_over(search, folder, -errno) ? 0 : -errno;
        for (int i = 0; i < n; i++) {
                if (result == 0)
                        result = add_pth(search, folder, entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
        return result;
}
