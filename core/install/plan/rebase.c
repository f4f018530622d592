/* SPDX-License-Identifier: MIT */
#include "install/plan/rebase.h"

#include "base/error.h"
#include "base/path.h"
#include "base/sort.h"

#include <string.h>

static int compare(const void *a, const void *b)
{
        const struct plan_file *left = a;
        const struct plan_file *right = b;

        if (left->root != right->root)
                return left->root < right->root ? -1 : 1;
        return strcmp(left->path, right->path);
}

/* The root that is the same directory, or else the deepest one above it; ret_prefix is what lies between. */
static int find_root(const char *directory, const char *const *roots, enum plan_root *ret_root, const char **ret_prefix)
{
        int best = -1;

        for (int i = 0; i < PLAN_N_ROOTS; i++)
                if (path_is_below(roots[i], directory) && (best < 0 || strlen(roots[i]) > strlen(roots[best])))
                        best = i;
        if (best < 0)
                return -1;
        *ret_root = (enum plan_root)best;
        *ret_prefix = directory + strlen(roots[best]) + (directory[strlen(roots[best])] == '/' ? 1 : 0);
        return 0;
}

static int move(struct plan *plan, struct plan_file *file, enum plan_root root, const char *prefix)
{
        file->root = root;
        if (prefix[0] == '\0')
                return 0;
        file->path = arena_format(&plan->arena, "%s/%s", prefix, file->path);
        return file->path != NULL ? 0 : -1;
}

int rebase_plan(struct plan *plan, const char *const *roots, struct pipseed_error *err)
{
        const char *record;
        enum plan_root moved_to[PLAN_N_ROOTS];
        const char *prefixes[PLAN_N_ROOTS];
        bool same = true;

        for (int i = 0; i < PLAN_N_ROOTS; i++) {
                if (find_root(plan->roots[i], roots, &moved_to[i], &prefixes[i]) < 0)
                        return error_set(err, PIPSEED_E_BAD_TARGET, plan->roots[i],
                                         "a directory of the install scheme is outside the target");
                same = same && moved_to[i] == (enum plan_root)i && prefixes[i][0] == '\0';
        }
        if (same)
                return 0;
        for (size_t i = 0; i < plan->n_files; i++) {
                enum plan_root old = plan->files[i].root;

                if (move(plan, &plan->files[i], moved_to[old], prefixes[old]) < 0)
                        return error_memory(err);
        }
        record = plan->files[plan->record].path;
        sort_runs(plan->files, plan->n_files, sizeof(*plan->files), compare);
        for (size_t i = 0; i < plan->n_files; i++)
                if (plan->files[i].path == record)
                        plan->record = i;
        return 0;
}
