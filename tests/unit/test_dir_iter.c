/* SPDX-License-Identifier: MIT */
#include "tree_fixture.h"

#include "base/file.h"
#include "base/dir_iter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static void all_but_the_dir_itself(void **state)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        size_t n_hidden = 0, n = 0;
        const char *name;

        (void)state;
        tree_file("d/.hidden", "x");
        tree_file("d/..more", "x");
        tree_dir("d/directory");
        assert_int_equal(dir_iter_open(&names, file_open_dir(tree_path("d"))), 0);
        while ((name = dir_iter_next(&names)) != NULL) {
                assert_int_equal(faccessat(dir_iter_fd(&names), name, F_OK, AT_SYMLINK_NOFOLLOW), 0);
                n_hidden += name[0] == '.';
                n++;
        }
        assert_int_equal(names.error, 0);
        assert_int_equal(n, 3);
        assert_int_equal(n_hidden, 2);
        assert_null(dir_iter_next(&names));
}

static void nothing_in_it(void **state)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;

        (void)state;
        tree_dir("d");
        assert_int_equal(dir_iter_open(&names, file_open_dir(tree_path("d"))), 0);
        assert_null(dir_iter_next(&names));
        assert_int_equal(names.error, 0);
        assert_int_equal(dir_iter_is_empty(dir_iter_fd(&names)), 1);
        tree_file("d/.x", "x");
        assert_int_equal(dir_iter_is_empty(dir_iter_fd(&names)), 0);
        assert_int_equal(dir_iter_is_empty(-1), -EBADF);
}

/* An error of opening is handed on, one of reading is no end. */
static void errors(void **state)
{
        _cleanup_(dir_iter_done) struct dir_iter none = DIR_ITER_INIT;
        _cleanup_(dir_iter_done) struct dir_iter file = DIR_ITER_INIT;
        _cleanup_(dir_iter_done) struct dir_iter broken = DIR_ITER_INIT;
        int null_fd;

        (void)state;
        assert_int_equal(dir_iter_open(&none, file_open_dir(tree_path("missing"))), -ENOENT);
        assert_null(dir_iter_next(&none));
        assert_int_equal(none.error, -ENOENT);
        tree_file("f", "x");
        assert_int_equal(dir_iter_open(&file, open(tree_path("f"), O_RDONLY | O_CLOEXEC)), -ENOTDIR);
        assert_null(dir_iter_next(&file));
        tree_file("d/x", "x");
        assert_int_equal(dir_iter_open(&broken, file_open_dir(tree_path("d"))), 0);
        null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(dup3(null_fd, dir_iter_fd(&broken), O_CLOEXEC) >= 0); /* getdents(2) of a file */
        (void)close(null_fd);
        assert_null(dir_iter_next(&broken));
        assert_int_equal(broken.error, -ENOTDIR);
        assert_null(dir_iter_next(&broken));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(all_but_the_dir_itself, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(nothing_in_it, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(errors, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
