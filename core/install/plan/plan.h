/* SPDX-License-Identifier: MIT */
/*
 * plan.h - which files one wheel puts where: a pure function of wheel, target and options. No I/O.
 *
 *     struct plan plan = {0};
 *
 *     r = plan_make(&input, &plan, err);
 *     for (size_t i = 0; i < plan.n_files; i++) stage(plan.files[i]);
 *     plan_done(&plan);
 *
 * What is planned equals what `pip install` of that wheel leaves (ensurepip.md), for the pip whose version is given:
 * pips differ in scripts, RECORD's order, REQUESTED.
 */
#ifndef INSTALL_PLAN_H
#define INSTALL_PLAN_H

#include "base/arena.h"
#include "pipseed.h"
#include "target/target.h"
#include "wheel/wheel.h"

struct plan_file {
        enum plan_root root;
        const char *path; /* relative to the root: plain */
        /* where the bytes come from: exactly one of the three */
        const struct wheel_file *source;      /* a file of the wheel as it is */
        const struct wheel_file *bytecode_of; /* the .pyc of this wheel file */
        const char *content; /* generated here: scripts, INSTALLER, REQUESTED, RECORD, rewritten .data scripts */
        size_t content_len;
        /* mode: is_script (0666 & ~umask) | 0555, else executable (0777 & ~umask) | 0111, else 0666 & ~umask */
        bool executable; /* as the wheel says, also for a rewritten .data script; true for is_script */
        bool is_script;  /* the script of an entry point */
};

struct plan_input {
        const struct wheel_info *wheel; /* files below .data/scripts must have data; outlives the plan */
        const struct target *target;
        const struct target_scheme *scheme; /* &target->scheme or &target->user_scheme */
        enum pipseed_scripts scripts;       /* applies to pip's and easy_install's own entry points only */
        const char *installer;              /* "pipseed" */
        const char *pip_version;            /* the pip whose behaviour is followed; NULL: the newest */
        const char *const *listed;          /* scripts that have to be there again (script_keep), or NULL */
        size_t n_listed;
        bool requested; /* was this package asked for by name? (a REQUESTED file) */
        /* bytecode: for wheel file i, compiled[i] says that a .pyc exists; NULL: none at all */
        const bool *compiled;
        const char *pyc_suffix; /* ".cpython-313.pyc", ".cpython-313.opt-1.pyc" */
};

struct plan {
        struct arena arena;
        const char *roots[PLAN_N_ROOTS]; /* absolute, unrooted */
        struct plan_file *files;         /* sorted by root, then path as bytes; RECORD is files[record] */
        size_t n_files;
        size_t record;
        const char **scripts; /* file names in bin/, sorted */
        size_t n_scripts;
};

/* Errors: PIPSEED_E_SCRIPT_NAME, DATA_SCHEME (also when two members of the wheel would become one file), STORE_ENTRY (a
 * file below .data/scripts has no data), NO_MEMORY. On failure ret_plan is untouched.
 *
 * Where a generated file meets one of the wheel, the generated one is installed and RECORD has a row for both, as with
 * pip. Where pip's RECORD is wrong, this one is not: a rewritten script of .data has its new hash (pips before 22.2
 * keep the old one) and no bytecode, which pip makes for scripts named *.py and nothing ever uses. */
int plan_make(const struct plan_input *input, struct plan *ret_plan, struct pipseed_error *err);
void plan_done(struct plan *plan);

#endif
