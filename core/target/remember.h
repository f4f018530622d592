/* SPDX-License-Identifier: MIT */
/*
 * remember.h - answers of interpreters, kept in CACHE/facts/, one file for each interpreter.
 *
 *     _cleanup_(remember_done) struct remember remember = REMEMBER_INIT;
 *
 *     r = remember_open(&remember, cache_dir, exe, err);
 *     if (!remember_read(&remember, &json))
 *             ... ask, then remember_write(&remember, json);
 *
 * An answer is good as long as its key is the same: the script that asked, the path as invoked, the path without links,
 * device, inode, size and mtime of the file behind it. A file that is damaged, belongs to someone else, or that others
 * can write is as good as none; so is the whole folder. Nothing is ever created in a home that is not the caller's.
 */
#ifndef TARGET_REMEMBER_H
#define TARGET_REMEMBER_H

#include "base/arena.h"
#include "pipseed.h"

#include <stdbool.h>

struct remember {
        int dir_fd;     /* CACHE/facts, -1: not remembering */
        char *cache_dir; /* to be created when something is written; NULL: not remembering */
        char *name;     /* file name in the folder */
        char *key;
};

#define REMEMBER_INIT {.dir_fd = -1}

/* cache_dir NULL: nothing will be remembered. A cache that cannot be used is no error. PIPSEED_E_BAD_TARGET: exe is not
 * there; PIPSEED_E_NO_MEMORY. */
int remember_open(struct remember *remember, const char *cache_dir, const char *exe, struct pipseed_error *err);
/* True: ret_json is the text that was written, in new memory. */
bool remember_read(const struct remember *remember, char **ret_json);
/* Does its best; a cache that cannot be written is no error. */
void remember_write(struct remember *remember, const char *json);
void remember_done(struct remember *remember);

/* The paths of the interpreters that are remembered, as they were invoked, in the order of their files' names; whether
 * they are still there is not looked at. An array in the arena. 0 or -ENOMEM. */
int remember_list(struct arena *arena, const char *cache_dir, const char *const **ret_paths, size_t *ret_n);

#endif
