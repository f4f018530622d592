/* SPDX-License-Identifier: MIT */
/*
 * process.h - running another program without a shell and without touching this process: no signal handler, no SIGPIPE
 * (input comes from a file, output goes to one), no inherited descriptor but the three named ones.
 *
 *     struct process_spec spec = { .argv = argv, .envp = envp, .stdin_fd = in, .stdout_fd = out, .stderr_fd = log };
 *     struct process process = PROCESS_INIT;
 *
 *     r = process_start(&spec, &process);
 *     r = process_wait(&process, 60 * 1000, NULL, NULL, &status);
 *
 * A child leads a process group of its own: a terminal's Ctrl-C reaches this process alone, which decides what becomes
 * of its children, and whatever they started goes with them.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct process_spec {
        const char *const *argv; /* argv[0] is the path that is executed */
        char *const *envp;
        int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null */
        int dir_fd;                         /* the child's current directory, or -1: "/" */
};

struct process {
        pid_t pid;
};

#define PROCESS_INIT                                                                                                   \
        {                                                                                                              \
                .pid = -1                                                                                              \
        }

/* 0 or -errno; errors of execve included. */
int process_start(const struct process_spec *spec, struct process *ret_process);

/* Called every EVENT_INTERVAL_MS while a child is waited for: non-zero ends it. */
typedef int process_tick_fn(void *data);

/* Waits for the end; after timeout_ms (-1: none) the child's group is killed and the answer is -ETIMEDOUT, or
 * -ECANCELED when tick (may be NULL) says so. ret_status is that of waitpid(2). A host that reaps children by itself
 * (SIGCHLD ignored) yields status 0: judge by what the child left. */
int process_wait(struct process *process, int timeout_ms, process_tick_fn *tick, void *tick_data, int *ret_status);

/* Kills the group of a child that was started and not waited for yet; process_wait then is short. */
void process_kill(const struct process *process);

/* Returns the environment of this process without the variables that change how a Python starts (PYTHON*,
 * __PYVENV_LAUNCHER__), as one block to be freed with free. NULL: out of memory. */
char **process_python_environment(void);

/*
 * How a child can tell that this process is no more, however many programs lie between the two and however early that
 * was: a pipe that nobody reads. Its end given_fd is one of the child's streams: writing there fails with EPIPE when
 * this process has ended (killed or not) or has closed kept_fd, and with EAGAIN, at worst, while it lives. 0 or -errno.
 */
int process_lifeline(int *ret_kept_fd, int *ret_given_fd);

/* Creates an unnamed file in memory (or in /tmp) that holds these bytes, read position at its start. fd or -errno. */
int process_file(const void *data, size_t len);

#endif
