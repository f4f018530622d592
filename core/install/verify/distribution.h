/* SPDX-License-Identifier: MIT */
/*
 * distribution.h - is an installed distribution what its RECORD says, and what the wheel of the same version says?
 *
 *     const struct verify_input input = {.target = target, .installed = &list.items[0], .wheel = &wheel->info};
 *
 *     r = verify_installed(&arena, &input, &findings, err);
 *
 * Nothing is changed and nothing outside of the target's scheme directories is opened: directories are held, files are
 * opened beneath them without following links.
 */
#ifndef INSTALL_DISTRIBUTION_H
#define INSTALL_DISTRIBUTION_H

#include "base/arena.h"
#include "pipseed.h"
#include "store/share.h"
#include "target/installed.h"
#include "target/target.h"
#include "wheel/wheel.h"

struct verify_input {
        const struct target *target;
        const struct installed *installed;
        const struct wheel_info *wheel; /* of the same version, or NULL; its data is not needed */
        /* absolute directories; a symbolic link to a file in one of them is as good as a file */
        const char *const *stores;
        size_t n_stores;
        pipseed_event_fn *event; /* progress; or NULL */
        void *event_data;
        size_t n_own_stores;      /* the first ones are this user's, the others may be root's */
        const char *wheel_sha256; /* hex, or NULL */
        struct pipseed_verify_cache *cache;
        struct share_caller caller;
        unsigned int jobs; /* for compiling, see compiled.h */
        bool make_own;     /* files in wrong hands are replaced by copies (own.h) */
        bool durable;
};

struct verify_findings {
        struct pipseed_finding *items;
        size_t n;
        size_t n_files; /* that were looked at: those that RECORD lists and that are there, and bytecode of these */
        size_t n_not_verified;    /* files that could not be */
        const char *not_verified; /* why, or NULL */
};

/*
 * The findings, sorted by path, in the arena; what is found is not a failure:
 *
 *     INSTALL_MISSING  a row of RECORD without a file, a file of the wheel without a row, or no RECORD at all
 *     INSTALL_CHANGED  hash or size differ from RECORD or from the wheel; a RECORD that says nothing; a .pyc that does
 *                      not belong to its .py, or is not what that compiles to (compiled.h)
 *     INSTALL_LINK     a link or a special file where a regular file should be, or a link on the way to it
 *     INSTALL_EXTRA  a file in the distribution's own top-level directories that RECORD does not list; a row that leads
 *                      out of the target's directories (that one is never opened)
 *
 *     INSTALL_OWNER    a file of another user than the environment's (or root)
 *     INSTALL_MODE     a file that others than its owner can write, and not because the whole environment is a group's
 *     INSTALL_SHARED   a file that is one with the store's where that must not be (store/share.h)
 *
 * The last three are one finding each for all files that have the same wrong with them. What is not a finding: a row
 * without a hash for a script or a file of the dist-info, as virtualenv writes them, whose file then counts as not
 * verified; a .pyc row or a __pycache__ row without a file, the .pyc of a listed .py for any interpreter, files in
 * directories that belong to several distributions (site-packages itself, its __pycache__), a row of pip's for a .data
 * script that it replaced.
 *
 * Errors: IO, NO_MEMORY, CANCELLED.
 */
int verify_installed(struct arena *arena, const struct verify_input *input, struct verify_findings *ret_findings,
                     struct pipseed_error *err);

#endif
