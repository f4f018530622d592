/* SPDX-License-Identifier: MIT */
/*
 * module.h - one creation hook that is a C module (venv_hook.h).
 *
 *     struct hook_module module = HOOK_MODULE_INIT;
 *
 *     r = hook_module_open(&module, "/usr/lib/site_hook.so", err);
 *     r = hook_module_call(&module, HOOK_PRE_CREATE, &context, err);
 *     hook_module_done(&module);
 *
 * Modules of others are entered by one thread at a time.
 */
#ifndef HOOKS_MODULE_H
#define HOOKS_MODULE_H

#include "pipseed.h"
#include "venv_hook.h"

enum hook_call { HOOK_PRE_CREATE, HOOK_POST_CREATE };

struct hook_module {
        const char *path; /* borrowed */
        int fd;           /* the file, held from before it is judged until it is closed */
        void *handle;
        struct venv_hook_v1 table; /* a copy, whole where the module has a shorter one */
};

#define HOOK_MODULE_INIT                                                                                               \
        {                                                                                                              \
                .fd = -1                                                                                               \
        }

/* HOOK_FAILED: it cannot be loaded, or is not a hook. */
int hook_module_open(struct hook_module *module, const char *path, struct pipseed_error *err);
/* The text of the module, and a code of the class that its status stands for. */
int hook_module_call(const struct hook_module *module, enum hook_call call, const struct venv_hook_context_v1 *context,
                     struct pipseed_error *err);
void hook_module_done(struct hook_module *module);

#endif
