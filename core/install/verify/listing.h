/* SPDX-License-Identifier: MIT */
/*
 * listing.h - the files that an installed RECORD lists, found by path, and what is there besides.
 */
#ifndef INSTALL_LISTING_H
#define INSTALL_LISTING_H

#include "base/hash.h"
#include "install/verify/findings.h"
#include "wheel/record.h"

struct listed {
        const char *path; /* absolute, unrooted, normalised */
        const struct record_row *const *rows;
        size_t n_rows;
        /* set when the file was read */
        bool was_read;
        bool fits;      /* a row agrees */
        bool is_wheels; /* the wheel agrees */
        bool unhashed;  /* no row has a hash, and it is one that could have */
        uint8_t digest[HASH_SIZE];
        uint64_t size;
};

struct listing {
        struct listed *files; /* sorted by path, each path once */
        size_t n_files;
};

/* In the arena of the findings; record is borrowed. PIPSEED_E_NO_MEMORY. */
int listing_make(struct listing *listing, struct findings *findings, const struct record *record,
                 struct pipseed_error *err);
const struct listed *listing_find(const struct listing *listing, const char *path);

/* Walks the distribution's own folders: the dist-info and the top-level folders of its files. */
int listing_find_foreign(const struct listing *listing, struct findings *findings, struct pipseed_error *err);

#endif
