/* SPDX-License-Identifier: MIT */
#include "quote.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* First and last code point of each range. */
static const uint32_t invisible[][2] = {
        {0x00, 0x1f},     {0x7f, 0xa0},     {0xad, 0xad},       {0x61c, 0x61c},      {0x1680, 0x1680}, {0x180e, 0x180e},
        {0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f},   {0x3000, 0x3000},    {0xe000, 0xf8ff}, {0xfeff, 0xfeff},
        {0xfff9, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe007f}, {0xf0000, 0x10ffff},
};

bool quote_has_invisible(const char *text, size_t len)
{
        for (const char *p = text; p < text + len;) {
                uint32_t value = str_decode(&p);

                for (size_t i = 0; i < ARRAY_SIZE(invisible); i++)
                        if (value >= invisible[i][0] && value <= invisible[i][1])
                                return true;
        }
        return false;
}

const char *quote_bytes(const void *bytes, size_t len, char ret_text[QUOTE_SIZE])
{
        static const char cut[] = "...";
        const uint8_t *p = bytes;
        bool is_text = str_is_utf8(bytes, len) && !quote_has_invisible(bytes, len);
        size_t used = 0;
        size_t i = 0;

        for (; i < len && used + sizeof(cut) + 8 < QUOTE_SIZE; i++) {
                if ((p[i] >= 0x20 && p[i] < 0x7f) || (p[i] >= 0x80 && is_text))
                        ret_text[used++] = (char)p[i];
                else
                        used += (size_t)snprintf(ret_text + used, 5, "\\x%02x", p[i]);
        }
        /* Never cut inside a character: the rest of it is at most three bytes. */
        while (is_text && i < len && (p[i] & 0xc0) == 0x80)
                ret_text[used++] = (char)p[i++];
        memcpy(ret_text + used, i < len ? cut : "", i < len ? sizeof(cut) : 1);
        return ret_text;
}
