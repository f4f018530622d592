/* SPDX-License-Identifier: MIT */
/*
 * update.h - a layout in a directory that is there already, as venv treats it: what is there stays, its own files are
 * rewritten, links to interpreters are not; or, with clear, all that is there goes. One transaction (txn.h) whose
 * staging directory is ENV/.pipseed-venv.
 *
 *     r = update_dir(&update, &txn, err);
 *     r = txn_revert(txn, err);                  as before
 *     txn_free(txn);                             what was there before is gone now
 */
#ifndef VENV_UPDATE_H
#define VENV_UPDATE_H

#include "install/txn/txn.h"
#include "venv/layout.h"

struct update {
        const struct layout *layout;
        int fd;           /* the directory, whose lock the caller holds */
        const char *path; /* of it, for messages */
        bool clear;
        const struct txn_query *query; /* see txn_open_held */
};

/* ret_txn is committed. Errors: IO, NOT_EMPTY (something else is where a directory or file has to be), NO_MEMORY. */
int update_dir(const struct update *update, struct txn **ret_txn, struct pipseed_error *err);

#endif
