/* SPDX-License-Identifier: MIT */
#include "record.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <string.h>

#define HASH_PREFIX "sha256="
#define N_FIELDS 3
/* Python's csv module refuses longer fields (csv.field_size_limit). */
#define MAX_FIELD ((size_t)131072)

struct reader {
        const char *data;
        size_t len;
        size_t next;
        size_t line; /* for messages; a quoted field may span lines */
        char *text;  /* where fields are unpacked: never more bytes than data, plus one NUL for each field */
};

static int refuse(const struct reader *reader, const char *path, struct pipseed_error *err, const char *what)
{
        return error_set(err, PIPSEED_E_RECORD_SYNTAX, path, "RECORD, line %zu: %s", reader->line, what);
}

static bool at_end_of_row(const struct reader *reader)
{
        return reader->next == reader->len || reader->data[reader->next] == '\n' || reader->data[reader->next] == '\r';
}

/* Takes "\n", "\r\n" or "\r", or nothing at the end of the data. */
static void skip_end_of_row(struct reader *reader)
{
        if (reader->next < reader->len && reader->data[reader->next] == '\r')
                reader->next++;
        if (reader->next < reader->len && reader->data[reader->next] == '\n')
                reader->next++;
        reader->line++;
}

/* The quoted part of a field, from behind the opening quote to behind the closing one. */
static bool read_quoted(struct reader *reader)
{
        while (reader->next < reader->len) {
                char c = reader->data[reader->next++];

                if (c == '"') {
                        if (reader->next == reader->len || reader->data[reader->next] != '"')
                                return true;
                        reader->next++;
                }
                if (c == '\n')
                        reader->line++;
                *reader->text++ = c;
        }
        return false;
}

/* Reads up to the comma or line end behind the field. A quote counts at the start of a field only; what follows a
 * closing quote is taken literally, as csv does. */
static const char *read_field(struct reader *reader)
{
        const char *field = reader->text;

        if (!at_end_of_row(reader) && reader->data[reader->next] == '"') {
                reader->next++;
                if (!read_quoted(reader))
                        return NULL;
        }
        while (!at_end_of_row(reader) && reader->data[reader->next] != ',')
                *reader->text++ = reader->data[reader->next++];
        *reader->text++ = '\0';
        return field;
}

static int read_row(struct reader *reader, const char *path, struct record_row *ret_row, struct pipseed_error *err)
{
        const char *fields[N_FIELDS] = {"", "", ""};
        struct reader start = *reader;
        size_t n = 0;

        for (;;) {
                const char *field = read_field(reader);

                if (field == NULL)
                        return refuse(&start, path, err, "unclosed quote");
                if ((size_t)(reader->text - field) > MAX_FIELD)
                        return refuse(&start, path, err, "a field is longer than 131072 bytes");
                if (n == N_FIELDS)
                        return refuse(&start, path, err, "more than three fields");
                fields[n++] = field;
                if (at_end_of_row(reader))
                        break;
                reader->next++;
        }
        if (n < 2)
                return refuse(&start, path, err, "expected path, hash and size");
        if (fields[0][0] == '\0')
                return refuse(&start, path, err, "missing path");
        skip_end_of_row(reader);
        *ret_row = (struct record_row){.path = fields[0], .hash = fields[1], .size = fields[2]};
        return 0;
}

/* No more rows than this: each but the last needs an end of its own. */
static size_t count_ends(const char *data, size_t len)
{
        size_t n = 1;

        for (size_t i = 0; i < len; i++)
                n += data[i] == '\n' || (data[i] == '\r' && (i + 1 == len || data[i + 1] != '\n'));
        return n;
}

int record_parse(const char *data, size_t len, const char *path, struct record *ret_record, struct pipseed_error *err)
{
        _cleanup_(record_done) struct record record = {0};
        struct reader reader = {.data = data, .len = len, .line = 1};
        size_t room = count_ends(data, len);

        if ((len > 0 && memchr(data, '\0', len) != NULL) || !str_is_utf8(data, len))
                return error_set(err, PIPSEED_E_RECORD_SYNTAX, path, "RECORD is not UTF-8 text");
        if (room > RECORD_MAX_ROWS)
                return error_set(err, PIPSEED_E_RECORD_SYNTAX, path, "RECORD has %zu lines, more than %zu", room,
                                 RECORD_MAX_ROWS);
        record.rows = arena_calloc(&record.arena, room, sizeof(record.rows[0]));
        /* Every field ends in a comma or line end, whose place its NUL takes; the last one may not. */
        reader.text = arena_alloc(&record.arena, len + 1);
        if (record.rows == NULL || reader.text == NULL)
                return error_memory(err);
        while (reader.next < len) {
                int r = read_row(&reader, path, &record.rows[record.n_rows], err);

                if (r < 0)
                        return r;
                record.n_rows++;
        }
        *ret_record = record;
        record = (struct record){0};
        return 0;
}

void record_done(struct record *record)
{
        arena_done(&record->arena);
        *record = (struct record){0};
}

bool record_row_digest(const struct record_row *row, uint8_t ret_digest[HASH_SIZE])
{
        const size_t prefix = strlen(HASH_PREFIX);

        if (!str_starts(row->hash, HASH_PREFIX))
                return false;
        return hash_from_base64(row->hash + prefix, strlen(row->hash + prefix), ret_digest);
}

bool record_row_size(const struct record_row *row, uint64_t *ret_size)
{
        uint64_t size = 0;

        if (row->size[0] == '\0')
                return false;
        for (const char *p = row->size; *p != '\0'; p++) {
                if (!str_is_digit(*p) || __builtin_mul_overflow(size, 10U, &size) ||
                    __builtin_add_overflow(size, (unsigned int)(*p - '0'), &size))
                        return false;
        }
        *ret_size = size;
        return true;
}

static void write_field(struct str *out, const char *field)
{
        if (strpbrk(field, ",\"\r\n") == NULL) {
                str_add(out, field);
                return;
        }
        str_add_char(out, '"');
        for (const char *p = field; *p != '\0'; p++) {
                if (*p == '"')
                        str_add_char(out, '"');
                str_add_char(out, *p);
        }
        str_add_char(out, '"');
}

void record_write_row(struct str *out, const char *path, const char *hash, const char *size)
{
        write_field(out, path);
        str_add_char(out, ',');
        write_field(out, hash);
        str_add_char(out, ',');
        write_field(out, size);
        str_add(out, "\r\n");
}
