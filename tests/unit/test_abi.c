/* SPDX-License-Identifier: MIT */
/* Structs of programs that were compiled against another release: shorter, longer, unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/abi.h"
#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

struct old {
        size_t size;
        int a;
        int b;
};

struct new
{
        size_t size;
        int a;
        int b;
        const char *c;
};

#define MIN_SIZE ABI_END(struct old, b)

static void takes_a_shorter_one(void **state)
{
        const struct old from = {sizeof(from), 1, 2};
        struct new to = {.c = "default"};
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        assert_int_equal(abi_take(&to, sizeof(to), &from, MIN_SIZE, "thing", &err), 0);
        assert_int_equal(to.size, sizeof(to));
        assert_int_equal(to.a, 1);
        assert_int_equal(to.b, 2);
        assert_string_equal(to.c, "default");
}

static void takes_a_longer_one_with_nothing_more(void **state)
{
        struct new from = {sizeof(from), 1, 2, NULL};
        struct old to = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        assert_int_equal(abi_take(&to, sizeof(to), &from, MIN_SIZE, "thing", &err), 0);
        assert_int_equal(to.size, sizeof(to));
        assert_int_equal(to.b, 2);
        from.c = "set";
        to.b = 7;
        assert_int_equal(abi_take(&to, sizeof(to), &from, MIN_SIZE, "thing", &err), PIPSEED_E_USAGE);
        assert_non_null(strstr(err.message, "the thing sets a member"));
        assert_int_equal(to.b, 7);
}

static void refuses_sizes_of_no_release(void **state)
{
        static const size_t sizes[] = {0, 1, MIN_SIZE - 1, SIZE_MAX, (size_t)1 << 20};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                const struct old from = {sizes[i], 1, 2};
                struct new to = {0};
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                assert_int_equal(abi_take(&to, sizeof(to), &from, MIN_SIZE, "thing", &err), PIPSEED_E_USAGE);
                assert_string_equal(err.message, "the thing is not initialised: its size is not set");
        }
}

/* Nothing is written behind the end of the caller's, and what we do not have is 0. */
static void gives_no_more_than_there_is_room_for(void **state)
{
        const struct new from = {sizeof(from), 1, 2, "more"};
        struct {
                struct old it;
                unsigned char after[32];
        } to;
        struct new longer = {sizeof(longer), 8, 8, "stale"};
        const struct old less = {sizeof(less), 3, 4};

        (void)state;
        memset(&to, 0x5a, sizeof(to));
        to.it.size = sizeof(to.it);
        assert_int_equal(abi_give(&to.it, MIN_SIZE, &from, sizeof(from)), 0);
        assert_int_equal(to.it.size, sizeof(to.it));
        assert_int_equal(to.it.b, 2);
        for (size_t i = 0; i < sizeof(to.after); i++)
                assert_int_equal(to.after[i], 0x5a);
        assert_int_equal(abi_give(&longer, MIN_SIZE, &less, sizeof(less)), 0);
        assert_int_equal(longer.size, sizeof(longer));
        assert_int_equal(longer.b, 4);
        assert_null(longer.c);
        to.it.size = MIN_SIZE - 1;
        assert_int_equal(abi_give(&to.it, MIN_SIZE, &from, sizeof(from)), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_a_shorter_one),
                cmocka_unit_test(takes_a_longer_one_with_nothing_more),
                cmocka_unit_test(refuses_sizes_of_no_release),
                cmocka_unit_test(gives_no_more_than_there_is_room_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
