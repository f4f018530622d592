/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wheel/entrypoint.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "wheel/wheel.h"

#include <stdio.h>
#include <string.h>

#define BAD PIPSEED_E_ENTRY_POINTS
#define NAME PIPSEED_E_SCRIPT_NAME

/* expected: "name=module:attr" of all scripts, "*" behind a gui script, blanks between. */
static const struct {
        const char *text;
        const char *expected;
        int code;
} cases[] = {
        {"", "", 0},
        {"\n \t\n# comment\n", "", 0},
        {"[console_scripts]\npip = pip._internal.cli.main:main\n", "pip=pip._internal.cli.main:main", 0},
        {"[console_scripts]\r\npip=pip:main\r\n", "pip=pip:main", 0},
        {"[console_scripts]\npip=pip:main", "pip=pip:main", 0},
        {"[console_scripts]\na = b : c.d [x, y]\n", "a=b:c.d", 0},
        {"[console_scripts]\na = b:c\nd = e:f\n[gui_scripts]\ng = h:i\n", "a=b:c d=e:f g=h:i*", 0},
        {"[gui_scripts]\na = b:c\n", "a=b:c*", 0},
        {"  [console_scripts]\n  a = b:c\n  d = e:f\n", "a=b:c d=e:f", 0},
        {"[distutils.commands]\nx = y\n[other]\nany thing\n", "", 0},
        {"[other]\na = b\n  more\n; note\n[console_scripts]\na = b:c\n", "a=b:c", 0},
        {"[console_scripts]\npip3.9 = pip:main\neasy_install-3.9 = s:m\n", "pip3.9=pip:main easy_install-3.9=s:m", 0},
        {"[console_scripts]\n\xc3\xa9 = b:c\n", "\xc3\xa9=b:c", 0},
        {"[console_scripts]\n_a1._b = _c:_d\n", "_a1._b=_c:_d", 0},
        {"[ console_scripts ]\nnot ours\n", "", 0},
        {"a = b:c\n", NULL, BAD},
        {"[console_scripts]\na\n", NULL, BAD},
        {"[console_scripts]\na = b\n", NULL, BAD},
        {"[console_scripts]\na =\n", NULL, BAD},
        {"[console_scripts]\na = :c\n", NULL, BAD},
        {"[console_scripts]\na = b:\n", NULL, BAD},
        {"[console_scripts]\na = b:c()\n", NULL, BAD},
        {"[console_scripts]\na = b c:d\n", NULL, BAD},
        {"[console_scripts]\na = b:c d\n", NULL, BAD},
        {"[console_scripts]\na = b:c # d\n", NULL, BAD},
        {"[console_scripts]\na = b.:c\n", NULL, BAD},
        {"[console_scripts]\na = .b:c\n", NULL, BAD},
        {"[console_scripts]\na = b:c.\n", NULL, BAD},
        {"[console_scripts]\na = 1b:c\n", NULL, BAD},
        {"[console_scripts]\na = \xc3\xa9:c\n", NULL, BAD},
        {"[console_scripts]\na = b:c [x\n", NULL, BAD},
        {"[console_scripts]\na = b:c\na = b:c\n", NULL, BAD},
        {"[console_scripts]\na = b:c\n[console_scripts]\n", NULL, BAD},
        {"[console_scripts]\na = b:c\n[gui_scripts]\na = b:c\n", NULL, BAD},
        {"[console_scripts]\na = b:c\n d = e:f\n", NULL, BAD},
        {"[console_scripts]\n;a = b:c\n", NULL, BAD},
        {"[x]\na = b\n [console_scripts]\n", NULL, BAD},
        {"[console_scripts\na = b:c\n", NULL, BAD},
        {"[]\n", NULL, BAD},
        {"[[console_scripts]]\n", NULL, BAD},
        {"[x]\n\x01\n", NULL, BAD},
        {"[x]\ra = b\r", NULL, BAD},
        {"[x]\n\xff\n", NULL, BAD},
        {"[x]\na\xc2\x85[console_scripts]\n", NULL, BAD},
        {"[console_scripts]\npython3 = b:c\n", NULL, NAME},
        {"[console_scripts]\n../a = b:c\n", NULL, NAME},
        {"[console_scripts]\n= b:c\n", NULL, NAME},
        {"[gui_scripts]\n-a = b:c\n", NULL, NAME},
        {"[console_scripts]\n\xc2\xa0pip = b:c\n", NULL, NAME},
};

static void parse(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(arena_done) struct arena arena = {0};
                _cleanup_(str_done) struct str out = STR_INIT;
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                const struct entry_point *points = NULL;
                size_t n = 0;
                int r = entry_points_parse(&arena, cases[i].text, strlen(cases[i].text), "x.whl", &points, &n, &err);

                if (r != cases[i].code)
                        fail_msg("case %zu: %d %s", i, r, err.message);
                for (size_t p = 0; p < n; p++)
                        str_printf(&out, "%s%s=%s:%s%s", p > 0 ? " " : "", points[p].name, points[p].module,
                                   points[p].attr, points[p].gui ? "*" : "");
                assert_string_equal(out.data, cases[i].expected != NULL ? cases[i].expected : "");
        }
}

static void line_number(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};
        static const char text[] = "# one\n[console_scripts]\n\na = b:c\r\nd\n";
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        const struct entry_point *points = NULL;
        size_t n = 0;

        (void)state;
        assert_int_equal(entry_points_parse(&arena, text, strlen(text), "x.whl", &points, &n, &err), BAD);
        assert_non_null(strstr(err.message, "line 5:"));
        assert_null(points);
}

static void bounds(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};
        _cleanup_(str_done) struct str text = STR_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        const struct entry_point *points = NULL;
        size_t n = 0;

        (void)state;
        str_add(&text, "[console_scripts]\n");
        for (size_t i = 0; i < ENTRY_POINTS_MAX; i++)
                str_printf(&text, "s%zu = a:b\n", i);
        assert_int_equal(entry_points_parse(&arena, text.data, text.len, "x", &points, &n, &err), 0);
        assert_int_equal(n, ENTRY_POINTS_MAX);
        assert_string_equal(points[ENTRY_POINTS_MAX - 1].name, "s999");
        str_add(&text, "more = a:b\n");
        assert_int_equal(entry_points_parse(&arena, text.data, text.len, "x", &points, &n, &err), BAD);
        err.code = 0;
        str_truncate(&text, 0);
        while (text.len <= ENTRY_POINTS_MAX_SIZE)
                str_add(&text, "# comment\n");
        assert_int_equal(entry_points_parse(&arena, text.data, text.len, "x", &points, &n, &err), BAD);
}

static const struct {
        const char *name;
        bool safe;
} names[] = {
        {"pip", true},
        {"pip3.13", true},
        {"easy_install-3.9", true},
        {"a", true},
        {"pyt", true},
        {"my-python", true},
        {"caf\xc3\xa9", true},
        {"a+b@c,d=e", true},
        {"x..y", true},
        {"", false},
        {".", false},
        {"..", false},
        {".profile", false},
        {"-rf", false},
        {"python", false},
        {"PYTHON.exe", false},
        {"python3", false},
        {"pythonw", false},
        {"pypy", false},
        {"PyPy3", false},
        {"activate", false},
        {"Activate.ps1", false},
        {"activate_this.py", false},
        {"deactivate", false},
        {"a/b", false},
        {"/a", false},
        {"a/", false},
        {"a\\b", false},
        {"a b", false},
        {"a\tb", false},
        {"a\n", false},
        {"a\x7f", false},
        {"caf\xe9", false},
        {"a\xc2\x80", false},
        {"a\xc2\xa0", false},
        {"a\xe2\x80\x8b", false},
        {"a\xe2\x80\xae", false},
        {"a\xef\xbb\xbf", false},
        {"a\xe3\x80\x80", false},
};

static void safe_names(void **state)
{
        char name[300];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (entry_point_name_is_safe(names[i].name) != names[i].safe)
                        fail_msg("%zu: \"%s\" is %s", i, names[i].name, names[i].safe ? "refused" : "taken");
        memset(name, 'n', sizeof(name));
        name[255] = '\0';
        assert_true(entry_point_name_is_safe(name));
        name[255] = 'n';
        name[256] = '\0';
        assert_false(entry_point_name_is_safe(name));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(parse),
                cmocka_unit_test(line_number),
                cmocka_unit_test(bounds),
                cmocka_unit_test(safe_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
