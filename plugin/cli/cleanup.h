/* SPDX-License-Identifier: MIT */
/*
 * cleanup.h - ownership by scope, for the command: it sees public headers only, so it has its own few lines.
 *
 *     _cleanup_free_ char *text = NULL;
 *     _cleanup_(policy_done) struct pipseed_policy *policy = NULL;
 */
#ifndef CLI_CLEANUP_H
#define CLI_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _cleanup_free_ _cleanup_(cli_freep)
#define _cleanup_fclose_ _cleanup_(cli_fclosep)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static inline void cli_freep(void *pointer)
{
        free(*(void **)pointer);
}

static inline void cli_fclosep(FILE *const *stream)
{
        if (*stream != NULL)
                (void)fclose(*stream);
}

#endif
