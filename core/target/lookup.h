/* SPDX-License-Identifier: MIT */
/*
 * lookup.h - interpreters by name on PATH.
 *
 *     for (size_t i = 0; (r = lookup_path(name, NULL, i, &path)) > 0; i++)
 *             ... the i-th of that name
 */
#ifndef TARGET_LOOKUP_H
#define TARGET_LOOKUP_H

#include <stddef.h>

/* The n-th executable of that name (no slash in it) along PATH, or, with root, in the usual folders inside root. An
 * absolute path (unrooted), in new memory. 1, 0 when there is no n-th, -errno. */
int lookup_path(const char *name, const char *root, size_t n, char **ret_path);

/* "python3.12" for "3.12", "python3.13t" for "3.13t", else a copy of name; in new memory. NULL: no memory. */
char *lookup_name(const char *name);

#endif
