/* SPDX-License-Identifier: MIT */
/*
 * dir_groups.h - the files of a plan by the directory they go into: what one thread stages at a time.
 *
 *     _cleanup_(dir_groups_done) struct dir_groups batches = {0};
 *
 *     r = dir_groups_make(&plan, &batches);
 *     for (size_t i = batches.items[b].first; i < batches.items[b].end; i++)
 *             for (size_t f = batches.runs[i].first; f < batches.runs[i].end; f++) ... plan.files[f] ...
 *
 * A plan is sorted by path: the files of a directory that has directories in it are several runs of the list. A
 * directory's batch comes before those of the directories beneath it.
 */
#ifndef INSTALL_DIR_GROUPS_H
#define INSTALL_DIR_GROUPS_H

#include "install/plan/plan.h"

/* Files beside each other in the plan that go into one directory. */
struct dir_group_run {
        size_t first, end;            /* in the plan */
        const struct plan_file *file; /* the first one */
};

/* The runs of one directory. */
struct batch {
        size_t first, end;
};

struct dir_groups {
        struct dir_group_run *runs;
        struct batch *items;
        size_t n_items;
};

/* 0, or -ENOMEM. It points into the plan. */
int dir_groups_make(const struct plan *plan, struct dir_groups *ret_groups);
void dir_groups_done(struct dir_groups *batches);

#endif
