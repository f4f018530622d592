/* SPDX-License-Identifier: MIT */
/*
 * package.h - the directories of an ensurepip in an interpreter's stdlib directory: what is what, and the files of
 * pipseed's own.
 *
 *     STDLIB/ensurepip                what Python imports
 *     STDLIB/.pipseed-ensurepip       while enabled: the interpreter's own, as it was. No name that can be imported
 *     STDLIB/.pipseed-ensurepip-new   while something is being changed: the one that comes, or the one that went
 *
 * A directory is pipseed's when it has the file PIPSEED (the mark) and its __init__.py begins as ours does. Both are
 * looked at, because an upgrade of the interpreter writes its files over ours and leaves the mark.
 */
#ifndef DROPIN_PACKAGE_H
#define DROPIN_PACKAGE_H

#include "base/cleanup.h"
#include "pipseed.h"

#include <sys/types.h>

#define PACKAGE_NAME "ensurepip"
#define PACKAGE_KEPT ".pipseed-ensurepip"
#define PACKAGE_NEW ".pipseed-ensurepip-new"
#define PACKAGE_MARK "PIPSEED"
#define PACKAGE_COPY ".pipseed-copy" /* in the package, while it is restored file by file */
#define PACKAGE_FILES 3

extern const char *const package_files[PACKAGE_FILES]; /* __init__.py first */

enum package_kind {
        PACKAGE_NONE,
        PACKAGE_EMPTY,   /* a directory with nothing in it */
        PACKAGE_OURS,    /* complete or in part */
        PACKAGE_MIXED,   /* has our mark, and an __init__.py that is not ours */
        PACKAGE_FOREIGN, /* anything else, links and files included */
};

/* Nothing is followed: a link is FOREIGN. 0 or -errno. */
int package_look(int stdlib_fd, const char *name, enum package_kind *ret_kind);

/* What a mark says. */
struct package_mark {
        char *version;     /* of the pipseed that wrote it */
        char *command;     /* absolute path */
        bool has_original; /* the interpreter had an ensurepip of its own */
};

/* 0, -ENOENT, -EBADMSG (not as we write it), -errno. */
int package_read_mark(int stdlib_fd, const char *name, struct package_mark *ret_mark);
void package_mark_done(struct package_mark *mark);

/* The files of a drop-in that calls `command`, from the templates in a directory. */
struct package_text {
        char *data[PACKAGE_FILES];
        size_t len[PACKAGE_FILES];
};

#define PACKAGE_TEXT_INIT                                                                                              \
        {                                                                                                              \
                {NULL},                                                                                                \
                {                                                                                                      \
                        0                                                                                              \
                }                                                                                                      \
        }

/* UNSUPPORTED: the directory has no such templates, pipseed is not installed completely. */
int package_render(const char *directory, const char *command, struct package_text *ret_text,
                   struct pipseed_error *err);
void package_text_done(struct package_text *text);
/* Returns whether the package in the stdlib directory consists of these files. */
bool package_matches(int stdlib_fd, const char *name, const struct package_text *text);

/* Makes the directory `name`, which must not exist, with the files and the mark; the mark comes first. It is as
 * accessible as `mode` (of a directory) says, and belongs to whom the stdlib directory belongs to. 0 or -errno. */
int package_write(int stdlib_fd, const char *name, mode_t mode, const struct package_text *text,
                  const struct package_mark *mark);
/* Lets the interpreter compile the files, as if they lay in `final`. Does its best: it compiles again when it has
 * to. */
void package_compile(int stdlib_fd, const char *name, const char *exe, const char *final);

/* Removes a package. Of ours the mark goes last, so that what a killed run leaves is known for ours. 0 or -errno. */
int package_remove(int stdlib_fd, const char *name);
/* Takes what is ours out of a package that is not, or no more. 0 or -errno. */
int package_strip(int stdlib_fd, const char *name);

#endif
