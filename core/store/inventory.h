/* SPDX-License-Identifier: MIT */
/*
 * inventory.h - every entry of a store, for those who look after it rather than use it.
 */
#ifndef STORE_INVENTORY_H
#define STORE_INVENTORY_H

#include "base/arena.h"
#include "base/event.h"
#include "pipseed.h"
#include "store.h"

struct inventory {
        struct arena arena;
        struct pipseed_cache_entry *items; /* most recently used first */
        size_t n_items, capacity;
};

/* 0 or -errno, -ECANCELED as well. With check the files' contents are read; what is damaged loses its epoch (stamp.h),
 * so that whoever uses it next finds the damage as well, and shows as damaged from then on. */
int inventory_read(const struct store *store, bool check, struct progress *progress, struct inventory *ret_inventory);
void inventory_done(struct inventory *inventory);

/* Takes an entry out of the store unless somebody uses it. 1 removed, 0 in use, -errno. */
int inventory_remove(const struct store *store, const struct pipseed_cache_entry *entry);

#endif
