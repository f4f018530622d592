/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include "event.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/file.h>

#define STEP_MS 20
#define NOTICE_STEP (1000 / STEP_MS)
#define TICK_STEP (EVENT_INTERVAL_MS / STEP_MS + 1)

static int tell(int step, const char *notice, pipseed_event_fn *event, void *event_data)
{
        if (step == NOTICE_STEP)
                return event_send(event, event_data, PIPSEED_EVENT_NOTE, notice);
        return step % TICK_STEP == TICK_STEP - 1 ? event_send(event, event_data, PIPSEED_EVENT_TICK, notice) : 0;
}

int lock_wait(int fd, const char *notice, pipseed_event_fn *event, void *event_data)
{
        for (int step = 0; step < LOCK_WAIT_S * 1000 / STEP_MS; step++) {
                if (flock(fd, LOCK_EX | LOCK_NB) == 0)
                        return 0;
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return 1;
                if (tell(step, notice, event, event_data) < 0)
                        return -ECANCELED;
                (void)poll(NULL, 0, STEP_MS);
        }
        return -EWOULDBLOCK;
}
