/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what the harnesses share. Each fuzz_NOUN.c defines LLVMFuzzerTestOneInput, the entry that libFuzzer, AFL++'s
 * driver and replay.c all call. A harness does not only wait for a crash: it says what must hold (FUZZ_CHECK).
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "base/str.h"
#include "pipseed.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_CHECK(condition)                                                                                          \
        do {                                                                                                           \
                if (!(condition)) {                                                                                    \
                        fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                 \
                        abort();                                                                                       \
                }                                                                                                      \
        } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What every failure must look like: the code is in the error, with a message of one line. */
static inline void fuzz_check_error(int r, const struct pipseed_error *err)
{
        FUZZ_CHECK(r == err->code);
        if (r == 0)
                return;
        FUZZ_CHECK(r < 0 && pipseed_code_name(r) != NULL);
        FUZZ_CHECK(err->message[0] != '\0' && strchr(err->message, '\n') == NULL);
}

#endif
