/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
        int code;
        const char *name;
} code_names[] = {
#define CODE_NAME(symbol, value, name) {(value), (name)},
        PIPSEED_CODES(CODE_NAME)
#undef CODE_NAME
};

const char *pipseed_code_name(int code)
{
        for (size_t i = 0; i < sizeof(code_names) / sizeof(code_names[0]); i++)
                if (code_names[i].code == code)
                        return code_names[i].name;
        return NULL;
}

int pipseed_exit_code(int code)
{
        return code >= 0 ? 0 : -code / 100;
}

const char *pipseed_version(void)
{
        return PIPSEED_VERSION;
}

static void fill(struct pipseed_error *err, int code, int sys_errno, const char *path)
{
        err->code = code;
        err->sys_errno = sys_errno;
        (void)snprintf(err->path, sizeof(err->path), "%s", path != NULL ? path : "");
        err->hint[0] = '\0';
}

int pipseed_error_set(struct pipseed_error *err, int code, const char *path, const char *format, ...)
{
        va_list arguments;

        if (err->code != 0)
                return err->code;
        fill(err, code, 0, path);
        va_start(arguments, format);
        (void)vsnprintf(err->message, sizeof(err->message), format, arguments);
        va_end(arguments);
        return code;
}

int pipseed_error_sys(struct pipseed_error *err, int sys_errno, const char *path, const char *format, ...)
{
        int number = abs(sys_errno);
        int code = number == ENOMEM ? PIPSEED_E_NO_MEMORY : PIPSEED_E_IO;
        char buffer[128];
        va_list arguments;
        size_t length;

        if (err->code != 0)
                return err->code;
        if (number == ECANCELED)
                return error_cancelled(err);
        fill(err, code, number, path);
        va_start(arguments, format);
        (void)vsnprintf(err->message, sizeof(err->message), format, arguments);
        va_end(arguments);
        length = strlen(err->message);
        (void)snprintf(err->message + length, sizeof(err->message) - length, ": %s",
                       strerror_r(number, buffer, sizeof(buffer)));
        return code;
}

int error_cancelled(struct pipseed_error *err)
{
        return pipseed_error_set(err, PIPSEED_E_CANCELLED, NULL, "cancelled by the caller");
}

int pipseed_error_memory(struct pipseed_error *err)
{
        return pipseed_error_sys(err, ENOMEM, NULL, "out of memory");
}

int pipseed_error_hint(struct pipseed_error *err, const char *format, ...)
{
        va_list arguments;

        if (err->hint[0] == '\0') {
                va_start(arguments, format);
                (void)vsnprintf(err->hint, sizeof(err->hint), format, arguments);
                va_end(arguments);
        }
        return err->code;
}

void error_clear(struct pipseed_error *err)
{
        err->code = 0;
        err->sys_errno = 0;
        err->path[0] = err->message[0] = err->hint[0] = '\0';
}
