/* SPDX-License-Identifier: MIT */
/*
 * result.h - building the public results. Everything a result points to lives in its own arena, in front of which the
 * public struct stands: pipseed_result_free needs nothing else.
 */
#ifndef PIPSEED_RESULT_H
#define PIPSEED_RESULT_H

#include "base/arena.h"
#include "pipseed.h"
#include "target/target.h"

struct result_builder {
        struct arena arena;
        struct pipseed_result result;
        const struct pipseed_package **packages;
        size_t n_packages, package_capacity;
        const char **scripts;
        size_t n_scripts, script_capacity;
        struct owned_result *reserved; /* what result_steal hands over */
};

int result_set_target(struct result_builder *builder, const struct target *target, const char *scripts_dir);
/* Copies the package and what it points to. */
int result_add_package(struct result_builder *builder, const struct pipseed_package *package);
int result_add_script(struct result_builder *builder, const char *name);
/* After this result_steal cannot fail. */
int result_reserve(struct result_builder *builder);
/* Hands the result over; the builder is empty afterwards. NULL: out of memory. */
struct pipseed_result *result_steal(struct result_builder *builder);
void result_builder_done(struct result_builder *builder);

#endif
