/* SPDX-License-Identifier: MIT */
/*
 * swap.h - the changes of an enable and a disable, made so that a process killed between any two system calls leaves an
 * interpreter with either ensurepip, and enough for the next run to know what to do.
 *
 *     swap_look(stdlib_fd, &swap)          what is there
 *     swap_recover(&swap)                  finishes or undoes what was interrupted
 *     ... package_write(stdlib_fd, PACKAGE_NEW, ...)
 *     swap_put(&swap)                      the new one becomes the package, the interpreter's own is kept
 *     swap_take_back(&swap)                the reverse
 *
 * The package changes by one exchange of names (renameat2). Where the file system has none, two renames do it, between
 * which there is no ensurepip; where a directory cannot be renamed (overlayfs: a directory of a lower layer), the files
 * change one by one, __init__.py deciding which one it is.
 */
#ifndef DROPIN_SWAP_H
#define DROPIN_SWAP_H

#include "dropin/package.h"

struct swap {
        int stdlib_fd; /* borrowed */
        enum package_kind package, kept, fresh;
};

/* All 0 or -errno. */
int swap_look(int stdlib_fd, struct swap *ret_swap);
/* Returns whether an enable or a disable was interrupted. */
bool swap_is_interrupted(const struct swap *swap);
int swap_recover(struct swap *swap);
int swap_put(struct swap *swap);
/* Removes the new one after a failure. Does its best. */
void swap_discard(const struct swap *swap);
int swap_take_back(struct swap *swap);

#endif
