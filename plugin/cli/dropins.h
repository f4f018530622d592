/* SPDX-License-Identifier: MIT */
/*
 * dropins.h - what enable, disable and status share: a call of the library for each interpreter, its line of text, and
 * one document for all.
 *
 *     static const struct dropins_job job = {.work = pipseed_dropin_enable, .show = show};
 *
 *     return dropins_run(session, &job);
 */
#ifndef CLI_DROPINS_H
#define CLI_DROPINS_H

#include "common.h"

struct dropins_settings {
        struct settings shared; /* first: widen_settings in main.c */
        bool force;
};

struct dropins_job {
        int (*work)(const struct pipseed_dropin_request *req, struct pipseed_dropin **ret_dropin,
                    struct pipseed_error *err);
        /* Prints the outcome. Returns 0, or the code of the problem. */
        int (*show)(struct session *session, const struct pipseed_dropin *dropin);
        bool everywhere; /* without a name: every known interpreter; those that cannot be queried are skipped */
};

extern const struct option_group dropins_python_group; /* --python, repeatable */

int dropins_run(struct session *session, const struct dropins_job *job);

#endif
