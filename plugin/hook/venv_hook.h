/* SPDX-License-Identifier: MIT */
/*
 * venv_hook.h - a C ABI between programs that create Python virtual environments and hooks that work on them.
 *
 * A hook is a shared object that exports one symbol:
 *
 *     const struct venv_hook_v1 venv_hook = { sizeof(struct venv_hook_v1), "name", pre_create, post_create };
 *
 * A creator loads it (dlopen(3) with RTLD_NOW | RTLD_LOCAL, dlsym(3) "venv_hook"), reads it with venv_hook_read, and
 * fills a context. It calls pre_create before it writes anything, and post_create when the environment is complete
 * except for what hooks add: directories, interpreter and pyvenv.cfg exist, activate scripts may be missing. Either
 * function may be NULL.
 *
 * A hook returns 0, or the exit status for the creator: 1 failed, 2 usage, 3 refused, 4 integrity. If it fails, it
 * writes one line to ret_error, ended by NUL within error_size bytes. It never prints and never exits; messages go to
 * the context's log. The creator owns the context and its strings, which are valid during the call.
 *
 * Both structs grow at the end: either side may be older than the other. size is set by the side that fills the struct,
 * the smallest size ever released is accepted, and members that the other side does not have are NULL or 0. So neither
 * side reads the other's struct directly: venv_hook_read and venv_hook_context_read copy it into one of the reader's
 * own size. A hook that cannot work without an absent member reports that and fails.
 *
 * This header includes only headers of the C library and may be copied into other projects.
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
#define VENV_HOOK_WITHOUT_PIP (UINT32_C(1) << 0)          /* --without-pip: a seeding hook does nothing */
#define VENV_HOOK_SYSTEM_SITE_PACKAGES (UINT32_C(1) << 1) /* --system-site-packages */
#define VENV_HOOK_UPGRADE (UINT32_C(1) << 2)              /* the environment existed and is kept: upgrade its pip */
#define VENV_HOOK_USER (UINT32_C(1) << 3)                 /* --user: not possible in an environment */
#define VENV_HOOK_ALTINSTALL (UINT32_C(1) << 4)           /* pipX.Y only */
#define VENV_HOOK_NO_DEFAULT_PIP (UINT32_C(1) << 5)       /* pipX and pipX.Y, no pip */
#define VENV_HOOK_DRY_RUN (UINT32_C(1) << 6)              /* report what would be done, write nothing */

/* Levels of the log. */
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
        uint32_t jobs;        /* limit of threads and of processes for the hook; 0: the number of processors */
        /* "section.key=value" settings of the creator's command line, ended by NULL; or NULL. pipseed's hook accepts
         * the keys of its policy, and policy=FILE. */
        const char *const *options;
        /* Receives a message of one line, with one of the levels above; or NULL. */
        void (*log)(void *log_data, int level, const char *text);
        void *log_data;
        /* Called at least every 100 ms while a hook works, on its thread; or NULL. If it returns non-zero, the hook
         * rolls back and fails. */
        int (*is_cancelled)(void *log_data);
};

struct venv_hook_v1 {
        size_t size; /* sizeof(struct venv_hook_v1) of the hook */
        const char *name;
        int (*pre_create)(const struct venv_hook_context_v1 *context, char *ret_error, size_t error_size);
        int (*post_create)(const struct venv_hook_context_v1 *context, char *ret_error, size_t error_size);
};

/* The smallest sizes ever released. They do not change when members are added. */
#define VENV_HOOK_V1_MIN_SIZE                                                                                          \
        (offsetof(struct venv_hook_v1, post_create) + sizeof(((struct venv_hook_v1 *)NULL)->post_create))
#define VENV_HOOK_CONTEXT_V1_MIN_SIZE                                                                                  \
        (offsetof(struct venv_hook_context_v1, is_cancelled) +                                                         \
         sizeof(((struct venv_hook_context_v1 *)NULL)->is_cancelled))

/* Copies the other side's struct, or as much of it as both sides know, into *ret, whose size is then the reader's.
 * Returns 0, or -1 without changing *ret if the struct is NULL or smaller than in any release. */
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
