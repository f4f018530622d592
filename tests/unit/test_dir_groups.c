/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "install/stage/dir_groups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MAX_FILES 12

/* Files of a plan, sorted by root and path, and the batches that they make: positions, a batch in brackets. */
static const struct {
        const char *name;
        struct {
                enum plan_root root;
                const char *path;
        } files[MAX_FILES];
        const char *expected;
} rows[] = {
        {"no files", {{0}}, ""},
        {"one directory", {{PLAN_LIB, "pip/a"}, {PLAN_LIB, "pip/b"}}, "[0 1]"},
        {"none", {{PLAN_LIB, "a"}, {PLAN_LIB, "b"}}, "[0 1]"},
        {"a directory around another",
         {{PLAN_LIB, "pip/a"}, {PLAN_LIB, "pip/b/x"}, {PLAN_LIB, "pip/c"}, {PLAN_LIB, "pip/d/y"}, {PLAN_LIB, "pip/e"}},
         "[0 2 4][1][3]"},
        {"above before beneath, though later in the plan",
         {{PLAN_LIB, "pip/__pycache__/a"}, {PLAN_LIB, "pip/a"}, {PLAN_LIB, "z"}},
         "[2][1][0]"},
        {"names that begin alike", {{PLAN_LIB, "a-b/x"}, {PLAN_LIB, "a/x"}, {PLAN_LIB, "a0/x"}}, "[0][1][2]"},
        {"two roots", {{PLAN_LIB, "pip"}, {PLAN_SCRIPTS, "pip"}, {PLAN_SCRIPTS, "pip3"}}, "[0][1 2]"},
};

static void batches_of_plans(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct plan_file files[MAX_FILES];
                struct plan plan = {.files = files};
                _cleanup_(dir_groups_done) struct dir_groups batches = {0};
                char text[256] = "";

                for (; plan.n_files < MAX_FILES && rows[i].files[plan.n_files].path != NULL; plan.n_files++)
                        files[plan.n_files] = (struct plan_file){.root = rows[i].files[plan.n_files].root,
                                                                 .path = rows[i].files[plan.n_files].path};
                assert_int_equal(dir_groups_make(&plan, &batches), 0);
                for (size_t b = 0; b < batches.n_items; b++) {
                        const char *before = "[";

                        for (size_t r = batches.items[b].first; r < batches.items[b].end; r++) {
                                assert_ptr_equal(batches.runs[r].file, &files[batches.runs[r].first]);
                                for (size_t f = batches.runs[r].first; f < batches.runs[r].end; f++, before = " ")
                                        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%zu",
                                                       before, f);
                        }
                        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "]");
                }
                if (strcmp(text, rows[i].expected) != 0)
                        fail_msg("%s: %s, not %s", rows[i].name, text, rows[i].expected);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(batches_of_plans)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
