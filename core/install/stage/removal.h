/* SPDX-License-Identifier: MIT */
/*
 * removal.h - which files of the target belong to an installed distribution, by its RECORD and its entry points: what
 * an upgrade or a removal takes away.
 *
 *     struct removal removal = {0};
 *
 *     r = removal_load(txn, &installed, &removal, err);
 *     if (removal_has(&removal, PLAN_LIB, "pip/__init__.py")) ...
 *     removal_done(&removal);
 *
 * RECORD is not trusted: rows that lead out of the target's roots, that name the interpreter, an activate script or
 * pyvenv.cfg, or that are not plain paths, are left out.
 */
#ifndef INSTALL_REMOVAL_H
#define INSTALL_REMOVAL_H

#include "target/installed.h"
#include "install/txn/txn.h"

struct removal_path {
        enum plan_root root;
        const char *path; /* plain, relative to the root */
};

struct removal {
        struct arena arena;
        struct removal_path *paths; /* sorted by root, then path */
        size_t n_paths;
        enum plan_root lib; /* the root that holds the dist-info */
};

/* Can this installed distribution be removed here: is it in one of the transaction's own lib directories, with a
 * RECORD? */
bool removal_possible(const struct txn *txn, const struct installed *installed, enum plan_root *ret_lib);
/* What ret_removal has already stays in it: of a distribution that is there twice both copies go. PIPSEED_E_RECORD_*,
 * IO. */
int removal_load(const struct txn *txn, const struct installed *installed, struct removal *ret_removal,
                 struct pipseed_error *err);
/* All of the dist-info itself, whatever RECORD says. An egg, or one in another directory, is left: nothing is added. */
int removal_load_bare(const struct txn *txn, const struct installed *installed, struct removal *ret_removal,
                      struct pipseed_error *err);
/* The scripts that RECORD lists, in the arena. None where there is no RECORD that can be read as one. IO, NO_MEMORY. */
int removal_list_scripts(const struct txn *txn, const struct installed *installed, struct arena *arena,
                         const char ***ret_names, size_t *ret_n, struct pipseed_error *err);
bool removal_has(const struct removal *removal, enum plan_root root, const char *path);
void removal_done(struct removal *removal);

#endif
