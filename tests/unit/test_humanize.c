/* SPDX-License-Identifier: MIT */
#include "plugin/cli/humanize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define KIB (UINT64_C(1) << 10)
#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

struct row {
        const char *text;
        bool good;
        uint64_t amount;
};

static const struct row ages[] = {
        {"0", true, 0},
        {"1", true, 86400},
        {"30d", true, 30 * 86400},
        {"12h", true, 12 * 3600},
        {"0h", true, 0},
        {"", false, 0},
        {"d", false, 0},
        {"1m", false, 0},
        {"1D", false, 0},
        {"1dd", false, 0},
        {"-1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.5", false, 0},
        {"213503982334601d", true, 18446744073709526400U},
        {"213503982334602d", false, 0},
        {"18446744073709551616", false, 0},
};

static const struct row sizes[] = {
        {"0", true, 0},
        {"1000", true, 1000},
        {"10K", true, 10 * KIB},
        {"500M", true, 500 * KIB *KIB},
        {"2G", true, 2 * KIB *KIB *KIB},
        {"1T", true, KIB *KIB *KIB *KIB},
        {"16777215T", true, UINT64_MAX << 40},
        {"16777216T", false, 0},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"99999999999999999999999", false, 0},
        {"", false, 0},
        {"M", false, 0},
        {"1MB", false, 0},
        {"1m", false, 0},
        {"+1", false, 0},
};

static void check(const struct row *rows, size_t n, bool (*read)(const char *, uint64_t *))
{
        for (size_t i = 0; i < n; i++) {
                uint64_t amount = 4711;
                bool good = read(rows[i].text, &amount);

                if (good != rows[i].good || amount != (good ? rows[i].amount : 4711))
                        fail_msg("'%s': %d, %ju", rows[i].text, good, (uintmax_t)amount);
        }
}

static void test_read_age(void **state)
{
        (void)state;
        check(ages, ROWS(ages), humanize_read_age);
}

static void test_read_size(void **state)
{
        (void)state;
        check(sizes, ROWS(sizes), humanize_read_size);
}

static void test_show_size(void **state)
{
        static const struct {
                uint64_t bytes;
                const char *text;
        } rows[] = {{0, "0.0 KiB"},         {1023, "1.0 KiB"},      {1536, "1.5 KiB"},
                    {KIB * KIB, "1.0 MiB"}, {14784921, "14.1 MiB"}, {UINT64_MAX, "16.0 EiB"}};
        char text[HUMANIZE_SIZE];

        (void)state;
        for (size_t i = 0; i < ROWS(rows); i++)
                assert_string_equal(humanize_show_size(rows[i].bytes, text), rows[i].text);
}

static void test_show_time(void **state)
{
        char text[HUMANIZE_SIZE];

        (void)state;
        assert_int_equal(setenv("TZ", "UTC", 1), 0);
        tzset();
        assert_string_equal(humanize_show_time(1795246536, text), "2026-11-21 07:35");
        assert_string_equal(humanize_show_time(0, text), "1970-01-01 00:00");
        assert_string_equal(humanize_show_time(INT64_MAX, text), "-");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_read_age),
                cmocka_unit_test(test_read_size),
                cmocka_unit_test(test_show_size),
                cmocka_unit_test(test_show_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
