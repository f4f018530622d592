/* SPDX-License-Identifier: MIT */
/*
 * pyc.h - where the bytecode of a source lies (PEP 3147).
 *
 *     pyc_path(&arena, "pkg/mod.py", ".cpython-313.pyc")      "pkg/__pycache__/mod.cpython-313.pyc"
 */
#ifndef WHEEL_PYC_H
#define WHEEL_PYC_H

#include "base/arena.h"

/* source ends in ".py"; the text is in the arena. NULL: out of memory. */
char *pyc_path(struct arena *arena, const char *source, const char *suffix);

#endif
