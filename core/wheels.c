/* SPDX-License-Identifier: MIT */
/* What could be installed: the bundle and the directories of a request, as a list. */
#include "base/error.h"
#include "base/event.h"
#include "base/hash.h"
#include "job.h"
#include "pipseed.h"
#include "wheel/catalog.h"
#include "wheel/wheel.h"

#include <string.h>

struct owned_list {
        struct pipseed_wheel_list list;
        struct arena arena;
};

void pipseed_wheel_list_free(struct pipseed_wheel_list *list)
{
        struct owned_list *owned = (struct owned_list *)list;

        if (owned == NULL)
                return;
        arena_done(&owned->arena);
        free(owned);
}

static void free_ownedp(struct owned_list **owned)
{
        if (*owned != NULL)
                pipseed_wheel_list_free(&(*owned)->list);
}

/* What is wrong with this wheel, if anything: err is filled then. */
static int examine(const struct pipseed_request *req, struct catalog_wheel *wheel, bool check,
                   struct pipseed_error *err)
{
        _cleanup_(wheel_freep) struct wheel *loaded = NULL;
        uint8_t digest[HASH_SIZE];
        const void *bytes = NULL;
        size_t len = 0;
        int r = catalog_read(wheel, &bytes, &len, err);

        if (r == 0)
                r = catalog_admit(req, wheel, err);
        if (r < 0 || !check)
                return r;
        hash_of(bytes, len, digest);
        if (memcmp(digest, wheel->sha256, HASH_SIZE) != 0)
                return error_set(err, PIPSEED_E_WHEEL_HASH, wheel->path,
                                 "the wheel's content does not match its sha256");
        return wheel_load(wheel->filename, bytes, len, wheel->path, &loaded, err);
}

static int describe(struct arena *arena, const struct catalog_wheel *wheel, const struct pipseed_error *problem,
                    struct pipseed_wheel *ret)
{
        char hex[HASH_HEX_SIZE];

        hash_to_hex(wheel->sha256, hex);
        *ret = (struct pipseed_wheel){
                .struct_size = sizeof(*ret),
                .filename = arena_strdup(arena, wheel->filename),
                .name = arena_strdup(arena, wheel->name.project),
                .version = arena_strdup(arena, wheel->name.version),
                .sha256 = arena_strdup(arena, wheel->is_read ? hex : ""),
                .requires_python = wheel->requires_python != NULL ? arena_strdup(arena, wheel->requires_python) : NULL,
                .source = arena_strdup(arena, wheel->source),
                .size = wheel->len,
                .status = problem->code,
                .problem = problem->code != 0 ? arena_strdup(arena, problem->message) : NULL,
        };
        return ret->filename == NULL || ret->name == NULL || ret->version == NULL || ret->sha256 == NULL ||
                               ret->source == NULL
                       ? -1
                       : 0;
}

int pipseed_wheels(const struct pipseed_request *req, bool check, struct pipseed_wheel_list **ret_list,
                   struct pipseed_error *err)
{
        struct pipseed_request copy;
        _cleanup_(free_ownedp) struct owned_list *owned = calloc(1, sizeof(*owned));
        _cleanup_(catalog_done) struct catalog catalog = {0};
        struct pipseed_wheel *wheels;
        struct progress progress;
        int r;

        if (owned == NULL)
                return error_memory(err);
        r = job_copy_request(req, &copy, err);
        if (r == 0)
                r = catalog_open(&copy, &catalog, err);
        if (r < 0)
                return r;
        wheels = arena_calloc(&owned->arena, catalog.n_wheels + 1, sizeof(*wheels));
        if (wheels == NULL)
                return error_memory(err);
        progress_init(&progress, copy.event, copy.event_data, "wheels verified", catalog.n_wheels);
        for (size_t i = 0; i < catalog.n_wheels; i++) {
                struct pipseed_error problem = PIPSEED_ERROR_INIT;

                if (progress_step(&progress, i) < 0)
                        return error_cancelled(err);
                r = examine(&copy, &catalog.wheels[i], check, &problem);
                if (r == PIPSEED_E_NO_MEMORY || describe(&owned->arena, &catalog.wheels[i], &problem, &wheels[i]) < 0)
                        return error_memory(err);
                catalog_forget(&catalog.wheels[i]);
        }
        owned->list = (struct pipseed_wheel_list){.struct_size = sizeof(owned->list), .n_wheels = catalog.n_wheels};
        owned->list.wheels = arena_pointers(&owned->arena, wheels, catalog.n_wheels, sizeof(*wheels));
        if (owned->list.wheels == NULL)
                return error_memory(err);
        *ret_list = &steal_ptr(owned)->list;
        return 0;
}
