/* SPDX-License-Identifier: MIT */
/*
 * pip_quirks.h - what differs between the pips that pipseed stands in for: one table, a row for each release that
 * changed something. ensurepip lets the wheel's own pip install itself, so the version of the pip wheel chooses the
 * row.
 *
 *     const struct pip_quirks *style = pip_quirks_find("23.2.1");
 *
 * Facts that are the same from 18.1 on and therefore no column: RECORD is sorted by (path, hash, size) as text, has
 * CRLF and minimal quoting; .pyc rows have neither hash nor size; INSTALLER is there. 18.0 and older write RECORD in
 * the order in which the file system lists directories: nobody can reproduce that, so they get the row of 18.1.
 */
#ifndef INSTALL_PIP_QUIRKS_H
#define INSTALL_PIP_QUIRKS_H

#include <stdbool.h>

struct pip_quirks {
        int since[3]; /* first release with these habits */
        /* the script after its shebang; printf format with three %s: module, name to import, callable */
        const char *body;
        bool blank_after_shebang; /* an empty second line after "#!EXE", but not after the /bin/sh form */
        bool requested;           /* writes REQUESTED for what was asked for by name */
        /* knows pip3.10 for a versioned pip; older pips see one digit only and install it as a script of its own */
        bool many_digits;
};

/* The row for a version as spelled ("26.3", "20.2b1"); the newest one when it is NULL or no version. Never NULL. */
const struct pip_quirks *pip_quirks_find(const char *pip_version);

#endif
