/* SPDX-License-Identifier: MIT */
#include "install/verify/open_installed.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

/* What an open that failed says about the file; -errno when it says nothing about it. */
static int classify(int r, enum installed_kind *ret_kind)
{
        switch (-r) {
        case ENOENT:
        case ENOTDIR:
        case ENAMETOOLONG:
                *ret_kind = INSTALLED_MISSING;
                return 0;
        case ELOOP:
        case EXDEV:
                *ret_kind = INSTALLED_BLOCKED;
                return 0;
        case EACCES:
        case EPERM:
                *ret_kind = INSTALLED_DENIED;
                return 0;
        default:
                return r;
        }
}

/* A descriptor that tells what the entry is: opening a device or a pipe for reading could do something. */
static int open_entry(int dir_fd, const char *path, struct stat *ret_st)
{
        _cleanup_close_ int fd = file_open_beneath(dir_fd, path, O_PATH | O_NOFOLLOW, 0);

        if (fd < 0)
                return fd;
        if (fstat(fd, ret_st) < 0)
                return -errno;
        return steal_fd(&fd);
}

static int open_file(int dir_fd, const char *path, enum installed_kind *ret_kind, struct stat *ret_st, int *ret_fd)
{
        struct stat st;
        _cleanup_close_ int fd = file_open_beneath(dir_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);

        if (fd < 0)
                return classify(fd, ret_kind);
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode)) {
                *ret_kind = INSTALLED_SPECIAL;
                return 0;
        }
        *ret_kind = INSTALLED_FILE;
        *ret_st = st;
        *ret_fd = steal_fd(&fd);
        return 0;
}

/* The part of an absolute path below one of the stores, and that store; NULL: it is in none. */
static const char *find_store(const char *const *stores, size_t n_stores, const char *path, const char **ret_store)
{
        for (size_t i = 0; i < n_stores; i++) {
                const size_t len = strlen(stores[i]);

                if (path_is_below(stores[i], path) && path[len] == '/' && path_is_plain(path + len + 1)) {
                        *ret_store = stores[i];
                        return path + len + 1;
                }
        }
        return NULL;
}

static int follow(int link_fd, const char *const *stores, size_t n_stores, enum installed_kind *ret_kind,
                  struct stat *ret_st, int *ret_fd)
{
        _cleanup_close_ int store_fd = -1;
        const char *store = NULL;
        const char *rest;
        char target[PATH_MAX];
        const ssize_t len = readlinkat(link_fd, "", target, sizeof(target) - 1);

        if (len < 0)
                return -errno;
        target[len] = '\0';
        rest = find_store(stores, n_stores, target, &store);
        if (rest == NULL) {
                *ret_kind = INSTALLED_LINK;
                return 0;
        }
        store_fd = file_open_dir(store);
        if (store_fd < 0)
                return classify(store_fd, ret_kind);
        return open_file(store_fd, rest, ret_kind, ret_st, ret_fd);
}

int open_installed(int dir_fd, const char *path, const char *const *stores, size_t n_stores,
                   enum installed_kind *ret_kind, struct stat *ret_st, int *ret_fd)
{
        struct stat st;
        _cleanup_close_ int fd = open_entry(dir_fd, path, &st);

        if (fd < 0)
                return classify(fd, ret_kind);
        if (S_ISREG(st.st_mode))
                return open_file(dir_fd, path, ret_kind, ret_st, ret_fd);
        if (S_ISLNK(st.st_mode))
                return follow(fd, stores, n_stores, ret_kind, ret_st, ret_fd);
        *ret_kind = INSTALLED_SPECIAL;
        return 0;
}
