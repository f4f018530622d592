/* SPDX-License-Identifier: MIT */
/*
 * layers.h - the layers of the policy outside of the program: the files in their order, and the environment.
 *
 *     struct layers layers = {0};
 *
 *     r = layers_read(options, &arena, &layers, err);
 *     for (size_t i = 0; i < layers.n; i++)
 *             layers.list[i].list ...            struct settings, see settings.h
 *
 * A file is believed only when nobody but root (system files), or root and the caller (the others), can have written
 * it. That is asked of the opened file, not of its name: links are followed, but what they lead to is what counts.
 */
#ifndef CONF_LAYERS_H
#define CONF_LAYERS_H

#include "pipseed_policy.h"
#include "settings.h"

#define LAYERS_FILE_LIMIT ((size_t)1 << 20)

struct layers {
        struct settings *list;
        size_t n;
        size_t capacity;
        const char **places; /* where files that nobody named were looked for */
        size_t n_places;
        size_t places_capacity;
};

/* PIPSEED_E_POLICY_SYNTAX, POLICY_UNTRUSTED, POLICY_UNREADABLE. Files that nobody named may be missing. */
int layers_read(const struct pipseed_policy_options *options, struct arena *arena, struct layers *ret_layers,
                struct pipseed_error *err);

/* The layer of the variables PIPSEED_SECTION_KEY (environment.c). PIPSEED_E_POLICY_SYNTAX: a variable of a section that
 * names no key. */
int layers_read_environment(struct arena *arena, struct settings *ret_settings, struct pipseed_error *err);

#endif
