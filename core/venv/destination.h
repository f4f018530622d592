/* SPDX-License-Identifier: MIT */
/*
 * destination.h - the place where an environment is to be, and how it gets there in one step: it is made in a hidden
 * directory beside that place (".NAME.pipseed") and renamed.
 *
 *     _cleanup_(destination_done) struct destination spot = DESTINATION_INIT;
 *
 *     r = destination_open(&spot, "/srv/app", dry_run, err);    spot.existed: what is there is held by spot.dir_fd
 *     r = destination_reserve(&spot, err);                      an empty hidden directory: spot.sibling_fd
 *     r = destination_publish(&spot, err);                      it is there, what was there is hidden
 *     r = destination_undo(&spot, err);                         as before
 *
 * destination_done removes what is hidden: before publishing the new, after it the old. The holder of the hidden
 * directory's lock owns it. One that nobody holds was left by a run that was killed, and goes with the next run for the
 * same place (sibling.h). */
#ifndef VENV_DESTINATION_H
#define VENV_DESTINATION_H

#include "base/cleanup.h"
#include "pipseed.h"

#include <stdbool.h>
#include <sys/types.h>

struct destination {
        char *path; /* absolute, of the place */
        char *parent;
        const char *name; /* points into path */
        int parent_fd;
        int dir_fd;     /* the directory that was there, -1: none */
        int sibling_fd; /* the directory that was made */
        char *hidden;   /* its name in parent; after publishing that of the old one */
        bool existed;
        bool published;
        bool dry_run;
        size_t n_made; /* last components of parent that were made */
        pipseed_event_fn *event;
        void *event_data;
};

#define DESTINATION_INIT                                                                                               \
        {                                                                                                              \
                .parent_fd = -1, .dir_fd = -1, .sibling_fd = -1                                                        \
        }

/* path is absolute and normalised. Directories on the way are made, unless dry_run: then parent_fd may stay -1. Errors:
 * IO, NOT_EMPTY (something else than a directory is there), BUSY (another run works on it). */
int destination_open(struct destination *destination, const char *path, struct pipseed_error *err);
/* Errors: IO, BUSY. */
int destination_reserve(struct destination *destination, struct pipseed_error *err);
/* mode: of the environment's directory, unless there was one, whose mode stays. 0; 1: not possible here, a directory
 * that must stay (a mount point), or one that came meanwhile: work inside it; IO. */
int destination_publish(struct destination *destination, mode_t mode, struct pipseed_error *err);
/* Takes publishing back. IO; BUSY: the place does not hold any more what was put there. */
int destination_undo(struct destination *destination, struct pipseed_error *err);
void destination_done(struct destination *destination);

/* Empties a directory, following no link. 0 or -errno. */
int destination_empty(int fd);
/* Takes the lock of a directory: 0, or -EWOULDBLOCK when another run kept it for a minute; 1 where locks do not
 * work. */
int destination_lock(const struct destination *destination, int fd);

#endif
