/* SPDX-License-Identifier: MIT */
/*
 * bundle.h - the wheels inside the library. The table is generated from manifest.ini when pipseed is built; the bytes
 * are mapped with the library and cost nothing until they are read.
 */
#ifndef WHEELS_BUNDLE_H
#define WHEELS_BUNDLE_H

#include <stddef.h>
#include <stdint.h>

struct bundle_wheel {
        const char *filename;
        const char *project; /* normalised name */
        const char *version;
        const char *requires_python; /* specifier, "" when the wheel has none */
        uint8_t sha256[32];
        const unsigned char *data;
        size_t size;
};

extern const struct bundle_wheel bundle_wheels[]; /* newest first within a project */
extern const size_t n_bundle_wheels;

#endif
