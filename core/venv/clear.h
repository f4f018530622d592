/* SPDX-License-Identifier: MIT */
/*
 * clear.h - may the content of a directory be thrown away?
 *
 *     r = clear_check(path, dir_fd, &how, err);
 */
#ifndef VENV_CLEAR_H
#define VENV_CLEAR_H

#include "pipseed.h"

enum clear_how {
        CLEAR_NOTHING, /* it is empty */
        CLEAR_REPLACE, /* another directory may take its place */
        CLEAR_INSIDE,  /* the directory itself has to stay: it is the current one, or its parent cannot be written */
};

/*
 * path: absolute, of the directory that fd holds. Errors: NOT_EMPTY when it is not an environment (neither pyvenv.cfg
 * nor a virtualenv older than 20); REFUSED for a directory that HOME or the current directory is in, HOME itself
 * included.
 */
int clear_check(const char *path, int fd, int parent_fd, enum clear_how *ret_how, struct pipseed_error *err);

#endif
