/* SPDX-License-Identifier: MIT */
#include "txn_fixture.h"

#include "install/stage/removal.h"

#define INFO "evil-1.0.dist-info"

static struct installed evil;

static int removal_setup(void **state)
{
        if (fixture_setup(state) < 0)
                return -1;
        tree_dir(RIG_LIB "/" INFO);
        evil = (struct installed){.project = "evil",
                                  .version = "1.0",
                                  .location = fixture_paths[PLAN_LIB],
                                  .dist_info = INFO,
                                  .has_record = true};
        return 0;
}

/* "lib pip/a.py" for each path, one a line. */
static char *load(void)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(removal_done) struct removal removal = {0};
        _cleanup_(txn_freep) struct txn *txn = fixture_open();
        struct str out = STR_INIT;

        if (removal_load(txn, &evil, &removal, &err) < 0)
                fail_msg("%s", err.message);
        assert_int_equal(removal.lib, PLAN_LIB);
        for (size_t i = 0; i < removal.n_paths; i++) {
                str_printf(&out, "%s %s\n", txn_staged_name(removal.paths[i].root), removal.paths[i].path);
                assert_true(removal_has(&removal, removal.paths[i].root, removal.paths[i].path));
        }
        assert_false(removal_has(&removal, PLAN_HEADERS, "not there"));
        return str_steal(&out);
}

/* One row of RECORD ("%" is the environment's directory), and what it comes to; "": nothing. */
static const struct {
        const char *row, *expected;
} rows[] = {
        {"evil/a.py", "lib evil/a.py\n"},
        {"./evil/a.py", "lib evil/a.py\n"},
        {"evil/../evil/a.py", "lib evil/a.py\n"},
        {"evil.py", "lib evil.py\n"},
        {"\"evil/a,b.py\"", "lib evil/a,b.py\n"},
        {"__pycache__/evil.cpython-311.pyc", "lib __pycache__/evil.cpython-311.pyc\n"},
        {"../../../bin/evil", "scripts evil\n"},
        {"%/bin/evil", "scripts evil\n"},
        {"../../../include/site/python3.11/evil/x.h", "headers evil/x.h\n"},
        {"../../../share/man/man1/evil.1", "data share/man/man1/evil.1\n"},
        {"%/share/x", "data share/x\n"},
        /* out of the target */
        {"../../../../outside", ""},
        {"../../../../../../../../../../etc/passwd", ""},
        {"/etc/passwd", ""},
        {"%x/outside", ""},
        {"%/../outside", ""},
        /* directories: listed, but merge.h takes no directory of the data root */
        {".", "data lib/python3.11/site-packages\n"},
        {"..", "data lib/python3.11\n"},
        {"../../..", ""},
        {"../../../bin", "data bin\n"},
        /* what no distribution owns */
        {"../../../pyvenv.cfg", ""},
        {"%/pyvenv.cfg", ""},
        {"../../../lib64", ""},
        {"../../../lib64/x", "data lib64/x\n"},
        {"../../../bin/python", ""},
        {"../../../bin/python3", ""},
        {"../../../bin/python3.11", ""},
        {"../../../bin/activate", ""},
        {"../../../bin/activate.fish", ""},
        {"../../../bin/Activate.ps1", ""},
        {"../../../bin/pypy3", ""},
        {"../../../bin/-rf", ""},
        {"../../../bin/.hidden", ""},
        {"../../../bin/sub/evil", ""},
        {"../../../bin//python", ""},
        {"../../../lib/../bin/python", ""},
        /* not plain */
        {"evil/a\\b", ""},
        {"evil/\x01", ""},
        {"evil/\x7f", ""},
        {"\"evil/a\nb\"", ""},
};

static void each_row(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *record =
                        rows[i].row[0] == '%' ? str_format("%s%s,,\n", fixture_paths[PLAN_DATA], rows[i].row + 1)
                                              : str_format("%s,,\n", rows[i].row);
                _cleanup_free_ char *found = NULL;

                tree_file(RIG_LIB "/" INFO "/RECORD", record);
                found = load();
                if (strcmp(found, rows[i].expected) != 0)
                        fail_msg("%s: \"%s\", not \"%s\"", rows[i].row, found, rows[i].expected);
        }
}

static void sorted_and_once(void **state)
{
        _cleanup_free_ char *found = NULL;

        (void)state;
        tree_file(RIG_LIB "/" INFO "/RECORD",
                  "z.py,,\nevil/b.py,,\n../../../bin/evil,,\nevil/a.py,,\nz.py,,\n./evil/b.py,sha256=x,1\n");
        tree_file(RIG_LIB "/" INFO "/entry_points.txt",
                  "[console_scripts]\nevil = evil:main\ndoer = evil:main\n[gui_scripts]\ngui = evil:main\n"
                  "[other]\nnone = evil:main\n");
        found = load();
        assert_string_equal(found, "lib evil/a.py\nlib evil/b.py\nlib z.py\nscripts doer\nscripts evil\nscripts gui\n");
}

/* What is installed may be older than our rules: then RECORD alone tells. */
static void hostile_entry_points(void **state)
{
        static const char *const texts[] = {
                "[console_scripts]\npython = evil:main\n",   "[console_scripts]\n../x = evil:main\n",
                "[console_scripts]\nactivate = evil:main\n", "garbage",
                "[console_scripts]\nevil = not a module\n",  "",
        };

        (void)state;
        tree_file(RIG_LIB "/" INFO "/RECORD", "evil.py,,\n");
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_free_ char *found = NULL;

                tree_file(RIG_LIB "/" INFO "/entry_points.txt", texts[i]);
                found = load();
                assert_string_equal(found, "lib evil.py\n");
        }
}

static void links_are_not_read(void **state)
{
        static const struct {
                const char *name;
                bool is_dir;
        } parts[] = {{"/RECORD", false}, {"/entry_points.txt", false}, {"", true}};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_(removal_done) struct removal removal = {0};
                _cleanup_close_ int lib = file_open_dir(tree_path(RIG_LIB));
                _cleanup_(txn_freep) struct txn *txn = fixture_open();
                _cleanup_free_ char *link = str_format("%s/%s%s", RIG_LIB, INFO, parts[i].name);

                tree_file("outside/RECORD", "evil.py,,\n");
                tree_file(RIG_LIB "/" INFO "/RECORD", "evil.py,,\n");
                assert_int_equal(file_remove_tree(lib, strstr(link, INFO)), 0);
                tree_link(link, parts[i].is_dir ? "../../../../outside" : "../../../../../outside/RECORD");
                assert_int_equal(removal_load(txn, &evil, &removal, &err), PIPSEED_E_IO);
                assert_int_equal(err.sys_errno, ELOOP);
                assert_int_equal(removal.n_paths, 0);
                assert_int_equal(file_remove_tree(lib, strstr(link, INFO)), 0);
        }
}

static void bad_record(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(removal_done) struct removal removal = {0};
        _cleanup_(txn_freep) struct txn *txn = fixture_open();

        (void)state;
        tree_file(RIG_LIB "/" INFO "/RECORD", "evil.py,,\n\"open\n");
        assert_int_equal(removal_load(txn, &evil, &removal, &err), PIPSEED_E_RECORD_SYNTAX);
        assert_int_equal(removal.n_paths, 0);
}

static void only_what_can_be_removed(void **state)
{
        const struct {
                bool has_record, is_egg;
                const char *location;
                bool possible;
        } cases[] = {
                {true, false, fixture_paths[PLAN_LIB], true},   {false, false, fixture_paths[PLAN_LIB], false},
                {true, true, fixture_paths[PLAN_LIB], false},   {true, false, "/usr/lib/python3/dist-packages", false},
                {true, false, fixture_paths[PLAN_DATA], false}, {true, false, fixture_paths[PLAN_SCRIPTS], false},
        };

        (void)state;
        tree_file(RIG_LIB "/" INFO "/RECORD", "evil.py,,\n");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_(removal_done) struct removal removal = {0};
                _cleanup_(txn_freep) struct txn *txn = fixture_open();
                enum plan_root lib = PLAN_DATA;

                evil.has_record = cases[i].has_record;
                evil.is_egg = cases[i].is_egg;
                evil.location = cases[i].location;
                assert_int_equal(removal_possible(txn, &evil, &lib), cases[i].possible);
                assert_int_equal(lib, cases[i].possible ? PLAN_LIB : PLAN_DATA);
                assert_int_equal(removal_load(txn, &evil, &removal, &err),
                                 cases[i].possible ? 0 : PIPSEED_E_BAD_TARGET);
                assert_int_equal(err.hint[0] == '\0', cases[i].possible);
        }
}

static void other_lib(void **state)
{
        static char platlib[256];
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(removal_done) struct removal removal = {0};
        _cleanup_(txn_freep) struct txn *txn = NULL;

        (void)state;
        (void)snprintf(platlib, sizeof(platlib), "%s/env/lib64/python3.11/site-packages", tree_root);
        fixture_paths[PLAN_OTHER_LIB] = platlib;
        tree_file("env/lib64/python3.11/site-packages/" INFO "/RECORD",
                  "evil.py,,\n../../../lib/python3.11/site-packages/x.py,,\n");
        evil.location = platlib;
        txn = fixture_open();
        assert_int_equal(removal_load(txn, &evil, &removal, &err), 0);
        assert_int_equal(removal.lib, PLAN_OTHER_LIB);
        assert_int_equal(removal.n_paths, 2);
        assert_true(removal_has(&removal, PLAN_OTHER_LIB, "evil.py"));
        assert_true(removal_has(&removal, PLAN_LIB, "x.py"));
        assert_false(removal_has(&removal, PLAN_LIB, "evil.py"));
}

/* Of a distribution that is there twice both copies go. */
static void two_copies(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(removal_done) struct removal removal = {0};
        _cleanup_(txn_freep) struct txn *txn = NULL;
        struct installed other = evil;

        (void)state;
        other.dist_info = "evil-2.0.dist-info";
        tree_file(RIG_LIB "/" INFO "/RECORD", "z.py,,\nboth.py,,\n" INFO "/RECORD,,\n");
        tree_file(RIG_LIB "/evil-2.0.dist-info/RECORD", "a.py,,\nboth.py,,\n");
        txn = fixture_open();
        assert_int_equal(removal_load(txn, &evil, &removal, &err), 0);
        assert_int_equal(removal_load(txn, &other, &removal, &err), 0);
        assert_int_equal(removal.n_paths, 4);
        assert_true(removal_has(&removal, PLAN_LIB, "a.py"));
        assert_true(removal_has(&removal, PLAN_LIB, "both.py"));
        assert_true(removal_has(&removal, PLAN_LIB, INFO "/RECORD"));
        assert_true(removal_has(&removal, PLAN_LIB, "z.py"));
        /* A third one that cannot be read takes nothing back. */
        other.dist_info = "evil-3.0.dist-info";
        assert_int_equal(removal_load(txn, &other, &removal, &err), PIPSEED_E_IO);
        assert_int_equal(removal.n_paths, 4);
        assert_true(removal_has(&removal, PLAN_LIB, "z.py"));
}

static void has_nothing_when_empty(void **state)
{
        const struct removal removal = {0};

        (void)state;
        assert_false(removal_has(&removal, PLAN_LIB, ""));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(each_row, removal_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(sorted_and_once, removal_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(hostile_entry_points, removal_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(links_are_not_read, removal_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(bad_record, removal_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(only_what_can_be_removed, removal_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(other_lib, removal_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(two_copies, removal_setup, tree_teardown),
                cmocka_unit_test(has_nothing_when_empty),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
