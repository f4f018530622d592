/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)16 * 1024)

struct arena_block {
        struct arena_block *next;
        size_t used;
        size_t size;
        max_align_t data[];
};

static void *take(struct arena_block *block, size_t size)
{
        void *memory = (char *)block->data + block->used;

        block->used += size;
        return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
        const size_t align = _Alignof(max_align_t);
        struct arena_block *block = arena->blocks;
        size_t block_size;

        if (size > SIZE_MAX / 2)
                return NULL;
        size = (size + align - 1) / align * align;
        if (block != NULL && block->size - block->used >= size)
                return take(block, size);
        block_size = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        block = calloc(1, sizeof(*block) + block_size);
        if (block == NULL)
                return NULL;
        block->size = block_size;
        block->next = arena->blocks;
        arena->blocks = block;
        return take(block, size);
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
        size_t total;

        if (__builtin_mul_overflow(count, size, &total))
                return NULL;
        return arena_alloc(arena, total);
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
        char *copy = arena_alloc(arena, len + 1);

        if (copy != NULL)
                memcpy(copy, text, len);
        return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
        return arena_strndup(arena, text, strlen(text));
}

char *arena_format(struct arena *arena, const char *format, ...)
{
        char *text = NULL;
        va_list arguments;
        int len;

        va_start(arguments, format);
        len = vsnprintf(NULL, 0, format, arguments);
        va_end(arguments);
        if (len < 0)
                return NULL;
        text = arena_alloc(arena, (size_t)len + 1);
        if (text == NULL)
                return NULL;
        va_start(arguments, format);
        (void)vsnprintf(text, (size_t)len + 1, format, arguments);
        va_end(arguments);
        return text;
}

int arena_grow(struct arena *arena, void *array, size_t n, size_t *capacity, size_t size)
{
        size_t larger = *capacity != 0 ? *capacity * 2 : 8;
        void *old = NULL;
        void *copy;

        if (n < *capacity)
                return 0;
        copy = arena_calloc(arena, larger, size);
        if (copy == NULL)
                return -1;
        memcpy(&old, array, sizeof(old));
        if (n > 0)
                memcpy(copy, old, n * size);
        memcpy(array, &copy, sizeof(copy));
        *capacity = larger;
        return 0;
}

void *arena_pointers(struct arena *arena, const void *items, size_t n, size_t size)
{
        const void **pointers = arena_calloc(arena, n + 1, sizeof(*pointers));

        for (size_t i = 0; pointers != NULL && i < n; i++)
                pointers[i] = (const char *)items + i * size;
        return pointers;
}

void arena_done(struct arena *arena)
{
        struct arena_block *block = arena->blocks;

        while (block != NULL) {
                struct arena_block *next = block->next;

                free(block);
                block = next;
        }
        arena->blocks = NULL;
}
