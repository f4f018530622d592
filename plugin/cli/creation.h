/* SPDX-License-Identifier: MIT */
/*
 * creation.h - one environment of `pipseed venv`: hooks are asked, the environment is made, hooks work on it; when one
 * of them fails everything is taken back.
 *
 *     r = creation_make(&req, &order, &creation, &err);     req.env: the folder; req.event_data: struct session_events
 *     creation_free(creation);
 */
#ifndef CLI_CREATION_H
#define CLI_CREATION_H

#include "common.h"
#include "hooks.h"

/* What all environments of one call have in common. */
struct creation_order {
        const char *python;
        const char *prompt;
        bool system_site;
        bool without_pip;
        bool clear;
        bool upgrade;
        bool copies;
        bool without_ignore_files;
        struct hooks hooks;
        const char **hook_options; /* ended by NULL */
};

struct creation_package {
        char *name, *version, *action;
};

/* What came of it. */
struct creation {
        char *dir, *python, *base, *version;
        bool existed;
        struct creation_package *packages; /* as pipseed's hook told */
        size_t n_packages;
        const struct session_events *events; /* while hooks run */
        bool failed;                         /* no memory for a package */
};

/* On any thread. Errors: those of pipseed_venv_create, of the hooks, CANCELLED. */
int creation_make(const struct pipseed_request *req, struct creation_order *order, struct creation **ret_creation,
                  struct pipseed_error *err);
void creation_free(struct creation *creation);

#endif
