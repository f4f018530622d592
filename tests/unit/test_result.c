/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a caller gets lives on when everything it was made from is gone. */
static void copies_everything(void **state)
{
        struct result_builder builder = {0};
        struct pipseed_result *result;
        char text[16];
        const struct target target = {.prefix = text, .exe = text, .version = text, .is_venv = true};

        (void)state;
        (void)snprintf(text, sizeof(text), "target");
        assert_int_equal(result_set_target(&builder, &target, text), 0);
        for (int i = 0; i < 100; i++) {
                const struct pipseed_package package = {
                        .name = text,
                        .version = text,
                        .location = text,
                        .wheel = i % 2 != 0 ? text : NULL,
                        .sha256 = i % 2 != 0 ? text : NULL,
                        .previous_version = i % 3 != 0 ? text : NULL,
                        .source = i % 2 != 0 ? text : NULL,
                        .action = PIPSEED_ACTION_UPGRADED,
                        .n_files = (uint64_t)i,
                        .n_pyc = 7,
                };

                (void)snprintf(text, sizeof(text), "p%d", i);
                assert_int_equal(result_add_package(&builder, &package), 0);
                (void)snprintf(text, sizeof(text), "s%d", i);
                assert_int_equal(result_add_script(&builder, text), 0);
        }
        builder.result.n_hardlinked = 5;
        memset(text, 0, sizeof(text));
        result = result_steal(&builder);
        assert_non_null(result);
        result_builder_done(&builder); /* empty: it takes nothing with it */
        assert_string_equal(result->env, "target");
        assert_string_equal(result->python, "target");
        assert_string_equal(result->version, "target");
        assert_string_equal(result->scripts_dir, "target");
        assert_true(result->is_venv);
        assert_int_equal(result->n_hardlinked, 5);
        assert_int_equal(result->n_packages, 100);
        assert_int_equal(result->n_scripts, 100);
        for (int i = 0; i < 100; i++) {
                const struct pipseed_package *package = result->packages[i];

                (void)snprintf(text, sizeof(text), "p%d", i);
                assert_string_equal(package->name, text);
                assert_string_equal(package->version, text);
                assert_string_equal(package->location, text);
                assert_int_equal(package->wheel != NULL, i % 2 != 0);
                assert_int_equal(package->sha256 != NULL, i % 2 != 0);
                assert_int_equal(package->source != NULL, i % 2 != 0);
                assert_int_equal(package->previous_version != NULL, i % 3 != 0);
                if (package->wheel != NULL) {
                        assert_string_equal(package->wheel, text);
                        assert_string_equal(package->sha256, text);
                        assert_string_equal(package->source, text);
                }
                assert_int_equal(package->action, PIPSEED_ACTION_UPGRADED);
                assert_int_equal(package->n_files, i);
                assert_int_equal(package->n_pyc, 7);
                (void)snprintf(text, sizeof(text), "s%d", i);
                assert_string_equal(result->scripts[i], text);
        }
        pipseed_result_free(result);
}

static void nothing_in_it(void **state)
{
        struct result_builder builder = {0};
        struct pipseed_result *result = result_steal(&builder);

        (void)state;
        assert_non_null(result);
        assert_null(result->env);
        assert_int_equal(result->n_packages, 0);
        assert_int_equal(result->n_scripts, 0);
        pipseed_result_free(result);
        pipseed_result_free(NULL);
}

static void builder_can_be_dropped(void **state)
{
        struct result_builder builder = {0};

        (void)state;
        assert_int_equal(result_add_script(&builder, "pip"), 0);
        result_builder_done(&builder);
        assert_int_equal(builder.n_scripts, 0);
        assert_null(builder.scripts);
        result_builder_done(&builder);
}

static void names_actions(void **state)
{
        static const char *const names[] = {"none", "installed", "upgraded", "removed"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_string_equal(pipseed_action_name((enum pipseed_action)i), names[i]);
        assert_null(pipseed_action_name((enum pipseed_action)4));
        assert_null(pipseed_action_name((enum pipseed_action) - 1));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(copies_everything),
                cmocka_unit_test(nothing_in_it),
                cmocka_unit_test(builder_can_be_dropped),
                cmocka_unit_test(names_actions),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
