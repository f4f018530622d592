/* SPDX-License-Identifier: MIT */
/*
 * reserved.h - names that a wheel may not bring, because somebody else owns them: pipseed (its notes and journals,
 * which the next run believes), venv (pyvenv.cfg, lib64), the interpreter (its standard library), the site's
 * administrator (sitecustomize). Names of scripts are entrypoint.h's. Path configuration files (*.pth) are allowed:
 * setuptools has one.
 *
 *     owner = reserved_find(RESERVED_DATA, "lib64");      "venv"
 */
#ifndef WHEEL_RESERVED_H
#define WHEEL_RESERVED_H

enum reserved_place {
        RESERVED_LIB,   /* purelib and platlib: site-packages */
        RESERVED_DATA,  /* the prefix */
        RESERVED_OTHER, /* scripts, headers */
};

/* path: folded (fold.h), relative to the place. Who owns that name, in words; NULL: nobody. */
const char *reserved_find(enum reserved_place place, const char *path);

#endif
