/* SPDX-License-Identifier: MIT */
/*
 * record_files.h - the files that an installed RECORD lists, found by path, and what is there besides.
 */
#ifndef INSTALL_RECORD_FILES_H
#define INSTALL_RECORD_FILES_H

#include "base/hash.h"
#include "install/verify/findings.h"
#include "wheel/record.h"

struct record_file {
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

struct record_files {
        struct record_file *files; /* sorted by path, each path once */
        size_t n_files;
};

/* In the arena of the findings; record is borrowed. PIPSEED_E_NO_MEMORY. */
int record_files_make(struct record_files *listing, struct findings *findings, const struct record *record,
                      struct pipseed_error *err);
const struct record_file *record_files_find(const struct record_files *listing, const char *path);

/* Walks the distribution's own directories: the dist-info and the top-level directories of its files. */
int record_files_find_foreign(const struct record_files *listing, struct findings *findings, struct pipseed_error *err);

#endif
