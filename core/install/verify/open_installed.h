/* SPDX-License-Identifier: MIT */
/*
 * open_installed.h - opening an installed file for reading, without going where it has no business to lead.
 *
 *     _cleanup_close_ int fd = -1;
 *     enum installed_kind look = INSTALLED_MISSING;
 *
 *     r = open_installed(dir_fd, "pip/__init__.py", stores, n_stores, &look, &st, &fd);      r < 0: -errno
 *     if (look == INSTALLED_FILE) read(fd, ...)
 */
#ifndef INSTALL_OPEN_INSTALLED_H
#define INSTALL_OPEN_INSTALLED_H

#include <stddef.h>
#include <sys/stat.h>

enum installed_kind {
        INSTALLED_FILE, /* a regular file, or a link to one in a store: fd and stat are set */
        INSTALLED_MISSING,
        INSTALLED_LINK,    /* a link that leads elsewhere */
        INSTALLED_BLOCKED, /* a link in the place of a directory on the way */
        INSTALLED_SPECIAL, /* a directory, device, socket or pipe; it is not opened */
        INSTALLED_DENIED,  /* no right to read it */
};

/* Opens path beneath the held directory. A link is followed only when it names a file below one of the stores, absolute
 * directories: it is then opened beneath that one. 0 with ret_kind set, and ret_st and ret_fd for INSTALLED_FILE alone;
 * -errno when something else failed (EIO, EMFILE, ENOMEM). */
int open_installed(int dir_fd, const char *path, const char *const *stores, size_t n_stores,
                   enum installed_kind *ret_kind, struct stat *ret_st, int *ret_fd);

#endif
