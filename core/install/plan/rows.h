/* SPDX-License-Identifier: MIT */
/*
 * rows.h - the RECORD of an installed distribution, as pip writes it: rows sorted by path, hash and size as text.
 *
 *     struct rows rows = {0};
 *
 *     r = rows_init(&rows, &arena, lib, n, err);
 *     r = rows_add(&rows, rows_path(&rows, PLAN_SCRIPTS's folder, "pip"), digest, size, err);
 *     r = rows_write(&rows, &text, err);
 */
#ifndef INSTALL_ROWS_H
#define INSTALL_ROWS_H

#include "base/arena.h"
#include "base/str.h"
#include "pipseed.h"

struct row {
        const char *path;
        const uint8_t *digest; /* sha256; NULL: the row has neither hash nor size */
        uint64_t size;
};

struct rows {
        struct arena *arena;
        const char *lib; /* folder of the dist-info, absolute */
        struct row *items;
        size_t n, capacity;
};

/* Room for so many rows; lib is borrowed. PIPSEED_E_NO_MEMORY. */
int rows_init(struct rows *rows, struct arena *arena, const char *lib, size_t capacity, struct pipseed_error *err);

/* How RECORD names a file of another folder than lib (os.path.relpath), in the arena; NULL when memory runs out. */
const char *rows_path(const struct rows *rows, const char *folder, const char *path);

/* path and digest are borrowed. A NULL path is taken for memory that ran out. */
int rows_add(struct rows *rows, const char *path, const uint8_t *digest, uint64_t size, struct pipseed_error *err);

/* Sorts the rows and appends the text of RECORD. Equal rows stay: pip does not drop them. */
int rows_write(struct rows *rows, struct str *out, struct pipseed_error *err);

#endif
