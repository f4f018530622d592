/* SPDX-License-Identifier: MIT */
/*
 * pyvenv.h - is a directory a virtual environment, and what does its pyvenv.cfg say (PEP 405; CPython's site.py and
 * getpath.py are the reference)?
 *
 *     struct pyvenv env;
 *
 *     r = pyvenv_read(&arena, root, "/srv/app", &env, err);      1 an environment, 0 none, negative code
 *
 * Environments of virtualenv before release 20 have no pyvenv.cfg: their lib/pythonX.Y/orig-prefix.txt names the base.
 * A conda environment (conda-meta/) is an installation of its own, not a virtual environment.
 */
#ifndef TARGET_PYVENV_H
#define TARGET_PYVENV_H

#include "base/arena.h"
#include "pipseed.h"

#include <stdbool.h>

enum pyvenv_kind { PYVENV_NONE, PYVENV_CFG, PYVENV_LEGACY };

struct pyvenv {
        enum pyvenv_kind kind;
        const char *prefix;          /* directory of the environment, as it was asked for */
        const char *file;            /* pyvenv.cfg or orig-prefix.txt, for messages */
        const char *home;            /* directory of the base interpreter, NULL: the file does not say */
        const char *command;         /* key "command": how venv was called (3.11 and newer), or NULL */
        const char *executable;      /* key "executable" of venv 3.11, the resolved base interpreter, or NULL */
        const char *base_executable; /* key "base-executable" of virtualenv 20, or NULL */
        const char *version;         /* keys "version", "version_info"; X.Y of a legacy directory; or NULL */
        bool system_site;            /* include-system-site-packages; true when the key is missing, as in site.py */
};

/* The text of a pyvenv.cfg, any bytes. The first "home" counts and the last of every other key, as in CPython. Does not
 * set kind, prefix and file. PIPSEED_E_NO_MEMORY alone. */
int pyvenv_parse(struct arena *arena, const char *text, size_t len, struct pyvenv *ret_env, struct pipseed_error *err);

/* 1 when the directory (absolute, inside root) is an environment, 0 when not. A pyvenv.cfg that cannot be read is an
 * error, one without home is not: see env->home. */
int pyvenv_read(struct arena *arena, const char *root, const char *directory, struct pyvenv *ret_env,
                struct pipseed_error *err);
/* The environment that this interpreter (absolute path, links not resolved) belongs to: pyvenv.cfg beside it or one
 * above. Returns as pyvenv_read. */
int pyvenv_read_of(struct arena *arena, const char *root, const char *exe, struct pyvenv *ret_env,
                   struct pipseed_error *err);
/* pyvenv_read for those who want nothing but the answer. */
bool pyvenv_is_env(const char *root, const char *directory);

#endif
