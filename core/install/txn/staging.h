/* SPDX-License-Identifier: MIT */
/*
 * staging.h - what staging directories are called and where they lie, for those who know no transaction:
 * LIB/.pipseed-NAME, with one directory for each root.
 */
#ifndef INSTALL_STAGING_H
#define INSTALL_STAGING_H

#include "target/scheme.h"

#include <stdbool.h>

#define TXN_STAGING_PREFIX ".pipseed-"
#define TXN_STAGING_VENV                                                                                               \
        ".pipseed-venv" /* the staging directory of a change to an environment as a whole, in its top directory */

/* "lib", "scripts", ...: of staged directories and in the journal. */
const char *txn_staged_name(enum plan_root root);
bool txn_is_staging_name(const char *name);
/* Returns whether the two directories are on one mount, so that a rename between them works. */
bool txn_same_mount(int a, int b);

#endif
