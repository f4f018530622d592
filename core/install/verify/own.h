/* SPDX-License-Identifier: MIT */
/*
 * own.h - gives an environment copies of its own of files that are another user's, that others can write, or that are
 * shared where they must not be.
 */
#ifndef INSTALL_OWN_H
#define INSTALL_OWN_H

#include "install/verify/findings.h"
#include "install/verify/record_files.h"

/*
 * Replaces each file that findings_check_owner found: a copy is written beside it, with its time and with what its mode
 * should be, and renamed over it, so that there is a whole file at every moment. What RECORD knows by sha256 is held
 * against that while it is copied, and left as it is when it differs: that is a finding of another kind, and needs the
 * wheel. Bytecode is looked at again by whoever looks next. IO, NO_MEMORY.
 */
int own_files(struct findings *findings, const struct record_files *listing, struct pipseed_error *err);

#endif
