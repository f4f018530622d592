/* SPDX-License-Identifier: MIT */
/*
 * fault.h - filling struct pipseed_error for faults that the command itself finds. All return the code.
 *
 *     return fault_set(err, PIPSEED_E_USAGE, NULL, "%s needs a value", name);
 *     return fault_sys(err, errno, path, "cannot read the list");
 */
#ifndef CLI_FAULT_H
#define CLI_FAULT_H

#include "pipseed.h"

/* path may be NULL. Replaces whatever err held. */
int fault_set(struct pipseed_error *err, int code, const char *path, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
/* A failed system call: the text gets ": " and the system's description. */
int fault_sys(struct pipseed_error *err, int sys_errno, const char *path, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
int fault_memory(struct pipseed_error *err);
/* What to do about it. */
int fault_hint(struct pipseed_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__
/* The analyser (scripts/lint) sees one source at a time. This tells it what fault.c promises: a code is negative. */
static inline int fault_negative(int code)
{
        if (code >= 0)
                __builtin_unreachable();
        return code;
}
#define fault_set(...) fault_negative(fault_set(__VA_ARGS__))
#define fault_sys(...) fault_negative(fault_sys(__VA_ARGS__))
#define fault_memory(err) fault_negative(fault_memory(err))
#define fault_hint(...) fault_negative(fault_hint(__VA_ARGS__))
#endif

#endif
