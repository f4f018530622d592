/* SPDX-License-Identifier: MIT */
/*
 * marshal.h - are two code objects of CPython the same, as marshal (Python/marshal.c) writes them into .pyc files?
 * Their bytes may differ all the same: by co_filename, by which objects are written once and referred to afterwards
 * (that follows reference counts), by which strings are interned, and by the order of a frozenset (that follows
 * hashes).
 *
 * The bytes are only read: marshal.loads of a hostile file is not safe, and no object is ever made of them here.
 */
#ifndef STORE_MARSHAL_H
#define STORE_MARSHAL_H

#include <stddef.h>
#include <stdint.h>

/*
 * known comes from an interpreter that was asked just now, other from anybody. minor: of that CPython 3. 1 when they
 * are the same, 0 when not, also when `other` is not a code object at all; -ENOTSUP: the format of `known` is not
 * understood; -ENOMEM. Takes 24 bytes of memory for each byte of input at most.
 */
int marshal_same_code(int minor, const uint8_t *known, size_t known_len, const uint8_t *other, size_t other_len);

#endif
