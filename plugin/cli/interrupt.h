/* SPDX-License-Identifier: MIT */
/*
 * interrupt.h - SIGINT, SIGTERM, SIGHUP and SIGPIPE cancel a seeding: at its next event (every 50 ms) the library rolls
 * back its work, then the process dies of that signal, as its parent expects. A second signal kills at once, except
 * SIGPIPE.
 *
 *     interrupt_catch();
 *     ... return interrupt_pending() from the event callback ...
 *     interrupt_raise();       // last thing in main: does not return when a signal had come
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include "pipseed.h"

void interrupt_catch(void);
/* The limit on the size of files (setrlimit(2)) would kill the process during a write: let the write fail instead, as
 * on a full disk. */
void interrupt_ignore_limits(void);
/* The signal, or 0. */
int interrupt_pending(void);
/* Sets the message of a cancelled call to the name of the signal. */
void interrupt_explain(struct pipseed_error *err);
void interrupt_raise(void);

#endif
