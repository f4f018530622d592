/* SPDX-License-Identifier: MIT */
/*
 * installed.h - what is installed in a target: .dist-info and .egg-info on its search path (PEP 376,
 * importlib.metadata).
 */
#ifndef TARGET_INSTALLED_H
#define TARGET_INSTALLED_H

#include "target/target.h"

struct installed {
        const char *project;   /* normalised name */
        const char *version;   /* from METADATA, or the directory's name when METADATA has none */
        const char *location;  /* the search directory, unrooted */
        const char *dist_info; /* name of the directory (or egg-info file) in location */
        bool has_record;       /* dist-info with RECORD: can be removed */
        bool is_egg;           /* egg-info, egg-link or an editable install: known, but not removable by RECORD */
};

struct installed_list {
        struct arena arena;
        struct installed *items; /* in the order of the search path; the first of a project is the one Python uses */
        size_t n_items;
};

/* All installed distributions of one project in the target's search path and in the directories of the scheme that the
 * caller works with (within target->root). A directory that may not be looked into is passed over, as Python does it,
 * but not one of the scheme's: PIPSEED_E_SYS. Names that are being moved by pip ("~ip") do not count. ret_list must be
 * emptied with installed_list_done. */
int installed_find(const struct target *target, const struct target_scheme *scheme, const char *project,
                   struct installed_list *ret_list, struct pipseed_error *err);
void installed_list_done(struct installed_list *list);

#endif
