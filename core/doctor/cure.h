/* SPDX-License-Identifier: MIT */
/* cure.h - mends what examine.h found. */
#ifndef DOCTOR_CURE_H
#define DOCTOR_CURE_H

#include "ailment.h"

/* Every cure that an item asks for, in the order of the enum; a cure that fails is said in its items. */
int cure_all(struct look *look, struct pipseed_error *err);

#endif
