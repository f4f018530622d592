/* SPDX-License-Identifier: MIT */
/* EXTERNALLY-MANAGED, behind a line with the name of a locale. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "target/managed.h"

static void check(const char *text, size_t len, const char *locale)
{
        _cleanup_free_ char *found = NULL;
        int r = managed_text(text, len, locale, &found);

        FUZZ_CHECK(r == 0 || r == 1);
        FUZZ_CHECK((found != NULL) == (r == 1));
        FUZZ_CHECK(found == NULL || (strchr(found, '\r') == NULL && str_is_utf8(found, strlen(found))));
        FUZZ_CHECK(found == NULL || found[0] == '\0' || !str_is_space(found[strlen(found) - 1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const uint8_t *line = memchr(data, '\n', size);
        _cleanup_free_ char *locale = line != NULL ? strndup((const char *)data, (size_t)(line - data)) : NULL;
        size_t skip = line != NULL ? (size_t)(line - data) + 1 : 0;

        check((const char *)data + skip, size - skip, "");
        if (locale != NULL)
                check((const char *)data + skip, size - skip, locale);
        return 0;
}
