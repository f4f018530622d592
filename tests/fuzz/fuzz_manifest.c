/* SPDX-License-Identifier: MIT */
/* The store's manifest, as it is and with the checksum made right: what is read is written as the same bytes. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "store/manifest.h"

#include <zlib.h>

static void check(const char *text, size_t len)
{
        _cleanup_(manifest_done) struct manifest manifest = {0};
        _cleanup_(str_done) struct str again = STR_INIT;

        if (!manifest_read(text, len, &manifest))
                return;
        manifest_write(&again, &manifest);
        FUZZ_CHECK(!again.failed && again.len == len && memcmp(again.data, text, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(str_done) struct str text = STR_INIT;

        check((const char *)data, size);
        str_add_bytes(&text, data, size);
        str_printf(&text, "end %08lx\n", crc32_z(0, data, size));
        check(text.data, text.len);
        return 0;
}
