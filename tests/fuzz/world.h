/* SPDX-License-Identifier: MIT */
/*
 * world.h - a temporary folder (in memory where /dev/shm is) with an environment to be changed and, beside it, things
 * that nothing may touch.
 *
 *     WORLD/env/                 the environment; links in it lead to the outside, as a hostile environment's would
 *     WORLD/outside/...          files, a folder, and the same names that packages have
 *     WORLD/wheels/ WORLD/cache/ for the harness: wheels to install, the store
 *
 *     world_begin();                         once; at exit the world goes away
 *     world_reset();                         before each run: a new env/
 *     ...
 *     world_check();                         aborts when anything but env/, wheels/ and cache/ is not as it was
 */
#ifndef WORLD_H
#define WORLD_H

#include "base/str.h"

void world_begin(void);
void world_reset(void);
void world_check(void);

/* Absolute path of something in the world; good for the next seven calls. */
const char *world_path(const char *name);
/* "env/lib/pythonX.Y/site-packages" of the interpreter that environments are made of, and that interpreter. */
const char *world_lib(void);
const char *world_python(void);
/* Makes a file with its folders, where nothing is and no link leads away; else does nothing. name is relative to the
 * world. */
void world_file(const char *name, const void *data, size_t len);
void world_remove(const char *name);

/* Names, types, modes, sizes, link targets and contents below a folder, as text. */
char *world_listing(const char *name);

#endif
