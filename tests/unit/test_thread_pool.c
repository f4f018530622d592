/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "base/thread_pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MAX_UNITS 1000

struct job {
        size_t n_units;
        unsigned int n_workers;
        size_t bad_from; /* units from here on fail with -(unit + 1) */
        atomic_int done[MAX_UNITS];
        atomic_bool busy[THREAD_POOL_MAX];
        atomic_bool is_wrong;
        pthread_t caller;
};

static int work(void *data, unsigned int worker, size_t unit)
{
        struct job *job = data;
        sigset_t blocked;

        if (worker >= job->n_workers || unit >= job->n_units || atomic_exchange(&job->busy[worker], true))
                atomic_store(&job->is_wrong, true);
        /* Worker 0 is the caller; the others take no signals. */
        if ((worker == 0) != (pthread_equal(pthread_self(), job->caller) != 0) ||
            pthread_sigmask(SIG_SETMASK, NULL, &blocked) != 0 || sigismember(&blocked, SIGTERM) != (worker != 0))
                atomic_store(&job->is_wrong, true);
        (void)atomic_fetch_add(&job->done[unit], 1);
        atomic_store(&job->busy[worker], false);
        return unit >= job->bad_from ? -(int)(unit + 1) : 0;
}

static const struct {
        unsigned int n_workers;
        size_t n_units;
} sizes[] = {{1, 0},   {4, 0},    {1, 1},     {2, 1},   {1, 100},   {2, 100},
             {2, 101}, {3, 1000}, {16, 1000}, {16, 17}, {40, 1000}, {0, 5}};

static void each_unit_once(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                struct job job = {.n_units = sizes[i].n_units,
                                  .n_workers = THREAD_POOL_MAX,
                                  .bad_from = SIZE_MAX,
                                  .caller = pthread_self()};

                if (sizes[i].n_workers > 0 && sizes[i].n_workers < THREAD_POOL_MAX)
                        job.n_workers = sizes[i].n_workers;
                assert_int_equal(thread_pool_run(sizes[i].n_workers, sizes[i].n_units, work, &job), 0);
                assert_false(atomic_load(&job.is_wrong));
                for (size_t unit = 0; unit < sizes[i].n_units; unit++)
                        assert_int_equal(atomic_load(&job.done[unit]), 1);
        }
}

static void failures(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                struct job job = {.n_units = sizes[i].n_units, .n_workers = THREAD_POOL_MAX, .caller = pthread_self()};
                size_t n_done = 0, lowest = SIZE_MAX;
                int r;

                if (sizes[i].n_units < 2)
                        continue;
                job.bad_from = sizes[i].n_units / 3;
                r = thread_pool_run(sizes[i].n_workers, sizes[i].n_units, work, &job);
                for (size_t unit = 0; unit < sizes[i].n_units; unit++) {
                        n_done += atomic_load(&job.done[unit]) != 0;
                        if (unit >= job.bad_from && atomic_load(&job.done[unit]) != 0 && lowest == SIZE_MAX)
                                lowest = unit;
                }
                assert_int_equal(r, -(int)(lowest + 1));
                /* No worker begins a unit after a failure of its own. */
                assert_true(n_done <= job.bad_from + THREAD_POOL_MAX);
        }
}

static void one_worker_goes_in_order(void **state)
{
        struct job job = {.n_units = 10, .n_workers = 1, .bad_from = 4, .caller = pthread_self()};

        (void)state;
        assert_int_equal(thread_pool_run(1, 10, work, &job), -5);
        for (size_t unit = 0; unit < 10; unit++)
                assert_int_equal(atomic_load(&job.done[unit]), unit <= 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_unit_once),
                cmocka_unit_test(failures),
                cmocka_unit_test(one_worker_goes_in_order),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
