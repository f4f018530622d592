/* SPDX-License-Identifier: MIT */
/*
 * error.h - filling struct pipseed_error, once, where the fault is detected:
 *
 *     if (fd < 0)
 *             return error_sys(err, errno, path, "cannot open the wheel");
 *     if (n != 1)
 *             return error_set(err, PIPSEED_E_DIST_INFO, path, "the wheel has %zu .dist-info folders, not 1", n);
 *
 * Both return the code, so that they can stand in a return statement. error_hint adds what to do and returns the code
 * again: return error_set(...), error_hint(err, "..."). err is never NULL inside the library.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "pipseed.h"

/* path may be NULL. The first fault wins: an error that is already filled is not changed. Returns code. */
int error_set(struct pipseed_error *err, int code, const char *path, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* A failed system call. sys_errno may have either sign; the text gets ": " and the system's description. The code is
 * PIPSEED_E_IO, or PIPSEED_E_NO_MEMORY for ENOMEM. ECANCELED is no system's error but the caller's wish (event.h): all else
 * is left aside then, and the code is PIPSEED_E_CANCELLED. Returns the code. */
int error_sys(struct pipseed_error *err, int sys_errno, const char *path, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* The caller's callback wanted to stop. Returns PIPSEED_E_CANCELLED. */
int error_cancelled(struct pipseed_error *err);

/* Out of memory. Returns PIPSEED_E_NO_MEMORY. */
int error_memory(struct pipseed_error *err);

/* What to do about it, one line. Returns err->code. */
int error_hint(struct pipseed_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Empties the error, for a caller that goes on in another way. */
void error_clear(struct pipseed_error *err);

#ifdef __clang_analyzer__
/* The analyser (scripts/lint) sees one source at a time. This tells it what error.c promises: a code is negative. */
static inline int error_negative(int code)
{
        if (code >= 0)
                __builtin_unreachable();
        return code;
}
#define error_set(...) error_negative(error_set(__VA_ARGS__))
#define error_sys(...) error_negative(error_sys(__VA_ARGS__))
#define error_memory(err) error_negative(error_memory(err))
#define error_cancelled(err) error_negative(error_cancelled(err))
#define error_hint(...) error_negative(error_hint(__VA_ARGS__))
#endif

#endif
