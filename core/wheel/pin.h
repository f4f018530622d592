/* SPDX-License-Identifier: MIT */
/*
 * pin.h - which of a request's pins is for a wheel: by the project, version, build and tags that the file names say,
 * not by their spelling, so that none gets around it.
 */
#ifndef WHEEL_PIN_H
#define WHEEL_PIN_H

#include "catalog.h"

/* ret_pin: for this file, or NULL. ret_unpinned: there are pins for its project, but none for it, and it is not the
 * bundle's. 0 or NO_MEMORY. */
int pin_find(const struct pipseed_request *req, const struct catalog_wheel *wheel, const struct pipseed_pin **ret_pin,
             bool *ret_unpinned, struct pipseed_error *err);

#endif
