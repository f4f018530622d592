/* SPDX-License-Identifier: MIT */
/*
 * stage.h - fills the staging directory of a transaction with what a plan lists: files of the store by linker.h,
 * generated ones by writing them. The directories are shared out among threads (thread pool.h): making one costs the
 * file system as much as ten links, and in different directories it works for several at once.
 */
#ifndef INSTALL_STAGE_H
#define INSTALL_STAGE_H

#include "install/stage/linker.h"
#include "install/plan/plan.h"
#include "store/entry.h"
#include "install/txn/txn.h"

struct stage_query {
        struct txn *txn;
        const struct plan *plan; /* rebased: its roots are the transaction's */
        const struct entry *entry;
        struct linker *linker;
        unsigned int jobs; /* threads at most; 0 is 1 */
};

/* PIPSEED_E_STORE_ENTRY: a file of the store is not what it was; discard the entry and begin again. CANCELLED; IO
 * else. */
int stage_plan(const struct stage_query *query, struct pipseed_error *err);

#endif
