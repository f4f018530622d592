/* SPDX-License-Identifier: MIT */
/*
 * sysroot.h - the directory that all roots of a transaction lie below, "/" or --root, and how they are reached from it:
 * by which links, and through whose directories.
 *
 *     r = sysroot_open(&top, &way, err);             makes --root when it is missing
 *     fd = sysroot_open_dir(&top, "/srv/app/bin");
 *     fd = sysroot_make_dir(&top, "/srv/app/bin");    and what is missing on the way
 *     sysroot_undo(&top);                            removes what was made, as far as it is empty
 *     sysroot_done(&top);
 */
#ifndef INSTALL_SYSROOT_H
#define INSTALL_SYSROOT_H

#include "base/arena.h"
#include "pipseed.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SYSROOT_MAX_PRIVATE 2

struct sysroot_way {
        const char *root;   /* --root, absolute, or NULL */
        const char *prefix; /* of the environment, or NULL: none. Its scheme's directories lie in it */
        /* Directories that are made with mode 0700 instead of 0777 & ~umask; NULL: fewer. With private_parents also
         * what lies above them. */
        const char *private_dirs[SYSROOT_MAX_PRIVATE];
        bool private_parents;
};

struct sysroot {
        struct arena arena;
        int fd;              /* "/" or the --root directory */
        bool is_rooted;      /* fd is --root: links are resolved inside it */
        const char *path;    /* --root, or NULL */
        const char *guarded; /* the environment, or NULL; held by guard_fd */
        int guard_fd;
        struct sysroot_way way;
        size_t n_made_tops; /* levels of --root that were made */
        const char **made;  /* directories that were made, relative to fd, outermost first */
        size_t n_made, made_capacity;
};

#define SYSROOT_INIT                                                                                                   \
        {                                                                                                              \
                .fd = -1, .guard_fd = -1                                                                               \
        }

/* Errors: IO, UNTRUSTED_PATH. way is copied, what it points to is not. */
int sysroot_open(struct sysroot *top, const struct sysroot_way *way, struct pipseed_error *err);
/* The same for a look: nothing is made. */
int top_open_existing(struct sysroot *top, const struct sysroot_way *way, struct pipseed_error *err);
/* Inside --root, links are resolved as a process chrooted there would; inside an environment they must not lead out of
 * it: -EXDEV. fd or -errno. */
int sysroot_open_dir(const struct sysroot *top, const char *path);
/* The same, and makes what is missing on the way, as os.makedirs does it. */
int sysroot_make_dir(struct sysroot *top, const char *path);
void sysroot_undo(struct sysroot *top);
void sysroot_done(struct sysroot *top);

/* The first owner on the way to a directory who is not root: from there on the way is theirs to change. 0: there is
 * none. */
uid_t sysroot_untrusted_owner(const char *path);

#endif
