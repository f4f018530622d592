/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static void fills_once(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        assert_int_equal(error_set(&err, PIPSEED_E_DIST_INFO, "/w/x.whl", "%d directories", 2), PIPSEED_E_DIST_INFO);
        assert_int_equal(err.code, PIPSEED_E_DIST_INFO);
        assert_int_equal(err.sys_errno, 0);
        assert_string_equal(err.path, "/w/x.whl");
        assert_string_equal(err.message, "2 directories");
        assert_string_equal(err.hint, "");
        /* The first fault wins, and its code is what later calls return. */
        assert_int_equal(error_set(&err, PIPSEED_E_IO, "/other", "later"), PIPSEED_E_DIST_INFO);
        assert_int_equal(error_sys(&err, EIO, "/other", "later"), PIPSEED_E_DIST_INFO);
        assert_int_equal(error_memory(&err), PIPSEED_E_DIST_INFO);
        assert_int_equal(err.code, PIPSEED_E_DIST_INFO);
        assert_int_equal(err.sys_errno, 0);
        assert_string_equal(err.path, "/w/x.whl");
        assert_string_equal(err.message, "2 directories");
        assert_int_equal(error_hint(&err, "do %s", "this"), PIPSEED_E_DIST_INFO);
        assert_int_equal(error_hint(&err, "do that"), PIPSEED_E_DIST_INFO);
        assert_string_equal(err.hint, "do this");
}

static const struct {
        int sys_errno, code, stored;
        const char *message;
} faults[] = {
        {ENOENT, PIPSEED_E_IO, ENOENT, "cannot open: No such file or directory"},
        {-ENOENT, PIPSEED_E_IO, ENOENT, "cannot open: No such file or directory"},
        {-ENOSPC, PIPSEED_E_IO, ENOSPC, "cannot open: No space left on device"},
        {ENOMEM, PIPSEED_E_NO_MEMORY, ENOMEM, "cannot open: Cannot allocate memory"},
        {-ENOMEM, PIPSEED_E_NO_MEMORY, ENOMEM, "cannot open: Cannot allocate memory"},
};

static void names_the_system_call(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                assert_int_equal(error_sys(&err, faults[i].sys_errno, NULL, "cannot %s", "open"), faults[i].code);
                assert_int_equal(err.code, faults[i].code);
                assert_int_equal(err.sys_errno, faults[i].stored);
                assert_string_equal(err.path, "");
                assert_string_equal(err.message, faults[i].message);
        }
}

static void clears(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        assert_int_equal(error_memory(&err), PIPSEED_E_NO_MEMORY);
        error_set(&err, PIPSEED_E_IO, "/p", "x");
        error_hint(&err, "h");
        error_clear(&err);
        assert_int_equal(err.code, 0);
        assert_int_equal(err.sys_errno, 0);
        assert_string_equal(err.message, "");
        assert_string_equal(err.hint, "");
        /* A hint of the fault before must not stick to the next one. */
        error_set(&err, PIPSEED_E_IO, "/p", "second");
        assert_string_equal(err.message, "second");
        assert_string_equal(err.hint, "");
}

static void cuts_what_is_too_long(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        char text[5000];

        (void)state;
        memset(text, 'x', sizeof(text));
        text[sizeof(text) - 1] = '\0';
        error_sys(&err, EIO, text, "%s", text);
        error_hint(&err, "%s", text);
        assert_int_equal(strlen(err.path), sizeof(err.path) - 1);
        assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
        assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
}

/* Every code: its class is an exit code, its name and number are its own. */
static void codes_are_unique(void **state)
{
        static const struct {
                int code;
                const char *symbol;
        } codes[] = {
#define ROW(symbol, value, name) {PIPSEED_E_##symbol, #symbol},
                PIPSEED_CODES(ROW)
#undef ROW
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
                const char *name = pipseed_code_name(codes[i].code);

                assert_non_null(name);
                assert_in_range(pipseed_exit_code(codes[i].code), 1, 4);
                assert_int_equal(strlen(name), strlen(codes[i].symbol));
                for (size_t k = 0; name[k] != '\0'; k++)
                        assert_int_equal(name[k], codes[i].symbol[k] == '_' ? '-' : tolower(codes[i].symbol[k]));
                for (size_t k = 0; k < i; k++)
                        assert_int_not_equal(codes[i].code, codes[k].code);
        }
        assert_null(pipseed_code_name(0));
        assert_null(pipseed_code_name(-1));
        assert_null(pipseed_code_name(-199));
        assert_int_equal(pipseed_exit_code(0), 0);
        assert_int_equal(pipseed_exit_code(7), 0);
        assert_int_equal(pipseed_exit_code(PIPSEED_E_USAGE), 2);
        assert_int_equal(pipseed_exit_code(PIPSEED_E_USER_IN_VENV), 3);
        assert_int_equal(pipseed_exit_code(PIPSEED_E_INSTALL_LINK), 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fills_once),       cmocka_unit_test(names_the_system_call),
                cmocka_unit_test(clears),           cmocka_unit_test(cuts_what_is_too_long),
                cmocka_unit_test(codes_are_unique),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
