/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "base/sort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct item {
        int key;
        int place; /* where it stood before */
};

static int compare(const void *a, const void *b)
{
        const struct item *x = a;
        const struct item *y = b;

        return (x->key > y->key) - (x->key < y->key);
}

/* Keys of item i of n. */
static int rising(int i, int n)
{
        (void)n;
        return i;
}

static int falling(int i, int n)
{
        return n - i;
}

static int equal(int i, int n)
{
        (void)i;
        (void)n;
        return 7;
}

static int two_lists(int i, int n)
{
        return i < n / 2 ? 2 * i : 2 * (i - n / 2) + 1;
}

static int saw(int i, int n)
{
        (void)n;
        return i % 7;
}

static int scattered(int i, int n)
{
        (void)n;
        return (int)((unsigned int)i * 2654435761U >> 8 & 0xff);
}

static const struct {
        const char *name;
        int (*key)(int i, int n);
} shapes[] = {{"rising", rising},       {"falling", falling}, {"equal", equal},
              {"two lists", two_lists}, {"saw", saw},         {"scattered", scattered}};

static void sorted_and_stable(void **state)
{
        (void)state;
        for (size_t s = 0; s < ARRAY_SIZE(shapes); s++) {
                for (int n = 0; n < 200; n++) {
                        struct item items[200];

                        for (int i = 0; i < n; i++)
                                items[i] = (struct item){shapes[s].key(i, n), i};
                        sort_runs(items, (size_t)n, sizeof(items[0]), compare);
                        for (int i = 0; i < n; i++) {
                                if (items[i].key != shapes[s].key(items[i].place, n))
                                        fail_msg("%s, %d items: %d is torn", shapes[s].name, n, i);
                                if (i > 0 &&
                                    (items[i - 1].key > items[i].key ||
                                     (items[i - 1].key == items[i].key && items[i - 1].place >= items[i].place)))
                                        fail_msg("%s, %d items: %d is out of order", shapes[s].name, n, i);
                        }
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(sorted_and_stable)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
