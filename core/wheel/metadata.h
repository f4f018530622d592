/* SPDX-License-Identifier: MIT */
/*
 * metadata.h - METADATA and WHEEL: header fields as Python's email.parser reads them (policy compat32).
 *
 *     r = metadata_find(&arena, data, len, "Requires-Python", path, PIPSEED_E_METADATA, &value, err);
 *
 * Names are compared without regard to the case of ASCII letters. A line that starts with a blank or tab continues the
 * field before it; lines end in \n, \r\n or \r. The headers end at the first line that is neither a field nor a
 * continuation: mostly the empty line, with the description behind it, which is never looked at.
 */
#ifndef WHEEL_METADATA_H
#define WHEEL_METADATA_H

#include "base/arena.h"
#include "pipseed.h"

#define METADATA_MAX_VALUE ((size_t)64 * 1024)

/* A walk over the fields: {.rest = data, .left = len} to start with. Borrows the data. */
struct metadata_walk {
        const char *rest;
        size_t left;
        /* the field that metadata_next found; the value is raw: continuation lines with their line ends */
        const char *name;
        size_t name_len;
        const char *value;
        size_t value_len;
};

/* Moves to the next field; false at the end of the headers. */
bool metadata_next(struct metadata_walk *walk);

/*
 * The one field of this name: its value in the arena, without blanks at both ends, other runs of blanks and line ends
 * made one blank; NULL when there is no such field. path is for messages. Errors, with the given code: the field is
 * there twice, is longer than METADATA_MAX_VALUE, is not UTF-8 or has control characters.
 */
int metadata_find(struct arena *arena, const char *data, size_t len, const char *name, const char *path, int code,
                  const char **ret_value, struct pipseed_error *err);

/* As metadata_find, but the field must be there and not be empty. */
int metadata_require(struct arena *arena, const char *data, size_t len, const char *name, const char *path, int code,
                     const char **ret_value, struct pipseed_error *err);

#endif
