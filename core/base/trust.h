/* SPDX-License-Identifier: MIT */
/*
 * trust.h - may what a path names be believed or run? The one place that decides it: interpreters, `home` of a
 * pyvenv.cfg, hooks, policies, stores, wheels and the command of a drop-in are all asked about here.
 *
 *     const struct trust_rule rule = trust_rule_caller();
 *     struct trust_result result;
 *
 *     r = trust_look("/usr/bin/python3", &rule, &result);
 *     if (r == 0 && result.fault != TRUST_OK)
 *             return trust_refuse(&result, PIPSEED_E_UNTRUSTED_PATH, "the hook", err);
 *
 * The rule: the file, each directory above it, and each directory above a symbolic link on the way belong to root or to
 * the caller, and nobody else can write them, by mode or by ACL. A sticky directory that others can write, such as
 * /tmp, is passed for an entry (a link, too) whose owner is trusted: nobody else can rename or remove that one.
 *
 * The way is walked from "/" down, one component at a time, and each directory is judged before the next name in it is
 * looked up. A name in a trusted directory cannot be changed by a stranger any more, so the names are as good as held
 * descriptors once the result is TRUST_OK. What was opened before is tied to the result with trust_check_fd.
 */
#ifndef BASE_TRUST_H
#define BASE_TRUST_H

#include "pipseed.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct trust_rule {
        uid_t owners[2]; /* trusted besides root; 0 for none */
        /* Directories that are trusted with what is below them, whoever owns them and the way to them; absolute. */
        const char *const *dirs;
        size_t n_dirs;
};

enum trust_fault {
        TRUST_OK,
        TRUST_OWNER,     /* belongs to somebody else */
        TRUST_WRITABLE,  /* group, others or an ACL entry can write */
        TRUST_EXCHANGED, /* trust_check_fd: the path names another file than the descriptor */
};

struct trust_result {
        enum trust_fault fault; /* the first on the way */
        char fault_path[PATH_MAX];
        uid_t fault_uid;
        mode_t fault_mode;
        char resolved[PATH_MAX]; /* without links */
        struct stat st;          /* of what is there */
};

/* root and the effective user. */
struct trust_rule trust_rule_caller(void);
/* root alone, for what counts for the whole machine. */
struct trust_rule trust_rule_root(void);

/* Walks the whole path, also behind a fault. path is absolute. 0; -errno if a component is missing or not accessible:
 * result then has what was found so far, with fault. */
int trust_look(const char *path, const struct trust_rule *rule, struct trust_result *ret_result);
/* Calls trust_look; in addition the file that fd holds has to be the one at the end of the path, and trusted as fd
 * shows it. */
int trust_check_fd(int fd, const char *path, const struct trust_rule *rule, struct trust_result *ret_result);
/* Checks what fd holds by itself, without the path to it. */
enum trust_fault trust_judge_fd(int fd, const struct stat *st, const struct trust_rule *rule);

/* Fills the error: `what` ("the hook") is not trusted, by which path, whose it is; the hint is the command that helps.
 * Returns code. */
int trust_refuse(const struct trust_result *result, int code, const char *what, struct pipseed_error *err);
/* Describes the fault: "belongs to uid 7", "is writable by others (mode 0775)". */
void trust_describe(const struct trust_result *result, char *ret_text, size_t size);

#endif
