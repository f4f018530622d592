/* SPDX-License-Identifier: MIT */
/*
 * venv_hook.h - a C ABI between programs that create Python virtual environments and hooks that work on them.
 *
 * A hook is a shared object that exports one symbol:
 *
 *     const struct venv_hook_v1 venv_hook = { sizeof(struct venv_hook_v1), "name", pre_create, post_create };
 *
 * A creator loads it (dlopen with RTLD_NOW | RTLD_LOCAL, dlsym "venv_hook"), reads it with venv_hook_read, fills a
 * context, and calls pre_create before it writes anything and post_create when the environment is complete but for what
 * hooks add: directories, interpreter and pyvenv.cfg are there, activate scripts need not be. Either may be NULL.
 *
 * A hook returns 0, or the exit status that the creator should end with: 1 failed, 2 wrong use, 3 refused, 4 integrity.
 * It then puts one NUL-terminated line into the error buffer. It never prints and never exits; messages go to the
 * context.
 *
 * Both structs grow at the end: either side may be older than the other. size is that of the side that filled the
 * struct, the smallest one ever released is accepted, and members that the other side does not have are NULL or 0. So
 * no side reads the other's struct itself: venv_hook_read and venv_hook_context_read copy it into one of the reader's
 * own size. A hook that has nothing to do without a member that is absent says so and fails.
 *
 * This header includes nothing but the C library's and may be copied into other projects.
 */
#ifndef VENV_HOOK_H
#define VENV_HOOK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Flags of a context. A hook ignores bits that it does not know. */
#define VENV_HOOK_WITHOUT_PIP (UINT32_C(1) << 0)          /* the user asked for no pip: a seeding hook does nothing */
#define VENV_HOOK_SYSTEM_SITE_PACKAGES (UINT32_C(1) << 1) /* --system-site-packages */
#define VENV_HOOK_UPGRADE (UINT32_C(1) << 2)        /* the environment existed and is kept: bring its pip up to date */
#define VENV_HOOK_USER (UINT32_C(1) << 3)           /* --user was asked for: not possible in an environment */
#define VENV_HOOK_ALTINSTALL (UINT32_C(1) << 4)     /* pipX.Y only */
#define VENV_HOOK_NO_DEFAULT_PIP (UINT32_C(1) << 5) /* pipX and pipX.Y, no pip */
#define VENV_HOOK_DRY_RUN (UINT32_C(1) << 6)        /* say what would be done, write nothing */

/* Levels of messages. */
#define VENV_HOOK_DETAIL 0
#define VENV_HOOK_NOTE 1
#define VENV_HOOK_WARNING 2

struct venv_hook_context_v1 {
        size_t size;          /* sizeof(struct venv_hook_context_v1) of the creator */
        const char *env_dir;  /* the environment's directory, absolute */
        const char *env_exe;  /* its interpreter, absolute, as scripts should name it; NULL: the hook finds it */
        const char *base_exe; /* the interpreter it was made from, or NULL */
        const char *version;  /* "3.13.0", or NULL when the creator does not know */
        uint32_t flags;       /* VENV_HOOK_* */
        uint32_t jobs;        /* threads and processes that the hook may use; 0: as many as there are processors */
        /* "section.key=value" settings of the creator's command line, ended by NULL; or NULL. pipseed's hook takes its
         * policy's keys here, and policy=FILE */
        const char *const *options;
        void (*message)(void *message_data, int level, const char *text); /* or NULL */
        void *message_data;
        /* or NULL. Called at least every 100 ms on the hook's thread; non-zero: the hook rolls back and fails */
        int (*is_cancelled)(void *message_data);
};

struct venv_hook_v1 {
        size_t size; /* sizeof(struct venv_hook_v1) of the hook */
        const char *name;
        int (*pre_create)(const struct venv_hook_context_v1 *context, char *ret_error, size_t error_size);
        int (*post_create)(const struct venv_hook_context_v1 *context, char *ret_error, size_t error_size);
};

/* The smallest sizes ever released. They stay what they are when members are added. */
#define VENV_HOOK_V1_MIN_SIZE                                                                                          \
        (offsetof(struct venv_hook_v1, post_create) + sizeof(((struct venv_hook_v1 *)NULL)->post_create))
#define VENV_HOOK_CONTEXT_V1_MIN_SIZE                                                                                  \
        (offsetof(struct venv_hook_context_v1, is_cancelled) +                                                         \
         sizeof(((struct venv_hook_context_v1 *)NULL)->is_cancelled))

/* Copies the other side's struct, or as much of it as both know, into *ret, whose size then is the reader's. 0, or -1
 * when there is none, or one that is smaller than any release's; *ret is untouched then. */
static inline int venv_hook_read(const struct venv_hook_v1 *hook, struct venv_hook_v1 *ret)
{
        if (hook == NULL || hook->size < VENV_HOOK_V1_MIN_SIZE)
                return -1;
        memset(ret, 0, sizeof(*ret));
        memcpy(ret, hook, hook->size < sizeof(*ret) ? hook->size : sizeof(*ret));
        ret->size = sizeof(*ret);
        return 0;
}

static inline int venv_hook_context_read(const struct venv_hook_context_v1 *context, struct venv_hook_context_v1 *ret)
{
        if (context == NULL || context->size < VENV_HOOK_CONTEXT_V1_MIN_SIZE)
                return -1;
        memset(ret, 0, sizeof(*ret));
        memcpy(ret, context, context->size < sizeof(*ret) ? context->size : sizeof(*ret));
        ret->size = sizeof(*ret);
        return 0;
}

#ifdef __cplusplus
}
#endif
#endif
