/* SPDX-License-Identifier: MIT */
/*
 * manifest.h - the text beside a store entry's files: what the wheel was, and for each file what it must still be. It
 * is written last, so that an entry without a whole manifest does not exist.
 *
 *     pipseed-store 1
 *     wheel pip-26.3-py3-none-any.whl           keys of struct wheel_info, one a line
 *     ...
 *     file 1 a1b2... 1234 - 5678 1712345678901234567 pip/__init__.py
 *          |    |     |   |   |          |            path, to the end of the line
 *          |    |     |   |   |          mtime, ns
 *          |    |     |   |   inode
 *          |    |     |   x or -: executable
 *          |    |     size, bytes
 *          |    sha256, hex
 *          index of the wheel file that this is the bytecode of; - in an entry of the wheel itself
 *     end 1f2e3d4c                              crc32 of everything before this line
 */
#ifndef STORE_MANIFEST_H
#define STORE_MANIFEST_H

#include "base/arena.h"
#include "base/str.h"
#include "wheel/wheel.h"

#include <sys/stat.h>

/* What the manifest remembers of a file besides struct wheel_file. */
struct manifest_stat {
        uint64_t inode;
        int64_t mtime_ns;
};

struct manifest {
        struct arena arena;
        struct wheel_info info;      /* info.files: the files; for bytecode path is that of the .pyc */
        struct manifest_stat *stats; /* one for each file */
        const size_t *source;        /* bytecode: index of the wheel file; NULL in an entry of the wheel */
};

/* Appends the whole text. */
void manifest_write(struct str *out, const struct manifest *manifest);
/* False when the text is not exactly what manifest_write gives: cut off, changed, or of another format version. */
bool manifest_read(const char *data, size_t len, struct manifest *ret_manifest);
/* The same, for those who must not take a lack of memory for damage: 0, -EBADMSG or -ENOMEM. */
int manifest_load(const char *data, size_t len, struct manifest *ret_manifest);
void manifest_done(struct manifest *manifest);

/* Is this still the file that file i of the manifest was? copied_store leaves the inode out and compares mtime in whole
 * seconds: for a store that was copied to where it is. */
bool manifest_stat_fits(const struct manifest *manifest, size_t i, const struct stat *st, bool copied_store);

int64_t manifest_mtime(const struct stat *st);

#endif
