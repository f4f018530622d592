/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h - a temporary directory (in memory where /dev/shm is) with an environment to be changed and, beside it,
 * things that nothing may touch.
 *
 *     WORLD/env/                 the environment; links in it lead to the outside, as a hostile environment's would
 *     WORLD/outside/...          files, a directory, and the same names that packages have
 *     WORLD/wheels/ WORLD/cache/ for the harness: wheels to install, the store
 *
 *     sandbox_begin();                         once; at exit the sandbox goes away
 *     sandbox_reset();                         before each run: a new env/
 *     ...
 *     sandbox_check();                         aborts when anything but env/, wheels/ and cache/ is not as it was
 */
#ifndef WORLD_H
#define WORLD_H

#include "base/str.h"

void sandbox_begin(void);
void sandbox_reset(void);
void sandbox_check(void);

/* Absolute path of something in the sandbox; good for the next seven calls. */
const char *sandbox_path(const char *name);
/* "env/lib/pythonX.Y/site-packages" of the interpreter that environments are made of, and that interpreter. */
const char *sandbox_lib(void);
const char *sandbox_python(void);
/* Makes a file with its directories, where nothing is and no link leads away; else does nothing. name is relative to
 * the sandbox. */
void sandbox_file(const char *name, const void *data, size_t len);
void sandbox_remove(const char *name);

/* Names, types, modes, sizes, link targets and contents below a directory, as text. */
char *sandbox_listing(const char *name);

#endif
