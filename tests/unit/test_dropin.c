/* SPDX-License-Identifier: MIT */
/* The drop-in ensurepip: whose files these are, what is what, and what the next run makes of an interrupted one. */
#include "tree_fixture.h"

#include "dropin/owner.h"
#include "dropin/swap.h"

#define OURS "# SPDX\n# pipseed's ensurepip: ...\n"
#define MARK "pipseed 0.1.0\noriginal yes\ncommand /usr/bin/pipseed\n"

static void test_owner(void **state)
{
        static const struct {
                const char *path, *owner;
        } cases[] = {
                {"/usr/lib/python3.11/ensurepip/__init__.py", "python3.11-venv"},
                {"/usr/lib/python3.11/ensurepip", "python3.11-venv"},
                {"/usr/lib/python3.11/ensurepip/__init__", NULL}, /* a part of a line */
                {"/lib/python3.11/ensurepip", NULL},
                {"/usr/lib/last", "libpython3.11-stdlib"}, /* no newline at the end */
                {"/usr/lib/none", NULL},
        };

        (void)state;
        tree_file("info/python3.11-venv.list", "/.\n/usr/lib/python3.11/ensurepip\n"
                                               "/usr/lib/python3.11/ensurepip/__init__.py\n");
        tree_file("info/libpython3.11-stdlib:amd64.list", "/usr/lib/first\n/usr/lib/last");
        tree_file("info/other.md5sums", "/usr/lib/none\n");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *owner = NULL;

                assert_int_equal(owner_find_dpkg(tree_path("info"), cases[i].path, &owner), cases[i].owner != NULL);
                if (cases[i].owner != NULL)
                        assert_string_equal(owner, cases[i].owner);
        }
}

static void test_no_dpkg(void **state)
{
        _cleanup_free_ char *owner = NULL;

        (void)state;
        assert_int_equal(owner_find_dpkg(tree_path("nowhere"), "/usr/lib/a", &owner), 0);
}

/* What a directory is made of: 0 nothing, e empty, o ours, p ours in part (mark alone), t ours without its mark, m
 * mixed, f foreign, l a link. */
static void make(const char *name, char what)
{
        char path[128];

        if (what == '0')
                return;
        if (what == 'l') {
                tree_link(name, "elsewhere");
                return;
        }
        tree_dir(name);
        if (strchr("opm", what) != NULL) {
                (void)snprintf(path, sizeof(path), "%s/" PACKAGE_MARK, name);
                tree_file(path, MARK);
        }
        if (strchr("otmf", what) != NULL) {
                (void)snprintf(path, sizeof(path), "%s/__init__.py", name);
                tree_file(path, what == 'o' || what == 't' ? OURS : name); /* theirs says which it was */
        }
}

static enum package_kind kind_of(int fd, const char *name)
{
        enum package_kind kind;

        assert_int_equal(package_look(fd, name, &kind), 0);
        return kind;
}

static void test_look(void **state)
{
        static const struct {
                char what;
                enum package_kind kind;
        } cases[] = {
                {'0', PACKAGE_NONE}, {'e', PACKAGE_EMPTY}, {'o', PACKAGE_OURS},    {'p', PACKAGE_OURS},
                {'t', PACKAGE_OURS}, {'m', PACKAGE_MIXED}, {'f', PACKAGE_FOREIGN}, {'l', PACKAGE_FOREIGN},
        };
        _cleanup_close_ int fd = file_open_dir(tree_path(""));

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char name[] = {'k', cases[i].what, '\0'};

                make(name, cases[i].what);
                assert_int_equal(kind_of(fd, name), cases[i].kind);
        }
        tree_file("file", "");
        assert_int_equal(kind_of(fd, "file"), PACKAGE_FOREIGN);
}

static void test_mark(void **state)
{
        static const char *const broken[] = {"", "pipseed 1\n", "pipseed 1\noriginal yes\n",
                                             "pipseed 1\noriginal yes\ncommand relative\n",
                                             "pipseed 1\noriginal yes\ncommand /cut"};
        _cleanup_close_ int fd = file_open_dir(tree_path(""));
        _cleanup_(package_mark_done) struct package_mark mark = {0};

        (void)state;
        make("good", 'o');
        assert_int_equal(package_read_mark(fd, "good", &mark), 0);
        assert_string_equal(mark.version, "0.1.0");
        assert_string_equal(mark.command, "/usr/bin/pipseed");
        assert_true(mark.has_original);
        for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
                struct package_mark none = {0};
                char name[32];

                (void)snprintf(name, sizeof(name), "b%zu/" PACKAGE_MARK, i);
                tree_file(name, broken[i]);
                *strchr(name, '/') = '\0';
                assert_int_equal(package_read_mark(fd, name, &none), -EBADMSG);
        }
}

/* Letters as above: package, kept, new. Which of the interpreter's own is where afterwards: name as make() wrote it. */
static void test_recover(void **state)
{
        static const struct {
                const char *before, *after;
                bool interrupted;
                const char *own_in, *own_was;
        } cases[] = {
                {"f00", "f00", false, PACKAGE_NAME, PACKAGE_NAME}, /* disabled */
                {"of0", "of0", false, PACKAGE_KEPT, PACKAGE_KEPT}, /* enabled */
                {"o00", "o00", false, NULL, NULL},                 /* enabled, there was none */
                {"ff0", "ff0", false, PACKAGE_NAME, PACKAGE_NAME}, /* overwritten by an upgrade */
                {"f0e", "f00", true, PACKAGE_NAME, PACKAGE_NAME},  /* enable, before the exchange */
                {"f0p", "f00", true, PACKAGE_NAME, PACKAGE_NAME},
                {"f0o", "f00", true, PACKAGE_NAME, PACKAGE_NAME},
                {"00o", "000", true, NULL, NULL},
                {"o0f", "of0", true, PACKAGE_KEPT, PACKAGE_NEW}, /* enable, after it */
                {"o0l", "of0", true, NULL, NULL},
                {"off", "of0", true, PACKAGE_KEPT, PACKAGE_NEW}, /* enable again, after an upgrade of the interpreter */
                {"ofm", "of0", true, PACKAGE_KEPT, PACKAGE_NEW},
                {"ofo", "of0", true, PACKAGE_KEPT, PACKAGE_KEPT}, /* enable by another pipseed */
                {"ofp", "of0", true, PACKAGE_KEPT, PACKAGE_KEPT},
                {"0fo", "f00", true, PACKAGE_NAME, PACKAGE_KEPT}, /* between two renames */
                {"fo0", "f00", true, PACKAGE_NAME, PACKAGE_NAME}, /* disable, after the exchange */
                {"fp0", "f00", true, PACKAGE_NAME, PACKAGE_NAME},
                {"fe0", "f00", true, PACKAGE_NAME, PACKAGE_NAME},
        };
        static const char *const names[] = {PACKAGE_NAME, PACKAGE_KEPT, PACKAGE_NEW};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_close_ int fd = -1;
                struct swap swap;
                char directory[64];
                char path[192];

                (void)snprintf(directory, sizeof(directory), "case%zu", i);
                tree_dir(directory);
                for (size_t j = 0; j < 3; j++) {
                        (void)snprintf(path, sizeof(path), "%s/%s", directory, names[j]);
                        make(path, cases[i].before[j]);
                }
                fd = file_open_dir(tree_path(directory));
                assert_int_equal(swap_look(fd, &swap), 0);
                assert_int_equal(swap_is_interrupted(&swap), cases[i].interrupted);
                assert_int_equal(swap_recover(&swap), 0);
                assert_int_equal(swap.package, (cases[i].after[0] == '0'   ? PACKAGE_NONE
                                                : cases[i].after[0] == 'o' ? PACKAGE_OURS
                                                                           : PACKAGE_FOREIGN));
                assert_int_equal(swap.kept, cases[i].after[1] == '0' ? PACKAGE_NONE : PACKAGE_FOREIGN);
                assert_int_equal(swap.fresh, PACKAGE_NONE);
                if (cases[i].own_in != NULL) {
                        _cleanup_free_ char *text = NULL;
                        char was[128];

                        (void)snprintf(path, sizeof(path), "%s/__init__.py", cases[i].own_in);
                        (void)snprintf(was, sizeof(was), "%s/%s", directory, cases[i].own_was);
                        assert_int_equal(file_read(fd, path, 4096, &text, NULL), 0);
                        assert_string_equal(text, was);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_owner, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_no_dpkg, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_look, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_mark, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_recover, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
