/* SPDX-License-Identifier: MIT */
/*
 * error.h - filling struct pipseed_error, once, where the fault is detected:
 *
 *     if (fd < 0)
 *             return error_sys(err, errno, path, "cannot open the wheel");
 *     if (n != 1)
 *             return error_set(err, PIPSEED_E_DIST_INFO, path, "the wheel has %zu .dist-info directories, not 1", n);
 *
 * Both return the code, so that they can stand in a return statement. error_hint adds what to do and returns the code
 * again: return error_set(...), error_hint(err, "..."). err is never NULL inside the library.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "pipseed.h"

/* These are pipseed_error_set and its like, which pipseed.h describes; their names inside the library are shorter.
 * ECANCELED is not a system's error but the caller's wish (event.h): error_sys leaves all else aside then. */
#ifndef __clang_analyzer__
#define error_set pipseed_error_set
#define error_sys pipseed_error_sys
#define error_memory pipseed_error_memory
#define error_hint pipseed_error_hint

/* Fills the error of a caller whose callback asked to stop. Returns PIPSEED_E_CANCELLED. */
int error_cancelled(struct pipseed_error *err);
#else
int error_cancelled(struct pipseed_error *err);
/* The analyser (scripts/lint) sees one source at a time. This tells it what error.c promises: a code is negative. */
static inline int error_negative(int code)
{
        if (code >= 0)
                __builtin_unreachable();
        return code;
}
#define error_set(...) error_negative(pipseed_error_set(__VA_ARGS__))
#define error_sys(...) error_negative(pipseed_error_sys(__VA_ARGS__))
#define error_memory(err) error_negative(pipseed_error_memory(err))
#define error_hint(...) error_negative(pipseed_error_hint(__VA_ARGS__))
#define error_cancelled(err) error_negative(error_cancelled(err))
#endif

/* Clears the error, for a caller that continues in another way. */
void error_clear(struct pipseed_error *err);

#endif
