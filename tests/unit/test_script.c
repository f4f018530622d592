/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "install/plan/script.h"
#include "install/plan/shebang.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TAIL " \"$0\" \"$@\"\n' '''\n"
#define SH "#!/bin/sh\n'''exec' "
#define TEN "0123456789"
/* 110 characters */
#define LONG TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
        const char *exe;
        const char *expected;
} shebangs[] = {
        {"/env/bin/python", "#!/env/bin/python\n"},
        {"/sch\xc3\xb6n/python", "#!/sch\xc3\xb6n/python\n"},
        {"/it's/$x/`y`/\\z/\"/python", "#!/it's/$x/`y`/\\z/\"/python\n"},
        {"/a b/python", SH "\"/a b/python\"" TAIL},
        {"/usr/bin/env x/python", SH "\"/usr/bin/env x/python\"" TAIL},
        {"/a\tb/python", SH "\"/a\tb/python\"" TAIL},
        {"/a\nb/python", SH "\"/a\nb/python\"" TAIL},
        {"/a\rb/python", SH "\"/a$(printf '\\015')b/python\"" TAIL},
        {"/caf\xe9/python", SH "\"/caf$(printf '\\351')/python\"" TAIL},
        {"/\xed\xa0\x80/python", SH "\"/$(printf '\\355')$(printf '\\240')$(printf '\\200')/python\"" TAIL},
        {"/a \xc3", SH "\"/a $(printf '\\303')\"" TAIL},
        {"/a b/\"/python", SH "\"/a b/\"'\"'\"/python\"" TAIL},
        {"/a b/$x`/python", SH "\"/a b/\"'$'\"x\"'`'\"/python\"" TAIL},
        {"/a b/\\n/python", SH "\"/a b/\\\\n/python\"" TAIL},
        {"/a b/'/''/'''/python", SH "\"/a b/'/''/''\"\"'/python\"" TAIL},
        {"/a b/''''''/python", SH "\"/a b/''\"\"''\"\"''/python\"" TAIL},
        {"/coding=x/python", SH "/coding=x/python" TAIL},
        {"/coding: x/python", SH "\"/coding: x/python\"" TAIL},
        {"/coding:/python", "#!/coding:/python\n"},
        {"/encoding/python", "#!/encoding/python\n"},
        {"/" LONG "/python123456", "#!/" LONG "/python123456\n"},
        {"/" LONG "/python1234567", SH "/" LONG "/python1234567" TAIL},
        {"/" LONG "/" LONG "/python", SH "/" LONG "/" LONG "/python" TAIL},
        {"/" LONG "/a;b/python123456", SH "\"/" LONG "/a;b/python123456\"" TAIL},
        {"/" LONG "/\xc3\xa4/python123456", SH "/" LONG "/\xc3\xa4/python123456" TAIL},
        {"/" LONG "/~!^#%@+=:,._-/python", SH "/" LONG "/~!^#%@+=:,._-/python" TAIL},
        {"/" LONG "/{a,b}*?[c]/python", SH "\"/" LONG "/{a,b}*?[c]/python\"" TAIL},
};

static void writes_shebangs(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(shebangs); i++) {
                _cleanup_(str_done) struct str out = STR_INIT;

                script_add_shebang(&out, shebangs[i].exe);
                assert_string_equal(out.data, shebangs[i].expected);
        }
}

#define COMPACT_HEAD "# -*- coding: utf-8 -*-\nimport re\nimport sys\n"
#define COMPACT_TAIL                                                                                                   \
        "if __name__ == '__main__':\n"                                                                                 \
        "    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n"
#define SPACED(name, func)                                                                                             \
        "# -*- coding: utf-8 -*-\nimport re\nimport sys\n\nfrom pip._internal import " name "\n\n"                     \
        "if __name__ == '__main__':\n"                                                                                 \
        "    sys.argv[0] = re.sub(r'(-script\\.pyw?|\\.exe)?$', '', sys.argv[0])\n"                                    \
        "    sys.exit(" func "())\n"

static const struct {
        const char *version, *exe, *attr, *expected;
} bodies[] = {
        {"18.1", "/e/python", "main", "#!/e/python\n\n" SPACED("main", "main")},
        {"18.1", "/e e/python", "main", SH "\"/e e/python\"" TAIL SPACED("main", "main")},
        {"19.2.3", "/e/python", "main", "#!/e/python\n" SPACED("main", "main")},
        {"23.0.1", "/e/python", "cli.run",
         "#!/e/python\n" COMPACT_HEAD "from pip._internal import cli\n" COMPACT_TAIL "    sys.exit(cli.run())\n"},
        {"25.3", "/e/python", "main",
         "#!/e/python\nimport sys\nfrom pip._internal import main\nif __name__ == '__main__':\n"
         "    if sys.argv[0].endswith('.exe'):\n        sys.argv[0] = sys.argv[0][:-4]\n    sys.exit(main())\n"},
        {"26.3", "/e/python", "main",
         "#!/e/python\nimport sys\nfrom pip._internal import main\nif __name__ == '__main__':\n"
         "    sys.argv[0] = sys.argv[0].removesuffix('.exe')\n    sys.exit(main())\n"},
};

static void writes_scripts(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
                const struct entry_point entry = {.name = "pip", .module = "pip._internal", .attr = bodies[i].attr};
                _cleanup_(str_done) struct str out = STR_INIT;

                script_add(&out, bodies[i].exe, &entry, bodies[i].version);
                assert_string_equal(out.data, bodies[i].expected);
        }
}

static const struct {
        const char *exe, *data;
        const char *expected; /* NULL: stays as it is */
} rewritten[] = {
        {"/e/python", "#!python\nx\n", "#!/e/python\nx\n"},
        {"/e/python", "#!pythonw -u\r\nx\r\n", "#!/e/python\nx\r\n"},
        {"/e/python", "#!python3.9", "#!/e/python\n"},
        {"/e/python", "#!python\n# coding: latin-1\n\xe9", "#!/e/python\n# coding: latin-1\n\xe9"},
        {"/e e/python", "#!python\nx\n", SH "\"/e e/python\"" TAIL "x\n"},
        {"/e e/python", "#!python\n", SH "\"/e e/python\"" TAIL},
        {"/e e/python", "#!python\n# coding: latin-1\n\xe9",
         "#!/bin/sh\n# coding: latin-1\n'''exec' \"/e e/python\"" TAIL "\xe9"},
        {"/\xc3\xb6 e/python", "#!python\n# coding=ascii",
         "#!/bin/sh\n# coding=ascii\n'''exec' \"/$(printf '\\303')$(printf '\\266') e/python\"" TAIL},
        {"/e e/python", "#!python\nx\n# coding: latin-1\n", SH "\"/e e/python\"" TAIL "x\n# coding: latin-1\n"},
        {"/e/python", "#! python\nx\n", NULL},
        {"/e/python", "#!/usr/bin/python\nx\n", NULL},
        {"/e/python", "#!pytho", NULL},
        {"/e/python", "#!/bin/sh\n", NULL},
        {"/e/python", "x\n#!python\n", NULL},
};

static void rewrites_scripts(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rewritten); i++) {
                _cleanup_(str_done) struct str out = STR_INIT;
                /* A copy without an end, so that reading too far is noticed. */
                const size_t len = strlen(rewritten[i].data);
                const char *expected = rewritten[i].expected;
                _cleanup_free_ uint8_t *data = malloc(len);

                assert_non_null(data);
                memcpy(data, rewritten[i].data, len);
                assert_int_equal(script_add_rewritten(&out, rewritten[i].exe, data, len), expected != NULL);
                assert_string_equal(out.data, expected != NULL ? expected : "");
        }
}

static const struct {
        const char *line;
        bool expected;
} cookies[] = {
        {"# -*- coding: utf-8 -*-", true},
        {"#coding=latin-1", true},
        {" \t\f# vim: set fileencoding=x :", true},
        {"# coding:\tx", true},
        {"# coding: coding:x", true},
        {"# coding", false},
        {"# coding:", false},
        {"# coding: ", false},
        {"# coding : x", false},
        {"x # coding: utf-8", false},
        {"", false},
        {"#", false},
        {"# coding: (", false},
        {"# Coding: x", false},
};

static void knows_cookies(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cookies); i++)
                if (shebang_is_cookie(cookies[i].line, strlen(cookies[i].line)) != cookies[i].expected)
                        fail_msg("\"%s\"", cookies[i].line);
}

struct names_case {
        const char *version;
        enum pipseed_scripts scripts;
        int minor;
        const char *points;   /* console entry points; a leading ! makes it a GUI one */
        const char *expected; /* NAME or NAME*2 where pip writes two rows */
};

static const struct names_case names_cases[] = {
        {"26.3", PIPSEED_SCRIPTS_DEFAULT, 13, "pip pip3", "pip pip3 pip3.13"},
        {"26.3", PIPSEED_SCRIPTS_ENSUREPIP, 13, "pip pip3", "pip3 pip3.13"},
        {"26.3", PIPSEED_SCRIPTS_ALT, 13, "pip pip3", "pip3.13"},
        {"23.0.1", PIPSEED_SCRIPTS_DEFAULT, 8, "pip pip3 pip3.9", "pip pip3 pip3.8"},
        {"24.0", PIPSEED_SCRIPTS_ALT, 7, "pip pip3 pip3.10", "pip3.7"},
        {"22.1.2", PIPSEED_SCRIPTS_ALT, 8, "pip pip3 pip3.10", "pip3.8 pip3.10"},
        {"22.1.2", PIPSEED_SCRIPTS_ENSUREPIP, 10, "pip pip3 pip3.10", "pip3 pip3.10*2"},
        {"18.1", PIPSEED_SCRIPTS_DEFAULT, 6, "easy_install easy_install-3.6", "easy_install easy_install-3.6"},
        {"22.0.4", PIPSEED_SCRIPTS_ENSUREPIP, 7, "easy_install easy_install-3.8", "easy_install-3.7"},
        {"22.0.4", PIPSEED_SCRIPTS_ALT, 7, "easy_install easy_install-3.8", "easy_install-3.7"},
        {"24.0", PIPSEED_SCRIPTS_DEFAULT, 7, "easy_install-3.8", "easy_install-3.8"},
        {"24.0", PIPSEED_SCRIPTS_ALT, 12, "zz pip3x pip aa pip3.1.2 pip. pip3. pipx",
         "pip3.12 zz pip3x aa pip3.1.2 pip. pip3. pipx"},
        {"24.0", PIPSEED_SCRIPTS_DEFAULT, 12, "pip3 pip3.9", "pip3 pip3.9"},
        {"24.0", PIPSEED_SCRIPTS_DEFAULT, 12, "tool !gui !tool", "tool*2 gui"},
        {"24.0", PIPSEED_SCRIPTS_ALT, 12, "!pip !pip3", "pip pip3"},
        {"24.0", PIPSEED_SCRIPTS_DEFAULT, 12, "", ""},
};

static size_t make_points(struct arena *arena, const char *text, struct entry_point *ret_points)
{
        char *rest = arena_strdup(arena, text);
        size_t n = 0;

        assert_non_null(rest);
        for (char *name; (name = strsep(&rest, " ")) != NULL;)
                if (name[0] != '\0')
                        ret_points[n++] = (struct entry_point){.name = name + (name[0] == '!'),
                                                               .module = "m",
                                                               .attr = "a",
                                                               .gui = name[0] == '!'};
        return n;
}

static void names_scripts(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names_cases); i++) {
                const struct names_case *c = &names_cases[i];
                _cleanup_(arena_done) struct arena arena = {0};
                _cleanup_(str_done) struct str text = STR_INIT;
                struct entry_point points[16];
                const struct wheel_info wheel = {.entry_points = points,
                                                 .n_entry_points = make_points(&arena, c->points, points)};
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct script_name *names = NULL;
                size_t n = 99;

                assert_int_equal(script_names(&arena, &wheel, c->scripts, 3, c->minor, c->version, &names, &n, &err),
                                 0);
                assert_non_null(names);
                for (size_t j = 0; j < n; j++)
                        str_printf(&text, names[j].n_rows == 1 ? "%s%s" : "%s%s*%u", j > 0 ? " " : "", names[j].name,
                                   names[j].n_rows);
                assert_string_equal(text.data, c->expected);
        }
}

static void later_entry_point_wins(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};
        const struct entry_point points[] = {
                {.name = "tool", .module = "first", .attr = "a"},
                {.name = "tool", .module = "second", .attr = "a", .gui = true},
        };
        const struct wheel_info wheel = {.entry_points = points, .n_entry_points = ARRAY_SIZE(points)};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct script_name *names = NULL;
        size_t n = 0;

        (void)state;
        assert_int_equal(script_names(&arena, &wheel, PIPSEED_SCRIPTS_DEFAULT, 3, 9, "24.0", &names, &n, &err), 0);
        assert_int_equal(n, 1);
        assert_string_equal(names[0].entry->module, "second");
}

static void refuses_unsafe_names(void **state)
{
        static const char *const unsafe[] = {"python",     "python3.11", "Python",  "pypy3", "activate", "activate.csh",
                                             "deactivate", "-rf",        ".hidden", "a/b",   "..",       "a\nb"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(unsafe); i++) {
                _cleanup_(arena_done) struct arena arena = {0};
                const struct entry_point point = {.name = unsafe[i], .module = "m", .attr = "a"};
                const struct wheel_info wheel = {.entry_points = &point, .n_entry_points = 1};
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct script_name *names = NULL;
                size_t n = 99;

                assert_false(script_name_is_safe(unsafe[i]));
                assert_int_equal(script_names(&arena, &wheel, PIPSEED_SCRIPTS_DEFAULT, 3, 9, "24.0", &names, &n, &err),
                                 PIPSEED_E_SCRIPT_NAME);
                assert_int_equal(err.code, PIPSEED_E_SCRIPT_NAME);
                assert_null(names);
                assert_int_equal(n, 99);
        }
        assert_true(script_name_is_safe("pip3.13"));
        assert_true(script_name_is_safe("easy_install-3.6"));
}

static const struct {
        const char *path;
        bool expected;
} wrappers[] = {
        {"ep", true},     {"ep.exe", true}, {"ep.EXE", true},      {"ep-script.py", true},
        {"ep.pya", true}, {"sub/ep", true}, {"ep.py", false},      {"e", false},
        {"EP", false},    {".exe", false},  {"ep.exe.exe", false}, {"ep-script.pyw", false},
};

static void knows_wrappers(void **state)
{
        const struct entry_point point = {.name = "ep", .module = "m", .attr = "a"};
        const struct wheel_info wheel = {.entry_points = &point, .n_entry_points = 1};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrappers); i++)
                if (script_is_wrapper(&wheel, wrappers[i].path) != wrappers[i].expected)
                        fail_msg("%s", wrappers[i].path);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(writes_shebangs),      cmocka_unit_test(writes_scripts),
                cmocka_unit_test(rewrites_scripts),     cmocka_unit_test(knows_cookies),
                cmocka_unit_test(names_scripts),        cmocka_unit_test(later_entry_point_wins),
                cmocka_unit_test(refuses_unsafe_names), cmocka_unit_test(knows_wrappers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
