/* SPDX-License-Identifier: MIT */
/*
 * tag.h - does a wheel's tag fit an interpreter (PEP 425, 600, 656; packaging.tags is the reference)?
 */
#ifndef WHEEL_TAG_H
#define WHEEL_TAG_H

#include <stdbool.h>

enum tag_libc { TAG_LIBC_UNKNOWN, TAG_LIBC_GLIBC, TAG_LIBC_MUSL };

/* What decides about tags. Strings are borrowed. */
struct tag_facts {
        const char *implementation; /* "cpython", "pypy", ... as sys.implementation.name */
        int major, minor;           /* of the language */
        int impl_major, impl_minor; /* of PyPy itself, else 0 */
        bool free_threaded;
        const char *platform; /* "linux_x86_64", sysconfig.get_platform() with - and . as _; NULL: unknown */
        enum tag_libc libc;
        int libc_major, libc_minor;
};

/*
 * The best rank of any combination that the three compressed tag sets ("py2.py3", "none", "any") stand for: 0 is the
 * most specific tag that the interpreter supports, larger is less specific, -1 is not a match. It is the index in
 * packaging.tags.sys_tags() of packaging 26.3 (older ones have linux_* behind manylinux and know no abi3t).
 *
 * What the facts do not tell: CPython is taken for a release build (no "d" in its ABI; below 3.8 with "m"), 32-bit ARM
 * for hard-float, a _manylinux module for absent. Of interpreters other than CPython and PyPy only tags with the ABI
 * "none" are known.
 */
int tag_rank(const struct tag_facts *facts, const char *python, const char *abi, const char *platform);

#endif
