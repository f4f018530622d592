/* SPDX-License-Identifier: MIT */
#include "hooks.h"

#include "cleanup.h"
#include "fault.h"

#include <dlfcn.h>
#include <string.h>

static int load(struct hook *hook, struct pipseed_error *err)
{
        const char *why;

        /* The dynamic loader gives up when a signal comes while it reads: EINTR. */
        for (int tries = 0; tries < 2 && hook->module == NULL; tries++)
                hook->module = dlopen(hook->path, RTLD_NOW | RTLD_LOCAL);
        if (hook->module == NULL) {
                why = dlerror();
                (void)fault_set(err, PIPSEED_E_HOOK, hook->is_own ? NULL : hook->path,
                                "cannot load the hook module: %s", why != NULL ? why : "no reason given");
                if (hook->is_own)
                        return fault_hint(err, "pipseed is not installed completely");
                return fault_hint(err, "the policy's key venv.hooks names it: 'pipseed policy show venv.hooks'");
        }
        if (venv_hook_read(dlsym(hook->module, "venv_hook"), &hook->table) == 0)
                return 0;
        (void)fault_set(err, PIPSEED_E_HOOK, hook->path, "%s is no hook module: it has no usable 'venv_hook'",
                        hook->path);
        return fault_hint(err, "venv_hook.h tells what a hook module exports");
}

static int add(struct hooks *hooks, const char *path, bool is_own, struct pipseed_error *err)
{
        struct hook *hook = &hooks->items[hooks->n_items++];

        *hook = (struct hook){.path = path, .is_own = is_own};
        return load(hook, err);
}

int hooks_open(struct hooks *hooks, const char *own, const char *const *others, struct pipseed_error *err)
{
        size_t n = 0;
        int r = 0;

        while (others != NULL && others[n] != NULL)
                n++;
        *hooks = (struct hooks){.items = calloc(n + 1, sizeof(*hooks->items)), .lock = PTHREAD_MUTEX_INITIALIZER};
        if (hooks->items == NULL)
                return fault_memory(err);
        if (own != NULL)
                r = add(hooks, own, true, err);
        for (size_t i = 0; r == 0 && i < n; i++)
                r = add(hooks, others[i], false, err);
        return r;
}

/* The statuses of venv_hook.h, which are the classes of exit codes. */
static int code_of(int status)
{
        static const int codes[] = {[1] = PIPSEED_E_HOOK, [2] = PIPSEED_E_USAGE, [3] = PIPSEED_E_REFUSED,
                                    [4] = PIPSEED_E_INTEGRITY};

        if (status <= 0 || (size_t)status >= ARRAY_SIZE(codes))
                return PIPSEED_E_HOOK;
        /* cppcheck does not follow the cast above. */
        /* cppcheck-suppress arrayIndexOutOfBoundsCond */
        return codes[status];
}

static int enter(struct hooks *hooks, const struct hook *hook, enum hooks_call call,
                 const struct venv_hook_context_v1 *context, char *error, size_t size)
{
        int (*function)(const struct venv_hook_context_v1 *, char *, size_t) =
                call == HOOKS_PRE_CREATE ? hook->table.pre_create : hook->table.post_create;
        int status;

        if (function == NULL)
                return 0;
        if (hook->is_own)
                return function(context, error, size);
        (void)pthread_mutex_lock(&hooks->lock);
        status = function(context, error, size);
        (void)pthread_mutex_unlock(&hooks->lock);
        return status;
}

int hooks_call(struct hooks *hooks, enum hooks_call call, const struct venv_hook_context_v1 *context,
               struct pipseed_error *err)
{
        for (size_t i = 0; i < hooks->n_items; i++) {
                const struct hook *hook = &hooks->items[i];
                char error[sizeof(err->message)] = "";
                int status = enter(hooks, hook, call, context, error, sizeof(error));
                const char *name = hook->table.name != NULL ? hook->table.name : hook->path;

                if (status == 0)
                        continue;
                error[sizeof(error) - 1] = '\0';
                if (error[0] == '\0')
                        (void)snprintf(error, sizeof(error), "failed with status %d and gave no reason", status);
                if (hook->is_own)
                        return fault_set(err, code_of(status), context->env_dir, "%s", error);
                return fault_set(err, code_of(status), hook->path, "hook %s: %.900s", name, error);
        }
        return 0;
}

void hooks_done(struct hooks *hooks)
{
        for (size_t i = 0; i < hooks->n_items; i++)
                if (hooks->items[i].module != NULL)
                        (void)dlclose(hooks->items[i].module);
        free(hooks->items);
        *hooks = (struct hooks){0};
}
