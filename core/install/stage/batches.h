/* SPDX-License-Identifier: MIT */
/*
 * batches.h - the files of a plan by the folder they go into: what one thread stages at a time.
 *
 *     _cleanup_(batches_done) struct batches batches = {0};
 *
 *     r = batches_make(&plan, &batches);
 *     for (size_t i = batches.items[b].first; i < batches.items[b].end; i++)
 *             for (size_t f = batches.runs[i].first; f < batches.runs[i].end; f++) ... plan.files[f] ...
 *
 * A plan is sorted by path: the files of a folder that has folders in it are several runs of the list. A folder's batch comes
 * before those of the folders beneath it.
 */
#ifndef INSTALL_BATCHES_H
#define INSTALL_BATCHES_H

#include "install/plan/plan.h"

/* Files beside each other in the plan that go into one folder. */
struct batch_run {
        size_t first, end;            /* in the plan */
        const struct plan_file *file; /* the first one */
};

/* The runs of one folder. */
struct batch {
        size_t first, end;
};

struct batches {
        struct batch_run *runs;
        struct batch *items;
        size_t n_items;
};

/* 0, or -ENOMEM. It points into the plan. */
int batches_make(const struct plan *plan, struct batches *ret_batches);
void batches_done(struct batches *batches);

#endif
