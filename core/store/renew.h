/* SPDX-License-Identifier: MIT */
/*
 * renew.h - what to do when a file of an entry cannot be linked: it has all the links that its file system gives
 * (65,000 on ext4), or another process gave it a fresh copy since this one read the manifest.
 *
 *     if (linkat(entry->files_fd, path, ...) < 0 && errno == EMLINK &&
 *         renew_files(entry, &entry->files, i, true) == 0)
 *             linkat(entry->files_fd, path, ...)
 *
 * A fresh copy has the content, mode and mtime of the old file and takes its place by rename; its inode goes into the
 * manifest. Both happen under the store's lock: who meets a file that is not the one of the manifest asks here, and is
 * told of the new one once it is there. Killed in between, the entry is damaged, and rebuilt at the next use.
 */
#ifndef STORE_RENEW_H
#define STORE_RENEW_H

#include "entry.h"

/*
 * Brings the stats of a manifest of the entry (its files or its pyc) up to date with what is in the store. With
 * is_full, when file `index` is still the one that this process knows, it and all others that have as many links are
 * renewed: the files of an entry reach the limit together.
 *
 * 0: file `index` is what the manifest now says. -ESTALE: it is not, the entry is damaged. Another -errno: there was no
 * lock or no room; a file at its limit can still be copied.
 */
int renew_files(const struct entry *entry, const struct manifest *manifest, size_t index, bool is_full);

#endif
