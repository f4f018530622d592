/* SPDX-License-Identifier: MIT */
/*
 * cleanup.h - ownership by scope. Every owned local is declared with its cleanup attribute and initialised there:
 *
 *     cleanup(free) ... is spelled:   _cleanup_free_ char *text = NULL;
 *     a directory fd:                    _cleanup_close_ int fd = -1;
 *     an object with a destructor:    _cleanup_(wheel_freep) struct wheel *wheel = NULL;
 *
 * and handed over with steal_ptr or steal_fd. errno survives every cleanup.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _cleanup_free_ _cleanup_(cleanup_freep)
#define _cleanup_close_ _cleanup_(cleanup_closep)

#define steal_ptr(pointer)                                                                                             \
        __extension__({                                                                                                \
                __auto_type steal_address_ = &(pointer);                                                               \
                __auto_type steal_value_ = *steal_address_;                                                            \
                *steal_address_ = NULL;                                                                                \
                steal_value_;                                                                                          \
        })

/* Defines noun_freep(T **) for a destructor that takes NULL. */
#define DEFINE_CLEANUP(type, function)                                                                                 \
        static inline void function##p(type *pointer) /* NOLINT(bugprone-macro-parentheses): a type has none */        \
        {                                                                                                              \
                int saved_errno_ = errno;                                                                              \
                function(*pointer);                                                                                    \
                errno = saved_errno_;                                                                                  \
        }

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static inline int steal_fd(int *fd)
{
        int value = *fd;

        *fd = -1;
        return value;
}

static inline void cleanup_freep(void *pointer)
{
        int saved = errno;

        free(*(void **)pointer);
        errno = saved;
}

static inline void cleanup_closep(const int *fd)
{
        int saved = errno;

        if (*fd >= 0)
                (void)close(*fd);
        errno = saved;
}

#endif
