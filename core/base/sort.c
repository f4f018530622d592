/* SPDX-License-Identifier: MIT */
#include "sort.h"

#include "cleanup.h"

#include <stdbool.h>
#include <string.h>

struct sorting {
        char *items;
        char *spare; /* as large as items */
        size_t n, size;
        int (*compare)(const void *a, const void *b);
        size_t *ends; /* of the runs: items before ends[i] and not before ends[i - 1] are in order */
        size_t n_runs;
};

static const char *item(const struct sorting *sorting, size_t i)
{
        return sorting->items + i * sorting->size;
}

static void find_runs(struct sorting *sorting)
{
        for (size_t i = 1; i < sorting->n; i++)
                if (sorting->compare(item(sorting, i - 1), item(sorting, i)) > 0)
                        sorting->ends[sorting->n_runs++] = i;
        sorting->ends[sorting->n_runs++] = sorting->n;
}

/* Two neighbouring runs into one; what is equal keeps its order. */
static void merge(struct sorting *sorting, size_t first, size_t middle, size_t end)
{
        size_t size = sorting->size;
        size_t left = first, right = middle;
        char *out = sorting->spare + first * size;

        while (left < middle && right < end) {
                bool is_left = sorting->compare(item(sorting, left), item(sorting, right)) <= 0;

                memcpy(out, item(sorting, is_left ? left++ : right++), size);
                out += size;
        }
        memcpy(out, item(sorting, left), (middle - left) * size);
        memcpy(out + (middle - left) * size, item(sorting, right), (end - right) * size);
}

/* Merges the runs in pairs, from items into spare, and lets the two change places. */
static void pass(struct sorting *sorting)
{
        size_t first = 0, n_runs = 0;
        char *swap = sorting->items;

        for (size_t i = 0; i < sorting->n_runs; i += 2) {
                size_t middle = sorting->ends[i];
                size_t end = i + 1 < sorting->n_runs ? sorting->ends[i + 1] : middle;

                merge(sorting, first, middle, end);
                sorting->ends[n_runs++] = end;
                first = end;
        }
        sorting->n_runs = n_runs;
        sorting->items = sorting->spare;
        sorting->spare = swap;
}

void sort_runs(void *items, size_t n, size_t size, int (*compare)(const void *a, const void *b))
{
        _cleanup_free_ char *spare = NULL;
        _cleanup_free_ size_t *ends = NULL;
        struct sorting sorting = {.items = items, .n = n, .size = size, .compare = compare};

        if (n < 2)
                return;
        spare = calloc(n, size);
        ends = calloc(n, sizeof(*ends));
        if (spare == NULL || ends == NULL) {
                qsort(items, n, size, compare);
                return;
        }
        sorting.spare = spare;
        sorting.ends = ends;
        find_runs(&sorting);
        while (sorting.n_runs > 1)
                pass(&sorting);
        if (sorting.items != items)
                memcpy(items, sorting.items, n * size);
}
