/* SPDX-License-Identifier: MIT */
/*
 * pipseed_policy.h - the policy: which pip, from where, how. The second public header of libpipseed; pipseed-policy(5)
 * describes the format. The rules of pipseed.h for errors, strings, threads and structs apply.
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
 * variables PIPSEED_SECTION_KEY (empty counts as unset); pipseed_policy_set. The current directory is never read.
 *
 * Messages begin with the source: file and line, variable, or option.
 */
#ifndef PIPSEED_POLICY_H
#define PIPSEED_POLICY_H

#include "pipseed.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pipseed_policy; /* opaque; only pipseed_policy_set and pipseed_policy_append change it */

struct pipseed_policy_options {
        size_t size;          /* sizeof(struct pipseed_policy_options) */
        const char *file;     /* --policy FILE; replaces PIPSEED_POLICY; NULL: none */
        bool use_environment; /* read PIPSEED_* variables, PIPSEED_POLICY and XDG_CONFIG_HOME/HOME */
        const char
                *sysconf_dir; /* NULL: the directory fixed at build time. Only for tools that look into another root */
};

/* Reads all layers. Free the policy with pipseed_policy_free. Errors, with file and line: POLICY_SYNTAX (an unknown
 * section or key, a line that is cut off or malformed, a key given twice in one file), POLICY_VALUE (out of range),
 * POLICY_UNTRUSTED (users other than root can write a system file; a user's file belongs to another user, or others
 * can write it; SECURITY.md, "Trust model"), POLICY_UNREADABLE, POLICY_LOCKED (a later layer sets a locked key to
 * another value; the message names both places). */
PIPSEED_API int pipseed_policy_load(const struct pipseed_policy_options *options, struct pipseed_policy **ret_policy,
                                    struct pipseed_error *err);
PIPSEED_API void pipseed_policy_free(struct pipseed_policy *policy);

/* Sets a key ("seed.pip", "sha256.NAME.whl") as the command line does; the strings are copied. option is the user's
 * spelling ("--pip"), for messages. Values are checked as in a file. Errors: POLICY_LOCKED, BAD_VALUE, USAGE
 * (unknown key). */
PIPSEED_API int pipseed_policy_set(struct pipseed_policy *policy, const char *key, const char *value,
                                   const char *option, struct pipseed_error *err);
/* As pipseed_policy_set, but adds one element to the key's value, a list of paths (wheels.dirs). value is that element
 * unquoted, colons included; it must be absolute. Adding an element that the list contains changes nothing. */
PIPSEED_API int pipseed_policy_append(struct pipseed_policy *policy, const char *key, const char *value,
                                      const char *option, struct pipseed_error *err);

/* Sets the members of an initialised request that the policy decides. The request then points into the policy, which
 * must live until the call with that request returns. */
PIPSEED_API int pipseed_policy_apply(const struct pipseed_policy *policy, struct pipseed_request *req,
                                     struct pipseed_error *err);

/* The same for a whole environment: its seeding, hooks and hook_options. Its scripts change only if
 * pipseed_policy_set set seed.scripts; in a file that key applies to seeding only. */
PIPSEED_API int pipseed_policy_apply_create(const struct pipseed_policy *policy, struct pipseed_create_request *req,
                                            struct pipseed_error *err);

/* One effective value and its source. Strings belong to the policy and are valid until the next pipseed_policy_set or
 * pipseed_policy_append. Initialise with PIPSEED_POLICY_VALUE_INIT. */
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

/* Return the number of effective values, and one of them: in the schema's order, [sha256] pins last. Error: USAGE (i
 * is beyond the end, or the size is not set). */
PIPSEED_API size_t pipseed_policy_count(const struct pipseed_policy *policy);
PIPSEED_API int pipseed_policy_value_at(const struct pipseed_policy *policy, size_t i,
                                        struct pipseed_policy_value *ret_value);
/* Returns the i-th file that was read, in order, or NULL beyond the end. The string belongs to the policy. */
PIPSEED_API const char *pipseed_policy_file_at(const struct pipseed_policy *policy, size_t i);
/* Returns the i-th place that was searched for files without being named, in order, whether a file exists there or
 * not ("/etc/pipseed/policy.ini", "/etc/pipseed/policy.d/ *.ini", ...), or NULL beyond the end. The string belongs
 * to the policy. */
PIPSEED_API const char *pipseed_policy_place_at(const struct pipseed_policy *policy, size_t i);
/* Returns the hook modules of [venv] hooks, ended by NULL. They belong to the policy. */
PIPSEED_API const char *const *pipseed_policy_hooks(const struct pipseed_policy *policy);

#ifdef __cplusplus
}
#endif
#endif
