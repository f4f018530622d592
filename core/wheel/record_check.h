/* SPDX-License-Identifier: MIT */
/*
 * record_check.h - does a wheel's RECORD describe its files, all of them and nothing else?
 *
 *     r = record_check(info, text, len, path, err);
 *
 * Of the signature files beside RECORD (RECORD.jws, RECORD.p7s) no row is needed; RECORD's own row, when it is there,
 * has neither hash nor size (PEP 427).
 */
#ifndef WHEEL_RECORD_CHECK_H
#define WHEEL_RECORD_CHECK_H

#include "wheel.h"

#define RECORD_CHECK_MAX_SIZE ((size_t)3 << 20)

/* info has dist_info and its files with their digests, sorted; text is RECORD. Errors: PIPSEED_E_RECORD_SYNTAX;
 * RECORD_PATH (absolute, "..", not plain), RECORD_EXTRA (no such file in the wheel), RECORD_DUPLICATE (two rows of one
 * path), RECORD_MISSING (a file without row), RECORD_HASH (no sha256, or a wrong one), RECORD_SIZE. */
int record_check(const struct wheel_info *info, const char *text, size_t len, const char *path,
                 struct pipseed_error *err);

#endif
