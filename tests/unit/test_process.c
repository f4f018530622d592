/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

static char *const no_environment[] = {NULL};

static int run(const char *script, int in, int out, int log, int dir_fd, int *ret_status)
{
        const char *argv[] = {"/bin/sh", "-c", script, NULL};
        const struct process_spec spec = {.argv = argv,
                                          .envp = no_environment,
                                          .stdin_fd = in,
                                          .stdout_fd = out,
                                          .stderr_fd = log,
                                          .dir_fd = dir_fd};
        struct process process = PROCESS_INIT;
        int r = process_start(&spec, &process);

        return r < 0 ? r : process_wait(&process, -1, NULL, NULL, ret_status);
}

static char *content(int fd)
{
        char *text = NULL;

        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(file_read_fd(fd, 1 << 20, &text, NULL), 0);
        return text;
}

static void streams_go_where_they_are_told(void **state)
{
        _cleanup_close_ int in = process_file("hello\n", 6);
        _cleanup_close_ int out = process_file("", 0);
        _cleanup_close_ int log = process_file("", 0);
        _cleanup_free_ char *out_text = NULL;
        _cleanup_free_ char *log_text = NULL;
        int status = -1;

        (void)state;
        assert_int_equal(run("read line; echo \"got $line\"; echo oops >&2; exit 7", in, out, log, -1, &status), 0);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 7);
        out_text = content(out);
        log_text = content(log);
        assert_string_equal(out_text, "got hello\n");
        assert_string_equal(log_text, "oops\n");
}

static void other_streams_are_null(void **state)
{
        _cleanup_close_ int out = process_file("", 0);
        _cleanup_free_ char *text = NULL;
        int status = -1;

        (void)state;
        assert_int_equal(run("readlink /proc/self/fd/0 /proc/$$/fd/2; pwd; echo x >&2; read line; echo $?", -1, out, -1,
                             -1, &status),
                         0);
        assert_int_equal(status, 0);
        text = content(out);
        assert_string_equal(text, "/dev/null\n/dev/null\n/\n1\n");
}

static void starts_in_a_held_dir(void **state)
{
        _cleanup_close_ int out = process_file("", 0);
        _cleanup_close_ int dir_fd = file_open_dir("/usr/bin");
        _cleanup_free_ char *text = NULL;
        int status = -1;

        (void)state;
        assert_int_equal(run("pwd", -1, out, -1, dir_fd, &status), 0);
        text = content(out);
        assert_string_equal(text, "/usr/bin\n");
}

/* Also a descriptor of the host that it forgot to mark. */
static void inherits_nothing_else(void **state)
{
        _cleanup_close_ int out = process_file("", 0);
        int forgotten = dup(out);
        _cleanup_free_ char *text = NULL;
        int status = -1;

        (void)state;
        assert_true(forgotten > 2);
        assert_int_equal(run("for fd in 0 1 2 3 4 5 6 7 8 9 10 11 12; do "
                             "test -e /proc/$$/fd/$fd && echo $fd $(readlink /proc/$$/fd/$fd); done; true",
                             -1, out, -1, -1, &status),
                         0);
        (void)close(forgotten);
        text = content(out);
        for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
                _cleanup_free_ char *link = str_format("%.*s", (int)strcspn(line, "\n"), line);

                if (strcmp(link, "0 /dev/null") != 0 && strcmp(link, "2 /dev/null") != 0 && !str_starts(link, "1 "))
                        fail_msg("inherited: %s", link);
        }
}

static void signals_are_as_at_login(void **state)
{
        const struct sigaction ignore = {.sa_handler = SIG_IGN};
        struct sigaction old, now;
        sigset_t set, old_set;
        int status = 0;

        (void)state;
        assert_int_equal(sigaction(SIGTERM, &ignore, &old), 0);
        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGTERM);
        assert_int_equal(sigprocmask(SIG_BLOCK, &set, &old_set), 0);
        assert_int_equal(run("kill -TERM $$; exit 0", -1, -1, -1, -1, &status), 0);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGTERM);
        /* The host's own are as before. */
        assert_int_equal(sigprocmask(SIG_SETMASK, &old_set, &set), 0);
        assert_int_equal(sigismember(&set, SIGTERM), 1);
        assert_int_equal(sigaction(SIGTERM, &old, &now), 0);
        assert_ptr_equal(now.sa_handler, SIG_IGN);
}

static const struct {
        const char *path;
        int expected;
} broken[] = {
        {"/nonexistent/python", -ENOENT},
        {"/etc/passwd", -EACCES},
        {"/etc/passwd/x", -ENOTDIR},
        {"/", -EACCES},
};

static void says_why_it_cannot_start(void **state)
{
        (void)state;
        if (getenv("LD_PRELOAD") != NULL && strstr(getenv("LD_PRELOAD"), "vgpreload") != NULL)
                skip(); /* a valgrind does not pass on why a program could not be started */
        for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
                const char *argv[] = {broken[i].path, NULL};
                const struct process_spec spec = {.argv = argv,
                                                  .envp = no_environment,
                                                  .stdin_fd = -1,
                                                  .stdout_fd = -1,
                                                  .stderr_fd = -1,
                                                  .dir_fd = -1};
                struct process process = PROCESS_INIT;

                assert_int_equal(process_start(&spec, &process), broken[i].expected);
                assert_int_equal(process.pid, -1);
        }
        errno = 0;
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left to reap */
        assert_int_equal(errno, ECHILD);
}

static void kills_what_takes_too_long(void **state)
{
        const char *argv[] = {"/bin/sleep", "60", NULL};
        const struct process_spec spec = {
                .argv = argv, .envp = no_environment, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .dir_fd = -1};
        struct process process = PROCESS_INIT;
        struct timespec begin, end;
        int status = 4711;
        pid_t pid;

        (void)state;
        assert_int_equal(process_start(&spec, &process), 0);
        pid = process.pid;
        assert_true(pid > 0);
        (void)clock_gettime(CLOCK_MONOTONIC, &begin);
        assert_int_equal(process_wait(&process, 200, NULL, NULL, &status), -ETIMEDOUT);
        (void)clock_gettime(CLOCK_MONOTONIC, &end);
        assert_in_range((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000, 199, 20000);
        assert_int_equal(status, 4711);
        assert_int_equal(process.pid, -1);
        assert_int_equal(kill(pid, 0), -1);
        assert_int_equal(errno, ESRCH);
}

static int count_down(void *data)
{
        int *left = data;

        return --*left == 0;
}

/* Whoever waits is asked again and again, and what the child has started goes with it. */
static void waiting_is_given_up(void **state)
{
        const char *argv[] = {"/bin/sh", "-c", "sleep 60 & wait", NULL};
        const struct process_spec spec = {
                .argv = argv, .envp = no_environment, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .dir_fd = -1};
        struct process process = PROCESS_INIT;
        int status = 4711;
        int left = 3;
        pid_t pid;

        (void)state;
        assert_int_equal(process_start(&spec, &process), 0);
        pid = process.pid;
        assert_int_equal(getpgid(pid), pid);
        assert_int_equal(process_wait(&process, -1, count_down, &left, &status), -ECANCELED);
        assert_int_equal(left, 0);
        assert_int_equal(status, 4711);
        /* The grandchild is reaped by whoever adopts it: what is left of the group for a moment has been killed. */
        for (int tries = 0; kill(-pid, 0) == 0 && tries < 1000; tries++)
                (void)poll(NULL, 0, 10);
        assert_int_equal(kill(-pid, 0), -1);
        assert_int_equal(errno, ESRCH);
}

static void ends_in_time(void **state)
{
        const char *argv[] = {"/bin/sh", "-c", "exit 3", NULL};
        const struct process_spec spec = {
                .argv = argv, .envp = no_environment, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .dir_fd = -1};
        struct process process = PROCESS_INIT;
        int status = -1;

        (void)state;
        assert_int_equal(process_start(&spec, &process), 0);
        assert_int_equal(process_wait(&process, 60000, NULL, NULL, &status), 0);
        assert_int_equal(WEXITSTATUS(status), 3);
}

static void host_reaps_by_itself(void **state)
{
        const struct sigaction ignore = {.sa_handler = SIG_IGN};
        struct sigaction old;
        int status = -1;

        (void)state;
        assert_int_equal(sigaction(SIGCHLD, &ignore, &old), 0);
        assert_int_equal(run("exit 3", -1, -1, -1, -1, &status), 0);
        assert_int_equal(sigaction(SIGCHLD, &old, NULL), 0);
        assert_int_equal(status, 0);
}

static bool has(char **environment, const char *entry)
{
        for (; *environment != NULL; environment++)
                if (strcmp(*environment, entry) == 0)
                        return true;
        return false;
}

static void python_environment_leaves_out_switches(void **state)
{
        static const struct {
                const char *name;
                bool kept;
        } rows[] = {
                {"PYTHONHOME", false},          {"PYTHONPATH", false}, {"PYTHON_GIL", false}, {"PYTHONOPTIMIZE", false},
                {"__PYVENV_LAUNCHER__", false}, {"MYPYTHON", true},    {"PYTHO", true},       {"LANG", true},
                {"__PYVENV_LAUNCHER__X", true},
        };
        char **environment;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_int_equal(setenv(rows[i].name, "v", 1), 0);
        environment = process_python_environment();
        assert_non_null(environment);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char entry[64];

                (void)snprintf(entry, sizeof(entry), "%s=v", rows[i].name);
                if (has(environment, entry) != rows[i].kept)
                        fail_msg("%s", rows[i].name);
                assert_int_equal(unsetenv(rows[i].name), 0);
        }
        free(environment);
}

static void file_holds_bytes(void **state)
{
        _cleanup_close_ int fd = process_file("a\0b", 3);
        char buffer[8];

        (void)state;
        assert_true(fd >= 0);
        assert_int_equal(read(fd, buffer, sizeof(buffer)), 3);
        assert_memory_equal(buffer, "a\0b", 3);
        assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

/* A pipe that nobody reads says by its errors whether the other end is there. */
static void lifeline_ends_with_its_owner(void **state)
{
        static char many[1 << 20];
        int kept_fd = -1;
        int given_fd = -1;

        (void)state;
        assert_int_equal(process_lifeline(&kept_fd, &given_fd), 0);
        assert_true(given_fd > 2);
        assert_int_equal(fcntl(kept_fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        assert_int_equal(fcntl(given_fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        (void)signal(SIGPIPE, SIG_IGN);
        while (write(given_fd, many, sizeof(many)) > 0)
                ;
        assert_int_equal(errno, EAGAIN);
        (void)close(kept_fd);
        assert_int_equal(write(given_fd, ".", 1), -1);
        assert_int_equal(errno, EPIPE);
        (void)signal(SIGPIPE, SIG_DFL);
        (void)close(given_fd);
}

/* In a host whose standard streams are closed, new files get their numbers: the child's streams must not collide. */
static void host_without_streams(void **state)
{
        pid_t pid = fork();
        int status = -1;

        (void)state;
        assert_true(pid >= 0);
        if (pid == 0) {
                char *text = NULL;
                int in, out, log, kept, given;

                (void)close(0);
                (void)close(1);
                (void)close(2);
                if (process_lifeline(&kept, &given) < 0 || given < 3)
                        _exit(4);
                (void)close(kept);
                (void)close(given);
                out = process_file("", 0);
                log = process_file("", 0);
                in = process_file("hello\n", 6);
                if (run("read line; echo \"got $line\"; echo oops >&2", in, out, log, -1, &status) < 0 || status != 0)
                        _exit(1);
                (void)lseek(out, 0, SEEK_SET);
                if (file_read_fd(out, 100, &text, NULL) < 0 || strcmp(text, "got hello\n") != 0)
                        _exit(2);
                free(text);
                (void)lseek(log, 0, SEEK_SET);
                if (file_read_fd(log, 100, &text, NULL) < 0 || strcmp(text, "oops\n") != 0)
                        _exit(3);
                free(text);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(streams_go_where_they_are_told),
                cmocka_unit_test(other_streams_are_null),
                cmocka_unit_test(starts_in_a_held_dir),
                cmocka_unit_test(inherits_nothing_else),
                cmocka_unit_test(signals_are_as_at_login),
                cmocka_unit_test(says_why_it_cannot_start),
                cmocka_unit_test(kills_what_takes_too_long),
                cmocka_unit_test(waiting_is_given_up),
                cmocka_unit_test(ends_in_time),
                cmocka_unit_test(host_reaps_by_itself),
                cmocka_unit_test(python_environment_leaves_out_switches),
                cmocka_unit_test(file_holds_bytes),
                cmocka_unit_test(lifeline_ends_with_its_owner),
                cmocka_unit_test(host_without_streams),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
