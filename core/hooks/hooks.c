/* SPDX-License-Identifier: MIT */
#include "hooks/hooks.h"

#include "base/error.h"

#include <stdlib.h>

int hooks_open(struct hooks *hooks, const char *const *paths, struct pipseed_error *err)
{
        size_t n = 0;
        int r = 0;

        while (paths != NULL && paths[n] != NULL)
                n++;
        if (n == 0)
                return 0;
        hooks->items = calloc(n, sizeof(*hooks->items));
        if (hooks->items == NULL)
                return error_memory(err);
        while (r == 0 && hooks->n_items < n) {
                struct hook_module *module = &hooks->items[hooks->n_items];

                r = hook_module_open(module, paths[hooks->n_items++], err);
        }
        return r;
}

int hooks_call(const struct hooks *hooks, enum hook_call call, const struct venv_hook_context_v1 *context,
               struct pipseed_error *err)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < hooks->n_items; i++)
                r = hook_module_call(&hooks->items[i], call, context, err);
        return r;
}

void hooks_done(struct hooks *hooks)
{
        for (size_t i = 0; i < hooks->n_items; i++)
                hook_module_done(&hooks->items[i]);
        free(hooks->items);
        *hooks = (struct hooks){0};
}
