/* SPDX-License-Identifier: MIT */
/*
 * make.h - making an entry of the store, or the bytecode that one lacks, in a temporary directory that is then renamed.
 * For entry.c alone, under the store's lock.
 */
#ifndef STORE_MAKE_H
#define STORE_MAKE_H

#include "entry.h"

/* Names of the directories that a query is about, in new memory; NULL: out of memory. */
char *make_entry_name(const struct entry_query *query);
char *make_bytecode_name(const struct entry_query *query);
bool make_wants_bytecode(const struct entry_query *query);

/* Makes the whole entry, or the bytecode of one that is there. Another process may be faster: its result is as good. */
int make_missing(const struct store *store, const struct entry_query *query, const struct entry *existing,
                 struct pipseed_error *err);

#endif
