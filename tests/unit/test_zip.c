/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wheel/zip.h"

#include "base/cleanup.h"
#include "wheel/quote.h"
#include "wheel/wheel.h"
#include "wheel/zipname.h"

#include <stdio.h>

#include "wheel_fixture.h"

static void make(struct fixture *fixture)
{
        fixture_start(fixture);
        fixture_add(fixture, "b/two.py", "22");
        fixture_add_mode(fixture, "tool", "#!/bin/sh\n", 0100755);
        fixture_add_mode(fixture, "b/", "", 040755);
        fixture_add_mode(fixture, "a-b", "", 0);
        fixture_add(fixture, "a", "1");
        fixture_finish(fixture);
}

static void good_zip(void **state)
{
        static const struct {
                const char *name;
                uint32_t size;
                bool is_dir;
                bool executable;
        } expected[] = {
                {"a", 1, false, false},        {"a-b", 0, false, false},  {"b/", 0, true, false},
                {"b/two.py", 2, false, false}, {"tool", 10, false, true},
        };
        _cleanup_(zip_done) struct zip zip = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct fixture fixture;

        (void)state;
        make(&fixture);
        assert_int_equal(zip_read(fixture.zip.data, fixture.zip.len, "x.whl", &zip, &err), 0);
        assert_int_equal(zip.n_members, ARRAY_SIZE(expected));
        assert_int_equal(zip.n_files, 4);
        assert_int_equal(zip.unpacked, 13);
        for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
                assert_string_equal(zip.members[i].name, expected[i].name);
                assert_int_equal(zip.members[i].size, expected[i].size);
                assert_int_equal(zip.members[i].is_dir, expected[i].is_dir);
                assert_int_equal(zip.members[i].executable, expected[i].executable);
                assert_ptr_equal(zip_find(&zip, expected[i].name), &zip.members[i]);
        }
        assert_null(zip_find(&zip, "b"));
        assert_null(zip_find(&zip, "A"));
        assert_null(zip_find(&zip, ""));
        fixture_done(&fixture);
}

static void empty_zip(void **state)
{
        _cleanup_(zip_done) struct zip zip = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct fixture fixture;

        (void)state;
        fixture_start(&fixture);
        fixture_finish(&fixture);
        assert_int_equal(zip_read(fixture.zip.data, fixture.zip.len, "x.whl", &zip, &err), 0);
        assert_int_equal(zip.n_members, 0);
        assert_null(zip_find(&zip, "a"));
        fixture_done(&fixture);
}

/* Bytes of the zip that are overwritten; offsets count from the first local header, the first central header or the end
 * record. */
enum anchor { LOCAL, CENTRAL, END };

static const struct {
        enum anchor anchor;
        size_t offset;
        const char *bytes;
        size_t n_bytes;
        int code;
} patches[] = {
        {END, 0, "PK\5\7", 4, PIPSEED_E_ZIP_NO_EOCD},
        {END, 4, "\1", 1, PIPSEED_E_ZIP_MULTIDISK},
        {END, 8, "\1", 1, PIPSEED_E_ZIP_COUNT},
        {END, 8, "\4\0\4", 3, PIPSEED_E_ZIP_COUNT},
        {END, 8, "\6\0\6", 3, PIPSEED_E_ZIP_COUNT},
        {END, 8, "\xff\xff\xff\xff", 4, PIPSEED_E_ZIP_ZIP64},
        {END, 12, "\0", 1, PIPSEED_E_ZIP_CENTRAL},
        {END, 16, "\0", 1, PIPSEED_E_ZIP_PREFIX},
        {END, 19, "\x7f", 1, PIPSEED_E_ZIP_TRUNCATED},
        {END, 20, "\1", 1, PIPSEED_E_ZIP_TRUNCATED},
        {CENTRAL, 3, "\3", 1, PIPSEED_E_ZIP_CENTRAL},
        {CENTRAL, 8, "\1", 1, PIPSEED_E_ZIP_ENCRYPTED},
        {CENTRAL, 8, "\x08", 1, PIPSEED_E_ZIP_DESCRIPTOR},
        {CENTRAL, 8, "\x20", 1, PIPSEED_E_ZIP_CENTRAL},
        {CENTRAL, 10, "\1", 1, PIPSEED_E_ZIP_METHOD},
        {CENTRAL, 10, "\x08", 1, PIPSEED_E_ZIP_HEADER_MISMATCH},
        {CENTRAL, 16, "\1\1\1\1", 4, PIPSEED_E_ZIP_HEADER_MISMATCH},
        {CENTRAL, 20, "\3", 1, PIPSEED_E_ZIP_SIZE},
        {CENTRAL, 20, "\xff\xff\xff\xff", 4, PIPSEED_E_ZIP_ZIP64},
        {CENTRAL, 20, "\0\0\0\x7f\0\0\0\x7f", 8, PIPSEED_E_ZIP_BOMB},
        {CENTRAL, 28, "\xff\xff", 2, PIPSEED_E_ZIP_CENTRAL},
        {CENTRAL, 32, "\1", 1, PIPSEED_E_ZIP_CENTRAL},
        {CENTRAL, 34, "\1", 1, PIPSEED_E_ZIP_MULTIDISK},
        {CENTRAL, 38, "\x10", 1, PIPSEED_E_ZIP_TYPE},
        {CENTRAL, 40, "\xff\xa1", 2, PIPSEED_E_ZIP_TYPE},
        {CENTRAL, 42, "\1", 1, PIPSEED_E_ZIP_PREFIX},
        {CENTRAL, 42, "\0\0\0\x80", 4, PIPSEED_E_ZIP_TRUNCATED},
        {CENTRAL, 46, "b\\", 2, PIPSEED_E_ZIP_PATH},
        {CENTRAL, 46, "\n", 1, PIPSEED_E_ZIP_NAME},
        {CENTRAL, 46, "c", 1, PIPSEED_E_ZIP_HEADER_MISMATCH},
        {LOCAL, 0, "X", 1, PIPSEED_E_ZIP_LOCAL},
        {LOCAL, 6, "\x08", 1, PIPSEED_E_ZIP_HEADER_MISMATCH},
        {LOCAL, 22, "\1", 1, PIPSEED_E_ZIP_HEADER_MISMATCH},
        {LOCAL, 26, "\xff\xff", 2, PIPSEED_E_ZIP_LOCAL},
        {LOCAL, 28, "\xff\xff", 2, PIPSEED_E_ZIP_LOCAL},
        {LOCAL, 28, "\2", 1, PIPSEED_E_ZIP_EXTRA},
        {LOCAL, 30, "c", 1, PIPSEED_E_ZIP_HEADER_MISMATCH},
        /* nothing that any reader of wheels looks at */
        {LOCAL, 4, "\x63", 1, 0},
        {LOCAL, 10, "\x63", 1, 0},
        {CENTRAL, 36, "\1", 1, 0},
};

static void patched_zip(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(patches); i++) {
                _cleanup_(zip_done) struct zip zip = {0};
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                size_t anchors[3];
                struct fixture fixture;
                int r;

                make(&fixture);
                anchors[LOCAL] = 0;
                anchors[CENTRAL] = fixture.zip.len - 22 - fixture.central.len;
                anchors[END] = fixture.zip.len - 22;
                memcpy(fixture.zip.data + anchors[patches[i].anchor] + patches[i].offset, patches[i].bytes,
                       patches[i].n_bytes);
                r = zip_read(fixture.zip.data, fixture.zip.len, "x.whl", &zip, &err);
                if (r != patches[i].code)
                        fail_msg("patch %zu: %s, not %s (%s)", i, pipseed_code_name(r),
                                 pipseed_code_name(patches[i].code), err.message);
                assert_int_equal(err.code, r);
                assert_true(r == 0 || zip.members == NULL);
                fixture_done(&fixture);
        }
}

static const struct {
        const char *name;
        size_t len;
        bool utf8;
        int code;
} names[] = {
        {"a", 1, false, 0},
        {"a/b.c/d", 7, false, 0},
        {"a/", 2, false, 0},
        {"...", 3, false, 0},
        {"..a/.b", 6, false, 0},
        {"ab:c", 4, false, 0},
        {"caf\xc3\xa9", 5, true, 0},
        {"caf\xc3\xa9", 5, false, PIPSEED_E_ZIP_NAME},
        {"caf\xe9", 4, true, PIPSEED_E_ZIP_NAME},
        {"", 0, false, PIPSEED_E_ZIP_NAME},
        {"a\0b", 3, false, PIPSEED_E_ZIP_NAME},
        {"a\x7f", 2, false, PIPSEED_E_ZIP_NAME},
        {"a\xc2\x85", 3, true, PIPSEED_E_ZIP_NAME},
        {"/", 1, false, PIPSEED_E_ZIP_PATH},
        {"/a", 2, false, PIPSEED_E_ZIP_PATH},
        {".", 1, false, PIPSEED_E_ZIP_PATH},
        {"..", 2, false, PIPSEED_E_ZIP_PATH},
        {"../", 3, false, PIPSEED_E_ZIP_PATH},
        {"a/..", 4, false, PIPSEED_E_ZIP_PATH},
        {"a/./b", 5, false, PIPSEED_E_ZIP_PATH},
        {"a//b", 4, false, PIPSEED_E_ZIP_PATH},
        {"a//", 3, false, PIPSEED_E_ZIP_PATH},
        {"a\\b", 3, false, PIPSEED_E_ZIP_PATH},
        {"z:a", 3, false, PIPSEED_E_ZIP_PATH},
};

static void member_names(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                int r = zipname_check((const uint8_t *)names[i].name, names[i].len, names[i].utf8, "x.whl", &err);

                if (r != names[i].code)
                        fail_msg("name %zu \"%s\": %s", i, names[i].name, pipseed_code_name(r));
        }
}

static const struct {
        const char *first;
        const char *second;
        int code;
} clashes[] = {
        {"a", "b", 0},
        {"a/b", "a/c", 0},
        {"a/", "a/c", 0},
        {"A/b", "a/c", 0},
        {"a", "a-b/c", 0},
        {"a", "a.py", 0},
        {"a", "ab", 0},
        {"a", "a", PIPSEED_E_ZIP_DUPLICATE},
        {"a/", "a/", PIPSEED_E_ZIP_DUPLICATE},
        {"a", "A", PIPSEED_E_ZIP_NAME_COLLISION},
        {"a/B", "A/b", PIPSEED_E_ZIP_NAME_COLLISION},
        {"a/", "A/", PIPSEED_E_ZIP_NAME_COLLISION},
        {"a", "a/", PIPSEED_E_ZIP_NAME_COLLISION},
        {"a", "a/b", PIPSEED_E_ZIP_NAME_COLLISION},
        {"a", "A/b/c", PIPSEED_E_ZIP_NAME_COLLISION},
        {"a/b/c/d", "a/B", PIPSEED_E_ZIP_NAME_COLLISION},
};

/* With a third name that sorts between the two as bytes. */
static void clashing_names(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(clashes); i++) {
                for (int swapped = 0; swapped < 2; swapped++) {
                        const char *pair[] = {clashes[i].first, clashes[i].second};
                        struct zip_member members[] = {{.name = pair[swapped]},
                                                       {.name = "a!between"},
                                                       {.name = pair[1 - swapped]}};
                        struct zip zip = {.members = members, .n_members = ARRAY_SIZE(members)};
                        struct pipseed_error err = PIPSEED_ERROR_INIT;
                        int r;

                        for (size_t m = 0; m < ARRAY_SIZE(members); m++)
                                members[m].is_dir = members[m].name[strlen(members[m].name) - 1] == '/';
                        r = zipname_check_all(&zip, "x.whl", &err);
                        if (r != clashes[i].code)
                                fail_msg("%s and %s: %s", pair[0], pair[1], pipseed_code_name(r));
                }
        }
}

static const struct {
        const char *bytes;
        size_t len;
        const char *text;
} quotes[] = {
        {"plain", 5, "plain"},         {"", 0, ""},
        {"a\0b\n", 4, "a\\x00b\\x0a"}, {"caf\xc3\xa9", 5, "caf\xc3\xa9"},
        {"caf\xe9", 4, "caf\\xe9"},    {"a\xe2\x80\xaet", 5, "a\\xe2\\x80\\xaet"},
        {"\x1b[2J", 4, "\\x1b[2J"},
};

static void quoted(void **state)
{
        char long_name[2000];
        const char *text;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(quotes); i++)
                assert_string_equal(QUOTE(quotes[i].bytes, quotes[i].len), quotes[i].text);
        /* cut between characters, wherever the cut falls */
        for (size_t shift = 0; shift < 4; shift++) {
                memset(long_name, 'x', shift);
                for (size_t i = shift; i + 4 <= sizeof(long_name); i += 4)
                        memcpy(long_name + i, "\xf0\x9f\x98\x80", 4);
                text = QUOTE(long_name, sizeof(long_name) - 4 + shift);
                assert_true(strlen(text) < QUOTE_SIZE && str_is_utf8(text, strlen(text)) && str_ends(text, "..."));
        }
        memset(long_name, 1, sizeof(long_name));
        text = QUOTE(long_name, sizeof(long_name));
        assert_true(strlen(text) < QUOTE_SIZE && str_ends(text, "\\x01..."));
}

static void too_large(void **state)
{
        _cleanup_free_ char *data = calloc(1, WHEEL_MAX_PACKED + 1);
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct zip zip = {0};

        (void)state;
        assert_non_null(data);
        assert_int_equal(zip_read(data, WHEEL_MAX_PACKED + 1, "x.whl", &zip, &err), PIPSEED_E_ZIP_BOMB);
        assert_string_equal(err.path, "x.whl");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(good_zip),     cmocka_unit_test(empty_zip),      cmocka_unit_test(patched_zip),
                cmocka_unit_test(member_names), cmocka_unit_test(clashing_names), cmocka_unit_test(quoted),
                cmocka_unit_test(too_large),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
