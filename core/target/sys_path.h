/* SPDX-License-Identifier: MIT */
/*
 * sys_path.h - the directories where an interpreter looks for installed packages, in the order of its sys.path, found
 * as site.py finds them: site directories that exist and, after each, the directories that its .pth files name. Lines
 * of .pth files that begin with "import" are code: they are not run, so what they would add is not seen.
 *
 *     struct sys_path search = {.arena = &arena, .root = root, .scheme = &scheme};
 *
 *     r = sys_path_add_site(&search, "/srv/app/lib/python3.13/site-packages");
 *     search.items, search.n_items
 */
#ifndef TARGET_SYS_PATH_H
#define TARGET_SYS_PATH_H

#include "base/arena.h"
#include "target/target.h"

#include <stddef.h>

struct sys_path {
        struct arena *arena;                /* holds the items */
        const char *root;                   /* where the directories are now, or NULL */
        const struct target_scheme *scheme; /* of its directories none is passed over because it may not be looked at */
        const char **items;
        size_t n_items;
        size_t capacity;
};

/* A site directory (absolute) with its .pth files; nothing happens when it does not exist. 0 or -errno. */
int sys_path_add_site(struct sys_path *search, const char *directory);

#endif
