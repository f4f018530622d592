/* SPDX-License-Identifier: MIT */
/* scripts.h - scripts that start the interpreter of another place, since their environment was moved or copied. */
#ifndef DOCTOR_SCRIPTS_H
#define DOCTOR_SCRIPTS_H

#include "ailment.h"

/* Adds an item for them. */
int look_at_scripts(struct look *look, struct pipseed_error *err);
/* Makes them start this environment's interpreter. */
int cure_scripts(struct look *look, struct pipseed_error *err);

#endif
