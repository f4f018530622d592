/* SPDX-License-Identifier: MIT */
/*
 * interrupt.h - SIGINT, SIGTERM, SIGHUP and SIGPIPE end a seeding in good order: the library is told to cancel at its
 * next event (every 50 ms) and undoes its work, then the process dies of that signal as its parent expects. A second
 * one kills at once, but for SIGPIPE.
 *
 *     interrupt_catch();
 *     ... return interrupt_pending() from the event callback ...
 *     interrupt_raise();       // last thing in main: does not return when a signal had come
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include "pipseed.h"

void interrupt_catch(void);
/* The limit on the size of files (setrlimit(2)) would kill in the midst of one: the write fails instead, as on a full
 * disk. */
void interrupt_ignore_limits(void);
/* The signal, or 0. */
int interrupt_pending(void);
/* Names the signal in the error of a call that was cancelled because of it. */
void interrupt_explain(struct pipseed_error *err);
void interrupt_raise(void);

#endif
