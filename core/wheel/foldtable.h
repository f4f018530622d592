/* SPDX-License-Identifier: MIT */
/* foldtable.h - what each character becomes, for fold.c. The table is written by foldtable.py. */
#ifndef WHEEL_FOLDTABLE_H
#define WHEEL_FOLDTABLE_H

#include <stddef.h>
#include <stdint.h>

struct fold_row {
        uint16_t code;
        uint16_t text; /* where it begins in fold_texts: UTF-8, ended by NUL */
};

extern const struct fold_row fold_rows[]; /* sorted */
extern const size_t n_fold_rows;
extern const unsigned char fold_texts[];

#endif
