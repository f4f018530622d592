/* SPDX-License-Identifier: MIT */
/*
 * interpreter.h - one interpreter whose ensurepip is looked at or changed: found, locked, looked at.
 *
 *     _cleanup_(dropin_freep) struct dropin *dropin = NULL;
 *
 *     r = dropin_begin(req, &dropin, err);
 *     r = dropin_lock(dropin, err);           whoever changes something
 *     r = dropin_look(dropin, err);           fills in what is there, again after each change
 */
#ifndef DROPIN_INTERPRETER_H
#define DROPIN_INTERPRETER_H

#include "base/arena.h"
#include "dropin/swap.h"
#include "target/target.h"

#include <sys/stat.h>

struct dropin {
        struct pipseed_dropin dropin; /* first: what the caller gets */
        struct arena arena;
        struct pipseed_dropin_request req;
        struct target *target;
        struct package_text text; /* what an enable would write */
        struct package_mark mark; /* what is there */
        struct swap swap;
        struct stat st; /* of the stdlib directory */
        int stdlib_fd;
};

/* Errors: those of target_find; UNSUPPORTED (no directory with a standard library), USAGE, IO. */
enum dropin_purpose {
        DROPIN_LOOK, /* as every dry run: whose interpreter is not trusted is described from its files */
        DROPIN_CHANGE,
        DROPIN_ENABLE, /* an interpreter that the request names is the caller's choice */
};
int dropin_begin(enum dropin_purpose purpose, const struct pipseed_dropin_request *req, struct dropin **ret_dropin,
                 struct pipseed_error *err);
void dropin_free(struct dropin *dropin);
DEFINE_CLEANUP(struct dropin *, dropin_free)

/* Until dropin_free. BUSY. */
int dropin_lock(struct dropin *dropin, struct pipseed_error *err);
int dropin_look(struct dropin *dropin, struct pipseed_error *err);
/* Fills in which package of the system the interpreter's own belongs to. */
int dropin_find_owner(struct dropin *dropin, struct pipseed_error *err);
/* Tells what comes next: "DOING PACKAGE". CANCELLED. */
int dropin_announce(const struct dropin *dropin, const char *doing, struct pipseed_error *err);

#endif
