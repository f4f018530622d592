/* SPDX-License-Identifier: MIT */
/*
 * hash.h - sha256 (nettle) and the two spellings that Python packaging uses: lower-case hex (64 characters) and
 * url-safe base64 without padding (43 characters), the form of RECORD (PEP 376, PEP 427).
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_SIZE 32
#define HASH_HEX_SIZE 65    /* with the ending NUL */
#define HASH_BASE64_SIZE 44 /* with the ending NUL */

struct hash {
        struct sha256_ctx context;
};

void hash_init(struct hash *hash);
void hash_update(struct hash *hash, const void *data, size_t len);
void hash_final(struct hash *hash, uint8_t ret_digest[HASH_SIZE]);
void hash_of(const void *data, size_t len, uint8_t ret_digest[HASH_SIZE]);
/* Digest of what can still be read from fd. 0 or -errno. */
int hash_of_fd(int fd, uint8_t ret_digest[HASH_SIZE]);

void hash_to_hex(const uint8_t digest[HASH_SIZE], char ret_text[HASH_HEX_SIZE]);
void hash_to_base64(const uint8_t digest[HASH_SIZE], char ret_text[HASH_BASE64_SIZE]);
/* Exactly len characters of the one valid spelling; hex in either case. False on anything else. */
bool hash_from_hex(const char *text, size_t len, uint8_t ret_digest[HASH_SIZE]);
bool hash_from_base64(const char *text, size_t len, uint8_t ret_digest[HASH_SIZE]);

#endif
