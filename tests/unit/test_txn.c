/* SPDX-License-Identifier: MIT */
#include "txn_fixture.h"

#include "old_kernel_fixture.h"

#include <pthread.h>
#include <sys/mount.h>
#include <time.h>

static void stage_upgrade(struct txn *txn)
{
        fixture_stage(txn, PLAN_LIB, "pip/a.py", "new");
        fixture_stage(txn, PLAN_LIB, "pip-2.dist-info/RECORD", "new");
        fixture_stage(txn, PLAN_SCRIPTS, "pip", "new");
        fixture_stage(txn, PLAN_SCRIPTS, "pip3", "new");
        fixture_stage(txn, PLAN_DATA, "share/man/pip.1", "new");
        fixture_add_change(txn, CHANGE_SWAP, PLAN_LIB, "pip");
        fixture_add_change(txn, CHANGE_TAKE, PLAN_LIB, "pip-1.dist-info");
        fixture_add_change(txn, CHANGE_PUT, PLAN_LIB, "pip-2.dist-info");
        fixture_add_change(txn, CHANGE_SWAP, PLAN_SCRIPTS, "pip");
        fixture_add_change(txn, CHANGE_PUT, PLAN_SCRIPTS, "pip3");
        fixture_add_change(txn, CHANGE_MKDIR, PLAN_DATA, "share");
        fixture_add_change(txn, CHANGE_MKDIR, PLAN_DATA, "share/man");
        fixture_add_change(txn, CHANGE_PUT, PLAN_DATA, "share/man/pip.1");
}

static void make_old(void)
{
        tree_file(RIG_LIB "/pip/a.py", "old");
        tree_file(RIG_LIB "/pip/b.py", "old");
        tree_file(RIG_LIB "/pip-1.dist-info/RECORD", "old");
        tree_file("env/bin/pip", "old");
}

static void assert_new(void)
{
        fixture_assert_content(RIG_LIB "/pip/a.py", "new");
        assert_false(fixture_has(RIG_LIB "/pip/b.py"));
        assert_false(fixture_has(RIG_LIB "/pip-1.dist-info"));
        fixture_assert_content(RIG_LIB "/pip-2.dist-info/RECORD", "new");
        fixture_assert_content("env/bin/pip", "new");
        fixture_assert_content("env/bin/pip3", "new");
        fixture_assert_content("env/share/man/pip.1", "new");
}

static void without_commit_nothing_happens(void **state)
{
        _cleanup_free_ char *before = NULL;

        (void)state;
        make_old();
        before = fixture_everything("env");
        for (int steps = 0; steps < 3; steps++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct txn *txn = fixture_open();
                _cleanup_free_ char *after = NULL;

                if (steps > 0)
                        assert_int_equal(txn_prepare(txn, &err), 0);
                if (steps > 1)
                        stage_upgrade(txn);
                txn_free(txn);
                after = fixture_everything("env");
                assert_string_equal(after, before);
        }
}

static void commit_changes_everything(void **state)
{
        (void)state;
        for (int durable = 0; durable < 2; durable++) {
                struct txn *txn;
                _cleanup_free_ char *now = NULL;
                _cleanup_free_ char *clean = NULL;

                make_old();
                fixture_query.durable = durable != 0;
                txn = fixture_prepare();
                stage_upgrade(txn);
                fixture_commit(txn);
                assert_new();
                /* A run that is killed while it cleans up leaves no journal of what is done. */
                assert_int_equal(faccessat(txn->roots[PLAN_LIB].staging_fd, "journal", F_OK, 0), -1);
                txn_free(txn);
                assert_new();
                now = fixture_everything("env");
                clean = fixture_listing("env");
                assert_string_equal(now, clean);
                {
                        _cleanup_close_ int top = file_open_dir(tree_root);

                        assert_int_equal(file_remove_tree(top, "env"), 0);
                        tree_dir("env/bin");
                }
        }
}

/* Change k cannot be made: somebody put something there. The others are taken back. */
static void failing_commit_takes_back(void **state)
{
        static const char *const obstacles[] = {
                RIG_LIB "/pip-2.dist-info/theirs", "env/bin/pip3", "env/share", "env/share/man", "env/share/man/pip.1",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(obstacles); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_free_ char *before = NULL;
                _cleanup_free_ char *after = NULL;
                _cleanup_close_ int top = file_open_dir(tree_root);
                struct txn *txn;

                make_old();
                txn = fixture_prepare();
                stage_upgrade(txn);
                tree_file(obstacles[i], "theirs");
                before = fixture_listing("env");
                if (txn_commit(txn, &err) != PIPSEED_E_IO)
                        fail_msg("%s: %s", obstacles[i], err.message);
                assert_true(err.sys_errno == EEXIST || err.sys_errno == ENOTDIR);
                txn_free(txn);
                after = fixture_everything("env");
                if (strcmp(after, before) != 0)
                        fail_msg("%s: now\n%snot\n%s", obstacles[i], after, before);
                assert_int_equal(file_remove_tree(top, "env"), 0);
                tree_dir("env/bin");
        }
}

static void dirs_that_do_not_exist_yet(void **state)
{
        static const char *const missing[] = {"env/lib", "env/include", "env/bin", "env"};
        mode_t before = umask(027);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(missing); i++)
                for (int commit = 0; commit < 2; commit++) {
                        _cleanup_close_ int top = file_open_dir(tree_root);
                        struct pipseed_error err = PIPSEED_ERROR_INIT;
                        _cleanup_free_ char *was = NULL;
                        _cleanup_free_ char *is = NULL;
                        struct txn *txn;
                        struct stat st;

                        assert_int_equal(file_remove_tree(top, "env"), 0);
                        tree_dir(RIG_LIB);
                        tree_dir("env/bin");
                        tree_dir("env/include/site/python3.11");
                        assert_int_equal(file_remove_tree(top, missing[i]), 0);
                        was = fixture_everything("");
                        txn = fixture_open();
                        is = fixture_everything("");
                        assert_string_equal(is, was); /* opening makes nothing */
                        assert_int_equal(txn_prepare(txn, &err), 0);
                        fixture_stage(txn, PLAN_LIB, "pip/a.py", "new");
                        fixture_stage(txn, PLAN_SCRIPTS, "pip", "new");
                        fixture_stage(txn, PLAN_HEADERS, "demo/x.h", "new");
                        fixture_add_change(txn, CHANGE_PUT, PLAN_LIB, "pip");
                        fixture_add_change(txn, CHANGE_PUT, PLAN_SCRIPTS, "pip");
                        fixture_add_change(txn, CHANGE_PUT, PLAN_HEADERS, "demo");
                        if (commit != 0)
                                fixture_commit(txn);
                        txn_free(txn);
                        if (commit == 0) {
                                free(steal_ptr(is));
                                is = fixture_everything("");
                                if (strcmp(is, was) != 0)
                                        fail_msg("without %s: now\n%snot\n%s", missing[i], is, was);
                                continue;
                        }
                        fixture_assert_content(RIG_LIB "/pip/a.py", "new");
                        fixture_assert_content("env/bin/pip", "new");
                        fixture_assert_content("env/include/site/python3.11/demo/x.h", "new");
                        assert_int_equal(stat(tree_path(missing[i]), &st), 0);
                        assert_int_equal(st.st_mode & 07777, 0750);
                }
        (void)umask(before);
}

static void staging_is_private(void **state)
{
        _cleanup_(txn_freep) struct txn *txn = fixture_prepare();
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        char name[64];
        struct stat st;

        (void)state;
        assert_int_equal(strlen(txn->name), strlen(".pipseed-") + 16);
        (void)snprintf(name, sizeof(name), "%s", txn->name);
        assert_int_equal(stat(txn->staging_path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 01700); /* the mark of leftover.h */
        assert_true(str_starts(txn->staging_path, tree_path(RIG_LIB)));
        assert_int_equal(txn_prepare(txn, &err), 0);
        assert_string_equal(txn->name, name);
}

static void adding_what_is_not_there(void **state)
{
        static const struct {
                enum change_kind kind;
                const char *path;
        } rows[] = {{CHANGE_PUT, "nothing"},
                    {CHANGE_SWAP, "nothing"},
                    {CHANGE_TAKE, "nothing"},
                    {CHANGE_TAKE, "nothing/at/all"}};
        _cleanup_(txn_freep) struct txn *txn = fixture_prepare();

        (void)state;
        fixture_stage(txn, PLAN_LIB, "something", "x");
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                assert_int_equal(txn_add(txn, rows[i].kind, PLAN_LIB, rows[i].path, &err), PIPSEED_E_IO);
                assert_int_equal(err.sys_errno, ENOENT);
                assert_int_equal(txn->n_changes, 0);
        }
}

/* "%" is the temporary directory, in the links of the root: they are absolute, and mean the root. */
static const struct {
        const char *link, *target;
        const char *lands; /* where pip/a.py comes to lie, below root/; NULL: refused */
} rooted_links[] = {
        {"env/lib", "/real/lib", "real/lib/python3.11/site-packages"},
        {"env", "/real", "real/lib/python3.11/site-packages"},
        {"env/lib", "../../../../../../../real/lib", "real/lib/python3.11/site-packages"},
        {"env/lib", "%/outside", NULL},
        {"env/lib", "/outside", NULL},
};

static void rooted(void **state)
{
        static const char *const roots[PLAN_N_ROOTS] = {
                "/env/lib/python3.11/site-packages",
                "/env/lib/python3.11/site-packages",
                "/env/bin",
                "/env/include/site/python3.11",
                "/env",
        };

        (void)state;
        fixture_query.roots = roots;
        for (size_t i = 0; i < ARRAY_SIZE(rooted_links); i++) {
                const char *target = rooted_links[i].target;
                _cleanup_free_ char *absolute = target[0] == '%' ? str_format("%s%s", tree_root, target + 1) : NULL;
                _cleanup_free_ char *link = str_format("root%zu/%s", i, rooted_links[i].link);
                _cleanup_free_ char *real = str_format("root%zu/real/lib", i);
                _cleanup_free_ char *root = str_format("%s/root%zu", tree_root, i);
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_(txn_freep) struct txn *txn = NULL;
                int r;

                tree_dir("outside");
                tree_dir(real);
                tree_link(link, absolute != NULL ? absolute : target);
                fixture_query.way.root = root;
                r = txn_open(&fixture_query, &txn, &err);
                if (r == 0)
                        r = txn_prepare(txn, &err);
                if (rooted_links[i].lands == NULL) {
                        /* A link that leads nowhere inside the root; without openat2, too. */
                        assert_int_equal(r, PIPSEED_E_IO);
                } else {
                        _cleanup_free_ char *lands = str_format("root%zu/%s/pip/a.py", i, rooted_links[i].lands);

                        if (r < 0)
                                fail_msg("row %zu: %s", i, err.message);
                        fixture_stage(txn, PLAN_LIB, "pip/a.py", "new");
                        fixture_add_change(txn, CHANGE_PUT, PLAN_LIB, "pip");
                        fixture_commit(txn);
                        fixture_assert_content(lands, "new");
                }
                txn_free(steal_ptr(txn));
                assert_int_equal(rmdir(tree_path("outside")), 0); /* nothing came to lie there */
        }
}

static void root_is_made_and_unmade(void **state)
{
        static const char *const roots[PLAN_N_ROOTS] = {"/env/lib", "/env/lib", "/env/bin", "/env/include", "/env"};
        _cleanup_free_ char *before = fixture_everything("");
        _cleanup_free_ char *root = str_format("%s/new/deep/root", tree_root);

        (void)state;
        fixture_query.roots = roots;
        fixture_query.way.root = root;
        for (int commit = 0; commit < 2; commit++) {
                struct txn *txn = fixture_prepare();

                fixture_stage(txn, PLAN_LIB, "a.py", "new");
                fixture_stage(txn, PLAN_SCRIPTS, "pip", "new");
                fixture_add_change(txn, CHANGE_PUT, PLAN_LIB, "a.py");
                fixture_add_change(txn, CHANGE_PUT, PLAN_SCRIPTS, "pip");
                if (commit != 0)
                        fixture_commit(txn);
                txn_free(txn);
                if (commit == 0) {
                        _cleanup_free_ char *after = fixture_everything("");

                        assert_string_equal(after, before);
                } else {
                        fixture_assert_content("new/deep/root/env/lib/a.py", "new");
                        fixture_assert_content("new/deep/root/env/bin/pip", "new");
                }
        }
}

static void root_that_is_a_file(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct txn *txn = NULL;

        (void)state;
        tree_file("file", "x");
        fixture_query.way.root = tree_path("file");
        assert_int_equal(txn_open(&fixture_query, &txn, &err), PIPSEED_E_IO);
        assert_int_equal(err.sys_errno, ENOTDIR);
        assert_null(txn);
}

struct second {
        struct pipseed_error err;
        struct txn *txn;
        int r;
        bool prepare;
        bool done;
};

static void *open_second(void *data)
{
        struct second *second = data;

        second->r = txn_open(&fixture_query, &second->txn, &second->err);
        if (second->r == 0 && second->prepare)
                second->r = txn_prepare(second->txn, &second->err);
        __atomic_store_n(&second->done, true, __ATOMIC_SEQ_CST);
        return NULL;
}

/* Also when the directory does not exist at first: then the second one waits when it has made it. */
static void two_at_once_wait(void **state)
{
        (void)state;
        for (int exists = 0; exists < 2; exists++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct second second = {.prepare = exists == 0};
                _cleanup_close_ int top = file_open_dir(tree_root);
                struct txn *first;
                pthread_t thread;

                if (exists == 0)
                        assert_int_equal(file_remove_tree(top, "env/lib"), 0);
                else
                        tree_dir(RIG_LIB);
                first = fixture_open();
                assert_int_equal(txn_prepare(first, &err), 0);
                assert_int_equal(pthread_create(&thread, NULL, open_second, &second), 0);
                /* Longer than the second after which a caller with a callback is told. */
                (void)usleep(exists != 0 ? 1200 * 1000 : 200 * 1000);
                assert_false(__atomic_load_n(&second.done, __ATOMIC_SEQ_CST));
                fixture_stage(first, PLAN_LIB, "pip/a.py", "first");
                fixture_add_change(first, CHANGE_PUT, PLAN_LIB, "pip");
                fixture_commit(first);
                txn_free(first);
                assert_int_equal(pthread_join(thread, NULL), 0);
                if (second.r < 0)
                        fail_msg("%s", second.err.message);
                txn_free(second.txn);
                fixture_assert_content(RIG_LIB "/pip/a.py", "first");
                {
                        _cleanup_close_ int lib = file_open_dir(tree_path(RIG_LIB));

                        assert_int_equal(file_remove_tree(lib, "pip"), 0);
                }
        }
}

struct refusal {
        enum pipseed_event_kind kind; /* of the event that is refused */
        char text[256];
};

static int refuse(void *data, const struct pipseed_event *event)
{
        struct refusal *refusal = data;

        if (event->kind != refusal->kind)
                return 0;
        (void)snprintf(refusal->text, sizeof(refusal->text), "%s", event->text);
        return 1;
}

/* How long it took, in ms. */
static int64_t cancel_wait(struct refusal *refusal)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct txn *second = NULL;
        struct timespec begin, end;

        (void)clock_gettime(CLOCK_MONOTONIC, &begin);
        fixture_query.event = refuse;
        fixture_query.event_data = refusal;
        assert_int_equal(txn_open(&fixture_query, &second, &err), PIPSEED_E_CANCELLED);
        assert_null(second);
        (void)clock_gettime(CLOCK_MONOTONIC, &end);
        return (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
}

/* Whoever watches is told after a second, and asked long before. */
static void waiting_can_be_cancelled(void **state)
{
        _cleanup_(txn_freep) struct txn *first = fixture_open();
        struct refusal note = {.kind = PIPSEED_EVENT_NOTE};
        struct refusal tick = {.kind = PIPSEED_EVENT_TICK};

        (void)state;
        (void)first;
        assert_true(cancel_wait(&note) >= 900);
        assert_true(str_starts(note.text, "waiting for another process"));
        assert_true(cancel_wait(&tick) < 900);
        assert_true(str_starts(tick.text, "waiting for another process"));
}

static void no_right_to_write(void **state)
{
        int status = -1;
        pid_t pid;

        (void)state;
        assert_int_equal(chmod(tree_root, 0755), 0);
        pid = fork();
        if (pid == 0) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct txn *txn = NULL;

                if (geteuid() == 0 ? setresuid(65534, 65534, 65534) < 0 : chmod(tree_path(RIG_LIB), 0555) < 0)
                        _exit(1);
                if (txn_open(&fixture_query, &txn, &err) < 0)
                        _exit(2);
                if (txn_prepare(txn, &err) != PIPSEED_E_IO || err.sys_errno != EACCES || err.hint[0] == '\0')
                        _exit(3);
                txn_free(txn);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), 0);
}

/* bin/ on another file system: a staging directory of its own there, and it goes as well. */
static void two_file_systems(void **state)
{
        (void)state;
        if (mount("tmpfs", tree_path("env/bin"), "tmpfs", 0, "size=1m") < 0)
                skip();
        for (int commit = 0; commit < 2; commit++) {
                struct txn *txn = fixture_prepare();
                _cleanup_free_ char *staging = str_format("env/bin/%s", txn->name);

                tree_file("env/bin/pip", "old");
                fixture_stage(txn, PLAN_LIB, "pip/a.py", "new");
                fixture_stage(txn, PLAN_SCRIPTS, "pip", "new");
                fixture_stage(txn, PLAN_DATA, "share.txt", "new");
                assert_true(fixture_has(staging));
                fixture_add_change(txn, CHANGE_PUT, PLAN_LIB, "pip");
                fixture_add_change(txn, CHANGE_SWAP, PLAN_SCRIPTS, "pip");
                fixture_add_change(txn, CHANGE_PUT, PLAN_DATA, "share.txt");
                assert_false(txn_same_mount(txn->roots[PLAN_LIB].fd, txn->roots[PLAN_SCRIPTS].fd));
                assert_true(txn_same_mount(txn->roots[PLAN_LIB].fd, txn->roots[PLAN_DATA].fd));
                if (commit != 0)
                        fixture_commit(txn);
                txn_free(txn);
                assert_false(fixture_has(staging));
                fixture_assert_content("env/bin/pip", commit != 0 ? "new" : "old");
                assert_int_equal(fixture_has(RIG_LIB "/pip/a.py"), commit != 0);
                assert_int_equal(fixture_has("env/share.txt"), commit != 0);
        }
        assert_int_equal(umount2(tree_path("env/bin"), MNT_DETACH), 0);
}

/* What a directory of the scheme itself leads through is followed: a user's symlinked environment, lib64. */
static void scheme_dirs_may_be_links(void **state)
{
        struct txn *txn;

        (void)state;
        assert_int_equal(rename(tree_path("env"), tree_path("elsewhere")), 0);
        tree_link("env", "elsewhere");
        txn = fixture_prepare();
        fixture_stage(txn, PLAN_LIB, "pip/a.py", "new");
        fixture_add_change(txn, CHANGE_PUT, PLAN_LIB, "pip");
        fixture_commit(txn);
        txn_free(txn);
        fixture_assert_content("elsewhere/lib/python3.11/site-packages/pip/a.py", "new");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(without_commit_nothing_happens, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(commit_changes_everything, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(failing_commit_takes_back, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(dirs_that_do_not_exist_yet, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(staging_is_private, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(adding_what_is_not_there, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(rooted, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(root_is_made_and_unmade, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(root_that_is_a_file, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(two_at_once_wait, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(waiting_can_be_cancelled, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(no_right_to_write, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(two_file_systems, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(scheme_dirs_may_be_links, fixture_setup, tree_teardown),
        };

        return old_kernel_run_twice(tests);
}
