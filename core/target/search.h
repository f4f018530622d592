/* SPDX-License-Identifier: MIT */
/*
 * search.h - the folders where an interpreter looks for installed packages, in the order of its sys.path, found as
 * site.py finds them: site folders that exist and, after each, the folders that its .pth files name. Lines of .pth
 * files that begin with "import" are code: they are not run, so what they would add is not seen.
 *
 *     struct search search = {.arena = &arena, .root = root, .scheme = &scheme};
 *
 *     r = search_add_site(&search, "/srv/app/lib/python3.13/site-packages");
 *     search.items, search.n_items
 */
#ifndef TARGET_SEARCH_H
#define TARGET_SEARCH_H

#include "base/arena.h"
#include "target/target.h"

#include <stddef.h>

struct search {
        struct arena *arena; /* holds the items */
        const char *root;    /* where the folders are now, or NULL */
        const struct target_scheme *scheme; /* of its folders none is passed over because it may not be looked at */
        const char **items;
        size_t n_items;
        size_t capacity;
};

/* A site folder (absolute) with its .pth files; nothing happens when it does not exist. 0 or -errno. */
int search_add_site(struct search *search, const char *folder);

#endif
