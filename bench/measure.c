/* SPDX-License-Identifier: MIT */
/*
 * measure - how long programs take, from the call that starts them to their end, without a shell or an interpreter
 * between.
 *
 *     measure time PROGRAM [ARGUMENT...] [';' PROGRAM ...]    one after the other
 *     measure together PROGRAM ... [';' PROGRAM ...]          all at once
 *     measure memory PROGRAM [ARGUMENT...]                    alone: what its children use does not count
 *
 * Prints "NANOSECONDS USER+SYSTEM_MICROSECONDS PEAK_KIB" on stdout; peak is 0 but for memory. Programs get /dev/null as
 * stdin and stdout. Exit code 1, with the words of the program on stderr, when one fails.
 */
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_PROGRAMS 64

static long long now(void)
{
        struct timespec time;

        (void)clock_gettime(CLOCK_MONOTONIC, &time);
        return (long long)time.tv_sec * 1000000000 + time.tv_nsec;
}

static pid_t start(const posix_spawn_file_actions_t *actions, char **argv)
{
        pid_t pid = 0;
        int r = posix_spawn(&pid, argv[0], actions, NULL, argv, environ);

        if (r != 0)
                errx(1, "cannot start %s: %s", argv[0], strerror(r));
        return pid;
}

static void finish(pid_t pid, const char *name, long long *cpu_us)
{
        struct rusage usage;
        int status = 0;

        if (wait4(pid, &status, 0, &usage) < 0)
                err(1, "wait4");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                errx(1, "%s: %s %d", name, WIFEXITED(status) ? "exit code" : "signal",
                     WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        *cpu_us += (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec +
                   usage.ru_stime.tv_usec;
}

/* The highest resident size so far (proc(5), VmHWM), in KiB. */
static long read_peak(pid_t pid)
{
        char path[64], line[256];
        long peak = -1;
        FILE *file;

        (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
        file = fopen(path, "re");
        if (file == NULL)
                err(1, "%s", path);
        while (peak < 0 && fgets(line, sizeof(line), file) != NULL)
                if (strncmp(line, "VmHWM:", 6) == 0)
                        peak = strtol(line + 6, NULL, 10);
        (void)fclose(file);
        return peak;
}

/* ru_maxrss would be the larger of its own and its children's, and of ours before exec. As its tracer we stop it just
 * before it gives its memory back. */
static long trace(char **argv)
{
        pid_t pid = fork();
        long peak = 0;
        int status;

        if (pid < 0)
                err(1, "fork");
        if (pid == 0) {
                int null_fd = open("/dev/null", O_RDWR);

                if (null_fd < 0 || dup2(null_fd, 0) < 0 || dup2(null_fd, 1) < 0 || ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
                        _exit(126);
                (void)execv(argv[0], argv);
                _exit(127);
        }
        if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status) ||
            ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT) < 0)
                errx(1, "cannot trace %s", argv[0]);
        for (int signal = 0;;) {
                if (ptrace(PTRACE_CONT, pid, 0, signal) < 0 || waitpid(pid, &status, 0) < 0)
                        err(1, "ptrace");
                if (!WIFSTOPPED(status))
                        break;
                signal = 0;
                if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
                        peak = read_peak(pid);
                else
                        signal = WSTOPSIG(status);
        }
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                errx(1, "%s failed", argv[0]);
        return peak;
}

/* Cuts the words at each ";" and notes where a program begins. */
static size_t split(char **words, char **programs[MAX_PROGRAMS])
{
        size_t n = 0;

        programs[n++] = words;
        for (; *words != NULL; words++)
                if (strcmp(*words, ";") == 0) {
                        if (n == MAX_PROGRAMS)
                                errx(2, "too many programs");
                        *words = NULL;
                        programs[n++] = words + 1;
                }
        return n;
}

int main(int argc, char **argv)
{
        posix_spawn_file_actions_t actions;
        char **programs[MAX_PROGRAMS];
        pid_t pids[MAX_PROGRAMS];
        long long begin, cpu_us = 0;
        long peak = 0;
        size_t n;

        if (argc < 3)
                errx(2, "usage: measure time|together|memory PROGRAM [ARGUMENT...] [';' PROGRAM ...]");
        n = split(argv + 2, programs);
        if (posix_spawn_file_actions_init(&actions) != 0 ||
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) != 0 ||
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0)
                errx(1, "posix_spawn_file_actions");
        begin = now();
        if (strcmp(argv[1], "memory") == 0) {
                peak = trace(programs[0]);
        } else if (strcmp(argv[1], "together") == 0) {
                for (size_t i = 0; i < n; i++)
                        pids[i] = start(&actions, programs[i]);
                for (size_t i = 0; i < n; i++)
                        finish(pids[i], programs[i][0], &cpu_us);
        } else {
                for (size_t i = 0; i < n; i++)
                        finish(start(&actions, programs[i]), programs[i][0], &cpu_us);
        }
        (void)printf("%lld %lld %ld\n", now() - begin, cpu_us, peak);
        return 0;
}
