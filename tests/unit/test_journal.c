/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "install/txn/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

static struct change changes[] = {
        {CHANGE_MKDIR, PLAN_DATA, "share/man", 0},
        {CHANGE_PUT, PLAN_LIB, "pip", 1},
        {CHANGE_SWAP, PLAN_OTHER_LIB, "a directory with blanks", UINT64_MAX},
        {CHANGE_TAKE, PLAN_SCRIPTS, " leading", 42},
        {CHANGE_PUT, PLAN_HEADERS, "\xc3\xa9/\xff/x", 7},
        {CHANGE_SWAP, PLAN_DATA, "end 12345678", 8},
};

static void write_journal(struct str *text, size_t n)
{
        const struct journal journal = {.changes = changes, .n_changes = n};

        journal_write(text, &journal);
        assert_false(text->failed);
}

static void round_trip(void **state)
{
        (void)state;
        for (size_t n = 0; n <= ARRAY_SIZE(changes); n++) {
                _cleanup_(journal_done) struct journal read = {0};
                _cleanup_(str_done) struct str text = STR_INIT;
                _cleanup_(str_done) struct str again = STR_INIT;

                write_journal(&text, n);
                assert_true(journal_read(&read, text.data, text.len));
                assert_int_equal(read.n_changes, n);
                for (size_t i = 0; i < n; i++) {
                        assert_int_equal(read.changes[i].kind, changes[i].kind);
                        assert_int_equal(read.changes[i].root, changes[i].root);
                        assert_string_equal(read.changes[i].path, changes[i].path);
                        assert_true(read.changes[i].inode == changes[i].inode);
                }
                journal_write(&again, &read);
                assert_string_equal(again.data, text.data);
        }
}

/* The text is a format that other versions of pipseed have to repair. */
static void has_this_format(void **state)
{
        static const char expected[] = "pipseed-journal 1\n"
                                       "mkdir data 0 share/man\n"
                                       "put lib 1 pip\n"
                                       "swap other 18446744073709551615 a directory with blanks\n"
                                       "take scripts 42  leading\n"
                                       "put headers 7 \xc3\xa9/\xff/x\n"
                                       "swap data 8 end 12345678\n";
        _cleanup_(str_done) struct str text = STR_INIT;
        char end[32];

        (void)state;
        write_journal(&text, ARRAY_SIZE(changes));
        assert_memory_equal(text.data, expected, strlen(expected));
        (void)snprintf(end, sizeof(end), "end %08" PRIx32 "\n",
                       (uint32_t)crc32_z(0, (const unsigned char *)expected, strlen(expected)));
        assert_string_equal(text.data + strlen(expected), end);
}

static void every_cut_is_seen(void **state)
{
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        write_journal(&text, ARRAY_SIZE(changes));
        for (size_t len = 0; len < text.len; len++) {
                _cleanup_(journal_done) struct journal read = {0};
                _cleanup_free_ char *cut = malloc(len + 1);

                assert_non_null(cut);
                memcpy(cut, text.data, len);
                cut[len] = '\0';
                if (journal_read(&read, cut, len))
                        fail_msg("cut to %zu bytes", len);
        }
}

static void every_change_is_seen(void **state)
{
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        write_journal(&text, ARRAY_SIZE(changes));
        for (size_t i = 0; i < text.len; i++)
                for (int bit = 0; bit < 8; bit++) {
                        _cleanup_(journal_done) struct journal read = {0};

                        text.data[i] = (char)(text.data[i] ^ 1 << bit);
                        if (journal_read(&read, text.data, text.len))
                                fail_msg("bit %d of byte %zu", bit, i);
                        text.data[i] = (char)(text.data[i] ^ 1 << bit);
                }
        {
                _cleanup_(journal_done) struct journal read = {0};

                str_add(&text, "x");
                assert_false(journal_read(&read, text.data, text.len));
        }
}

/* With a right checksum: what somebody might write who may not write into the target, but whose file is read. */
static const struct {
        const char *text;
        bool valid;
} texts[] = {
        {"pipseed-journal 1\n", true},
        {"pipseed-journal 1\ntake lib 1 pip\n", true},
        {"pipseed-journal 2\ntake lib 1 pip\n", false},
        {"pipseed-journal 1\ntake lib 1 ../pip\n", false},
        {"pipseed-journal 1\ntake lib 1 /etc/passwd\n", false},
        {"pipseed-journal 1\ntake lib 1 a/../../b\n", false},
        {"pipseed-journal 1\ntake lib 1 ..\n", false},
        {"pipseed-journal 1\ntake lib 1 .\n", false},
        {"pipseed-journal 1\ntake lib 1 \n", false},
        {"pipseed-journal 1\ntake lib 1\n", false},
        {"pipseed-journal 1\ntake lib\n", false},
        {"pipseed-journal 1\ntake\n", false},
        {"pipseed-journal 1\ntake lib x pip\n", false},
        {"pipseed-journal 1\nremove lib 1 pip\n", false},
        {"pipseed-journal 1\ntake etc 1 pip\n", false},
        {"pipseed-journal 1\ntake lib 1 pip\nnonsense\n", false},
        {"pipseed-journal 1\ntake lib 1 a\\b\n", false},
        {"pipseed-journal 1\ntake lib 1 a\tb\n", false},
};

static void only_its_own_format(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_(journal_done) struct journal read = {0};
                _cleanup_(str_done) struct str text = STR_INIT;

                str_add(&text, texts[i].text);
                str_printf(&text, "end %08lx\n", crc32_z(0, (const unsigned char *)texts[i].text, text.len));
                if (journal_read(&read, text.data, text.len) != texts[i].valid)
                        fail_msg("row %zu", i);
        }
}

static void no_nul_in_it(void **state)
{
        static const char text[] = "pipseed-journal 1\ntake lib 1 pip\0.dist-info\n";
        _cleanup_(journal_done) struct journal read = {0};
        _cleanup_(str_done) struct str journal = STR_INIT;

        (void)state;
        str_add_bytes(&journal, text, sizeof(text) - 1);
        str_printf(&journal, "end %08lx\n", crc32_z(0, (const unsigned char *)text, sizeof(text) - 1));
        assert_false(journal_read(&read, journal.data, journal.len));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(round_trip),          cmocka_unit_test(has_this_format),
                cmocka_unit_test(every_cut_is_seen),   cmocka_unit_test(every_change_is_seen),
                cmocka_unit_test(only_its_own_format), cmocka_unit_test(no_nul_in_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
