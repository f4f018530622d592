/* SPDX-License-Identifier: MIT */
/*
 * ailment.h - one look at an environment: what it is, and the ailments found so far. examine.h finds them, cure.h cures them.
 *
 *     struct look look = {.req = req, .env = folder};
 *
 *     r = look_add(&look, PIPSEED_E_..., CURE_..., path, err, "the link %s leads nowhere", name);
 *     look_done(&look);
 */
#ifndef DOCTOR_AILMENT_H
#define DOCTOR_AILMENT_H

#include "base/arena.h"
#include "pipseed.h"
#include "target/pyvenv.h"
#include "target/target.h"

enum cure {
        CURE_NONE,
        CURE_LEFTOVERS, /* of a `pipseed venv` that was killed */
        CURE_BASE,      /* pyvenv.cfg and the links to the base interpreter anew */
        CURE_AREAS,     /* of a seeding that was killed */
        CURE_SCRIPTS,   /* the paths in scripts */
        CURE_PIP,       /* the same version again */
        CURE_OWN,       /* copies of its own of files in wrong hands */
        CURE_DEBRIS,    /* folders that pip moved away */
        CURE_EMPTY,     /* empty folders on the way to a root */
        N_CURES,
};

struct ailment {
        struct pipseed_ailment public;
        enum cure cure;
        const char *package; /* CURE_PIP, CURE_OWN: its name, and the version to install again */
        const char *version;
};

struct look {
        struct arena arena;
        const struct pipseed_request *req; /* whole: see job_copy_request */
        bool fix;        /* what is found is to be cured: nothing is left at a look */
        const char *env; /* the folder, absolute */
        bool is_env;     /* it has a pyvenv.cfg */
        struct pyvenv cfg;
        struct target *target; /* NULL: it cannot be used as it is */
        bool may_be_gone;      /* what was wrong with it may have been that it was there at all */
        bool leads_out;        /* a link of its scheme leads out of it: nothing is cured before that is gone */
        bool wants_pip;        /* it is unfinished, and pip is to come */
        const char *base;      /* an interpreter that the environment can have, or NULL */
        struct ailment *items;
        size_t n_items, capacity;
};

/* Adds one. path and package may be NULL and are copied. PIPSEED_E_NO_MEMORY. */
int look_add(struct look *look, int code, enum cure cure, const char *path, struct pipseed_error *err,
             const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The folder of the target's packages, with --root applied. New memory. */
char *look_lib(const struct look *look);
/* A directory of the environment, by its path: beneath it, as top.h opens it. fd or -errno. */
int look_open_folder(const struct look *look, const char *path);
void look_done(struct look *look);

#endif
