/* SPDX-License-Identifier: MIT */
#include "result.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct owned_result {
        struct pipseed_result result;
        struct arena arena;
};

const char *pipseed_action_name(enum pipseed_action action)
{
        static const char *const names[] = {
                [PIPSEED_ACTION_NONE] = "none",
                [PIPSEED_ACTION_INSTALLED] = "installed",
                [PIPSEED_ACTION_UPGRADED] = "upgraded",
                [PIPSEED_ACTION_REMOVED] = "removed",
        };

        return (size_t)action < sizeof(names) / sizeof(names[0]) ? names[action] : NULL;
}

/* Copies a text into the arena; NULL stays NULL. False: out of memory. */
static bool copy(struct result_builder *builder, const char **text)
{
        if (*text == NULL)
                return true;
        *text = arena_strdup(&builder->arena, *text);
        return *text != NULL;
}

int result_set_target(struct result_builder *builder, const struct target *target, const char *scripts_dir)
{
        struct pipseed_result *result = &builder->result;

        result->env = target->prefix;
        result->python = target->exe;
        result->version = target->version;
        result->scripts_dir = scripts_dir;
        result->is_venv = target->is_venv;
        return copy(builder, &result->env) && copy(builder, &result->python) && copy(builder, &result->version) &&
                               copy(builder, &result->scripts_dir)
                       ? 0
                       : -1;
}

int result_add_package(struct result_builder *builder, const struct pipseed_package *package)
{
        struct pipseed_package p = *package;
        struct pipseed_package *kept;

        if (!copy(builder, &p.name) || !copy(builder, &p.version) || !copy(builder, &p.previous_version) ||
            !copy(builder, &p.location) || !copy(builder, &p.wheel) || !copy(builder, &p.sha256) ||
            !copy(builder, &p.source) ||
            arena_grow(&builder->arena, &builder->packages, builder->n_packages, &builder->package_capacity,
                       sizeof(*builder->packages)) < 0)
                return -1;
        kept = arena_alloc(&builder->arena, sizeof(*kept));
        if (kept == NULL)
                return -1;
        *kept = p;
        kept->struct_size = sizeof(*kept);
        builder->packages[builder->n_packages++] = kept;
        return 0;
}

int result_add_script(struct result_builder *builder, const char *name)
{
        if (arena_grow(&builder->arena, &builder->scripts, builder->n_scripts, &builder->script_capacity,
                       sizeof(*builder->scripts)) < 0 ||
            !copy(builder, &name))
                return -1;
        builder->scripts[builder->n_scripts++] = name;
        return 0;
}

int result_reserve(struct result_builder *builder)
{
        if (builder->reserved == NULL)
                builder->reserved = calloc(1, sizeof(*builder->reserved));
        return builder->reserved != NULL ? 0 : -1;
}

struct pipseed_result *result_steal(struct result_builder *builder)
{
        struct owned_result *owned = result_reserve(builder) == 0 ? builder->reserved : NULL;

        if (owned == NULL)
                return NULL;
        builder->result.struct_size = sizeof(builder->result);
        builder->result.packages = builder->packages;
        builder->result.n_packages = builder->n_packages;
        builder->result.scripts = builder->scripts;
        builder->result.n_scripts = builder->n_scripts;
        owned->result = builder->result;
        owned->arena = builder->arena;
        *builder = (struct result_builder){0};
        return &owned->result;
}

void result_builder_done(struct result_builder *builder)
{
        arena_done(&builder->arena);
        free(builder->reserved);
        *builder = (struct result_builder){0};
}

void pipseed_result_free(struct pipseed_result *res)
{
        struct owned_result *owned = (struct owned_result *)res;

        if (owned == NULL)
                return;
        arena_done(&owned->arena);
        free(owned);
}
