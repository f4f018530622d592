/* SPDX-License-Identifier: MIT */
/*
 * name.h - project names (PEP 503, PEP 508) and wheel file names (PEP 427):
 * distribution-version[-build]-python-abi-platform.whl
 */
#ifndef WHEEL_NAME_H
#define WHEEL_NAME_H

#include "base/arena.h"
#include "pipseed.h"

struct wheel_name {
        const char *distribution; /* as spelled in the file name */
        const char *project;      /* normalised (PEP 503): lower case, runs of -_. become one "-" */
        const char *version;      /* as spelled */
        const char *build;        /* build tag or NULL */
        const char *python;       /* compressed tag sets, dots between: "py2.py3" */
        const char *abi;
        const char *platform;
};

/* PEP 503 normalisation in the arena; NULL when memory runs out. */
char *name_normalize(struct arena *arena, const char *name);
/* Is it a valid project name (PEP 508: letters, digits, -_. inside)? */
bool name_is_valid(const char *name);
/* Parses a file name without directories into the arena. PIPSEED_E_WHEEL_NAME: says which part is wrong. The version
 * part must be a PEP 440 version. */
int wheel_name_parse(struct arena *arena, const char *filename, struct wheel_name *ret_name, struct pipseed_error *err);

#endif
