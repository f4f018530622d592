/* SPDX-License-Identifier: MIT */
/*
 * bytecode.h - compiling a wheel's modules with the target's own interpreter, in as many processes as there are cores.
 *
 * The .pyc files equal those of compileall but for co_filename, which is the path inside the wheel: the import system
 * puts the real one in when it loads them (importlib, _fix_co_filename), and so one set serves every environment.
 */
#ifndef STORE_BYTECODE_H
#define STORE_BYTECODE_H

#include "manifest.h"
#include "target/target.h"

struct bytecode_query {
        const struct target *target; /* run_exe and cache_tag are there */
        bool checked_hash; /* PEP 552 checked hash-based, else source mtime and size; Python 3.6 has the latter only */
        int files_fd;      /* the wheel's files */
        const struct manifest *files;
        int out_fd;           /* empty directory that gets the .pyc files, at the paths where they are installed */
        const char *out_path; /* the same, relative to files_fd: the interpreter's current directory */
        const char *path;     /* where that is, for messages */
        unsigned int jobs;
        mode_t umask;
        pipseed_event_fn *event;
        void *event_data;
};

/* ret_manifest lists what was compiled. A module that does not compile is left out, as compileall leaves it out.
 * PIPSEED_E_COMPILE_FAILED: the interpreter failed; its own words are in the message. CANCELLED: the processes were
 * killed. */
int bytecode_compile(const struct bytecode_query *query, struct manifest *ret_manifest, struct pipseed_error *err);

/* Returns whether the modules of this target can be compiled at all. */
bool bytecode_possible(const struct target *target);
/* ".cpython-313.pyc" in new memory; NULL: out of memory. */
char *bytecode_suffix(const struct target *target);
/* Returns whether pip compiles this file of a wheel. */
bool bytecode_wanted(const struct wheel_info *wheel, const char *path);

#endif
