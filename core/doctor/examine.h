/* SPDX-License-Identifier: MIT */
/* examine.h - finds what is wrong with an environment, and changes nothing. */
#ifndef DOCTOR_EXAMINE_H
#define DOCTOR_EXAMINE_H

#include "issue.h"

/* look->req and look->env are set. Errors: IO, NO_MEMORY, and those of target_find for what is not an environment. */
int examine(struct examination *look, struct pipseed_error *err);

#endif
