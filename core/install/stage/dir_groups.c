/* SPDX-License-Identifier: MIT */
#include "install/stage/dir_groups.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "base/sort.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool go_together(const struct plan_file *a, const struct plan_file *b)
{
        return a->root == b->root && path_same_dir(a->path, b->path);
}

/* By directory, those above before those beneath. */
static int compare_runs(const void *a, const void *b)
{
        const struct plan_file *x = ((const struct dir_group_run *)a)->file;
        const struct plan_file *y = ((const struct dir_group_run *)b)->file;
        size_t x_len = (size_t)(path_base(x->path) - x->path);
        size_t y_len = (size_t)(path_base(y->path) - y->path);
        int order = x->root != y->root ? (x->root > y->root) - (x->root < y->root)
                                       : memcmp(x->path, y->path, x_len < y_len ? x_len : y_len);

        return order != 0 ? order : (x_len > y_len) - (x_len < y_len);
}

static struct dir_group_run *make_runs(const struct plan *plan, size_t *ret_n)
{
        struct dir_group_run *runs = calloc(plan->n_files + 1, sizeof(*runs));
        size_t n = 0;

        for (size_t i = 0; runs != NULL && i < plan->n_files; i++) {
                const struct plan_file *file = &plan->files[i];

                if (i == 0 || !go_together(file - 1, file))
                        runs[n++] = (struct dir_group_run){.first = i, .file = file};
                runs[n - 1].end = i + 1;
        }
        if (runs != NULL)
                sort_runs(runs, n, sizeof(*runs), compare_runs);
        *ret_n = n;
        return runs;
}

int dir_groups_make(const struct plan *plan, struct dir_groups *ret_groups)
{
        _cleanup_(dir_groups_done) struct dir_groups batches = {0};
        size_t n_runs = 0;

        batches.runs = make_runs(plan, &n_runs);
        batches.items = calloc(n_runs + 1, sizeof(*batches.items));
        if (batches.runs == NULL || batches.items == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < n_runs; i++) {
                if (i == 0 || !go_together(batches.runs[i - 1].file, batches.runs[i].file))
                        batches.items[batches.n_items++].first = i;
                batches.items[batches.n_items - 1].end = i + 1;
        }
        *ret_groups = batches;
        batches = (struct dir_groups){0};
        return 0;
}

void dir_groups_done(struct dir_groups *batches)
{
        free(batches->runs);
        free(batches->items);
        *batches = (struct dir_groups){0};
}
