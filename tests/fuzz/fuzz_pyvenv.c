/* SPDX-License-Identifier: MIT */
/* pyvenv.cfg: never an error, and values without blanks at their ends or line ends in them. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "target/pyvenv.h"

static void check_value(const char *value)
{
        if (value == NULL)
                return;
        FUZZ_CHECK(strpbrk(value, "\r\n") == NULL);
        FUZZ_CHECK(value[0] == '\0' || (!str_is_space(value[0]) && !str_is_space(value[strlen(value) - 1])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(arena_done) struct arena arena = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pyvenv env = {0};

        FUZZ_CHECK(pyvenv_parse(&arena, (const char *)data, size, &env, &err) == 0);
        FUZZ_CHECK(env.home == NULL || env.home[0] != '\0');
        check_value(env.home);
        check_value(env.command);
        check_value(env.executable);
        check_value(env.base_executable);
        check_value(env.version);
        return 0;
}
