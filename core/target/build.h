/* SPDX-License-Identifier: MIT */
/*
 * build.h - a struct target from what was found out: the facts about the interpreter, the environment if it is one, and
 * the environment variables of this moment (PYTHONUSERBASE, PYTHONNOUSERSITE, HOME), which are never remembered.
 */
#ifndef TARGET_BUILD_H
#define TARGET_BUILD_H

#include "target/facts.h"
#include "target/pyvenv.h"

/* env NULL: the interpreter itself. exe: as invoked. image: the root that the interpreter lies in, NULL when it is one
 * of the host. Uses target->arena and target->root, fills the rest. PIPSEED_E_BAD_TARGET: the environment was made by
 * another version than its base now has. */
int build_target(struct target *target, const struct facts *facts, const struct pyvenv *env, const char *exe,
                 const char *image, struct pipseed_error *err);

/* An environment that is going to be made. */
struct planned_env {
        const struct facts *facts;
        const char *dir;  /* absolute */
        const char *exe;  /* its interpreter, as scripts will name it */
        const char *base; /* the interpreter behind it, which compiles */
        bool starts_empty; /* nothing is taken to be installed there; else what is there now */
};

/* The base's packages are not seen. facts and dir are borrowed. IO, NO_MEMORY. */
int build_planned(const struct planned_env *planned, struct target **ret_target, struct pipseed_error *err);

#endif
