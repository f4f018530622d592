/* SPDX-License-Identifier: MIT */
/*
 * recovery.h - what killed runs of `pipseed venv` left of an environment and beside it:
 *
 *     .NAME.pipseed*          beside it: the new one that never got there, or the old one that made room for it
 *     NAME/.pipseed-venv      the staging directory of a change to a directory that was there (update.h): finished, or
 *                             undone
 *     NAME/.pipseed-unfinished   made, but hooks had not finished it (unfinished.h)
 *
 *     _cleanup_(recovery_done) struct recovery repair = RECOVERY_INIT;
 *
 *     r = recovery_before(&repair, "/srv/app", err);     the first two, before anything is looked at
 *     ...                                          pip is put in
 *     r = recovery_after(&repair, "/srv/app", err);      the third
 *
 * What a run that lives works on is left alone.
 */
#ifndef VENV_RECOVERY_H
#define VENV_RECOVERY_H

#include "base/cleanup.h"
#include "install/txn/txn.h"
#include "pipseed.h"

struct recovery {
        bool dry_run;  /* look, and change nothing */
        bool thorough; /* see struct sibling_found */
        bool durable;
        pipseed_event_fn *event;
        void *event_data;

        int fd; /* the environment's directory, -1: there is none */
        size_t n_beside, n_foreign;
        bool put_back;     /* the environment itself had been moved away, and is there again */
        bool was_changing; /* a staging directory was there */
        bool unfinished, wants_pip;
        bool is_held; /* a run that lives works on the environment */
};

#define RECOVERY_INIT                                                                                                  \
        {                                                                                                              \
                .fd = -1                                                                                               \
        }

/* path is absolute. Errors: IO, NO_MEMORY, BAD_TARGET (another user's run was interrupted half-way). */
int recovery_before(struct recovery *recovery, const char *path, struct pipseed_error *err);
int recovery_after(struct recovery *recovery, const char *path, struct pipseed_error *err);
void recovery_done(struct recovery *recovery);

#endif
