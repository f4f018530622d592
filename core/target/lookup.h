/* SPDX-License-Identifier: MIT */
/*
 * lookup.h - interpreters by name or version on PATH.
 *
 *     for (size_t i = 0; (r = lookup_path(name, NULL, i, &path)) > 0; i++)
 *             ... the i-th of that name
 *
 *     r = lookup_parse(">=3.12", &request, err);
 *     for (size_t i = 0; (name = lookup_usual_name(&request, i, buffer)) != NULL; i++)
 *             ... each of that name, if lookup_admits(&request, facts)
 */
#ifndef TARGET_LOOKUP_H
#define TARGET_LOOKUP_H

#include "pipseed.h"

#include <stdbool.h>
#include <stddef.h>

#define LOOKUP_FORMS "a path, an environment, a name on PATH, or a version: 3.12, 3.12.1, 3.13t, cpython3.12, '>=3.12'"

struct facts;
struct specifier;

/* An interpreter by its version. */
struct lookup_request {
        const char *implementation; /* sys.implementation.name, NULL: any */
        bool free_threaded;
        struct specifier *versions;
};

/* The n-th executable of that name (no slash in it) along PATH, or, with root, in the usual directories inside root. An
 * absolute path (unrooted), in new memory. 1, 0 when there is no n-th, -errno. */
int lookup_path(const char *name, const char *root, size_t n, char **ret_path);

/* Returns whether the file begins with "#!": a shim or a wrapper is not an interpreter. */
bool lookup_is_script(const char *path);

/* "python3.12" for "3.12" and "cpython3.12", "python3.13t" for "3.13t", else a copy of name; in new memory. NULL: no
 * memory. */
char *lookup_name(const char *name);

/* "3.12", "3.12.1", "3.13t", "cpython3.12", "python-3.12", "pypy3.10", or a specifier such as ">=3.12,<3.14". 1; 0:
 * text is not a version; PIPSEED_E_BAD_SPECIFIER. */
int lookup_parse(const char *text, struct lookup_request *ret_request, struct pipseed_error *err);
void lookup_request_done(struct lookup_request *request);
bool lookup_admits(const struct lookup_request *request, const struct facts *facts);

/* What such an interpreter may be called, python3 first, then the newest version; written to buffer. NULL: no more. */
const char *lookup_usual_name(const struct lookup_request *request, size_t i, char buffer[32]);

#endif
