/* SPDX-License-Identifier: MIT */
/*
 * stamp.h - when were a store's files last known good? Beside each manifest lies a file "epoch": the identifier of the
 * boot (random(4), boot_id) and of the mount in which the files were written, or the boot and "synced".
 *
 * Nothing is synced when an entry is made: that would cost more than everything else. Instead an entry of an earlier
 * boot, or one that is reached through another mount, is read once and held against its manifest before it is used.
 * What a power cut, or a file system that went down alone, left of it is found then, and what rotted on the disk. After
 * that it is synced, and good for every mount until the next boot. Where the boot cannot be told, an entry is read at
 * each use.
 */
#ifndef STORE_STAMP_H
#define STORE_STAMP_H

#include "base/event.h"
#include "manifest.h"
#include "store.h"

/* 0; -EBADMSG when the files are not those of the manifest; -ECANCELED; another -errno. Reads them only when the epoch
 * is over. A system store is not checked: nobody can write it, and nothing could be noted there. */
int stamp_check(const struct store *store, int part_fd, int files_fd, const struct manifest *manifest,
                struct progress *progress);
/* Notes that the files beside part_fd's manifest were written now. 0 or -errno. */
int stamp_write(const struct store *store, int part_fd);

/* Reads every file and holds it against the manifest. 0, -EBADMSG and the index of the first file that differs, or
 * another -errno: -ECANCELED as well. ret_index may be NULL. */
int stamp_check_files(int files_fd, const struct manifest *manifest, struct progress *progress, size_t *ret_index);

#endif
