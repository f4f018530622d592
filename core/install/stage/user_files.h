/* SPDX-License-Identifier: MIT */
/*
 * user_files.h - what a user put into a package's directory, carried over into the directory that takes its place.
 *
 * A file survives when neither the old RECORD nor the staged package knows its path, and it is no bytecode of a module
 * that either of them knows: stale bytecode goes with its package. User files are linked, not copied: the same inode,
 * there at every moment. One that can have no second name is carried: it moves from the old directory into the new one
 * as a change of its own, after the directories were swapped.
 */
#ifndef INSTALL_USER_FILES_H
#define INSTALL_USER_FILES_H

#include "install/stage/removal.h"
#include "install/txn/txn.h"

struct user_files {
        size_t n;             /* of all */
        const char **carried; /* paths below the root, of those that could not be linked; in txn's arena */
        size_t n_carried, capacity;
};

/* Links the user files of the directory `path` of a root into the staged directory of that name, which is made when
 * there are any. removal may be NULL. */
int user_files_link(struct txn *txn, enum plan_root root, const char *path, const struct removal *removal,
                    struct user_files *ret_user_files, struct pipseed_error *err);

/* "pip/x.py" for directory "pip" and bytecode name "x.cpython-313.opt-1.pyc" in its __pycache__; NULL when the name is
 * none of bytecode or memory runs out. directory is "" at the top. New memory. */
char *user_files_source(const char *directory, const char *name);

#endif
