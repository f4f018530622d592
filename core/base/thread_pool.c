/* SPDX-License-Identifier: MIT */
#include "thread_pool.h"

#include "cleanup.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define STACK_SIZE ((size_t)256 * 1024)

/* Units that nobody has begun. */
struct range {
        size_t next, end;
};

struct thread_pool {
        thread_pool_work_fn *work;
        void *data;
        unsigned int n_workers;
        pthread_mutex_t lock; /* of the three below */
        struct range ranges[THREAD_POOL_MAX];
        size_t failed_unit;
        int result;
        cpu_set_t processors; /* of the caller */
        bool is_placed;       /* threads begin on another processor than the caller's */
};

struct member {
        struct thread_pool *pool;
        pthread_t thread;
        unsigned int number;
};

/* The next of one's own range, else the last of the longest one. False: there is nothing left to do. */
static bool claim(struct thread_pool *pool, unsigned int number, size_t *ret_unit)
{
        struct range *longest = &pool->ranges[number];
        bool found = false;

        (void)pthread_mutex_lock(&pool->lock);
        if (longest->next < longest->end) {
                *ret_unit = longest->next++;
                found = true;
        }
        for (unsigned int i = 0; !found && i < pool->n_workers; i++)
                if (pool->ranges[i].end - pool->ranges[i].next > longest->end - longest->next)
                        longest = &pool->ranges[i];
        if (!found && longest->next < longest->end) {
                *ret_unit = --longest->end;
                found = true;
        }
        (void)pthread_mutex_unlock(&pool->lock);
        return found;
}

static void fail(struct thread_pool *pool, size_t unit, int r)
{
        (void)pthread_mutex_lock(&pool->lock);
        for (unsigned int i = 0; i < pool->n_workers; i++)
                pool->ranges[i].next = pool->ranges[i].end;
        if (unit < pool->failed_unit) {
                pool->failed_unit = unit;
                pool->result = r;
        }
        (void)pthread_mutex_unlock(&pool->lock);
}

static void take_part(struct thread_pool *pool, unsigned int number)
{
        size_t unit = 0;

        while (claim(pool, number, &unit)) {
                int r = pool->work(pool->data, number, unit);

                if (r < 0)
                        fail(pool, unit, r);
        }
}

static void *begin(void *data)
{
        struct member *member = data;
        struct thread_pool *pool = member->pool;

        /* Begun where it should begin, it may go where the scheduler wants it. */
        if (pool->is_placed)
                (void)pthread_setaffinity_np(pthread_self(), sizeof(pool->processors), &pool->processors);
        take_part(pool, member->number);
        return NULL;
}

/*
 * A new thread begins on the processor of the one that makes it, and is moved to an idle one only milliseconds later,
 * when all is over. So it is given the other processors to begin on.
 */
static void place(struct thread_pool *pool, pthread_attr_t *attr)
{
        cpu_set_t others;
        int here = sched_getcpu();

        if (here < 0 || sched_getaffinity(0, sizeof(pool->processors), &pool->processors) < 0)
                return;
        others = pool->processors;
        CPU_CLR((size_t)here, &others);
        pool->is_placed = CPU_COUNT(&others) > 0 && pthread_attr_setaffinity_np(attr, sizeof(others), &others) == 0;
}

/* How many threads there are. */
static unsigned int hire(struct thread_pool *pool, struct member *members, unsigned int n_wanted)
{
        pthread_attr_t attr;
        sigset_t all, before;
        unsigned int n = 0;

        if (n_wanted == 0 || pthread_attr_init(&attr) != 0)
                return 0;
        (void)pthread_attr_setstacksize(&attr, STACK_SIZE);
        place(pool, &attr);
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        for (; n < n_wanted; n++) {
                members[n] = (struct member){.pool = pool, .number = n + 1};
                if (pthread_create(&members[n].thread, &attr, begin, &members[n]) != 0)
                        break;
        }
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        (void)pthread_attr_destroy(&attr);
        return n;
}

int thread_pool_run(unsigned int n_workers, size_t n_units, thread_pool_work_fn *work, void *data)
{
        struct thread_pool pool = {.work = work,
                                   .data = data,
                                   .lock = PTHREAD_MUTEX_INITIALIZER,
                                   .failed_unit = SIZE_MAX};
        struct member members[THREAD_POOL_MAX];
        unsigned int n_threads;

        pool.n_workers = n_workers > THREAD_POOL_MAX ? THREAD_POOL_MAX : n_workers;
        if (pool.n_workers > n_units)
                pool.n_workers = (unsigned int)n_units;
        if (pool.n_workers < 1)
                pool.n_workers = 1;
        for (unsigned int i = 0; i < pool.n_workers; i++)
                pool.ranges[i] = (struct range){n_units * i / pool.n_workers, n_units * (i + 1) / pool.n_workers};
        n_threads = hire(&pool, members, pool.n_workers - 1);
        take_part(&pool, 0);
        for (unsigned int i = 0; i < n_threads; i++)
                (void)pthread_join(members[i].thread, NULL);
        return pool.result;
}
