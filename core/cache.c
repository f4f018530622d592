/* SPDX-License-Identifier: MIT */
/* Looking after the store: what is in it, filling it ahead of time, taking out what nobody used. */
#include "base/error.h"
#include "base/str.h"
#include "job.h"
#include "prepare.h"
#include "store/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct owned_cache {
        struct pipseed_cache cache;
        struct inventory inventory;
};

void pipseed_cache_free(struct pipseed_cache *cache)
{
        struct owned_cache *owned = (struct owned_cache *)cache;

        if (owned == NULL)
                return;
        inventory_done(&owned->inventory);
        free(owned);
}

static void free_ownedp(struct owned_cache **owned)
{
        if (*owned != NULL)
                pipseed_cache_free(&(*owned)->cache);
}

/* ret_req: a copy of the request. */
static int open_store(const struct pipseed_request *req, struct pipseed_request *ret_req, struct store **ret_store,
                      struct pipseed_error *err)
{
        _cleanup_free_ char *directory = NULL;
        int r = job_copy_request(req, ret_req, err);

        if (r == 0)
                r = store_find_dir(ret_req->cache_dir, &directory, err);
        return r < 0 ? r : store_open(AT_FDCWD, directory, directory, STORE_OWN, ret_store, err);
}

/* Fills in the totals and hands over. */
static int finish(struct owned_cache **owned_taken, const struct store *store, struct pipseed_cache **ret_cache,
                  struct pipseed_error *err)
{
        _cleanup_(free_ownedp) struct owned_cache *owned = steal_ptr(*owned_taken);
        struct pipseed_cache *cache = &owned->cache;

        cache->struct_size = sizeof(*cache);
        cache->path = arena_strdup(&owned->inventory.arena, store->path);
        cache->entries = arena_pointers(&owned->inventory.arena, owned->inventory.items, owned->inventory.n_items,
                                        sizeof(*owned->inventory.items));
        if (cache->path == NULL || cache->entries == NULL)
                return error_memory(err);
        cache->n_entries = owned->inventory.n_items;
        for (size_t i = 0; i < cache->n_entries; i++)
                cache->bytes += cache->entries[i]->bytes;
        *ret_cache = &steal_ptr(owned)->cache;
        return 0;
}

static int read_store(const struct store *store, const struct pipseed_request *req, bool check,
                      struct owned_cache **ret_owned, struct pipseed_error *err)
{
        _cleanup_(free_ownedp) struct owned_cache *owned = calloc(1, sizeof(*owned));
        struct progress progress;
        int r;

        if (owned == NULL)
                return error_memory(err);
        progress_init(&progress, req->event, req->event_data, "files verified", 0);
        r = inventory_read(store, check, &progress, &owned->inventory);
        if (r < 0)
                return error_sys(err, r, store->path, "cannot read the store");
        *ret_owned = steal_ptr(owned);
        return 0;
}

int pipseed_cache_list(const struct pipseed_request *req, bool check, struct pipseed_cache **ret_cache,
                       struct pipseed_error *err)
{
        _cleanup_(store_freep) struct store *store = NULL;
        _cleanup_(free_ownedp) struct owned_cache *owned = NULL;
        _cleanup_close_ int lock_fd = -1;
        struct pipseed_request copy;
        int r = open_store(req, &copy, &store, err);

        if (r < 0)
                return r;
        /* Between the reading of a manifest and of its files nobody may renew one of them. */
        if (check)
                lock_fd = store_lock(store, copy.event, copy.event_data);
        if (lock_fd == -ECANCELED)
                return error_cancelled(err);
        r = read_store(store, &copy, check, &owned, err);
        return r < 0 ? r : finish(&owned, store, ret_cache, err);
}

static void count_files(struct pipseed_cache_entry *item, const struct manifest *manifest)
{
        item->n_files += manifest->info.n_files;
        for (size_t i = 0; i < manifest->info.n_files; i++)
                item->bytes += manifest->info.files[i].size;
}

/* What the user's own store does not list: an entry of the system store, or one that a dry run would make. */
static int describe(struct arena *arena, const struct job_package *package, const char *hex,
                    struct pipseed_cache_entry *ret_item, struct pipseed_error *err)
{
        const struct entry *entry = package->entry;
        struct pipseed_cache_entry item = {.struct_size = sizeof(item),
                                           .wheel = arena_strdup(arena, package->wheel->filename),
                                           .sha256 = arena_strdup(arena, hex)};

        if (item.wheel == NULL || item.sha256 == NULL)
                return error_memory(err);
        if (entry != NULL) {
                item.path = arena_format(arena, "%s/wheels/%s", entry->store->path, entry->name);
                item.n_bytecode_sets = entry->pyc_fd >= 0;
                if (item.path == NULL)
                        return error_memory(err);
                count_files(&item, &entry->files);
                count_files(&item, &entry->pyc);
        }
        *ret_item = item;
        return 0;
}

static int keep_chosen(const struct job *job, struct inventory *inventory, struct pipseed_error *err)
{
        struct pipseed_cache_entry *kept =
                arena_calloc(&inventory->arena, inventory->n_items + job->n_packages, sizeof(*kept));
        size_t n_kept = 0;

        if (kept == NULL)
                return error_memory(err);
        for (size_t k = 0; k < job->n_packages; k++) {
                const size_t before = n_kept;
                char hex[HASH_HEX_SIZE];
                int r = 0;

                hash_to_hex(job->packages[k].wheel->sha256, hex);
                for (size_t i = 0; i < inventory->n_items; i++)
                        if (strcmp(inventory->items[i].sha256, hex) == 0)
                                kept[n_kept++] = inventory->items[i];
                if (n_kept == before)
                        r = describe(&inventory->arena, &job->packages[k], hex, &kept[n_kept++], err);
                if (r < 0)
                        return r;
        }
        inventory->items = kept;
        inventory->n_items = n_kept;
        return 0;
}

int pipseed_cache_warm(const struct pipseed_request *req, struct pipseed_cache **ret_cache, struct pipseed_error *err)
{
        _cleanup_(store_freep) struct store *store = NULL;
        _cleanup_(free_ownedp) struct owned_cache *owned = NULL;
        _cleanup_(job_freep) struct job *job = NULL;
        struct pipseed_request copy;
        int r = open_store(req, &copy, &store, err);

        if (r == 0)
                r = job_begin(req, &job, err);
        if (r == 0)
                r = prepare_choose_all(job, err);
        if (r == 0 && !job->req.dry_run)
                r = prepare_stores(job, NULL, err);
        for (size_t i = 0; r == 0 && !job->req.dry_run && i < job->n_packages; i++)
                r = prepare_entry(job, &job->packages[i], err);
        if (r == 0)
                r = read_store(store, &copy, false, &owned, err);
        if (r == 0)
                r = keep_chosen(job, &owned->inventory, err);
        return r < 0 ? r : finish(&owned, store, ret_cache, err);
}

/* Damaged entries always go; then the old ones; then, least recently used first, what exceeds the size. The inventory has
 * the most recently used first: what fits from the front stays. */
static bool has_to_go(const struct pipseed_cache_entry *entry, int64_t now, uint64_t max_age, uint64_t max_bytes,
                      uint64_t *bytes_kept)
{
        uint64_t age = now > entry->last_used ? (uint64_t)(now - entry->last_used) : 0;

        if (entry->status != 0 || max_age == 0 || age > max_age || entry->bytes > max_bytes ||
            *bytes_kept > max_bytes - entry->bytes)
                return true;
        *bytes_kept += entry->bytes;
        return false;
}

int pipseed_cache_prune(const struct pipseed_request *req, uint64_t max_age, uint64_t max_bytes,
                        struct pipseed_cache **ret_cache, struct pipseed_error *err)
{
        _cleanup_(store_freep) struct store *store = NULL;
        _cleanup_(free_ownedp) struct owned_cache *owned = NULL;
        _cleanup_close_ int lock_fd = -1;
        uint64_t bytes_kept = 0;
        int64_t now = time(NULL);
        size_t removed = 0;
        struct pipseed_request copy;
        int r = open_store(req, &copy, &store, err);

        if (r < 0)
                return r;
        lock_fd = store_lock(store, copy.event, copy.event_data);
        if (lock_fd == -ECANCELED)
                return error_cancelled(err);
        if (lock_fd >= 0 && !copy.dry_run)
                store_sweep(store);
        r = read_store(store, &copy, false, &owned, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < owned->inventory.n_items; i++) {
                struct pipseed_cache_entry *item = &owned->inventory.items[i];

                if (item->in_use || !has_to_go(item, now, max_age, max_bytes, &bytes_kept))
                        continue;
                r = copy.dry_run ? 1 : inventory_remove(store, item);
                if (r < 0)
                        return error_sys(err, r, item->path, "cannot remove an entry of the store");
                if (r == 1)
                        owned->inventory.items[removed++] = *item;
        }
        owned->inventory.n_items = removed;
        return finish(&owned, store, ret_cache, err);
}
