/* SPDX-License-Identifier: MIT */
#include "txn_fixture.h"

#include "old_kernel_fixture.h"

#include <sys/mount.h>

/* An upgrade as a killed run may leave it. The steps before N_STEPS: */
enum step {
        STEP_AREA,    /* made, empty */
        STEP_STAGED,  /* everything staged */
        STEP_WRITTEN, /* the journal has its temporary name */
        STEP_DECIDED, /* the journal has its name, no change made; then one change more with each step */
};
#define N_CHANGES 7
#define STEP_CHANGED (STEP_DECIDED + N_CHANGES)
#define STEP_CLEANING                                                                                                  \
        (STEP_CHANGED + 1) /* everything changed, and the staging directory is being removed: journal first */
#define N_STEPS (STEP_CLEANING + 3)

static char events[1024];

static int note_event(void *data, const struct pipseed_event *event)
{
        (void)data;
        (void)snprintf(events + strlen(events), sizeof(events) - strlen(events), "%d %s\n", (int)event->kind,
                       event->text);
        return 0;
}

static int refuse_event(void *data, const struct pipseed_event *event)
{
        (void)data;
        (void)event;
        return 1;
}

static void make_old(void)
{
        tree_file(RIG_LIB "/pip/a.py", "old");
        tree_file(RIG_LIB "/pip/b.py", "old");
        tree_file(RIG_LIB "/pip-1.dist-info/RECORD", "old");
        tree_file("env/bin/pip", "old");
}

static void stage(struct txn *txn)
{
        fixture_stage(txn, PLAN_LIB, "pip/a.py", "new");
        fixture_stage(txn, PLAN_LIB, "pip-2.dist-info/RECORD", "new");
        fixture_stage(txn, PLAN_SCRIPTS, "pip", "new");
        fixture_stage(txn, PLAN_SCRIPTS, "pip3", "new");
        fixture_stage(txn, PLAN_DATA, "share/pip.1", "new");
        fixture_add_change(txn, CHANGE_SWAP, PLAN_LIB, "pip");
        fixture_add_change(txn, CHANGE_TAKE, PLAN_LIB, "pip-1.dist-info");
        fixture_add_change(txn, CHANGE_PUT, PLAN_LIB, "pip-2.dist-info");
        fixture_add_change(txn, CHANGE_SWAP, PLAN_SCRIPTS, "pip");
        fixture_add_change(txn, CHANGE_PUT, PLAN_SCRIPTS, "pip3");
        fixture_add_change(txn, CHANGE_MKDIR, PLAN_DATA, "share");
        fixture_add_change(txn, CHANGE_PUT, PLAN_DATA, "share/pip.1");
}

static void write_journal(struct txn *txn, const char *name)
{
        _cleanup_(str_done) struct str text = STR_INIT;

        txn_write_journal(txn, &text);
        assert_int_equal(file_create(txn->roots[PLAN_LIB].staging_fd, name, 0600, text.data, text.len), 0);
}

/* Closes what the dead process held, and leaves the rest as it is. */
static void kill_txn(struct txn *txn)
{
        txn->keep_staging = true;
        txn->committed = true;
        txn_free(txn);
}

static void run_until(int step)
{
        struct txn *txn = fixture_prepare();
        int staging_fd = txn->roots[PLAN_LIB].staging_fd;

        if (step >= STEP_STAGED)
                stage(txn);
        if (step >= STEP_WRITTEN)
                write_journal(txn, step == STEP_WRITTEN ? "journal.new" : "journal");
        for (int i = 0; i < step - STEP_DECIDED && i < N_CHANGES; i++)
                assert_int_equal(change_apply(txn, (size_t)i), 0);
        if (step >= STEP_CLEANING)
                assert_int_equal(unlinkat(staging_fd, "journal", 0), 0);
        if (step >= STEP_CLEANING + 1)
                assert_int_equal(file_remove_tree(staging_fd, "lib"), 0);
        if (step >= STEP_CLEANING + 2)
                assert_int_equal(file_remove_tree(staging_fd, "old"), 0);
        kill_txn(txn);
}

static char *committed(void)
{
        struct txn *txn;

        make_old();
        txn = fixture_prepare();
        stage(txn);
        fixture_commit(txn);
        txn_free(txn);
        return fixture_everything("env");
}

static void start_over(void)
{
        _cleanup_close_ int top = file_open_dir(tree_root);

        assert_int_equal(file_remove_tree(top, "env"), 0);
        tree_dir(RIG_LIB);
        tree_dir("env/bin");
        make_old();
        events[0] = '\0';
}

/* Before the decision the old state, after it the new one, and nothing of the dead run besides. */
static void killed_at_each_step(void **state)
{
        _cleanup_free_ char *new = NULL;
        _cleanup_free_ char *old = NULL;

        (void)state;
        start_over();
        old = fixture_everything("env");
        new = committed();
        fixture_query.event = note_event;
        for (int step = STEP_AREA; step < N_STEPS; step++)
                for (int again = 0; again < 2; again++) {
                        _cleanup_free_ char *now = NULL;

                        start_over();
                        run_until(step);
                        if (again != 0)
                                run_until(STEP_AREA); /* killed once more after it had repaired */
                        txn_free(fixture_open());
                        now = fixture_everything("env");
                        if (strcmp(now, step < STEP_DECIDED ? old : new) != 0)
                                fail_msg("step %d: %s", step, now);
                        assert_string_equal(events, again != 0
                                                            ? "1 finished or undid what an interrupted run had left\n"
                                                              "1 finished or undid what an interrupted run had left\n"
                                                            : "1 finished or undid what an interrupted run had left\n");
                }
}

/* A repairing run that dies as well: changes made twice, or only some of them. */
static void killed_while_recovering(void **state)
{
        _cleanup_free_ char *new = NULL;

        (void)state;
        start_over();
        new = committed();
        for (int first = 0; first <= N_CHANGES; first++)
                for (int second = 0; second <= N_CHANGES; second++) {
                        _cleanup_free_ char *now = NULL;
                        struct txn *txn;

                        start_over();
                        txn = fixture_prepare();
                        stage(txn);
                        write_journal(txn, "journal");
                        for (int i = 0; i < first; i++)
                                assert_int_equal(change_apply(txn, (size_t)i), 0);
                        for (int i = 0; i < second; i++)
                                assert_int_equal(change_apply(txn, (size_t)i), 0);
                        kill_txn(txn);
                        txn_free(fixture_open());
                        now = fixture_everything("env");
                        assert_string_equal(now, new);
                }
}

/* A failed commit that was killed while it took its changes back goes forward. */
static void killed_while_taking_back(void **state)
{
        _cleanup_free_ char *new = NULL;

        (void)state;
        start_over();
        new = committed();
        for (size_t undone = 0; undone <= N_CHANGES; undone++) {
                _cleanup_free_ char *now = NULL;
                struct txn *txn;

                start_over();
                txn = fixture_prepare();
                stage(txn);
                write_journal(txn, "journal");
                for (size_t i = 0; i < N_CHANGES; i++)
                        assert_int_equal(change_apply(txn, i), 0);
                for (size_t i = 0; i < undone; i++)
                        assert_int_equal(change_undo(txn, N_CHANGES - 1 - i), 0);
                kill_txn(txn);
                txn_free(fixture_open());
                now = fixture_everything("env");
                assert_string_equal(now, new);
        }
}

static void damaged_journal_decides_nothing(void **state)
{
        _cleanup_free_ char *old = NULL;

        (void)state;
        start_over();
        old = fixture_everything("env");
        for (int i = 0; i < 3; i++) {
                static const char *const texts[] = {"", "pipseed-journal 1\ntake lib",
                                                    "pipseed-journal 9\nend 00000000\n"};
                _cleanup_free_ char *now = NULL;
                struct txn *txn = fixture_prepare();

                stage(txn);
                assert_int_equal(file_create(txn->roots[PLAN_LIB].staging_fd, "journal", 0600, texts[i],
                                             strlen(texts[i])),
                                 0);
                kill_txn(txn);
                txn_free(fixture_open());
                now = fixture_everything("env");
                assert_string_equal(now, old);
        }
}

#define AREA RIG_LIB "/.pipseed-0123456789abcdef"

/* A run that holds its staging directory is alive. */
static void living_staging_is_left_alone(void **state)
{
        _cleanup_free_ char *before = NULL;
        _cleanup_free_ char *after = NULL;
        _cleanup_close_ int fd = -1;

        (void)state;
        start_over();
        tree_file(AREA "/lib/pip/a.py", "theirs");
        fd = file_open_dir(tree_path(AREA));
        assert_int_equal(flock(fd, LOCK_EX), 0);
        before = fixture_everything("env");
        fixture_query.event = note_event;
        txn_free(fixture_open());
        after = fixture_everything("env");
        assert_string_equal(after, before);
        assert_string_equal(events, "");
        assert_int_equal(close(steal_fd(&fd)), 0);
        txn_free(fixture_open());
        assert_false(fixture_has(AREA));
}

static void staging_of_another_user_is_left_alone(void **state)
{
        (void)state;
        if (geteuid() != 0)
                skip();
        start_over();
        tree_file(AREA "/lib/pip/a.py", "theirs");
        assert_int_equal(chown(tree_path(AREA), 65534, 65534), 0);
        fixture_query.event = note_event;
        txn_free(fixture_open());
        fixture_assert_content(AREA "/lib/pip/a.py", "theirs");
        assert_string_equal(events, "2 another user's interrupted run is left alone\n");
}

static void other_names_are_left_alone(void **state)
{
        static const char *const entries[] = {
                RIG_LIB "/.pipseed-/",
                RIG_LIB "/.pipseed-0123456789abcde/",
                RIG_LIB "/.pipseed-0123456789abcdef0/",
                RIG_LIB "/.pipseed-0123456789ABCDEF/",
                RIG_LIB "/.pipseed-0123456789abcdeg/",
                RIG_LIB "/pipseed-0123456789abcdef/",
                RIG_LIB "/x.pipseed-0123456789abcdef/",
                RIG_LIB "/.pipseed-1123456789abcdef",
                RIG_LIB "/.pipseed-2123456789abcdef -> ../../../../outside",
                RIG_LIB "/.pipseed-3123456789abcdef -> nowhere",
                RIG_LIB "/pip/.pipseed-0123456789abcdef/",
                "env/bin/.pipseed-0123456789abcdef/",
        };
        _cleanup_free_ char *before = NULL;
        _cleanup_free_ char *after = NULL;

        (void)state;
        start_over();
        tree_file("outside/journal", "x");
        for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
                tree_entry(entries[i], "x");
        before = fixture_everything("");
        fixture_query.event = note_event;
        txn_free(fixture_open());
        after = fixture_everything("");
        assert_string_equal(after, before);
        assert_string_equal(events, "");
}

/* What others did between the kill and the repairing: it must neither be overwritten nor stop anything. */
static void others_were_here_since(void **state)
{
        (void)state;
        for (int step = STEP_DECIDED; step <= STEP_CHANGED; step++)
                for (int way = 0; way < 3; way++) {
                        _cleanup_close_ int top = file_open_dir(tree_root);
                        struct txn *txn;

                        start_over();
                        run_until(step);
                        if (way == 0) { /* removed by hand */
                                assert_int_equal(file_remove_tree(top, RIG_LIB "/pip"), 0);
                                assert_int_equal(file_remove_tree(top, "env/bin/pip3"), 0);
                                assert_int_equal(file_remove_tree(top, "env/share"), 0);
                        } else if (way == 1) { /* put there by another installer */
                                assert_int_equal(file_remove_tree(top, RIG_LIB "/pip-2.dist-info"), 0);
                                tree_file(RIG_LIB "/pip-2.dist-info/RECORD", "theirs");
                                assert_int_equal(file_remove_tree(top, "env/bin/pip3"), 0);
                                tree_file("env/bin/pip3", "theirs");
                        } else { /* a directory of the scheme is gone */
                                assert_int_equal(file_remove_tree(top, "env/bin"), 0);
                        }
                        txn = fixture_open();
                        txn_free(txn);
                        if (way == 1) {
                                fixture_assert_content(RIG_LIB "/pip-2.dist-info/RECORD", "theirs");
                                fixture_assert_content("env/bin/pip3", "theirs");
                        }
                        {
                                _cleanup_free_ char *visible = fixture_listing("env");
                                _cleanup_free_ char *everything = fixture_everything("env");

                                assert_string_equal(everything, visible); /* no staging directory is left */
                        }
                }
}

/* The package was replaced by hand after the swap: what was taken away must not come back. */
static void old_package_does_not_come_back(void **state)
{
        (void)state;
        start_over();
        run_until(STEP_DECIDED + 1);
        assert_int_equal(rename(tree_path(RIG_LIB "/pip"), tree_path(RIG_LIB "/kept")), 0);
        tree_file(RIG_LIB "/pip/a.py", "theirs");
        txn_free(fixture_open());
        fixture_assert_content(RIG_LIB "/pip/a.py", "theirs");
        assert_false(fixture_has(RIG_LIB "/pip/b.py"));
}

static void recovery_can_be_cancelled(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct txn *txn = NULL;

        (void)state;
        start_over();
        run_until(STEP_STAGED);
        fixture_query.event = refuse_event;
        assert_int_equal(txn_open(&fixture_query, &txn, &err), PIPSEED_E_CANCELLED);
        assert_null(txn);
}

/* A run that the kernel kills at its first system call of a kind, while it commits or cleans up. */
static const struct {
        const char *name;
        long number;
        bool is_new;
} deaths[] = {
        {"renameat, of the journal", SYS_renameat, false},
        {"renameat2, of the first change", SYS_renameat2, true},
        {"mkdirat, of old/", SYS_mkdirat, false},
        {"unlinkat, in cleaning up", SYS_unlinkat, true},
        {"getdents64, in cleaning up", SYS_getdents64, true},
        {"none", SYS_reboot, true},
};

static bool die_at(long number)
{
        struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const struct sock_fprog program = {.len = ARRAY_SIZE(filter), .filter = filter};

        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void killed_for_real(void **state)
{
        _cleanup_free_ char *old = NULL;
        _cleanup_free_ char *new = NULL;

        (void)state;
        if (on_valgrind() || old_kernel)
                skip(); /* other system calls */
        start_over();
        old = fixture_everything("env");
        new = committed();
        for (size_t i = 0; i < ARRAY_SIZE(deaths); i++) {
                _cleanup_free_ char *now = NULL;
                int status = -1;
                pid_t pid;

                start_over();
                pid = fork();
                if (pid == 0) {
                        struct pipseed_error err = PIPSEED_ERROR_INIT;
                        struct txn *txn = fixture_prepare();

                        stage(txn);
                        if (!die_at(deaths[i].number))
                                _exit(77);
                        if (txn_commit(txn, &err) < 0)
                                _exit(1);
                        txn_free(txn);
                        _exit(0);
                }
                assert_int_equal(waitpid(pid, &status, 0), pid);
                if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
                        skip();
                if (WIFSIGNALED(status) != (deaths[i].number != SYS_reboot))
                        fail_msg("%s: status %x", deaths[i].name, status);
                txn_free(fixture_open());
                now = fixture_everything("env");
                if (strcmp(now, deaths[i].is_new ? new : old) != 0)
                        fail_msg("%s:\n%s", deaths[i].name, now);
        }
}

/* A staging directory beside a root on another file system whose LIB staging directory is gone: only when it is ours
 * and nobody holds it. */
static void stray_areas(void **state)
{
        _cleanup_close_ int fd = -1;

        (void)state;
        if (geteuid() != 0 || mount("tmpfs", tree_path("env/bin"), "tmpfs", 0, "size=1m") < 0)
                skip();
        tree_dir("env/bin/.pipseed-0000000000000001");
        tree_dir("env/bin/.pipseed-0000000000000002");
        tree_dir("env/bin/.pipseed-0000000000000003");
        tree_dir("env/bin/.pipseed-junk");
        tree_file("env/bin/.pipseed-0000000000000004", "a file");
        fd = file_open_dir(tree_path("env/bin/.pipseed-0000000000000001"));
        assert_int_equal(flock(fd, LOCK_EX), 0);
        assert_int_equal(chown(tree_path("env/bin/.pipseed-0000000000000002"), 65534, 65534), 0);
        fixture_query.event = note_event;
        events[0] = '\0';
        txn_free(fixture_open());
        assert_true(fixture_has("env/bin/.pipseed-0000000000000001"));
        assert_true(fixture_has("env/bin/.pipseed-0000000000000002"));
        assert_false(fixture_has("env/bin/.pipseed-0000000000000003"));
        assert_true(fixture_has("env/bin/.pipseed-junk"));
        assert_true(fixture_has("env/bin/.pipseed-0000000000000004"));
        assert_string_equal(events, "");
        assert_int_equal(close(steal_fd(&fd)), 0);
        assert_int_equal(umount2(tree_path("env/bin"), MNT_DETACH), 0);
}

/* bin/ on another file system: its staging directory is found by the LIB staging directory's name, or by itself when
 * that one is gone. */
static void staging_on_two_file_systems(void **state)
{
        (void)state;
        if (mount("tmpfs", tree_path("env/bin"), "tmpfs", 0, "size=1m") < 0)
                skip();
        for (int decided = 0; decided < 3; decided++) {
                _cleanup_close_ int lib_fd = file_open_dir(tree_path(RIG_LIB));
                struct txn *txn;
                _cleanup_free_ char *staging = NULL;

                tree_file("env/bin/pip", "old");
                txn = fixture_prepare();
                staging = str_format("env/bin/%s", txn->name);
                fixture_stage(txn, PLAN_SCRIPTS, "pip", "new");
                fixture_add_change(txn, CHANGE_SWAP, PLAN_SCRIPTS, "pip");
                if (decided == 1)
                        write_journal(txn, "journal");
                if (decided == 2)
                        assert_int_equal(file_remove_tree(lib_fd, txn->name), 0);
                kill_txn(txn);
                assert_true(fixture_has(staging));
                txn_free(fixture_open());
                assert_false(fixture_has(staging));
                fixture_assert_content("env/bin/pip", decided == 1 ? "new" : "old");
        }
        assert_int_equal(umount2(tree_path("env/bin"), MNT_DETACH), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(killed_at_each_step, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(killed_while_recovering, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(killed_while_taking_back, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(damaged_journal_decides_nothing, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(living_staging_is_left_alone, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(staging_of_another_user_is_left_alone, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(other_names_are_left_alone, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(others_were_here_since, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(old_package_does_not_come_back, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(recovery_can_be_cancelled, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(killed_for_real, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(stray_areas, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(staging_on_two_file_systems, fixture_setup, tree_teardown),
        };

        return old_kernel_run_twice(tests);
}
