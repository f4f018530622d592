/* SPDX-License-Identifier: MIT */
/*
 * base_python.h - the interpreter that an environment is made from, and what its own venv would make of it.
 *
 *     _cleanup_(base_python_done) struct base_python origin = BASE_PYTHON_INIT;
 *
 *     r = base_python_find(&req, cache_dir, &origin, err);
 */
#ifndef VENV_BASE_PYTHON_H
#define VENV_BASE_PYTHON_H

#include "target/facts.h"
#include "target/target.h"
#include "venv/features.h"

struct base_python {
        struct target *target; /* owns the texts */
        const struct facts *facts;
        const char *exe;     /* sys.executable: as asked for, absolute */
        const char *real;    /* the same without links */
        const char *base;    /* sys._base_executable: belongs to no environment */
        const char *home;    /* its directory */
        const char *name;    /* its name in there */
        const char *version; /* X.Y.Z */
        bool is_64bit;
        struct features features;
        int venv_fd; /* the directory of its venv package */
        const char *venv_dir;
};

#define BASE_PYTHON_INIT                                                                                               \
        {                                                                                                              \
                .venv_fd = -1                                                                                          \
        }

/* The request's python, or python3 on PATH. One that is named is run, whoever owns it, but for a dry run. An
 * interpreter of an environment stands for its base, also below Python 3.11, whose own venv would chain the
 * environments. Errors: those of target_find; UNSUPPORTED. */
int base_python_find(const struct pipseed_create_request *req, const char *cache_dir,
                     struct base_python *ret_base_python, struct pipseed_error *err);
void base_python_done(struct base_python *origin);

#endif
