/* SPDX-License-Identifier: MIT */
/*
 * alloc.so - preloaded into a command, makes one of its allocations fail, or all of them from one on.
 *
 *     LD_PRELOAD=alloc.so FAULT_ALLOC=N [FAULT_PERSISTENT=1] FAULT_REPORT=FILE COMMAND
 *
 * Counted from main on, in all threads; children run without it. When the Nth is asked for, FILE gets one line of
 * OBJECT:SYMBOL+OFFSET (in the object) for each caller, innermost first. No such file: there was no Nth. With N = 0
 * nothing fails, and at the end FILE gets the line "total N". It also tells inject where main begins.
 */
#include "mark.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* The C library's own, under the names that nothing replaces. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_bool armed;
static atomic_ulong counted;
static unsigned long nth;
static bool persistent;
static char report[4096];

static void tell(void)
{
        void *frames[64];
        char line[8192];
        size_t len = 0;
        int n = backtrace(frames, 64);
        int fd;

        for (int i = 2; i < n; i++) {
                Dl_info info;
                const char *parts[6] = {"?", ":", "?", "+", "?", " "};
                char offset[24] = "0";

                if (dladdr(frames[i], &info) != 0) {
                        parts[0] = info.dli_fname != NULL ? info.dli_fname : "?";
                        parts[2] = info.dli_sname != NULL ? info.dli_sname : "?";
                        (void)snprintf(offset, sizeof(offset), "%#lx",
                                       (unsigned long)((const char *)frames[i] - (const char *)info.dli_fbase));
                }
                parts[4] = offset;
                for (size_t k = 0; k < 6; k++) {
                        size_t more = strlen(parts[k]);

                        if (len + more < sizeof(line)) {
                                memcpy(line + len, parts[k], more);
                                len += more;
                        }
                }
        }
        fd = open(report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd >= 0) {
                (void)!write(fd, line, len);
                (void)close(fd);
        }
}

static bool fails(void)
{
        unsigned long n;

        if (!atomic_load(&armed))
                return false;
        n = atomic_fetch_add(&counted, 1) + 1;
        if (nth == 0 || n < nth || (n > nth && !persistent))
                return false;
        if (n == nth)
                tell();
        errno = ENOMEM;
        return true;
}

EXPORT void *malloc(size_t size)
{
        return fails() ? NULL : __libc_malloc(size);
}

EXPORT void *calloc(size_t count, size_t size)
{
        return fails() ? NULL : __libc_calloc(count, size);
}

EXPORT void *realloc(void *memory, size_t size)
{
        return fails() ? NULL : __libc_realloc(memory, size);
}

EXPORT void *reallocarray(void *memory, size_t count, size_t size)
{
        size_t total;

        if (__builtin_mul_overflow(count, size, &total)) {
                errno = ENOMEM;
                return NULL;
        }
        return fails() ? NULL : __libc_realloc(memory, total);
}

EXPORT void *memalign(size_t alignment, size_t size)
{
        return fails() ? NULL : __libc_memalign(alignment, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
        return fails() ? NULL : __libc_memalign(alignment, size);
}

EXPORT int posix_memalign(void **ret_memory, size_t alignment, size_t size)
{
        void *memory = fails() ? NULL : __libc_memalign(alignment, size);

        if (memory == NULL)
                return ENOMEM;
        *ret_memory = memory;
        return 0;
}

EXPORT int close(int fd)
{
        int before = errno;
        int r = (int)syscall(SYS_close, fd);

        if (r < 0 || !atomic_load(&armed))
                return r;
        /* EINVAL is what prctl says by itself. */
        if (prctl(MARK_CLOSE, fd, 0, 0, 0) < 0 && errno != EINVAL)
                return -1;
        errno = before;
        return 0;
}

/* How many there were. */
__attribute__((destructor)) static void finish(void)
{
        char line[32];
        int fd = nth == 0 && counted > 0 ? open(report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

        if (fd < 0)
                return;
        (void)!write(fd, line, (size_t)snprintf(line, sizeof(line), "total %lu\n", atomic_load(&counted)));
        (void)close(fd);
}

typedef int main_fn(int argc, char **argv, char **envp);
typedef int start_fn(main_fn *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                     void (*rtld_fini)(void), void *stack_end);

static main_fn *real_main;

static int marked_main(int argc, char **argv, char **envp)
{
        void *frames[4];
        const char *value = getenv("FAULT_ALLOC");

        (void)envp;
        (void)backtrace(frames, 4); /* loads what it needs now */
        nth = value != NULL ? strtoul(value, NULL, 10) : 0;
        persistent = getenv("FAULT_PERSISTENT") != NULL;
        value = getenv("FAULT_REPORT");
        strncpy(report, value != NULL ? value : "/dev/null", sizeof(report) - 1);
        (void)unsetenv("LD_PRELOAD");
        (void)unsetenv("FAULT_ALLOC");
        (void)unsetenv("FAULT_PERSISTENT");
        (void)unsetenv("FAULT_REPORT");
        (void)prctl(MARK_MAIN, 0, 0, 0, 0);
        atomic_store(&armed, true);
        return real_main(argc, argv, environ);
}

extern int __libc_start_main(main_fn *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                             void (*rtld_fini)(void), void *stack_end);

EXPORT int __libc_start_main(main_fn *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                             void (*rtld_fini)(void), void *stack_end)
{
        start_fn *start = NULL;
        void *symbol = dlsym(RTLD_NEXT, "__libc_start_main");

        memcpy(&start, &symbol, sizeof(start));
        real_main = main;
        return start(marked_main, argc, argv, init, fini, rtld_fini, stack_end);
}
