/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Here they are made; the analyser's view of them (fault.h) is for callers. */
#undef fault_set
#undef fault_sys
#undef fault_memory
#undef fault_hint

static void fill(struct pipseed_error *err, int code, int sys_errno, const char *path)
{
        err->code = code;
        err->sys_errno = sys_errno;
        err->message[0] = err->hint[0] = '\0';
        (void)snprintf(err->path, sizeof(err->path), "%s", path != NULL ? path : "");
}

int fault_set(struct pipseed_error *err, int code, const char *path, const char *format, ...)
{
        va_list arguments;

        fill(err, code, 0, path);
        va_start(arguments, format);
        (void)vsnprintf(err->message, sizeof(err->message), format, arguments);
        va_end(arguments);
        return code;
}

int fault_sys(struct pipseed_error *err, int sys_errno, const char *path, const char *format, ...)
{
        char buffer[128];
        va_list arguments;
        size_t len;

        fill(err, sys_errno == ENOMEM ? PIPSEED_E_NO_MEMORY : PIPSEED_E_IO, sys_errno, path);
        va_start(arguments, format);
        (void)vsnprintf(err->message, sizeof(err->message), format, arguments);
        va_end(arguments);
        len = strlen(err->message);
        (void)snprintf(err->message + len, sizeof(err->message) - len, ": %s",
                       strerror_r(sys_errno, buffer, sizeof(buffer)));
        return err->code;
}

int fault_memory(struct pipseed_error *err)
{
        fill(err, PIPSEED_E_NO_MEMORY, ENOMEM, NULL);
        (void)snprintf(err->message, sizeof(err->message), "out of memory");
        return err->code;
}

int fault_hint(struct pipseed_error *err, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(err->hint, sizeof(err->hint), format, arguments);
        va_end(arguments);
        return err->code;
}
