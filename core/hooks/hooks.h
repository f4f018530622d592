/* SPDX-License-Identifier: MIT */
/*
 * hooks.h - the creation hooks of one call, in their order.
 *
 *     _cleanup_(hooks_done) struct hooks hooks = {0};
 *
 *     r = hooks_open(&hooks, req->hooks, err);
 *     r = hooks_call(&hooks, HOOK_PRE_CREATE, &context, err);
 */
#ifndef HOOKS_HOOKS_H
#define HOOKS_HOOKS_H

#include "hooks/module.h"

struct hooks {
        struct hook_module *items;
        size_t n_items;
};

/* paths: ended by NULL, or NULL; they must outlive hooks. HOOK_FAILED, NO_MEMORY. */
int hooks_open(struct hooks *hooks, const char *const *paths, struct pipseed_error *err);
/* Up to the first that fails. */
int hooks_call(const struct hooks *hooks, enum hook_call call, const struct venv_hook_context_v1 *context,
               struct pipseed_error *err);
void hooks_done(struct hooks *hooks);

#endif
