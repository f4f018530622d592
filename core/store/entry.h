/* SPDX-License-Identifier: MIT */
/*
 * entry.h - one wheel in a store: its files, their manifest, and its bytecode for one interpreter.
 *
 *     SHA256[-mMODE]/files/...                          the wheel's files as in the wheel
 *     SHA256[-mMODE]/manifest
 *     SHA256[-mMODE]/pyc-TAG-MAGIC[-checked]/files/...  bytecode, at the paths where it gets installed
 *     SHA256[-mMODE]/pyc-TAG-MAGIC[-checked]/manifest
 *     .../epoch                                         beside each manifest: see stamp.h
 *
 * MODE is that of plain files under this umask, without what lets a group or others write (share.h), when it is not 644:
 * environments made under another umask get other files.
 *
 *     r = entry_get(&query, &entry, err);
 *     linkat(entry->files_fd, entry->files.info.files[i].path, ...)
 *     entry_free(entry);
 *
 * While an entry is open it holds a shared lock, so that nothing prunes it away. What it says of a file has to be held
 * against the file when it is placed (manifest_stat_fits): a link in some environment may have been used to edit it.
 */
#ifndef STORE_ENTRY_H
#define STORE_ENTRY_H

#include "manifest.h"
#include "store.h"
#include "target/target.h"

struct entry {
        const struct store *store;
        char *name; /* of the directory in wheels/ */
        int fd;     /* the directory, locked shared */
        int files_fd;
        struct manifest files;
        int pyc_fd;          /* files directory of the bytecode, -1: none */
        struct manifest pyc; /* n_files 0: none */
        char *pyc_suffix;    /* ".cpython-313.pyc", or NULL */
        char *pyc_name;      /* of its directory, or NULL */
        bool was_made;       /* by this call */
};

/* Yields the wheel's bytes when an entry has to be made. The memory stays valid until the query's owner frees it. */
typedef int entry_read_fn(void *data, const void **ret_bytes, size_t *ret_len, struct pipseed_error *err);

struct entry_query {
        const struct store *const *stores; /* looked through in order; the last one is where a missing entry is made */
        size_t n_stores;
        const char *filename;
        const char *path; /* of the wheel, for messages */
        const uint8_t *sha256;
        entry_read_fn *read;
        void *read_data;
        mode_t umask;
        bool durable; /* sync what is made before it gets its name */
        const struct target *target;
        enum pipseed_bytecode bytecode; /* NO, or no run_exe in the target: none */
        unsigned int jobs;
        pipseed_event_fn *event;
        void *event_data;
};

/* Errors: those of wheel_load, WHEEL_HASH (the bytes are not those of sha256), COMPILE_FAILED, IO. */
int entry_get(const struct entry_query *query, struct entry **ret_entry, struct pipseed_error *err);
void entry_free(struct entry *entry);
DEFINE_CLEANUP(struct entry *, entry_free)

/* The directory of the wheel's files, or of the bytecode set pyc_name, absolute, in new memory. NULL: out of memory. */
char *entry_path(const struct entry *entry, const char *pyc_name);

/* Takes an entry that is not what its manifest says out of the store, so that the next entry_get rebuilds it. */
int entry_discard(struct entry *entry, struct pipseed_error *err);

#endif
