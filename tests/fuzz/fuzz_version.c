/* SPDX-License-Identifier: MIT */
/* PEP 440: a version, a line with a specifier, a line with another version. What is normalised is equal to what it came
 * from, and the order is one. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "wheel/version.h"

static void check_version(const char *text, const struct specifier *set, const struct version *other)
{
        _cleanup_(version_freep) struct version *version = NULL;
        _cleanup_(version_freep) struct version *again = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        int r = version_parse(text, &version, &err);

        fuzz_check_error(r, &err);
        if (r < 0)
                return;
        FUZZ_CHECK(version_parse(version_text(version), &again, &err) == 0);
        FUZZ_CHECK(version_compare(version, again) == 0);
        FUZZ_CHECK(strcmp(version_text(version), version_text(again)) == 0);
        if (set != NULL && specifier_admits(set, version, SPECIFIER_PRE_NO))
                FUZZ_CHECK(specifier_admits(set, version, SPECIFIER_PRE_YES));
        if (other != NULL) {
                int order = version_compare(version, other);

                FUZZ_CHECK((order < 0) == (version_compare(other, version) > 0));
                FUZZ_CHECK((order == 0) == (strcmp(version_text(version), version_text(other)) == 0) || order == 0);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(specifier_freep) struct specifier *set = NULL;
        _cleanup_(version_freep) struct version *other = NULL;
        _cleanup_free_ char *text = strndup((const char *)data, size);
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        char *lines[3] = {text, NULL, NULL};

        if (text == NULL)
                return 0;
        for (size_t i = 1; i < ARRAY_SIZE(lines) && lines[i - 1] != NULL; i++) {
                lines[i] = strchr(lines[i - 1], '\n');
                if (lines[i] != NULL)
                        *lines[i]++ = '\0';
        }
        if (lines[1] != NULL)
                (void)specifier_parse_pin(lines[1], &set, &err);
        if (lines[2] != NULL) {
                err = (struct pipseed_error)PIPSEED_ERROR_INIT;
                (void)version_parse(lines[2], &other, &err);
        }
        check_version(text, set, other);
        return 0;
}
