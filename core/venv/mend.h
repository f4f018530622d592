/* SPDX-License-Identifier: MIT */
/*
 * mend.h - what killed runs of `pipseed venv` left of an environment and beside it:
 *
 *     .NAME.pipseed*          beside it: the new one that never got there, or the old one that made room for it
 *     NAME/.pipseed-venv      the area of a change to a folder that was there (update.h): finished, or undone
 *     NAME/.pipseed-unfinished   made, but hooks had not finished it (unfinished.h)
 *
 *     _cleanup_(mend_done) struct mend mend = MEND_INIT;
 *
 *     r = mend_before(&mend, "/srv/app", err);     the first two, before anything is looked at
 *     ...                                          pip is put in
 *     r = mend_after(&mend, "/srv/app", err);      the third
 *
 * What a run that lives works on is left alone.
 */
#ifndef VENV_MEND_H
#define VENV_MEND_H

#include "base/cleanup.h"
#include "install/txn/txn.h"
#include "pipseed.h"

struct mend {
        bool dry_run;  /* look, and change nothing */
        bool thorough; /* see struct hidden_found */
        bool durable;
        pipseed_event_fn *event;
        void *event_data;

        int fd;            /* the environment's folder, -1: there is none */
        size_t n_beside, n_foreign;
        bool put_back;     /* the environment itself had been moved away, and is there again */
        bool was_changing; /* an area was there */
        bool unfinished, wants_pip;
        bool is_held;      /* a run that lives works on the environment */
};

#define MEND_INIT {.fd = -1}

/* path is absolute. Errors: IO, NO_MEMORY, BAD_TARGET (another user's run was interrupted half-way). */
int mend_before(struct mend *mend, const char *path, struct pipseed_error *err);
int mend_after(struct mend *mend, const char *path, struct pipseed_error *err);
void mend_done(struct mend *mend);

#endif
