/* SPDX-License-Identifier: MIT */
/*
 * area.h - what staging areas are called and where they lie, for those who know no transaction: LIB/.pipseed-NAME, with one
 * folder for each root.
 */
#ifndef INSTALL_AREA_H
#define INSTALL_AREA_H

#include "target/scheme.h"

#include <stdbool.h>

#define TXN_AREA_PREFIX ".pipseed-"
#define TXN_AREA_VENV ".pipseed-venv" /* the area of a change to an environment as a whole, in its top folder */

/* "lib", "scripts", ...: of staged folders and in the journal. */
const char *txn_staged_name(enum plan_root root);
bool txn_is_area_name(const char *name);
/* Do the two folders lie on one mount, so that a rename between them works? */
bool txn_same_mount(int a, int b);

#endif
