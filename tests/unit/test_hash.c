/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/process.h"

#include <errno.h>
#include <string.h>

#define EMPTY_HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define EMPTY_BASE64 "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"

/* FIPS 180-4 examples; base64 by Python's base64.urlsafe_b64encode. */
static const struct {
        const char *text, *hex, *base64;
} vectors[] = {
        {"", EMPTY_HEX, EMPTY_BASE64},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
         "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
         "JI1qYdIGOLjlwCaTDD5gOaM85Flk_yFn9uzt1BnbBsE"},
};

static void hashes_and_spells(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
                uint8_t digest[HASH_SIZE], back[HASH_SIZE];
                char hex[HASH_HEX_SIZE], base64[HASH_BASE64_SIZE];

                hash_of(vectors[i].text, strlen(vectors[i].text), digest);
                hash_to_hex(digest, hex);
                hash_to_base64(digest, base64);
                assert_string_equal(hex, vectors[i].hex);
                assert_string_equal(base64, vectors[i].base64);
                assert_true(hash_from_hex(hex, strlen(hex), back));
                assert_memory_equal(back, digest, HASH_SIZE);
                memset(back, 0, sizeof(back));
                assert_true(hash_from_base64(base64, strlen(base64), back));
                assert_memory_equal(back, digest, HASH_SIZE);
        }
}

/* Every digest survives both spellings: each byte value at each place. */
static void spelling_round_trip(void **state)
{
        (void)state;
        for (unsigned int i = 0; i < 256 * HASH_SIZE; i++) {
                uint8_t digest[HASH_SIZE] = {0}, back[HASH_SIZE];
                char hex[HASH_HEX_SIZE], base64[HASH_BASE64_SIZE];

                memset(digest, (int)(i * 7 % 256), sizeof(digest));
                digest[i / 256] = (uint8_t)i;
                hash_to_hex(digest, hex);
                assert_true(hash_from_hex(hex, HASH_HEX_SIZE - 1, back));
                assert_memory_equal(back, digest, HASH_SIZE);
                hash_to_base64(digest, base64);
                assert_int_equal(strlen(base64), HASH_BASE64_SIZE - 1);
                assert_true(hash_from_base64(base64, HASH_BASE64_SIZE - 1, back));
                assert_memory_equal(back, digest, HASH_SIZE);
        }
}

static void hashes_in_pieces(void **state)
{
        static char data[100000];
        uint8_t whole[HASH_SIZE], pieces[HASH_SIZE], from_fd[HASH_SIZE];
        _cleanup_close_ int fd = -1;
        struct hash hash;

        (void)state;
        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (char)(i * i >> 3);
        hash_of(data, sizeof(data), whole);
        hash_init(&hash);
        for (size_t at = 0, step = 1; at < sizeof(data); at += step, step = step * 2 + 1) {
                if (step > sizeof(data) - at)
                        step = sizeof(data) - at;
                hash_update(&hash, data + at, step);
        }
        hash_final(&hash, pieces);
        assert_memory_equal(pieces, whole, HASH_SIZE);
        fd = process_file(data, sizeof(data));
        assert_int_equal(hash_of_fd(fd, from_fd), 0);
        assert_memory_equal(from_fd, whole, HASH_SIZE);
        /* What is left to read: nothing. */
        assert_int_equal(hash_of_fd(fd, from_fd), 0);
        assert_true(hash_from_hex(EMPTY_HEX, 64, whole));
        assert_memory_equal(from_fd, whole, HASH_SIZE);
        assert_int_equal(hash_of_fd(-1, from_fd), -EBADF);
        assert_memory_equal(from_fd, whole, HASH_SIZE);
}

static const struct {
        const char *text;
        size_t len;
        bool valid;
} hexes[] =
        {
                {EMPTY_HEX, 64, true},
                {"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", 64, true},
                {EMPTY_HEX, 63, false},
                {EMPTY_HEX, 0, false},
                {EMPTY_HEX "0", 65, false},
                {"g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 64, false},
                {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85 ", 64, false},
                {"e3b0c44298fc1c149afbf4c8996fb924:7ae41e4649b934ca495991b7852b855", 64, false},
                {"e3b0c44298fc1c149afbf4c8996fb924@7ae41e4649b934ca495991b7852b855", 64, false},
                {"e3b0c44298fc1c149afbf4c8996fb924`7ae41e4649b934ca495991b7852b855", 64, false},
                {"e3b0c44298fc1c149afbf4c8996fb924\0"
                 "7ae41e4649b934ca495991b7852b855",
                 64, false},
},
  base64s[] = {
          {EMPTY_BASE64, 43, true},
          {EMPTY_BASE64, 42, false},
          {EMPTY_BASE64 "=", 44, false},
          {"47DEQpj8HBSa+_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", 43, false},
          {"47DEQpj8HBSa-/TImW-5JCeuQeRkm5NMpJWZG3hSuFU", 43, false},
          {"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFV", 43, false}, /* bits beyond the digest */
          {"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFW", 43, false},
          {"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuF=", 43, false},
          {"47DEQpj8HBSa-_TImW-5JCeuQeRk\0"
           "5NMpJWZG3hSuFU",
           43, false},
};

static void refuses_other_spellings(void **state)
{
        uint8_t digest[HASH_SIZE], untouched[HASH_SIZE];

        (void)state;
        memset(untouched, 0x5a, sizeof(untouched));
        for (size_t i = 0; i < ARRAY_SIZE(hexes); i++) {
                memset(digest, 0x5a, sizeof(digest));
                if (hash_from_hex(hexes[i].text, hexes[i].len, digest) != hexes[i].valid)
                        fail_msg("hex row %zu", i);
                if (!hexes[i].valid)
                        assert_memory_equal(digest, untouched, HASH_SIZE);
        }
        for (size_t i = 0; i < ARRAY_SIZE(base64s); i++) {
                memset(digest, 0x5a, sizeof(digest));
                if (hash_from_base64(base64s[i].text, base64s[i].len, digest) != base64s[i].valid)
                        fail_msg("base64 row %zu", i);
                if (!base64s[i].valid)
                        assert_memory_equal(digest, untouched, HASH_SIZE);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(hashes_and_spells),
                cmocka_unit_test(spelling_round_trip),
                cmocka_unit_test(hashes_in_pieces),
                cmocka_unit_test(refuses_other_spellings),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
