/* SPDX-License-Identifier: MIT */
/*
 * lock.h - waiting for another run. Locks are those of flock(2): they end with the process that holds them, and none
 * has to be cleaned up.
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include "pipseed.h"

#include <stdbool.h>
#include <sys/stat.h>

#define LOCK_WAIT_S 60 /* several times what a cold run takes */
#define LOCK_DOUBT_S 2

/* Takes the lock of what fd holds. After a second, whoever watches is told with `notice` that this waits. 0; 1: locks
 * do not work there, as on some network file systems; -EWOULDBLOCK: another run has held it for LOCK_WAIT_S;
 * -ECANCELED: the event function said so. */
int lock_wait(int fd, const char *notice, pipseed_event_fn *event, void *event_data);

/*
 * The same for a directory. flock(2) asks for no right to write: whoever can read a directory can lock it. So the lock
 * alone proves nothing about its holder, and after LOCK_DOUBT_S, and again each time that has passed, `sign` is asked
 * for something in the directory that only a run at work can have put there, as it takes the right to write. Without
 * one, the answer is 1: the renames decide, as where locks do not work.
 */
typedef bool lock_sign_fn(int fd);
int lock_wait_dir(int fd, lock_sign_fn *sign, const char *notice, pipseed_event_fn *event, void *event_data);
/* Is what a run left young enough to be of one that still works? For signs whose own lock cannot be asked. */
bool lock_is_recent(const struct stat *st);

#endif
