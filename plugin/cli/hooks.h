/* SPDX-License-Identifier: MIT */
/*
 * hooks.h - the hook modules (venv_hook.h) that `pipseed venv` works through: pipseed's own first, then those of the
 * policy's venv.hooks. Nothing is seeded by any other way.
 *
 *     _cleanup_(hooks_done) struct hooks hooks = {0};
 *
 *     r = hooks_open(&hooks, PIPSEED_HOOK_MODULE, pipseed_policy_hooks(policy), &err);
 *     r = hooks_call(&hooks, HOOKS_PRE_CREATE, &context, &err);
 *
 * Calls may come from several threads at once. A module of someone else's is entered by one of them at a time.
 */
#ifndef CLI_HOOKS_H
#define CLI_HOOKS_H

#include "pipseed.h"
#include "venv_hook.h"

#include <pthread.h>

struct hook {
        void *module;
        const char *path;
        struct venv_hook_v1 table;
        bool is_own;
};

struct hooks {
        struct hook *items;
        size_t n_items;
        pthread_mutex_t lock;
};

enum hooks_call { HOOKS_PRE_CREATE, HOOKS_POST_CREATE };

/* own: pipseed's hook module, NULL for a caller that seeds by itself. others: paths, ended by NULL. All paths must outlive
 * hooks. PIPSEED_E_HOOK: one cannot be loaded. */
int hooks_open(struct hooks *hooks, const char *own, const char *const *others, struct pipseed_error *err);
/* In order, up to the first that fails: its text, and a code of the class that its status stands for. */
int hooks_call(struct hooks *hooks, enum hooks_call call, const struct venv_hook_context_v1 *context,
               struct pipseed_error *err);
void hooks_done(struct hooks *hooks);

#endif
