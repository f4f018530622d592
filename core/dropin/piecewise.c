/* SPDX-License-Identifier: MIT */
#include "dropin/piecewise.h"

#include "base/file.h"
#include "base/path.h"
#include "dropin/package.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PYCACHE "__pycache__"

struct pair {
        int from_fd, to_fd;
};

typedef int entry_fn(const struct pair *pair, const char *name);

static void close_pair(const struct pair *pair)
{
        cleanup_closep(&pair->from_fd);
        cleanup_closep(&pair->to_fd);
}

static int open_pair(int from_dir, const char *from, int to_dir, const char *to, struct pair *ret_pair)
{
        _cleanup_close_ int from_fd = file_open_beneath(from_dir, from, O_RDONLY | O_DIRECTORY, 0);
        _cleanup_close_ int to_fd = file_open_beneath(to_dir, to, O_RDONLY | O_DIRECTORY, 0);

        if (from_fd < 0 || to_fd < 0)
                return from_fd < 0 ? from_fd : to_fd;
        *ret_pair = (struct pair){steal_fd(&from_fd), steal_fd(&to_fd)};
        return 0;
}

/* Calls for each name that is in the first directory at this moment. */
static int for_each(const struct pair *pair, entry_fn *call)
{
        struct dirent **entries = NULL;
        int n = scandirat(pair->from_fd, ".", &entries, NULL, NULL);
        int r = n < 0 ? -errno : 0;

        for (int i = 0; i < n; i++) {
                const char *name = entries[i]->d_name;

                if (r == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
                        r = call(pair, name);
                free(entries[i]);
        }
        free(entries);
        return r;
}

/* Owner, mode and times of a copy. mode of a link is not to be set. */
static int copy_attributes(int fd, const char *name, const struct stat *st)
{
        const struct timespec times[2] = {st->st_atim, st->st_mtim};

        if (geteuid() == 0 && fchownat(fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!S_ISLNK(st->st_mode) && fchmodat(fd, name, st->st_mode & 07777, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return utimensat(fd, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_link(const struct pair *pair, const char *name)
{
        char target[PATH_MAX];
        ssize_t n = readlinkat(pair->from_fd, name, target, sizeof(target) - 1);

        if (n < 0)
                return -errno;
        target[n] = '\0';
        return symlinkat(target, pair->to_fd, name) < 0 ? -errno : 0;
}

static int copy_regular(const struct pair *pair, const char *name, const struct stat *st)
{
        _cleanup_close_ int from = file_open_beneath(pair->from_fd, name, O_RDONLY | O_NONBLOCK, 0);
        _cleanup_close_ int to = -1;
        int r;

        if (from < 0)
                return from;
        to = file_open_beneath(pair->to_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (to < 0)
                return to;
        r = file_copy(from, to, (size_t)st->st_size);
        return r < 0 ? r : file_close(steal_fd(&to));
}

static int copy_entry(const struct pair *pair, const char *name);

static int copy_dir(const struct pair *pair, const char *name)
{
        struct pair inside;
        int r;

        if (mkdirat(pair->to_fd, name, 0700) < 0)
                return -errno;
        r = open_pair(pair->from_fd, name, pair->to_fd, name, &inside);
        if (r < 0)
                return r;
        r = for_each(&inside, copy_entry);
        close_pair(&inside);
        return r;
}

static int copy_entry(const struct pair *pair, const char *name)
{
        struct stat st;
        int r;

        if (fstatat(pair->from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                r = copy_dir(pair, name);
        else if (S_ISLNK(st.st_mode))
                r = copy_link(pair, name);
        else
                r = S_ISREG(st.st_mode) ? copy_regular(pair, name, &st) : -EOPNOTSUPP;
        return r < 0 ? r : copy_attributes(pair->to_fd, name, &st);
}

/* A directory as a whole: PACKAGE_NAME to PACKAGE_KEPT. */
static int keep_copy(int stdlib_fd)
{
        struct stat st;
        struct pair pair;
        int r = package_remove(stdlib_fd, PACKAGE_KEPT);

        if (r == 0 && fstatat(stdlib_fd, PACKAGE_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
                r = -errno;
        if (r == 0 && mkdirat(stdlib_fd, PACKAGE_KEPT, 0700) < 0)
                r = -errno;
        if (r == 0)
                r = open_pair(stdlib_fd, PACKAGE_NAME, stdlib_fd, PACKAGE_KEPT, &pair);
        if (r != 0)
                return r;
        r = for_each(&pair, copy_entry);
        close_pair(&pair);
        if (r == 0)
                r = package_strip(stdlib_fd, PACKAGE_KEPT);
        return r < 0 ? r : copy_attributes(stdlib_fd, PACKAGE_KEPT, &st);
}

/* Replaces: a file in one step, a directory in two. */
static int replace(const struct pair *pair, const char *name)
{
        int reason;
        int r;

        if (renameat(pair->from_fd, name, pair->to_fd, name) == 0)
                return 0;
        reason = errno;
        if (reason != ENOTEMPTY && reason != EEXIST && reason != EISDIR && reason != ENOTDIR && reason != EXDEV)
                return -reason;
        r = file_remove_tree(pair->to_fd, name);
        if (r < 0)
                return r;
        if (reason == EXDEV) /* a directory of a lower layer */
                return copy_entry(pair, name);
        return renameat(pair->from_fd, name, pair->to_fd, name) < 0 ? -errno : 0;
}

static bool is_ours(const char *name)
{
        for (size_t i = 0; i < PACKAGE_FILES; i++)
                if (strcmp(name, package_files[i]) == 0)
                        return true;
        return strcmp(name, PACKAGE_MARK) == 0 || strcmp(name, PYCACHE) == 0;
}

/* Stale bytecode of the one is never taken for that of the other. */
static int replace_pycache(const struct pair *pair)
{
        int r = file_remove_tree(pair->to_fd, PYCACHE);

        if (r == 0)
                r = replace(pair, PYCACHE);
        return r == -ENOENT ? 0 : r;
}

int piecewise_refresh(int stdlib_fd)
{
        struct pair pair = {-1, -1};
        int r = open_pair(stdlib_fd, PACKAGE_NEW, stdlib_fd, PACKAGE_NAME, &pair);

        for (size_t i = 0; r == 0 && i < PACKAGE_FILES; i++)
                r = replace(&pair, package_files[i]);
        if (r == 0)
                r = replace_pycache(&pair);
        if (r == 0) /* last: without it, what is left of the new one would not be known for ours */
                r = replace(&pair, PACKAGE_MARK);
        close_pair(&pair);
        return r < 0 ? r : package_remove(stdlib_fd, PACKAGE_NEW);
}

/* Takes what the interpreter's own had besides out of ours. */
static int remove_other(const struct pair *pair, const char *name)
{
        return is_ours(name) ? 0 : file_remove_tree(pair->from_fd, name);
}

int piecewise_put(int stdlib_fd)
{
        struct pair pair;
        int r = keep_copy(stdlib_fd);

        if (r == 0)
                r = piecewise_refresh(stdlib_fd);
        if (r == 0)
                r = open_pair(stdlib_fd, PACKAGE_NAME, stdlib_fd, PACKAGE_KEPT, &pair);
        if (r < 0)
                return r;
        r = for_each(&pair, remove_other);
        close_pair(&pair);
        return r;
}

static int restore_other(const struct pair *pair, const char *name)
{
        return is_ours(name) ? 0 : replace(pair, name);
}

/* __init__.py last: until then the package is ours, and the next run begins here again. */
static int restore_files(const struct pair *pair)
{
        int r = for_each(pair, restore_other);

        if (r == 0)
                r = replace_pycache(pair);
        for (size_t i = PACKAGE_FILES; r == 0 && i > 0; i--) {
                r = replace(pair, package_files[i - 1]);
                if (r == -ENOENT)
                        r = file_remove_tree(pair->to_fd, package_files[i - 1]);
        }
        return r;
}

/* What is kept stays complete to the end: a copy of it, inside the package, is taken apart. */
static int restore_copy(const struct pair *pair)
{
        struct pair copy = {-1, -1};
        struct pair back;
        int r = file_remove_tree(pair->to_fd, PACKAGE_COPY);

        if (r == 0 && mkdirat(pair->to_fd, PACKAGE_COPY, 0700) < 0)
                r = -errno;
        if (r == 0)
                r = open_pair(pair->from_fd, ".", pair->to_fd, PACKAGE_COPY, &copy);
        if (r == 0)
                r = for_each(&copy, copy_entry);
        back = (struct pair){copy.to_fd, pair->to_fd};
        if (r == 0)
                r = restore_files(&back);
        close_pair(&copy);
        return r;
}

int piecewise_restore(int stdlib_fd)
{
        struct stat st;
        struct pair pair;
        int r = open_pair(stdlib_fd, PACKAGE_KEPT, stdlib_fd, PACKAGE_NAME, &pair);

        if (r < 0)
                return r;
        r = fstat(pair.from_fd, &st) < 0 ? -errno : restore_copy(&pair);
        close_pair(&pair);
        if (r == 0)
                r = package_strip(stdlib_fd, PACKAGE_NAME);
        if (r == 0)
                r = copy_attributes(stdlib_fd, PACKAGE_NAME, &st);
        return r < 0 ? r : package_remove(stdlib_fd, PACKAGE_KEPT);
}
