/* SPDX-License-Identifier: MIT */
/* RECORD: whatever parses can be written, and what was written parses to the same rows. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "wheel/record.h"

static void write_rows(struct str *out, const struct record *record)
{
        for (size_t i = 0; i < record->n_rows; i++)
                record_write_row(out, record->rows[i].path, record->rows[i].hash, record->rows[i].size);
}

static void compare(const struct record *a, const struct record *b)
{
        FUZZ_CHECK(a->n_rows == b->n_rows);
        for (size_t i = 0; i < a->n_rows; i++) {
                FUZZ_CHECK(strcmp(a->rows[i].path, b->rows[i].path) == 0);
                FUZZ_CHECK(strcmp(a->rows[i].hash, b->rows[i].hash) == 0);
                FUZZ_CHECK(strcmp(a->rows[i].size, b->rows[i].size) == 0);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(record_done) struct record first = {0};
        _cleanup_(record_done) struct record second = {0};
        _cleanup_(str_done) struct str text = STR_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        int r = record_parse((const char *)data, size, "RECORD", &first, &err);

        fuzz_check_error(r, &err);
        if (r < 0)
                return 0;
        write_rows(&text, &first);
        FUZZ_CHECK(record_parse(text.data, text.len, "RECORD", &second, &err) == 0);
        compare(&first, &second);
        for (size_t i = 0; i < first.n_rows; i++) {
                uint8_t digest[HASH_SIZE];
                uint64_t number;

                (void)record_row_digest(&first.rows[i], digest);
                (void)record_row_size(&first.rows[i], &number);
        }
        return 0;
}
