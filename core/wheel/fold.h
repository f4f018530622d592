/* SPDX-License-Identifier: MIT */
/*
 * fold.h - names as file systems see them that fold case and normalise: ext4 and f2fs with casefold, APFS, HFS+, SMB.
 * Two names are one there when their folded forms are equal:
 *
 *     "Demo.py", "demo.py"       case
 *     "na\u00efve", "nai\u0308ve"      canonical equivalents: NFC and NFD
 *     ".pip\u200bseed"            characters that are ignored
 *
 * Unicode's caseless match of canonical equivalents (section 3.13, D145), as far as U+F8FF; the order of combining
 * marks does not count at all.
 */
#ifndef WHEEL_FOLD_H
#define WHEEL_FOLD_H

#include "base/str.h"

/* Adds the folded form of well-formed UTF-8; slashes stay where they are. */
void fold_add(struct str *out, const char *name);

#endif
