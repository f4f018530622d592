/* SPDX-License-Identifier: MIT */
/*
 * version_parts.h - what version.c and specifier.c share: the inside of a version, and comparing parts of it. Nobody
 * else includes this.
 *
 * Numbers stay digit strings, because PEP 440 gives them no bound.
 */
#ifndef WHEEL_VERSION_PARTS_H
#define WHEEL_VERSION_PARTS_H

#include "wheel/version.h"

#include <stdbool.h>
#include <stddef.h>

/* A piece of the version's spelling. A number has no leading zeros, but for the number 0 itself. */
struct span {
        const char *text;
        size_t len;
};

enum version_pre { VERSION_PRE_A, VERSION_PRE_B, VERSION_PRE_RC, VERSION_PRE_NONE };

struct version {
        char *spelling; /* as given, blanks included: what "===" compares */
        char *text;     /* normalised */
        struct span epoch;
        struct span *release;
        size_t n_release;
        enum version_pre pre_kind;
        struct span pre;
        bool has_post, has_dev;
        struct span post;
        struct span dev;
        struct span *local; /* points into the array of release */
        size_t n_local;
};

/* As version_parse from len bytes without NUL, but 0, -EINVAL or -ENOMEM: specifiers word their errors differently. */
int version_read(const char *text, size_t len, struct version **ret_version);

/* Narrows a text to what is between the blanks at both ends. Blanks are what Python's str.isspace() takes for such, in
 * UTF-8: `packaging` strips them. */
struct span span_trim(const char *text, size_t len);
/* Bytes of the blank that the text begins with, 0 when it begins with none. */
size_t span_blank(const char *text, size_t len);
/* Digits alone, and at least one? */
bool span_is_number(struct span part);

/* Same epoch, and the same first n components of the release, missing ones being 0? */
bool version_same_prefix(const struct version *a, const struct version *b, size_t n);
/* Same epoch, release (but for zeros at the end) and pre-release segment? */
bool version_same_pre(const struct version *a, const struct version *b);
/* version_compare without local versions. */
int version_compare_public(const struct version *a, const struct version *b);

#endif
