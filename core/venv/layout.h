/* SPDX-License-Identifier: MIT */
/*
 * layout.h - everything that an environment consists of, as a list. Making it needs the base's files alone; nothing is
 * written.
 *
 *     struct layout layout = {0};
 *
 *     r = layout_make(&arena, &query, &layout, err);
 */
#ifndef VENV_LAYOUT_H
#define VENV_LAYOUT_H

#include "base/arena.h"
#include "pipseed.h"
#include "venv/base_python.h"

#include <sys/stat.h>
#include <time.h>

#define LAYOUT_MAX_DIRS 16
#define LAYOUT_MAX_ENTRIES 48

/* Files and links are in two directories only. */
enum layout_dir { LAYOUT_TOP, LAYOUT_BIN, LAYOUT_N_TOPS };

enum layout_kind {
        LAYOUT_LINK, /* to text */
        LAYOUT_FILE, /* with text as content */
        LAYOUT_COPY, /* of the file text */
};

/* What becomes of an entry in a directory that has something by that name already, as in venv. */
enum layout_existing {
        LAYOUT_REPLACE,     /* the new file takes its place */
        LAYOUT_KEEP,        /* it stays, unless it is a link that leads nowhere */
        LAYOUT_INTERPRETER, /* a link stays; a file gets the interpreter as its content */
};

struct layout_entry {
        enum layout_dir directory;
        enum layout_kind kind;
        enum layout_existing existing;
        const char *name;
        const char *text;
        size_t len;       /* of a file's text */
        mode_t mode;      /* 0: as the umask says */
        bool keeps_times; /* of its template */
        struct timespec times[2];
};

struct layout {
        const char *dirs[LAYOUT_MAX_DIRS]; /* below the environment, parents first */
        size_t n_dirs;
        struct layout_entry entries[LAYOUT_MAX_ENTRIES];
        size_t n_entries;
        const char *interpreter; /* bin/NAME, absolute */
        const char *later;       /* pyvenv.cfg as it is to be in the end, NULL: as it is among the entries */
        size_t later_len;
};

struct layout_query {
        const struct base_python *origin;
        const struct pipseed_create_request *req;
        /* With system_site_packages: the base's packages are not visible before the final pyvenv.cfg, so that hooks do
         * not take its pip for the environment's, as in venv. */
        bool finish_later;
        const char *dir; /* absolute */
};

/* The texts live in the arena and in the origin. Errors: IO (the base's files), UNSUPPORTED, NO_MEMORY. */
int layout_make(struct arena *arena, const struct layout_query *query, struct layout *ret_layout,
                struct pipseed_error *err);

#endif
