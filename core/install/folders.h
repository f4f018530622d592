/* SPDX-License-Identifier: MIT */
/*
 * folders.h - walks through sorted paths with the folder of the current one held open, making folders on the way. Each
 * folder costs one mkdirat and one openat, and no name is resolved through more than one component.
 *
 *     struct folders folders = FOLDERS_INIT;
 *
 *     folders.top_fd = fd;                                  borrowed
 *     dir_fd = folders_enter(&folders, "pip/_internal/x.py");  the fd of pip/_internal, valid until the next call
 *     folders_done(&folders);
 */
#ifndef INSTALL_FOLDERS_H
#define INSTALL_FOLDERS_H

#include <limits.h>
#include <stddef.h>

#define FOLDERS_MAX_DEPTH 64

struct folders {
        int top_fd;
        char path[PATH_MAX];           /* of the current folder, "" at the top */
        size_t ends[FOLDERS_MAX_DEPTH]; /* length of the path at each level */
        int fds[FOLDERS_MAX_DEPTH];
        size_t depth;
};

#define FOLDERS_INIT {.top_fd = -1, .depth = 0}

/* The folder of a file, made when missing with 0777 & ~umask. fd or -errno (-ELOOP: a link is in the way). */
int folders_enter(struct folders *folders, const char *file);
void folders_done(struct folders *folders);

#endif
