/* SPDX-License-Identifier: MIT */
#include "crew.h"

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

struct crew {
        crew_work_fn *work;
        void *data;
        unsigned int n_workers;
        pthread_mutex_t lock; /* of the three below */
        struct range ranges[CREW_MAX];
        size_t failed_unit;
        int result;
        cpu_set_t processors; /* of the caller */
        bool is_placed;       /* threads begin on another processor than the caller's */
};

struct member {
        struct crew *crew;
        pthread_t thread;
        unsigned int number;
};

/* The next of one's own range, else the last of the longest one. False: there is nothing left to do. */
static bool claim(struct crew *crew, unsigned int number, size_t *ret_unit)
{
        struct range *longest = &crew->ranges[number];
        bool found = false;

        (void)pthread_mutex_lock(&crew->lock);
        if (longest->next < longest->end) {
                *ret_unit = longest->next++;
                found = true;
        }
        for (unsigned int i = 0; !found && i < crew->n_workers; i++)
                if (crew->ranges[i].end - crew->ranges[i].next > longest->end - longest->next)
                        longest = &crew->ranges[i];
        if (!found && longest->next < longest->end) {
                *ret_unit = --longest->end;
                found = true;
        }
        (void)pthread_mutex_unlock(&crew->lock);
        return found;
}

static void fail(struct crew *crew, size_t unit, int r)
{
        (void)pthread_mutex_lock(&crew->lock);
        for (unsigned int i = 0; i < crew->n_workers; i++)
                crew->ranges[i].next = crew->ranges[i].end;
        if (unit < crew->failed_unit) {
                crew->failed_unit = unit;
                crew->result = r;
        }
        (void)pthread_mutex_unlock(&crew->lock);
}

static void take_part(struct crew *crew, unsigned int number)
{
        size_t unit = 0;

        while (claim(crew, number, &unit)) {
                int r = crew->work(crew->data, number, unit);

                if (r < 0)
                        fail(crew, unit, r);
        }
}

static void *begin(void *data)
{
        struct member *member = data;
        struct crew *crew = member->crew;

        /* Begun where it should begin, it may go where the scheduler wants it. */
        if (crew->is_placed)
                (void)pthread_setaffinity_np(pthread_self(), sizeof(crew->processors), &crew->processors);
        take_part(crew, member->number);
        return NULL;
}

/*
 * A new thread begins on the processor of the one that makes it, and is moved to an idle one only milliseconds later, when all
 * is over. So it is given the other processors to begin on.
 */
static void place(struct crew *crew, pthread_attr_t *attr)
{
        cpu_set_t others;
        int here = sched_getcpu();

        if (here < 0 || sched_getaffinity(0, sizeof(crew->processors), &crew->processors) < 0)
                return;
        others = crew->processors;
        CPU_CLR((size_t)here, &others);
        crew->is_placed = CPU_COUNT(&others) > 0 && pthread_attr_setaffinity_np(attr, sizeof(others), &others) == 0;
}

/* How many threads there are. */
static unsigned int hire(struct crew *crew, struct member *members, unsigned int n_wanted)
{
        pthread_attr_t attr;
        sigset_t all, before;
        unsigned int n = 0;

        if (n_wanted == 0 || pthread_attr_init(&attr) != 0)
                return 0;
        (void)pthread_attr_setstacksize(&attr, STACK_SIZE);
        place(crew, &attr);
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        for (; n < n_wanted; n++) {
                members[n] = (struct member){.crew = crew, .number = n + 1};
                if (pthread_create(&members[n].thread, &attr, begin, &members[n]) != 0)
                        break;
        }
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        (void)pthread_attr_destroy(&attr);
        return n;
}

int crew_run(unsigned int n_workers, size_t n_units, crew_work_fn *work, void *data)
{
        struct crew crew = {.work = work, .data = data, .lock = PTHREAD_MUTEX_INITIALIZER, .failed_unit = SIZE_MAX};
        struct member members[CREW_MAX];
        unsigned int n_threads;

        crew.n_workers = n_workers > CREW_MAX ? CREW_MAX : n_workers;
        if (crew.n_workers > n_units)
                crew.n_workers = (unsigned int)n_units;
        if (crew.n_workers < 1)
                crew.n_workers = 1;
        for (unsigned int i = 0; i < crew.n_workers; i++)
                crew.ranges[i] = (struct range){n_units * i / crew.n_workers, n_units * (i + 1) / crew.n_workers};
        n_threads = hire(&crew, members, crew.n_workers - 1);
        take_part(&crew, 0);
        for (unsigned int i = 0; i < n_threads; i++)
                (void)pthread_join(members[i].thread, NULL);
        return crew.result;
}
