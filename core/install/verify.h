/* SPDX-License-Identifier: MIT */
/*
 * verify.h - is an installed distribution what its RECORD says, and what the wheel of the same version says?
 *
 *     const struct verify_input input = {.target = target, .installed = &list.items[0], .wheel = &wheel->info};
 *
 *     r = verify_installed(&arena, &input, &findings, err);
 *
 * Nothing is changed and nothing outside of the target's scheme folders is opened: folders are held, files are opened
 * beneath them without following links.
 */
#ifndef INSTALL_VERIFY_H
#define INSTALL_VERIFY_H

#include "base/arena.h"
#include "pipseed.h"
#include "target/installed.h"
#include "target/target.h"
#include "wheel/wheel.h"

struct verify_input {
        const struct target *target;
        const struct installed *installed;
        const struct wheel_info *wheel; /* of the same version, or NULL; its data is not needed */
        /* absolute folders; a symbolic link to a file in one of them is as good as a file */
        const char *const *stores;
        size_t n_stores;
        pipseed_event_fn *event; /* progress; or NULL */
        void *event_data;
};

struct verify_findings {
        struct pipseed_finding *items;
        size_t n;
        size_t n_files; /* rows of RECORD that were looked at */
};

/*
 * The findings, sorted by path, in the arena; what is found is no failure:
 *
 *     INSTALL_MISSING  a row of RECORD without a file, a file of the wheel without a row, or no RECORD at all
 *     INSTALL_CHANGED  hash or size differ from RECORD or from the wheel; a RECORD or a row that says nothing; a .pyc
 *                      that does not belong to its .py (timestamp and size in its header)
 *     INSTALL_LINK     a link or a special file where a regular file should be, or a link on the way to it
 *     INSTALL_FOREIGN  a file in the distribution's own top-level folders that RECORD does not list; a row that leads
 *                      out of the target's folders (that one is never opened)
 *
 * What is no finding: a .pyc row without a file, the .pyc of a listed .py for any interpreter, files in folders that
 * belong to several distributions (site-packages itself, its __pycache__), a row of pip's for a .data script that it
 * replaced.
 *
 * Errors: IO, NO_MEMORY, CANCELLED.
 */
int verify_installed(struct arena *arena, const struct verify_input *input, struct verify_findings *ret_findings,
                     struct pipseed_error *err);

#endif
