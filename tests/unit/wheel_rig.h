/* SPDX-License-Identifier: MIT */
/*
 * wheel_rig.h - zips of stored members for the unit tests of core/wheel. Broken ones are tests/reject's matter: there
 * mkwheel.py builds them.
 *
 *     struct rig rig;
 *     rig_start(&rig);
 *     rig_add(&rig, "a.py", "x = 1\n");
 *     rig_finish(&rig);                  now rig.zip.data, rig.zip.len
 *     rig_done(&rig);
 */
#ifndef WHEEL_RIG_H
#define WHEEL_RIG_H

#include "base/hash.h"
#include "base/str.h"
#include "wheel/record.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

#define RIG_REGULAR 0100644U

struct rig {
        struct str zip;
        struct str central;
        struct str record;
        unsigned int count;
};

static inline void rig_u16(struct str *out, unsigned int value)
{
        str_add_char(out, (char)(value & 0xff));
        str_add_char(out, (char)(value >> 8 & 0xff));
}

static inline void rig_u32(struct str *out, uint32_t value)
{
        rig_u16(out, value & 0xffff);
        rig_u16(out, value >> 16);
}

/* From the flags to the length of the extra fields: alike in both headers. */
static inline void rig_common(struct str *out, const char *name, const char *data)
{
        bool ascii = true;

        for (const char *p = name; *p != '\0'; p++)
                ascii = ascii && (unsigned char)*p < 0x80;
        rig_u16(out, ascii ? 0 : 0x800);
        rig_u16(out, 0);
        rig_u32(out, 0x00210000);
        rig_u32(out, (uint32_t)crc32_z(0, (const uint8_t *)data, strlen(data)));
        rig_u32(out, (uint32_t)strlen(data));
        rig_u32(out, (uint32_t)strlen(data));
        rig_u16(out, (unsigned int)strlen(name));
        rig_u16(out, 0);
}

static inline void rig_start(struct rig *rig)
{
        *rig = (struct rig){.zip = STR_INIT, .central = STR_INIT, .record = STR_INIT};
}

static inline void rig_add_mode(struct rig *rig, const char *name, const char *data, unsigned int mode)
{
        uint32_t offset = (uint32_t)rig->zip.len;
        char base64[HASH_BASE64_SIZE + 8] = "sha256=";
        uint8_t digest[HASH_SIZE];
        char size[32];

        str_add_bytes(&rig->zip, "PK\3\4", 4);
        rig_u16(&rig->zip, 20);
        rig_common(&rig->zip, name, data);
        str_add(&rig->zip, name);
        str_add(&rig->zip, data);
        str_add_bytes(&rig->central, "PK\1\2", 4);
        rig_u16(&rig->central, 3U << 8 | 20);
        rig_u16(&rig->central, 20);
        rig_common(&rig->central, name, data);
        rig_u16(&rig->central, 0);
        rig_u32(&rig->central, 0);
        rig_u32(&rig->central, (uint32_t)mode << 16);
        rig_u32(&rig->central, offset);
        str_add(&rig->central, name);
        rig->count++;
        hash_of(data, strlen(data), digest);
        hash_to_base64(digest, base64 + strlen(base64));
        (void)snprintf(size, sizeof(size), "%zu", strlen(data));
        if (!str_ends(name, "/"))
                record_write_row(&rig->record, name, base64, size);
}

static inline void rig_add(struct rig *rig, const char *name, const char *data)
{
        rig_add_mode(rig, name, data, RIG_REGULAR);
}

static inline void rig_finish(struct rig *rig)
{
        uint32_t offset = (uint32_t)rig->zip.len;

        str_add_bytes(&rig->zip, rig->central.data, rig->central.len);
        str_add_bytes(&rig->zip, "PK\5\6\0\0\0\0", 8);
        rig_u16(&rig->zip, rig->count);
        rig_u16(&rig->zip, rig->count);
        rig_u32(&rig->zip, (uint32_t)rig->central.len);
        rig_u32(&rig->zip, offset);
        rig_u16(&rig->zip, 0);
}

static inline void rig_done(struct rig *rig)
{
        str_done(&rig->zip);
        str_done(&rig->central);
        str_done(&rig->record);
}

#endif
