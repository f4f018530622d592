/* SPDX-License-Identifier: MIT */
/*
 * scheme.h - install schemes: placeholders of an interpreter's answer filled in, the user base of this moment, and the
 * layouts of an interpreter that cannot be asked.
 */
#ifndef TARGET_SCHEME_H
#define TARGET_SCHEME_H

#include "base/arena.h"

#include <stdbool.h>

/* Index of the directories of a scheme, of a plan and of a transaction. LIB is purelib; in the plan of a wheel whose
 * root goes to platlib it is that one, so that the dist-info is always in LIB. The order is that of the probe's
 * answer. */
enum plan_root { PLAN_LIB, PLAN_OTHER_LIB, PLAN_SCRIPTS, PLAN_HEADERS, PLAN_DATA, PLAN_N_ROOTS };

/* An install scheme (sysconfig.get_paths, pip's get_scheme): one directory for each kind of file. The installer appends
 * the project's name to HEADERS. */
struct target_scheme {
        const char *dirs[PLAN_N_ROOTS];
};

enum scheme_layout {
        SCHEME_POSIX,  /* sysconfig's posix_prefix, distutils' unix_prefix */
        SCHEME_DEBIAN, /* posix_local, unix_local: /usr/local and dist-packages */
        SCHEME_VENV,   /* as posix, with pip's own directory for headers */
};

/* path with the directory `from` at its start replaced by `to`; path itself when it is not below `from`. NULL: out of
 * memory. */
const char *scheme_replace(struct arena *arena, const char *path, const char *from, const char *to);
/* Returns whether the scheme puts packages into this directory: purelib or platlib. */
bool scheme_has(const struct target_scheme *scheme, const char *directory);
/* scheme_replace for a scheme: 0 or -ENOMEM. */
int scheme_fill(struct arena *arena, const struct target_scheme *scheme, const char *from, const char *to,
                struct target_scheme *ret_scheme);

/*
 * The scheme of a CPython by its layout. lib is the name of its directory ("python3.13", "python3.13t"); libdir "lib"
 * or "lib64", for platlib. 0 or -ENOMEM.
 */
int scheme_of_layout(struct arena *arena, enum scheme_layout layout, const char *prefix, const char *lib,
                     const char *libdir, int minor, struct target_scheme *ret_scheme);
/* site.getuserbase(): PYTHONUSERBASE, else ~/.local, made absolute; in the arena. NULL: no memory. */
const char *scheme_user_base(struct arena *arena);
/* site.check_enableusersite() of a Python started without options: PYTHONNOUSERSITE, real and effective ids. */
bool scheme_user_site_allowed(void);

#endif
