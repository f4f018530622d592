/* SPDX-License-Identifier: MIT */
#include "install/stage/batches.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "base/sort.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool go_together(const struct plan_file *a, const struct plan_file *b)
{
        return a->root == b->root && path_same_folder(a->path, b->path);
}

/* By folder, those above before those beneath. */
static int compare_runs(const void *a, const void *b)
{
        const struct plan_file *x = ((const struct batch_run *)a)->file;
        const struct plan_file *y = ((const struct batch_run *)b)->file;
        size_t x_len = (size_t)(path_base(x->path) - x->path);
        size_t y_len = (size_t)(path_base(y->path) - y->path);
        int order = x->root != y->root ? (x->root > y->root) - (x->root < y->root)
                                       : memcmp(x->path, y->path, x_len < y_len ? x_len : y_len);

        return order != 0 ? order : (x_len > y_len) - (x_len < y_len);
}

static struct batch_run *make_runs(const struct plan *plan, size_t *ret_n)
{
        struct batch_run *runs = calloc(plan->n_files + 1, sizeof(*runs));
        size_t n = 0;

        for (size_t i = 0; runs != NULL && i < plan->n_files; i++) {
                const struct plan_file *file = &plan->files[i];

                if (i == 0 || !go_together(file - 1, file))
                        runs[n++] = (struct batch_run){.first = i, .file = file};
                runs[n - 1].end = i + 1;
        }
        if (runs != NULL)
                sort_runs(runs, n, sizeof(*runs), compare_runs);
        *ret_n = n;
        return runs;
}

int batches_make(const struct plan *plan, struct batches *ret_batches)
{
        _cleanup_(batches_done) struct batches batches = {0};
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
        *ret_batches = batches;
        batches = (struct batches){0};
        return 0;
}

void batches_done(struct batches *batches)
{
        free(batches->runs);
        free(batches->items);
        *batches = (struct batches){0};
}
