/* SPDX-License-Identifier: MIT */
/* PEP 440: one line is a version, the other a specifier. What is normalised is equal to what it came from. */
#include "base/cleanup.h"
#include "wheel/version.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_version(const char *text, const struct specifier *set)
{
        _cleanup_(version_freep) struct version *version = NULL;
        _cleanup_(version_freep) struct version *again = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        if (version_parse(text, &version, &err) < 0)
                return;
        if (version_parse(version_text(version), &again, &err) < 0 || version_compare(version, again) != 0)
                abort();
        if (set != NULL && specifier_admits(set, version, SPECIFIER_PRE_NO) &&
            !specifier_admits(set, version, SPECIFIER_PRE_YES))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(specifier_freep) struct specifier *set = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        char *text = strndup((const char *)data, size);
        char *line;

        if (text == NULL)
                return 0;
        line = strchr(text, '\n');
        if (line != NULL) {
                *line++ = '\0';
                (void)specifier_parse_pin(line, &set, &err);
        }
        check_version(text, set);
        free(text);
        return 0;
}
