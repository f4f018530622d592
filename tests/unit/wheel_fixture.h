/* SPDX-License-Identifier: MIT */
/*
 * wheel_fixture.h - zips of stored members for the unit tests of core/wheel. Broken ones are tests/reject's matter:
 * there mkwheel.py builds them.
 *
 *     struct fixture fixture;
 *     fixture_start(&fixture);
 *     fixture_add(&fixture, "a.py", "x = 1\n");
 *     fixture_finish(&fixture);                  now fixture.zip.data, fixture.zip.len
 *     fixture_done(&fixture);
 */
#ifndef WHEEL_FIXTURE_H
#define WHEEL_FIXTURE_H

#include "base/hash.h"
#include "base/str.h"
#include "wheel/record.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

#define RIG_REGULAR 0100644U

struct fixture {
        struct str zip;
        struct str central;
        struct str record;
        unsigned int count;
};

static inline void fixture_u16(struct str *out, unsigned int value)
{
        str_add_char(out, (char)(value & 0xff));
        str_add_char(out, (char)(value >> 8 & 0xff));
}

static inline void fixture_u32(struct str *out, uint32_t value)
{
        fixture_u16(out, value & 0xffff);
        fixture_u16(out, value >> 16);
}

/* From the flags to the length of the extra fields: alike in both headers. */
static inline void fixture_common(struct str *out, const char *name, const char *data)
{
        bool ascii = true;

        for (const char *p = name; *p != '\0'; p++)
                ascii = ascii && (unsigned char)*p < 0x80;
        fixture_u16(out, ascii ? 0 : 0x800);
        fixture_u16(out, 0);
        fixture_u32(out, 0x00210000);
        fixture_u32(out, (uint32_t)crc32_z(0, (const uint8_t *)data, strlen(data)));
        fixture_u32(out, (uint32_t)strlen(data));
        fixture_u32(out, (uint32_t)strlen(data));
        fixture_u16(out, (unsigned int)strlen(name));
        fixture_u16(out, 0);
}

static inline void fixture_start(struct fixture *fixture)
{
        *fixture = (struct fixture){.zip = STR_INIT, .central = STR_INIT, .record = STR_INIT};
}

static inline void fixture_add_mode(struct fixture *fixture, const char *name, const char *data, unsigned int mode)
{
        uint32_t offset = (uint32_t)fixture->zip.len;
        char base64[HASH_BASE64_SIZE + 8] = "sha256=";
        uint8_t digest[HASH_SIZE];
        char size[32];

        str_add_bytes(&fixture->zip, "PK\3\4", 4);
        fixture_u16(&fixture->zip, 20);
        fixture_common(&fixture->zip, name, data);
        str_add(&fixture->zip, name);
        str_add(&fixture->zip, data);
        str_add_bytes(&fixture->central, "PK\1\2", 4);
        fixture_u16(&fixture->central, 3U << 8 | 20);
        fixture_u16(&fixture->central, 20);
        fixture_common(&fixture->central, name, data);
        fixture_u16(&fixture->central, 0);
        fixture_u32(&fixture->central, 0);
        fixture_u32(&fixture->central, (uint32_t)mode << 16);
        fixture_u32(&fixture->central, offset);
        str_add(&fixture->central, name);
        fixture->count++;
        hash_of(data, strlen(data), digest);
        hash_to_base64(digest, base64 + strlen(base64));
        (void)snprintf(size, sizeof(size), "%zu", strlen(data));
        if (!str_ends(name, "/"))
                record_write_row(&fixture->record, name, base64, size);
}

static inline void fixture_add(struct fixture *fixture, const char *name, const char *data)
{
        fixture_add_mode(fixture, name, data, RIG_REGULAR);
}

static inline void fixture_finish(struct fixture *fixture)
{
        uint32_t offset = (uint32_t)fixture->zip.len;

        str_add_bytes(&fixture->zip, fixture->central.data, fixture->central.len);
        str_add_bytes(&fixture->zip, "PK\5\6\0\0\0\0", 8);
        fixture_u16(&fixture->zip, fixture->count);
        fixture_u16(&fixture->zip, fixture->count);
        fixture_u32(&fixture->zip, (uint32_t)fixture->central.len);
        fixture_u32(&fixture->zip, offset);
        fixture_u16(&fixture->zip, 0);
}

static inline void fixture_done(struct fixture *fixture)
{
        str_done(&fixture->zip);
        str_done(&fixture->central);
        str_done(&fixture->record);
}

#endif
