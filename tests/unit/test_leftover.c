/* SPDX-License-Identifier: MIT */
#include "tree_fixture.h"

#include "base/file.h"
#include "base/leftover.h"
#include "venv/unfinished.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static void is_free_until_somebody_holds_it(void **state)
{
        _cleanup_close_ int top = file_open_dir(tree_path("."));
        _cleanup_(leftover_done) struct leftover first = LEFTOVER_INIT;
        _cleanup_(leftover_done) struct leftover second = LEFTOVER_INIT;

        (void)state;
        tree_file("staging directory/x", "x");
        tree_file("file", "x");
        tree_link("link", tree_path("staging directory"));
        assert_int_equal(leftover_open(top, "nothing", &first), 0);
        assert_int_equal(first.state, LEFTOVER_NONE);
        assert_int_equal(leftover_open(top, "file", &first), 0);
        assert_int_equal(first.state, LEFTOVER_NONE);
        assert_int_equal(leftover_open(top, "link", &first), 0);
        assert_int_equal(first.state, LEFTOVER_NONE);
        assert_int_equal(leftover_open(top, "staging directory", &first), 0);
        assert_int_equal(first.state, LEFTOVER_FREE);
        assert_true(first.fd >= 0);
        assert_int_equal(leftover_open(top, "staging directory", &second), 0);
        assert_int_equal(second.state, LEFTOVER_HELD);
        assert_int_equal(second.fd, -1);
        leftover_done(&first);
        assert_int_equal(leftover_open(top, "staging directory", &second), 0);
        assert_int_equal(second.state, LEFTOVER_FREE);
}

static bool is_staging(const char *name)
{
        return name[0] == 'a';
}

static int count(void *data, int dir_fd, const char *name, struct leftover *leftover)
{
        (void)dir_fd;
        (void)name;
        assert_int_equal(leftover->state, LEFTOVER_FREE);
        return ++*(int *)data == 3 ? 4711 : 0;
}

static void visits_what_is_ours(void **state)
{
        _cleanup_close_ int top = file_open_dir(tree_path("."));
        int n = 0;

        (void)state;
        tree_file("a1/x", "x");
        tree_file("a2/x", "x");
        tree_file("b/x", "x");
        tree_file("a-file", "x");
        assert_int_equal(leftover_each(top, is_staging, count, &n), 0);
        assert_int_equal(n, 2);
        assert_int_equal(leftover_each(top, is_staging, count, &n), 4711);
}

static const struct {
        const char *name, *note, *config;
        bool with_pip;
} notes[] = {
        {"nothing to write", "pipseed-unfinished 1\npip yes\nenv %ju\n", "home = /old\n", true},
        {"a new pyvenv.cfg", "pipseed-unfinished 1\npip no\nenv %ju\nhome = /new\n", "home = /new\n", false},
        {"planted: about no directory", "pipseed-unfinished 1\npip no\nhome = /evil\n", "home = /old\n", false},
        {"planted: about another one", "pipseed-unfinished 1\npip no\nenv 1%ju\nhome = /evil\n", "home = /old\n",
         false},
        {"planted: no number", "pipseed-unfinished 1\npip no\nenv %ju home = /evil\n", "home = /old\n", false},
        {"cut short", "pipseed-unfin", "home = /old\n", false},
        {"empty", "", "home = /old\n", false},
};

/* %ju stands for the inode of the environment's directory. */
static void write_note(const char *format)
{
        const char *place = strstr(format, "%ju");
        char text[256];
        struct stat st;

        assert_int_equal(stat(tree_path("env"), &st), 0);
        if (place == NULL)
                (void)snprintf(text, sizeof(text), "%s", format);
        else
                (void)snprintf(text, sizeof(text), "%.*s%ju%s", (int)(place - format), format, (uintmax_t)st.st_ino,
                               place + 3);
        tree_file("env/" UNFINISHED_NAME, text);
}

/* What more than the caller could have written, or has another name elsewhere. */
static void believes_no_note_of_others(void **state)
{
        _cleanup_close_ int fd = -1;
        bool with_pip = false;

        (void)state;
        tree_file("env/pyvenv.cfg", "home = /old\n");
        write_note(notes[1].note);
        fd = file_open_dir(tree_path("env"));
        assert_int_equal(chmod(tree_path("env/" UNFINISHED_NAME), 0664), 0);
        assert_int_equal(unfinished_find(fd, &with_pip), 0);
        assert_int_equal(chmod(tree_path("env/" UNFINISHED_NAME), 0600), 0);
        assert_int_equal(link(tree_path("env/" UNFINISHED_NAME), tree_path("elsewhere")), 0);
        assert_int_equal(unfinished_find(fd, &with_pip), 0);
        assert_int_equal(unlink(tree_path("elsewhere")), 0);
        assert_int_equal(unfinished_find(fd, &with_pip), 1);
}

static enum leftover_state state_of(mode_t parent, mode_t mode)
{
        _cleanup_close_ int top = file_open_dir(tree_path("parent"));
        _cleanup_(leftover_done) struct leftover leftover = LEFTOVER_INIT;

        assert_int_equal(chmod(tree_path("parent"), parent), 0);
        assert_int_equal(chmod(tree_path("parent/staging directory"), mode), 0);
        assert_int_equal(leftover_open(top, "staging directory", &leftover), 0);
        assert_int_equal(leftover.fd >= 0, 1);
        return leftover.state;
}

/* Where others may rename, a name proves nothing. */
static void is_proved_by_the_mark(void **state)
{
        (void)state;
        tree_file("parent/staging directory/x", "x");
        assert_int_equal(state_of(0755, 0755), LEFTOVER_FREE);
        assert_int_equal(state_of(01777, 0755), LEFTOVER_FREE);
        assert_int_equal(state_of(0775, 0755), LEFTOVER_UNPROVED);
        assert_int_equal(state_of(0757, 0700), LEFTOVER_UNPROVED);
        assert_int_equal(state_of(0777, 01700), LEFTOVER_FREE);
        assert_int_equal(state_of(0777, 01755), LEFTOVER_FREE);
        assert_int_equal(state_of(0777, 01777), LEFTOVER_UNPROVED); /* shared, as /tmp is */
}

static void finishes_by_the_note(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
                _cleanup_close_ int fd = -1;
                _cleanup_free_ char *config = NULL;
                bool with_pip = !notes[i].with_pip;

                tree_file("env/pyvenv.cfg", "home = /old\n");
                write_note(notes[i].note);
                fd = file_open_dir(tree_path("env"));
                assert_int_equal(unfinished_find(fd, &with_pip), 1);
                assert_int_equal(with_pip, notes[i].with_pip);
                assert_int_equal(unfinished_finish(fd, false), 0);
                assert_int_equal(unfinished_find(fd, &with_pip), 0);
                assert_int_equal(file_read(fd, "pyvenv.cfg", 1024, &config, NULL), 0);
                assert_string_equal(config, notes[i].config);
        }
}

static void leaves_a_live_run_alone(void **state)
{
        _cleanup_close_ int fd = -1;
        _cleanup_close_ int held = -1;
        bool with_pip = false;

        (void)state;
        tree_file("env/" UNFINISHED_NAME, notes[0].note);
        fd = file_open_dir(tree_path("env"));
        held = file_open_dir(tree_path("env"));
        assert_int_equal(flock(held, LOCK_EX | LOCK_NB), 0);
        assert_int_equal(unfinished_find(fd, &with_pip), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(is_proved_by_the_mark, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(believes_no_note_of_others, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(is_free_until_somebody_holds_it, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(visits_what_is_ours, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(finishes_by_the_note, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(leaves_a_live_run_alone, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
