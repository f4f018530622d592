/* SPDX-License-Identifier: MIT */
/*
 * recover.h - what killed runs left in a target: finished when their journal is whole, else removed. Whoever opens a
 * transaction does that first.
 */
#ifndef INSTALL_RECOVER_H
#define INSTALL_RECOVER_H

#include "install/txn/txn.h"

/* The target's roots are open, and locked where locks work. */
int txn_recover(struct txn *txn, struct pipseed_error *err);

#endif
