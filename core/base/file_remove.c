/* SPDX-License-Identifier: MIT */
/*
 * file_remove_tree of file.h, for trees of any depth: the first levels are held open and walked by recursion, as any
 * ordinary tree is; below them one directory is open at a time, and the way back up is ".." if that is still the directory
 * that was left. So neither the stack nor the descriptors grow with the depth. Memory is asked for below some hundred
 * levels only: this is what cleans up after a lack of it.
 */
#include "file.h"

#include "cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_HELD 8  /* levels walked by recursion: an environment has seven */
#define N_FIRST 256 /* levels below these that need no memory */

/* Somebody who has not noticed yet may put something into a directory that has just been emptied, and who writes all the
 * time wins as many races as there are time slices: what ends that is time, not a number of tries. */
#define MIN_REFILLED 32
#define MAX_REFILLED_SECONDS 5

/* One call of this module. */
struct removal {
        struct timespec refilled; /* when a directory was first found refilled; all 0: never */
};

static int remove_children(struct removal *removal, int fd_taken, int depth);

/* May a directory that somebody refilled, tries times already, be emptied again? */
static bool has_patience(struct removal *removal, int tries)
{
        struct timespec now = {0};

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        if (removal->refilled.tv_sec == 0 && removal->refilled.tv_nsec == 0)
                removal->refilled = now;
        return tries < MIN_REFILLED || now.tv_sec - removal->refilled.tv_sec < MAX_REFILLED_SECONDS;
}

/* Which directory it is, wherever it is called what. */
struct level {
        dev_t dev;
        ino_t ino;
};

/* The directories from the top of a deep walk down to the one at hand. */
struct trail {
        struct level first[N_FIRST];
        struct level *more;
        size_t n, capacity; /* of more */
        int fd;             /* of the directory at hand */
        int refilled;
};

static void trail_done(struct trail *trail)
{
        cleanup_closep(&trail->fd);
        free(trail->more);
}

static struct level *trail_at(struct trail *trail, size_t i)
{
        return i < N_FIRST ? &trail->first[i] : &trail->more[i - N_FIRST];
}

static int grow(struct trail *trail)
{
        size_t capacity = trail->capacity > 0 ? trail->capacity * 2 : 1024;
        struct level *more;

        if (trail->n < N_FIRST + trail->capacity)
                return 0;
        more = reallocarray(trail->more, capacity, sizeof(*more));
        if (more == NULL)
                return -ENOMEM;
        trail->more = more;
        trail->capacity = capacity;
        return 0;
}

/* The directory at hand becomes the last of the trail, and fd the one at hand. */
static int go_down(struct trail *trail, int fd_taken)
{
        _cleanup_close_ int fd = fd_taken;
        struct stat st;
        int r = grow(trail);

        if (r < 0)
                return r;
        if (fstat(trail->fd, &st) < 0)
                return file_errno();
        *trail_at(trail, trail->n++) = (struct level){.dev = st.st_dev, .ino = st.st_ino};
        (void)close(trail->fd);
        trail->fd = steal_fd(&fd);
        return 0;
}

/* -ESTALE: the directory was moved meanwhile, and what is above it now is none of ours. */
static int go_up(struct trail *trail)
{
        _cleanup_close_ int fd = openat(trail->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const struct level *above = trail_at(trail, trail->n - 1);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return file_errno();
        if (st.st_dev != above->dev || st.st_ino != above->ino)
                return -ESTALE;
        trail->n--;
        (void)close(trail->fd);
        trail->fd = steal_fd(&fd);
        return 0;
}

/* A directory whose owner took away the right to change it gets that right back. */
static int open_to_empty(int dir_fd, const char *name)
{
        const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        _cleanup_close_ int fd = openat(dir_fd, name, flags);
        struct stat st;

        if (fd < 0 && errno == EACCES && fchmodat(dir_fd, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
                fd = openat(dir_fd, name, flags);
        if (fd < 0)
                return errno == ENOTDIR ? -EPERM : file_errno();
        if (fstat(fd, &st) == 0 && (st.st_mode & S_IRWXU) != S_IRWXU && st.st_uid == geteuid())
                (void)fchmod(fd, 0700);
        return steal_fd(&fd);
}

/* Removes what can be without going down. ret_child: a directory that is not empty, opened; else untouched. */
static int clear_level(struct trail *trail, int *ret_child)
{
        alignas(struct dirent64) char buffer[4096];

        for (;;) {
                ssize_t len = getdents64(trail->fd, buffer, sizeof(buffer));

                if (len <= 0)
                        return len < 0 ? -errno : 0;
                for (ssize_t at = 0; at < len;) {
                        const struct dirent64 *entry = (const struct dirent64 *)(const void *)(buffer + at);
                        const char *name = entry->d_name;

                        at += entry->d_reclen;
                        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || unlinkat(trail->fd, name, 0) == 0 ||
                            errno == ENOENT)
                                continue;
                        if (errno != EISDIR && errno != EPERM)
                                return -errno;
                        if (unlinkat(trail->fd, name, AT_REMOVEDIR) == 0) {
                                trail->refilled = 0;
                                continue;
                        }
                        if (errno == ENOENT)
                                continue;
                        if (errno == ENOTDIR) /* and no file that may go */
                                return -EPERM;
                        if (errno != ENOTEMPTY && errno != EEXIST)
                                return -errno;
                        *ret_child = open_to_empty(trail->fd, name);
                        return *ret_child < 0 ? *ret_child : 0;
                }
        }
}

/* Stops at the first thing that cannot be removed: what is as deep as this was not made by an installer. */
static int remove_deep(struct removal *removal, int fd_taken)
{
        _cleanup_(trail_done) struct trail trail = {.fd = fd_taken};

        for (;;) {
                int child = -1;
                int r = clear_level(&trail, &child);

                if (r < 0)
                        return r;
                if (child < 0 && trail.n == 0)
                        return 0;
                if (child >= 0 && trail.refilled > 0 && !has_patience(removal, trail.refilled)) {
                        (void)close(child);
                        return -ENOTEMPTY;
                }
                r = child >= 0 ? go_down(&trail, child) : go_up(&trail);
                if (r < 0)
                        return r;
                /* What comes next in the directory above is to remove the one that was left. */
                trail.refilled += child < 0;
        }
}

/* Empties the directory, which may have lost the right to be read or changed. */
static int empty_dir(struct removal *removal, int dir_fd, const char *name, int depth)
{
        int r = -EACCES;

        for (int tries = 0; tries < 2 && r == -EACCES; tries++) {
                int fd;

                /* The C library does this through a descriptor: what became a link meanwhile keeps its target's mode. */
                if (tries > 0 && fchmodat(dir_fd, name, 0700, AT_SYMLINK_NOFOLLOW) < 0)
                        return -EACCES;
                fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (fd < 0)
                        r = errno == ENOTDIR ? -EPERM : -errno;
                else
                        r = remove_children(removal, fd, depth);
        }
        return r;
}

/* Removes one name. */
static int remove_entry(struct removal *removal, int dir_fd, const char *name, int depth)
{
        if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return -errno;
        for (int tries = 0;; tries++) {
                int r = empty_dir(removal, dir_fd, name, depth);

                if (r < 0)
                        return r;
                if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
                        return 0;
                r = -errno;
                if ((r != -ENOTEMPTY && r != -EEXIST) || !has_patience(removal, tries))
                        return r;
        }
}

/* Reads the directory without asking for memory: this is what cleans up after a lack of it. */
static int remove_children(struct removal *removal, int fd_taken, int depth)
{
        _cleanup_close_ int fd = fd_taken;
        alignas(struct dirent64) char buffer[4096];
        int result = 0;

        if (depth == MAX_HELD)
                return remove_deep(removal, steal_fd(&fd));
        for (;;) {
                ssize_t len = getdents64(fd, buffer, sizeof(buffer));

                if (len < 0 && result == 0)
                        result = -errno;
                if (len <= 0)
                        return result;
                for (ssize_t at = 0; at < len;) {
                        const struct dirent64 *entry = (const struct dirent64 *)(const void *)(buffer + at);
                        int r = 0;

                        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                                r = remove_entry(removal, fd, entry->d_name, depth + 1);
                        if (r < 0 && result == 0)
                                result = r;
                        at += entry->d_reclen;
                }
        }
}

/* What could not be removed because of a passing fault (a signal, memory, a hiccup of the disk) may go at the second try:
 * whoever clears away has nobody to tell, and what stays is leftovers. */
static int remove_again(int dir_fd, const char *name)
{
        struct removal removal = {0};
        int r = remove_entry(&removal, dir_fd, name, 0);

        return r < 0 ? remove_entry(&removal, dir_fd, name, 0) : r;
}

int file_remove_tree(int dir_fd, const char *path)
{
        const char *slash = strrchr(path, '/');
        char parent[PATH_MAX];
        _cleanup_close_ int parent_fd = -1;

        if (slash == NULL)
                return remove_again(dir_fd, path);
        /* No memory is asked for: this is what cleans up after a lack of it. */
        if ((size_t)(slash - path) >= sizeof(parent))
                return -ENAMETOOLONG;
        memcpy(parent, path, (size_t)(slash - path));
        parent[slash - path] = '\0';
        for (int tries = 0; tries < 2 && parent_fd < 0; tries++)
                parent_fd = file_open_beneath(dir_fd, parent, O_PATH | O_DIRECTORY, 0);
        if (parent_fd < 0)
                return parent_fd == -ENOENT ? 0 : parent_fd;
        return remove_again(parent_fd, slash + 1);
}

/* Does name still stand for the directory fd? */
static bool is_called(int dir_fd, const char *name, int fd)
{
        struct stat named, held;

        return fstatat(dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &held) == 0 &&
               named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

int file_remove_held(int dir_fd, const char *name, int fd)
{
        struct removal removal = {0};

        for (int tries = 0;; tries++) {
                int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                int r = again < 0 ? -errno : remove_children(&removal, again, 0);

                if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
                        return 0;
                if (r == 0)
                        r = -errno;
                /* A passing fault may be gone at the second try. */
                if (tries > 0 && ((r != -ENOTEMPTY && r != -EEXIST) || !is_called(dir_fd, name, fd) ||
                                  !has_patience(&removal, tries)))
                        return r;
        }
}
