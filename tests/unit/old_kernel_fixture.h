/* SPDX-License-Identifier: MIT */
/*
 * old_kernel_fixture.h - runs a group of tests twice: as they are, and with the newer system calls answered by ENOSYS,
 * as kernels before 5.6 and some sandboxes do.
 *
 *     return old_kernel_run_twice(tests, n_tests);
 *
 * old_kernel says which of the two runs it is, for what cannot be the same in both. has_openat2 asks: valgrind does not
 * know that call either.
 */
#ifndef OLD_KERNEL_FIXTURE_H
#define OLD_KERNEL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool old_kernel;

/* For this process and for good. False where filters cannot be had. */
static inline bool old_kernel_deny(void)
{
        struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 1, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static inline bool has_openat2(void)
{
        return syscall(SYS_openat2, -1, "", NULL, 0) < 0 && errno != ENOSYS;
}

#define old_kernel_run_twice(tests) old_kernel_run_(tests, sizeof(tests) / sizeof((tests)[0]))

static inline int old_kernel_run_(const struct CMUnitTest *tests, size_t n_tests)
{
        int failed = _cmocka_run_group_tests("as it is", tests, n_tests, NULL, NULL);

        if (!old_kernel_deny()) {
                (void)fprintf(stderr, "no seccomp filter to be had: not run as on an old kernel\n");
                return failed;
        }
        old_kernel = true;
        return failed + _cmocka_run_group_tests("without openat2 and renameat2", tests, n_tests, NULL, NULL);
}

#endif
