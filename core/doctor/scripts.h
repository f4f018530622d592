/* SPDX-License-Identifier: MIT */
/* scripts.h - scripts that start the interpreter of another place, since their environment was moved or copied. */
#ifndef DOCTOR_SCRIPTS_H
#define DOCTOR_SCRIPTS_H

#include "issue.h"

/* Adds an item for them. */
int look_at_scripts(struct examination *look, struct pipseed_error *err);
/* Makes them start this environment's interpreter. */
int repair_scripts(struct examination *look, struct pipseed_error *err);

#endif
