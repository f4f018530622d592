/* SPDX-License-Identifier: MIT */
#include "txn_fixture.h"

#include "install/stage/user_files.h"

static const struct {
        const char *directory, *name, *expected;
} sources[] = {
        {"pip", "x.cpython-313.pyc", "pip/x.py"},
        {"pip", "x.cpython-313.opt-1.pyc", "pip/x.py"},
        {"", "x.cpython-313.pyc", "x.py"},
        {"a/b", "__init__.pypy39.pyc", "a/b/__init__.py"},
        {"pip", "x.pyc", "pip/x.py"},
        {"pip", "x.pyo", "pip/x.py"},
        {"pip", "x.py", NULL},
        {"pip", "x", NULL},
        {"pip", ".pyc", NULL},
        {"pip", "xpyc", NULL},
        {"pip", "x.pyc.bak", NULL},
        {"pip", "x.cpython-313.pyc.140234", NULL},
        {"pip", "", NULL},
};

static void names_sources(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
                _cleanup_free_ char *source = user_files_source(sources[i].directory, sources[i].name);

                if (sources[i].expected == NULL)
                        assert_null(source);
                else
                        assert_string_equal(source, sources[i].expected);
        }
}

static struct removal_path known[] = {
        {PLAN_LIB, "pip/a.py"},
        {PLAN_LIB, "pip/gone.py"},
        {PLAN_LIB, "pip/sub/gone.py"},
        {PLAN_SCRIPTS, "pip/mine.py"},
};
static const struct removal removal = {.paths = known, .n_paths = ARRAY_SIZE(known), .lib = PLAN_LIB};

/* An entry of pip/ in the target, and does it survive? Staged are a.py, new.py and __pycache__/new.cpython-311.pyc. */
static const struct {
        const char *entry;
        bool survives, survives_without_record;
} entries[] = {
        {"a.py", false, false},
        {"gone.py", false, true},
        {"sub/gone.py", false, true},
        {"mine.py", true, true},
        {"new.py", false, false},
        {"sub/mine.txt", true, true},
        {"sub/deep/er/mine", true, true},
        {"link -> a.py", true, true},
        {"dangling -> /nowhere/at/all", true, true},
        {"dir_link -> /usr", true, true},
        {".hidden", true, true},
        {"program*", true, true},
        {"__pycache__/a.cpython-39.pyc", false, false},
        {"__pycache__/gone.cpython-39.pyc", false, true},
        {"__pycache__/new.cpython-311.pyc", false, false},
        {"__pycache__/new.cpython-39.opt-2.pyc", false, false},
        {"__pycache__/mine.cpython-39.pyc", true, true},
        {"__pycache__/readme", true, true},
        {"sub/__pycache__/gone.cpython-39.pyc", false, true},
        {"sub/__pycache__/mine.cpython-39.pyc", true, true},
        {"__pycache__/sub/a.cpython-39.pyc", true, true}, /* not in a __pycache__ itself */
        {"a.cpython-39.pyc", true, true},
};

static void decides_for_each(void **state)
{
        (void)state;
        for (int with_record = 0; with_record < 2; with_record++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_(txn_freep) struct txn *txn = NULL;
                _cleanup_close_ int lib = file_open_dir(tree_path(RIG_LIB));
                size_t expected = 0;
                struct user_files found = {.n = 4711};
                int staged_fd = -1;

                assert_int_equal(file_remove_tree(lib, "pip"), 0);
                for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
                        _cleanup_free_ char *path = str_format("%s/pip/%s", RIG_LIB, entries[i].entry);

                        tree_entry(path, entries[i].entry);
                }
                tree_dir(RIG_LIB "/pip/empty");
                txn = fixture_prepare();
                fixture_stage(txn, PLAN_LIB, "pip/a.py", "new");
                fixture_stage(txn, PLAN_LIB, "pip/new.py", "new");
                fixture_stage(txn, PLAN_LIB, "pip/__pycache__/new.cpython-311.pyc", "new");
                assert_int_equal(user_files_link(txn, PLAN_LIB, "pip", with_record != 0 ? &removal : NULL, &found,
                                                 &err),
                                 0);
                assert_int_equal(txn_staged_fd(txn, PLAN_LIB, &staged_fd, &err), 0);
                for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
                        bool survives = with_record != 0 ? entries[i].survives : entries[i].survives_without_record;
                        size_t len = strcspn(entries[i].entry, " *");
                        _cleanup_free_ char *name = str_format("pip/%.*s", (int)len, entries[i].entry);
                        _cleanup_free_ char *path = str_format("%s/%s", RIG_LIB, name);
                        struct stat st = {0};
                        int r = fstatat(staged_fd, name, &st, AT_SYMLINK_NOFOLLOW);

                        expected += survives;
                        if ((r == 0 && st.st_ino == fixture_inode(path)) != survives)
                                fail_msg("%s (%d)", name, with_record);
                }
                assert_int_equal(found.n, expected);
                /* As with pip, a directory with nothing in it goes. */
                assert_int_equal(faccessat(staged_fd, "pip/empty", F_OK, 0), -1);
        }
}

static void none_makes_no_dir(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(txn_freep) struct txn *txn = NULL;
        int staged_fd = -1;
        struct user_files found = {.n = 4711};

        (void)state;
        tree_file(RIG_LIB "/pip/a.py", "old");
        tree_file(RIG_LIB "/pip/sub/gone.py", "old");
        txn = fixture_prepare();
        assert_int_equal(user_files_link(txn, PLAN_LIB, "pip", &removal, &found, &err), 0);
        assert_int_equal(found.n, 0);
        assert_int_equal(txn_staged_fd(txn, PLAN_LIB, &staged_fd, &err), 0);
        assert_int_equal(faccessat(staged_fd, "pip", F_OK, 0), -1);
}

static void cannot_be_carried_over(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(txn_freep) struct txn *txn = NULL;
        struct user_files found = {.n = 4711};

        (void)state;
        tree_file(RIG_LIB "/pip/thing/mine.py", "mine");
        txn = fixture_prepare();
        fixture_stage(txn, PLAN_LIB, "pip/thing", "a file where the user has a directory");
        assert_int_equal(user_files_link(txn, PLAN_LIB, "pip", &removal, &found, &err), PIPSEED_E_IO);
        assert_int_equal(found.n, 4711);
        fixture_assert_content(RIG_LIB "/pip/thing/mine.py", "mine");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_sources),
                cmocka_unit_test_setup_teardown(decides_for_each, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(none_makes_no_dir, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(cannot_be_carried_over, fixture_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
