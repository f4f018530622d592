/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void expect(char *taken, const char *expected, const char *what)
{
        _cleanup_free_ char *text = taken;

        if (text == NULL || strcmp(text, expected) != 0)
                fail_msg("%s: \"%s\", not \"%s\"", what, text != NULL ? text : "(null)", expected);
}

static const struct {
        const char *a, *b, *expected;
} joins[] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"},     {"a", "/b", "/b"},       {"", "b", "b"},
        {"a", "", "a/"},   {"", "", ""},       {"a//", "b", "a//b"}, {"/a", "b/c", "/a/b/c"},
};

static void joins_paths(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(joins); i++)
                expect(path_join(joins[i].a, joins[i].b), joins[i].expected, joins[i].a);
}

static const struct {
        const char *path, *base, *dir;
} parts[] = {
        {"/a/b", "b", "/a"}, {"a", "a", "."},    {"/a", "a", "/"},  {"a/b/c", "c", "a/b"}, {"/", "", "/"},
        {"a/", "", "a"},     {"a//b", "b", "a"}, {"//a", "a", "/"}, {"", "", "."},
};

static void splits_paths(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                assert_string_equal(path_base(parts[i].path), parts[i].base);
                expect(path_dir(parts[i].path), parts[i].dir, parts[i].path);
        }
}

static const struct {
        const char *cwd, *path, *expected;
} absolutes[] = {
        {"/cwd", "a", "/cwd/a"},
        {"/cwd", ".", "/cwd"},
        {"/cwd", "", "/cwd"},
        {"/cwd", "..", "/"},
        {"/cwd", "../..", "/"},
        {"/cwd/x", "../y/./z", "/cwd/y/z"},
        {"/cwd", "/a//b/./c/../d", "/a/b/d"},
        {"/cwd", "/", "/"},
        {"/cwd", "/../../a", "/a"},
        {"/", "a/..", "/"},
        {"/cwd", "a/", "/cwd/a"},
        {"/cwd", "/...", "/..."},
        {"/cwd", "/..a/.b", "/..a/.b"},
        {"/a/../b", "c", "/b/c"},
        {"/cwd", "/a b/\n", "/a b/\n"},
};

static void makes_absolute(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(absolutes); i++)
                expect(path_absolute(absolutes[i].cwd, absolutes[i].path), absolutes[i].expected, absolutes[i].path);
}

static void uses_the_current_dir(void **state)
{
        char directory[] = "/tmp/pipseed-path-XXXXXX";
        _cleanup_close_ int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char expected[64];

        (void)state;
        assert_non_null(mkdtemp(directory));
        assert_int_equal(chdir(directory), 0);
        (void)snprintf(expected, sizeof(expected), "%s/x", directory);
        expect(path_absolute_here("./x"), expected, "./x");
        assert_int_equal(rmdir(directory), 0);
        errno = 0;
        assert_null(path_absolute_here("x"));
        assert_int_equal(errno, ENOENT);
        /* A current directory that is gone does not matter to an absolute path. */
        expect(path_absolute_here("/a/../b"), "/b", "/a/../b");
        assert_int_equal(fchdir(before), 0);
}

static const struct {
        const char *root, *path, *expected;
} rooted[] = {
        {NULL, "/usr/lib", "/usr/lib"}, {"/r", "/usr/lib", "/r/usr/lib"},
        {"/r/", "/usr", "/r/usr"},      {"/r", "///usr", "/r/usr"},
        {"/", "/usr", "/usr"},          {"/r", "/", "/r/"},
};

static void applies_a_root(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rooted); i++)
                expect(path_rooted(rooted[i].root, rooted[i].path), rooted[i].expected, rooted[i].path);
}

/* Expected: os.path.relpath(to, from). */
static const struct {
        const char *from, *to, *expected;
} relatives[] = {
        {"/a/b", "/a/b/c", "c"},
        {"/a/b", "/a/b", "."},
        {"/a/b", "/a", ".."},
        {"/a/b", "/a/bc", "../bc"},
        {"/a/bc", "/a/b", "../b"},
        {"/a/b/c", "/x/y", "../../../x/y"},
        {"/", "/a/b", "a/b"},
        {"/a/b", "/", "../.."},
        {"/", "/", "."},
        {"/v/lib/python3.13/site-packages", "/v/bin/pip", "../../../bin/pip"},
        {"/a/b", "/a/c/b", "../c/b"},
        {"/ab", "/a", "../a"},
        {"/a", "/ab", "../ab"},
};

static void makes_relative(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(relatives); i++)
                expect(path_relative(relatives[i].from, relatives[i].to), relatives[i].expected, relatives[i].to);
}

static const struct {
        const char *path;
        bool plain;
} plain[] = {
        {"a", true},       {"a/b.py", true}, {"a b/c", true},    {"...", true},    {"..a", true},     {"a..", true},
        {".a", true},      {"-a", true},     {"\xc3\xa9", true}, {"\xff", true},   {"a/b/c/d", true}, {"~", true},
        {"", false},       {"/", false},     {"/a", false},      {"a/", false},    {"a//b", false},   {".", false},
        {"..", false},     {"./a", false},   {"a/.", false},     {"a/./b", false}, {"../a", false},   {"a/..", false},
        {"a/../b", false}, {"a\\b", false},  {"\\", false},      {"a\nb", false},  {"a\x01", false},  {"a\x1f", false},
        {"a\x7f", false},  {"a/b\t", false},
};

static void knows_plain_paths(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
                if (path_is_plain(plain[i].path) != plain[i].plain)
                        fail_msg("\"%s\"", plain[i].path);
}

static const struct {
        const char *top, *path;
        bool below;
} below[] = {
        {"/a", "/a", true}, {"/a", "/a/b", true}, {"/a", "/ab", false},  {"/a/b", "/a", false},
        {"/", "/", true},   {"/", "/a", true},    {"/a", "/b/a", false}, {"/a/b", "/a/b/c/d", true},
};

static void knows_what_is_below(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(below); i++)
                if (path_is_below(below[i].top, below[i].path) != below[i].below)
                        fail_msg("%s below %s", below[i].path, below[i].top);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(joins_paths),       cmocka_unit_test(splits_paths),
                cmocka_unit_test(makes_absolute),    cmocka_unit_test(uses_the_current_dir),
                cmocka_unit_test(applies_a_root),    cmocka_unit_test(makes_relative),
                cmocka_unit_test(knows_plain_paths), cmocka_unit_test(knows_what_is_below),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
