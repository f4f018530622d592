/* SPDX-License-Identifier: MIT */
/*
 * issue.h - one look at an environment: what it is, and the issues found so far. examine.h finds them, repair.h repairs
 * them.
 *
 *     struct examination look = {.req = req, .env = directory};
 *
 *     r = look_add(&look, PIPSEED_E_..., REPAIR_..., path, err, "the link %s leads nowhere", name);
 *     look_done(&look);
 */
#ifndef DOCTOR_ISSUE_H
#define DOCTOR_ISSUE_H

#include "base/arena.h"
#include "pipseed.h"
#include "target/pyvenv.h"
#include "target/target.h"

enum repair {
        REPAIR_NONE,
        REPAIR_LEFTOVERS,     /* of a `pipseed venv` that was killed */
        REPAIR_BASE,          /* pyvenv.cfg and the links to the base interpreter again */
        REPAIR_STAGING,       /* of a seeding that was killed */
        REPAIR_SCRIPTS,       /* the paths in scripts */
        REPAIR_PIP,           /* the same version again */
        REPAIR_OWN,           /* copies of its own of files in wrong hands */
        REPAIR_PIP_LEFTOVERS, /* directories that pip moved away */
        REPAIR_EMPTY,         /* empty directories on the way to a root */
        N_REPAIRS,
};

struct issue {
        struct pipseed_issue public;
        enum repair repair;
        const char *package; /* REPAIR_PIP, REPAIR_OWN: its name, and the version to install again */
        const char *version;
};

struct examination {
        struct arena arena;
        const struct pipseed_request *req; /* whole: see job_copy_request */
        bool fix;                          /* what is found is to be repaired: nothing is left at a look */
        const char *env;                   /* the directory, absolute */
        bool is_env;                       /* it has a pyvenv.cfg */
        struct pyvenv cfg;
        struct target *target; /* NULL: it cannot be used as it is */
        bool may_be_gone;      /* what was wrong with it may have been that it was there at all */
        bool leads_out;        /* a link of its scheme leads out of it: nothing is repaired before that is gone */
        bool wants_pip;        /* it is unfinished, and pip is to come */
        const char *base;      /* an interpreter that the environment can have, or NULL */
        struct issue *items;
        size_t n_items, capacity;
};

/* Adds one. path and package may be NULL and are copied. PIPSEED_E_NO_MEMORY. */
int look_add(struct examination *look, int code, enum repair repair, const char *path, struct pipseed_error *err,
             const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The directory of the target's packages, with --root applied. New memory. */
char *look_lib(const struct examination *look);
/* A directory of the environment, by its path: beneath it, as sysroot.h opens it. fd or -errno. */
int look_open_dir(const struct examination *look, const char *path);
void look_done(struct examination *look);

#endif
