/* SPDX-License-Identifier: MIT */
/*
 * look.h - opening an installed file for reading, without going where it has no business to lead.
 *
 *     _cleanup_close_ int fd = -1;
 *     enum look look = LOOK_MISSING;
 *
 *     r = look_open(dir_fd, "pip/__init__.py", stores, n_stores, &look, &st, &fd);      r < 0: -errno
 *     if (look == LOOK_FILE) read(fd, ...)
 */
#ifndef INSTALL_LOOK_H
#define INSTALL_LOOK_H

#include <stddef.h>
#include <sys/stat.h>

enum look {
        LOOK_FILE,    /* a regular file, or a link to one in a store: fd and stat are set */
        LOOK_MISSING,
        LOOK_LINK,    /* a link that leads elsewhere */
        LOOK_BLOCKED, /* a link in the place of a folder on the way */
        LOOK_SPECIAL, /* a folder, device, socket or pipe; it is not opened */
        LOOK_DENIED,  /* no right to read it */
};

/* Opens path beneath the held folder. A link is followed only when it names a file below one of the stores, absolute
 * folders: it is then opened beneath that one. 0 with ret_look set, and ret_st and ret_fd for LOOK_FILE alone; -errno
 * when something else failed (EIO, EMFILE, ENOMEM). */
int look_open(int dir_fd, const char *path, const char *const *stores, size_t n_stores, enum look *ret_look,
              struct stat *ret_st, int *ret_fd);

#endif
