/* SPDX-License-Identifier: MIT */
/*
 * merge.h - from what is staged and what is to go, the changes of a transaction.
 *
 * A package's top-level directory (pip/, pip-26.3.dist-info/) changes as a whole, by one rename: what the user put into
 * it is linked into the staged directory first. Everything else (scripts, top-level modules, data) changes file by
 * file.
 *
 *     in the plan   in the removal   in the target     change
 *     yes           -                no                PUT
 *     yes           -                yes               SWAP, what neither knows of survives
 *     no            yes              yes               TAKE; SWAP with the user files when there are any
 *     no            yes              no                none
 *
 * Order: packages, then the old dist-info goes, then the new one comes, then files: at no point are there two.
 */
#ifndef INSTALL_MERGE_H
#define INSTALL_MERGE_H

#include "install/plan/plan.h"
#include "install/stage/removal.h"
#include "install/txn/txn.h"

/* plan is what was staged, or NULL; removal what goes, possibly nothing. */
int merge_add_changes(struct txn *txn, const struct plan *plan, const struct removal *removal,
                      struct pipseed_error *err);

#endif
