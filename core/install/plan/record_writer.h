/* SPDX-License-Identifier: MIT */
/*
 * record_writer.h - the RECORD of an installed distribution, as pip writes it: rows sorted by path, hash and size as
 * text.
 *
 *     struct record_writer rows = {0};
 *
 *     r = record_writer_init(&rows, &arena, lib, n, err);
 *     r = record_writer_add(&rows, record_writer_path(&rows, PLAN_SCRIPTS's directory, "pip"), digest, size, err);
 *     r = record_writer_write(&rows, &text, err);
 */
#ifndef INSTALL_RECORD_WRITER_H
#define INSTALL_RECORD_WRITER_H

#include "base/arena.h"
#include "base/str.h"
#include "pipseed.h"

struct row {
        const char *path;
        const uint8_t *digest; /* sha256; NULL: the row has neither hash nor size */
        uint64_t size;
};

struct record_writer {
        struct arena *arena;
        const char *lib; /* directory of the dist-info, absolute */
        struct row *items;
        size_t n, capacity;
};

/* Room for so many rows; lib is borrowed. PIPSEED_E_NO_MEMORY. */
int record_writer_init(struct record_writer *rows, struct arena *arena, const char *lib, size_t capacity,
                       struct pipseed_error *err);

/* How RECORD names a file of another directory than lib (os.path.relpath), in the arena; NULL when memory runs out. */
const char *record_writer_path(const struct record_writer *rows, const char *directory, const char *path);

/* path and digest are borrowed. A NULL path is taken for memory that ran out. */
int record_writer_add(struct record_writer *rows, const char *path, const uint8_t *digest, uint64_t size,
                      struct pipseed_error *err);

/* Sorts the rows and appends the text of RECORD. Equal rows stay: pip does not drop them. */
int record_writer_write(struct record_writer *rows, struct str *out, struct pipseed_error *err);

#endif
