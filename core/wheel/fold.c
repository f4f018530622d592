/* SPDX-License-Identifier: MIT */
#include "fold.h"

#include "base/cleanup.h"
#include "foldtable.h"

#include <stdbool.h>
#include <stdlib.h>

#define MAX_RUN 32 /* marks on one letter; more are put in order by so many */

/* First and last code point of each range. */
static const uint32_t ignored[][2] = {
        {0xad, 0xad},     {0x34f, 0x34f},   {0x61c, 0x61c},   {0x115f, 0x1160}, {0x17b4, 0x17b5},
        {0x180b, 0x180f}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},
        {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfff8}, {0xe0000, 0xe0fff},
};
static const uint32_t marks[][2] = {
        {0x300, 0x36f},   {0x483, 0x487},   {0x591, 0x5c7},   {0x610, 0x61a},   {0x64b, 0x65f},   {0x670, 0x670},
        {0x6d6, 0x6ed},   {0x730, 0x74a},   {0x7eb, 0x7f3},   {0x93c, 0x93c},   {0x94d, 0x94d},   {0x1ab0, 0x1aff},
        {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0x302a, 0x302f}, {0x3099, 0x309a}, {0xfe20, 0xfe2f},
};

struct folding {
        struct str *out;
        uint32_t run[MAX_RUN]; /* combining marks that are to be put in order */
        size_t n_run;
};

static bool is_in(const uint32_t ranges[][2], size_t n, uint32_t code)
{
        for (size_t i = 0; i < n; i++)
                if (code >= ranges[i][0] && code <= ranges[i][1])
                        return true;
        return false;
}

static void add_code(struct str *out, uint32_t code)
{
        if (code < 0x80) {
                str_add_char(out, (char)code);
        } else if (code < 0x800) {
                str_add_char(out, (char)(0xc0 | code >> 6));
                str_add_char(out, (char)(0x80 | (code & 0x3f)));
        } else {
                str_add_char(out, (char)(code < 0x10000 ? 0xe0 | code >> 12 : 0xf0 | code >> 18));
                if (code >= 0x10000)
                        str_add_char(out, (char)(0x80 | (code >> 12 & 0x3f)));
                str_add_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
                str_add_char(out, (char)(0x80 | (code & 0x3f)));
        }
}

static int compare_codes(const void *a, const void *b)
{
        const uint32_t x = *(const uint32_t *)a;
        const uint32_t y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

static void flush(struct folding *folding)
{
        if (folding->n_run > 1)
                qsort(folding->run, folding->n_run, sizeof(folding->run[0]), compare_codes);
        for (size_t i = 0; i < folding->n_run; i++)
                add_code(folding->out, folding->run[i]);
        folding->n_run = 0;
}

static void add_folded(struct folding *folding, uint32_t code)
{
        if (!is_in(marks, ARRAY_SIZE(marks), code) || folding->n_run == MAX_RUN)
                flush(folding);
        if (is_in(marks, ARRAY_SIZE(marks), code))
                folding->run[folding->n_run++] = code;
        else
                add_code(folding->out, code);
}

/* A syllable's letters: Unicode, section 3.12. */
static void add_hangul(struct folding *folding, uint32_t index)
{
        add_folded(folding, 0x1100 + index / 588);
        add_folded(folding, 0x1161 + index % 588 / 28);
        if (index % 28 != 0)
                add_folded(folding, 0x11a7 + index % 28);
}

static int compare_row(const void *key, const void *element)
{
        const struct fold_row *row = element;
        const uint32_t code = *(const uint32_t *)key;

        return (code > row->code) - (code < row->code);
}

static void add_character(struct folding *folding, uint32_t code)
{
        const struct fold_row *row;

        if (is_in(ignored, ARRAY_SIZE(ignored), code))
                return;
        if (code >= 0xac00 && code <= 0xd7a3) {
                add_hangul(folding, code - 0xac00);
                return;
        }
        row = bsearch(&code, fold_rows, n_fold_rows, sizeof(fold_rows[0]), compare_row);
        if (row == NULL) {
                add_folded(folding, code);
                return;
        }
        for (const char *p = (const char *)fold_texts + row->text; *p != '\0';)
                add_folded(folding, str_decode(&p));
}

void fold_add(struct str *out, const char *name)
{
        struct folding folding = {.out = out};

        while (*name != '\0') {
                if ((unsigned char)*name >= 0x80) {
                        add_character(&folding, str_decode(&name));
                        continue;
                }
                flush(&folding);
                str_add_char(out, str_lower(*name++));
        }
        flush(&folding);
}
