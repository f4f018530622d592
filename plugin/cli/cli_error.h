/* SPDX-License-Identifier: MIT */
/*
 * cli_error.h - the library's pipseed_error_set and its like under the command's own, shorter names.
 *
 *     return cli_error_set(err, PIPSEED_E_USAGE, NULL, "%s needs a value", name);
 *     return cli_error_sys(err, errno, path, "cannot read the list");
 */
#ifndef CLI_ERROR_H
#define CLI_ERROR_H

#include "pipseed.h"

#ifndef __clang_analyzer__
#define cli_error_set pipseed_error_set
#define cli_error_sys pipseed_error_sys
#define cli_error_memory pipseed_error_memory
#define cli_error_hint pipseed_error_hint
#else
/* The analyser (scripts/lint) sees one source at a time. This tells it that the library's codes are negative. */
static inline int cli_error_negative(int code)
{
        if (code >= 0)
                __builtin_unreachable();
        return code;
}
#define cli_error_set(...) cli_error_negative(pipseed_error_set(__VA_ARGS__))
#define cli_error_sys(...) cli_error_negative(pipseed_error_sys(__VA_ARGS__))
#define cli_error_memory(err) cli_error_negative(pipseed_error_memory(err))
#define cli_error_hint(...) cli_error_negative(pipseed_error_hint(__VA_ARGS__))
#endif

#endif
