/* SPDX-License-Identifier: MIT */
/*
 * build.h - a layout made real in an empty directory that nobody else works in.
 *
 *     r = build_tree(&layout, fd, path, &mode, err);
 */
#ifndef VENV_BUILD_H
#define VENV_BUILD_H

#include "venv/layout.h"

#include <sys/types.h>

/* fd: the directory, which nobody else can enter: who could write there might redirect what is written by links;
 * path: the environment's, for messages. ret_mode: what a new directory gets here, as the environment's own is to
 * have when others may see it. Errors: IO, NO_MEMORY. */
int build_tree(const struct layout *layout, int fd, const char *path, mode_t *ret_mode, struct pipseed_error *err);

/* One copy of a file, new in dir_fd, with exactly this mode. 0 or -errno. */
int build_copy(const char *from, int dir_fd, const char *name, mode_t mode);

#endif
