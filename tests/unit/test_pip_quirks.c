/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "install/plan/pip_quirks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct style_case {
        const char *version;
        int since[3];
};

static const struct style_case cases[] = {
        {"26.3", {26, 0, 0}},
        {"26.0", {26, 0, 0}},
        {"26.0.1", {26, 0, 0}},
        {"27.1.post2", {26, 0, 0}},
        {"25.3", {25, 2, 0}},
        {"25.2", {25, 2, 0}},
        {"25.1.1", {22, 3, 1}},
        {"24.0", {22, 3, 1}},
        {"22.3.1", {22, 3, 1}},
        {"22.3", {20, 2, 0}},
        {"22.3.0", {20, 2, 0}},
        {"20.2", {20, 2, 0}},
        {"20.2b1", {20, 2, 0}},
        {"20.1.1", {19, 3, 0}},
        {"19.3", {19, 3, 0}},
        {"19.2.3", {19, 0, 0}},
        {"19.0", {19, 0, 0}},
        {"18.1", {18, 1, 0}},
        {"18.0", {18, 1, 0}},
        {"9.0.3", {18, 1, 0}},
        {"1.5.6", {18, 1, 0}},
        {" v25.2rc1", {25, 2, 0}},
        {"100.dev0", {26, 0, 0}},
        {"99999999999999999999.1", {26, 0, 0}},
        {"25.99999999999999999999", {25, 2, 0}},
        {NULL, {26, 0, 0}},
        {"", {26, 0, 0}},
        {"unknown", {26, 0, 0}},
        {"26.", {26, 0, 0}},
};

static void finds_the_row(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct pip_quirks *style = pip_quirks_find(cases[i].version);

                if (memcmp(style->since, cases[i].since, sizeof(style->since)) != 0)
                        fail_msg("%s: row of %d.%d.%d", cases[i].version != NULL ? cases[i].version : "NULL",
                                 style->since[0], style->since[1], style->since[2]);
        }
}

static const struct {
        const char *version;
        bool blank, requested, many_digits;
} habits[] = {
        {"18.1", true, false, false}, {"19.0", false, false, false}, {"20.1", false, false, false},
        {"20.2", false, true, false}, {"22.3.1", false, true, true}, {"26.3", false, true, true},
};

static void knows_habits(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(habits); i++) {
                const struct pip_quirks *style = pip_quirks_find(habits[i].version);

                assert_int_equal(style->blank_after_shebang, habits[i].blank);
                assert_int_equal(style->requested, habits[i].requested);
                assert_int_equal(style->many_digits, habits[i].many_digits);
        }
}

static void every_body_has_its_places(void **state)
{
        static const char *const versions[] = {"18.1", "19.0", "19.3", "20.2", "22.3.1", "25.2", "26.0"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
                const char *body = pip_quirks_find(versions[i])->body;
                size_t n = 0;

                for (const char *p = body; (p = strstr(p, "%s")) != NULL; p += 2)
                        n++;
                assert_int_equal(n, 3);
                assert_int_equal(body[strlen(body) - 1], '\n');
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_the_row),
                cmocka_unit_test(knows_habits),
                cmocka_unit_test(every_body_has_its_places),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
