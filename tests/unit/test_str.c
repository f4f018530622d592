/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static void grows(void **state)
{
        _cleanup_(str_done) struct str s = STR_INIT;
        _cleanup_free_ char *owned = NULL;
        char expected[4000] = "";
        size_t len = 0;

        (void)state;
        assert_string_equal(s.data, "");
        for (int i = 0; i < 200; i++) {
                str_add(&s, "ab");
                str_add_char(&s, 'c');
                str_printf(&s, "%d;", i);
                len += (size_t)sprintf(expected + len, "abc%d;", i);
                assert_int_equal(s.len, len);
                assert_int_equal(s.data[s.len], '\0');
        }
        assert_string_equal(s.data, expected);
        owned = str_steal(&s);
        assert_string_equal(owned, expected);
        assert_int_equal(s.len, 0);
        str_add(&s, "again");
        assert_string_equal(s.data, "again");
        assert_string_equal(owned, expected);
}

static void holds_nuls(void **state)
{
        _cleanup_(str_done) struct str s = STR_INIT;

        (void)state;
        str_add_bytes(&s, "a\0b", 3);
        str_add_bytes(&s, NULL, 0);
        str_add(&s, "c");
        assert_int_equal(s.len, 4);
        assert_memory_equal(s.data, "a\0bc", 5);
}

static void truncates(void **state)
{
        _cleanup_(str_done) struct str s = STR_INIT;

        (void)state;
        str_truncate(&s, 0);
        str_add(&s, "abcdef");
        str_truncate(&s, 9);
        assert_string_equal(s.data, "abcdef");
        str_truncate(&s, 2);
        assert_string_equal(s.data, "ab");
        str_add(&s, "X");
        assert_string_equal(s.data, "abX");
}

/* To the sanitizers' allocators what no memory can hold is a fault, unless they are told. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
        return "allocator_may_return_null=1";
}

/* Sizes that no memory can hold: refused, and the refusal sticks. */
static void failure_sticks(void **state)
{
        static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 4, (size_t)1 << 50};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                _cleanup_(str_done) struct str s = STR_INIT;

                str_add(&s, "kept");
                str_add_bytes(&s, "x", sizes[i]);
                assert_true(s.failed);
                str_add(&s, "more");
                assert_string_equal(s.data, "kept");
                assert_null(str_steal(&s));
                assert_false(s.failed);
                assert_string_equal(s.data, "");
        }
}

static void empty_is_stolen_as_text(void **state)
{
        struct str s = STR_INIT;
        _cleanup_free_ char *text = str_steal(&s);

        (void)state;
        assert_non_null(text);
        assert_string_equal(text, "");
}

static void formats(void **state)
{
        _cleanup_free_ char *text = str_format("%s-%05d", "x", 42);
        _cleanup_free_ char *empty = str_format("%s", "");

        (void)state;
        assert_string_equal(text, "x-00042");
        assert_string_equal(empty, "");
}

static const struct {
        const char *text, *part;
        bool starts, ends;
} affixes[] = {
        {"pip.py", "pip", true, false}, {"pip.py", ".py", false, true}, {"pip", "pip", true, true},
        {"pip", "", true, true},        {"", "", true, true},           {"", "p", false, false},
        {"pi", "pip", false, false},    {"PIP", "pip", false, false},   {"xpip", "pip", false, true},
};

static void knows_affixes(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(affixes); i++) {
                assert_int_equal(str_starts(affixes[i].text, affixes[i].part), affixes[i].starts);
                assert_int_equal(str_ends(affixes[i].text, affixes[i].part), affixes[i].ends);
        }
}

static const struct {
        const char *a, *b;
        bool equal;
} pairs[] = {
        {"Pip", "pIP", true}, {"", "", true},    {"a", "", false},  {"", "a", false},        {"abc", "abd", false},
        {"ab", "abc", false}, {"@", "`", false}, {"[", "{", false}, {"\xc4", "\xe4", false}, {"Zz", "zZ", true},
};

static void compares_without_case(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
                assert_int_equal(str_equal_nocase(pairs[i].a, pairs[i].b), pairs[i].equal);
}

/* Against the definition, for every byte. */
static void classifies(void **state)
{
        (void)state;
        (void)setlocale(LC_ALL, "C.UTF-8");
        for (int i = 0; i < 256; i++) {
                const char c = (char)i;

                assert_int_equal(str_is_digit(c), i != 0 && strchr("0123456789", i) != NULL);
                assert_int_equal(str_is_alpha(c), (i >= 65 && i <= 90) || (i >= 97 && i <= 122));
                assert_int_equal(str_is_space(c), i != 0 && strchr(" \t\n\v\f\r", i) != NULL);
                assert_int_equal((unsigned char)str_lower(c), i >= 65 && i <= 90 ? i + 32 : i);
        }
}

static const struct {
        const char *text, *expected;
} trims[] = {
        {"", ""}, {"  ", ""}, {"a", "a"}, {" a b\t\r\n", "a b"}, {"\v\fa", "a"}, {"a\xa0 ", "a\xa0"},
};

static void trims_both_ends(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(trims); i++) {
                char text[32];

                (void)snprintf(text, sizeof(text), "%s", trims[i].text);
                assert_string_equal(str_trim(text), trims[i].expected);
        }
}

static const struct {
        const char *text;
        size_t len;
        bool valid;
} utf8[] = {
        {"", 0, true},
        {"abc", 3, true},
        {"a\0b", 3, true},
        {"\x7f", 1, true},
        {"\x80", 1, false},
        {"\xc2\x80", 2, true},
        {"\xc1\xbf", 2, false}, /* overlong */
        {"\xc0\x80", 2, false},
        {"\xdf\xbf", 2, true},
        {"\xdf", 1, false},
        {"\xdf\xc0", 2, false},
        {"\xe0\xa0\x80", 3, true},
        {"\xe0\x9f\xbf", 3, false}, /* overlong */
        {"\xec\xbf\xbf", 3, true},
        {"\xed\x9f\xbf", 3, true},
        {"\xed\xa0\x80", 3, false}, /* surrogate */
        {"\xed\xbf\xbf", 3, false},
        {"\xee\x80\x80", 3, true},
        {"\xef\xbf\xbf", 3, true},
        {"\xef\xbf", 2, false},
        {"\xe2\x82\x7f", 3, false},
        {"\xf0\x90\x80\x80", 4, true},
        {"\xf0\x8f\xbf\xbf", 4, false}, /* overlong */
        {"\xf3\xbf\xbf\xbf", 4, true},
        {"\xf4\x8f\xbf\xbf", 4, true},
        {"\xf4\x90\x80\x80", 4, false}, /* beyond U+10FFFF */
        {"\xf5\x80\x80\x80", 4, false},
        {"\xf0\x9f\x98\x80", 4, true},
        {"\xf0\x9f\x98", 3, false},
        {"\xf0\x9f\x98\xc0", 4, false},
        {"\xff", 1, false},
        {"ok\xc3\xa9ok\xe9", 7, false},
};

static void checks_utf8(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(utf8); i++)
                if (str_is_utf8(utf8[i].text, utf8[i].len) != utf8[i].valid)
                        fail_msg("row %zu", i);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(grows),
                cmocka_unit_test(holds_nuls),
                cmocka_unit_test(truncates),
                cmocka_unit_test(failure_sticks),
                cmocka_unit_test(empty_is_stolen_as_text),
                cmocka_unit_test(formats),
                cmocka_unit_test(knows_affixes),
                cmocka_unit_test(compares_without_case),
                cmocka_unit_test(classifies),
                cmocka_unit_test(trims_both_ends),
                cmocka_unit_test(checks_utf8),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
