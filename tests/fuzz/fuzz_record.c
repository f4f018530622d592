/* SPDX-License-Identifier: MIT */
/* RECORD: whatever parses can be written, and what was written parses to the same rows. */
#include "base/cleanup.h"
#include "wheel/record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_rows(struct str *out, const struct record *record)
{
        for (size_t i = 0; i < record->n_rows; i++)
                record_write_row(out, record->rows[i].path, record->rows[i].hash, record->rows[i].size);
}

static void compare(const struct record *a, const struct record *b)
{
        if (a->n_rows != b->n_rows)
                abort();
        for (size_t i = 0; i < a->n_rows; i++)
                if (strcmp(a->rows[i].path, b->rows[i].path) != 0 || strcmp(a->rows[i].hash, b->rows[i].hash) != 0 ||
                    strcmp(a->rows[i].size, b->rows[i].size) != 0)
                        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct record first = {0};
        struct record second = {0};
        struct str text = STR_INIT;

        if (record_parse((const char *)data, size, "RECORD", &first, &err) < 0)
                return 0;
        write_rows(&text, &first);
        if (record_parse(text.data != NULL ? text.data : "", text.len, "RECORD", &second, &err) < 0)
                abort();
        compare(&first, &second);
        str_done(&text);
        record_done(&first);
        record_done(&second);
        return 0;
}
