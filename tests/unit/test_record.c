/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wheel/record.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

#define MAX_ROWS 3

/* Rows end with a NULL path. n_line: where the fault is, 0: none. */
static const struct {
        const char *text;
        struct record_row rows[MAX_ROWS + 1];
        unsigned int line;
} cases[] = {
        {"", {{0}}, 0},
        {"a,b,c", {{"a", "b", "c"}}, 0},
        {"a,b,c\n", {{"a", "b", "c"}}, 0},
        {"a,b,c\r\nd,,\r\n", {{"a", "b", "c"}, {"d", "", ""}}, 0},
        {"a,b,c\rd,,\r", {{"a", "b", "c"}, {"d", "", ""}}, 0},
        {"a,b\nc,d\n", {{"a", "b", ""}, {"c", "d", ""}}, 0},
        {"\"a,b\",,\n", {{"a,b", "", ""}}, 0},
        {"\"a\"\"b\",,\n", {{"a\"b", "", ""}}, 0},
        {"\"a\nb\",,\nc,,\n", {{"a\nb", "", ""}, {"c", "", ""}}, 0},
        {"\"a\"b\"c,,\n", {{"ab\"c", "", ""}}, 0},
        {"a\"b\",,\n", {{"a\"b\"", "", ""}}, 0},
        {"\"a\",\"\",\"1\"", {{"a", "", "1"}}, 0},
        {" a , b , c ", {{" a ", " b ", " c "}}, 0},
        {"../../../bin/pip,sha256=x,1\n/abs,,\n", {{"../../../bin/pip", "sha256=x", "1"}, {"/abs", "", ""}}, 0},
        {"\xc3\xa9,,\n", {{"\xc3\xa9", "", ""}}, 0},
        {"a\n", {{0}}, 1},
        {"a,b,c\nd\n", {{0}}, 2},
        {"a,b,c\n\nd,,\n", {{0}}, 2},
        {"a,b,c\n\n", {{0}}, 2},
        {"\"a\nb\",,\nc\n", {{0}}, 3},
        {"a,b,c,d\n", {{0}}, 1},
        {",b,c\n", {{0}}, 1},
        {"\"\",b,c\n", {{0}}, 1},
        {"a,,\n\"b,,\n", {{0}}, 2},
        {"\"", {{0}}, 1},
};

static void parse(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(record_done) struct record record = {0};
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                int r = record_parse(cases[i].text, strlen(cases[i].text), "x.whl", &record, &err);
                char line[32];
                size_t n = 0;

                assert_int_equal(r, cases[i].line != 0 ? PIPSEED_E_RECORD_SYNTAX : 0);
                (void)snprintf(line, sizeof(line), "line %u:", cases[i].line);
                if (r < 0) {
                        assert_non_null(strstr(err.message, line));
                        assert_null(record.rows);
                        continue;
                }
                for (; cases[i].rows[n].path != NULL; n++) {
                        assert_true(n < record.n_rows);
                        assert_string_equal(record.rows[n].path, cases[i].rows[n].path);
                        assert_string_equal(record.rows[n].hash, cases[i].rows[n].hash);
                        assert_string_equal(record.rows[n].size, cases[i].rows[n].size);
                }
                assert_int_equal(record.n_rows, n);
        }
}

static void refused_bytes(void **state)
{
        static const char nul[] = "a\0b,,\n";
        static const char latin1[] = "a\xe9,,\n";
        struct record record = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        assert_int_equal(record_parse(nul, sizeof(nul) - 1, "x", &record, &err), PIPSEED_E_RECORD_SYNTAX);
        err.code = 0;
        assert_int_equal(record_parse(latin1, sizeof(latin1) - 1, "x", &record, &err), PIPSEED_E_RECORD_SYNTAX);
}

static void too_many_rows(void **state)
{
        size_t len = RECORD_MAX_ROWS * 3 + 3;
        _cleanup_free_ char *text = malloc(len);
        _cleanup_(record_done) struct record record = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        assert_non_null(text);
        for (size_t i = 0; i < len; i++)
                text[i] = "a,\n"[i % 3];
        assert_int_equal(record_parse(text, len, "x", &record, &err), PIPSEED_E_RECORD_SYNTAX);
        err.code = 0;
        assert_int_equal(record_parse(text, len - 6, "x", &record, &err), 0);
        assert_int_equal(record.n_rows, RECORD_MAX_ROWS - 1);
}

static const struct {
        const char *size;
        bool valid;
        uint64_t value;
} sizes[] = {
        {"0", true, 0},
        {"12", true, 12},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"0x1", false, 0},
        {"1_0", false, 0},
};

static void row_sizes(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                struct record_row row = {"a", "", sizes[i].size};
                uint64_t value = 77;

                assert_int_equal(record_row_size(&row, &value), sizes[i].valid);
                assert_int_equal(value, sizes[i].valid ? sizes[i].value : 77);
        }
}

#define EMPTY_DIGEST "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"

static const struct {
        const char *hash;
        bool valid;
} hashes[] = {
        {"sha256=" EMPTY_DIGEST, true},
        {"sha256=" EMPTY_DIGEST "=", false},
        {"sha256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", false},
        {"sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFV", false},
        {"SHA256=" EMPTY_DIGEST, false},
        {"sha512=" EMPTY_DIGEST, false},
        {EMPTY_DIGEST, false},
        {"sha256=", false},
        {"", false},
};

static void row_hashes(void **state)
{
        uint8_t expected[HASH_SIZE];

        (void)state;
        hash_of("", 0, expected);
        for (size_t i = 0; i < ARRAY_SIZE(hashes); i++) {
                struct record_row row = {"a", hashes[i].hash, ""};
                uint8_t digest[HASH_SIZE] = {0};

                assert_int_equal(record_row_digest(&row, digest), hashes[i].valid);
                if (hashes[i].valid)
                        assert_memory_equal(digest, expected, HASH_SIZE);
        }
}

static const struct {
        struct record_row row;
        const char *text;
} written[] = {
        {{"pip/__init__.py", "sha256=x", "1"}, "pip/__init__.py,sha256=x,1\r\n"},
        {{"RECORD", "", ""}, "RECORD,,\r\n"},
        {{"a,b", "", ""}, "\"a,b\",,\r\n"},
        {{"a\"b", "", ""}, "\"a\"\"b\",,\r\n"},
        {{"\"", "", ""}, "\"\"\"\",,\r\n"},
        {{"a\nb", "", ""}, "\"a\nb\",,\r\n"},
        {{"a\rb", "", ""}, "\"a\rb\",,\r\n"},
        {{" a b ", "", ""}, " a b ,,\r\n"},
        {{"it's", "", ""}, "it's,,\r\n"},
};

static void write_rows(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
                _cleanup_(str_done) struct str out = STR_INIT;
                _cleanup_(record_done) struct record record = {0};
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                record_write_row(&out, written[i].row.path, written[i].row.hash, written[i].row.size);
                assert_false(out.failed);
                assert_string_equal(out.data, written[i].text);
                assert_int_equal(record_parse(out.data, out.len, "x", &record, &err), 0);
                assert_int_equal(record.n_rows, 1);
                assert_string_equal(record.rows[0].path, written[i].row.path);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(parse),     cmocka_unit_test(refused_bytes), cmocka_unit_test(too_many_rows),
                cmocka_unit_test(row_sizes), cmocka_unit_test(row_hashes),    cmocka_unit_test(write_rows),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
