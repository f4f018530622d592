/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"

#include <string.h>

static void gives_zeroed_aligned_memory(void **state)
{
        static const size_t sizes[] = {0, 1, 7, 16, 17, 1000, 16 * 1024, 16 * 1024 + 1, 100 * 1024, 3};
        static const char zeros[100 * 1024];
        _cleanup_(arena_done) struct arena arena = {0};

        (void)state;
        for (int round = 0; round < 20; round++)
                for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                        char *memory = arena_alloc(&arena, sizes[i]);

                        assert_non_null(memory);
                        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
                        assert_memory_equal(memory, zeros, sizes[i]);
                        memset(memory, 0xee, sizes[i]);
                }
}

static void pieces_do_not_overlap(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};
        unsigned char *pieces[500];
        size_t sizes[500];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
                sizes[i] = i * 37 % 700 + 1;
                pieces[i] = arena_alloc(&arena, sizes[i]);
                assert_non_null(pieces[i]);
                memset(pieces[i], (int)(i % 251), sizes[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
                for (size_t k = 0; k < sizes[i]; k++)
                        assert_int_equal(pieces[i][k], i % 251);
}

static void refuses_sizes_that_overflow(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};

        (void)state;
        assert_null(arena_alloc(&arena, SIZE_MAX));
        assert_null(arena_alloc(&arena, SIZE_MAX - 8));
        assert_null(arena_alloc(&arena, SIZE_MAX / 2 + 1));
        assert_null(arena_calloc(&arena, SIZE_MAX / 8, 16));
        assert_null(arena_calloc(&arena, 16, SIZE_MAX / 8));
        assert_null(arena_calloc(&arena, (size_t)1 << 32, (size_t)1 << 32));
        assert_non_null(arena_calloc(&arena, 0, SIZE_MAX));
}

static void copies_text(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};

        (void)state;
        assert_string_equal(arena_strdup(&arena, "pip"), "pip");
        assert_string_equal(arena_strdup(&arena, ""), "");
        assert_string_equal(arena_strndup(&arena, "pip-26.3", 3), "pip");
        assert_string_equal(arena_strndup(&arena, "pip", 0), "");
        assert_string_equal(arena_format(&arena, "%s-%d", "pip", 26), "pip-26");
}

/* Of any length, beside each other: the end of one must not be the beginning of the next. */
static void texts_keep_their_ends(void **state)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
        _cleanup_(arena_done) struct arena arena = {0};
        const char *copies[50], *formatted[50];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(copies); i++) {
                copies[i] = arena_strndup(&arena, letters, i);
                formatted[i] = arena_format(&arena, "%.*s", (int)i, letters);
        }
        for (size_t i = 0; i < ARRAY_SIZE(copies); i++) {
                assert_int_equal(strlen(copies[i]), i);
                assert_int_equal(strlen(formatted[i]), i);
        }
}

static void grows_arrays(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};
        uint32_t *items = NULL;
        size_t capacity = 0;

        (void)state;
        for (uint32_t n = 0; n < 1000; n++) {
                const uint32_t *before = items;
                const size_t old = capacity;

                assert_int_equal(arena_grow(&arena, &items, n, &capacity, sizeof(*items)), 0);
                assert_true(capacity > n);
                if (n < old)
                        assert_ptr_equal(items, before);
                else if (old > 0)
                        assert_int_equal(capacity, old * 2);
                items[n] = n * n;
        }
        for (uint32_t n = 0; n < 1000; n++)
                assert_int_equal(items[n], n * n);
}

static void growing_beyond_memory_changes_nothing(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};
        char *items = arena_strdup(&arena, "abc");
        char *before = items;
        size_t capacity = 4;

        (void)state;
        assert_int_equal(arena_grow(&arena, &items, 4, &capacity, SIZE_MAX / 4), -1);
        assert_ptr_equal(items, before);
        assert_int_equal(capacity, 4);
}

static void can_be_used_after_done(void **state)
{
        struct arena arena = {0};

        (void)state;
        arena_done(&arena);
        assert_non_null(arena_strdup(&arena, "a"));
        arena_done(&arena);
        assert_null(arena.blocks);
        assert_string_equal(arena_strdup(&arena, "b"), "b");
        arena_done(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(gives_zeroed_aligned_memory),
                cmocka_unit_test(pieces_do_not_overlap),
                cmocka_unit_test(refuses_sizes_that_overflow),
                cmocka_unit_test(copies_text),
                cmocka_unit_test(texts_keep_their_ends),
                cmocka_unit_test(grows_arrays),
                cmocka_unit_test(growing_beyond_memory_changes_nothing),
                cmocka_unit_test(can_be_used_after_done),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
