/* SPDX-License-Identifier: MIT */
#include "abi.h"

#include "error.h"

#include <errno.h>
#include <string.h>

/* Who did not set the size has a random number there. */
#define MAX_SIZE 65536U

static size_t size_of(const void *object)
{
        size_t size;

        memcpy(&size, object, sizeof(size));
        return size;
}

static size_t smaller(size_t a, size_t b)
{
        return a < b ? a : b;
}

int abi_take(void *to, size_t to_size, const void *from, size_t min_size, const char *what, struct pipseed_error *err)
{
        size_t from_size = size_of(from);
        const unsigned char *bytes = from;

        if (from_size < min_size || from_size > MAX_SIZE)
                return error_set(err, PIPSEED_E_USAGE, NULL, "the %s is not initialised: its size is not set", what);
        for (size_t i = to_size; i < from_size; i++)
                if (bytes[i] != 0)
                        return error_set(err, PIPSEED_E_USAGE, NULL,
                                         "the %s sets a member that this version of libpipseed (%s) does not have",
                                         what, PIPSEED_VERSION);
        memcpy(to, from, smaller(to_size, from_size));
        memcpy(to, &to_size, sizeof(to_size));
        return 0;
}

int abi_give(void *to, size_t min_size, const void *from, size_t from_size)
{
        size_t to_size = size_of(to);

        if (to_size < min_size)
                return -EINVAL;
        memset(to, 0, to_size);
        memcpy(to, from, smaller(to_size, from_size));
        memcpy(to, &to_size, sizeof(to_size));
        return 0;
}

void abi_init(void *to, size_t size)
{
        memset(to, 0, size);
        memcpy(to, &size, sizeof(size));
}
