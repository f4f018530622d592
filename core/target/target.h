/* SPDX-License-Identifier: MIT */
/*
 * target.h - the Python that gets seeded: which it is and where its files go.
 *
 *     _cleanup_(target_freep) struct target *target = NULL;
 *
 *     r = target_find(&query, &target, err);
 *     target->scheme.dirs[PLAN_LIB] ...
 *
 * Found without running the interpreter wherever files tell (a venv by its pyvenv.cfg and directories, its base through the
 * cache of facts), else by one isolated call of it (probe.h), remembered by path, inode, size and mtime.
 * All paths are absolute and unrooted: path_rooted(target->root, p) is where they are now.
 */
#ifndef TARGET_TARGET_H
#define TARGET_TARGET_H

#include "base/arena.h"
#include "base/cleanup.h"
#include "pipseed.h"
#include "target/scheme.h"
#include "wheel/implementation.h"
#include "wheel/tag.h"

struct facts;

struct target {
        struct arena arena;
        const struct facts *facts; /* of the base interpreter (facts.h); NULL unless base_only was asked for */
        const char *base_exe;      /* the interpreter behind exe that belongs to no environment */
        const char *root;          /* absolute, or NULL */
        const char *exe; /* for shebangs: absolute, as invoked; in an environment found by directory, ENV/bin/NAME with
                             the NAME that `python -m venv` of its base uses */
        const char
                *run_exe; /* what may be executed to compile bytecode: the base, never an environment's own file; NULL:
                                nothing (it lies inside a root, or a stranger could have made it) */
        bool in_image;    /* the interpreter lies inside root */
        const char *prefix;
        const char *base_prefix;
        bool is_venv;     /* pyvenv.cfg, or a virtualenv older than 20 */
        bool system_site; /* a venv that sees its base's packages; true outside venvs */
        const struct implementation *implementation;
        int major, minor, micro;
        const char *version;   /* "3.13.0", never with a pre-release suffix: what pip holds against Requires-Python */
        const char *cache_tag; /* "cpython-313", NULL: no bytecode */
        uint8_t magic[4];      /* importlib.util.MAGIC_NUMBER; all zero: unknown */
        struct tag_facts tags;
        struct target_scheme scheme;      /* the default scheme: Debian's posix_local, venv, ... */
        struct target_scheme user_scheme; /* with --user; PYTHONUSERBASE honoured */
        bool user_site_enabled;           /* is the user's directory on sys.path? */
        const char *const *search;        /* where installed packages are looked for, in the order of sys.path: site
                                             directories, what their .pth files add, the user site when enabled */
        size_t n_search;
        const char *stdlib; /* directory that may hold EXTERNALLY-MANAGED */
        bool was_probed;    /* an interpreter was run to find out */
};

struct target_query {
        const char *env;    /* directory, or NULL */
        const char *python; /* path or name, or NULL */
        const char *root;   /* or NULL */
        bool base_only;     /* find facts, base_exe, exe and is_venv, and look at nothing else */
        /* Whose interpreter may be run: root's, the caller's, and what lies in these (base/trust.h). */
        const char *const *trust;
        size_t n_trust;
        bool is_choice; /* python was named by the caller to be run: it is, whoever owns it, and a note says who that is */
        bool look_only;        /* what may not be run is described from its files, with a note, instead of refused */
        const char *cache_dir; /* directory that remembers probes (created as needed), NULL: do not remember */
        pipseed_event_fn *event;
        void *event_data;
};

/* Errors: PIPSEED_E_NO_TARGET (nothing found by that name; says what was looked for; a directory given as environment
 * that is not one), BAD_TARGET (found, but unusable: broken symlink, version below 3.6), PROBE_FAILED (the interpreter could not
 * be asked: its stderr), UNTRUSTED_INTERPRETER. */
int target_find(const struct target_query *query, struct target **ret_target, struct pipseed_error *err);
void target_free(struct target *target);
DEFINE_CLEANUP(struct target *, target_free)

/*
 * Is a virtual environment active for this target, so that --user has to be refused? Either the target is one, or
 * VIRTUAL_ENV names a directory that is one. ret_env: its directory in new memory, or NULL. 1 yes, 0 no, negative code.
 */
int target_venv_active(const struct target *target, char **ret_env, struct pipseed_error *err);

/* Does the ensurepip of this Python install setuptools besides pip? */
bool target_wants_setuptools(const struct target *target);

/*
 * PEP 668. 0 when the target may be changed: inside a venv, or no EXTERNALLY-MANAGED file, or root is set and user is
 * not. Else PIPSEED_E_EXTERNALLY_MANAGED with the file's own text (key Error-LOCALE, then Error) as message.
 */
int target_check_managed(const struct target *target, bool user, struct pipseed_error *err);

#endif
