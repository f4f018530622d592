/* SPDX-License-Identifier: MIT */
/* repair.h - repairs what examine.h found. */
#ifndef DOCTOR_REPAIR_H
#define DOCTOR_REPAIR_H

#include "issue.h"

/* Every repair that an item asks for, in the order of the enum; a repair that fails is said in its items. */
int repair_all(struct examination *look, struct pipseed_error *err);

#endif
