/* SPDX-License-Identifier: MIT */
/*
 * sibling.h - the hidden directories beside the place of an environment, and what killed runs left of them. An
 * environment is made in ".NAME.pipseed"; where locks do not work the name has a random number at its end. Where the
 * kernel cannot exchange two names, what was in the place is ".NAME.pipseed-old" for a moment in which the place is
 * empty: it is put back.
 */
#ifndef VENV_SIBLING_H
#define VENV_SIBLING_H

#include <stdbool.h>
#include <stddef.h>

#define SIBLING_ASIDE "-old"

/* ".NAME.pipseed" and the end, in new memory: NULL when there is none. */
char *sibling_name(const char *name, const char *end);

struct sibling_found {
        bool dry_run;     /* look, and change nothing */
        bool thorough;    /* also those with a random number: reads the whole directory */
        size_t n;         /* found, and taken away */
        size_t n_foreign; /* of another user, or put there by one, left alone */
        int error;        /* -errno: one could not be removed, and is in nobody's way */
        bool put_back;    /* one of them was the environment of the place, and is there again */
};
/* Takes away what killed runs left beside the place of that name. 0 or -errno. */
int sibling_recover(int parent_fd, const char *name, struct sibling_found *found);

#endif
