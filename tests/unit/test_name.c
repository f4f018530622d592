/* SPDX-License-Identifier: MIT */
#include "wheel/name.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
        const char *input, *expected;
        bool valid;
} names[] = {
        {"pip", "pip", true},
        {"Zope.Interface", "zope-interface", true},
        {"a__b.-_c", "a-b-c", true},
        {"A", "a", true},
        {"0", "0", true},
        {"", "", false},
        {"-pip", "-pip", false},
        {"pip_", "pip-", false},
        {"._-", "-", false},
        {"pi p", "pi p", false},
        {"pip/x", "pip/x", false},
        {"p\xc3\xafp", "p\xc3\xafp", false},
};

static void test_names(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_(arena_done) struct arena arena = {0};

                assert_string_equal(name_normalize(&arena, names[i].input), names[i].expected);
                assert_int_equal(name_is_valid(names[i].input), names[i].valid);
        }
}

static const struct {
        const char *input;
        struct wheel_name expected;
} wheels[] = {
        {"pip-26.3-py3-none-any.whl", {"pip", "pip", "26.3", NULL, "py3", "none", "any"}},
        {"Zope.Interface-5.0-1b-py2.py3-none-any.whl",
         {"Zope.Interface", "zope-interface", "5.0", "1b", "py2.py3", "none", "any"}},
        {"a_b-1!1.0+x_1-cp36-cp36m.abi3-manylinux1_x86_64.manylinux_2_5_x86_64.whl",
         {"a_b", "a-b", "1!1.0+x_1", NULL, "cp36", "cp36m.abi3", "manylinux1_x86_64.manylinux_2_5_x86_64"}},
        {"a-1.0RC1-py3-none-any.whl", {"a", "a", "1.0RC1", NULL, "py3", "none", "any"}},
};

static void test_wheels(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wheels); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_(arena_done) struct arena arena = {0};
                const struct wheel_name *expected = &wheels[i].expected;
                struct wheel_name name;

                assert_int_equal(wheel_name_parse(&arena, wheels[i].input, &name, &err), 0);
                assert_string_equal(name.distribution, expected->distribution);
                assert_string_equal(name.project, expected->project);
                assert_string_equal(name.version, expected->version);
                assert_string_equal(name.python, expected->python);
                assert_string_equal(name.abi, expected->abi);
                assert_string_equal(name.platform, expected->platform);
                if (expected->build == NULL)
                        assert_null(name.build);
                else
                        assert_string_equal(name.build, expected->build);
        }
}

/* part: what the message has to name. */
static const struct {
        const char *input, *part;
} bad_wheels[] = {
        {"", ".whl"},
        {"pip-26.3-py3-none-any.zip", ".whl"},
        {"pip-26.3-py3-none-any.WHL", ".whl"},
        {".whl", "NAME-VERSION"},
        {"pip-26.3-none-any.whl", "NAME-VERSION"},
        {"pip-26.3-1-1-py3-none-any.whl", "NAME-VERSION"},
        {"-26.3-py3-none-any.whl", "project name"},
        {"a__b-26.3-py3-none-any.whl", "project name"},
        {"_pip-26.3-py3-none-any.whl", "project name"},
        {"pip.-26.3-py3-none-any.whl", "project name"},
        {"x/pip-26.3-py3-none-any.whl", "project name"},
        {"../pip-26.3-py3-none-any.whl", "project name"},
        {"p\xc3\xafp-26.3-py3-none-any.whl", "project name"},
        {"pip-latest-py3-none-any.whl", "version"},
        {"pip--py3-none-any.whl", "version"},
        {"pip- 26.3-py3-none-any.whl", "version"},
        {"pip-26.3\xc2\xa0-py3-none-any.whl", "version"},
        {"pip-26.3-x1-py3-none-any.whl", "build tag"},
        {"pip-26.3--py3-none-any.whl", "build tag"},
        {"pip-26.3-1/2-py3-none-any.whl", "build tag"},
        {"pip-26.3--none-any.whl", "python tag"},
        {"pip-26.3-py2..py3-none-any.whl", "python tag"},
        {"pip-26.3-py3.-none-any.whl", "python tag"},
        {"pip-26.3-.py3-none-any.whl", "python tag"},
        {"pip-26.3-3-none-any.whl", "python tag"},
        {"pip-26.3-py2.3-none-any.whl", "python tag"},
        {"pip-26.3-py3--any.whl", "abi tag"},
        {"pip-26.3-py3-no ne-any.whl", "abi tag"},
        {"pip-26.3-py3-none-.whl", "platform tag"},
        {"pip-26.3-py3-none-any\n.whl", "platform tag"},
        {"pip-26.3-py3-none-any/..whl", "platform tag"},
        {"pip-26.3-py3-none-any.whl.whl.", ".whl"},
};

static void test_bad_wheels(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad_wheels); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_(arena_done) struct arena arena = {0};
                struct wheel_name name = {.project = "untouched"};

                if (wheel_name_parse(&arena, bad_wheels[i].input, &name, &err) != PIPSEED_E_WHEEL_NAME)
                        fail_msg("\"%s\" was taken for a wheel's name", bad_wheels[i].input);
                if (strstr(err.message, bad_wheels[i].part) == NULL)
                        fail_msg("\"%s\" does not name the %s", err.message, bad_wheels[i].part);
                assert_string_equal(err.path, bad_wheels[i].input);
                assert_string_equal(name.project, "untouched");
                assert_null(strchr(err.message, '\n'));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_wheels),
                cmocka_unit_test(test_bad_wheels),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
