/* SPDX-License-Identifier: MIT */
#include "install/verify/verified.h"

#include "base/str.h"
#include "store/known.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct key {
        uint64_t words[8];
};

struct slot {
        bool used;
        struct key key;
        struct verified_content content; /* of files */
};

/* Open addressing; never more than half full. */
struct table {
        struct slot *slots;
        size_t n, size;
};

struct kept_wheel {
        uint8_t sha256[HASH_SIZE];
        struct wheel *wheel;
};

struct pipseed_verify_cache {
        pthread_mutex_t lock; /* of all but what follows it */
        struct table files, bytecode, stored;
        struct kept_wheel *wheels;
        size_t n_wheels;
        pthread_mutex_t loading; /* who needs what is being loaded waits for it */
        char **loaded;
        size_t n_loaded;
};

static size_t place_of(const struct table *table, const struct key *key)
{
        uint64_t hash = 0;

        for (size_t i = 0; i < ARRAY_SIZE(key->words); i++)
                hash = (hash ^ key->words[i]) * 0x9e3779b97f4a7c15U;
        return (size_t)(hash >> 20) & (table->size - 1);
}

static struct slot *find(const struct table *table, const struct key *key)
{
        size_t i;

        if (table->size == 0)
                return NULL;
        for (i = place_of(table, key); table->slots[i].used; i = (i + 1) & (table->size - 1))
                if (memcmp(&table->slots[i].key, key, sizeof(*key)) == 0)
                        break;
        return &table->slots[i];
}

static bool grow(struct table *table)
{
        struct table larger = {.n = table->n, .size = table->size > 0 ? table->size * 2 : 1024};

        larger.slots = calloc(larger.size, sizeof(*larger.slots));
        if (larger.slots == NULL)
                return false;
        for (size_t i = 0; i < table->size; i++)
                if (table->slots[i].used)
                        *find(&larger, &table->slots[i].key) = table->slots[i];
        free(table->slots);
        *table = larger;
        return true;
}

static void put(struct pipseed_verify_cache *cache, struct table *table, const struct key *key,
                const struct verified_content *content)
{
        struct slot *slot;

        (void)pthread_mutex_lock(&cache->lock);
        if (table->n * 2 < table->size || grow(table)) {
                slot = find(table, key);
                table->n += !slot->used;
                *slot = (struct slot){.used = true, .key = *key};
                if (content != NULL)
                        slot->content = *content;
        }
        (void)pthread_mutex_unlock(&cache->lock);
}

static bool get(struct pipseed_verify_cache *cache, const struct table *table, const struct key *key,
                struct verified_content *ret_content)
{
        const struct slot *slot;
        bool found;

        (void)pthread_mutex_lock(&cache->lock);
        slot = find(table, key);
        found = slot != NULL && slot->used;
        if (found && ret_content != NULL)
                *ret_content = slot->content;
        (void)pthread_mutex_unlock(&cache->lock);
        return found;
}

static struct key file_key(const struct stat *st)
{
        return (struct key){{(uint64_t)st->st_dev, (uint64_t)st->st_ino, (uint64_t)st->st_size,
                             (uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec, (uint64_t)st->st_ctim.tv_sec,
                             (uint64_t)st->st_ctim.tv_nsec}};
}

bool verified_find(struct pipseed_verify_cache *cache, const struct stat *st, struct verified_content *ret_content)
{
        const struct key key = file_key(st);

        return get(cache, &cache->files, &key, ret_content);
}

void verified_add(struct pipseed_verify_cache *cache, const struct stat *st, const struct verified_content *content)
{
        const struct key key = file_key(st);

        put(cache, &cache->files, &key, content);
}

static struct key bytecode_key(const uint8_t *source, const uint8_t *bytecode)
{
        struct key key;

        memcpy(key.words, source, HASH_SIZE);
        memcpy((uint8_t *)key.words + HASH_SIZE, bytecode, HASH_SIZE);
        return key;
}

bool verified_has_bytecode(struct pipseed_verify_cache *cache, const uint8_t *source, const uint8_t *bytecode)
{
        const struct key key = bytecode_key(source, bytecode);

        return get(cache, &cache->bytecode, &key, NULL);
}

void verified_add_bytecode(struct pipseed_verify_cache *cache, const uint8_t *source, const uint8_t *bytecode)
{
        const struct key key = bytecode_key(source, bytecode);

        put(cache, &cache->bytecode, &key, NULL);
}

static struct key inode_key(uint64_t device, uint64_t inode)
{
        return (struct key){{device, inode}};
}

bool verified_is_stored(struct pipseed_verify_cache *cache, const struct stat *st)
{
        const struct key key = inode_key((uint64_t)st->st_dev, (uint64_t)st->st_ino);

        return get(cache, &cache->stored, &key, NULL);
}

static void take_bytecode(void *data, const uint8_t *source, const uint8_t *bytecode)
{
        verified_add_bytecode(data, source, bytecode);
}

static void take_inode(void *data, uint64_t device, uint64_t inode)
{
        struct pipseed_verify_cache *cache = data;
        const struct key key = inode_key(device, inode);

        put(cache, &cache->stored, &key, NULL);
}

static const struct wheel *find_wheel(const struct pipseed_verify_cache *cache, const uint8_t *sha256)
{
        for (size_t i = 0; i < cache->n_wheels; i++)
                if (memcmp(cache->wheels[i].sha256, sha256, HASH_SIZE) == 0)
                        return cache->wheels[i].wheel;
        return NULL;
}

const struct wheel *verified_find_wheel(struct pipseed_verify_cache *cache, const uint8_t *sha256)
{
        const struct wheel *wheel;

        (void)pthread_mutex_lock(&cache->lock);
        wheel = find_wheel(cache, sha256);
        (void)pthread_mutex_unlock(&cache->lock);
        return wheel;
}

const struct wheel *verified_keep_wheel(struct pipseed_verify_cache *cache, const uint8_t *sha256,
                                        struct wheel *wheel_taken)
{
        _cleanup_(wheel_freep) struct wheel *wheel = wheel_taken;
        const struct wheel *kept;

        (void)pthread_mutex_lock(&cache->lock);
        kept = find_wheel(cache, sha256);
        if (kept == NULL) {
                struct kept_wheel *larger = realloc(cache->wheels, (cache->n_wheels + 1) * sizeof(*larger));

                if (larger != NULL) {
                        cache->wheels = larger;
                        larger += cache->n_wheels++;
                        memcpy(larger->sha256, sha256, HASH_SIZE);
                        kept = larger->wheel = steal_ptr(wheel);
                }
        }
        (void)pthread_mutex_unlock(&cache->lock);
        return kept;
}

/* Whether it is new; remembered from now on. */
static bool begin_loading(struct pipseed_verify_cache *cache, const char *store, const char *wheel)
{
        _cleanup_free_ char *name = str_format("%s/%s", store, wheel != NULL ? wheel : "");
        char **larger;

        if (name == NULL)
                return false;
        for (size_t i = 0; i < cache->n_loaded; i++)
                if (strcmp(cache->loaded[i], name) == 0)
                        return false;
        larger = realloc(cache->loaded, (cache->n_loaded + 1) * sizeof(*larger));
        if (larger == NULL)
                return false;
        cache->loaded = larger;
        cache->loaded[cache->n_loaded++] = steal_ptr(name);
        return true;
}

void verified_load(struct pipseed_verify_cache *cache, const char *store, bool is_system, const char *wheel)
{
        const struct known_visitor visitor = {.bytecode = take_bytecode, .inode = take_inode, .data = cache};

        (void)pthread_mutex_lock(&cache->loading);
        if (begin_loading(cache, store, wheel))
                known_visit(store, is_system, wheel, &visitor);
        (void)pthread_mutex_unlock(&cache->loading);
}

struct pipseed_verify_cache *pipseed_verify_cache_new(void)
{
        struct pipseed_verify_cache *cache = calloc(1, sizeof(*cache));

        if (cache == NULL)
                return NULL;
        (void)pthread_mutex_init(&cache->lock, NULL);
        (void)pthread_mutex_init(&cache->loading, NULL);
        return cache;
}

void pipseed_verify_cache_free(struct pipseed_verify_cache *cache)
{
        if (cache == NULL)
                return;
        for (size_t i = 0; i < cache->n_loaded; i++)
                free(cache->loaded[i]);
        free(cache->loaded);
        for (size_t i = 0; i < cache->n_wheels; i++)
                wheel_free(cache->wheels[i].wheel);
        free(cache->wheels);
        free(cache->files.slots);
        free(cache->bytecode.slots);
        free(cache->stored.slots);
        (void)pthread_mutex_destroy(&cache->lock);
        (void)pthread_mutex_destroy(&cache->loading);
        free(cache);
}
