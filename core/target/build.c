/* SPDX-License-Identifier: MIT */
#include "target/build.h"

#include "base/error.h"
#include "base/file.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"
#include "target/probe.h"
#include "target/rooted.h"
#include "target/scheme.h"
#include "target/sys_path.h"

#include <errno.h>
#include <string.h>

/* The name in LIB (lib, lib64) of a directory of another version than the base's that has site-packages: 1 and new memory, 0
 * or -errno. */
static int other_version(const char *image, const char *lib, char **ret_name)
{
        _cleanup_free_ char *host = NULL;
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r = rooted_resolve(image, lib, &host);

        if (r < 0)
                return r;
        r = dir_iter_open(&names, file_open_dir(host));
        if (r == -ENOENT || r == -ENOTDIR)
                return 0;
        while (r == 0 && (name = dir_iter_next(&names)) != NULL) {
                _cleanup_free_ char *site = NULL;

                if (implementation_of_file(name) == NULL)
                        continue;
                site = str_format("%s/%s/site-packages", lib, name);
                r = site != NULL ? rooted_find(image, site, S_IFDIR) : -ENOMEM;
                if (r > 0) {
                        *ret_name = strdup(name);
                        r = *ret_name != NULL ? 1 : -ENOMEM;
                }
        }
        return r != 0 ? r : names.error;
}

/* An environment that its base's upgrade left behind: what is installed there is not seen any more. */
static int check_version(const struct target *target, const struct pyvenv *env, const char *image,
                         struct pipseed_error *err)
{
        _cleanup_free_ char *lib = path_join(env->prefix, "lib");
        _cleanup_free_ char *other = NULL;

        int r;

        if (lib == NULL)
                return error_memory(err);
        r = rooted_find(image, target->scheme.dirs[PLAN_LIB], S_IFDIR);
        if (r > 0)
                return 0;
        if (r == 0)
                r = other_version(image, lib, &other);
        if (r <= 0)
                return r < 0 ? error_sys(err, r, lib, "cannot look for site-packages in %s", lib) : 0;
        (void)error_set(err, PIPSEED_E_BAD_TARGET, env->prefix,
                        "the environment %s was made for %s, but its interpreter is Python %s now", env->prefix, other,
                        target->version);
        return error_hint(err, "bring it up to date (python3 -m venv --upgrade %s) or recreate it",
                          SHELL_WORD(env->prefix));
}

static int set_facts(struct target *target, const struct facts *facts)
{
        target->major = facts->major;
        target->minor = facts->minor;
        target->micro = facts->micro;
        target->version = arena_format(&target->arena, "%d.%d.%d", facts->major, facts->minor, facts->micro);
        target->implementation = facts->implementation;
        target->cache_tag = facts->cache_tag;
        memcpy(target->magic, facts->magic, sizeof(target->magic));
        target->stdlib = facts->stdlib;
        target->base_prefix = facts->prefix;
        target->was_probed = target->was_probed || facts->was_probed;
        target->tags = (struct tag_facts){
                .implementation = facts->implementation->name,
                .major = facts->major,
                .minor = facts->minor,
                .impl_major = facts->impl_major,
                .impl_minor = facts->impl_minor,
                .free_threaded = facts->free_threaded,
                .platform = facts->platform,
                .libc = facts->libc,
                .libc_major = facts->libc_major,
                .libc_minor = facts->libc_minor,
        };
        return target->version != NULL ? 0 : -ENOMEM;
}

static int set_schemes(struct target *target, const struct facts *facts, const struct pyvenv *env,
                       const char *user_base)
{
        int r = 0;

        if (env == NULL)
                target->scheme = facts->scheme;
        else
                r = scheme_fill(&target->arena, &facts->venv_scheme, PROBE_PREFIX, env->prefix, &target->scheme);
        if (r < 0)
                return r;
        return scheme_fill(&target->arena, &facts->user_scheme, PROBE_USER, user_base, &target->user_scheme);
}

static int add_sites(struct sys_path *search, const struct facts_paths *paths, const char *from, const char *to)
{
        for (size_t i = 0; i < paths->n_items; i++) {
                const char *directory = scheme_replace(search->arena, paths->items[i], from, to);
                int r = directory != NULL ? sys_path_add_site(search, directory) : -ENOMEM;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* In the order of site.main(): the environment's own, the user's, the base's. */
static int set_search(struct target *target, const struct facts *facts, const struct pyvenv *env, const char *user_base)
{
        /* With root "/", what is installed is where it is without. */
        bool moved = target->root != NULL && strcmp(target->root, "/") != 0;
        struct sys_path search = {.arena = &target->arena,
                                  .root = moved ? target->root : NULL,
                                  .scheme = &target->scheme};
        const char *user_site = scheme_replace(&target->arena, facts->user_site, PROBE_USER, user_base);
        int r = 0;

        if (user_site == NULL)
                return -ENOMEM;
        if (env != NULL)
                r = add_sites(&search, &facts->venv_site, PROBE_PREFIX, env->prefix);
        if (r == 0 && target->user_site_enabled)
                r = sys_path_add_site(&search, user_site);
        if (r == 0 && target->system_site)
                r = add_sites(&search, env != NULL ? &facts->base_site : &facts->site, PROBE_PREFIX, facts->prefix);
        target->search = search.items;
        target->n_search = search.n_items;
        return r;
}

/* starts_empty: nothing can be installed there, and nothing is looked at. */
static int fill(struct target *target, const struct facts *facts, const struct pyvenv *env, const char *exe,
                const char *image, bool starts_empty, struct pipseed_error *err)
{
        const char *user_base = scheme_user_base(&target->arena);
        int r;

        target->exe = arena_strdup(&target->arena, exe);
        if (target->exe == NULL || user_base == NULL || set_facts(target, facts) < 0)
                return error_memory(err);
        target->in_image = image != NULL;
        target->run_exe = image == NULL && !facts->is_unrun ? target->base_exe : NULL;
        target->prefix = env != NULL ? env->prefix : facts->prefix;
        target->is_venv = env != NULL;
        target->system_site = env == NULL || env->system_site;
        target->user_site_enabled = target->system_site && scheme_user_site_allowed();
        if (set_schemes(target, facts, env, user_base) < 0)
                return error_memory(err);
        r = starts_empty ? 0 : set_search(target, facts, env, user_base);
        return r < 0 ? error_sys(err, r, r == -EACCES ? target->scheme.dirs[PLAN_LIB] : target->prefix,
                                 "cannot tell where this Python looks for packages")
                     : 0;
}

int build_target(struct target *target, const struct facts *facts, const struct pyvenv *env, const char *exe,
                 const char *image, struct pipseed_error *err)
{
        int r = fill(target, facts, env, exe, image, false, err);

        return r == 0 && env != NULL ? check_version(target, env, image, err) : r;
}

int build_planned(const struct planned_env *planned, struct target **ret_target, struct pipseed_error *err)
{
        _cleanup_(target_freep) struct target *target = calloc(1, sizeof(*target));
        const struct pyvenv env = {.kind = PYVENV_CFG, .prefix = planned->dir};
        int r;

        if (target == NULL)
                return error_memory(err);
        target->base_exe = arena_strdup(&target->arena, planned->base);
        r = target->base_exe != NULL
                    ? fill(target, planned->facts, &env, planned->exe, NULL, planned->starts_empty, err)
                    : error_memory(err);
        if (r < 0)
                return r;
        *ret_target = steal_ptr(target);
        return 0;
}
