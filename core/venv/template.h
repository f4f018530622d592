/* SPDX-License-Identifier: MIT */
/*
 * template.h - the activate scripts of a base interpreter before anything is filled in: all files of
 * venv/scripts/common and venv/scripts/posix, in this order. Directories in there are passed over; no release has any.
 */
#ifndef VENV_TEMPLATE_H
#define VENV_TEMPLATE_H

#include "base/arena.h"
#include "pipseed.h"

#include <sys/stat.h>
#include <time.h>

struct template
{
        const char *name;
        const char *text;
        size_t len;
        mode_t mode;
        struct timespec times[2]; /* of the last access and the last change */
};

struct templates {
        struct arena *arena; /* holds the items */
        struct template *items;
        size_t n_items;
        size_t capacity;
};

/* venv_fd: the package's directory, venv_dir its path for messages. Errors: IO, UNSUPPORTED (no scripts), NO_MEMORY. */
int templates_read(struct templates *templates, int venv_fd, const char *venv_dir, struct pipseed_error *err);

#endif
