/* SPDX-License-Identifier: MIT */
/* METADATA and WHEEL: the walk stays inside the data, and finding a field agrees with the walk. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "wheel/metadata.h"

static const char *const names[] = {"Name", "Version", "Requires-Python", "Wheel-Version", "Root-Is-Purelib", "Tag"};

static size_t count(const char *data, size_t size, const char *name)
{
        struct metadata_walk walk = {.rest = data, .left = size};
        size_t n = 0;

        while (metadata_next(&walk)) {
                FUZZ_CHECK(walk.name >= data && walk.name + walk.name_len <= data + size);
                FUZZ_CHECK(walk.value >= data && walk.value + walk.value_len <= data + size);
                FUZZ_CHECK(walk.rest + walk.left == data + size);
                if (walk.name_len == strlen(name) && strncasecmp(walk.name, name, walk.name_len) == 0)
                        n++;
        }
        return n;
}

static void check_value(const char *value)
{
        FUZZ_CHECK(str_is_utf8(value, strlen(value)) && strlen(value) <= METADATA_MAX_VALUE);
        for (const char *c = value; *c != '\0'; c++)
                FUZZ_CHECK((unsigned char)*c >= ' ' && *c != 0x7f);
        FUZZ_CHECK(value[0] != ' ' && !str_ends(value, " ") && strstr(value, "  ") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *text = (const char *)data;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_(arena_done) struct arena arena = {0};
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                const char *value = NULL;
                size_t n = count(text, size, names[i]);
                int r = metadata_find(&arena, text, size, names[i], "METADATA", PIPSEED_E_METADATA, &value, &err);

                fuzz_check_error(r, &err);
                FUZZ_CHECK(r < 0 || (value != NULL) == (n == 1));
                FUZZ_CHECK(n <= 1 || r == PIPSEED_E_METADATA);
                if (value != NULL)
                        check_value(value);
        }
        return 0;
}
