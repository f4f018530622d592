/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/trust.h"

int pipseed_trust_check(const char *path, const char *const *trusted, size_t n, struct pipseed_error *err)
{
        struct trust_rule rule = trust_rule_caller();
        struct trust_result result;
        int r;

        rule.dirs = trusted;
        rule.n_dirs = trusted != NULL ? n : 0;
        r = trust_look(path, &rule, &result);
        if (r < 0)
                return error_sys(err, r, path, "cannot tell who can change '%s'", path);
        return result.fault == TRUST_OK ? 0 : trust_refuse(&result, PIPSEED_E_UNTRUSTED_PATH, "what is to run", err);
}
