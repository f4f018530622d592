/* SPDX-License-Identifier: MIT */
#include "process.h"

#include "cleanup.h"
#include "event.h"
#include "file.h"
#include "str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static int add_stream(posix_spawn_file_actions_t *actions, int from, int to)
{
        if (from >= 0)
                return posix_spawn_file_actions_adddup2(actions, from, to);
        return posix_spawn_file_actions_addopen(actions, to, "/dev/null", O_RDWR, 0);
}

static int add_actions(posix_spawn_file_actions_t *actions, const struct process_spec *spec)
{
        int r = spec->dir_fd >= 0 ? posix_spawn_file_actions_addfchdir_np(actions, spec->dir_fd)
                                  : posix_spawn_file_actions_addchdir_np(actions, "/");

        if (r == 0)
                r = add_stream(actions, spec->stdin_fd, 0);
        if (r == 0)
                r = add_stream(actions, spec->stdout_fd, 1);
        if (r == 0)
                r = add_stream(actions, spec->stderr_fd, 2);
        if (r == 0)
                r = posix_spawn_file_actions_addclosefrom_np(actions, 3);
        return r;
}

/* The child starts in a group of its own, with nothing blocked and every signal at its default, whatever the host has
 * done to its own. */
static int set_attributes(posix_spawnattr_t *attributes)
{
        sigset_t none, all;
        int r;

        (void)sigemptyset(&none);
        (void)sigfillset(&all);
        r = posix_spawnattr_setsigmask(attributes, &none);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(attributes, &all);
        if (r == 0)
                r = posix_spawnattr_setpgroup(attributes, 0);
        if (r == 0)
                r = posix_spawnattr_setflags(attributes,
                                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        return r;
}

int process_start(const struct process_spec *spec, struct process *ret_process)
{
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        pid_t pid = -1;
        int r;

        r = posix_spawn_file_actions_init(&actions);
        if (r != 0)
                return -r;
        r = posix_spawnattr_init(&attributes);
        if (r == 0) {
                r = add_actions(&actions, spec);
                if (r == 0)
                        r = set_attributes(&attributes);
                if (r == 0)
                        r = posix_spawn(&pid, spec->argv[0], &actions, &attributes, (char *const *)spec->argv,
                                        spec->envp);
                (void)posix_spawnattr_destroy(&attributes);
        }
        (void)posix_spawn_file_actions_destroy(&actions);
        if (r != 0)
                return -r;
        ret_process->pid = pid;
        return 0;
}

static int64_t now_ms(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the child ends, or for so long. A kernel without pidfd_open is asked again and again. True: a signal came. */
static bool sleep_beside(int pid_fd, int64_t ms)
{
        struct pollfd poll_fd = {.fd = pid_fd, .events = POLLIN};
        int r = pid_fd >= 0 ? poll(&poll_fd, 1, ms > INT32_MAX ? INT32_MAX : (int)ms)
                            : poll(NULL, 0, ms < 2 ? (int)ms : 2);

        return r < 0 && errno == EINTR;
}

/* 0 when the child has ended, -ETIMEDOUT when the time is up, -ECANCELED. */
static int await_end(pid_t pid, int timeout_ms, process_tick_fn *tick, void *tick_data)
{
        _cleanup_close_ int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
        int64_t end = timeout_ms >= 0 ? now_ms() + timeout_ms : INT64_MAX;
        int64_t due = tick != NULL ? now_ms() + EVENT_INTERVAL_MS : INT64_MAX;

        for (;;) {
                int64_t now = now_ms();
                int64_t next = end < due ? end : due;
                siginfo_t info = {0};

                if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == pid)
                        return 0;
                if (now >= end)
                        return -ETIMEDOUT;
                if (now >= due) {
                        if (tick(tick_data) != 0)
                                return -ECANCELED;
                        due = now_ms() + EVENT_INTERVAL_MS;
                        continue;
                }
                /* A handler of this process ran: whoever waits may want to stop at once. */
                if (sleep_beside(pid_fd, next - now) && tick != NULL)
                        due = now;
        }
}

void process_kill(const struct process *process)
{
        if (process->pid > 0)
                (void)kill(-process->pid, SIGKILL);
}

int process_wait(struct process *process, int timeout_ms, process_tick_fn *tick, void *tick_data, int *ret_status)
{
        pid_t pid = process->pid;
        int ended = timeout_ms >= 0 || tick != NULL ? await_end(pid, timeout_ms, tick, tick_data) : 0;
        int status = 0;

        if (ended < 0)
                process_kill(process);
        while (waitpid(pid, &status, 0) < 0) {
                if (errno == EINTR)
                        continue;
                if (errno != ECHILD)
                        return -errno;
                status = 0;
                break;
        }
        process->pid = -1;
        if (ended < 0)
                return ended;
        *ret_status = status;
        return 0;
}

char **process_python_environment(void)
{
        size_t n = 0;
        size_t kept = 0;
        char **copy;

        while (environ != NULL && environ[n] != NULL)
                n++;
        copy = calloc(n + 1, sizeof(*copy));
        if (copy == NULL)
                return NULL;
        for (size_t i = 0; i < n; i++)
                if (!str_starts(environ[i], "PYTHON") && !str_starts(environ[i], "__PYVENV_LAUNCHER__="))
                        copy[kept++] = environ[i];
        return copy;
}

/* A host with closed streams gets their numbers, and the child's streams would overwrite each other. 0 or -errno. */
static int keep_off_streams(int *fd)
{
        int higher;

        if (*fd > 2)
                return 0;
        higher = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
        if (higher < 0)
                return -errno;
        (void)close(*fd);
        *fd = higher;
        return 0;
}

int process_lifeline(int *ret_kept_fd, int *ret_given_fd)
{
        _cleanup_close_ int kept_fd = -1;
        _cleanup_close_ int given_fd = -1;
        int fds[2];
        int r;

        if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
                return -errno;
        kept_fd = fds[0];
        given_fd = fds[1];
        r = keep_off_streams(&given_fd);
        if (r < 0)
                return r;
        *ret_kept_fd = steal_fd(&kept_fd);
        *ret_given_fd = steal_fd(&given_fd);
        return 0;
}

int process_file(const void *data, size_t len)
{
        _cleanup_close_ int fd = memfd_create("pipseed", MFD_CLOEXEC);
        int r;

        if (fd < 0)
                fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = keep_off_streams(&fd);
        if (r < 0)
                return r;
        r = file_write_all(fd, data, len);
        if (r < 0)
                return r;
        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        return steal_fd(&fd);
}
