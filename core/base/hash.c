/* SPDX-License-Identifier: MIT */
#include "hash.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void hash_init(struct hash *hash)
{
        sha256_init(&hash->context);
}

void hash_update(struct hash *hash, const void *data, size_t len)
{
        sha256_update(&hash->context, len, data);
}

void hash_final(struct hash *hash, uint8_t ret_digest[HASH_SIZE])
{
        sha256_digest(&hash->context, HASH_SIZE, ret_digest);
}

void hash_of(const void *data, size_t len, uint8_t ret_digest[HASH_SIZE])
{
        struct hash hash;

        hash_init(&hash);
        hash_update(&hash, data, len);
        hash_final(&hash, ret_digest);
}

int hash_of_fd(int fd, uint8_t ret_digest[HASH_SIZE])
{
        char buffer[32 * 1024];
        struct hash hash;

        hash_init(&hash);
        for (;;) {
                ssize_t n = read(fd, buffer, sizeof(buffer));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                hash_update(&hash, buffer, (size_t)n);
        }
        hash_final(&hash, ret_digest);
        return 0;
}

void hash_to_hex(const uint8_t digest[HASH_SIZE], char ret_text[HASH_HEX_SIZE])
{
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < HASH_SIZE; i++) {
                ret_text[2 * i] = digits[digest[i] >> 4];
                ret_text[2 * i + 1] = digits[digest[i] & 15];
        }
        ret_text[HASH_HEX_SIZE - 1] = '\0';
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void hash_to_base64(const uint8_t digest[HASH_SIZE], char ret_text[HASH_BASE64_SIZE])
{
        size_t len = 0;
        size_t i = 0;
        unsigned int bits;

        for (; i + 3 <= HASH_SIZE; i += 3) {
                bits = (unsigned int)digest[i] << 16 | (unsigned int)digest[i + 1] << 8 | digest[i + 2];
                for (int shift = 18; shift >= 0; shift -= 6)
                        ret_text[len++] = base64_digits[bits >> shift & 63];
        }
        /* 32 bytes: two are left, 16 bits in three digits. */
        bits = (unsigned int)digest[i] << 16 | (unsigned int)digest[i + 1] << 8;
        for (int shift = 18; shift >= 6; shift -= 6)
                ret_text[len++] = base64_digits[bits >> shift & 63];
        ret_text[len] = '\0';
}

/* One more than the value of a digit; 0: no digit. A table: each seeding reads a thousand digests. */
static const uint8_t hex_digits[256] = {
        ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
        ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
        ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool hash_from_hex(const char *text, size_t len, uint8_t ret_digest[HASH_SIZE])
{
        uint8_t digest[HASH_SIZE];

        if (len != HASH_HEX_SIZE - 1)
                return false;
        for (size_t i = 0; i < HASH_SIZE; i++) {
                unsigned int high = hex_digits[(unsigned char)text[2 * i]];
                unsigned int low =
                        high != 0 ? hex_digits[(unsigned char)text[2 * i + 1]] : 0; /* not behind a text's end */

                if (low == 0)
                        return false;
                digest[i] = (uint8_t)((high - 1) << 4 | (low - 1));
        }
        memcpy(ret_digest, digest, HASH_SIZE);
        return true;
}

bool hash_from_base64(const char *text, size_t len, uint8_t ret_digest[HASH_SIZE])
{
        uint8_t digest[HASH_SIZE];
        unsigned int bits = 0;
        unsigned int n_bits = 0;
        size_t n = 0;

        if (len != HASH_BASE64_SIZE - 1)
                return false;
        for (size_t i = 0; i < len; i++) {
                const char *digit = text[i] != '\0' ? strchr(base64_digits, text[i]) : NULL;

                if (digit == NULL)
                        return false;
                bits = (bits << 6 | (unsigned int)(digit - base64_digits)) & 0xffff;
                n_bits += 6;
                if (n_bits >= 8 && n < HASH_SIZE) {
                        digest[n++] = (uint8_t)(bits >> (n_bits - 8));
                        n_bits -= 8;
                }
        }
        /* 43 digits carry 258 bits: the last two must be zero, or two texts would mean one digest. */
        if ((bits & 3) != 0)
                return false;
        memcpy(ret_digest, digest, HASH_SIZE);
        return true;
}
