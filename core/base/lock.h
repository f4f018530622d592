/* SPDX-License-Identifier: MIT */
/*
 * lock.h - waiting for another run. Locks are those of flock(2): they end with the process that holds them, and none has to be
 * cleaned up.
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include "pipseed.h"

#define LOCK_WAIT_S 60 /* several times what a cold run takes */

/* Takes the lock of what fd holds. After a second, whoever watches is told with `notice` that this waits. 0; 1: locks do not
 * work there, as on some network file systems; -EWOULDBLOCK: another run has held it for LOCK_WAIT_S; -ECANCELED: the event
 * function said so. */
int lock_wait(int fd, const char *notice, pipseed_event_fn *event, void *event_data);

#endif
