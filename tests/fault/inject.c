/* SPDX-License-Identifier: MIT */
/*
 * inject - runs a command and makes one of its system calls fail, or all of them from one on.
 *
 *     inject -l ALLOC.SO [-n N] [-e ERRNO] [-p] [-k] [-o REPORT] CALL,CALL... COMMAND [ARGUMENT...]
 *
 *     -l FILE    alloc.so: it is preloaded into the command, and says where main begins
 *     -n N       the Nth call of these, counted from main on in all threads of the command, not in its children; 0:
 *                count only
 *     -e ERRNO   a number; the call is not made and fails with it
 *     -p         so do all that follow
 *     -k         the command is killed instead
 *     -o REPORT  gets the lines "total N", "fired N", and "call NAME PATH" for the first one that failed
 *
 * A CALL is the name of a system call; NAME/create counts only where a file would be made, NAME/write only where one
 * would be made or opened for writing. Whatever calls them is caught, the C library and syscall(2) too: a seccomp
 * filter hands them over (seccomp_unotify(2)). For close(2) only the calls of the command and its libraries count, see
 * mark.h.
 *
 * Exit code: that of the command, 128 + N for signal N; 125 when inject itself failed, 126 when there is no seccomp
 * here.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mark.h"

#define MAX_CALLS 96
#define MAX_TASKS 256

static const struct call {
        const char *name;
        int number;
        int path; /* index of the argument that is a path; -1: none */
} known[] = {
#define CALL(name, path)                                                                                               \
        {                                                                                                              \
#name, SYS_##name, (path)                                                                              \
        }
#ifdef SYS_open
        CALL(open, 0),
        CALL(mkdir, 0),
        CALL(rename, 0),
        CALL(stat, 0),
        CALL(lstat, 0),
        CALL(rmdir, 0),
        CALL(unlink, 0),
        CALL(access, 0),
        CALL(readlink, 0),
        CALL(fork, -1),
        CALL(vfork, -1),
        CALL(pipe, -1),
        CALL(poll, -1),
        CALL(chmod, 0),
#endif
        CALL(openat, 1),
        CALL(openat2, 1),
        CALL(close, -1),
        CALL(read, -1),
        CALL(pread64, -1),
        CALL(write, -1),
        CALL(pwrite64, -1),
        CALL(lseek, -1),
        CALL(fstat, -1),
        CALL(newfstatat, 1),
        CALL(statx, 1),
        CALL(getdents64, -1),
        CALL(mkdirat, 1),
        CALL(linkat, 1),
        CALL(symlinkat, 0),
        CALL(readlinkat, 1),
        CALL(unlinkat, 1),
        CALL(renameat, 1),
        CALL(renameat2, 1),
        CALL(fchmod, -1),
        CALL(fchmodat, 1),
        CALL(fchown, -1),
        CALL(fchownat, 1),
        CALL(utimensat, 1),
        CALL(faccessat, 1),
        CALL(faccessat2, 1),
        CALL(ftruncate, -1),
        CALL(fallocate, -1),
        CALL(copy_file_range, -1),
        CALL(fsync, -1),
        CALL(fdatasync, -1),
        CALL(syncfs, -1),
        CALL(ioctl, -1),
        CALL(fcntl, -1),
        CALL(dup, -1),
        CALL(dup3, -1),
        CALL(flock, -1),
        CALL(memfd_create, 0),
        CALL(pipe2, -1),
        CALL(clone, -1),
        CALL(clone3, -1),
        CALL(wait4, -1),
        CALL(waitid, -1),
        CALL(ppoll, -1),
        CALL(pidfd_open, -1),
        CALL(getrandom, -1),
        CALL(getcwd, -1),
        CALL(mmap, -1),
        CALL(munmap, -1),
        CALL(mprotect, -1),
        CALL(chdir, 0),
        CALL(sched_getaffinity, -1),
        CALL(execve, 0),
#undef CALL
};

enum when {
        ALWAYS,
        CREATE,
        WRITE,
};

struct wanted {
        const struct call *call;
        enum when when;
};

static struct {
        struct wanted wanted[MAX_CALLS];
        size_t n_wanted;
        unsigned long nth;
        int error;
        bool persistent, kills;
        const char *report, *preload;
        pid_t pid;
        bool started;
        unsigned long total, fired;
        const struct call *first;
        char first_path[512];
} plan;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        (void)vfprintf(stderr, format, arguments);
        va_end(arguments);
        (void)fprintf(stderr, ": %s\n", strerror(errno));
        exit(125);
}

static void add_wanted(const char *word)
{
        size_t len = strcspn(word, "/");
        enum when when = strcmp(word + len, "/create") == 0  ? CREATE
                         : strcmp(word + len, "/write") == 0 ? WRITE
                                                             : ALWAYS;

        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && plan.n_wanted < MAX_CALLS; i++)
                if (strlen(known[i].name) == len && memcmp(known[i].name, word, len) == 0)
                        plan.wanted[plan.n_wanted++] = (struct wanted){&known[i], when};
}

/* Reads from the stopped command; what cannot be read becomes zeros. */
static void peek(pid_t pid, uint64_t address, void *ret_bytes, size_t size)
{
        struct iovec local = {.iov_base = ret_bytes, .iov_len = size};
        struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};

        memset(ret_bytes, 0, size);
        (void)process_vm_readv(pid, &local, 1, &remote, 1, 0);
}

static void peek_text(pid_t pid, uint64_t address, char *ret_text, size_t size)
{
        size_t page = 4096 - address % 4096;

        peek(pid, address, ret_text, page < size ? page : size);
        if (page < size && memchr(ret_text, '\0', page) == NULL)
                peek(pid, address + page, ret_text + page, size - page);
        ret_text[size - 1] = '\0';
}

static bool opens_for(const struct seccomp_notif *notif, enum when when)
{
        const __u64 *args = notif->data.args;
        uint64_t flags = 0;

        switch (notif->data.nr) {
#ifdef SYS_open
        case SYS_open:
                flags = args[1];
                break;
#endif
        case SYS_openat:
                flags = args[2];
                break;
        case SYS_openat2:
                peek((pid_t)notif->pid, args[2] + offsetof(struct open_how, flags), &flags, sizeof(flags));
                break;
        default:
                return true;
        }
        return (flags & (when == CREATE ? O_CREAT : O_CREAT | O_WRONLY | O_RDWR)) != 0;
}

/* Threads of the command count, its children do not: vfork(2) gives them its memory, but not its thread group. */
static bool is_ours(pid_t tid)
{
        static struct {
                pid_t tid;
                bool ours;
        } seen[MAX_TASKS];
        static size_t n_seen;
        char path[64], line[128];
        bool ours = false;
        FILE *status;

        if (tid == plan.pid)
                return true;
        for (size_t i = 0; i < n_seen; i++)
                if (seen[i].tid == tid)
                        return seen[i].ours;
        (void)snprintf(path, sizeof(path), "/proc/%d/status", tid);
        status = fopen(path, "re");
        while (status != NULL && fgets(line, sizeof(line), status) != NULL)
                if (strncmp(line, "Tgid:", 5) == 0)
                        ours = (pid_t)atoi(line + 5) == plan.pid;
        if (status != NULL)
                (void)fclose(status);
        if (n_seen < MAX_TASKS) {
                seen[n_seen].tid = tid;
                seen[n_seen++].ours = ours;
        }
        return ours;
}

/* What happens to the standard streams is another story: it is told when the work is done. */
static bool is_about_stream(const struct seccomp_notif *notif)
{
        switch (notif->data.nr) {
        case SYS_read:
        case SYS_write:
        case SYS_fstat:
        case SYS_ioctl:
        case SYS_fcntl:
        case SYS_lseek:
                return notif->data.args[0] <= 2;
        case SYS_prctl:
                return notif->data.args[1] <= 2;
        default:
                return false;
        }
}

static const struct call *find_wanted(const struct seccomp_notif *notif)
{
        const int number = notif->data.nr == SYS_prctl ? SYS_close : notif->data.nr;

        if (is_about_stream(notif))
                return NULL;
        for (size_t i = 0; i < plan.n_wanted; i++) {
                const struct wanted *wanted = &plan.wanted[i];

                if (wanted->call->number == number && (wanted->when == ALWAYS || opens_for(notif, wanted->when)))
                        return wanted->call;
        }
        return NULL;
}

/* Does this one fail? */
static bool decide(const struct seccomp_notif *notif)
{
        const struct call *call;

        if (!is_ours((pid_t)notif->pid))
                return false;
        if (notif->data.nr == SYS_prctl && notif->data.args[0] != MARK_CLOSE) {
                plan.started |= notif->data.args[0] == MARK_MAIN;
                return false;
        }
        call = plan.started ? find_wanted(notif) : NULL;
        if (call == NULL)
                return false;
        plan.total++;
        if (plan.nth == 0 || plan.total < plan.nth || (plan.total > plan.nth && !plan.persistent))
                return false;
        if (plan.fired++ == 0) {
                plan.first = call;
                if (call->path >= 0)
                        peek_text((pid_t)notif->pid, notif->data.args[call->path], plan.first_path,
                                  sizeof(plan.first_path));
        }
        return true;
}

static void answer(int listener)
{
        struct seccomp_notif notif = {0};
        struct seccomp_notif_resp response = {0};
        bool fails;

        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notif) < 0) {
                if (errno != ENOENT && errno != EINTR) /* ENOENT: the caller was killed meanwhile */
                        die("cannot receive from the filter");
                return;
        }
        fails = decide(&notif);
        if (fails && plan.kills)
                (void)kill(plan.pid, SIGKILL);
        response.id = notif.id;
        if (fails)
                response.error = -plan.error;
        else
                response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0 && errno != ENOENT)
                die("cannot answer the filter");
}

static void send_fd(int socket, int fd)
{
        char control[CMSG_SPACE(sizeof(int))] = {0};
        char byte = 0;
        struct iovec iov = {.iov_base = &byte, .iov_len = 1};
        struct msghdr msg = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
        struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &fd, sizeof(fd));
        if (sendmsg(socket, &msg, 0) < 0)
                _exit(125);
}

static int receive_fd(int socket)
{
        char control[CMSG_SPACE(sizeof(int))] = {0};
        char byte = 0;
        struct iovec iov = {.iov_base = &byte, .iov_len = 1};
        struct msghdr msg = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
        const struct cmsghdr *header;
        int fd = -1;

        if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) <= 0)
                return -1;
        header = CMSG_FIRSTHDR(&msg);
        if (header != NULL && header->cmsg_type == SCM_RIGHTS)
                memcpy(&fd, CMSG_DATA(header), sizeof(fd));
        return fd;
}

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#else
#error "seccomp's name of this architecture is missing here"
#endif

static int install_filter(void)
{
        struct sock_filter code[3 * MAX_CALLS + 16];
        struct sock_fprog program = {.filter = code};
        unsigned short n = 0;

        code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
        for (size_t i = 0; i < plan.n_wanted; i++) {
                if (plan.wanted[i].call->number == SYS_close) /* told by MARK_CLOSE */
                        continue;
                code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (__u32)plan.wanted[i].call->number,
                                                         0, 1);
                code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
        }
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        program.len = n;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -1;
        return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

__attribute__((noreturn)) static void become(int socket, char **argv)
{
        int listener = install_filter();

        if (listener < 0) {
                perror("seccomp");
                _exit(126);
        }
        send_fd(socket, listener);
        (void)close(listener); /* asks the parent, which has the filter by now */
        (void)setenv("LD_PRELOAD", plan.preload, 1);
        (void)execvp(argv[0], argv);
        perror(argv[0]);
        _exit(125);
}

static void parse(int argc, char **argv)
{
        int option;

        while ((option = getopt(argc, argv, "+l:n:e:pko:")) != -1) {
                switch (option) {
                case 'l':
                        plan.preload = optarg;
                        break;
                case 'n':
                        plan.nth = strtoul(optarg, NULL, 10);
                        break;
                case 'e':
                        plan.error = atoi(optarg);
                        break;
                case 'p':
                        plan.persistent = true;
                        break;
                case 'k':
                        plan.kills = true;
                        break;
                case 'o':
                        plan.report = optarg;
                        break;
                default:
                        exit(125);
                }
        }
        if (optind + 1 >= argc || plan.preload == NULL) {
                (void)fprintf(
                        stderr,
                        "usage: inject -l ALLOC.SO [-n N] [-e ERRNO] [-p] [-k] [-o REPORT] CALL,... COMMAND...\n");
                exit(125);
        }
        for (char *word = strtok(argv[optind], ","); word != NULL; word = strtok(NULL, ","))
                add_wanted(word);
}

static void report(void)
{
        FILE *file = plan.report != NULL ? fopen(plan.report, "we") : NULL;

        if (plan.report == NULL)
                return;
        if (file == NULL)
                die("%s", plan.report);
        (void)fprintf(file, "total %lu\nfired %lu\n", plan.total, plan.fired);
        if (plan.first != NULL)
                (void)fprintf(file, "call %s %s\n", plan.first->name, plan.first_path);
        if (fclose(file) != 0)
                die("%s", plan.report);
}

/* Answers until the command has ended; its children may live on and then get ENOSYS. */
static int supervise(int listener)
{
        int pid_fd = (int)syscall(SYS_pidfd_open, plan.pid, 0);
        struct pollfd fds[2] = {{.fd = listener, .events = POLLIN}, {.fd = pid_fd, .events = POLLIN}};
        int status = 0;

        if (pid_fd < 0)
                die("pidfd_open");
        for (;;) {
                if (poll(fds, 2, -1) < 0 && errno != EINTR)
                        die("poll");
                if ((fds[0].revents & POLLIN) != 0)
                        answer(listener);
                else if ((fds[0].revents & (POLLHUP | POLLERR)) != 0)
                        fds[0].fd = -1;
                if (fds[1].revents != 0)
                        break;
        }
        if (waitpid(plan.pid, &status, 0) < 0)
                die("waitpid");
        return status;
}

int main(int argc, char **argv)
{
        int sockets[2];
        int status, listener;

        parse(argc, argv);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
                die("socketpair");
        plan.pid = fork();
        if (plan.pid < 0)
                die("fork");
        if (plan.pid == 0)
                become(sockets[1], argv + optind + 1);
        (void)close(sockets[1]);
        listener = receive_fd(sockets[0]);
        if (listener < 0) {
                (void)waitpid(plan.pid, &status, 0);
                return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
        }
        status = supervise(listener);
        report();
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
