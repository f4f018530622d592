/* SPDX-License-Identifier: MIT */
#include "tree_fixture.h"

#include "base/error.h"
#include "base/path.h"
#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/wait.h>

static int both_setup(void **state)
{
        (void)unsetenv("XDG_CACHE_HOME");
        (void)unsetenv("HOME");
        return tree_setup(state);
}

static bool has(const char *name)
{
        struct stat st;

        return lstat(tree_path(name), &st) == 0;
}

static mode_t mode_of(const char *name)
{
        struct stat st;

        assert_int_equal(stat(tree_path(name), &st), 0);
        return st.st_mode & 07777;
}

static struct store *open_store(const char *name)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct store *store = NULL;

        tree_dir(name);
        assert_int_equal(store_open(AT_FDCWD, tree_path(name), tree_path(name), STORE_OWN, &store, &err), 0);
        return store;
}

/* "%": the temporary directory. */
static const struct {
        const char *cache_dir, *xdg, *home, *expected;
} directories[] = {
        {"%/given", "%/xdg", "%/home", "given"},
        {"%/a/../given/./x", NULL, NULL, "given/x"},
        {NULL, "%/xdg", "%/home", "xdg/pipseed"},
        {NULL, "relative", "%/home", "home/.cache/pipseed"},
        {NULL, "", "%/home", "home/.cache/pipseed"},
        {NULL, NULL, "%/home", "home/.cache/pipseed"},
        {NULL, NULL, NULL, NULL},
        {NULL, NULL, "relative", NULL},
        {NULL, "", "", NULL},
        {"%/file/x", NULL, NULL, NULL},
        {"%/file", NULL, NULL, NULL},
};

static const char *expand(const char *text)
{
        return text != NULL && text[0] == '%' ? tree_path(text + 2) : text;
}

static void finds_its_dir(void **state)
{
        (void)state;
        tree_file("file", "");
        for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_free_ char *path = NULL;
                int r;

                (void)(directories[i].xdg != NULL ? setenv("XDG_CACHE_HOME", expand(directories[i].xdg), 1)
                                                  : unsetenv("XDG_CACHE_HOME"));
                (void)(directories[i].home != NULL ? setenv("HOME", expand(directories[i].home), 1) : unsetenv("HOME"));
                r = store_find_dir(expand(directories[i].cache_dir), &path, &err);
                if (directories[i].expected == NULL) {
                        assert_int_equal(r, PIPSEED_E_NO_STORE);
                        assert_null(path);
                        assert_string_not_equal(err.hint, "");
                        continue;
                }
                if (r < 0)
                        fail_msg("row %zu: %s", i, err.message);
                assert_string_equal(path, tree_path(directories[i].expected));
                assert_int_equal(mode_of(directories[i].expected), 0700);
        }
}

static void only_its_own_dir(void **state)
{
        static const struct {
                mode_t mode;
                uid_t owner;
                int expected, expected_system;
        } rows[] = {
                {0700, 0, 0, 0},
                {0755, 0, 0, 0},
                {0775, 0, PIPSEED_E_STORE_UNTRUSTED, PIPSEED_E_STORE_UNTRUSTED},
                {0702, 0, PIPSEED_E_STORE_UNTRUSTED, PIPSEED_E_STORE_UNTRUSTED},
                {0755, 65534, PIPSEED_E_STORE_UNTRUSTED, PIPSEED_E_STORE_UNTRUSTED},
        };

        (void)state;
        if (geteuid() != 0)
                skip(); /* nobody else can give a directory away */
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_(store_freep) struct store *store = NULL;
                _cleanup_(store_freep) struct store *system = NULL;
                _cleanup_free_ char *name = str_format("c%zu/v1", i);

                tree_dir(name);
                assert_int_equal(chmod(tree_path(name), rows[i].mode), 0);
                assert_int_equal(chown(tree_path(name), rows[i].owner, rows[i].owner), 0);
                name[strlen(name) - strlen("/v1")] = '\0';
                assert_int_equal(store_open(AT_FDCWD, tree_path(name), tree_path(name), STORE_OWN, &store, &err),
                                 rows[i].expected);
                error_clear(&err);
                assert_int_equal(store_open(AT_FDCWD, tree_path(name), tree_path(name), STORE_SYSTEM, &system, &err),
                                 rows[i].expected_system);
        }
}

/* A user finds a system store of root, but not the other way round; nobody uses another user's own. */
static void ordinary_user(void **state)
{
        int status = -1;
        pid_t pid;

        (void)state;
        if (geteuid() != 0)
                skip();
        tree_dir("system/v1");
        tree_dir("mine");
        assert_int_equal(chmod(tree_root, 0755), 0);
        assert_int_equal(chown(tree_path("mine"), 65534, 65534), 0);
        pid = fork();
        if (pid == 0) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct store *store = NULL;
                char *path = NULL;

                if (setresuid(65534, 65534, 65534) < 0)
                        _exit(1);
                if (store_open(AT_FDCWD, tree_path("system"), tree_path("system"), STORE_SYSTEM, &store, &err) != 0)
                        _exit(2);
                store_free(steal_ptr(store));
                if (store_open(AT_FDCWD, tree_path("system"), tree_path("system"), STORE_OWN, &store, &err) !=
                            PIPSEED_E_NO_STORE &&
                    err.code != PIPSEED_E_STORE_UNTRUSTED)
                        _exit(3);
                error_clear(&err);
                if (store_find_dir(tree_path("mine"), &path, &err) != 0)
                        _exit(4);
                free(steal_ptr(path));
                if (store_find_dir(tree_path("system"), &path, &err) != PIPSEED_E_STORE_UNTRUSTED)
                        _exit(5);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), 0);
}

static void root_stays_out_of_other_homes(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_free_ char *path = NULL;

        (void)state;
        if (geteuid() != 0)
                skip();
        tree_dir("home");
        assert_int_equal(chown(tree_path("home"), 65534, 65534), 0);
        (void)setenv("HOME", tree_path("home"), 1);
        assert_int_equal(store_find_dir(NULL, &path, &err), PIPSEED_E_NO_STORE);
        assert_false(has("home/.cache"));
}

static void makes_its_dirs(void **state)
{
        _cleanup_(store_freep) struct store *store = open_store("c");
        _cleanup_(store_freep) struct store *again = open_store("c");
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(store_freep) struct store *system = NULL;

        (void)state;
        assert_int_equal(mode_of("c/v1"), 0700);
        assert_int_equal(mode_of("c/v1/wheels"), 0700);
        assert_int_equal(mode_of("c/v1/tmp"), 0700);
        assert_string_equal(store->path, tree_path("c/v1"));
        assert_int_equal(store->boot_len, 36);
        assert_int_equal(store->epoch[36], ' '); /* then the mount */
        assert_string_equal(store->epoch, again->epoch);
        /* A system store is never made. */
        tree_dir("s");
        assert_int_equal(store_open(AT_FDCWD, tree_path("s"), tree_path("s"), STORE_SYSTEM, &system, &err),
                         PIPSEED_E_NO_STORE);
        assert_false(has("s/v1"));
}

static void temporary_dirs_are_held(void **state)
{
        _cleanup_(store_freep) struct store *store = open_store("c");
        char name[64], other[64];
        _cleanup_close_ int fd = store_make_temporary(store, name);
        int killed = store_make_temporary(store, other);
        _cleanup_free_ char *path = path_join("c/v1", name);
        _cleanup_free_ char *left = path_join("c/v1", other);

        (void)state;
        assert_true(fd >= 0 && killed >= 0);
        assert_true(str_starts(name, "tmp/"));
        assert_string_not_equal(name, other);
        tree_file("c/v1/tmp/stray/file", "x");
        tree_file("c/v1/tmp/junk", "x");
        assert_int_equal(close(killed), 0);
        store_sweep(store);
        assert_true(has(path));
        assert_false(has(left));
        assert_false(has("c/v1/tmp/stray"));
        assert_int_equal(close(steal_fd(&fd)), 0);
        store_sweep(store);
        assert_false(has(path));
        assert_true(has("c/v1/tmp"));
}

/* A run that finds all it needs sweeps, too, but waits for nobody. */
static void sweeps_when_nobody_is_at_work(void **state)
{
        _cleanup_(store_freep) struct store *store = open_store("c");
        _cleanup_close_ int lock_fd = store_lock(store, NULL, NULL);
        char name[64];
        _cleanup_close_ int held = store_make_temporary(store, name);
        _cleanup_free_ char *path = path_join("c/v1", name);

        (void)state;
        assert_true(lock_fd >= 0 && held >= 0);
        tree_file("c/v1/tmp/stray/file", "x");
        store_sweep_if_free(store);
        assert_true(has("c/v1/tmp/stray"));
        assert_int_equal(close(steal_fd(&lock_fd)), 0);
        store_sweep_if_free(store);
        assert_false(has("c/v1/tmp/stray"));
        assert_true(has(path));
        assert_int_equal(close(steal_fd(&held)), 0);
        store_sweep_if_free(store);
        assert_false(has(path));
        store_sweep_if_free(store);
        assert_true(has("c/v1/tmp"));
}

struct sweeper {
        const struct store *store;
        bool stop;
};

static void *sweep_on(void *data)
{
        struct sweeper *sweeper = data;

        while (!__atomic_load_n(&sweeper->stop, __ATOMIC_SEQ_CST))
                store_sweep(sweeper->store);
        return NULL;
}

/* Somebody who sweeps without the store's lock (it took too long) does not take a directory that is just being made. */
static void what_is_made_stays_while_others_sweep(void **state)
{
        _cleanup_(store_freep) struct store *store = open_store("c");
        struct sweeper sweeper = {.store = store};
        int taken = 0;
        pthread_t thread;

        (void)state;
        assert_int_equal(pthread_create(&thread, NULL, sweep_on, &sweeper), 0);
        for (int i = 0; i < 2000; i++) {
                char name[64];
                _cleanup_close_ int fd = store_make_temporary(store, name);

                taken += fd < 0 || mkdirat(fd, "files", 0700) < 0 || faccessat(store->fd, name, F_OK, 0) < 0;
                if (fd >= 0)
                        (void)file_remove_tree(store->fd, name);
        }
        __atomic_store_n(&sweeper.stop, true, __ATOMIC_SEQ_CST);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(taken, 0);
}

static void takes_out(void **state)
{
        _cleanup_(store_freep) struct store *store = open_store("c");

        (void)state;
        tree_file("c/v1/wheels/abc/files/x", "x");
        tree_file("c/v1/wheels/other/files/x", "x");
        assert_int_equal(store_take_out(store, "wheels/abc"), 0);
        assert_false(has("c/v1/wheels/abc"));
        assert_true(has("c/v1/wheels/other/files/x"));
        assert_int_equal(store_take_out(store, "wheels/abc"), 0);
        store_sweep(store);
        assert_int_equal(rmdir(tree_path("c/v1/tmp")), 0); /* nothing was left there */
}

struct waiter {
        const struct store *store;
        int fd;
        bool done;
};

static void *wait_for_lock(void *data)
{
        struct waiter *waiter = data;

        waiter->fd = store_lock(waiter->store, NULL, NULL);
        __atomic_store_n(&waiter->done, true, __ATOMIC_SEQ_CST);
        return NULL;
}

static void lock_serialises(void **state)
{
        _cleanup_(store_freep) struct store *store = open_store("c");
        struct waiter waiter = {.store = store, .fd = -1};
        _cleanup_close_ int fd = store_lock(store, NULL, NULL);
        pthread_t thread;

        (void)state;
        assert_true(fd >= 0);
        assert_int_equal(pthread_create(&thread, NULL, wait_for_lock, &waiter), 0);
        (void)usleep(150 * 1000);
        assert_false(__atomic_load_n(&waiter.done, __ATOMIC_SEQ_CST));
        assert_int_equal(close(steal_fd(&fd)), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_true(waiter.fd >= 0);
        (void)close(waiter.fd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(finds_its_dir, both_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(only_its_own_dir, both_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(ordinary_user, both_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(root_stays_out_of_other_homes, both_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(makes_its_dirs, both_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(temporary_dirs_are_held, both_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(sweeps_when_nobody_is_at_work, both_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(what_is_made_stays_while_others_sweep, both_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(takes_out, both_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(lock_serialises, both_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
