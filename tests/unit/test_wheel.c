/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wheel/wheel.h"

#include "base/cleanup.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>

#include "wheel_fixture.h"

#define FILENAME "Demo_Pkg-1.0-py3-none-any.whl"
#define INFO "demo_pkg-1.0.dist-info"
#define METADATA "Metadata-Version: 2.1\nName: demo.pkg\nVersion: 1.0\nRequires-Python: >=3.6,\n <4\n\nbody\n"

/* A wheel with a file whose name is not ASCII: this program runs in the locale "C". */
static void make(struct fixture *fixture, const char *metadata)
{
        fixture_start(fixture);
        fixture_add(fixture, "demo/z.py", "z = 1\n");
        fixture_add(fixture, "demo/caf\xc3\xa9.py", "");
        fixture_add_mode(fixture, "demo/", "", 040755);
        fixture_add(fixture, "demo_pkg-1.0.data/scripts/hello", "#!python\n");
        fixture_add_mode(fixture, "demo/tool.sh", "#!/bin/sh\n", 0100755);
        fixture_add(fixture, INFO "/METADATA", metadata);
        fixture_add(fixture, INFO "/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: FALSE\nTag: py3-none-any\n");
        fixture_add(fixture, INFO "/entry_points.txt", "[console_scripts]\ndemo = demo.z:main\n");
        record_write_row(&fixture->record, INFO "/RECORD", "", "");
        fixture_add(fixture, INFO "/RECORD", fixture->record.data);
        fixture_finish(fixture);
}

static void loaded(void **state)
{
        static const struct {
                const char *path;
                const char *content;
                bool executable;
        } expected[] = {
                {"demo/caf\xc3\xa9.py", "", false},
                {"demo/tool.sh", "#!/bin/sh\n", true},
                {"demo/z.py", "z = 1\n", false},
                {"demo_pkg-1.0.data/scripts/hello", "#!python\n", false},
                {INFO "/METADATA", METADATA, false},
                {INFO "/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: FALSE\nTag: py3-none-any\n", false},
                {INFO "/entry_points.txt", "[console_scripts]\ndemo = demo.z:main\n", false},
        };
        _cleanup_(wheel_freep) struct wheel *wheel = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        uint8_t digest[HASH_SIZE];
        struct fixture fixture;

        (void)state;
        make(&fixture, METADATA);
        hash_of(fixture.zip.data, fixture.zip.len, digest);
        assert_int_equal(wheel_load(FILENAME, fixture.zip.data, fixture.zip.len, "/w/x.whl", &wheel, &err), 0);
        fixture_done(&fixture);
        assert_string_equal(wheel->info.filename, FILENAME);
        assert_string_equal(wheel->info.project, "demo-pkg");
        assert_string_equal(wheel->info.version, "1.0");
        assert_string_equal(wheel->info.dist_info, INFO);
        assert_string_equal(wheel->info.data_dir, "demo_pkg-1.0.data");
        assert_string_equal(wheel->info.requires_python, ">=3.6, <4");
        assert_false(wheel->info.root_is_purelib);
        assert_memory_equal(wheel->info.sha256, digest, HASH_SIZE);
        assert_int_equal(wheel->info.n_entry_points, 1);
        assert_string_equal(wheel->info.entry_points[0].module, "demo.z");
        assert_int_equal(wheel->info.n_files, ARRAY_SIZE(expected));
        for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
                const struct wheel_file *file = &wheel->info.files[i];

                assert_string_equal(file->path, expected[i].path);
                assert_int_equal(file->size, strlen(expected[i].content));
                assert_non_null(file->data);
                assert_memory_equal(file->data, expected[i].content, strlen(expected[i].content));
                assert_int_equal(file->executable, expected[i].executable);
                hash_of(expected[i].content, strlen(expected[i].content), digest);
                assert_memory_equal(file->sha256, digest, HASH_SIZE);
        }
}

static void requires_python(void **state)
{
        static const struct {
                const char *metadata;
                const char *specifier;
                int code;
        } cases[] = {
                {METADATA, ">=3.6, <4", 0},
                {"Name: demo.pkg\nVersion: 1.0\n", NULL, 0},
                {"Requires-Python: !!\n", NULL, PIPSEED_E_METADATA},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *specifier = NULL;
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct fixture fixture;

                make(&fixture, cases[i].metadata);
                assert_int_equal(wheel_requires_python(FILENAME, fixture.zip.data, fixture.zip.len, "x", &specifier,
                                                       &err),
                                 cases[i].code);
                if (cases[i].specifier == NULL)
                        assert_null(specifier);
                else
                        assert_string_equal(specifier, cases[i].specifier);
                fixture_done(&fixture);
        }
}

static void refused(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct wheel *wheel = NULL;
        struct fixture fixture;

        (void)state;
        make(&fixture, METADATA);
        fixture.zip.data[30 + strlen("demo/z.py")] = 'y';
        assert_int_equal(wheel_load(FILENAME, fixture.zip.data, fixture.zip.len, "/w/x.whl", &wheel, &err),
                         PIPSEED_E_ZIP_CRC);
        assert_null(wheel);
        assert_string_equal(err.path, "/w/x.whl");
        assert_non_null(strstr(err.message, "demo/z.py"));
        assert_string_not_equal(err.hint, "");
        fixture_done(&fixture);
}

struct worker {
        pthread_t thread;
        const struct fixture *fixture;
        int code;
        bool locale_kept;
};

static void *load_often(void *data)
{
        struct worker *worker = data;
        locale_t mine = newlocale(LC_ALL_MASK, "C", (locale_t)0);

        (void)uselocale(mine);
        for (int i = 0; i < 30 && worker->code == 0; i++) {
                _cleanup_(wheel_freep) struct wheel *wheel = NULL;
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                worker->code =
                        wheel_load(FILENAME, worker->fixture->zip.data, worker->fixture->zip.len, "x", &wheel, &err);
        }
        worker->locale_kept = uselocale((locale_t)0) == mine;
        (void)uselocale(LC_GLOBAL_LOCALE);
        freelocale(mine);
        return NULL;
}

static void threads(void **state)
{
        struct worker workers[4] = {0};
        struct fixture fixture;

        (void)state;
        make(&fixture, METADATA);
        for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
                workers[i].fixture = &fixture;
                assert_int_equal(pthread_create(&workers[i].thread, NULL, load_often, &workers[i]), 0);
        }
        for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
                assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
                assert_int_equal(workers[i].code, 0);
                assert_true(workers[i].locale_kept);
        }
        fixture_done(&fixture);
        assert_ptr_equal(uselocale((locale_t)0), LC_GLOBAL_LOCALE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(loaded),
                cmocka_unit_test(requires_python),
                cmocka_unit_test(refused),
                cmocka_unit_test(threads),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
