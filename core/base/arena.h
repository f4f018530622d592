/* SPDX-License-Identifier: MIT */
/*
 * arena.h - memory for objects that live and die together: a plan, a manifest, a result. Nothing is freed singly.
 *
 *     struct arena arena = {0};
 *     char *name = arena_strdup(&arena, text);      NULL when memory runs out
 *     arena_done(&arena);
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;
struct arena {
        struct arena_block *blocks;
};

/* Zeroed memory, aligned for any object; NULL when memory runs out. */
void *arena_alloc(struct arena *arena, size_t size);
/* count objects of size bytes; NULL also when the product overflows. */
void *arena_calloc(struct arena *arena, size_t count, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for one more element of an array that lives in the arena: doubles the array when full (the old copy stays in the
 * arena). *array has *n of *capacity elements in use. 0 or -1 when memory runs out. */
int arena_grow(struct arena *arena, void *array, size_t n, size_t *capacity, size_t size);
/* Pointers to the n elements of an array, for those who know of a shorter element; NULL when memory runs out. */
void *arena_pointers(struct arena *arena, const void *items, size_t n, size_t size);
void arena_done(struct arena *arena);

#endif
