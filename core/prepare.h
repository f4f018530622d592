/* SPDX-License-Identifier: MIT */
/*
 * prepare.h - from a package's name to its files in a store: choosing the wheel, opening the stores, getting the entry.
 * What seed.c and cache.c share.
 */
#ifndef PIPSEED_PREPARE_H
#define PIPSEED_PREPARE_H

#include "job.h"

/* Selects from job->catalog the wheel that suits the package and the target best. NO_WHEEL. */
int prepare_choose(struct job *job, const struct job_package *package, struct catalog_wheel **ret_wheel,
                   struct pipseed_error *err);
/* Opens the catalog and selects a wheel for every package, whatever is installed. */
int prepare_choose_all(struct job *job, struct pipseed_error *err);

/* Opens the system's store, if there is one; then the user's own, or one in the transaction's staging directory that is
 * removed with it. Without a transaction: NO_STORE if the user's own is not available. */
int prepare_stores(struct job *job, struct txn *txn, struct pipseed_error *err);

/* Sets package->entry for package->wheel. */
int prepare_entry(struct job *job, struct job_package *package, struct pipseed_error *err);

#endif
