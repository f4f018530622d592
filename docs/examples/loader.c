/* SPDX-License-Identifier: MIT */
/*
 * loader.c - an example: the part of a program that creates environments which runs a hook on one of them.
 *
 *     cc -o loader loader.c -ldl
 *     python3 -m venv --without-pip ENV
 *     ./loader /usr/lib/pipseed/pipseed_hook.so ENV --option seed.pip=25.2
 *
 * Nothing but venv_hook.h is needed. Exit status: the hook's, 2 for wrong use, 1 when the hook cannot be loaded.
 */
#include "venv_hook.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OPTIONS 32
#define USAGE                                                                                                          \
        "usage: loader HOOK.so ENV [--exe PYTHON] [--option SECTION.KEY=VALUE]... [--user] [--upgrade] "               \
        "[--without-pip] [--altinstall] [--no-default-pip] [--dry-run]\n"

static const struct {
        const char *word;
        uint32_t flag;
} flag_words[] = {
        {"--without-pip", VENV_HOOK_WITHOUT_PIP},
        {"--upgrade", VENV_HOOK_UPGRADE},
        {"--user", VENV_HOOK_USER},
        {"--altinstall", VENV_HOOK_ALTINSTALL},
        {"--dry-run", VENV_HOOK_DRY_RUN},
        {"--no-default-pip", VENV_HOOK_NO_DEFAULT_PIP},
};

/* The creator decides where messages go. */
static void show(void *data, int level, const char *text)
{
        static const char *const names[] = {"detail", "note", "warning"};

        fprintf(data, "%s: %s\n", level >= 0 && level <= VENV_HOOK_WARNING ? names[level] : "message", text);
}

/* The hook may be older than this program, or newer: venv_hook_read copies what both know of it. */
static int load_hook(const char *path, struct venv_hook_v1 *ret_hook)
{
        void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        const void *symbol = module != NULL ? dlsym(module, "venv_hook") : NULL;

        if (symbol == NULL) {
                fprintf(stderr, "loader: %s\n", dlerror());
                return -1;
        }
        if (venv_hook_read(symbol, ret_hook) < 0) {
                fprintf(stderr, "loader: %s: 'venv_hook' is smaller than any version of it\n", path);
                return -1;
        }
        return 0;
}

static int run(int (*call)(const struct venv_hook_context_v1 *, char *, size_t), const char *name,
               const struct venv_hook_context_v1 *context)
{
        char error[1024] = "";
        int status = call != NULL ? call(context, error, sizeof(error)) : 0;

        if (status != 0)
                fprintf(stderr, "loader: %s: %s\n", name, error);
        return status;
}

/* False: an option that is not known, or lacks its value. */
static int parse(char **words, struct venv_hook_context_v1 *context, const char **options)
{
        size_t n = 0;

        for (; *words != NULL; words++) {
                size_t known = 0;

                for (size_t i = 0; i < sizeof(flag_words) / sizeof(flag_words[0]); i++)
                        if (strcmp(*words, flag_words[i].word) == 0) {
                                context->flags |= flag_words[i].flag;
                                known = 1;
                        }
                if (known != 0)
                        continue;
                if (words[1] == NULL || n + 1 >= MAX_OPTIONS)
                        return 0;
                if (strcmp(*words, "--exe") == 0)
                        context->env_exe = *++words;
                else if (strcmp(*words, "--option") == 0)
                        options[n++] = *++words;
                else
                        return 0;
        }
        return 1;
}

int main(int argc, char **argv)
{
        const char *options[MAX_OPTIONS] = {NULL};
        struct venv_hook_context_v1 context = {
                .size = sizeof(context),
                .options = options,
                .log = show,
                .log_data = stderr,
        };
        struct venv_hook_v1 hook;
        char env_dir[PATH_MAX];
        int status;

        if (argc < 3 || !parse(argv + 3, &context, options)) {
                fputs(USAGE, stderr);
                return 2;
        }
        if (realpath(argv[2], env_dir) == NULL) {
                perror(argv[2]);
                return 1;
        }
        context.env_dir = env_dir;
        if (load_hook(argv[1], &hook) < 0)
                return 1;

        status = run(hook.pre_create, "pre_create", &context);
        /* Here a creator makes the environment. This one was given an environment. */
        if (status == 0)
                status = run(hook.post_create, "post_create", &context);
        if (status == 0)
                printf("%s: done\n", hook.name);
        return status;
}
