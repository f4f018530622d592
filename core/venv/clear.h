/* SPDX-License-Identifier: MIT */
/*
 * clear.h - may the content of a folder be thrown away?
 *
 *     r = clear_check(path, dir_fd, &how, err);
 */
#ifndef VENV_CLEAR_H
#define VENV_CLEAR_H

#include "pipseed.h"

enum clear_how {
        CLEAR_NOTHING, /* it is empty */
        CLEAR_REPLACE, /* another folder may take its place */
        CLEAR_INSIDE,  /* the folder itself has to stay: it is the current one, or its parent cannot be written */
};

/*
 * path: absolute, of the folder that fd holds. Errors: NOT_EMPTY when it is no environment (neither pyvenv.cfg nor a
 * virtualenv older than 20); REFUSED for a folder that HOME or the current folder is in, HOME itself included.
 */
int clear_check(const char *path, int fd, int parent_fd, enum clear_how *ret_how, struct pipseed_error *err);

#endif
