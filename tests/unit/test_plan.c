/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "base/str.h"
#include "install/plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* sha256 of zeros, as the wheels here claim for all their files */
#define ZERO "sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define EMPTY "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
#define PIP_LINE "sha256=zuuue4knoyJ-UwPPXg8fezS7VCrXJQrAP7zeNuwvFQg" /* "pip\n" */

static const struct target_scheme venv_scheme = {
        .dirs[PLAN_LIB] = "/env/lib/python3.13/site-packages",
        .dirs[PLAN_OTHER_LIB] = "/env/lib/python3.13/site-packages",
        .dirs[PLAN_SCRIPTS] = "/env/bin",
        .dirs[PLAN_HEADERS] = "/env/include/site/python3.13",
        .dirs[PLAN_DATA] = "/env",
};

static const struct target_scheme user_scheme = {
        .dirs[PLAN_LIB] = "/home/u/.local/lib/python3.13/site-packages",
        .dirs[PLAN_OTHER_LIB] = "/home/u/.local/lib64/python3.13/site-packages",
        .dirs[PLAN_SCRIPTS] = "/home/u/.local/bin",
        .dirs[PLAN_HEADERS] = "/home/u/.local/include/python3.13",
        .dirs[PLAN_DATA] = "/home/u/.local",
};

static const struct target target = {.exe = "/env/bin/python", .major = 3, .minor = 13};

/* A wheel of the members in a text, separated by blanks: NAME, a ! before it makes it executable, a * compiled. The
 * data of all is "#!python\nx\n", of size 11. */
struct fixture {
        struct arena arena;
        struct wheel_info wheel;
        struct wheel_file files[32];
        bool compiled[32];
        struct entry_point points[4];
        struct plan_input input;
};

static const uint8_t script_data[] = "#!python\nx\n";

static void fixture_init(struct fixture *fixture, const char *members, const struct target_scheme *scheme)
{
        char *rest;

        *fixture = (struct fixture){.input = {.target = &target,
                                              .scheme = scheme,
                                              .scripts = PIPSEED_SCRIPTS_DEFAULT,
                                              .installer = "pip",
                                              .pip_version = "24.0",
                                              .pyc_suffix = ".cpython-313.pyc"}};
        rest = arena_strdup(&fixture->arena, members);
        assert_non_null(rest);
        for (char *name; (name = strsep(&rest, " ")) != NULL;) {
                struct wheel_file *file = &fixture->files[fixture->wheel.n_files];

                if (*name == '\0')
                        continue;
                for (; *name == '!' || *name == '*'; name++) {
                        if (*name == '!')
                                file->executable = true;
                        else
                                fixture->compiled[fixture->wheel.n_files] = true;
                }
                file->path = name;
                file->size = sizeof(script_data) - 1;
                file->data = script_data;
                fixture->wheel.n_files++;
        }
        fixture->wheel.project = "demo";
        fixture->wheel.dist_info = "demo-1.dist-info";
        fixture->wheel.root_is_purelib = true;
        fixture->wheel.files = fixture->files;
        fixture->wheel.entry_points = fixture->points;
        fixture->input.compiled = fixture->compiled;
        fixture->input.wheel = &fixture->wheel;
}

static void fixture_done(struct fixture *fixture)
{
        arena_done(&fixture->arena);
}

/* "ROOT:PATH" for each file, with what it is: w wheel, b bytecode, c content; then x and s flags. */
static void describe(struct str *out, const struct plan *plan)
{
        for (size_t i = 0; i < plan->n_files; i++) {
                const struct plan_file *file = &plan->files[i];
                const int sources = (file->source != NULL) + (file->bytecode_of != NULL) + (file->content != NULL);

                assert_int_equal(sources, 1);
                str_printf(out, "%s%d:%s=%c%s%s", i > 0 ? " " : "", (int)file->root, file->path,
                           file->source != NULL        ? 'w'
                           : file->bytecode_of != NULL ? 'b'
                                                       : 'c',
                           file->executable ? "x" : "", file->is_script ? "s" : "");
        }
}

#define INFO "0:demo-1.dist-info/INSTALLER=c 0:demo-1.dist-info/RECORD=c"
#define INFO_ROWS "demo-1.dist-info/INSTALLER," PIP_LINE ",4\r\ndemo-1.dist-info/RECORD,,\r\n"
/* bin/run after rewriting */
#define RUN "sha256=4_O-vTgdSz2-l0TiGnywuSVNA71_i3qLdKEYM4veEoQ,20"

static const struct {
        const char *members;
        const struct target_scheme *scheme;
        bool platlib; /* Root-Is-Purelib: false */
        const char *files;
        const char *record;
} layouts[] = {
        {"*demo/b.py demo/a.txt !demo/t.sh", &venv_scheme, false,
         INFO " 0:demo/__pycache__/b.cpython-313.pyc=b 0:demo/a.txt=w 0:demo/b.py=w 0:demo/t.sh=wx",
         INFO_ROWS "demo/__pycache__/b.cpython-313.pyc,,\r\ndemo/a.txt," ZERO ",11\r\ndemo/b.py," ZERO
                   ",11\r\ndemo/t.sh," ZERO ",11\r\n"},
        {"*top.py *demo/c.txt", &venv_scheme, false,
         "0:__pycache__/top.cpython-313.pyc=b " INFO " 0:demo/c.txt=w 0:top.py=w",
         "__pycache__/top.cpython-313.pyc,,\r\n" INFO_ROWS "demo/c.txt," ZERO ",11\r\ntop.py," ZERO ",11\r\n"},
        {"demo-1.data/platlib/p.so *demo-1.data/purelib/q.py", &venv_scheme, false,
         "0:__pycache__/q.cpython-313.pyc=b " INFO " 0:p.so=w 0:q.py=w",
         "__pycache__/q.cpython-313.pyc,,\r\n" INFO_ROWS "p.so," ZERO ",11\r\nq.py," ZERO ",11\r\n"},
        {"demo-1.data/platlib/p.so r", &user_scheme, false, INFO " 0:r=w 1:p.so=w",
         "../../../lib64/python3.13/site-packages/p.so," ZERO ",11\r\n" INFO_ROWS "r," ZERO ",11\r\n"},
        {"demo-1.data/purelib/p.py r", &user_scheme, true, INFO " 0:r=w 1:p.py=w",
         "../../../lib/python3.13/site-packages/p.py," ZERO ",11\r\n" INFO_ROWS "r," ZERO ",11\r\n"},
        {"demo-1.data/headers/d.h demo-1.data/data/share/x demo-1.data/data/lib/y", &venv_scheme, false,
         INFO " 3:d.h=w 4:lib/y=w 4:share/x=w",
         "../../../include/site/python3.13/demo/d.h," ZERO ",11\r\n../../../share/x," ZERO ",11\r\n../../y," ZERO
         ",11\r\n" INFO_ROWS},
        {"!demo-1.data/scripts/run", &venv_scheme, false, INFO " 2:run=cx", "../../../bin/run," RUN "\r\n" INFO_ROWS},
        {"demo-1.data/scripts/run", &venv_scheme, false, INFO " 2:run=c", "../../../bin/run," RUN "\r\n" INFO_ROWS},
        {"demo-1.data/data/bin/run", &venv_scheme, false, INFO " 2:run=w",
         "../../../bin/run," ZERO ",11\r\n" INFO_ROWS},
        {"*demo-1.data/data/lib/python3.13/site-packages/x/y.py", &venv_scheme, false,
         INFO " 0:x/__pycache__/y.cpython-313.pyc=b 0:x/y.py=w",
         INFO_ROWS "x/__pycache__/y.cpython-313.pyc,,\r\nx/y.py," ZERO ",11\r\n"},
        {"demo-1.dist-info/INSTALLER", &venv_scheme, false, INFO,
         "demo-1.dist-info/INSTALLER," ZERO ",11\r\n" INFO_ROWS},
        {"demo-1.dist-info/RECORD.jws", &venv_scheme, false, INFO " 0:demo-1.dist-info/RECORD.jws=w",
         INFO_ROWS "demo-1.dist-info/RECORD.jws,,\r\n"},
        {"*a.py __pycache__/a.cpython-313.pyc", &venv_scheme, false, "0:__pycache__/a.cpython-313.pyc=b 0:a.py=w " INFO,
         "__pycache__/a.cpython-313.pyc,,\r\n__pycache__/a.cpython-313.pyc," ZERO ",11\r\na.py," ZERO
         ",11\r\n" INFO_ROWS},
        {"a,b c\"d", &venv_scheme, false, "0:a,b=w 0:c\"d=w " INFO,
         "\"a,b\"," ZERO ",11\r\n\"c\"\"d\"," ZERO ",11\r\n" INFO_ROWS},
        {"", &venv_scheme, false, INFO, INFO_ROWS},
};

static void lays_out(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
                _cleanup_(fixture_done) struct fixture fixture;
                _cleanup_(plan_done) struct plan plan = {0};
                _cleanup_(str_done) struct str text = STR_INIT;
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                fixture_init(&fixture, layouts[i].members, layouts[i].scheme);
                fixture.wheel.root_is_purelib = !layouts[i].platlib;
                assert_int_equal(plan_make(&fixture.input, &plan, &err), 0);
                describe(&text, &plan);
                assert_string_equal(text.data, layouts[i].files);
                assert_string_equal(plan.files[plan.record].content, layouts[i].record);
                assert_int_equal(plan.files[plan.record].content_len, strlen(layouts[i].record));
        }
}

static const struct {
        const char *pip;
        bool requested;
        bool expected;
} requests[] = {{"20.1", true, false}, {"20.2", true, true}, {"26.3", true, true}, {"26.3", false, false}};

static void writes_requested(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
                _cleanup_(fixture_done) struct fixture fixture;
                _cleanup_(plan_done) struct plan plan = {0};
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                const char *row;

                fixture_init(&fixture, "", &venv_scheme);
                fixture.input.pip_version = requests[i].pip;
                fixture.input.requested = requests[i].requested;
                assert_int_equal(plan_make(&fixture.input, &plan, &err), 0);
                assert_int_equal(plan.n_files, requests[i].expected ? 3 : 2);
                row = strstr(plan.files[plan.record].content, "demo-1.dist-info/REQUESTED," EMPTY ",0\r\n");
                assert_int_equal(row != NULL, requests[i].expected);
        }
}

static void writes_scripts_and_wrappers(void **state)
{
        static const char expected[] = "../../../bin/pip3,sha256=CeHoNN53QfLqEq1qurPZJdhUhj3MMXXnhAsU4OHjnRw,193\r\n"
                                       "../../../bin/pip3.13,sha256=CeHoNN53QfLqEq1qurPZJdhUhj3MMXXnhAsU4OHjnRw,193\r\n"
                                       "demo-1.data/scripts/pip," ZERO ",11\r\n"
                                       "demo-1.data/scripts/pip-script.py," ZERO ",11\r\n" INFO_ROWS;
        _cleanup_(fixture_done) struct fixture fixture;
        _cleanup_(plan_done) struct plan plan = {0};
        _cleanup_(str_done) struct str text = STR_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        fixture_init(&fixture, "demo-1.data/scripts/pip *demo-1.data/scripts/pip-script.py", &venv_scheme);
        fixture.input.scripts = PIPSEED_SCRIPTS_ENSUREPIP;
        fixture.points[0] = (struct entry_point){.name = "pip", .module = "m", .attr = "f"};
        fixture.wheel.n_entry_points = 1;
        assert_int_equal(plan_make(&fixture.input, &plan, &err), 0);
        describe(&text, &plan);
        assert_string_equal(text.data, INFO " 2:pip3=cxs 2:pip3.13=cxs");
        assert_int_equal(plan.n_scripts, 2);
        assert_string_equal(plan.scripts[0], "pip3");
        assert_string_equal(plan.scripts[1], "pip3.13");
        assert_string_equal(plan.files[plan.record].content, expected);
}

static void doubles_rows_as_pip_does(void **state)
{
        _cleanup_(fixture_done) struct fixture fixture;
        _cleanup_(plan_done) struct plan plan = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        const char *row;

        (void)state;
        fixture_init(&fixture, "", &venv_scheme);
        fixture.input.scripts = PIPSEED_SCRIPTS_ALT;
        fixture.input.pip_version = "22.1";
        fixture.points[0] = (struct entry_point){.name = "pip", .module = "m", .attr = "f"};
        fixture.points[1] = (struct entry_point){.name = "pip3.13", .module = "m", .attr = "f"};
        fixture.wheel.n_entry_points = 2;
        assert_int_equal(plan_make(&fixture.input, &plan, &err), 0);
        assert_int_equal(plan.n_files, 3);
        row = strstr(plan.files[plan.record].content, "../../../bin/pip3.13,");
        assert_non_null(row);
        assert_non_null(strstr(row + 1, "../../../bin/pip3.13,"));
}

static void generated_script_beats_the_wheels(void **state)
{
        _cleanup_(fixture_done) struct fixture fixture;
        _cleanup_(plan_done) struct plan plan = {0};
        _cleanup_(str_done) struct str text = STR_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        /* Not named like an entry point, but like a script that is made of one. */
        fixture_init(&fixture, "demo-1.data/scripts/pip3.13", &venv_scheme);
        fixture.input.scripts = PIPSEED_SCRIPTS_ALT;
        fixture.points[0] = (struct entry_point){.name = "pip", .module = "m", .attr = "f"};
        fixture.wheel.n_entry_points = 1;
        assert_int_equal(plan_make(&fixture.input, &plan, &err), 0);
        describe(&text, &plan);
        assert_string_equal(text.data, INFO " 2:pip3.13=cxs");
}

static void names_all_roots(void **state)
{
        static const char *const expected[PLAN_N_ROOTS] = {"/home/u/.local/lib64/python3.13/site-packages",
                                                           "/home/u/.local/lib/python3.13/site-packages",
                                                           "/home/u/.local/bin",
                                                           "/home/u/.local/include/python3.13/demo", "/home/u/.local"};
        _cleanup_(fixture_done) struct fixture fixture;
        _cleanup_(plan_done) struct plan plan = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        fixture_init(&fixture, "", &user_scheme);
        fixture.wheel.root_is_purelib = false;
        assert_int_equal(plan_make(&fixture.input, &plan, &err), 0);
        for (int i = 0; i < PLAN_N_ROOTS; i++)
                assert_string_equal(plan.roots[i], expected[i]);
}

static const struct {
        const char *members;
        int code;
} refused[] = {
        {"demo-1.data/scripts/python3", PIPSEED_E_SCRIPT_NAME},
        {"demo-1.data/scripts/python/x", PIPSEED_E_SCRIPT_NAME},
        {"demo-1.data/scripts/activate.fish", PIPSEED_E_SCRIPT_NAME},
        {"demo-1.data/scripts/-rf", PIPSEED_E_SCRIPT_NAME},
        {"demo-1.data/data/bin/python", PIPSEED_E_SCRIPT_NAME},
        {"demo-1.data/data/pyvenv.cfg", PIPSEED_E_DATA_SCHEME},
        {"demo-1.data/stdlib/os.py", PIPSEED_E_DATA_SCHEME},
        {"demo-1.data/scripts", PIPSEED_E_DATA_SCHEME},
        {"demo-1.data", PIPSEED_E_DATA_SCHEME},
        {"other.data/x", PIPSEED_E_DATA_SCHEME},
        {".data/x", PIPSEED_E_DATA_SCHEME},
        {"a demo-1.data/purelib/a", PIPSEED_E_DATA_SCHEME},
        {"demo-1.data/platlib/a demo-1.data/purelib/a", PIPSEED_E_DATA_SCHEME},
        {"a/b demo-1.data/data/lib/python3.13/site-packages/a/b", PIPSEED_E_DATA_SCHEME},
        {"demo-1.data/scripts/x demo-1.data/data/bin/x", PIPSEED_E_DATA_SCHEME},
        {"demo-1.data/data/include/site/python3.13/demo/h demo-1.data/headers/h", PIPSEED_E_DATA_SCHEME},
};

static void refuses(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                _cleanup_(fixture_done) struct fixture fixture;
                struct plan plan = {.n_files = 77};
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                fixture_init(&fixture, refused[i].members, &venv_scheme);
                if (plan_make(&fixture.input, &plan, &err) != refused[i].code)
                        fail_msg("%s: %d %s", refused[i].members, err.code, err.message);
                assert_int_equal(err.code, refused[i].code);
                assert_int_equal(plan.n_files, 77);
                assert_null(plan.arena.blocks);
        }
}

static void wants_the_data_of_scripts(void **state)
{
        _cleanup_(fixture_done) struct fixture fixture;
        struct plan plan = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        fixture_init(&fixture, "demo-1.data/scripts/run", &venv_scheme);
        fixture.files[0].data = NULL;
        assert_int_equal(plan_make(&fixture.input, &plan, &err), PIPSEED_E_STORE_ENTRY);
        fixture.files[0].size = 0;
        err = (struct pipseed_error)PIPSEED_ERROR_INIT;
        assert_int_equal(plan_make(&fixture.input, &plan, &err), 0);
        plan_done(&plan);
}

/* As many files as a large package has, in the order that sorts worst: the plan must not be quadratic. */
static void plans_many_files(void **state)
{
        enum { N = 20000 };
        _cleanup_(arena_done) struct arena arena = {0};
        _cleanup_(fixture_done) struct fixture fixture;
        _cleanup_(plan_done) struct plan plan = {0};
        struct wheel_file *files = arena_calloc(&arena, N, sizeof(*files));
        bool *compiled = arena_calloc(&arena, N, sizeof(*compiled));
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        assert_non_null(files);
        assert_non_null(compiled);
        fixture_init(&fixture, "", &venv_scheme);
        for (size_t i = 0; i < N; i++) {
                files[i].path = arena_format(&arena, "demo/%05zu.py", N - i);
                compiled[i] = true;
        }
        fixture.wheel.files = files;
        fixture.wheel.n_files = N;
        fixture.input.compiled = compiled;
        assert_int_equal(plan_make(&fixture.input, &plan, &err), 0);
        assert_int_equal(plan.n_files, 2 * N + 2);
        for (size_t i = 1; i < plan.n_files; i++)
                assert_true(plan.files[i - 1].root < plan.files[i].root ||
                            strcmp(plan.files[i - 1].path, plan.files[i].path) < 0);
        assert_string_equal(plan.files[plan.record].path, "demo-1.dist-info/RECORD");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lays_out),
                cmocka_unit_test(writes_requested),
                cmocka_unit_test(writes_scripts_and_wrappers),
                cmocka_unit_test(doubles_rows_as_pip_does),
                cmocka_unit_test(generated_script_beats_the_wheels),
                cmocka_unit_test(names_all_roots),
                cmocka_unit_test(refuses),
                cmocka_unit_test(wants_the_data_of_scripts),
                cmocka_unit_test(plans_many_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
