/* SPDX-License-Identifier: MIT */
#include "leftover.h"

#include "cleanup.h"
#include "file.h"
#include "dir_iter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define ABANDONED_S 3600

bool leftover_is_held(int fd)
{
        struct stat st;

        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
                return false;
        return errno == EWOULDBLOCK || fstat(fd, &st) < 0 || st.st_mtime + ABANDONED_S > time(NULL);
}

bool leftover_is_private(int fd)
{
        struct stat st;

        if (fstat(fd, &st) < 0 || (st.st_uid != 0 && st.st_uid != geteuid()))
                return false;
        /* In a sticky directory others make names, but do not rename what is the caller's. */
        return (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (st.st_mode & S_ISVTX) != 0;
}

/* Of the held directory itself: what the name stands for may be another one by now. */
static bool is_marked(int fd)
{
        struct stat st;

        return fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
               (st.st_mode & (LEFTOVER_MARK | S_IWGRP | S_IWOTH)) == LEFTOVER_MARK;
}

bool leftover_is_proved(int dir_fd, int fd)
{
        return is_marked(fd) || leftover_is_private(dir_fd);
}

static int look(int dir_fd, const char *name, bool asks_lock, struct leftover *ret_leftover)
{
        struct leftover leftover = LEFTOVER_INIT;
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                if (errno != ENOENT && errno != ENOTDIR)
                        return -errno;
        } else if (S_ISDIR(st.st_mode)) {
                leftover.uid = st.st_uid;
                leftover.state = st.st_uid != geteuid() ? LEFTOVER_FOREIGN : LEFTOVER_HELD;
        }
        if (leftover.state == LEFTOVER_HELD) {
                fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
                        return -errno;
                if (fd < 0) /* gone meanwhile */
                        leftover.state = LEFTOVER_NONE;
                else if (!asks_lock || !leftover_is_held(fd))
                        leftover = (struct leftover){leftover_is_proved(dir_fd, fd) ? LEFTOVER_FREE : LEFTOVER_UNPROVED,
                                                     .fd = steal_fd(&fd), .uid = st.st_uid};
        }
        *ret_leftover = leftover;
        return 0;
}

int leftover_open(int dir_fd, const char *name, struct leftover *ret_leftover)
{
        return look(dir_fd, name, true, ret_leftover);
}

int leftover_take(int dir_fd, const char *name, struct leftover *ret_leftover)
{
        return look(dir_fd, name, false, ret_leftover);
}

void leftover_done(struct leftover *leftover)
{
        cleanup_closep(&leftover->fd);
        *leftover = (struct leftover)LEFTOVER_INIT;
}

static int visit(int dir_fd, const char *name, leftover_fn *function, void *data)
{
        _cleanup_(leftover_done) struct leftover leftover = LEFTOVER_INIT;
        int r = leftover_open(dir_fd, name, &leftover);

        return r < 0 || leftover.state == LEFTOVER_NONE ? r : function(data, dir_fd, name, &leftover);
}

int leftover_each(int dir_fd, bool (*is_ours)(const char *name), leftover_fn *function, void *data)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r = dir_iter_open(&names, file_open_dir_at(dir_fd, "."));

        while (r == 0 && (name = dir_iter_next(&names)) != NULL)
                if (is_ours(name))
                        r = visit(dir_fd, name, function, data);
        return r != 0 ? r : names.error;
}
