/* SPDX-License-Identifier: MIT */
/*
 * thread_pool.h - several threads that share out a list of units among them; the caller is one of them.
 *
 *     static int work(void *data, unsigned int worker, size_t unit) { ... }
 *
 *     r = thread_pool_run(n_workers, n_units, work, data);
 *
 * Each unit is done once. Every worker has a part of the list for itself, from the front, and then helps where most is
 * left, from the back: units that are neighbours are mostly done by one worker, one after the other. worker is below
 * n_workers, and one worker does one unit at a time, so that what belongs to a worker needs no lock. After a failure no
 * new unit is begun.
 *
 * The threads block every signal: handlers of the process run where they ran before. Fewer threads than asked for, down
 * to the caller alone, make the work slower and nothing else.
 */
#ifndef BASE_THREAD_POOL_H
#define BASE_THREAD_POOL_H

#include <stddef.h>

#define THREAD_POOL_MAX 16U

/* 0, or a negative value, which ends the work. */
typedef int thread_pool_work_fn(void *data, unsigned int worker, size_t unit);

/* 0 when every unit is done, else what the failed one with the lowest number returned. n_workers: 0 is 1; no more than
 * THREAD_POOL_MAX are at work. */
int thread_pool_run(unsigned int n_workers, size_t n_units, thread_pool_work_fn *work, void *data);

#endif
