/* SPDX-License-Identifier: MIT */
#include "target/admit.h"

#include "base/error.h"
#include "base/path.h"
#include "base/str.h"
#include "base/trust.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct trust_rule rule_of(const char *const *trust, size_t n_trust)
{
        struct trust_rule rule = trust_rule_caller();

        rule.dirs = trust;
        rule.n_dirs = trust != NULL ? n_trust : 0;
        return rule;
}

bool admit_is_trusted(const char *exe, const char *const *trust, size_t n_trust)
{
        const struct trust_rule rule = rule_of(trust, n_trust);
        struct trust_result result;

        return trust_look(exe, &rule, &result) == 0 && result.fault == TRUST_OK;
}

static int tell(const struct target_query *query, const char *text, struct pipseed_error *err)
{
        const struct pipseed_event event = {.kind = PIPSEED_EVENT_NOTE, .text = text};

        if (query->event == NULL || query->event(query->event_data, &event) == 0)
                return 0;
        return error_set(err, PIPSEED_E_CANCELLED, NULL, "cancelled by the caller");
}

static int refuse(const char *exe, const struct trust_result *result, struct pipseed_error *err)
{
        char why[128];

        trust_describe(result, why, sizeof(why));
        (void)error_set(err, PIPSEED_E_UNTRUSTED_INTERPRETER, result->fault_path, "refusing to run '%s': '%s' %s", exe,
                        result->fault_path, why);
        if (result->fault == TRUST_WRITABLE)
                return error_hint(err, "run: chmod go-w %s; or list the interpreter's directory in target.trust",
                                  result->fault_path);
        return error_hint(err,
                          "if you trust uid %u, list the interpreter's directory in target.trust, or name it with -p "
                          "(venv, seed, enable); otherwise run: chown -h %u %s",
                          (unsigned int)result->fault_uid, (unsigned int)geteuid(), result->fault_path);
}

static bool is_absent(int r)
{
        return r == -ENOENT || r == -ENOTDIR || r == -ELOOP;
}

/* What an interpreter of this name loads before anything else: PREFIX/lib/pythonX.Y. Where it is elsewhere nothing is
 * said. */
static int look_at_library(const char *resolved, const struct trust_rule *rule, struct trust_result *result,
                           struct pipseed_error *err)
{
        static const char *const libdirs[] = {"lib", "lib64"};
        _cleanup_free_ char *bin = path_dir(resolved);
        _cleanup_free_ char *prefix = bin != NULL ? path_dir(bin) : NULL;
        _cleanup_free_ char *name = strdup(path_base(resolved));

        if (prefix == NULL || name == NULL)
                return error_memory(err);
        result->fault = TRUST_OK;
        for (size_t i = 0; i < ARRAY_SIZE(libdirs) && result->fault == TRUST_OK; i++) {
                _cleanup_free_ char *library = str_format("%s/%s/%s", prefix, libdirs[i], name);
                int r = library != NULL ? trust_look(library, rule, result) : -ENOMEM;

                if (is_absent(r))
                        result->fault = TRUST_OK;
                else if (r < 0)
                        return error_sys(err, r, library, "cannot access the standard library '%s'", library);
        }
        return 0;
}

/* What is not trusted on the way to the interpreter, to its library, or to home. 0 or a code; fault TRUST_OK:
 * nothing. */
static int find_fault(const struct target_query *query, const char *exe, const struct pyvenv *env,
                      struct trust_result *ret_result, struct pipseed_error *err)
{
        const struct trust_rule rule = rule_of(query->trust, query->n_trust);
        int r = trust_look(exe, &rule, ret_result);

        if (is_absent(r)) {
                (void)error_set(err, PIPSEED_E_BAD_TARGET, exe, "interpreter '%s' not found", exe);
                err->sys_errno = -r;
                return err->code;
        }
        if (r < 0)
                return error_sys(err, r, exe, "cannot access the interpreter '%s'", exe);
        if (ret_result->fault == TRUST_OK)
                r = look_at_library(ret_result->resolved, &rule, ret_result, err);
        if (r < 0 || ret_result->fault != TRUST_OK || env == NULL || env->home == NULL || env->home[0] != '/')
                return r;
        /* One that is not there misleads nobody: what it was for was found otherwise. But who could make it? */
        r = trust_look(env->home, &rule, ret_result);
        if (r < 0 && !is_absent(r))
                return error_sys(err, r, env->home, "cannot access the environment's home '%s'", env->home);
        return 0;
}

int admit_interpreter(const struct target_query *query, const char *exe, const struct pyvenv *env,
                      struct pipseed_error *err)
{
        _cleanup_free_ char *text = NULL;
        struct trust_result result;
        char why[128];
        int r = find_fault(query, exe, env, &result, err);

        if (r < 0)
                return r;
        if (result.fault == TRUST_OK)
                return 1;
        if (!query->look_only && !query->is_choice)
                return refuse(exe, &result, err);
        trust_describe(&result, why, sizeof(why));
        if (query->look_only)
                text = str_format("not running '%s', as '%s' %s: facts about it are taken from files", exe,
                                  result.fault_path, why);
        else if (result.fault == TRUST_OWNER && !query->is_told)
                text = str_format("running '%s', named explicitly, although '%s' %s", exe, result.fault_path, why);
        else
                return 1;
        if (text == NULL)
                return error_memory(err);
        r = tell(query, text, err);
        return r < 0 ? r : !query->look_only;
}
