/* SPDX-License-Identifier: MIT */
/*
 * abi.h - structs that come from, or go to, a program that was compiled against another release (pipseed.h, "How
 * structs grow"):
 *
 *     struct pipseed_request copy;
 *
 *     pipseed_request_init(&copy);                                        the defaults of what the caller lacks
 *     r = abi_take(&copy, sizeof(copy), req, MIN_SIZE, "request", err);
 *
 * Such a struct begins with its size.
 */
#ifndef BASE_ABI_H
#define BASE_ABI_H

#include "pipseed.h"

#include <stddef.h>

/* Size of a struct that ends with this member, the last one of its first release. */
#define ABI_END(type, member) (offsetof(type, member) + sizeof(((type *)NULL)->member))

/* Copies a caller's struct over one of ours, never reading behind its end; the copy's size member is ours. what is its
 * name for messages. USAGE: it is smaller than any release's, or something is set in it that this library does not
 * know. */
int abi_take(void *to, size_t to_size, const void *from, size_t min_size, const char *what, struct pipseed_error *err);

/* The reverse: fills a struct of the caller, never writing behind its end, and zeroes what ours does not have. Its size
 * member stays. -EINVAL: it is smaller than any release's. */
int abi_give(void *to, size_t min_size, const void *from, size_t from_size);

/* Sets the members of a caller's struct to 0, but for its size. */
void abi_init(void *to, size_t size);

#endif
