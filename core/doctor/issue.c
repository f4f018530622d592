/* SPDX-License-Identifier: MIT */
#include "issue.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "install/txn/sysroot.h"
#include "target/rooted.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void look_done(struct examination *look)
{
        target_free(look->target);
        arena_done(&look->arena);
        *look = (struct examination){0};
}

int look_add(struct examination *look, int code, enum repair repair, const char *path, struct pipseed_error *err,
             const char *format, ...)
{
        struct issue item = {.public = {.code = code, .repairable = repair != REPAIR_NONE}, .repair = repair};
        char text[1024];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        item.public.message = arena_strdup(&look->arena, text);
        item.public.path = path != NULL ? arena_strdup(&look->arena, path) : NULL;
        if (item.public.message == NULL || (path != NULL && item.public.path == NULL) ||
            arena_grow(&look->arena, &look->items, look->n_items, &look->capacity, sizeof(item)) < 0)
                return error_memory(err);
        look->items[look->n_items++] = item;
        return 0;
}

char *look_lib(const struct examination *look)
{
        const struct target *target = look->target;
        char *lib = NULL;

        /* Links in an image lead to where a process chrooted there would get. */
        return rooted_resolve(target->root, (look->req->user ? &target->user_scheme : &target->scheme)->dirs[PLAN_LIB],
                              &lib) == 0
                       ? lib
                       : NULL;
}

int look_open_dir(const struct examination *look, const char *path)
{
        _cleanup_(sysroot_done) struct sysroot top = SYSROOT_INIT;
        const struct sysroot_way way = {.prefix = look->env};
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;

        if (!look->is_env || look->req->root != NULL || !path_is_below(look->env, path))
                return file_open_dir(path);
        if (top_open_existing(&top, &way, &ignored) < 0)
                return ignored.sys_errno != 0 ? -ignored.sys_errno : -EACCES;
        return sysroot_open_dir(&top, path);
}
