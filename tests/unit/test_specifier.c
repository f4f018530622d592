/* SPDX-License-Identifier: MIT */
/* test_pep440.py compares thousands of matches with `packaging`; here is each rule by example, and where releases of
 * that library differ. */
#include "wheel/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef int parse_fn(const char *text, struct specifier **ret_set, struct pipseed_error *err);

static bool admits(parse_fn *parse, const char *specifier, const char *version, enum specifier_pre pre)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(specifier_freep) struct specifier *set = NULL;
        _cleanup_(version_freep) struct version *v = NULL;

        if (parse(specifier, &set, &err) < 0 || version_parse(version, &v, &err) < 0)
                fail_msg("%s", err.message);
        return specifier_admits(set, v, pre);
}

/* With pre-releases as any other version: the ranges alone. */
static const struct {
        const char *specifier, *version;
        bool expected;
} ranges[] = {
        {"==1.0", "1.0.0", true},
        {"==1.0", "1.0+local", true},
        {"==1.0+local", "1.0", false},
        {"==1.0+local", "1.0+LOCAL", true},
        {"==1.0", "1.0.post1", false},
        {"!=1.0", "1.0+local", false},
        {"!=1.0+a", "1.0+b", true},
        {"==1.0.*", "1", true},
        {"==1.0.*", "1.0a1", true},
        {"==1.0.*", "1.0.dev0", true},
        {"==1.0.*", "1.0.post1+x", true},
        {"==1.0.*", "1.1.dev0", false},
        {"==1.1.*", "1.10", false},
        {"==1.*", "1!1.0", false},
        {"==1!1.*", "1!1.5a1", true},
        {"==01.000.*", "1.0.7", true},
        {"!=1.0.*", "1.0.7", false},
        {"!=1.0.*", "1.1", true},
        {"~=2.2", "2.2", true},
        {"~=2.2", "2.99", true},
        {"~=2.2", "3.0.dev0", false},
        {"~=2.2", "2.1.9", false},
        {"~=2.2.0", "2.3", false},
        {"~=2.2.post3", "2.9", true},
        {"~=2.2.post3", "2.2", false},
        {"~=2.2c1", "2.3", true},
        {"~=1!2.2", "2.3", false},
        {"<=1.0", "1.0+local", true},
        {"<=1.0", "1.0.post1", false},
        {">=1.0", "1.0+local", true},
        {">=1.0", "1.0rc1", false},
        {"<1.0", "1.0.dev0", false},
        {"<1.0", "1.0rc1", false},
        {"<1.0", "0.9.post1", true},
        {"<1.0", "0.9+local", true},
        {"<1.0rc1", "1.0b2", true},
        {"<1.0rc1", "1.0rc1.dev1", true},
        {"<1.0.post2", "1.0.post1", true},
        {"<1.0.post2", "1.0.post2.dev1", false},
        {"<1.0.post2", "1.0rc1", true},
        {"<0", "0.dev0", false},
        {">1.0", "1.0.post1", false},
        {">1.0", "1.0.post1.dev1", false},
        {">1.0", "1.0+local", false},
        {">1.0", "1.0.0.1", true},
        {">1.0", "1.1.dev0", true},
        {">1.0.post1", "1.0.post2", true},
        {">1.0.post1", "1.0.post2.dev0", true},
        {">1.0.post1", "1.0.post1+local", false},
        {">1.0.post1", "1.0.post2+local", true},
        {">1.0a1", "1.0a1.post1", false},
        {">1.0a1", "1.0a2.dev0", true},
        {">1.0a1", "1.0.post1", true},
        {">1.0a1", "1.0+local", true},
        {">1.0.dev1", "1.0.dev1+local", false},
        {">1.0.dev1", "1.0.post1", true},
        {"===1.0", "1.0", true},
        {"===1.0", "1.0.0", false},
        {"===1.0RC1", "1.0rc1", true},
        {"===1.0rc1", "1.0-rc1", false},
        {"===1.0", "1.0+local", false},
        {"===anything", "1.0", false},
        {"===", "1.0", false},
        {">=25,<27", "26.3", true},
        {">=25,<27", "27", false},
        {" >= 25 ,\t< 27 ,, !=26.* ,", "26.3", false},
        {">=3.6,!=3.7.0,!=3.7.1", "3.7.1", false},
        {"", "1.0a1", true},
        {",", "0", true},
};

static void test_ranges(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
                if (admits(specifier_parse, ranges[i].specifier, ranges[i].version, SPECIFIER_PRE_YES) !=
                    ranges[i].expected)
                        fail_msg("%s in \"%s\"", ranges[i].version, ranges[i].specifier);
}

/* The same with pre-releases only where a clause names one. */
static const struct {
        const char *specifier, *version;
        bool expected;
} prereleases[] = {
        {"", "26.3b1", false},         {"", "26.3", true},
        {">=25", "26.3b1", false},     {">=25", "26.3.dev0", false},
        {">=25", "26.3.post1", true},  {">=25,!=26.0a1", "26.3b1", false},
        {"==26.*", "26.3b1", false},   {">=26.3a1", "26.3b1", true},
        {">=26.3.dev0", "27a1", true}, {">=25,<27a1", "26.3b1", true},
        {"<27a1", "26.3b1", true},     {">25a1", "26.3b1", true},
        {"~=26.0a1", "26.3b1", true},  {"==26.3b1", "26.3b1", true},
        {"===26.3b1", "26.3b1", true}, {"===26.3-b1", "26.3-b1", true},
        {"===x,>=1", "26.3b1", false},
};

static void test_prereleases(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(prereleases); i++) {
                const char *specifier = prereleases[i].specifier, *version = prereleases[i].version;
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                if (admits(specifier_parse, specifier, version, SPECIFIER_PRE_AUTO) != prereleases[i].expected)
                        fail_msg("%s in \"%s\"", version, specifier);
                assert_int_equal(pipseed_version_matches(version, specifier, &err), prereleases[i].expected);
        }
        assert_false(admits(specifier_parse, ">=26.3a1", "26.3b1", SPECIFIER_PRE_NO));
        assert_true(admits(specifier_parse, ">=26.3a1", "26.3", SPECIFIER_PRE_NO));
}

static const char *const invalid[] = {
        "1.0",        "=1.0",          "=>1.0",     "~1.0",          ">=",           "==",        "==*",     "==.*",
        "== 1.0 .*",  "==1.0.*.*",     "==1.0a1.*", "==1.0.post1.*", "==1.0.dev1.*", "==1.0+x.*", ">=1.0.*", "~=1.0.*",
        "~=1",        "~=1!1",         "~=1a1",     ">=1.0+x",       "<1.0+x",       "~=1.0+x",   "===a b",  "===a;b",
        "===a)",      "===a\xc2\xa0z", ">=1.0 <2",  ">=1.0;<2",      "lolwat",       ">=1,x",     "> =1",    "!1.0",
        ">=1.0,,2.0", "<>1",           "newest",
};

static void test_invalid(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(invalid); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct specifier *const untouched = (struct specifier *)&err;
                struct specifier *set = untouched;

                if (specifier_parse(invalid[i], &set, &err) != PIPSEED_E_BAD_SPECIFIER)
                        fail_msg("\"%s\" was taken for a specifier", invalid[i]);
                assert_ptr_equal(set, untouched);
                assert_true(err.message[0] != '\0' && err.hint[0] != '\0');
        }
}

/* The message names the clause that is wrong, not the whole set. */
static void test_message(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct specifier *set = NULL;

        (void)state;
        assert_int_equal(specifier_parse(">=25,  <27.*", &set, &err), PIPSEED_E_BAD_SPECIFIER);
        assert_non_null(strstr(err.message, "'<27.*'"));
}

static const struct {
        const char *pin, *version;
        bool expected;
} pins[] = {
        {"26.3", "26.3.0", true},   {"26.3", "26.3.1", false},    {" v26.3 ", "26.3", true},
        {"26.3b1", "26.3b1", true}, {"26.3", "26.3+local", true}, {"26.3+local", "26.3", false},
        {"newest", "26.3", true},   {" newest\n", "26.3", true},  {"newest", "26.3b1", false},
        {"", "26.3", true},         {">=25,<27", "26.3", true},   {">=25,<27", "24.0", false},
        {"==26.*", "26.3", true},
};

static void test_pins(void **state)
{
        static const char *const bad[] = {"26.*", "latest", "26.3,<27", "Newest", "newest,<27", "=26.3"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(pins); i++)
                if (admits(specifier_parse_pin, pins[i].pin, pins[i].version, SPECIFIER_PRE_AUTO) != pins[i].expected)
                        fail_msg("%s in \"%s\"", pins[i].version, pins[i].pin);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct specifier *set = NULL;

                assert_int_equal(specifier_parse_pin(bad[i], &set, &err), PIPSEED_E_BAD_SPECIFIER);
                assert_null(set);
        }
}

static void test_public_function(void **state)
{
        static const struct {
                const char *version, *specifier;
                int expected;
        } cases[] = {
                {"26.3", ">=25,<27", 1},
                {"24.0", ">=25,<27", 0},
                {"x", ">=25", PIPSEED_E_BAD_VERSION},
                {"26.3", "25", PIPSEED_E_BAD_SPECIFIER},
                {"x", "x", PIPSEED_E_BAD_VERSION},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                assert_int_equal(pipseed_version_matches(cases[i].version, cases[i].specifier, &err),
                                 cases[i].expected);
                assert_int_equal(err.code, cases[i].expected < 0 ? cases[i].expected : 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ranges),  cmocka_unit_test(test_prereleases),
                cmocka_unit_test(test_invalid), cmocka_unit_test(test_message),
                cmocka_unit_test(test_pins),    cmocka_unit_test(test_public_function),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
