/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "install/plan/rebase.h"

#include <stdio.h>
#include <string.h>

#define LIB "/v/lib/python3.11/site-packages"
#define LIB64 "/v/lib64/python3.11/site-packages"
#define HEADERS "/v/include/site/python3.11"

/* Files as "N:path", N a root's number in the order of enum plan_root; that named i/RECORD is RECORD. */
static const struct {
        const char *name;
        const char *from[PLAN_N_ROOTS], *to[PLAN_N_ROOTS];
        const char *files[6];
        const char *expected[6];
        const char *record;
} cases[] = {
        {
                "nothing to do",
                {LIB, LIB, "/v/bin", HEADERS, "/v"},
                {LIB, LIB, "/v/bin", HEADERS, "/v"},
                {"0:demo/a.py", "0:i/RECORD", "2:demo", "3:x.h", "4:share/x"},
                {"0:demo/a.py", "0:i/RECORD", "2:demo", "3:x.h", "4:share/x"},
                "0:i/RECORD",
        },
        {
                "headers of a project",
                {LIB, LIB, "/v/bin", HEADERS "/demo", "/v"},
                {LIB, LIB, "/v/bin", HEADERS, "/v"},
                {"0:demo/a.py", "2:demo", "3:sub/x.h", "3:x.h", "0:i/RECORD"},
                {"0:demo/a.py", "0:i/RECORD", "2:demo", "3:demo/sub/x.h", "3:demo/x.h"},
                "0:i/RECORD",
        },
        {
                "a wheel for platlib",
                {LIB64, LIB, "/v/bin", HEADERS, "/v"},
                {LIB, LIB64, "/v/bin", HEADERS, "/v"},
                {"0:demo/a.so", "1:pure.py", "2:demo", "0:i/RECORD"},
                {"0:pure.py", "1:demo/a.so", "1:i/RECORD", "2:demo"},
                "1:i/RECORD",
        },
        {
                "a directory that only the data root holds",
                {LIB, LIB, "/v/bin", "/v/include/demo", "/v"},
                {LIB, LIB, "/v/bin", HEADERS, "/v"},
                {"0:a.py", "3:x.h", "4:share/x", "0:i/RECORD"},
                {"0:a.py", "0:i/RECORD", "4:include/demo/x.h", "4:share/x"},
                "0:i/RECORD",
        },
        {
                "the first of two alike",
                {LIB, LIB, "/v/bin", HEADERS, "/v"},
                {LIB, LIB, LIB, HEADERS, "/v"},
                {"0:a.py", "2:demo", "0:i/RECORD"},
                {"0:a.py", "0:i/RECORD", "4:bin/demo"},
                "0:i/RECORD",
        },
        {
                "below the top",
                {"/lib", "/lib", "/bin", "/include", "/"},
                {"/lib", "/lib", "/", "/include", "/"},
                {"0:a.py", "2:demo", "0:i/RECORD"},
                {"0:a.py", "0:i/RECORD", "2:bin/demo"},
                "0:i/RECORD",
        },
};

static void split(const char *text, struct plan_file *ret_file)
{
        *ret_file = (struct plan_file){.root = (enum plan_root)(text[0] - '0'), .path = text + 2};
}

static void assert_file(const struct plan_file *file, const char *expected, const char *name)
{
        char text[128];

        (void)snprintf(text, sizeof(text), "%d:%s", (int)file->root, file->path);
        if (strcmp(text, expected) != 0)
                fail_msg("%s: %s, not %s", name, text, expected);
}

static void moves_files(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct plan_file files[6];
                _cleanup_(plan_done) struct plan plan = {.files = files};

                memcpy(plan.roots, cases[i].from, sizeof(plan.roots));
                for (; cases[i].files[plan.n_files] != NULL; plan.n_files++) {
                        split(cases[i].files[plan.n_files], &files[plan.n_files]);
                        if (strcmp(files[plan.n_files].path, "i/RECORD") == 0)
                                plan.record = plan.n_files;
                }
                assert_int_equal(rebase_plan(&plan, cases[i].to, &err), 0);
                for (size_t k = 0; k < plan.n_files; k++)
                        assert_file(&plan.files[k], cases[i].expected[k], cases[i].name);
                assert_file(&plan.files[plan.record], cases[i].record, cases[i].name);
        }
}

static void dir_outside_of_the_target(void **state)
{
        static const char *const roots[PLAN_N_ROOTS] = {LIB, LIB, "/v/bin", HEADERS, "/v"};
        static const char *const outside[] = {"/w", "/", "/vx"};

        (void)state;
        for (int root = 0; root < PLAN_N_ROOTS; root++)
                for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
                        struct pipseed_error err = PIPSEED_ERROR_INIT;
                        struct plan_file file = {.path = "a"};
                        struct plan plan = {.files = &file, .n_files = 1};

                        memcpy(plan.roots, roots, sizeof(plan.roots));
                        plan.roots[root] = outside[i];
                        assert_int_equal(rebase_plan(&plan, roots, &err), PIPSEED_E_BAD_TARGET);
                        assert_string_equal(err.path, outside[i]);
                        assert_string_equal(file.path, "a");
                }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(moves_files),
                cmocka_unit_test(dir_outside_of_the_target),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
