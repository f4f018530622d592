/* SPDX-License-Identifier: MIT */
#include "tree_fixture.h"

#include "base/str.h"
#include "base/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define STRANGER 65533

static void set_mode(const char *path, mode_t bits)
{
        assert_int_equal(chmod(tree_path(path), bits), 0);
}

/* The tree of one case: top/a/b/file, top/link -> a/b/file. */
static void make_tree(const char *top)
{
        _cleanup_free_ char *file = str_format("%s/a/b/file", top);
        _cleanup_free_ char *link = str_format("%s/link", top);

        tree_file(file, "x");
        tree_link(link, "a/b/file");
}

static const struct {
        const char *changed; /* below the top; NULL: nothing */
        mode_t bits;         /* 0: it is given to a stranger */
        const char *asked;
        enum trust_fault fault;
} rows[] = {
        {NULL, 0, "a/b/file", TRUST_OK},
        {NULL, 0, "link", TRUST_OK},
        {NULL, 0, "a/../a/./b//file", TRUST_OK},
        {"a/b/file", 0664, "a/b/file", TRUST_WRITABLE},
        {"a/b/file", 0646, "a/b/file", TRUST_WRITABLE},
        {"a/b/file", 0664, "link", TRUST_WRITABLE},
        {"a/b/file", 0, "a/b/file", TRUST_OWNER},
        {"a", 0775, "a/b/file", TRUST_WRITABLE},
        {"a", 0757, "link", TRUST_WRITABLE},
        {"a", 0, "link", TRUST_OWNER},
        {"a", 01777, "a/b/file", TRUST_OK},
        {"a", 01777, "a", TRUST_WRITABLE},
        {"a", 01775, "a/b/file", TRUST_OK},
        {"link", 0, "link", TRUST_OK}, /* root's directory: only root could make it */
};

static void judges_the_way(void **state)
{
        const struct trust_rule rule = trust_rule_caller();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *top = str_format("t%zu", i);
                _cleanup_free_ char *asked = str_format("%s/%s", top, rows[i].asked);
                struct trust_result result;

                make_tree(top);
                if (rows[i].changed != NULL) {
                        _cleanup_free_ char *changed = str_format("%s/%s", top, rows[i].changed);

                        if (rows[i].bits != 0)
                                set_mode(changed, rows[i].bits);
                        else if (lchown(tree_path(changed), STRANGER, STRANGER) < 0)
                                continue; /* not as an ordinary user */
                }
                assert_int_equal(trust_look(tree_path(asked), &rule, &result), 0);
                if (result.fault != rows[i].fault)
                        fail_msg("row %zu: %d at %s", i, (int)result.fault, result.fault_path);
        }
}

/* In a sticky directory that others can write, a stranger's entry is not trusted: a link neither. */
static void sticky(void **state)
{
        const struct trust_rule rule = trust_rule_caller();
        struct trust_result result;

        (void)state;
        make_tree("s");
        tree_link("s/a/theirs", "b/file");
        tree_file("s/a/file", "x");
        set_mode("s/a", 01777);
        if (lchown(tree_path("s/a/theirs"), STRANGER, STRANGER) < 0)
                skip();
        assert_int_equal(trust_look(tree_path("s/a/theirs"), &rule, &result), 0);
        assert_int_equal(result.fault, TRUST_OWNER);
        assert_int_equal(chown(tree_path("s/a/file"), STRANGER, STRANGER), 0);
        assert_int_equal(trust_look(tree_path("s/a/file"), &rule, &result), 0);
        assert_int_equal(result.fault, TRUST_OWNER);
}

static void listed_directories(void **state)
{
        struct trust_rule rule = trust_rule_caller();
        _cleanup_free_ char *listed = NULL;
        const char *dirs[1];
        struct trust_result result;

        (void)state;
        make_tree("l");
        tree_file("l/a/beside/file", "x");
        listed = strdup(tree_path("l/a/b"));
        dirs[0] = listed;
        rule.dirs = dirs;
        rule.n_dirs = 1;
        set_mode("l/a", 0777);
        set_mode("l/a/b", 0777);
        set_mode("l/a/b/file", 0666);
        assert_int_equal(trust_look(tree_path("l/a/b/file"), &rule, &result), 0);
        assert_int_equal(result.fault, TRUST_OK);
        assert_int_equal(trust_look(tree_path("l/a/beside/file"), &rule, &result), 0);
        assert_int_equal(result.fault, TRUST_WRITABLE);
        assert_string_equal(result.fault_path, tree_path("l/a"));
}

static void ties_the_descriptor(void **state)
{
        const struct trust_rule rule = trust_rule_caller();
        _cleanup_close_ int fd = -1;
        struct trust_result result;

        (void)state;
        make_tree("d");
        fd = open(tree_path("d/a/b/file"), O_RDONLY | O_CLOEXEC);
        assert_int_equal(trust_check_fd(fd, tree_path("d/link"), &rule, &result), 0);
        assert_int_equal(result.fault, TRUST_OK);
        tree_file("d/other", "x");
        assert_int_equal(rename(tree_path("d/other"), tree_path("d/a/b/file")), 0);
        assert_int_equal(trust_check_fd(fd, tree_path("d/link"), &rule, &result), 0);
        assert_int_equal(result.fault, TRUST_EXCHANGED);
}

static void says_what_is_missing(void **state)
{
        const struct trust_rule rule = trust_rule_caller();
        struct trust_result result;

        (void)state;
        make_tree("m");
        tree_link("m/circle", "circle");
        assert_int_equal(trust_look(tree_path("m/nothing"), &rule, &result), -ENOENT);
        assert_int_equal(trust_look(tree_path("m/link/below"), &rule, &result), -ENOTDIR);
        assert_int_equal(trust_look(tree_path("m/circle"), &rule, &result), -ELOOP);
        assert_int_equal(trust_look("m", &rule, &result), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(judges_the_way, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(sticky, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(listed_directories, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(ties_the_descriptor, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(says_what_is_missing, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
