/* SPDX-License-Identifier: MIT */
/*
 * venv.h - one virtual environment, equal to what `python -m venv --without-pip` of the same base makes, in steps between
 * which something else can be done (create.c):
 *
 *     _cleanup_(venv_freep) struct venv *venv = NULL;
 *
 *     r = venv_plan(req, has_more, &venv, err);     the base, and what the environment consists of; nothing is written
 *     r = venv_open(venv, err);                     the place: may it be used, and no other call works on it
 *     r = venv_make(venv, err);
 *     ...                                           pip is put in, hooks do their work
 *     r = venv_finish(venv, err);
 *     r = venv_roll_back(venv, err);                instead of that, when something failed
 *
 * req and what it points to are borrowed until venv_free.
 */
#ifndef PIPSEED_VENV_H
#define PIPSEED_VENV_H

#include "base/arena.h"
#include "base/cleanup.h"
#include "install/txn/txn.h"
#include "pipseed.h"
#include "venv/clear.h"
#include "venv/layout.h"
#include "venv/base_python.h"
#include "venv/destination.h"

struct venv {
        const struct pipseed_create_request *req;
        const struct pipseed_request *seeding;
        struct arena arena;
        struct base_python origin;
        struct layout layout;
        struct destination destination;
        const char *dir;    /* absolute */
        const char *python; /* its interpreter, as scripts should name it */
        const char *base;   /* the interpreter behind it, and its X.Y.Z */
        const char *version;
        const struct facts *facts; /* of it */
        struct target *kept;       /* it, where that is not the origin: the directory has a link to another */
        bool has_more;  /* venv_finish writes the final pyvenv.cfg: until then the base's packages are not seen */
        bool has_note;  /* the last entry of the layout */
        bool existed;   /* dir was an environment; known from venv_open on */
        bool was_empty; /* the directory that was there */
        enum clear_how how;
        struct txn *txn; /* what was changed in the directory that was there, or NULL */
};

/* The directory is new, or takes the place of another as a whole: nothing in it is older than this call. */
static inline bool venv_is_new(const struct venv *venv)
{
        return venv->destination.published;
}

/* The base under the name that was admitted to be run; venv->base may be another one of it. Known from venv_open on. */
static inline const char *venv_admitted(const struct venv *venv)
{
        return venv->kept != NULL ? venv->kept->base_exe : venv->origin.target->base_exe;
}

/* Will the directory be empty but for what this call puts in? Known from venv_open on. */
static inline bool venv_starts_empty(const struct venv *venv)
{
        return !venv->destination.existed || venv->how != CLEAR_NOTHING;
}

/* Errors: USAGE, BAD_VALUE, UNSUPPORTED, IO; those of target_find. */
int venv_plan(const struct pipseed_create_request *req, bool has_more, struct venv **ret_venv,
              struct pipseed_error *err);
/* Directories on the way are made, unless dry_run. From here on base, version and facts say what the interpreter really is.
 * Errors: IO, NOT_EMPTY, REFUSED, BUSY, CANCELLED. */
int venv_open(struct venv *venv, struct pipseed_error *err);
/* Errors: IO, NOT_EMPTY, CANCELLED; those of target_find. */
int venv_make(struct venv *venv, struct pipseed_error *err);
/* The final pyvenv.cfg. IO. */
int venv_finish(const struct venv *venv, struct pipseed_error *err);
/* A new directory vanishes, what clear replaced is there again, an empty one is empty again. What was written into a directory
 * with files in it by others than venv_make stays. IO; BUSY: dir holds something else by now. */
int venv_roll_back(struct venv *venv, struct pipseed_error *err);
/* What clear replaced, or what roll_back took away, is removed now. */
void venv_free(struct venv *venv);
DEFINE_CLEANUP(struct venv *, venv_free)

#endif
