/* SPDX-License-Identifier: MIT */
/* The interpreters of this machine, as far as PATH and the cache know them. */
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "store/store.h"
#include "target/lookup.h"
#include "target/facts_cache.h"
#include "wheel/implementation.h"

#include <stdio.h>
#include <string.h>

#define OLDEST_MINOR 6
#define NEWEST_MINOR 29

struct owned_pythons {
        struct pipseed_pythons pythons;
        struct arena arena;
        const char **paths;
        size_t n_paths;
        size_t capacity;
};

void pipseed_pythons_free(struct pipseed_pythons *pythons)
{
        struct owned_pythons *owned = (struct owned_pythons *)(void *)pythons;

        if (owned == NULL)
                return;
        arena_done(&owned->arena);
        free(owned);
}
DEFINE_CLEANUP(struct pipseed_pythons *, pipseed_pythons_free)

static int add(struct owned_pythons *owned, const char *path)
{
        const char *copy;

        for (size_t i = 0; i < owned->n_paths; i++)
                if (strcmp(owned->paths[i], path) == 0)
                        return 0;
        copy = arena_strdup(&owned->arena, path);
        if (copy == NULL ||
            arena_grow(&owned->arena, &owned->paths, owned->n_paths, &owned->capacity, sizeof(copy)) < 0)
                return -1;
        owned->paths[owned->n_paths++] = copy;
        return 0;
}

static int add_name(struct owned_pythons *owned, const char *name)
{
        int r = 1;

        for (size_t i = 0; r > 0; i++) {
                _cleanup_free_ char *path = NULL;

                r = lookup_path(name, NULL, i, &path);
                if (r > 0 && add(owned, path) < 0)
                        return -1;
        }
        return r;
}

static int add_names(struct owned_pythons *owned)
{
        const struct implementation *one;
        char name[32];
        int r = 0;

        for (size_t i = 0; r == 0 && (one = implementation_at(i)) != NULL; i++)
                for (size_t k = 0; r == 0 && one->commands[k] != NULL; k++)
                        r = add_name(owned, one->commands[k]);
        for (int minor = OLDEST_MINOR; r == 0 && minor <= NEWEST_MINOR; minor++) {
                (void)snprintf(name, sizeof(name), "python3.%d", minor);
                r = add_name(owned, name);
        }
        return r;
}

static int add_remembered(struct owned_pythons *owned, const char *cache_dir)
{
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;
        _cleanup_free_ char *cache = NULL;
        const char *const *paths = NULL;
        size_t n = 0;
        int r;

        if (store_find_dir(cache_dir, &cache, &ignored) < 0)
                return 0;
        r = facts_cache_list(&owned->arena, cache, &paths, &n);
        for (size_t i = 0; r == 0 && i < n; i++)
                if (access(paths[i], X_OK) == 0)
                        r = add(owned, paths[i]);
        return r;
}

int pipseed_pythons_find(const char *cache_dir, struct pipseed_pythons **ret_pythons, struct pipseed_error *err)
{
        struct owned_pythons *owned = calloc(1, sizeof(*owned));
        _cleanup_(pipseed_pythons_freep) struct pipseed_pythons *pythons = owned != NULL ? &owned->pythons : NULL;

        if (owned == NULL || add_names(owned) < 0 || add_remembered(owned, cache_dir) < 0)
                return error_memory(err);
        owned->pythons = (struct pipseed_pythons){.struct_size = sizeof(owned->pythons),
                                                  .paths = owned->paths,
                                                  .n_paths = owned->n_paths};
        *ret_pythons = steal_ptr(pythons);
        return 0;
}
