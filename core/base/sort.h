/* SPDX-License-Identifier: MIT */
/*
 * sort.h - qsort(3) for arrays that are put together from sorted lists: a stable merge sort of the runs that it finds,
 * one pass for what is in order already.
 */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include <stddef.h>

/* items: n of `size` bytes. compare as for qsort. Never fails: without memory it is qsort. */
void sort_runs(void *items, size_t n, size_t size, int (*compare)(const void *a, const void *b));

#endif
