/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include "base/error.h"
#include "store/fill.h"
#include "wheel/wheel.h"

#include <errno.h>

static struct wheel *load(void)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct wheel *wheel = NULL;

        if (wheel_load(DEMO, demo_fixture.zip.data, demo_fixture.zip.len, "/w/" DEMO, &wheel, &err) < 0)
                fail_msg("%s", err.message);
        return wheel;
}

static const struct {
        mode_t umask, plain, executable;
} masks[] = {
        {022, 0644, 0755}, {077, 0600, 0711}, {0, 0666, 0777}, {027, 0640, 0751}, {0777, 0, 0111},
};

/* Modes are pip's: 0666 & ~umask, and (0777 & ~umask) | 0111. */
static void writes_files(void **state)
{
        _cleanup_(wheel_freep) struct wheel *wheel = load();

        (void)state;
        for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_(manifest_done) struct manifest manifest = {0};
                _cleanup_free_ char *name = str_format("out%zu", m);
                _cleanup_close_ int dir_fd = -1;

                tree_dir(name);
                dir_fd = file_open_dir(tree_path(name));
                assert_int_equal(fill_files(dir_fd, wheel, masks[m].umask, "/out", &(struct progress){0}, &manifest,
                                            &err),
                                 0);
                assert_int_equal(manifest.info.n_files, DEMO_N);
                assert_null(manifest.source);
                for (size_t i = 0; i < DEMO_N; i++) {
                        _cleanup_free_ char *path = str_format("%s/%s", name, demo_files[i].path);
                        _cleanup_free_ char *text = tree_read(path);
                        struct stat st;

                        assert_string_equal(text, demo_files[i].content);
                        assert_int_equal(stat(tree_path(path), &st), 0);
                        assert_int_equal(st.st_mode & 07777,
                                         demo_files[i].executable ? masks[m].executable : masks[m].plain);
                        assert_true(manifest_stat_fits(&manifest, i, &st, false));
                        assert_string_equal(manifest.info.files[i].path, demo_files[i].path);
                }
        }
}

static void refuses_what_is_in_the_way(void **state)
{
        static const struct {
                const char *name, *target;
                int sys_errno;
        } rows[] = {
                {"single.py", NULL, EEXIST},
                {"single.py", "../outside/x", EEXIST},
                {"demo", "../outside", 0},
        };
        _cleanup_(wheel_freep) struct wheel *wheel = load();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_(manifest_done) struct manifest manifest = {0};
                _cleanup_free_ char *name = str_format("out%zu", i);
                _cleanup_free_ char *path = str_format("%s/%s", name, rows[i].name);
                _cleanup_close_ int dir_fd = -1;

                tree_dir("outside");
                if (rows[i].target != NULL)
                        tree_link(path, rows[i].target);
                else
                        tree_file(path, "mine");
                dir_fd = file_open_dir(tree_path(name));
                assert_int_equal(fill_files(dir_fd, wheel, 022, "/out", &(struct progress){0}, &manifest, &err),
                                 PIPSEED_E_IO);
                if (rows[i].sys_errno != 0)
                        assert_int_equal(err.sys_errno, rows[i].sys_errno);
                assert_int_equal(manifest.info.n_files, 0);
                assert_int_equal(tree_count("outside"), 0);
        }
}

static void makes_dirs_of_sorted_paths(void **state)
{
        static const struct wheel_file files[] = {
                {.path = "a/b/c/x"}, {.path = "a/b/d"}, {.path = "a/bc/x"}, {.path = "ab/x"}, {.path = "top"},
        };
        static const char *const directories[] = {"out/a/b/c", "out/a/bc", "out/ab"};
        _cleanup_close_ int dir_fd = -1;

        (void)state;
        tree_dir("out");
        dir_fd = file_open_dir(tree_path("out"));
        assert_int_equal(fill_make_dirs(dir_fd, files, ARRAY_SIZE(files)), 0);
        for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
                assert_int_equal(tree_mode(directories[i]), 0700);
        assert_int_equal(tree_count("out"), 2);
        assert_int_equal(tree_count("out/a/b"), 1);
}

static void writes_the_manifest(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(wheel_freep) struct wheel *wheel = load();
        _cleanup_(manifest_done) struct manifest manifest = {0};
        _cleanup_(manifest_done) struct manifest read = {0};
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int dir_fd = -1;

        (void)state;
        tree_dir("out");
        dir_fd = file_open_dir(tree_path("out"));
        assert_int_equal(fill_files(dir_fd, wheel, 022, "/out", &(struct progress){0}, &manifest, &err), 0);
        assert_int_equal(fill_manifest(dir_fd, &manifest), 0);
        text = tree_read("out/manifest");
        assert_true(manifest_read(text, strlen(text), &read));
        assert_int_equal(read.info.n_files, DEMO_N);
        assert_int_equal(tree_mode("out/manifest"), 0600);
        assert_int_equal(fill_manifest(dir_fd, &manifest), -EEXIST);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(writes_files, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(refuses_what_is_in_the_way, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(makes_dirs_of_sorted_paths, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(writes_the_manifest, store_setup, store_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, store_end);
}
