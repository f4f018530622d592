/* SPDX-License-Identifier: MIT */
/*
 * store.h - extracted wheels that environments share: where they are kept and who may use them.
 *
 *     CACHE/v1/wheels/SHA256[-mMODE]/        an entry (entry.h): appears by rename, complete or not at all
 *     CACHE/v1/tmp/                          what is being made; leftovers of killed runs are removed by the next one
 *                                            that uses the store, whether it makes an entry or not
 *     CACHE/v1/lock                          serialises the making of entries; a lock only saves work
 *
 * A store is used only when this user owns it and nobody else can write it. Where there is none (no HOME, read-only, on
 * somebody else's account), a private one beneath the target's staging directory takes its place for one run.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/cleanup.h"
#include "pipseed.h"

#include <sys/types.h>

enum store_kind {
        STORE_OWN,
        STORE_SYSTEM,  /* read-only, owned by root or the caller, copied to where it is */
        STORE_PRIVATE, /* goes away with the run */
};

#define STORE_EPOCH_SIZE 96

struct store {
        enum store_kind kind;
        char *path;                   /* of the v1 directory, absolute */
        int fd;                       /* the v1 directory */
        char epoch[STORE_EPOCH_SIZE]; /* of now: boot and mount, see stamp.h; "" when it cannot be told */
        size_t boot_len;              /* of the boot's part in it */
};

/*
 * The cache directory to use: cache_dir when given, else $XDG_CACHE_HOME/pipseed, else $HOME/.cache/pipseed. It is
 * created as needed (0700) and is this user's own. New memory. PIPSEED_E_NO_STORE, with the reason as message, when
 * there is none; a caller goes on without. root never creates a directory beneath another user's.
 */
int store_find_dir(const char *cache_dir, char **ret_path, struct pipseed_error *err);

/* Opens (and, but for STORE_SYSTEM, creates) the store in a cache directory, which is relative to dir_fd (AT_FDCWD for
 * the current directory); path is where that is, absolute, for messages and symbolic links. NO_STORE,
 * STORE_UNTRUSTED. */
int store_open(int dir_fd, const char *directory, const char *path, enum store_kind kind, struct store **ret_store,
               struct pipseed_error *err);
void store_free(struct store *store);
DEFINE_CLEANUP(struct store *, store_free)

/* Waits (bounded) for the right to make entries, so that one process unpacks and the others use. Returns an fd to
 * close; -1 when locks do not work here or the holder takes too long: then go on without, the rename decides. After a
 * second it says so to event, which may be NULL; -ECANCELED when that wants to stop. */
int store_lock(const struct store *store, pipseed_event_fn *event, void *event_data);

/* A new directory in tmp/, held by a lock so that nobody takes it for a leftover. ret_name has 64 bytes. fd or
 * -errno. */
int store_make_temporary(const struct store *store, char *ret_name);

/* Removes what killed runs left in tmp/: directories that nobody holds. */
void store_sweep(const struct store *store);

/* The same for who makes nothing: at once, or not at all while another run makes entries. Costs one call when there is
 * nothing. */
void store_sweep_if_free(const struct store *store);

/* Removes something from the store by moving it into tmp/ first, so that it is gone at once. Absent is success. 0 or
 * -errno. */
int store_take_out(const struct store *store, const char *path);

#endif
