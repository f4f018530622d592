/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wheel/metadata.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

#define CODE PIPSEED_E_METADATA

static const struct {
        const char *text;
        const char *field;
        const char *value; /* NULL: there is none */
        int code;
} cases[] = {
        {"Name: pip\nVersion: 1\n", "Name", "pip", 0},
        {"Name: pip\nVersion: 1\n", "Version", "1", 0},
        {"Name: pip\nVersion: 1", "Version", "1", 0},
        {"Name: pip\r\nVersion: 1\r\n", "Name", "pip", 0},
        {"Name: pip\rVersion: 1\r", "Version", "1", 0},
        {"NAME:pip\n", "name", "pip", 0},
        {"Name \t: pip\n", "Name", NULL, 0},
        {"Names: pip\nNam: x\n", "Name", NULL, 0},
        {"Name:  \t pip \t\n", "Name", "pip", 0},
        {"Name:\n", "Name", "", 0},
        {"Name:", "Name", "", 0},
        {"Requires-Python: >=3,\n !=3.1,\n\t<4\nX: y\n", "Requires-Python", ">=3, !=3.1, <4", 0},
        {"Requires-Python:\r\n >=3\r\n", "Requires-Python", ">=3", 0},
        {"A: x\n   \n b\nC: d\n", "A", "x b", 0},
        {"A: x:y: z\n", "A", "x:y: z", 0},
        {"Summary: caf\xc3\xa9\n", "Summary", "caf\xc3\xa9", 0},
        /* the end of the headers */
        {"A: b\n\nName: body\n", "Name", NULL, 0},
        {"A: b\r\n\r\nName: body\n", "Name", NULL, 0},
        {"\nName: body\n", "Name", NULL, 0},
        {"A: b\nno field\nName: body\n", "Name", NULL, 0},
        {"A: b\nbad name: x\nName: body\n", "Name", NULL, 0},
        {"", "Name", NULL, 0},
        {"\xef\xbb\xbfName: pip\n", "Name", NULL, 0},
        /* skipped, as email.parser does */
        {" continues nothing\nName: pip\n", "Name", "pip", 0},
        {"From someone\nName: pip\n", "Name", "pip", 0},
        {"A: b\nFrom someone\nName: pip\n", "Name", "pip", 0},
        {": nameless\nName: pip\n", "Name", "pip", 0},
        /* refused */
        {"Name: a\nname: b\n", "Name", NULL, CODE},
        {"Name: a\nName: a\n", "Name", NULL, CODE},
        {"Name: a\x1b[2J\n", "Name", NULL, CODE},
        {"Name: a\x7f\n", "Name", NULL, CODE},
        {"Name: caf\xe9\n", "Name", NULL, CODE},
        /* ... only where it matters */
        {"Author: caf\xe9\nAuthor: b\nName: pip\n", "Name", "pip", 0},
};

static void find(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(arena_done) struct arena arena = {0};
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                const char *value = "untouched";
                int r = metadata_find(&arena, cases[i].text, strlen(cases[i].text), cases[i].field, "x.whl", CODE,
                                      &value, &err);

                if (r != cases[i].code)
                        fail_msg("case %zu: %d", i, r);
                if (r < 0)
                        assert_string_equal(value, "untouched");
                else if (cases[i].value == NULL)
                        assert_null(value);
                else
                        assert_string_equal(value, cases[i].value);
        }
}

static void require(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};
        static const char text[] = "Name: pip\nEmpty:\n";
        const char *value = NULL;

        (void)state;
        for (int i = 0; i < 3; i++) {
                static const char *const fields[] = {"Name", "Empty", "Missing"};
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                int r = metadata_require(&arena, text, strlen(text), fields[i], "x.whl", PIPSEED_E_WHEEL_FILE, &value,
                                         &err);

                assert_int_equal(r, i == 0 ? 0 : PIPSEED_E_WHEEL_FILE);
                assert_string_equal(value, "pip");
        }
}

static void nul_and_length(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};
        static const char nul[] = "Name: a\0b\n";
        size_t len = METADATA_MAX_VALUE + 8;
        _cleanup_free_ char *text = malloc(len);
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        const char *value = NULL;

        (void)state;
        assert_int_equal(metadata_find(&arena, nul, sizeof(nul) - 1, "Name", "x", CODE, &value, &err), CODE);
        err.code = 0;
        assert_non_null(text);
        memset(text, 'x', len);
        memcpy(text, "Name:", 5);
        assert_int_equal(metadata_find(&arena, text, len, "Name", "x", CODE, &value, &err), CODE);
        err.code = 0;
        assert_int_equal(metadata_find(&arena, text, METADATA_MAX_VALUE + 5, "Name", "x", CODE, &value, &err), 0);
        assert_int_equal(strlen(value), METADATA_MAX_VALUE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(find),
                cmocka_unit_test(require),
                cmocka_unit_test(nul_and_length),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
