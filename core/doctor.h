/* SPDX-License-Identifier: MIT */
/*
 * doctor.h - one look at an environment: the ailments that doctor_look.c finds and doctor_cure.c cures.
 *
 *     r = examine(&look, err);         fills look->items; changes nothing
 */
#ifndef PIPSEED_DOCTOR_H
#define PIPSEED_DOCTOR_H

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
        CURE_DEBRIS,    /* folders that pip moved away */
        CURE_EMPTY,     /* empty folders on the way to a root */
        N_CURES,
};

struct ailment {
        struct pipseed_ailment public;
        enum cure cure;
        const char *package; /* CURE_PIP: its name, and the version to install again */
        const char *version;
};

struct look {
        struct arena arena;
        const struct pipseed_request *req; /* whole: see job_copy_request */
        const char *env; /* the folder, absolute */
        bool is_env;     /* it has a pyvenv.cfg */
        struct pyvenv cfg;
        struct target *target; /* NULL: it cannot be used as it is */
        bool may_be_gone;      /* what was wrong with it may have been that it was there at all */
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
/* doctor_scripts.c: adds an item for scripts that start the interpreter of another place; makes them start this one's. */
int look_at_scripts(struct look *look, struct pipseed_error *err);
int cure_scripts(struct look *look, struct pipseed_error *err);
/* pyvenv.cfg, activate scripts (unless upgrade) and the links to the base anew. */
int cure_base(struct look *look, bool upgrade, struct pipseed_error *err);
/* look->req and look->env are set. Errors: IO, NO_MEMORY, and those of target_find for what is no environment. */
int examine(struct look *look, struct pipseed_error *err);
/* Every cure that an item asks for, in the order of the enum; a cure that fails is said in its items. */
int cure_all(struct look *look, struct pipseed_error *err);
void look_done(struct look *look);

#endif
