/* SPDX-License-Identifier: MIT */
/*
 * fault.h - the library's pipseed_error_set and its like under the command's own, shorter names.
 *
 *     return fault_set(err, PIPSEED_E_USAGE, NULL, "%s needs a value", name);
 *     return fault_sys(err, errno, path, "cannot read the list");
 */
#ifndef CLI_FAULT_H
#define CLI_FAULT_H

#include "pipseed.h"

#ifndef __clang_analyzer__
#define fault_set pipseed_error_set
#define fault_sys pipseed_error_sys
#define fault_memory pipseed_error_memory
#define fault_hint pipseed_error_hint
#else
/* The analyser (scripts/lint) sees one source at a time. This tells it what the library promises: a code is negative. */
static inline int fault_negative(int code)
{
        if (code >= 0)
                __builtin_unreachable();
        return code;
}
#define fault_set(...) fault_negative(pipseed_error_set(__VA_ARGS__))
#define fault_sys(...) fault_negative(pipseed_error_sys(__VA_ARGS__))
#define fault_memory(err) fault_negative(pipseed_error_memory(err))
#define fault_hint(...) fault_negative(pipseed_error_hint(__VA_ARGS__))
#endif

#endif
