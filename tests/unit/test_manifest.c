/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "store/manifest.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

static const struct entry_point points[] = {
        {.name = "demo tool", .module = "demo.a", .attr = "main", .gui = false},
        {.name = "demow", .module = "demo.b", .attr = "App.run", .gui = true},
};

static const struct wheel_file files[] = {
        {.path = "demo/__init__.py", .size = 0, .sha256 = {1, 2, 3}},
        {.path = "demo/a file.py", .size = 12345678901234ULL, .sha256 = {[31] = 0xff}, .executable = true},
        {.path = "end 00000000", .size = 5},
};

static struct manifest_stat stats[] = {
        {.inode = 1, .mtime_ns = 1712345678901234567},
        {.inode = 18000000000000000000ULL, .mtime_ns = -5000000001},
        {.inode = 3, .mtime_ns = 0},
};

static const size_t sources[] = {2, 0, 1};

static struct manifest make(bool is_bytecode)
{
        return (struct manifest){
                .info = {.filename = "demo-1.0-py3-none-any.whl",
                         .project = "demo",
                         .version = "1.0",
                         .dist_info = "demo-1.0.dist-info",
                         .data_dir = "demo-1.0.data",
                         .requires_python = is_bytecode ? NULL : ">=3.6, <4",
                         .root_is_purelib = is_bytecode,
                         .sha256 = {9, 8, 7},
                         .files = files,
                         .n_files = ARRAY_SIZE(files),
                         .entry_points = points,
                         .n_entry_points = is_bytecode ? 0 : ARRAY_SIZE(points)},
                .stats = stats,
                .source = is_bytecode ? sources : NULL,
        };
}

static void assert_alike(const struct manifest *a, const struct manifest *b)
{
        assert_string_equal(a->info.filename, b->info.filename);
        assert_string_equal(a->info.project, b->info.project);
        assert_string_equal(a->info.version, b->info.version);
        assert_string_equal(a->info.dist_info, b->info.dist_info);
        assert_string_equal(a->info.data_dir, b->info.data_dir);
        assert_int_equal(a->info.requires_python != NULL, b->info.requires_python != NULL);
        if (a->info.requires_python != NULL)
                assert_string_equal(a->info.requires_python, b->info.requires_python);
        assert_int_equal(a->info.root_is_purelib, b->info.root_is_purelib);
        assert_memory_equal(a->info.sha256, b->info.sha256, HASH_SIZE);
        assert_int_equal(a->info.n_entry_points, b->info.n_entry_points);
        for (size_t i = 0; i < a->info.n_entry_points; i++) {
                assert_string_equal(a->info.entry_points[i].name, b->info.entry_points[i].name);
                assert_string_equal(a->info.entry_points[i].module, b->info.entry_points[i].module);
                assert_string_equal(a->info.entry_points[i].attr, b->info.entry_points[i].attr);
                assert_int_equal(a->info.entry_points[i].gui, b->info.entry_points[i].gui);
        }
        assert_int_equal(a->info.n_files, b->info.n_files);
        assert_int_equal(a->source != NULL, b->source != NULL);
        for (size_t i = 0; i < a->info.n_files; i++) {
                assert_string_equal(a->info.files[i].path, b->info.files[i].path);
                assert_true(a->info.files[i].size == b->info.files[i].size);
                assert_int_equal(a->info.files[i].executable, b->info.files[i].executable);
                assert_memory_equal(a->info.files[i].sha256, b->info.files[i].sha256, HASH_SIZE);
                assert_null(a->info.files[i].data);
                assert_true(a->stats[i].inode == b->stats[i].inode);
                assert_true(a->stats[i].mtime_ns == b->stats[i].mtime_ns);
                if (a->source != NULL)
                        assert_int_equal(a->source[i], b->source[i]);
        }
}

static void round_trip(void **state)
{
        (void)state;
        for (int is_bytecode = 0; is_bytecode < 2; is_bytecode++) {
                const struct manifest written = make(is_bytecode != 0);
                _cleanup_(manifest_done) struct manifest read = {0};
                _cleanup_(str_done) struct str text = STR_INIT;
                _cleanup_(str_done) struct str again = STR_INIT;

                manifest_write(&text, &written);
                assert_true(manifest_read(text.data, text.len, &read));
                assert_alike(&read, &written);
                manifest_write(&again, &read);
                assert_string_equal(again.data, text.data);
        }
}

static void appends(void **state)
{
        const struct manifest written = make(false);
        _cleanup_(manifest_done) struct manifest read = {0};
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        str_add(&text, "before\n");
        manifest_write(&text, &written);
        assert_true(manifest_read(text.data + strlen("before\n"), text.len - strlen("before\n"), &read));
}

static void without_files(void **state)
{
        struct manifest written = make(true);
        _cleanup_(manifest_done) struct manifest read = {0};
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        written.info.n_files = 0;
        manifest_write(&text, &written);
        assert_true(manifest_read(text.data, text.len, &read));
        assert_int_equal(read.info.n_files, 0);
}

static void every_cut_is_seen(void **state)
{
        const struct manifest written = make(false);
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        manifest_write(&text, &written);
        for (size_t len = 0; len < text.len; len++) {
                _cleanup_(manifest_done) struct manifest read = {0};
                _cleanup_free_ char *cut = malloc(len + 1); /* exact, so that reading beyond it is seen */

                assert_non_null(cut);
                memcpy(cut, text.data, len);
                if (manifest_read(cut, len, &read))
                        fail_msg("cut to %zu bytes", len);
        }
        str_add(&text, "\n");
        {
                _cleanup_(manifest_done) struct manifest read = {0};

                assert_false(manifest_read(text.data, text.len, &read));
        }
}

static void every_change_is_seen(void **state)
{
        const struct manifest written = make(true);
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        manifest_write(&text, &written);
        for (size_t i = 0; i < text.len; i++)
                for (int bit = 0; bit < 8; bit++) {
                        _cleanup_(manifest_done) struct manifest read = {0};

                        text.data[i] = (char)(text.data[i] ^ 1 << bit);
                        if (manifest_read(text.data, text.len, &read))
                                fail_msg("bit %d of byte %zu", bit, i);
                        text.data[i] = (char)(text.data[i] ^ 1 << bit);
                }
}

#define HEAD                                                                                                           \
        "wheel w\nproject p\nversion 1\ndist-info i\ndata-dir d\nrequires-python -\npurelib yes\n"                     \
        "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* Texts with a right checksum that manifest_write does not give. */
static const struct {
        const char *text;
        bool valid;
} texts[] = {
        {"pipseed-store 1\n" HEAD "files 1\nfile - " HEX " 1 - 2 3 a\n", true},
        {"pipseed-store 1\n" HEAD "files 1\nfile 0 " HEX " 1 x 2 -3 a b\n", true},
        {"pipseed-store 1\n" HEAD "files 0\n", true},
        {"pipseed-store 2\n" HEAD "files 0\n", false},
        {"pipseed-store 1\n" HEAD "files 2\nfile - " HEX " 1 - 2 3 a\n", false},
        {"pipseed-store 1\n" HEAD "files 1\nfile - " HEX " 1 - 2 3 a\nfile - " HEX " 1 - 2 3 b\n", false},
        {"pipseed-store 1\n" HEAD "files 2\nfile - " HEX " 1 - 2 3 a\nfile 0 " HEX " 1 - 2 3 b\n", false},
        {"pipseed-store 1\n" HEAD "files 2\nfile 1 " HEX " 1 - 2 3 a\nfile - " HEX " 1 - 2 3 b\n", false},
        {"pipseed-store 1\n" HEAD "files 18446744073709551615\n", false},
        {"pipseed-store 1\n" HEAD "files 99999999999999999999\n", false},
        {"pipseed-store 1\n" HEAD "files 1000000\n", false},
        {"pipseed-store 1\n" HEAD "files \n", false},
        {"pipseed-store 1\n" HEAD "files x\n", false},
        {"pipseed-store 1\n" HEAD "files -1\n", false},
        {"pipseed-store 1\n" HEAD, false},
        {"pipseed-store 1\n" HEAD "files 1\nfile - abcd 1 - 2 3 a\n", false},
        {"pipseed-store 1\n" HEAD "files 1\nfile - " HEX " 1 - 2 3\n", false},
        {"pipseed-store 1\n" HEAD "files 1\nfile - " HEX " one - 2 3 a\n", false},
        {"pipseed-store 1\nproject p\nwheel w\n", false},
        {"", false},
};

static void only_its_own_format(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_(manifest_done) struct manifest read = {0};
                _cleanup_(str_done) struct str text = STR_INIT;
                bool valid;

                str_add(&text, texts[i].text);
                str_printf(&text, "end %08lx\n", crc32_z(0, (const unsigned char *)texts[i].text, text.len));
                valid = manifest_read(text.data, text.len, &read);
                if (valid != texts[i].valid)
                        fail_msg("row %zu", i);
        }
}

static const struct {
        mode_t type;
        int64_t size;
        uint64_t inode;
        int64_t s, ns;
        bool fits, fits_copy;
} looks[] = {
        {S_IFREG, 12, 7, 1700000000, 5, true, true},   {S_IFREG, 12, 7, 1700000000, 6, false, true},
        {S_IFREG, 12, 8, 1700000000, 5, false, true},  {S_IFREG, 12, 7, 1700000001, 5, false, false},
        {S_IFREG, 11, 7, 1700000000, 5, false, false}, {S_IFREG, 13, 7, 1700000000, 5, false, false},
        {S_IFLNK, 12, 7, 1700000000, 5, false, false}, {S_IFDIR, 12, 7, 1700000000, 5, false, false},
};

static void knows_changed_files(void **state)
{
        static const struct wheel_file file = {.path = "a", .size = 12};
        static struct manifest_stat stat_of = {.inode = 7, .mtime_ns = 1700000000000000005};
        const struct manifest manifest = {.info = {.files = &file, .n_files = 1}, .stats = &stat_of};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
                const struct stat st = {.st_mode = looks[i].type | 0644,
                                        .st_size = looks[i].size,
                                        .st_ino = looks[i].inode,
                                        .st_mtim = {looks[i].s, looks[i].ns}};

                if (manifest_stat_fits(&manifest, 0, &st, false) != looks[i].fits ||
                    manifest_stat_fits(&manifest, 0, &st, true) != looks[i].fits_copy)
                        fail_msg("row %zu", i);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(round_trip),           cmocka_unit_test(appends),
                cmocka_unit_test(without_files),        cmocka_unit_test(every_cut_is_seen),
                cmocka_unit_test(every_change_is_seen), cmocka_unit_test(only_its_own_format),
                cmocka_unit_test(knows_changed_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
