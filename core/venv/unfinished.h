/* SPDX-License-Identifier: MIT */
/*
 * unfinished.h - the note in an environment that hooks have still to finish (ENV/.pipseed-unfinished). It appears with
 * the environment and goes when it is complete, so that a run which was killed in between can be told, and finished:
 *
 *     pipseed-unfinished 1
 *     pip yes                          it is to have pip
 *     env 1234                         the inode of the environment's directory: in a copy, and in one where a wheel
 *                                      put such a file, what follows means nothing
 *     home = ...                       pyvenv.cfg as it is to be in the end; nothing: as it is
 *
 * The run that makes the environment holds the lock of the environment's directory all the time.
 */
#ifndef VENV_UNFINISHED_H
#define VENV_UNFINISHED_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

#define UNFINISHED_NAME ".pipseed-unfinished"

/* 0 or -errno. fd: the environment's directory. */
int unfinished_write(struct str *out, int fd, bool with_pip, const char *config, size_t len);

/* Is there a note, and does the run that wrote it live no more? Then fd, the environment's directory, is locked by this
 * call. 1 yes, 0 no, -EPERM: it is another user's, -errno. */
int unfinished_find(int fd, bool *ret_with_pip);
/* The pyvenv.cfg of the note takes its place, if the note is about this directory, and the note goes. To be called
 * after unfinished_find. 0 or -errno. */
int unfinished_finish(int fd, bool durable);

#endif
