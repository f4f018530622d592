/* SPDX-License-Identifier: MIT */
/*
 * named.h - which of the interpreters on PATH is meant by a name or a version.
 *
 *     const struct named_search search = {.take = take, .data = &finder, .err = err};
 *
 *     r = named_find(&search, "3.12");
 */
#ifndef TARGET_NAMED_H
#define TARGET_NAMED_H

#include "target/lookup.h"

struct named_search {
        const char *image; /* the root that is looked in, NULL: the host */
        /* Makes path the target. With request: PIPSEED_E_NO_TARGET when it is of another version. */
        int (*take)(void *data, const char *path, const struct lookup_request *request);
        void *data;
        struct pipseed_error *err;
};

/* The first one of that name that can be taken, else the first of that version. PIPSEED_E_NO_TARGET: there is none, or
 * the code of take. */
int named_find(const struct named_search *search, const char *given);

#endif
