/* SPDX-License-Identifier: MIT */
/*
 * record.h - RECORD (PEP 376, PEP 427): CSV rows of path, hash, size. Reading takes what Python's csv module takes;
 * writing gives what pip gives: minimal quoting, CRLF.
 */
#ifndef WHEEL_RECORD_H
#define WHEEL_RECORD_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"
#include "pipseed.h"

/* More than any installed project has, and a bound for what reading takes. */
#define RECORD_MAX_ROWS ((size_t)200000)

struct record_row {
        const char *path; /* as written; may be absolute or start with ../ in an installed RECORD */
        const char *hash; /* "sha256=..." or "" */
        const char *size; /* decimal or "" */
};

struct record {
        struct record_row *rows;
        size_t n_rows;
        struct arena arena;
};

/* Rows in the file's order. PIPSEED_E_RECORD_SYNTAX with the line number: not three fields (two are taken as
 * "path,hash" when nothing follows), a NUL, a quote that is not closed, not UTF-8, no path, a field longer than csv
 * takes, more than RECORD_MAX_ROWS lines. path is for messages. Takes len bytes of memory, and a
 * struct record_row for each line. */
int record_parse(const char *data, size_t len, const char *path, struct record *ret_record, struct pipseed_error *err);
void record_done(struct record *record);

/* The digest of a row, true when hash is "sha256=" and well-formed. */
bool record_row_digest(const struct record_row *row, uint8_t ret_digest[HASH_SIZE]);
/* The size of a row, true when it is a plain decimal number. */
bool record_row_size(const struct record_row *row, uint64_t *ret_size);

/* Appends one row with CRLF, quoted as csv.writer(lineterminator="\r\n") quotes. hash and size may be "". */
void record_write_row(struct str *out, const char *path, const char *hash, const char *size);

#endif
