/* SPDX-License-Identifier: MIT */
/*
 * compiled.h - is a .pyc what its source compiles to? The interpreter runs a .pyc without a look at more than its
 * header, and RECORD has no hash for it.
 *
 *     r = compiled_check(&findings, &listing, path, err);      for each .pyc
 *     r = compiled_finish(&findings, err);                     then once
 *
 * What a store's manifest, or an earlier check of this call, knows by sha256 is believed. The rest is compiled once
 * more when everything else is done, by the target's base interpreter (-I -S), from memory to memory, and the code
 * objects are compared (marshal.h). Where that cannot be done the file counts as not verified, with the reason.
 */
#ifndef INSTALL_COMPILED_H
#define INSTALL_COMPILED_H

#include "install/verify/findings.h"
#include "install/verify/record_files.h"

/* path is absolute and unrooted. A finding when the header does not belong to the source that is there. IO,
 * NO_MEMORY. */
int compiled_check(struct findings *findings, const struct record_files *listing, const char *path,
                   struct pipseed_error *err);
/* Compiles what is left. A finding for each that differs. IO, NO_MEMORY. */
int compiled_finish(struct findings *findings, struct pipseed_error *err);

/* "D/__pycache__/NAME.TAG.pyc" or "...NAME.TAG.opt-N.pyc": "D/NAME.py" in new memory, and where TAG begins. NULL: it
 * has no such name, or memory ran out (then ret_tag is not NULL). */
char *compiled_source(const char *path, const char **ret_tag);

#endif
