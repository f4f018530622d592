/* SPDX-License-Identifier: MIT */
/*
 * verified.h - what a call that verifies has found out already, also for other environments (struct
 * pipseed_verify_cache):
 *
 *     - the digest of each file that was read, by inode: what several environments share is read once;
 *     - which bytecode belongs to which source, by their digests: what the stores' manifests say, and what was
 *       compiled;
 *     - the inodes of the stores.
 *
 * Any number of threads may use one. Lack of memory makes it forgetful, nothing else.
 */
#ifndef INSTALL_VERIFIED_H
#define INSTALL_VERIFIED_H

#include "base/cleanup.h"
#include "base/hash.h"
#include "pipseed.h"
#include "wheel/wheel.h"

#include <sys/stat.h>

#define VERIFIED_HEADER 16 /* of a file, as many bytes as the header of a .pyc has */

struct verified_content {
        uint8_t digest[HASH_SIZE];
        uint8_t header[VERIFIED_HEADER];
        size_t header_len;
};

/* An inode counts as read as long as its size, mtime and ctime are the same: whatever is written to it changes its
 * ctime. */
bool verified_find(struct pipseed_verify_cache *cache, const struct stat *st, struct verified_content *ret_content);
void verified_add(struct pipseed_verify_cache *cache, const struct stat *st, const struct verified_content *content);

bool verified_has_bytecode(struct pipseed_verify_cache *cache, const uint8_t *source, const uint8_t *bytecode);
void verified_add_bytecode(struct pipseed_verify_cache *cache, const uint8_t *source, const uint8_t *bytecode);

/* Returns whether a store has this inode. */
bool verified_is_stored(struct pipseed_verify_cache *cache, const struct stat *st);

/* Takes in what a store (its v1 directory, absolute) says of a wheel: sha256 as hex, or NULL: of all. Each is read
 * once. A store that cannot be read, or that others than this user (or, with is_system, root) can write, says
 * nothing. */
void verified_load(struct pipseed_verify_cache *cache, const char *store, bool is_system, const char *wheel);

/* The wheel of that sha256, read and checked before, or NULL; the cache has it until it is freed. */
const struct wheel *verified_find_wheel(struct pipseed_verify_cache *cache, const uint8_t *sha256);
/* Takes a wheel over; returns the one to use: another thread may have been faster. NULL: out of memory. */
const struct wheel *verified_keep_wheel(struct pipseed_verify_cache *cache, const uint8_t *sha256,
                                        struct wheel *wheel_taken);

DEFINE_CLEANUP(struct pipseed_verify_cache *, pipseed_verify_cache_free)

#endif
