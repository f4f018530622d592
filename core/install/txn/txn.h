/* SPDX-License-Identifier: MIT */
/*
 * txn.h - a transaction on one target: everything new is staged beside its destination, then a few renames put it
 * there.
 *
 *     r = txn_open(&query, &txn, err);         locks the target and repairs what a killed run left
 *     ...                                      look at what is installed; nothing to do: txn_free
 *     r = txn_prepare(txn, err);               makes the staging directory
 *     ...                                      stage.h and merge.h fill the staging directory and add changes
 *     r = txn_commit(txn, err);                journal, renames; on failure everything is as it was
 *     txn_free(txn);                           removes the staging directory; without commit: nothing has happened
 *
 * The staging directory is a directory LIB/.pipseed-XXXXXXXXXXXXXXXX on the destination's file system. In it:
 *
 *     lib/ other/ scripts/ headers/ data/      what is new, by root; a change swaps or moves entries of it
 *     old/N                                    what change N took away
 *     journal                                  appears by rename: the commit point
 *     store/                                   the private store of a run that has no other
 *
 * Killed before the journal is there, the target is as it was, and the next run removes the staging directory. Killed
 * after, the next run finishes the changes. A root on another file system gets a staging directory of its own, of the
 * same name. Every name is resolved beneath a held directory, and no symbolic link is followed below the scheme's own
 * directories.
 */
#ifndef INSTALL_TXN_H
#define INSTALL_TXN_H

#include "base/arena.h"
#include "base/cleanup.h"
#include "install/txn/staging.h"
#include "install/txn/journal.h"
#include "install/txn/sysroot.h"
#include "pipseed.h"

struct txn_root {
        char *path;        /* absolute, with --root applied */
        const char *below; /* the same below the top */
        int fd;            /* held; -1 while the directory does not exist */
        int staging_fd;    /* the staging directory on its file system, -1 before txn_prepare */
        int staged_fd;     /* the root's directory in the staging directory, -1 before the first use */
};

struct txn {
        struct arena arena;
        struct txn_root roots[PLAN_N_ROOTS];
        struct sysroot top;     /* not opened by txn_open_held */
        char name[64];          /* of the staging directory; "" before txn_prepare */
        char *staging_path;     /* of the LIB staging directory, absolute */
        uint64_t staging_inode; /* of the LIB staging directory */
        int lock_fd;            /* LIB, locked; -1: not yet there, or locks do not work here */
        bool is_held;           /* txn_open_held */
        bool durable;
        mode_t umask;
        struct change *changes;
        size_t n_changes, capacity;
        bool committed;
        bool keep_staging; /* the changes could neither be made nor undone: the next run needs the journal */
        pipseed_event_fn *event;
        void *event_data;
};

struct txn_query {
        const char *const *roots; /* PLAN_N_ROOTS absolute paths, unrooted */
        struct sysroot_way way;
        bool durable;
        mode_t umask;
        pipseed_event_fn *event;
        void *event_data;
};

/* Errors: IO, BUSY (another run holds the target for too long), BAD_TARGET, UNTRUSTED_PATH. A LIB directory that does
 * not exist is not an error. */
int txn_open(const struct txn_query *query, struct txn **ret_txn, struct pipseed_error *err);
/* A transaction on one directory that the caller holds and has locked: root PLAN_LIB, and no other. path is for
 * messages; of the query, durable, umask and the event count. The staging directory has the name TXN_STAGING_VENV, so
 * that one look tells whether a killed run left one. */
int txn_open_held(int fd, const char *path, const struct txn_query *query, struct txn **ret_txn,
                  struct pipseed_error *err);
/* For whoever only looks: do links on the way to the directories of an environment's scheme stay in it? The rest is no
 * matter of this. UNTRUSTED_PATH, IO. */
int txn_check_inside(const char *const *roots, const char *prefix, const char *root, struct pipseed_error *err);
/* Makes LIB when it is missing, and the staging directory. */
int txn_prepare(struct txn *txn, struct pipseed_error *err);
void txn_free(struct txn *txn);
DEFINE_CLEANUP(struct txn *, txn_free)

/* The directory of staged entries for a root, made on first use together with the root itself. The fd is held by
 * txn. */
int txn_staged_fd(struct txn *txn, enum plan_root root, int *ret_fd, struct pipseed_error *err);
/* Adds a change; the inode is looked up here. */
int txn_add(struct txn *txn, enum change_kind kind, enum plan_root root, const char *path, struct pipseed_error *err);
/* A CHANGE_PUT of what is at path now, in a directory that a change before this one swaps: it goes from the old
 * directory, which is staged then, into the new one. */
int txn_add_carried(struct txn *txn, enum plan_root root, const char *path, struct pipseed_error *err);
/* Makes all changes, in the order in which they were added. */
int txn_commit(struct txn *txn, struct pipseed_error *err);
/* The journal of its changes. */
void txn_write_journal(const struct txn *txn, struct str *out);
/* Takes the changes of a committed transaction back again. It is not a commit point of its own: killed meanwhile, the
 * next run makes the rest of the changes again. */
int txn_revert(struct txn *txn, struct pipseed_error *err);

#endif
