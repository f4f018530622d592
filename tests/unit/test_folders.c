/* SPDX-License-Identifier: MIT */
#include "tree_rig.h"

#include "install/folders.h"

#include <dirent.h>
#include <errno.h>

static size_t count_fds(void)
{
        DIR *dir = opendir("/proc/self/fd");
        size_t n = 0;

        assert_non_null(dir);
        while (readdir(dir) != NULL)
                n++;
        (void)closedir(dir);
        return n;
}

static const char *const files[] = {
        "a.py", "pip/__init__.py", "pip/_internal/a.py", "pip/_internal/b.py", "pip/_internal/cli/c.py",
        "pip/_internal2/x.py", "pip/_vendor/deep/er/y.py", "pip/z.py", "pip2/x.py", "top.py", "pip/again.py",
};

static void enters_each_folder(void **state)
{
        struct folders folders = FOLDERS_INIT;
        _cleanup_close_ int top_fd = file_open_dir(tree_root);
        mode_t before = umask(027);
        size_t fds = count_fds();

        (void)state;
        folders.top_fd = top_fd;
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                const char *slash = strrchr(files[i], '/');
                const char *name = slash != NULL ? slash + 1 : files[i];
                int dir_fd = folders_enter(&folders, files[i]);
                struct stat st;

                assert_true(dir_fd >= 0);
                assert_int_equal(file_create(dir_fd, name, 0644, "", 0), 0);
                assert_int_equal(stat(tree_path(files[i]), &st), 0); /* it is where it belongs */
        }
        folders_done(&folders);
        (void)umask(before);
        assert_int_equal(count_fds(), fds);
        {
                struct stat st;

                assert_int_equal(stat(tree_path("pip/_vendor/deep/er"), &st), 0);
                assert_int_equal(st.st_mode & 07777, 0750);
        }
}

static const struct {
        const char *file;
        int expected;
} blocked[] = {
        {"link/x", -ELOOP}, {"ok/link/x", -ELOOP}, {"file/x", -ELOOP}, {"dangling/x", -ELOOP},
};

static void follows_nothing(void **state)
{
        _cleanup_close_ int top_fd = -1;
        struct folders folders = FOLDERS_INIT;

        (void)state;
        tree_dir("outside");
        tree_dir("top/ok");
        tree_file("top/file", "");
        tree_link("top/link", "../outside");
        tree_link("top/ok/link", "../../outside");
        tree_link("top/dangling", "nowhere");
        top_fd = file_open_dir(tree_path("top"));
        folders.top_fd = top_fd;
        for (size_t i = 0; i < ARRAY_SIZE(blocked); i++) {
                int fd;

                assert_int_equal(folders_enter(&folders, blocked[i].file), blocked[i].expected);
                /* It goes on from where it is. */
                fd = folders_enter(&folders, "ok/sub/x");
                assert_true(fd >= 0);
                assert_int_equal(file_create(fd, "x", 0644, "", 0), 0);
                assert_int_equal(access(tree_path("top/ok/sub/x"), F_OK), 0);
                assert_int_equal(unlink(tree_path("top/ok/sub/x")), 0);
        }
        folders_done(&folders);
        assert_int_equal(rmdir(tree_path("outside")), 0);
}

static void has_a_depth(void **state)
{
        struct folders folders = FOLDERS_INIT;
        _cleanup_close_ int top_fd = file_open_dir(tree_root);
        char path[2 * FOLDERS_MAX_DEPTH + 8] = "";
        size_t fds = count_fds();

        (void)state;
        folders.top_fd = top_fd;
        for (int i = 0; i < FOLDERS_MAX_DEPTH; i++)
                strcat(path, "d/");
        strcat(path, "x");
        assert_true(folders_enter(&folders, path) >= 0);
        strcpy(path + strlen(path) - 1, "d/x");
        assert_int_equal(folders_enter(&folders, path), -ENAMETOOLONG);
        folders_done(&folders);
        assert_int_equal(count_fds(), fds);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(enters_each_folder, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(follows_nothing, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(has_a_depth, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
