/* SPDX-License-Identifier: MIT */
#include "install/plan/record_writer.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/path.h"
#include "base/sort.h"
#include "wheel/record.h"

#include <stdlib.h>
#include <string.h>

int record_writer_init(struct record_writer *rows, struct arena *arena, const char *lib, size_t capacity,
                       struct pipseed_error *err)
{
        struct row *items = arena_calloc(arena, capacity, sizeof(*items));

        if (items == NULL)
                return error_memory(err);
        *rows = (struct record_writer){.arena = arena, .lib = lib, .items = items, .capacity = capacity};
        return 0;
}

const char *record_writer_path(const struct record_writer *rows, const char *directory, const char *path)
{
        _cleanup_free_ char *whole = path_join(directory, path);
        _cleanup_free_ char *relative = NULL;

        if (whole == NULL)
                return NULL;
        relative = path_relative(rows->lib, whole);
        return relative != NULL ? arena_strdup(rows->arena, relative) : NULL;
}

int record_writer_add(struct record_writer *rows, const char *path, const uint8_t *digest, uint64_t size,
                      struct pipseed_error *err)
{
        if (path == NULL || arena_grow(rows->arena, &rows->items, rows->n, &rows->capacity, sizeof(*rows->items)) < 0)
                return error_memory(err);
        rows->items[rows->n++] = (struct row){.path = path, .digest = digest, .size = size};
        return 0;
}

/* The text of a row's hash and size, as pip compares and writes them. */
struct row_text {
        char hash[sizeof("sha256=") + HASH_BASE64_SIZE];
        char size[24];
};

static void format_row(const struct row *row, struct row_text *ret_text)
{
        char *digit = ret_text->size + sizeof(ret_text->size) - 1;
        uint64_t size = row->size;

        if (row->digest == NULL) {
                ret_text->hash[0] = ret_text->size[0] = '\0';
                return;
        }
        memcpy(ret_text->hash, "sha256=", strlen("sha256="));
        hash_to_base64(row->digest, ret_text->hash + strlen("sha256="));
        *digit = '\0';
        do {
                *--digit = (char)('0' + size % 10);
                size /= 10;
        } while (size > 0);
        memmove(ret_text->size, digit, strlen(digit) + 1);
}

static int compare_rows(const void *a, const void *b)
{
        const struct row *x = a;
        const struct row *y = b;
        struct row_text x_text;
        struct row_text y_text;
        int order = strcmp(x->path, y->path);

        if (order != 0)
                return order;
        format_row(x, &x_text);
        format_row(y, &y_text);
        order = strcmp(x_text.hash, y_text.hash);
        return order != 0 ? order : strcmp(x_text.size, y_text.size);
}

int record_writer_write(struct record_writer *rows, struct str *out, struct pipseed_error *err)
{
        sort_runs(rows->items, rows->n, sizeof(*rows->items), compare_rows);
        for (size_t i = 0; i < rows->n; i++) {
                struct row_text text;

                format_row(&rows->items[i], &text);
                record_write_row(out, rows->items[i].path, text.hash, text.size);
        }
        return out->failed ? error_memory(err) : 0;
}
