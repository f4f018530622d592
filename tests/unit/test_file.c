/* SPDX-License-Identifier: MIT */
#include "tree_fixture.h"

#include "old_kernel_fixture.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>

static int top(void)
{
        int fd = file_open_dir(tree_root);

        assert_true(fd >= 0);
        return fd;
}

static void assert_content(const char *name, const char *expected)
{
        _cleanup_free_ char *text = NULL;

        assert_int_equal(file_read(AT_FDCWD, tree_path(name), 1 << 20, &text, NULL), 0);
        assert_string_equal(text, expected);
}

static mode_t mode_of(const char *name)
{
        struct stat st;

        assert_int_equal(lstat(tree_path(name), &st), 0);
        return st.st_mode & 07777;
}

static bool exists(const char *name)
{
        struct stat st;

        return lstat(tree_path(name), &st) == 0;
}

static size_t count_entries(const char *name)
{
        _cleanup_free_ char *command = str_format("ls -A '%s' | wc -l", tree_path(name));
        FILE *pipe = popen(command, "r");
        char line[32] = "";

        assert_non_null(pipe);
        assert_non_null(fgets(line, sizeof(line), pipe));
        (void)pclose(pipe);
        return (size_t)atoi(line);
}

static const struct {
        const char *path;
        int flags;
        int expected; /* 0: opens */
} openings[] = {
        {"in/file", O_RDONLY, 0},
        {"in/dir/file", O_RDONLY, 0},
        {"in/dir", O_RDONLY | O_DIRECTORY, 0},
        {"in/dir", O_PATH | O_DIRECTORY, 0},
        {".", O_RDONLY | O_DIRECTORY, 0},
        {"in/to_file", O_RDONLY, -ELOOP},
        {"in/to_file", O_PATH | O_NOFOLLOW, 0},
        {"in/to_dir/file", O_RDONLY, -ELOOP},
        {"in/to_dir/file", O_PATH | O_NOFOLLOW, -ELOOP},
        {"in/outside/secret", O_RDONLY, -ELOOP},
        {"in/absolute/passwd", O_RDONLY, -ELOOP},
        {"../secret", O_RDONLY, -EXDEV},
        {"in/../../secret", O_RDONLY, -EXDEV},
        {"..", O_RDONLY | O_DIRECTORY, -EXDEV},
        {"/etc/passwd", O_RDONLY, -EXDEV},
        {"in/missing", O_RDONLY, -ENOENT},
        {"missing/file", O_RDONLY, -ENOENT},
        {"in/file/x", O_RDONLY, -ENOTDIR},
        {"in/file", O_RDONLY | O_DIRECTORY, -ENOTDIR},
        {"in/new", O_WRONLY | O_CREAT | O_EXCL, 0},
        {"in/file", O_WRONLY | O_CREAT | O_EXCL, -EEXIST},
        {"in/dangling", O_WRONLY | O_CREAT | O_EXCL, -EEXIST},
        {"in/dangling", O_WRONLY | O_CREAT, -ELOOP},
        {"in/outside/new", O_WRONLY | O_CREAT, -ELOOP},
        {"", O_RDONLY, -ENOENT},
};

static void make_maze(void)
{
        tree_file("secret", "secret");
        tree_file("top/in/file", "file");
        tree_file("top/in/dir/file", "deep");
        tree_link("top/in/to_file", "file");
        tree_link("top/in/to_dir", "dir");
        tree_link("top/in/outside", "../..");
        tree_link("top/in/absolute", "/etc");
        tree_link("top/in/dangling", "../../created");
}

static void opens_beneath(void **state)
{
        _cleanup_close_ int dir_fd = -1;

        (void)state;
        make_maze();
        dir_fd = file_open_dir(tree_path("top"));
        for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
                /* An empty path is none to openat2, and no plain one to us. */
                int expected = !has_openat2() && openings[i].path[0] == '\0' ? -EXDEV : openings[i].expected;
                _cleanup_close_ int fd = file_open_beneath(dir_fd, openings[i].path, openings[i].flags, 0640);

                if (expected == 0 ? fd < 0 : fd != expected)
                        fail_msg("%s (row %zu): %d, not %d", openings[i].path, i, fd, expected);
                if (fd >= 0)
                        assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        }
        assert_int_equal(mode_of("top/in/new"), 0640 & ~file_umask());
        assert_false(exists("created"));
        assert_false(exists("new"));
}

static void stays_within_name_limits(void **state)
{
        _cleanup_close_ int dir_fd = top();
        char name[400];

        (void)state;
        memset(name, 'x', sizeof(name));
        name[sizeof(name) - 1] = '\0';
        assert_int_equal(file_open_beneath(dir_fd, name, O_RDONLY, 0), -ENAMETOOLONG);
        assert_int_equal(file_make_dirs(dir_fd, name, 0755), -ENAMETOOLONG);
        name[NAME_MAX] = '\0';
        assert_int_equal(file_make_dirs(dir_fd, name, 0755), 0);
        {
                _cleanup_close_ int fd = file_open_beneath(dir_fd, name, O_RDONLY | O_DIRECTORY, 0);

                assert_true(fd >= 0);
        }
}

static void reads_within_the_limit(void **state)
{
        static const struct {
                size_t size, limit;
                int expected;
        } rows[] = {
                {0, 0, 0},       {0, 10, 0},      {10, 10, 0},        {10, 9, -EFBIG},        {4095, 5000, 0},
                {4096, 4096, 0}, {4097, 5000, 0}, {70000, 100000, 0}, {70000, 69999, -EFBIG},
        };
        char *data = malloc(70000);

        (void)state;
        assert_non_null(data);
        for (size_t i = 0; i < 70000; i++)
                data[i] = (char)(i % 253);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *text = NULL;
                size_t len = 4711;

                tree_bytes("file", data, rows[i].size, 0644);
                assert_int_equal(file_read(AT_FDCWD, tree_path("file"), rows[i].limit, &text, &len), rows[i].expected);
                if (rows[i].expected < 0) {
                        assert_null(text);
                        assert_int_equal(len, 4711);
                        continue;
                }
                assert_int_equal(len, rows[i].size);
                assert_memory_equal(text, data, len);
                assert_int_equal(text[len], '\0');
        }
        free(data);
}

/* Files of /proc and pipes say nothing of their size, or the wrong one. */
static void reads_what_has_no_size(void **state)
{
        static char data[20000];
        _cleanup_free_ char *text = NULL;
        _cleanup_free_ char *piped = NULL;
        size_t len = 0;
        int ends[2];

        (void)state;
        assert_int_equal(file_read(AT_FDCWD, "/proc/self/status", 1 << 20, &text, &len), 0);
        assert_non_null(strstr(text, "\nUmask:"));
        assert_int_equal(strlen(text), len);
        memset(data, 'p', sizeof(data));
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(file_write_all(ends[1], data, sizeof(data)), 0);
        assert_int_equal(file_close(ends[1]), 0);
        assert_int_equal(file_read_fd(ends[0], sizeof(data) - 1, &piped, &len), -EFBIG);
        assert_null(piped);
        assert_int_equal(file_close(ends[0]), 0);
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(file_write_all(ends[1], data, sizeof(data)), 0);
        assert_int_equal(file_close(ends[1]), 0);
        assert_int_equal(file_read_fd(ends[0], sizeof(data), &piped, &len), 0);
        assert_int_equal(len, sizeof(data));
        assert_memory_equal(piped, data, sizeof(data));
        assert_int_equal(file_close(ends[0]), 0);
}

static void does_not_read_other_things(void **state)
{
        _cleanup_free_ char *text = NULL;

        (void)state;
        tree_dir("dir");
        assert_int_equal(file_read(AT_FDCWD, tree_path("dir"), 10, &text, NULL), -EISDIR);
        assert_int_equal(file_read(AT_FDCWD, tree_path("missing"), 10, &text, NULL), -ENOENT);
        assert_int_equal(file_read_fd(-1, 10, &text, NULL), -EBADF);
        assert_null(text);
        assert_int_equal(mkfifo(tree_path("fifo"), 0600), 0);
        assert_int_equal(file_read(AT_FDCWD, tree_path("fifo"), 10, &text, NULL), 0); /* does not hang */
        assert_string_equal(text, "");
}

static void notices_failing_writes(void **state)
{
        _cleanup_close_ int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

        (void)state;
        assert_true(full >= 0);
        assert_int_equal(file_write_all(full, "x", 1), -ENOSPC);
        assert_int_equal(file_write_all(full, "x", 0), 0);
        assert_int_equal(file_write_all(-1, "x", 1), -EBADF);
        assert_int_equal(file_close(-1), -EBADF);
}

static void creates_with_exact_mode(void **state)
{
        static const mode_t modes[] = {0644, 0755, 0600, 0666, 0777, 0400, 0555};
        _cleanup_close_ int dir_fd = top();
        mode_t umask_before = umask(077);

        (void)state;
        tree_dir("d");
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                _cleanup_free_ char *name = str_format("d/f%zu", i);

                assert_int_equal(file_create(dir_fd, name, modes[i], "text", 4), 0);
                assert_int_equal(mode_of(name), modes[i]);
                assert_content(name, "text");
                assert_int_equal(file_create(dir_fd, name, modes[i], "other", 5), -EEXIST);
                assert_content(name, "text");
        }
        (void)umask(umask_before);
        tree_link("link", "elsewhere");
        assert_int_equal(file_create(dir_fd, "link", 0644, "x", 1), -EEXIST);
        assert_false(exists("elsewhere"));
}

static void replaces_whole(void **state)
{
        _cleanup_close_ int dir_fd = -1;

        (void)state;
        tree_dir("d");
        dir_fd = file_open_dir(tree_path("d"));
        assert_int_equal(file_replace(dir_fd, "state", 0640, "one", 3, false), 0);
        assert_content("d/state", "one");
        assert_int_equal(mode_of("d/state"), 0640);
        assert_int_equal(file_replace(dir_fd, "state", 0600, "two", 3, true), 0);
        assert_content("d/state", "two");
        assert_int_equal(mode_of("d/state"), 0600);
        assert_int_equal(count_entries("d"), 1);
        /* A link is replaced, not followed. */
        tree_file("target", "target");
        tree_link("d/link", "../target");
        assert_int_equal(file_replace(dir_fd, "link", 0644, "three", 5, false), 0);
        assert_content("d/link", "three");
        assert_content("target", "target");
        assert_int_equal(count_entries("d"), 2);
        /* What cannot be replaced leaves nothing behind. */
        tree_dir("d/sub");
        assert_int_equal(file_replace(dir_fd, "sub", 0644, "x", 1, false), -EISDIR);
        assert_int_equal(count_entries("d"), 3);
}

static const struct {
        const char *path;
        int expected;
} directories[] = {
        {"a", 0},
        {"a/b/c", 0},
        {"a/b", 0},
        {"a/b/c", 0},
        {"", -EINVAL},
        {"/a", -EINVAL},
        {"../x", -EINVAL},
        {"a/../x", -EINVAL},
        {"a//b", -EINVAL},
        {"file", -ENOTDIR},
        {"file/x", -ENOTDIR},
        {"a/file", -ENOTDIR},
        {"a/file/x", -ENOTDIR},
        {"link", -ENOTDIR},
        {"link/x", -ENOTDIR},
        {"a/link", -ENOTDIR},
        {"a/link/x", -ENOTDIR},
        {"dangling", -ENOTDIR},
};

static void makes_dirs(void **state)
{
        _cleanup_close_ int dir_fd = -1;
        mode_t umask_before = umask(027);

        (void)state;
        tree_file("top/file", "");
        tree_file("top/a/file", "");
        tree_dir("outside");
        tree_link("top/link", "../outside");
        tree_link("top/a/link", "../../outside");
        tree_link("top/dangling", "nowhere");
        dir_fd = file_open_dir(tree_path("top"));
        for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
                int r = file_make_dirs(dir_fd, directories[i].path, 0777);

                if (r != directories[i].expected)
                        fail_msg("%s: %d, not %d", directories[i].path, r, directories[i].expected);
        }
        (void)umask(umask_before);
        assert_int_equal(mode_of("top/a/b"), 0750);
        assert_int_equal(mode_of("top/a/b/c"), 0750);
        assert_int_equal(count_entries("outside"), 0);
        assert_false(exists("top/nowhere"));
}

static void makes_absolute_dirs(void **state)
{
        (void)state;
        tree_file("file", "");
        tree_dir("real");
        tree_link("link", "real");
        assert_int_equal(file_make_dirs_abs(tree_path("x/y/z"), 0700), 0);
        assert_int_equal(mode_of("x/y/z"), 0700);
        assert_int_equal(mode_of("x"), 0700);
        assert_int_equal(file_make_dirs_abs(tree_path("x/y/z"), 0755), 0);
        assert_int_equal(mode_of("x/y/z"), 0700);
        assert_int_equal(file_make_dirs_abs(tree_path("link"), 0755), 0);
        assert_int_equal(file_make_dirs_abs(tree_path("link/sub"), 0755), 0);
        assert_true(exists("real/sub"));
        assert_int_equal(file_make_dirs_abs(tree_path("file"), 0755), -ENOTDIR);
        assert_int_equal(file_make_dirs_abs(tree_path("file/x"), 0755), -ENOTDIR);
        assert_int_equal(file_make_dirs_abs("/", 0755), 0);
        assert_int_equal(file_make_dirs_abs("/proc/nothing/here", 0755), -ENOENT);
}

static void removes_trees(void **state)
{
        _cleanup_close_ int dir_fd = top();

        (void)state;
        tree_file("outside/kept", "kept");
        tree_file("gone/a/b/c/file", "");
        tree_file("gone/file", "");
        tree_link("gone/link", "../outside");
        tree_link("gone/a/file", "../../outside/kept");
        tree_link("link", "outside");
        assert_int_equal(mkfifo(tree_path("gone/fifo"), 0600), 0);
        assert_int_equal(file_remove_tree(dir_fd, "gone/a/b"), 0);
        assert_true(exists("gone/a/file"));
        assert_false(exists("gone/a/b"));
        assert_int_equal(file_remove_tree(dir_fd, "gone"), 0);
        assert_false(exists("gone"));
        assert_int_equal(file_remove_tree(dir_fd, "link"), 0);
        assert_false(exists("link"));
        assert_content("outside/kept", "kept");
        tree_link("link", "outside");
        assert_int_equal(file_remove_tree(dir_fd, "link/kept"), -ELOOP);
        assert_content("outside/kept", "kept");
        assert_int_equal(file_remove_tree(dir_fd, "absent"), 0);
        assert_int_equal(file_remove_tree(dir_fd, "absent/too"), 0);
}

#define MANY_LEVELS 3000

static void make_deep(const char *path, bool locked)
{
        int fd;

        tree_dir(path);
        fd = file_open_dir(tree_path(path));
        for (int i = 0; i < MANY_LEVELS; i++) {
                int next;

                assert_int_equal(mkdirat(fd, "d", 0700), 0);
                if (i % 100 == 0)
                        assert_int_equal(file_create(fd, "file", 0600, "x", 1), 0);
                next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                assert_true(next >= 0);
                if (locked && i % 100 == 1)
                        assert_int_equal(fchmod(fd, 0), 0);
                (void)close(fd);
                fd = next;
        }
        (void)close(fd);
}

static void *remove_deep_trees(void *data)
{
        int dir_fd = *(const int *)data;
        _cleanup_close_ int fd = openat(dir_fd, "held", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        static int result;

        result = file_remove_tree(dir_fd, "deep");
        if (result == 0)
                result = file_remove_tree(dir_fd, "locked");
        if (result == 0)
                result = file_remove_held(dir_fd, "held", fd);
        return &result;
}

/* A sanitizer needs stack of its own; what recursed without an end would need megabytes. */
#ifdef __SANITIZE_ADDRESS__
#define SMALL_STACK ((size_t)512 << 10)
#else
#define SMALL_STACK ((size_t)128 << 10)
#endif

/* With the smallest stack of a thread, and descriptors for a few levels only. */
static void removes_deep_trees(void **state)
{
        _cleanup_close_ int dir_fd = top();
        struct rlimit before, few;
        pthread_attr_t attributes;
        pthread_t thread;
        void *result = NULL;

        (void)state;
        make_deep("deep", false);
        make_deep("locked", true);
        make_deep("held", false);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        few = (struct rlimit){.rlim_cur = 40, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        assert_int_equal(pthread_attr_init(&attributes), 0);
        assert_int_equal(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
        assert_int_equal(pthread_create(&thread, &attributes, remove_deep_trees, &dir_fd), 0);
        assert_int_equal(pthread_join(thread, &result), 0);
        (void)pthread_attr_destroy(&attributes);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(*(const int *)result, 0);
        assert_false(exists("deep"));
        assert_false(exists("locked"));
        assert_false(exists("held"));
}

/* Writes until its directory is gone. */
static void *write_on(void *data)
{
        const int dir_fd = *(const int *)data;

        for (unsigned int i = 0;; i++) {
                char name[16];
                int fd;

                (void)snprintf(name, sizeof(name), "%u", i);
                fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
                if (fd < 0)
                        return NULL;
                (void)close(fd);
                (void)sched_yield();
        }
}

static void removes_while_somebody_writes(void **state)
{
        _cleanup_close_ int dir_fd = top();

        (void)state;
        for (int i = 0; i < 200; i++) {
                pthread_t thread;
                int r;

                tree_dir("busy/a/b");
                _cleanup_close_ int busy_fd = file_open_dir(tree_path("busy/a/b"));
                assert_true(busy_fd >= 0);
                assert_int_equal(pthread_create(&thread, NULL, write_on, &busy_fd), 0);
                (void)usleep(200);
                r = file_remove_tree(dir_fd, "busy");
                while (file_remove_tree(dir_fd, "busy") < 0)
                        ; /* the thread ends with its directory */
                assert_int_equal(pthread_join(thread, NULL), 0);
                assert_int_equal(r, 0);
                assert_false(exists("busy"));
        }
}

/* Directories without write or read permission, as the user who owns them: root would not notice. */
static void removes_protected_dirs(void **state)
{
        static const mode_t modes[] = {0555, 0333, 0000, 0700};
        int status = -1;
        pid_t pid;

        (void)state;
        assert_int_equal(chmod(tree_root, 0777), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                _cleanup_close_ int dir_fd = -1;

                if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
                        _exit(1);
                for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                        if (file_make_dirs_abs(tree_path("mine/sub"), 0755) < 0 ||
                            (dir_fd = file_open_dir(tree_path("mine"))) < 0 ||
                            file_create(dir_fd, "sub/file", 0444, "", 0) < 0 ||
                            fchmodat(dir_fd, "sub", modes[i], 0) < 0 || fchmod(dir_fd, modes[i]) < 0)
                                _exit(2);
                        (void)close(steal_fd(&dir_fd));
                        dir_fd = file_open_dir(tree_root);
                        if (file_remove_tree(dir_fd, "mine") < 0)
                                _exit(10 + (int)i);
                        (void)close(steal_fd(&dir_fd));
                }
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_false(exists("mine"));
}

static void tells_the_umask(void **state)
{
        static const mode_t masks[] = {0, 022, 077, 0777, 002};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
                mode_t before = umask(masks[i]);
                mode_t told = file_umask();

                assert_int_equal(umask(before), masks[i]);
                assert_int_equal(told, masks[i]);
        }
}

static void makes_random_names(void **state)
{
        char a[32], b[32], exact[4 + 16 + 1], small[4 + 16];

        (void)state;
        assert_int_equal(file_random_name("tmp-", a, sizeof(a)), 0);
        assert_int_equal(file_random_name("tmp-", b, sizeof(b)), 0);
        assert_int_equal(strlen(a), 4 + 16);
        assert_int_equal(strspn(a + 4, "0123456789abcdef"), 16);
        assert_true(str_starts(a, "tmp-"));
        assert_string_not_equal(a, b);
        assert_int_equal(file_random_name("tmp-", exact, sizeof(exact)), 0);
        assert_int_equal(file_random_name("tmp-", small, sizeof(small)), -ENAMETOOLONG);
}

static void renames(void **state)
{
        _cleanup_close_ int dir_fd = top();

        (void)state;
        tree_file("a", "a");
        tree_file("b", "b");
        assert_int_equal(file_rename_new(dir_fd, "a", dir_fd, "b"), -EEXIST);
        assert_content("b", "b");
        assert_int_equal(file_rename_new(dir_fd, "a", dir_fd, "c"), 0);
        assert_content("c", "a");
        assert_false(exists("a"));
        if (old_kernel) {
                assert_int_equal(file_rename_exchange(dir_fd, "b", dir_fd, "c"), -EOPNOTSUPP);
                assert_content("b", "b");
                return;
        }
        assert_int_equal(file_rename_exchange(dir_fd, "b", dir_fd, "c"), 0);
        assert_content("b", "a");
        assert_content("c", "b");
        assert_int_equal(file_rename_exchange(dir_fd, "b", dir_fd, "missing"), -ENOENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(opens_beneath, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(stays_within_name_limits, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(reads_within_the_limit, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(reads_what_has_no_size, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(does_not_read_other_things, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(notices_failing_writes, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(creates_with_exact_mode, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(replaces_whole, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(makes_dirs, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(makes_absolute_dirs, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(removes_trees, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(removes_deep_trees, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(removes_while_somebody_writes, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(removes_protected_dirs, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(tells_the_umask, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(makes_random_names, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(renames, tree_setup, tree_teardown),
        };

        return old_kernel_run_twice(tests);
}
