/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/value.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

static const struct value_choice colours[] = {{"red", 7}, {"dark-blue", 8}, {NULL, 0}};
static const struct value_choice tristate[] = {{"auto", 3}, {"yes", 4}, {"no", 5}, {NULL, 0}};

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* text NULL: refused, the message holding reason. */
static const struct {
        enum value_type type;
        const struct value_choice *choices;
        const char *input;
        const char *text;
        int number;
        size_t n_items;
        const char *reason;
} cases[] = {
        {VALUE_BOOL, NULL, "yes", "yes", 1, 0, NULL},
        {VALUE_BOOL, NULL, "true", "yes", 1, 0, NULL},
        {VALUE_BOOL, NULL, "On", "yes", 1, 0, NULL},
        {VALUE_BOOL, NULL, " 1 ", "yes", 1, 0, NULL},
        {VALUE_BOOL, NULL, "NO", "no", 0, 0, NULL},
        {VALUE_BOOL, NULL, "False", "no", 0, 0, NULL},
        {VALUE_BOOL, NULL, "off", "no", 0, 0, NULL},
        {VALUE_BOOL, NULL, "0", "no", 0, 0, NULL},
        {VALUE_BOOL, NULL, "", NULL, 0, 0, "yes or no"},
        {VALUE_BOOL, NULL, "2", NULL, 0, 0, "yes or no"},
        {VALUE_BOOL, NULL, "yes no", NULL, 0, 0, "yes or no"},
        {VALUE_CHOICE, colours, "red", "red", 7, 0, NULL},
        {VALUE_CHOICE, colours, "Dark-Blue", "dark-blue", 8, 0, NULL},
        {VALUE_CHOICE, colours, "blue", NULL, 0, 0, "must be red or dark-blue"},
        {VALUE_CHOICE, colours, "yes", NULL, 0, 0, "must be red or dark-blue"},
        {VALUE_CHOICE, colours, "", NULL, 0, 0, "must be red or dark-blue"},
        {VALUE_CHOICE, tristate, "auto", "auto", 3, 0, NULL},
        {VALUE_CHOICE, tristate, "on", "yes", 4, 0, NULL},
        {VALUE_CHOICE, tristate, "0", "no", 5, 0, NULL},
        {VALUE_CHOICE, tristate, "maybe", NULL, 0, 0, "must be auto, yes or no"},
        {VALUE_SPECIFIER, NULL, "newest", "newest", 0, 0, NULL},
        {VALUE_SPECIFIER, NULL, "Newest", "newest", 0, 0, NULL},
        {VALUE_SPECIFIER, NULL, "26.3", "26.3", 0, 0, NULL},
        {VALUE_SPECIFIER, NULL, ">=25, < 27", ">=25,<27", 0, 0, NULL},
        {VALUE_SPECIFIER, NULL, "==25.*", "==25.*", 0, 0, NULL},
        {VALUE_SPECIFIER, NULL, "~=25.0", "~=25.0", 0, 0, NULL},
        {VALUE_SPECIFIER, NULL, "", NULL, 0, 0, "not empty"},
        {VALUE_SPECIFIER, NULL, "25 .2", NULL, 0, 0, "PEP 440"},
        {VALUE_SPECIFIER, NULL, "=25", NULL, 0, 0, "PEP 440"},
        {VALUE_SPECIFIER, NULL, "latest", NULL, 0, 0, "PEP 440"},
        {VALUE_SPECIFIER, NULL, "pip==25.2", NULL, 0, 0, "PEP 440"},
        {VALUE_PACKAGES, NULL, "auto", "auto", 0, 1, NULL},
        {VALUE_PACKAGES, NULL, "pip", "pip", 0, 1, NULL},
        {VALUE_PACKAGES, NULL, "pip  setuptools\twheel", "pip setuptools wheel", 0, 3, NULL},
        {VALUE_PACKAGES, NULL, "setuptools PIP", "setuptools pip", 0, 2, NULL},
        {VALUE_PACKAGES, NULL, "pip My_Own..Pkg", "pip my-own-pkg", 0, 2, NULL},
        {VALUE_PACKAGES, NULL, "setuptools", "setuptools", 0, 1, NULL},
        {VALUE_PACKAGES, NULL, "", NULL, 0, 0, "must be auto"},
        {VALUE_PACKAGES, NULL, "auto pip", NULL, 0, 0, "auto must stand alone"},
        {VALUE_PACKAGES, NULL, "pip auto", NULL, 0, 0, "auto must stand alone"},
        {VALUE_PACKAGES, NULL, "pip Pip", NULL, 0, 0, "names 'pip' twice"},
        {VALUE_PACKAGES, NULL, "pip, setuptools", NULL, 0, 0, "invalid project name 'pip,'"},
        {VALUE_PACKAGES, NULL, "pip==25", NULL, 0, 0, "invalid project name"},
        {VALUE_PACKAGES, NULL, "pip -e", NULL, 0, 0, "invalid project name"},
        {VALUE_PACKAGES, NULL, "pip a-", NULL, 0, 0, "invalid project name"},
        {VALUE_TEXT, NULL, "pipseed", "pipseed", 0, 0, NULL},
        {VALUE_TEXT, NULL, " two words ", "two words", 0, 0, NULL},
        {VALUE_TEXT, NULL, "\xc3\xa4", "\xc3\xa4", 0, 0, NULL},
        {VALUE_TEXT, NULL, "\xe4", NULL, 0, 0, "UTF-8"},
        {VALUE_TEXT, NULL, "a\nb", NULL, 0, 0, "one line"},
        {VALUE_TEXT, NULL, "a\x7f", NULL, 0, 0, "one line"},
        {VALUE_TEXT, NULL, "", NULL, 0, 0, "not be empty"},
        {VALUE_PATH, NULL, "/a b/\xff", "/a b/\xff", 0, 0, NULL},
        {VALUE_PATH, NULL, "/a:b", "/a:b", 0, 0, NULL},
        {VALUE_PATH, NULL, "", "", 0, 0, NULL},
        {VALUE_PATH, NULL, "~/cache", NULL, 0, 0, "'~/cache' is not an absolute path"},
        {VALUE_PATH, NULL, "cache", NULL, 0, 0, "not an absolute path"},
        {VALUE_PATHS, NULL, "", "", 0, 0, NULL},
        {VALUE_PATHS, NULL, "/a", "/a", 0, 1, NULL},
        {VALUE_PATHS, NULL, "/a:/b c :/d", "/a:/b c:/d", 0, 3, NULL},
        {VALUE_PATHS, NULL, "/a:/b:/a", "/a:/b", 0, 2, NULL},
        {VALUE_PATHS, NULL, "/a:", NULL, 0, 0, "empty element"},
        {VALUE_PATHS, NULL, ":/a", NULL, 0, 0, "empty element"},
        {VALUE_PATHS, NULL, "/a::/b", NULL, 0, 0, "empty element"},
        {VALUE_PATHS, NULL, "/a:b", NULL, 0, 0, "'b' is not an absolute path"},
        {VALUE_PATHS, NULL, "~/x", NULL, 0, 0, "not an absolute path"},
        {VALUE_NAMES, NULL, "", "", 0, 0, NULL},
        {VALUE_NAMES, NULL, "seed.pip,wheels  sha256, ", "seed.pip, wheels, sha256", 0, 3, NULL},
        {VALUE_NAMES, NULL, "seed, seed", "seed", 0, 1, NULL},
        {VALUE_SHA256, NULL, HEX, HEX, 0, 0, NULL},
        {VALUE_SHA256, NULL, "0123456789ABCDEF0123456789ABCDEF0123456789abcdef0123456789abcdef", HEX, 0, 0, NULL},
        {VALUE_SHA256, NULL, HEX "0", NULL, 0, 0, "64 hexadecimal"},
        {VALUE_SHA256, NULL, "", NULL, 0, 0, "64 hexadecimal"},
        {VALUE_SHA256, NULL, "sha256:" HEX, NULL, 0, 0, "64 hexadecimal"},
        {VALUE_SHA256, NULL, "g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", NULL, 0, 0,
         "64 hexadecimal"},
};

static void test_parse(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct value value = {.text = "untouched"};
                int r = value_parse(cases[i].type, cases[i].choices, cases[i].input, &arena, &value, &err);

                if (cases[i].text == NULL) {
                        if (r != PIPSEED_E_BAD_VALUE || strstr(err.message, cases[i].reason) == NULL)
                                fail_msg("case %zu \"%s\": %d \"%s\"", i, cases[i].input, r, err.message);
                        assert_string_equal(value.text, "untouched");
                        continue;
                }
                if (r < 0)
                        fail_msg("case %zu \"%s\": %s", i, cases[i].input, err.message);
                assert_string_equal(value.text, cases[i].text);
                assert_int_equal(value.number, cases[i].number);
                assert_int_equal(value.n_items, cases[i].n_items);
                if (value.items != NULL)
                        assert_null(value.items[value.n_items]);
        }
}

static void test_too_many(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};
        static const enum value_type types[] = {VALUE_PATHS, VALUE_NAMES, VALUE_PACKAGES};
        static const char marks[] = {':', ',', ' '};

        (void)state;
        for (size_t k = 0; k < ARRAY_SIZE(types); k++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct value value = {0};
                char text[1025 * 8 + 1];
                size_t len = 0;

                for (unsigned int i = 0; i < 1025; i++)
                        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%05u%c",
                                                types[k] == VALUE_PATHS ? "/" : "a", i, marks[k]);
                text[len - 1] = '\0';
                assert_int_equal(value_parse(types[k], NULL, text, &arena, &value, &err), PIPSEED_E_BAD_VALUE);
                assert_non_null(strstr(err.message, "too many elements"));
        }
}

static void test_equal(void **state)
{
        static const struct {
                enum value_type type;
                const char *a, *b;
                bool equal;
        } pairs[] = {
                {VALUE_SPECIFIER, "25.2", "==25.2", true},
                {VALUE_SPECIFIER, "25.2", "== 25.2", true},
                {VALUE_SPECIFIER, ">=25,<27", ">=25, <27", true},
                {VALUE_SPECIFIER, "25.2", "25.3", false},
                {VALUE_SPECIFIER, "25.2", "===25.2", false},
                {VALUE_SPECIFIER, "newest", "25.2", false},
                {VALUE_PATHS, "/a:/b", " /a : /b", true},
                {VALUE_PATHS, "/a:/b", "/b:/a", false},
                {VALUE_PATHS, "/a", "/a:/b", false},
                {VALUE_PATHS, "", "", true},
                {VALUE_BOOL, "on", "1", true},
                {VALUE_BOOL, "on", "no", false},
                {VALUE_PACKAGES, "pip setuptools", "pip  Setuptools", true},
        };
        _cleanup_(arena_done) struct arena arena = {0};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct value a = {0};
                struct value b = {0};

                assert_int_equal(value_parse(pairs[i].type, NULL, pairs[i].a, &arena, &a, &err), 0);
                assert_int_equal(value_parse(pairs[i].type, NULL, pairs[i].b, &arena, &b, &err), 0);
                if (value_equal(pairs[i].type, &a, &b) != pairs[i].equal)
                        fail_msg("\"%s\" and \"%s\"", pairs[i].a, pairs[i].b);
        }
}

static void test_append(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct value value = {0};
        struct value whole = {0};

        (void)state;
        assert_int_equal(value_parse(VALUE_PATHS, NULL, "/a:/b", &arena, &value, &err), 0);
        assert_int_equal(value_append_path(&value, "/c:/d ", &arena, &value, &err), 0);
        assert_int_equal(value.n_items, 3);
        assert_string_equal(value.items[2], "/c:/d ");
        assert_null(value.items[3]);
        assert_int_equal(value_append_path(&value, "/a", &arena, &value, &err), 0);
        assert_int_equal(value.n_items, 3);
        /* The same text, other elements. */
        assert_int_equal(value_parse(VALUE_PATHS, NULL, "/a:/b:/c:/d", &arena, &whole, &err), 0);
        assert_false(value_equal(VALUE_PATHS, &value, &whole));
        assert_int_equal(value_append_path(&value, "d", &arena, &value, &err), PIPSEED_E_BAD_VALUE);
        assert_int_equal(value.n_items, 3);
}

static void test_wheel_name(void **state)
{
        static const struct {
                const char *name;
                bool valid;
        } names[] = {
                {"pip-26.3-py3-none-any.whl", true},
                {"pip-26.3-1-py3-none-any.whl", true},
                {"Foo_Bar-1!2.0+local.1-py2.py3-none-any.whl", true},
                {"pip-26.3-py3-none-any", false},
                {"pip-26.3-py3-none-any.WHL", false},
                {"pip-26.3-py3-none.whl", false},
                {"pip-26.3-1-2-py3-none-any.whl", false},
                {"pip--py3-none-any.whl", false},
                {"-26.3-py3-none-any.whl", false},
                {"pip-26.3-py3-none-.whl", false},
                {"../pip-26.3-py3-none-any.whl", false},
                {"pip 26-26.3-py3-none-any.whl", false},
                {"pip-26.3-py3-none-any\xc3\xa4.whl", false},
                {".whl", false},
                {"", false},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (value_is_wheel_name(names[i].name) != names[i].valid)
                        fail_msg("%s", names[i].name);
}

static void test_separator(void **state)
{
        (void)state;
        assert_int_equal(value_separator(VALUE_PATHS), ':');
        assert_int_equal(value_separator(VALUE_NAMES), ',');
        assert_int_equal(value_separator(VALUE_PACKAGES), ' ');
        assert_int_equal(value_separator(VALUE_PATH), 0);
        assert_int_equal(value_separator(VALUE_SHA256), 0);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),  cmocka_unit_test(test_too_many),   cmocka_unit_test(test_equal),
                cmocka_unit_test(test_append), cmocka_unit_test(test_wheel_name), cmocka_unit_test(test_separator),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
