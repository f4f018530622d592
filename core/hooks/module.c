/* SPDX-License-Identifier: MIT */
#include "hooks/module.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>

static int not_loaded(struct pipseed_error *err)
{
        err->code = PIPSEED_E_HOOK_FAILED;
        return error_hint(err, "run: pipseed policy show venv.hooks");
}

/* The one place where a hook's file is opened. Who may have written it is to be asked here, of the descriptor. */
static int open_file(struct hook_module *module, struct pipseed_error *err)
{
        module->fd = open(module->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (module->fd >= 0)
                return pipseed_trust_check(module->path, NULL, 0, err);
        (void)error_sys(err, errno, module->path, "cannot load the hook module");
        return not_loaded(err);
}

int hook_module_open(struct hook_module *module, const char *path, struct pipseed_error *err)
{
        const char *why;
        int r;

        *module = (struct hook_module){.path = path, .fd = -1};
        r = open_file(module, err);
        if (r < 0)
                return r;
        /* By its path: the loader takes $ORIGIN from it. It gives up when a signal comes while it reads: EINTR. */
        for (int tries = 0; tries < 2 && module->handle == NULL; tries++)
                module->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (module->handle == NULL) {
                why = dlerror();
                (void)error_set(err, PIPSEED_E_HOOK_FAILED, path, "cannot load the hook module: %s",
                                why != NULL ? why : "no reason given");
                return not_loaded(err);
        }
        if (venv_hook_read(dlsym(module->handle, "venv_hook"), &module->table) == 0)
                return 0;
        (void)error_set(err, PIPSEED_E_HOOK_FAILED, path, "'%s' is not a hook module: it has no usable 'venv_hook'",
                        path);
        return error_hint(err, "see venv_hook.h for what a hook module exports");
}

/* The statuses of venv_hook.h, which are the classes of exit codes. */
static int code_of(int status)
{
        static const int codes[] = {
                [1] = PIPSEED_E_HOOK_FAILED, [2] = PIPSEED_E_USAGE, [3] = PIPSEED_E_REFUSED, [4] = PIPSEED_E_INTEGRITY};

        if (status <= 0 || (size_t)status >= ARRAY_SIZE(codes))
                return PIPSEED_E_HOOK_FAILED;
        /* cppcheck does not follow the cast above. */
        /* cppcheck-suppress arrayIndexOutOfBoundsCond */
        return codes[status];
}

/* A hook may itself create an environment: this thread has the lock then. */
static int enter(int (*function)(const struct venv_hook_context_v1 *, char *, size_t),
                 const struct venv_hook_context_v1 *context, char *error, size_t size)
{
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        static _Thread_local unsigned int depth;
        int status;

        if (depth++ == 0)
                (void)pthread_mutex_lock(&lock);
        status = function(context, error, size);
        if (--depth == 0)
                (void)pthread_mutex_unlock(&lock);
        return status;
}

int hook_module_call(const struct hook_module *module, enum hook_call call, const struct venv_hook_context_v1 *context,
                     struct pipseed_error *err)
{
        const struct venv_hook_v1 *table = &module->table;
        const char *name = table->name != NULL ? table->name : module->path;
        char error[sizeof(err->message)] = "";
        int status = 0;

        if (call == HOOK_PRE_CREATE && table->pre_create != NULL)
                status = enter(table->pre_create, context, error, sizeof(error));
        else if (call == HOOK_POST_CREATE && table->post_create != NULL)
                status = enter(table->post_create, context, error, sizeof(error));
        if (status == 0)
                return 0;
        error[sizeof(error) - 1] = '\0';
        if (error[0] == '\0')
                (void)snprintf(error, sizeof(error), "failed with status %d and gave no reason", status);
        return error_set(err, code_of(status), module->path, "hook %s: %.900s", name, error);
}

void hook_module_done(struct hook_module *module)
{
        if (module->handle != NULL)
                (void)dlclose(module->handle);
        cleanup_closep(&module->fd);
        *module = (struct hook_module)HOOK_MODULE_INIT;
}
