/* SPDX-License-Identifier: MIT */
/*
 * build.h - a layout made real in an empty directory that nobody else works in.
 *
 *     r = build_tree(&layout, fd, path, err);
 */
#ifndef VENV_BUILD_H
#define VENV_BUILD_H

#include "venv/layout.h"

/* fd: the directory; path: the environment's, for messages. Others could redirect what is written by links: a directory
 * that they may write is closed to them meanwhile. Errors: IO, NO_MEMORY. */
int build_tree(const struct layout *layout, int fd, const char *path, struct pipseed_error *err);

/* One copy of a file, new in dir_fd, with exactly this mode. 0 or -errno. */
int build_copy(const char *from, int dir_fd, const char *name, mode_t mode);

#endif
