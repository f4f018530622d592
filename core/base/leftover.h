/* SPDX-License-Identifier: MIT */
/*
 * leftover.h - what runs that were killed left in a directory. A run works in directories with names that nobody else
 * gives, and holds the lock (flock(2)) of each while it lives; so one that nobody holds is a leftover, and whoever
 * takes its lock may finish or remove it.
 *
 *     r = leftover_open(dir_fd, ".pipseed-0123456789abcdef", &leftover);   one name
 *     r = leftover_each(dir_fd, is_staging_name, repair, data);                 all names in a directory that
 *                                                                               is_staging_name knows
 *
 * A name proves nothing where others may rename: they could give it to any directory of the user's. So in a directory
 * that others can write, or that another user owns, a leftover is only taken for one if it bears the mark: the sticky
 * bit, which a run gives to what it makes (LEFTOVER_MARK) and which only the owner can set, on a directory that others
 * cannot write: those that they can are shared ones, as /tmp is.
 *
 * Where locks do not work, as on some network file systems, a directory that nobody has touched for an hour has nobody
 * any more. One that belongs to another user is nobody's but that user's: it is never opened.
 */
#ifndef BASE_LEFTOVER_H
#define BASE_LEFTOVER_H

#include <stdbool.h>
#include <sys/types.h>

enum leftover_state {
        LEFTOVER_NONE,     /* nothing is there, or no directory: none of ours */
        LEFTOVER_FREE,     /* nobody works in it: it is held and locked by fd now */
        LEFTOVER_HELD,     /* a run that lives works in it */
        LEFTOVER_FOREIGN,  /* another user's */
        LEFTOVER_UNPROVED, /* somebody else may have put it there: held by fd, and not to be removed */
};

#define LEFTOVER_MARK 01000U /* S_ISVTX */

struct leftover {
        enum leftover_state state;
        int fd;    /* FREE and UNPROVED only, else -1 */
        uid_t uid; /* its owner, but for NONE */
};

#define LEFTOVER_INIT                                                                                                  \
        {                                                                                                              \
                .fd = -1                                                                                               \
        }

/* Examines name in dir_fd, following no link. 0 or -errno. */
int leftover_open(int dir_fd, const char *name, struct leftover *ret_leftover);
/* The same without its lock, for who knows by another sign that nobody works in it: FREE, UNPROVED, NONE or FOREIGN. */
int leftover_take(int dir_fd, const char *name, struct leftover *ret_leftover);
void leftover_done(struct leftover *leftover);

/* Returns whether only root and the caller can change the names in the directory that fd (which may be O_PATH)
 * holds. */
bool leftover_is_private(int fd);

/* Returns whether a run left the directory that fd holds, a child of the one that dir_fd holds. */
bool leftover_is_proved(int dir_fd, int fd);

/* Returns whether the directory that fd holds is in use. If it is not, fd locks it. */
bool leftover_is_held(int fd);

/* Returning anything but 0 ends the walk, which returns it. leftover is never NONE. */
typedef int leftover_fn(void *data, int dir_fd, const char *name, struct leftover *leftover);

/* 0, -errno, or what the function returned. */
int leftover_each(int dir_fd, bool (*is_ours)(const char *name), leftover_fn *function, void *data);

#endif
