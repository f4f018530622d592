/* SPDX-License-Identifier: MIT */
/*
 * targets.h - the environments that a command is to work on.
 *
 *     _cleanup_(targets_done) struct targets targets = {0};
 *
 *     r = targets_collect(session, &targets, err);
 */
#ifndef CLI_TARGETS_H
#define CLI_TARGETS_H

#include "common.h"

struct targets {
        char **names; /* NULL element: the default target, or that of --python */
        size_t n_names;
};

/* Operands, then the lines of --from-file as they are (but for empty ones and those that begin with #); one NULL when
 * neither was given. Errors: USAGE, IO. */
int targets_collect(const struct session *session, struct targets *targets, struct pipseed_error *err);
void targets_done(struct targets *targets);

#endif
