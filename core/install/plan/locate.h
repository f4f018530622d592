/* SPDX-License-Identifier: MIT */
/*
 * locate.h - where a member of a wheel goes in a target (PEP 427: the root and the directories of NAME-VERSION.data).
 *
 *     struct locator locator;
 *
 *     r = locator_init(&locator, &arena, wheel, &target->scheme, err);
 *     r = locate_file(&locator, wheel->files[i].path, &place, err);
 */
#ifndef INSTALL_LOCATE_H
#define INSTALL_LOCATE_H

#include "base/arena.h"
#include "install/plan/plan.h"

struct locator {
        struct arena *arena;
        const char *roots[PLAN_N_ROOTS];   /* absolute, unrooted */
        enum plan_root same[PLAN_N_ROOTS]; /* the first root with the same directory */
        enum plan_root purelib, platlib;
};

struct location {
        enum plan_root root;
        const char *path; /* below the root; part of the member's path, or in the arena */
        bool is_script;   /* from .data/scripts: "#!python" gets rewritten, wrappers are left out */
};

/* The arena must live as long as the locator and the locations. PIPSEED_E_NO_MEMORY. */
int locator_init(struct locator *locator, struct arena *arena, const struct wheel_info *wheel,
                 const struct target_scheme *scheme, struct pipseed_error *err);

/* PIPSEED_E_DATA_SCHEME: below a .data directory, but not in one of the directories that PEP 427 names; or it would
 * replace pyvenv.cfg. PIPSEED_E_SCRIPT_NAME: it would replace an interpreter or its like. A file of .data/data that
 * comes to lie in one of the other directories is said to be in that one, so that every file has one name only. */
int locate_file(const struct locator *locator, const char *path, struct location *ret_location,
                struct pipseed_error *err);

#endif
