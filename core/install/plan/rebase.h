/* SPDX-License-Identifier: MIT */
/*
 * rebase.h - a plan's roots are those of one wheel (headers go to include/NAME, the lib directory may be platlib); a
 * transaction has the target's. rebase_plan turns the former into the latter.
 */
#ifndef INSTALL_REBASE_H
#define INSTALL_REBASE_H

#include "install/plan/plan.h"

/* roots: PLAN_N_ROOTS absolute paths. Files are sorted by root and path again; plan->record is kept right. */
int rebase_plan(struct plan *plan, const char *const *roots, struct pipseed_error *err);

#endif
