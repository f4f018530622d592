/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/trust.h"
#include "target/admit.h"

int pipseed_trust_check(const char *path, const char *const *trusted, size_t n, struct pipseed_error *err)
{
        struct trust_rule rule = trust_rule_caller();
        struct trust_result result;
        int r;

        rule.dirs = trusted;
        rule.n_dirs = trusted != NULL ? n : 0;
        r = trust_look(path, &rule, &result);
        if (r < 0)
                return error_sys(err, r, path, "cannot determine who can change '%s'", path);
        return result.fault == TRUST_OK ? 0
                                        : trust_refuse(&result, PIPSEED_E_UNTRUSTED_PATH, "the file to be run", err);
}

int pipseed_trust_check_python(const char *path, const char *const *trusted, size_t n, struct pipseed_error *err)
{
        const struct target_query query = {.trust = trusted, .n_trust = trusted != NULL ? n : 0};
        struct arena arena = {0};
        struct pyvenv env;
        int r = pyvenv_read_of(&arena, NULL, path, &env, err);

        if (r >= 0)
                r = admit_interpreter(&query, path, r > 0 ? &env : NULL, err);
        arena_done(&arena);
        return r < 0 ? r : 0;
}
