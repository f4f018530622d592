/* SPDX-License-Identifier: MIT */
#include "target/rooted.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define MAX_LINKS 40 /* as the kernel */

static void drop_last(struct str *resolved)
{
        while (resolved->len > 0 && resolved->data[resolved->len - 1] != '/')
                str_truncate(resolved, resolved->len - 1);
        if (resolved->len > 0)
                str_truncate(resolved, resolved->len - 1);
}

/* Takes one component off *rest and adds it to resolved. A link's text goes before what is left. */
static int take_component(const char *root, struct str *resolved, char **rest, int *n_links)
{
        char *start = *rest + strspn(*rest, "/");
        size_t len = strcspn(start, "/");
        _cleanup_free_ char *host = NULL;
        char link[PATH_MAX];
        char *next;
        ssize_t n;

        if ((len == 0 || (len == 1 && start[0] == '.'))) {
                memmove(*rest, start + len, strlen(start + len) + 1);
                return 0;
        }
        if (len == 2 && start[0] == '.' && start[1] == '.') {
                drop_last(resolved);
                memmove(*rest, start + len, strlen(start + len) + 1);
                return 0;
        }
        host = str_format("%s%s/%.*s", root, resolved->data, (int)len, start);
        if (host == NULL)
                return -ENOMEM;
        n = readlink(host, link, sizeof(link) - 1);
        if (n < 0 && errno != EINVAL && errno != ENOENT && errno != ENOTDIR)
                return -errno;
        if (n < 0) {
                str_add_char(resolved, '/');
                str_add_bytes(resolved, start, len);
                memmove(*rest, start + len, strlen(start + len) + 1);
                return 0;
        }
        if (++*n_links > MAX_LINKS)
                return -ELOOP;
        link[n] = '\0';
        if (link[0] == '/')
                str_truncate(resolved, 0);
        next = str_format("%s/%s", link, start + len);
        if (next == NULL)
                return -ENOMEM;
        free(*rest);
        *rest = next;
        return 0;
}

int rooted_resolve(const char *root, const char *path, char **ret_host)
{
        _cleanup_(str_done) struct str resolved = STR_INIT;
        _cleanup_free_ char *rest = strdup(path);
        int n_links = 0;
        char *host;

        if (rest == NULL)
                return -ENOMEM;
        if (root == NULL) {
                *ret_host = steal_ptr(rest);
                return 0;
        }
        while (rest[0] != '\0') {
                int r = take_component(root, &resolved, &rest, &n_links);

                if (r < 0)
                        return r;
        }
        host = resolved.failed ? NULL : str_format("%s%s", root, resolved.len > 0 ? resolved.data : "/");
        if (host == NULL)
                return -ENOMEM;
        *ret_host = host;
        return 0;
}

const char *rooted_plain(const char *root, const char *host)
{
        return root == NULL ? host : host + strlen(root);
}

int rooted_stat(const char *root, const char *path, struct stat *ret_stat)
{
        _cleanup_free_ char *host = NULL;
        struct stat st;
        int r = rooted_resolve(root, path, &host);

        if (r < 0)
                return r;
        if (stat(host, &st) < 0)
                return file_errno();
        *ret_stat = st;
        return 0;
}

int rooted_find(const char *root, const char *path, mode_t type)
{
        struct stat st;
        int r = rooted_stat(root, path, &st);

        if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -ENAMETOOLONG)
                return 0;
        return r < 0 ? r : (st.st_mode & S_IFMT) == type;
}

int rooted_read(const char *root, const char *path, size_t limit, char **ret_data, size_t *ret_len)
{
        _cleanup_free_ char *host = NULL;
        int r = rooted_resolve(root, path, &host);

        if (r < 0)
                return r;
        return file_read(AT_FDCWD, host, limit, ret_data, ret_len);
}
