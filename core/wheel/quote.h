/* SPDX-License-Identifier: MIT */
/*
 * quote.h - names that a hostile wheel chose, made fit for a message of one line: bytes that are not UTF-8, control
 * characters and what else cannot be seen become \xNN, what is longer than a line is cut.
 *
 *     error_set(err, PIPSEED_E_ZIP_NAME, path, "the member \"%s\" ...", QUOTE(name, len));
 */
#ifndef WHEEL_QUOTE_H
#define WHEEL_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

#define QUOTE_SIZE 256

/* Has this well-formed UTF-8 control characters, blanks other than " ", or characters that are invisible or change the
 * direction of writing? */
bool quote_has_invisible(const char *text, size_t len);

/* Returns ret_text. */
const char *quote_bytes(const void *bytes, size_t len, char ret_text[QUOTE_SIZE]);

/* Lives until the end of the enclosing block. */
#define QUOTE(bytes, len) quote_bytes((bytes), (len), (char[QUOTE_SIZE]){0})

#endif
