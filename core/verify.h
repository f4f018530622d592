/* SPDX-License-Identifier: MIT */
/* verify.h - what others of the library want from verify.c. */
#ifndef PIPSEED_VERIFY_H
#define PIPSEED_VERIFY_H

#include "pipseed.h"

/* Looks at the packages of the request as pipseed_verify does, with the target locked, and gives the environment copies
 * of its own of the files that are in wrong hands (install/own.h). What else is found stays as it is. */
int verify_make_own(const struct pipseed_request *req, struct pipseed_error *err);

#endif
