/* SPDX-License-Identifier: MIT */
/*
 * known.h - what a store says of the files that environments have from it: for those who check such files.
 */
#ifndef STORE_KNOWN_H
#define STORE_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

struct known_visitor {
        /* A source with this sha256 was compiled to bytecode with that one. */
        void (*bytecode)(void *data, const uint8_t *source, const uint8_t *bytecode);
        /* A file of the store. */
        void (*inode)(void *data, uint64_t device, uint64_t inode);
        void *data;
};

/* Visits the entries of a store (its v1 directory, absolute) whose wheel has this sha256, hex; NULL: all. What is
 * damaged, or in other hands than this user's (with is_system: root's), is left out. */
void known_visit(const char *store, bool is_system, const char *wheel, const struct known_visitor *visitor);

#endif
