/* SPDX-License-Identifier: MIT */
/*
 * top.h - the folder that all roots of a transaction lie below, "/" or --root, and how they are reached from it: by which links,
 * and through whose folders.
 *
 *     r = top_open(&top, &way, err);             makes --root when it is missing
 *     fd = top_open_folder(&top, "/srv/app/bin");
 *     fd = top_make_folder(&top, "/srv/app/bin");    and what is missing on the way
 *     top_undo(&top);                            removes what was made, as far as it is empty
 *     top_done(&top);
 */
#ifndef INSTALL_TOP_H
#define INSTALL_TOP_H

#include "base/arena.h"
#include "pipseed.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define TOP_MAX_PRIVATE 2

struct top_way {
        const char *root;   /* --root, absolute, or NULL */
        const char *prefix; /* of the environment, or NULL: none. Its scheme's directories lie in it */
        /* Folders that are made with mode 0700 instead of 0777 & ~umask; NULL: fewer. With private_parents also what lies
         * above them. */
        const char *private_folders[TOP_MAX_PRIVATE];
        bool private_parents;
};

struct top {
        struct arena arena;
        int fd;              /* "/" or the --root folder */
        bool is_rooted;      /* fd is --root: links are resolved inside it */
        const char *path;    /* --root, or NULL */
        const char *guarded; /* the environment, or NULL; held by guard_fd */
        int guard_fd;
        struct top_way way;
        size_t n_made_tops; /* levels of --root that were made */
        const char **made;  /* folders that were made, relative to fd, outermost first */
        size_t n_made, made_capacity;
};

#define TOP_INIT {.fd = -1, .guard_fd = -1}

/* Errors: IO, UNTRUSTED_PATH. way is copied, what it points to is not. */
int top_open(struct top *top, const struct top_way *way, struct pipseed_error *err);
/* The same for a look: nothing is made. */
int top_open_existing(struct top *top, const struct top_way *way, struct pipseed_error *err);
/* Inside --root, links are resolved as a process chrooted there would; inside an environment they must not lead out of it:
 * -EXDEV. fd or -errno. */
int top_open_folder(const struct top *top, const char *path);
/* The same, and makes what is missing on the way, as os.makedirs does it. */
int top_make_folder(struct top *top, const char *path);
void top_undo(struct top *top);
void top_done(struct top *top);

/* The first owner on the way to a folder who is not root: from there on the way is theirs to change. 0: there is none. */
uid_t top_stranger(const char *path);

#endif
