/* SPDX-License-Identifier: MIT */
/*
 * facts_cache.h - answers of interpreters, kept in CACHE/facts/, one file for each interpreter.
 *
 *     _cleanup_(facts_cache_done) struct facts_cache facts_cache = FACTS_CACHE_INIT;
 *
 *     r = facts_cache_open(&facts_cache, cache_dir, exe, err);
 *     if (!facts_cache_read(&facts_cache, &json))
 *             ... ask, then facts_cache_write(&facts_cache, json);
 *
 * An answer is good as long as its key is the same: the script that asked, the path as invoked, the path without links,
 * device, inode, size and mtime of the file behind it. A file that is damaged, belongs to someone else, or that others
 * can write is as good as none; so is the whole directory. Nothing is ever created in a home that is not the caller's.
 */
#ifndef TARGET_FACTS_CACHE_H
#define TARGET_FACTS_CACHE_H

#include "base/arena.h"
#include "pipseed.h"

#include <stdbool.h>

struct facts_cache {
        int dir_fd;      /* CACHE/facts, -1: not remembering */
        char *cache_dir; /* to be created when something is written; NULL: not remembering */
        char *name;      /* file name in the directory */
        char *key;
};

#define FACTS_CACHE_INIT                                                                                               \
        {                                                                                                              \
                .dir_fd = -1                                                                                           \
        }

/* cache_dir NULL: nothing will be remembered. A cache that cannot be used is not an error. PIPSEED_E_BAD_TARGET: exe is
 * not there; PIPSEED_E_NO_MEMORY. */
int facts_cache_open(struct facts_cache *facts_cache, const char *cache_dir, const char *exe,
                     struct pipseed_error *err);
/* True: ret_json is the text that was written, in new memory. */
bool facts_cache_read(const struct facts_cache *facts_cache, char **ret_json);
/* Does its best; a cache that cannot be written is not an error. */
void facts_cache_write(struct facts_cache *facts_cache, const char *json);
void facts_cache_done(struct facts_cache *facts_cache);

/* The paths of the interpreters that are remembered, as they were invoked, in the order of their files' names; whether
 * they are still there is not looked at. An array in the arena. 0 or -ENOMEM. */
int facts_cache_list(struct arena *arena, const char *cache_dir, const char *const **ret_paths, size_t *ret_n);

#endif
