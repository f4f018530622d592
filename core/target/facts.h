/* SPDX-License-Identifier: MIT */
/*
 * facts.h - what an interpreter that is not a virtual environment knows of itself, and of the environments that are made
 * from it. Answers are remembered (facts_cache.h), so that an interpreter is run once.
 *
 *     struct facts facts;
 *
 *     r = facts_of(&arena, "/usr/bin/python3", query, &facts, err);
 *
 * The venv_* paths begin with PROBE_PREFIX, the user_* ones with PROBE_USER (scheme.h replaces both).
 */
#ifndef TARGET_FACTS_H
#define TARGET_FACTS_H

#include "base/arena.h"
#include "pipseed.h"
#include "target/target.h"

#include <stdint.h>

struct facts_paths {
        const char **items;
        size_t n_items;
};

struct facts {
        int major, minor, micro;
        const struct implementation *implementation;
        int impl_major, impl_minor; /* its own release; of CPython 0 */
        const char *prefix;         /* sys.prefix */
        const char *stdlib;
        const char *cache_tag; /* or NULL */
        uint8_t magic[4];
        bool free_threaded;
        const char *platform; /* or NULL */
        enum tag_libc libc;
        int libc_major, libc_minor;
        struct target_scheme scheme; /* of this interpreter itself */
        struct target_scheme venv_scheme;
        struct target_scheme user_scheme;
        const char *user_site;
        struct facts_paths site;      /* its site directories, existing or not */
        struct facts_paths venv_site; /* those of an environment's own prefix */
        struct facts_paths base_site; /* those of the base that an environment with system-site-packages sees besides */
        bool was_probed;
        bool is_unrun; /* from files alone, as a stranger could have made the interpreter: it must not run */
};

/* Parses the answer of probe_facts; every field is checked. exe is for messages. PIPSEED_E_PROBE_FAILED: it is not such an
 * answer. PIPSEED_E_BAD_TARGET: a Python below 3.6 or of an unknown implementation. */
int facts_parse(struct arena *arena, const char *json, const char *exe, struct facts *ret_facts,
                struct pipseed_error *err);

/* As remembered in cache_dir of the query: 1, 0 or a code. */
int facts_remembered(struct arena *arena, const char *exe, const struct target_query *query, struct facts *ret_facts,
                     struct pipseed_error *err);
/* Remembered, else asked of the interpreter. Uses cache_dir and event of the query. */
int facts_of(struct arena *arena, const char *exe, const struct target_query *query, struct facts *ret_facts,
             struct pipseed_error *err);
/* Asked in any case, for a script whose answer depends on more than itself. */
int facts_ask(struct arena *arena, const char *exe, const struct target_query *query, struct facts *ret_facts,
              struct pipseed_error *err);
/* Tells the query's callback that exe will be run; PIPSEED_E_CANCELLED when it objects. */
int facts_announce(const struct target_query *query, const char *exe, struct pipseed_error *err);

#endif
