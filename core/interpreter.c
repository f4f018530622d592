/* SPDX-License-Identifier: MIT */
/* Which interpreter a name stands for. */
#include "base/error.h"
#include "job.h"
#include "store/store.h"
#include "target/facts.h"
#include "target/target.h"

#include <stdlib.h>

struct owned_interpreter {
        struct pipseed_interpreter interpreter; /* first: what the caller holds */
        struct target *target;                  /* owns the texts */
};

void pipseed_interpreter_free(struct pipseed_interpreter *interpreter)
{
        struct owned_interpreter *owned = (struct owned_interpreter *)(void *)interpreter;

        if (owned == NULL)
                return;
        target_free(owned->target);
        free(owned);
}
DEFINE_CLEANUP(struct pipseed_interpreter *, pipseed_interpreter_free)

static int fill(struct owned_interpreter *owned, const struct pipseed_request *req, struct pipseed_error *err)
{
        struct pipseed_interpreter *interpreter = &owned->interpreter;
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;
        _cleanup_free_ char *cache = NULL;
        struct target_query query = {.env = req->env,
                                     .python = req->python,
                                     .root = req->root,
                                     .base_only = true,
                                     .trust = req->trust,
                                     .n_trust = req->n_trust,
                                     .event = req->event,
                                     .event_data = req->event_data};
        const struct facts *facts;
        int r;

        if (store_find_dir(req->cache_dir, &cache, &ignored) == 0)
                query.cache_dir = cache;
        r = target_find(&query, &owned->target, err);
        if (r < 0)
                return r;
        facts = owned->target->facts;
        interpreter->struct_size = sizeof(*interpreter);
        interpreter->python = owned->target->exe;
        interpreter->base = owned->target->base_exe;
        interpreter->implementation = facts->implementation->name;
        interpreter->is_venv = owned->target->is_venv;
        interpreter->version =
                arena_format(&owned->target->arena, "%d.%d.%d", facts->major, facts->minor, facts->micro);
        return interpreter->version != NULL ? 0 : error_memory(err);
}

int pipseed_interpreter_find(const struct pipseed_request *req, struct pipseed_interpreter **ret_interpreter,
                             struct pipseed_error *err)
{
        struct owned_interpreter *owned = calloc(1, sizeof(*owned));
        _cleanup_(pipseed_interpreter_freep) struct pipseed_interpreter *interpreter =
                owned != NULL ? &owned->interpreter : NULL;
        struct pipseed_request copy;
        int r;

        if (owned == NULL)
                return error_memory(err);
        r = job_copy_request(req, &copy, err);
        if (r == 0)
                r = fill(owned, &copy, err);
        if (r < 0)
                return r;
        *ret_interpreter = steal_ptr(interpreter);
        return 0;
}
