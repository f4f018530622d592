/* SPDX-License-Identifier: MIT */
/* test_pep440.py compares thousands of versions with `packaging`; here is what it cannot ask, and one example of each
 * rule. */
#include "wheel/version.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct version *parse(const char *text)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct version *version = NULL;

        if (version_parse(text, &version, &err) < 0)
                fail_msg("\"%s\": %s", text, err.message);
        return version;
}

static const struct {
        const char *input, *expected;
} spellings[] = {
        {"26.3", "26.3"},
        {"0", "0"},
        {"v1.0", "1.0"},
        {"V01.002", "1.2"},
        {" \t1.0\n", "1.0"},
        {"\xc2\xa0"
         "1.0\xe3\x80\x80",
         "1.0"},
        {"\x1c"
         "1.0\x1f",
         "1.0"},
        {"1.0alpha1", "1.0a1"},
        {"1.0-BETA_2", "1.0b2"},
        {"1.0.c3", "1.0rc3"},
        {"1.0preview", "1.0rc0"},
        {"1.0pre4", "1.0rc4"},
        {"1.0a-", "1.0a0"},
        {"1.0-7", "1.0.post7"},
        {"1.0r", "1.0.post0"},
        {"1.0_rev_8", "1.0.post8"},
        {"1.0a-1-2", "1.0a1.post2"},
        {"1.0a--1", "1.0a0.post1"},
        {"1.0dev", "1.0.dev0"},
        {"1.0.a1.post02.dev003", "1.0a1.post2.dev3"},
        {"1.0+Ubuntu-01_x", "1.0+ubuntu.1.x"},
        {"0!1", "1"},
        {"01!1", "1!1"},
        {"123456789012345678901234567890.00", "123456789012345678901234567890.0"},
};

static void test_normalised(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
                _cleanup_(version_freep) struct version *version = parse(spellings[i].input);
                _cleanup_(version_freep) struct version *again = parse(spellings[i].expected);

                assert_string_equal(version_text(version), spellings[i].expected);
                assert_int_equal(version_compare(version, again), 0);
        }
}

static const char *const invalid[] = {"",        " ",          "v",      "x",      "1.",      ".1",
                                      "1..0",    "1.0.",       "1.0+",   "1.0+a.", "1.0+.a",  "1.0+a+b",
                                      "!1",      "1!",         "1!!1",   "v 1",    "1 .0",    "1.0 a1",
                                      "1.0-1-1", "1.0post1-1", "1.0b1a", "1.0x",   "1.0a1b",  "1.0dev1a1",
                                      "1.0.*",   "1.0--1",     "1.0_1",  "-1",     "1.0\xc2", "1.0+\xc3\xa9",
                                      "1.0\xa0"};

static void test_invalid(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(invalid); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct version *const untouched = (struct version *)&err;
                struct version *version = untouched;

                if (version_parse(invalid[i], &version, &err) != PIPSEED_E_BAD_VERSION)
                        fail_msg("\"%s\" was taken for a version", invalid[i]);
                assert_ptr_equal(version, untouched);
                assert_int_equal(err.code, PIPSEED_E_BAD_VERSION);
                assert_true(err.message[0] != '\0' && err.hint[0] != '\0');
        }
}

/* What the message quotes has no control characters: a hostile file name must not write to a terminal. */
static void test_message(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct version *version = NULL;

        (void)state;
        assert_int_equal(version_parse("1.0\x1b[2J", &version, &err), PIPSEED_E_BAD_VERSION);
        assert_null(strchr(err.message, '\x1b'));
        assert_non_null(strstr(err.message, "1.0"));
}

/* The chain of PEP 440, "Summary of permitted suffixes and relative ordering", and beyond: each before the next. */
static const char *const ascending[] = {
        "0.dev0",
        "0",
        "1.0.dev1",
        "1.0a0.dev0",
        "1.0a0",
        "1.0a1.dev1",
        "1.0a1",
        "1.0a1.post1.dev2",
        "1.0a1.post1",
        "1.0a2.dev0",
        "1.0a2",
        "1.0a10",
        "1.0b1",
        "1.0rc1.dev3",
        "1.0rc1",
        "1.0",
        "1.0+abc",
        "1.0+abc.abc",
        "1.0+abc.1",
        "1.0+abd",
        "1.0+2",
        "1.0+10",
        "1.0+10.a",
        "1.0.post0",
        "1.0.post1.dev1",
        "1.0.post1",
        "1.0.post1+x",
        "1.0.post10",
        "1.0.0.1",
        "1.1",
        "1.9",
        "1.10",
        "2",
        "18446744073709551615",
        "18446744073709551616",
        "100000000000000000000000000000000000001",
        "1!0.1",
        "2!0",
        "10!0",
};

static int sign(int value)
{
        return (value > 0) - (value < 0);
}

static void test_order(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(ascending); i++) {
                for (size_t k = 0; k < ARRAY_SIZE(ascending); k++) {
                        _cleanup_(version_freep) struct version *a = parse(ascending[i]);
                        _cleanup_(version_freep) struct version *b = parse(ascending[k]);

                        if (sign(version_compare(a, b)) != (i > k) - (i < k))
                                fail_msg("%s against %s", ascending[i], ascending[k]);
                }
        }
}

static const struct {
        const char *a, *b;
} equals[] = {
        {"1", "1.0.0.0"}, {"1.0a1", "1.0.0-alpha_1"}, {"1.0-1", "1.post1"}, {"1+A.01", "1.0+a-1"},
        {"0!1", "v1"},    {"1.dev", "1.0.dev0"},
};

static void test_equal(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(equals); i++) {
                _cleanup_(version_freep) struct version *a = parse(equals[i].a);
                _cleanup_(version_freep) struct version *b = parse(equals[i].b);

                assert_int_equal(version_compare(a, b), 0);
                assert_int_equal(version_compare(b, a), 0);
        }
}

static const struct {
        const char *input;
        bool expected;
} prereleases[] = {
        {"1.0", false},     {"1.0.post1", false},     {"1.0+a1", false},      {"1.0a1", true},
        {"1.0.dev0", true}, {"1.0.post1.dev1", true}, {"1.0rc1.post1", true},
};

static void test_prerelease(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(prereleases); i++) {
                _cleanup_(version_freep) struct version *version = parse(prereleases[i].input);

                assert_int_equal(version_is_prerelease(version), prereleases[i].expected);
        }
}

/* len characters: a head, then one unit again and again. */
static char *repeat(const char *head, const char *unit, size_t times)
{
        char *text = malloc(strlen(head) + strlen(unit) * times + 1);
        char *p;

        assert_non_null(text);
        p = stpcpy(text, head);
        for (size_t i = 0; i < times; i++)
                p = stpcpy(p, unit);
        return text;
}

/* Longer than any number type, and longer than Python's int() would read. */
static void test_no_bound(void **state)
{
        static const char *const heads[][2] = {
                {"1", "2"}, {"1.", "2."}, {"1.0a1", "1.0a2"}, {"1.0.post1", "1.0.post2"}, {"1.0+1", "1.0+2"}};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
                _cleanup_free_ char *small_text = repeat(heads[i][0], "7", 20000);
                _cleanup_free_ char *large_text = repeat(heads[i][1], "7", 20000);
                _cleanup_free_ char *longer_text = repeat(heads[i][0], "7", 20001);
                _cleanup_(version_freep) struct version *small = parse(small_text);
                _cleanup_(version_freep) struct version *large = parse(large_text);
                _cleanup_(version_freep) struct version *longer = parse(longer_text);

                assert_string_equal(version_text(small), small_text);
                assert_true(version_compare(small, large) < 0);
                assert_true(version_compare(small, longer) < 0);
                assert_int_equal(sign(version_compare(large, longer)), i == 1 ? 1 : -1);
                assert_int_equal(version_compare(small, small), 0);
        }
}

static void test_many_components(void **state)
{
        _cleanup_free_ char *text = repeat("1", ".0", 30000);
        _cleanup_free_ char *local = repeat("1+a", ".1", 30000);
        _cleanup_(version_freep) struct version *zeros = parse(text);
        _cleanup_(version_freep) struct version *one = parse("1");
        _cleanup_(version_freep) struct version *locals = parse(local);

        (void)state;
        assert_int_equal(version_compare(zeros, one), 0);
        assert_true(version_compare(locals, one) > 0);
        assert_string_equal(version_text(locals), local);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_normalised), cmocka_unit_test(test_invalid),
                cmocka_unit_test(test_message),    cmocka_unit_test(test_order),
                cmocka_unit_test(test_equal),      cmocka_unit_test(test_prerelease),
                cmocka_unit_test(test_no_bound),   cmocka_unit_test(test_many_components),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
