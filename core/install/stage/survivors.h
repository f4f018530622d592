/* SPDX-License-Identifier: MIT */
/*
 * survivors.h - what a user put into a package's folder, carried over into the folder that takes its place.
 *
 * A file survives when neither the old RECORD nor the staged package knows its path, and it is no bytecode of a module
 * that either of them knows: stale bytecode goes with its package. Survivors are linked, not copied: the same inode, there at
 * every moment. One that can have no second name is carried: it moves from the old folder into the new one as a change of
 * its own, after the folders were swapped.
 */
#ifndef INSTALL_SURVIVORS_H
#define INSTALL_SURVIVORS_H

#include "install/stage/removal.h"
#include "install/txn/txn.h"

struct survivors {
        size_t n;             /* of all */
        const char **carried; /* paths below the root, of those that could not be linked; in txn's arena */
        size_t n_carried, capacity;
};

/* Links the survivors of the folder `path` of a root into the staged folder of that name, which is made when there are
 * any. removal may be NULL. */
int survivors_link(struct txn *txn, enum plan_root root, const char *path, const struct removal *removal,
                   struct survivors *ret_survivors, struct pipseed_error *err);

/* "pip/x.py" for folder "pip" and bytecode name "x.cpython-313.opt-1.pyc" in its __pycache__; NULL when the name is none
 * of bytecode or memory runs out. folder is "" at the top. New memory. */
char *survivors_source(const char *folder, const char *name);

#endif
