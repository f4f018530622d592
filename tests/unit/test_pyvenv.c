/* SPDX-License-Identifier: MIT */
#include "tree_fixture.h"

#include "target/base.h"
#include "target/pyvenv.h"
#include "target/rooted.h"

static const struct {
        const char *name;
        const char *text;
        const char *home;
        const char *version;
        const char *command;
        const char *base_executable;
        bool system_site;
} parse_cases[] = {
        {"venv", "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n", "/usr/bin", "3.11.2",
         NULL, NULL, false},
        {"system site", "home = /usr/bin\ninclude-system-site-packages = true\n", "/usr/bin", NULL, NULL, NULL, true},
        {"key missing counts as true", "home = /usr/bin\n", "/usr/bin", NULL, NULL, NULL, true},
        {"case of key and value", "HOME = /usr/bin\nInclude-System-Site-Packages = TRUE\n", "/usr/bin", NULL, NULL,
         NULL, true},
        {"anything else is false", "home=/usr/bin\ninclude-system-site-packages = yes\n", "/usr/bin", NULL, NULL, NULL,
         false},
        {"last of a key", "include-system-site-packages=true\ninclude-system-site-packages=false\nhome=/a\n", "/a",
         NULL, NULL, NULL, false},
        {"first home", "home = /a\nhome = /b\n", "/a", NULL, NULL, NULL, true},
        {"no blanks", "home=/usr/bin", "/usr/bin", NULL, NULL, NULL, true},
        {"blanks and tabs", " \thome\t =  /usr/bin \t\n", "/usr/bin", NULL, NULL, NULL, true},
        {"value with =", "home = /a=b/bin\n", "/a=b/bin", NULL, NULL, NULL, true},
        {"inner blanks", "home = /my python/bin\n", "/my python/bin", NULL, NULL, NULL, true},
        {"CRLF", "home = /usr/bin\r\nversion = 3.9.1\r\n", "/usr/bin", "3.9.1", NULL, NULL, true},
        {"CR alone", "home = /usr/bin\rversion = 3.9.1", "/usr/bin", "3.9.1", NULL, NULL, true},
        {"lines without =", "# comment\nhome /usr/bin\n\nhome = /x\n", "/x", NULL, NULL, NULL, true},
        {"virtualenv", "home = /usr/bin\nversion_info = 3.11.2.final.0\nbase-executable = /usr/bin/python3.11\n",
         "/usr/bin", "3.11.2.final.0", NULL, "/usr/bin/python3.11", true},
        {"command", "home = /b\ncommand = /b/py -m venv /x\n", "/b", NULL, "/b/py -m venv /x", NULL, true},
        {"bytes", "home = /b\xff\xfe/bin\n", "/b\xff\xfe/bin", NULL, NULL, NULL, true},
        {"empty home", "home =\n", NULL, NULL, NULL, NULL, true},
        {"no home", "version = 3.11.2\n", NULL, "3.11.2", NULL, NULL, true},
        {"nothing", "", NULL, NULL, NULL, NULL, true},
};

static void check_text(const char *name, const char *got, const char *expected)
{
        if ((got == NULL) != (expected == NULL) || (got != NULL && strcmp(got, expected) != 0))
                fail_msg("%s: got %s, expected %s", name, got != NULL ? got : "NULL",
                         expected != NULL ? expected : "NULL");
}

static void test_parse(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(parse_cases); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct arena arena = {0};
                struct pyvenv env;

                assert_int_equal(pyvenv_parse(&arena, parse_cases[i].text, strlen(parse_cases[i].text), &env, &err), 0);
                check_text(parse_cases[i].name, env.home, parse_cases[i].home);
                check_text(parse_cases[i].name, env.version, parse_cases[i].version);
                check_text(parse_cases[i].name, env.command, parse_cases[i].command);
                check_text(parse_cases[i].name, env.base_executable, parse_cases[i].base_executable);
                if (env.system_site != parse_cases[i].system_site)
                        fail_msg("%s: system_site is %d", parse_cases[i].name, env.system_site);
                arena_done(&arena);
        }
}

static void test_parse_nul(void **state)
{
        static const char text[] = "home = /a\0b\nversion = 3.9.1\n";
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct arena arena = {0};
        struct pyvenv env;

        (void)state;
        assert_int_equal(pyvenv_parse(&arena, text, sizeof(text) - 1, &env, &err), 0);
        assert_string_equal(env.home, "/a");
        assert_string_equal(env.version, "3.9.1");
        arena_done(&arena);
}

/* Which NAME in ENV/bin do scripts name, and which base is behind it? "@" stands for the temporary directory. */
static const struct {
        const char *name;
        const char *tree[8];
        const char *cfg;
        const char *exe;  /* NULL: refused */
        const char *base; /* NULL: refused */
} base_cases[] = {
        {"venv by python3",
         {"base/python3*", "env/bin/python3 -> @/base/python3", "env/bin/python -> python3"},
         "home = @/base\n",
         "env/bin/python3",
         "base/python3"},
        {"venv by another name",
         {"base/mine*", "env/bin/mine -> @/base/mine", "env/bin/python3 -> mine", "env/bin/python -> mine"},
         "home = @/base\n",
         "env/bin/mine",
         "base/mine"},
        {"virtualenv",
         {"base/python3*", "env/bin/python -> @/base/python3", "env/bin/python3 -> python"},
         "home = @/base\n",
         "env/bin/python",
         "base/python3"},
        {"links by full path within bin",
         {"base/python3*", "env/bin/python3 -> @/base/python3", "env/bin/python -> @/env/bin/python3"},
         "home = @/base\n",
         "env/bin/python3",
         "base/python3"},
        {"relative link out of the environment",
         {"base/python3*", "env/bin/python3 -> ../../base/python3", "env/bin/python -> python3"},
         "home = @/base\n",
         "env/bin/python3",
         "base/python3"},
        {"copies, named by command",
         {"base/mine*", "env/bin/mine*", "env/bin/python*", "env/bin/python3*"},
         "home = @/base\ncommand = @/base/mine -m venv --copies @/env\n",
         "env/bin/mine",
         "base/mine"},
        {"copies without command",
         {"base/python3*", "env/bin/python*", "env/bin/python3*"},
         "home = @/base\n",
         "env/bin/python3",
         "base/python3"},
        {"copies, base by version",
         {"base/python3*", "base/python3.9*", "env/bin/python*", "env/bin/python3*"},
         "home = @/base\nversion = 3.9.1\n",
         "env/bin/python3",
         "base/python3.9"},
        {"copies, base by executable",
         {"other/py*", "env/bin/python*"},
         "home = @/base\nexecutable = @/other/py\n",
         "env/bin/python",
         "other/py"},
        {"copies, base by base-executable",
         {"other/py*", "env/bin/python*"},
         "home = @/base\nbase-executable = @/other/py\n",
         "env/bin/python",
         "other/py"},
        {"pypy",
         {"base/pypy3*", "env/bin/pypy3 -> @/base/pypy3", "env/bin/python -> pypy3"},
         "home = @/base\n",
         "env/bin/pypy3",
         "base/pypy3"},
        {"no python, but its version",
         {"base/python3.9*", "env/bin/python3.9 -> @/base/python3.9"},
         "home = @/base\nversion = 3.9.1\n",
         "env/bin/python3.9",
         "base/python3.9"},
        {"base is in an environment itself",
         {"base/python3*", "outer/bin/python3 -> @/base/python3", "env/bin/python3 -> @/outer/bin/python3",
          "outer/pyvenv.cfg"},
         "home = @/outer/bin\n",
         "env/bin/python3",
         "base/python3"},
        {"base gone, link", {"env/bin/python3 -> @/base/python3"}, "home = @/base\n", "env/bin/python3", NULL},
        {"base gone, copy", {"env/bin/python3*"}, "home = @/base\n", "env/bin/python3", NULL},
        {"base is not a program",
         {"base/python3", "env/bin/python3 -> @/base/python3"},
         "home = @/base\n",
         "env/bin/python3",
         NULL},
        {"no home, a link",
         {"base/python3*", "env/bin/python3 -> @/base/python3"},
         "version = 3.9.1\n",
         "env/bin/python3",
         "base/python3"},
        {"home behind a BOM, a link",
         {"base/python3*", "env/bin/python3 -> @/base/python3"},
         "\xef\xbb\xbfhome = @/base\n",
         "env/bin/python3",
         "base/python3"},
        {"home is relative, a link",
         {"base/python3*", "env/bin/python3 -> @/base/python3"},
         "home = base\n",
         "env/bin/python3",
         "base/python3"},
        {"no home, a copy", {"base/python3*", "env/bin/python3*"}, "version = 3.9.1\n", "env/bin/python3", NULL},
        {"home is relative, a copy", {"base/python3*", "env/bin/python3*"}, "home = base\n", "env/bin/python3", NULL},
        {"home is itself", {"env/bin/python3*"}, "home = @/env/bin\n", "env/bin/python3", NULL},
        {"circle of links", {"env/bin/python -> python3", "env/bin/python3 -> python"}, "home = @/base\n", NULL, NULL},
        {"no interpreter", {"env/bin/"}, "home = /usr/bin\n", NULL, NULL},
        {"links to a name that is missing",
         {"env/bin/python -> python3", "env/bin/python3.9 -> python3", "base/python3*"},
         "home = @/base\n",
         NULL,
         NULL},
};

static char *expand(const char *text)
{
        struct str out = STR_INIT;

        for (; *text != '\0'; text++) {
                if (*text == '@')
                        str_add(&out, tree_root);
                else
                        str_add_char(&out, *text);
        }
        return str_steal(&out);
}

static void make_tree(const char *const *tree, size_t n, const char *cfg)
{
        _cleanup_free_ char *text = expand(cfg);

        for (size_t i = 0; i < n && tree[i] != NULL; i++) {
                _cleanup_free_ char *entry = expand(tree[i]);

                tree_entry(entry, strcmp(tree[i], "outer/pyvenv.cfg") == 0 ? "home = /base\n" : "");
        }
        tree_file("env/pyvenv.cfg", text);
}

static void check_base(size_t i)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct arena arena = {0};
        struct pyvenv env;
        const char *exe = NULL;
        const char *base = NULL;
        int r;

        assert_int_equal(pyvenv_read(&arena, NULL, tree_path("env"), &env, &err), 1);
        r = base_find_exe(&arena, NULL, &env, &exe, &err);
        check_text(base_cases[i].name, exe, base_cases[i].exe != NULL ? tree_path(base_cases[i].exe) : NULL);
        if (r == 0)
                r = base_find(&arena, NULL, &env, exe, &base, &err);
        check_text(base_cases[i].name, base, base_cases[i].base != NULL ? tree_path(base_cases[i].base) : NULL);
        assert_int_equal(r, base_cases[i].base != NULL ? 0 : PIPSEED_E_BAD_TARGET);
        assert_int_equal(err.code, r);
        arena_done(&arena);
}

static void test_base(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(base_cases); i++) {
                make_tree(base_cases[i].tree, ARRAY_SIZE(base_cases[i].tree), base_cases[i].cfg);
                check_base(i);
                assert_int_equal(tree_teardown(state), 0);
                assert_int_equal(tree_setup(state), 0);
        }
}

/* Links inside a root never lead out of it. */
static const struct {
        const char *path, *resolved;
} resolve_cases[] = {
        {"/usr/bin/python3", "/usr/bin/python3.11"},
        {"/bin/python3", "/usr/bin/python3.11"},
        {"/bin/../bin/python3", "/usr/bin/python3.11"},
        {"/absolute", "/usr/bin/python3.11"},
        {"/climber", "/usr/bin/python3.11"},
        {"/chain/python3", "/usr/bin/python3.11"},
        {"//usr///bin/./python3.11", "/usr/bin/python3.11"},
        {"/usr/../../../../usr/bin", "/usr/bin"},
        {"/usr/missing/deep", "/usr/missing/deep"},
        {"/dangling", "/nowhere/at/all"},
        {"/", "/"},
};

static void test_resolve(void **state)
{
        static const char *const tree[] = {
                "usr/bin/python3.11*",
                "usr/bin/python3 -> python3.11",
                "bin -> usr/bin",
                "chain -> bin",
                "dangling -> /nowhere/at/all",
                "absolute -> /usr/bin/python3",
                "climber -> ../../../usr/bin/python3",
                "loop -> /loop2",
                "loop2 -> loop",
        };
        char *host = NULL;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(tree); i++)
                tree_entry(tree[i], "");
        for (size_t i = 0; i < ARRAY_SIZE(resolve_cases); i++) {
                _cleanup_free_ char *found = NULL;

                assert_int_equal(rooted_resolve(tree_root, resolve_cases[i].path, &found), 0);
                assert_true(str_starts(found, tree_root));
                check_text(resolve_cases[i].path, rooted_plain(tree_root, found), resolve_cases[i].resolved);
        }
        assert_int_equal(rooted_resolve(tree_root, "/loop", &host), -ELOOP);
        assert_null(host);
        assert_int_equal(rooted_find(tree_root, "/absolute", S_IFREG), 1);
        assert_int_equal(rooted_find(NULL, "/absolute", S_IFREG), 0);
        assert_int_equal(rooted_find(tree_root, "/chain", S_IFDIR), 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_parse_nul),
                cmocka_unit_test_setup_teardown(test_base, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_resolve, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
