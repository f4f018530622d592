/* SPDX-License-Identifier: MIT */
/*
 * shebang.h - the first lines of a script, for any path of an interpreter. script.h puts them together.
 *
 * Two forms, as distlib writes them. "#!EXE" is read by the kernel. Where that cannot be, the script starts as both a
 * shell script and a Python file: for sh the second line is exec EXE, for Python lines two and three are one string.
 *
 *     #!/bin/sh
 *     '''exec' "/srv/my env/bin/python" "$0" "$@"
 *     ' '''
 */
#ifndef INSTALL_SHEBANG_H
#define INSTALL_SHEBANG_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Returns whether "#!EXE" can be the first line, for the kernel and for Python. */
bool shebang_is_simple(const char *exe);

/* The second and third line of the sh form. ascii: only ASCII characters, for a file in another encoding than UTF-8. */
void shebang_add_exec(struct str *out, const char *exe, bool ascii);

/* Returns whether a line declares an encoding (PEP 263). Python reads the first two lines. */
bool shebang_is_cookie(const char *line, size_t len);

#endif
