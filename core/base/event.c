/* SPDX-License-Identifier: MIT */
#include "event.h"

#include "error.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

int event_send(pipseed_event_fn *event, void *data, enum pipseed_event_kind kind, const char *text)
{
        const struct pipseed_event sent = {.struct_size = sizeof(sent), .kind = kind, .text = text};

        return event != NULL && event(data, &sent) != 0 ? -ECANCELED : 0;
}

int event_tell(pipseed_event_fn *event, void *data, enum pipseed_event_kind kind, const char *text,
               struct pipseed_error *err)
{
        return event_send(event, data, kind, text) < 0 ? error_cancelled(err) : 0;
}

/* The coarse clock is read without a system call everywhere, and is exact to some milliseconds. */
static int64_t now_ms(void)
{
        struct timespec now = {0};

        (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_init(struct progress *progress, pipseed_event_fn *event, void *data, const char *text, uint64_t total)
{
        *progress = (struct progress){.event = event, .event_data = data, .text = text, .total = total};
        if (event != NULL)
                progress->due_ms = now_ms() + EVENT_INTERVAL_MS;
}

int progress_send(struct progress *progress, uint64_t done)
{
        const struct pipseed_event sent = {.struct_size = sizeof(sent),
                                           .kind = PIPSEED_EVENT_PROGRESS,
                                           .text = progress->text,
                                           .done = done,
                                           .total = progress->total};

        if (progress->event == NULL)
                return 0;
        progress->due_ms = now_ms() + EVENT_INTERVAL_MS;
        return progress->event(progress->event_data, &sent) != 0 ? -ECANCELED : 0;
}

int progress_step(struct progress *progress, uint64_t done)
{
        return progress->event == NULL || now_ms() < progress->due_ms ? 0 : progress_send(progress, done);
}
