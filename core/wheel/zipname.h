/* SPDX-License-Identifier: MIT */
/*
 * zipname.h - the names of zip members: each by itself, and all together. For zip.c.
 */
#ifndef WHEEL_ZIPNAME_H
#define WHEEL_ZIPNAME_H

#include "zip.h"

/* One name as it stands in a header. PIPSEED_E_ZIP_NAME: empty, too long, control characters, not UTF-8, or not ASCII
 * though the flag for UTF-8 is not set. PIPSEED_E_ZIP_PATH: absolute, backslash, drive letter, "", "." or "..". */
int zipname_check(const uint8_t *name, size_t len, bool utf8_flag, const char *path, struct pipseed_error *err);

/* All names; fills the keys and sorts the members by name as bytes. PIPSEED_E_ZIP_DUPLICATE,
 * PIPSEED_E_ZIP_NAME_COLLISION. */
int zipname_check_all(struct zip *zip, const char *path, struct pipseed_error *err);

#endif
