/* SPDX-License-Identifier: MIT */
#include "txn_fixture.h"

#include "old_kernel_fixture.h"

/* One change of each kind on a package's directory or a file: what is staged, what is there before, and after it. */
static const struct {
        enum change_kind kind;
        enum plan_root root;
        const char *path;
        const char *staged, *before; /* file that is written, or NULL */
} kinds[] = {
        {CHANGE_MKDIR, PLAN_DATA, "share", NULL, NULL},
        {CHANGE_PUT, PLAN_LIB, "pip", "pip/a.py", NULL},
        {CHANGE_PUT, PLAN_SCRIPTS, "pip3", "pip3", NULL},
        {CHANGE_SWAP, PLAN_LIB, "pip", "pip/a.py", "pip/old.py"},
        {CHANGE_SWAP, PLAN_SCRIPTS, "pip3", "pip3", "pip3"},
        {CHANGE_SWAP, PLAN_LIB, "single.py", "single.py", "single.py"},
        {CHANGE_TAKE, PLAN_LIB, "pip", NULL, "pip/old.py"},
        {CHANGE_TAKE, PLAN_SCRIPTS, "pip3", NULL, "pip3"},
};

static struct txn *make(size_t i)
{
        struct txn *txn;

        if (kinds[i].before != NULL) {
                _cleanup_free_ char *path = path_join(fixture_roots[kinds[i].root], kinds[i].before);

                tree_file(path, "old");
        }
        txn = fixture_prepare();
        if (kinds[i].staged != NULL)
                fixture_stage(txn, kinds[i].root, kinds[i].staged, "new");
        fixture_add_change(txn, kinds[i].kind, kinds[i].root, kinds[i].path);
        return txn;
}

static void assert_after(size_t i)
{
        _cleanup_free_ char *path = path_join(fixture_roots[kinds[i].root], kinds[i].path);
        _cleanup_free_ char *staged =
                kinds[i].staged != NULL ? path_join(fixture_roots[kinds[i].root], kinds[i].staged) : NULL;
        _cleanup_free_ char *before =
                kinds[i].before != NULL ? path_join(fixture_roots[kinds[i].root], kinds[i].before) : NULL;

        assert_int_equal(fixture_has(path), kinds[i].kind != CHANGE_TAKE);
        if (staged != NULL)
                fixture_assert_content(staged, "new");
        if (before != NULL && (staged == NULL || strcmp(before, staged) != 0))
                assert_false(fixture_has(before));
}

/* Forward and back, each step repeated as after a kill: the state is that of the last one. */
static void forward_and_back(void **state)
{
        static const char *const orders[] = {"a",  "aa",  "au",   "aau", "auu",     "u",
                                             "uu", "aua", "auau", "uau", "aaauuuaa"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                for (size_t k = 0; k < ARRAY_SIZE(orders); k++) {
                        _cleanup_(txn_freep) struct txn *txn = make(i);
                        _cleanup_free_ char *before = fixture_listing("env");
                        _cleanup_close_ int top = file_open_dir(tree_root);
                        _cleanup_close_ int lowest = dup(top);
                        const int free_fd = lowest;

                        assert_int_equal(close(steal_fd(&lowest)), 0);

                        for (const char *step = orders[k]; *step != '\0'; step++) {
                                int r = *step == 'a' ? change_apply(txn, 0) : change_undo(txn, 0);

                                if (r < 0)
                                        fail_msg("row %zu, \"%s\" at \"%s\": %s", i, orders[k], step, strerror(-r));
                                if (*step == 'a') {
                                        assert_after(i);
                                } else {
                                        _cleanup_free_ char *now = fixture_listing("env");

                                        if (strcmp(now, before) != 0)
                                                fail_msg("row %zu, \"%s\":\n%snot\n%s", i, orders[k], now, before);
                                }
                        }
                        lowest = dup(top);
                        assert_int_equal(lowest, free_fd); /* no directory is held */
                        txn_free(steal_ptr(txn));
                        assert_int_equal(file_remove_tree(top, "env"), 0);
                        tree_dir(RIG_LIB);
                        tree_dir("env/bin");
                }
}

static int staging_fd(const struct txn *txn)
{
        return txn->roots[PLAN_LIB].staging_fd;
}

/* A swap without exchange that stopped after its first rename: the old one is in old/0, nothing is at the path. */
static void half_way_swap(void **state)
{
        (void)state;
        for (int forward = 0; forward < 2; forward++) {
                _cleanup_(txn_freep) struct txn *txn = NULL;
                _cleanup_free_ char *before = NULL;
                _cleanup_free_ char *now = NULL;

                tree_file(RIG_LIB "/pip/old.py", "old");
                before = fixture_listing("env");
                txn = fixture_prepare();
                fixture_stage(txn, PLAN_LIB, "pip/a.py", "new");
                fixture_add_change(txn, CHANGE_SWAP, PLAN_LIB, "pip");
                assert_int_equal(mkdirat(staging_fd(txn), "old", 0700), 0);
                assert_int_equal(renameat(txn->roots[PLAN_LIB].fd, "pip", staging_fd(txn), "old/0"), 0);
                if (forward != 0) {
                        assert_int_equal(change_apply(txn, 0), 0);
                        fixture_assert_content(RIG_LIB "/pip/a.py", "new");
                        assert_false(fixture_has(RIG_LIB "/pip/old.py"));
                }
                /* Undone from half-way, and from the end. */
                assert_int_equal(change_undo(txn, 0), 0);
                now = fixture_listing("env");
                assert_string_equal(now, before);
        }
}

/* What somebody else put at the path meanwhile is never overwritten. */
static void does_not_overwrite(void **state)
{
        _cleanup_(txn_freep) struct txn *txn = fixture_prepare();

        (void)state;
        fixture_stage(txn, PLAN_SCRIPTS, "pip", "new");
        fixture_add_change(txn, CHANGE_PUT, PLAN_SCRIPTS, "pip");
        tree_file("env/bin/pip", "theirs");
        assert_int_equal(change_apply(txn, 0), -EEXIST);
        fixture_assert_content("env/bin/pip", "theirs");
        /* Nothing of ours is there: nothing to undo. */
        assert_int_equal(change_undo(txn, 0), 0);
        fixture_assert_content("env/bin/pip", "theirs");
}

static void take_leaves_others_alone(void **state)
{
        _cleanup_(txn_freep) struct txn *txn = NULL;

        (void)state;
        tree_file("env/bin/pip", "ours");
        txn = fixture_prepare();
        fixture_add_change(txn, CHANGE_TAKE, PLAN_SCRIPTS, "pip");
        /* The inode stays in use, so that the new file has another one. */
        assert_int_equal(rename(tree_path("env/bin/pip"), tree_path("env/bin/kept")), 0);
        tree_file("env/bin/pip", "theirs");
        assert_int_equal(change_apply(txn, 0), 0);
        fixture_assert_content("env/bin/pip", "theirs");
        assert_int_equal(change_undo(txn, 0), 0);
        fixture_assert_content("env/bin/pip", "theirs");
}

static void take_from_a_dir_that_is_gone(void **state)
{
        _cleanup_(txn_freep) struct txn *txn = NULL;
        _cleanup_close_ int top = file_open_dir(tree_root);

        (void)state;
        tree_file("env/share/man/x.1", "old");
        txn = fixture_prepare();
        fixture_add_change(txn, CHANGE_TAKE, PLAN_DATA, "share/man/x.1");
        assert_int_equal(file_remove_tree(top, "env/share"), 0);
        assert_int_equal(change_apply(txn, 0), 0);
}

static void mkdir_undo_keeps_what_is_in_it(void **state)
{
        _cleanup_(txn_freep) struct txn *txn = fixture_prepare();

        (void)state;
        fixture_add_change(txn, CHANGE_MKDIR, PLAN_DATA, "share");
        assert_int_equal(change_apply(txn, 0), 0);
        tree_file("env/share/theirs", "x");
        assert_int_equal(change_undo(txn, 0), 0);
        fixture_assert_content("env/share/theirs", "x");
}

static void mkdir_wants_a_dir(void **state)
{
        _cleanup_(txn_freep) struct txn *txn = fixture_prepare();

        (void)state;
        fixture_add_change(txn, CHANGE_MKDIR, PLAN_DATA, "share");
        tree_file("env/share", "a file");
        assert_int_equal(change_apply(txn, 0), -ENOTDIR);
        fixture_assert_content("env/share", "a file");
}

static void follows_no_link(void **state)
{
        _cleanup_(txn_freep) struct txn *txn = fixture_prepare();

        (void)state;
        tree_dir("outside");
        fixture_stage(txn, PLAN_DATA, "share/x", "new");
        fixture_add_change(txn, CHANGE_PUT, PLAN_DATA, "share/x");
        tree_link("env/share", "../outside");
        assert_int_equal(change_apply(txn, 0), -ELOOP);
        assert_int_equal(rmdir(tree_path("outside")), 0);
}

/* Whatever has become of the directory where something was to be put: it is not there, so there is nothing to undo. */
static void undo_where_the_dir_is_gone(void **state)
{
        static const char *const instead[] = {NULL, "env/share", "env/share -> bin"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(instead); i++) {
                _cleanup_(txn_freep) struct txn *txn = fixture_prepare();
                _cleanup_close_ int top = file_open_dir(tree_root);

                fixture_stage(txn, PLAN_DATA, "share/x", "new");
                fixture_add_change(txn, CHANGE_MKDIR, PLAN_DATA, "share/man");
                fixture_add_change(txn, CHANGE_PUT, PLAN_DATA, "share/x");
                if (instead[i] != NULL)
                        tree_entry(instead[i], "theirs");
                assert_int_equal(change_undo(txn, 1), 0);
                assert_int_equal(change_undo(txn, 0), 0);
                assert_int_equal(fixture_has("env/share"), instead[i] != NULL);
                assert_int_equal(file_remove_tree(top, "env/share"), 0);
        }
}

/* But what was taken away can only come back where its directory is. */
static void taken_needs_its_dir(void **state)
{
        _cleanup_(txn_freep) struct txn *txn = NULL;
        _cleanup_close_ int top = file_open_dir(tree_root);

        (void)state;
        tree_file("env/share/x", "old");
        txn = fixture_prepare();
        fixture_add_change(txn, CHANGE_TAKE, PLAN_DATA, "share/x");
        assert_int_equal(change_apply(txn, 0), 0);
        assert_int_equal(file_remove_tree(top, "env/share"), 0);
        assert_int_equal(change_undo(txn, 0), -ENOENT);
}

/* The path itself may be a link: it is replaced or taken, not what it leads to. */
static void a_link_is_changed_itself(void **state)
{
        _cleanup_(txn_freep) struct txn *txn = NULL;

        (void)state;
        tree_file("outside", "outside");
        tree_link("env/bin/pip", "../../outside");
        tree_link("env/bin/pip3", "../../outside");
        txn = fixture_prepare();
        fixture_stage(txn, PLAN_SCRIPTS, "pip", "new");
        fixture_add_change(txn, CHANGE_SWAP, PLAN_SCRIPTS, "pip");
        fixture_add_change(txn, CHANGE_TAKE, PLAN_SCRIPTS, "pip3");
        assert_int_equal(change_apply(txn, 0), 0);
        assert_int_equal(change_apply(txn, 1), 0);
        fixture_assert_content("env/bin/pip", "new");
        assert_false(fixture_has("env/bin/pip3"));
        fixture_assert_content("outside", "outside");
        assert_int_equal(change_undo(txn, 1), 0);
        assert_int_equal(change_undo(txn, 0), 0);
        fixture_assert_content("env/bin/pip", "outside");
        fixture_assert_content("env/bin/pip3", "outside");
        assert_int_equal(unlink(tree_path("outside")), 0);
        assert_true(fixture_has("env/bin/pip"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(forward_and_back, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(half_way_swap, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(does_not_overwrite, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(take_leaves_others_alone, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(take_from_a_dir_that_is_gone, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(mkdir_undo_keeps_what_is_in_it, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(mkdir_wants_a_dir, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(follows_no_link, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(undo_where_the_dir_is_gone, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(taken_needs_its_dir, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(a_link_is_changed_itself, fixture_setup, tree_teardown),
        };

        return old_kernel_run_twice(tests);
}
