/* SPDX-License-Identifier: MIT */
/*
 * spot.h - the place where an environment is to be, and how it gets there in one step: it is made in a hidden folder
 * beside that place (".NAME.pipseed") and renamed.
 *
 *     _cleanup_(spot_done) struct spot spot = SPOT_INIT;
 *
 *     r = spot_open(&spot, "/srv/app", dry_run, err);    spot.existed: what is there is held by spot.dir_fd
 *     r = spot_reserve(&spot, err);                      an empty hidden folder: spot.hidden_fd
 *     r = spot_publish(&spot, err);                      it is there, what was there is hidden
 *     r = spot_undo(&spot, err);                         as before
 *
 * spot_done removes what is hidden: before publishing the new, after it the old. The holder of the hidden folder's lock
 * owns it. One that nobody holds was left by a run that was killed, and goes with the next run for the same place
 * (hidden.h). */
#ifndef VENV_SPOT_H
#define VENV_SPOT_H

#include "base/cleanup.h"
#include "pipseed.h"

#include <stdbool.h>
#include <sys/types.h>

struct spot {
        char *path; /* absolute, of the place */
        char *parent;
        const char *name; /* points into path */
        int parent_fd;
        int dir_fd;    /* the folder that was there, -1: none */
        int hidden_fd; /* the folder that was made */
        char *hidden;  /* its name in parent; after publishing that of the old one */
        bool existed;
        bool published;
        bool dry_run;
        size_t n_made; /* last components of parent that were made */
        pipseed_event_fn *event;
        void *event_data;
};

#define SPOT_INIT {.parent_fd = -1, .dir_fd = -1, .hidden_fd = -1}

/* path is absolute and normalised. Folders on the way are made, unless dry_run: then parent_fd may stay -1. Errors: IO,
 * NOT_EMPTY (something else than a folder is there), BUSY (another run works on it). */
int spot_open(struct spot *spot, const char *path, struct pipseed_error *err);
/* Errors: IO, BUSY. */
int spot_reserve(struct spot *spot, struct pipseed_error *err);
/* 0; 1: not possible here, a folder that must stay (a mount point), or one that came meanwhile: work inside it; IO. */
int spot_publish(struct spot *spot, struct pipseed_error *err);
/* Takes publishing back. IO; BUSY: the place does not hold any more what was put there. */
int spot_undo(struct spot *spot, struct pipseed_error *err);
void spot_done(struct spot *spot);

/* Empties a folder, following no link. 0 or -errno. */
int spot_empty(int fd);
/* Takes the lock of a folder: 0, or -EWOULDBLOCK when another run kept it for a minute; 1 where locks do not work. */
int spot_lock(const struct spot *spot, int fd);

#endif
