/* SPDX-License-Identifier: MIT */
/*
 * origin.h - the interpreter that an environment is made from, and what its own venv would make of it.
 *
 *     _cleanup_(origin_done) struct origin origin = ORIGIN_INIT;
 *
 *     r = origin_find(&req, cache_dir, &origin, err);
 */
#ifndef VENV_ORIGIN_H
#define VENV_ORIGIN_H

#include "target/facts.h"
#include "target/target.h"
#include "venv/traits.h"

struct origin {
        struct target *target; /* owns the texts */
        const struct facts *facts;
        const char *exe;     /* sys.executable: as asked for, absolute */
        const char *real;    /* the same without links */
        const char *base;    /* sys._base_executable: belongs to no environment */
        const char *home;    /* its folder */
        const char *name;    /* its name in there */
        const char *version; /* X.Y.Z */
        bool is_64bit;
        struct traits traits;
        int venv_fd; /* the folder of its venv package */
        const char *venv_dir;
};

#define ORIGIN_INIT {.venv_fd = -1}

/* The request's python, or python3 on PATH. One that is named is run, whoever owns it, but for a dry run. An interpreter of
 * an environment stands for its base, also below Python 3.11, whose own venv would chain the environments. Errors: those of target_find; UNSUPPORTED. */
int origin_find(const struct pipseed_create_request *req, const char *cache_dir, struct origin *ret_origin,
                struct pipseed_error *err);
void origin_done(struct origin *origin);

#endif
