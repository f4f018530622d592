/* SPDX-License-Identifier: MIT */
/*
 * epoch.h - when were a store's files last known good? Beside each manifest lies a file "epoch" with the identifier of the
 * boot (random(4), boot_id) in which the files were written or read whole.
 *
 * Nothing is synced when an entry is made: that would cost more than everything else. Instead an entry of an earlier boot is
 * read once and held against its manifest before it is used. What a power cut left of it, and what rotted on the disk
 * since, is found then.
 */
#ifndef STORE_EPOCH_H
#define STORE_EPOCH_H

#include "manifest.h"
#include "store.h"

/* 0; -EBADMSG when the files are not those of the manifest; another -errno. Reads them only when the epoch is over. A
 * system store is not checked: nobody can write it, and nothing could be noted there. */
int epoch_check(const struct store *store, int part_fd, int files_fd, const struct manifest *manifest);
/* Notes that the files beside part_fd's manifest are good now. 0 or -errno. */
int epoch_write(const struct store *store, int part_fd);

/* Reads every file and holds it against the manifest. 0, -EBADMSG and the index of the first file that differs, or another
 * -errno. ret_index may be NULL. */
int epoch_check_files(int files_fd, const struct manifest *manifest, size_t *ret_index);

#endif
