/* SPDX-License-Identifier: MIT */
/*
 * event.h - events for the caller of the library, and whether that caller wants to stop.
 *
 *     struct progress progress;
 *
 *     progress_init(&progress, event, event_data, "files unpacked", n_files);
 *     for (...; r == 0; i++)
 *             r = progress_step(&progress, i);
 *
 * Where nothing else is said, a function returns 0, or -ECANCELED when the callback returned non-zero; error_sys knows
 * what that means.
 */
#ifndef BASE_EVENT_H
#define BASE_EVENT_H

#include "pipseed.h"

#include <stdint.h>

#define EVENT_INTERVAL_MS 50 /* how often whoever works or waits has to ask */

/* Sends an event without numbers. event may be NULL. */
int event_send(pipseed_event_fn *event, void *data, enum pipseed_event_kind kind, const char *text);
/* Sends an event likewise, but fills an error: 0 or PIPSEED_E_CANCELLED. */
int event_tell(pipseed_event_fn *event, void *data, enum pipseed_event_kind kind, const char *text,
               struct pipseed_error *err);

/* Nothing is sent before the work has taken EVENT_INTERVAL_MS. Used by one thread. */
struct progress {
        pipseed_event_fn *event;
        void *event_data;
        const char *text; /* what the numbers count */
        uint64_t total;
        int64_t due_ms; /* when the next one is sent */
};

void progress_init(struct progress *progress, pipseed_event_fn *event, void *data, const char *text, uint64_t total);
/* Sends an event if it is time for one. It costs no system call otherwise. */
int progress_step(struct progress *progress, uint64_t done);
/* Sends an event at once: after a wait that was long enough, or to learn why something failed. */
int progress_send(struct progress *progress, uint64_t done);

#endif
