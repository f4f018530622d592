/* SPDX-License-Identifier: MIT */
/*
 * base.h - the interpreters of an environment: the one that its scripts name, and the one that it was made from. Found
 * by links and by pyvenv.cfg; nothing is run.
 *
 *     r = base_find_exe(&arena, root, &env, &exe, err);          "/srv/app/bin/python3"
 *     r = base_find(&arena, root, &env, exe, &base, err);        "/usr/bin/python3"
 */
#ifndef TARGET_BASE_H
#define TARGET_BASE_H

#include "target/pyvenv.h"

/* ENV/bin/NAME with the NAME that venv gave it when it was made: the end of the links that stay in bin; of copies, the
 * name in the key "command". PIPSEED_E_BAD_TARGET: the environment has no interpreter. */
int base_find_exe(struct arena *arena, const char *root, const struct pyvenv *env, const char **ret_exe,
                  struct pipseed_error *err);
/* The interpreter behind exe that belongs to no environment; through environments that were made from others.
 * PIPSEED_E_BAD_TARGET: it is gone, or pyvenv.cfg does not say where it is. */
int base_find(struct arena *arena, const char *root, const struct pyvenv *env, const char *exe, const char **ret_base,
              struct pipseed_error *err);

/* Returns whether there is an executable file, links followed within root: 1, 0, -errno. */
int base_is_executable(const char *root, const char *path);

#endif
