/* SPDX-License-Identifier: MIT */
/* A hook module that says what it was given. With -DGROWN its header is the grown one. */
#include "venv_hook.h"

#include <stdio.h>

static int tell(const struct venv_hook_context_v1 *given, const char *call, char *ret_error, size_t size)
{
        struct venv_hook_context_v1 context;
        char text[8192];

        if (venv_hook_context_read(given, &context) < 0)
                return snprintf(ret_error, size, "no usable context"), 2;
#ifdef GROWN
        if (context.grown_pointer != NULL || context.grown_number != 0)
                return snprintf(ret_error, size, "a member that the creator does not have is set"), 1;
#endif
        (void)snprintf(text, sizeof(text), "%s env_dir=%s flags=%u options=%s cancelled=%d", call, context.env_dir,
                       (unsigned int)context.flags,
                       context.options != NULL && context.options[0] != NULL ? context.options[0] : "",
                       context.is_cancelled != NULL ? context.is_cancelled(context.log_data) : -1);
        if (context.log != NULL)
                context.log(context.log_data, VENV_HOOK_NOTE, text);
        return 0;
}

static int pre_create(const struct venv_hook_context_v1 *context, char *ret_error, size_t size)
{
        return tell(context, "pre", ret_error, size);
}

static int post_create(const struct venv_hook_context_v1 *context, char *ret_error, size_t size)
{
        return tell(context, "post", ret_error, size);
}

const struct venv_hook_v1 venv_hook = {sizeof(struct venv_hook_v1), "teller", pre_create, post_create};
