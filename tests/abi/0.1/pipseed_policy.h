/* SPDX-License-Identifier: MIT */
/*
 * pipseed_policy.h - the policy: which pip, from where, how. Second public header of libpipseed; pipseed-policy(5) is
 * the manual of the format.
 *
 *     struct pipseed_policy *policy = NULL;
 *     struct pipseed_policy_options options = { .size = sizeof(options), .use_environment = true };
 *
 *     pipseed_policy_load(&options, &policy, &err);
 *     pipseed_policy_set(policy, "seed.pip", "==25.2", "--pip", &err);    // the command line, the last layer
 *     pipseed_policy_apply(policy, &request, &err);                       // before setting the request's own fields
 *     pipseed_seed(&request, ...);
 *     pipseed_policy_free(policy);                                        // after the call: the request points into it
 *
 * Layers, later wins unless an earlier one locks the key: built-in; SYSCONFDIR/pipseed/policy.ini and policy.d/ *.ini
 * in name order; $XDG_CONFIG_HOME/pipseed/policy.ini; the file named by PIPSEED_POLICY (absolute) or options.file;
 * variables PIPSEED_SECTION_KEY (empty counts as unset); pipseed_policy_set. Nothing is read from the current directory.
 *
 * Messages begin with their place: file and line, variable, or option.
 */
#ifndef PIPSEED_POLICY_H
#define PIPSEED_POLICY_H

#include "pipseed.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pipseed_policy; /* opaque; immutable but for pipseed_policy_set */

struct pipseed_policy_options {
        size_t size;          /* sizeof(struct pipseed_policy_options) */
        const char *file;     /* --policy FILE; replaces PIPSEED_POLICY; NULL: none */
        bool use_environment; /* read PIPSEED_* variables, PIPSEED_POLICY and XDG_CONFIG_HOME/HOME */
        const char
                *sysconf_dir; /* NULL: the directory fixed at build time. Only for tools that look into another root */
};

/* Reads all layers. Errors name file and line: POLICY_SYNTAX (unknown section or key, a line that is cut off or
 * malformed, a key given twice in one file), POLICY_VALUE (out of range), POLICY_UNTRUSTED (a system file that others
 * than root can write, a user's file that belongs to someone else or that others can write), POLICY_UNREADABLE,
 * POLICY_LOCKED (a later layer sets a locked key to another value: names both places). */
PIPSEED_API int pipseed_policy_load(const struct pipseed_policy_options *options, struct pipseed_policy **ret_policy,
                                    struct pipseed_error *err);
PIPSEED_API void pipseed_policy_free(struct pipseed_policy *policy);

/* Sets a key ("seed.pip", "sha256.NAME.whl") as the command line does; option is how the user spelled it ("--pip"), for
 * messages. POLICY_LOCKED, BAD_VALUE (exit 2), USAGE (no such key). Values are checked as in a file. */
PIPSEED_API int pipseed_policy_set(struct pipseed_policy *policy, const char *key, const char *value,
                                   const char *option, struct pipseed_error *err);
/* As set, but keeps what the key has and adds one element, for lists of paths (wheels.dirs). value is that element as
 * it is, colons included; it must be absolute. An element that is there already changes nothing. */
PIPSEED_API int pipseed_policy_append(struct pipseed_policy *policy, const char *key, const char *value,
                                      const char *option, struct pipseed_error *err);

/* Fills the fields of an initialised request that the policy decides. The request then points into the policy. */
PIPSEED_API int pipseed_policy_apply(const struct pipseed_policy *policy, struct pipseed_request *req,
                                     struct pipseed_error *err);

/* The same for a whole environment: its seeding, hooks and hook_options. Scripts stay as they are unless pipseed_policy_set has
 * set seed.scripts, which in a file is about seeding alone. */
PIPSEED_API int pipseed_policy_apply_create(const struct pipseed_policy *policy, struct pipseed_create_request *req,
                                            struct pipseed_error *err);

/* One effective value and where it came from. Strings live as long as the policy and until the next set. Initialise with
 * PIPSEED_POLICY_VALUE_INIT. */
struct pipseed_policy_value {
        size_t size;           /* sizeof(struct pipseed_policy_value) */
        const char *key;       /* "seed.pip" */
        const char *value;     /* normalised text */
        const char *layer;     /* "built-in", "system", "user", "file", "environment", "command line" */
        const char *origin;    /* "/etc/pipseed/policy.ini:12", "PIPSEED_SEED_PIP", "--pip", or "" for built-in */
        const char *locked_by; /* origin of the lock, or NULL */
        const char *help;      /* one line about the key */
};

#define PIPSEED_POLICY_VALUE_INIT                                                                                      \
        {                                                                                                              \
                .size = sizeof(struct pipseed_policy_value)                                                            \
        }

/* Number of effective values, and one of them (PIPSEED_E_USAGE beyond the end, and without a size): in the schema's
 * order, [sha256] pins last. */
PIPSEED_API size_t pipseed_policy_count(const struct pipseed_policy *policy);
PIPSEED_API int pipseed_policy_value_at(const struct pipseed_policy *policy, size_t i,
                                        struct pipseed_policy_value *ret_value);
/* The files that were read, in order; NULL beyond the end. */
PIPSEED_API const char *pipseed_policy_file_at(const struct pipseed_policy *policy, size_t i);
/* Where the files that nobody named were looked for, in order, whether they are there or not ("/etc/pipseed/policy.ini",
 * "/etc/pipseed/policy.d/ *.ini", ...); NULL beyond the end. */
PIPSEED_API const char *pipseed_policy_place_at(const struct pipseed_policy *policy, size_t i);
/* Hook plugins of [venv] hooks: NULL-terminated. */
PIPSEED_API const char *const *pipseed_policy_hooks(const struct pipseed_policy *policy);

#ifdef __cplusplus
}
#endif
#endif
