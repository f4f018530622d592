/* SPDX-License-Identifier: MIT */
#include "cure.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "base/path.h"
#include "base/str.h"
#include "job.h"
#include "scripts.h"
#include "target/rooted.h"
#include "wheel/implementation.h"
#include "venv/mend.h"
#include "venv/spot.h"
#include "venv.h"
#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_CONFIG ((size_t)1 << 20)

static struct pipseed_request request_for(const struct look *look)
{
        struct pipseed_request req = *look->req;

        req.env = req.python == NULL ? look->env : NULL;
        return req;
}

static int seed(const struct pipseed_request *req, struct pipseed_error *err)
{
        struct pipseed_result *result = NULL;
        int r = pipseed_seed(req, &result, err);

        pipseed_result_free(result);
        return r;
}

/* The environment is ours while pip comes: mend holds its lock. */
static int cure_leftovers(struct look *look, struct pipseed_error *err)
{
        _cleanup_(mend_done) struct mend mend = MEND_INIT;
        struct pipseed_request req = request_for(look);
        int r;

        mend.thorough = true;
        mend.durable = req.durable;
        mend.event = req.event;
        mend.event_data = req.event_data;
        r = mend_before(&mend, look->env, err);
        if (r == 0 && mend.unfinished && mend.wants_pip) {
                req.scripts = PIPSEED_SCRIPTS_DEFAULT;
                r = seed(&req, err);
        }
        return r == 0 ? mend_after(&mend, look->env, err) : r;
}

/* ---- the base */

/* The value of "prompt" in pyvenv.cfg, which venv writes as Python's repr; NULL: none that is plain. */
static const char *read_prompt(struct look *look)
{
        static const char key[] = "prompt = '";
        _cleanup_free_ char *text = NULL;
        const char *start;

        if (look->cfg.kind != PYVENV_CFG || file_read(AT_FDCWD, look->cfg.file, MAX_CONFIG, &text, NULL) < 0)
                return NULL;
        start = str_starts(text, key) ? text : strstr(text, "\nprompt = '");
        if (start == NULL)
                return NULL;
        start += strlen(key) + (*start == '\n');
        if (start[strcspn(start, "'\\\n")] != '\'')
                return NULL;
        return arena_strndup(&look->arena, start, strcspn(start, "'"));
}

/* 0 or -errno. */
static int remove_dead_link(int bin_fd, const char *name)
{
        struct stat st;

        if (implementation_of_file(name) == NULL ||
            fstatat(bin_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode) || fstatat(bin_fd, name, &st, 0) == 0)
                return 0;
        return unlinkat(bin_fd, name, 0) < 0 ? -errno : 0;
}

/* Links that lead nowhere would stay as they are. */
static int remove_dead_links(const struct look *look, struct pipseed_error *err)
{
        _cleanup_free_ char *bin = path_join(look->env, "bin");
        _cleanup_(names_done) struct names names = NAMES_INIT;
        const char *name;
        int r;

        if (bin == NULL)
                return error_memory(err);
        r = names_open(&names, look_open_folder(look, bin));
        while (r == 0 && (name = names_next(&names)) != NULL) {
                r = remove_dead_link(names_fd(&names), name);
                if (r < 0)
                        return error_sys(err, r, bin, "cannot remove the link %s", name);
        }
        return names.error == 0 || names.error == -ENOENT
                       ? 0 : error_sys(err, names.error, bin, "cannot look into the folder");
}

static int cure_base(struct look *look, bool upgrade, struct pipseed_error *err)
{
        struct pipseed_create_request req;
        struct pipseed_request seeding;
        _cleanup_(venv_freep) struct venv *venv = NULL;
        const char *ignore = arena_format(&look->arena, "%s/.gitignore", look->env);
        int r = ignore != NULL ? remove_dead_links(look, err) : error_memory(err);

        if (r < 0)
                return r;
        pipseed_create_request_init(&req, &seeding);
        req.dir = look->env;
        req.python = look->base;
        req.prompt = read_prompt(look);
        req.system_site_packages = look->cfg.kind == PYVENV_CFG && look->cfg.system_site;
        req.upgrade = upgrade;
        req.without_scm_ignore_files = rooted_find(NULL, ignore, S_IFREG) <= 0;
        seeding.durable = look->req->durable;
        seeding.trust = look->req->trust;
        seeding.n_trust = look->req->n_trust;
        seeding.cache_dir = look->req->cache_dir;
        seeding.event = look->req->event;
        seeding.event_data = look->req->event_data;
        r = venv_plan(&req, false, &venv, err);
        if (r == 0)
                r = venv_open(venv, err);
        return r < 0 ? r : venv_make(venv, err);
}

/* ---- the rest */

static int cure_base_only(struct look *look, struct pipseed_error *err)
{
        return cure_base(look, true, err);
}

static int cure_moved(struct look *look, struct pipseed_error *err)
{
        int r = look->base != NULL ? cure_base(look, false, err) : 0;

        return r == 0 ? cure_scripts(look, err) : r;
}

/* Who locks a target mends it. */
static int cure_areas(struct look *look, struct pipseed_error *err)
{
        struct pipseed_request req = request_for(look);
        _cleanup_(job_freep) struct job *job = NULL;
        int r = job_begin(&req, &job, err);

        return r == 0 ? job_lock(job, err) : r;
}

static int cure_pip(struct look *look, struct pipseed_error *err)
{
        struct pipseed_request req = request_for(look);
        int r = 0;

        for (size_t i = 0; r == 0 && i < look->n_items; i++) {
                const struct ailment *item = &look->items[i];
                bool is_done = false;

                for (size_t j = 0; j < i; j++)
                        is_done |= look->items[j].cure == CURE_PIP && strcmp(look->items[j].package, item->package) == 0;
                if (item->cure != CURE_PIP || is_done)
                        continue;
                req.packages = item->package;
                req.pip = strcmp(item->package, "pip") == 0 ? item->version : NULL;
                req.reinstall = true;
                req.upgrade = false;
                r = seed(&req, err);
        }
        return r;
}

static int cure_own(struct look *look, struct pipseed_error *err)
{
        struct pipseed_request req = request_for(look);
        int r = 0;

        for (size_t i = 0; r == 0 && i < look->n_items; i++) {
                const struct ailment *item = &look->items[i];

                if (item->cure != CURE_OWN)
                        continue;
                req.packages = item->package;
                req.pip = NULL;
                r = verify_make_own(&req, err);
        }
        return r;
}

static int cure_debris(struct look *look, struct pipseed_error *err)
{
        _cleanup_free_ char *lib = look_lib(look);
        _cleanup_close_ int fd = lib != NULL ? look_open_folder(look, lib) : -ENOMEM;
        int r = fd < 0 ? fd : 0;

        for (size_t i = 0; r == 0 && i < look->n_items; i++)
                if (look->items[i].cure == CURE_DEBRIS)
                        r = file_remove_tree(fd, path_base(look->items[i].public.path));
        return r < 0 ? error_sys(err, r, lib, "cannot remove what pip left") : 0;
}

/* Upwards, as far as there is nothing else. */
static int cure_empty(struct look *look, struct pipseed_error *err)
{
        char *path = look_lib(look);

        while (path != NULL && rmdir(path) == 0) {
                char *above = path_dir(path);

                free(path);
                path = above;
        }
        if (path == NULL)
                return error_memory(err);
        free(path);
        return 0;
}

static void explain(struct look *look, enum cure cure, const struct pipseed_error *why)
{
        for (size_t i = 0; i < look->n_items; i++)
                if (look->items[i].cure == cure)
                        look->items[i].public.hint = arena_format(&look->arena, "it could not be mended: %s%s%s",
                                                                  why->message, why->hint[0] != '\0' ? "; " : "",
                                                                  why->hint);
}

int cure_all(struct look *look, struct pipseed_error *err)
{
        static int (*const cures[N_CURES])(struct look *look, struct pipseed_error *err) = {
                [CURE_LEFTOVERS] = cure_leftovers, [CURE_BASE] = cure_base_only, [CURE_AREAS] = cure_areas,
                [CURE_SCRIPTS] = cure_moved,       [CURE_PIP] = cure_pip,        [CURE_OWN] = cure_own,
                [CURE_DEBRIS] = cure_debris,       [CURE_EMPTY] = cure_empty,
        };

        for (int cure = CURE_NONE + 1; cure < N_CURES; cure++) {
                struct pipseed_error why = PIPSEED_ERROR_INIT;
                bool wanted = false;
                int r;

                for (size_t i = 0; i < look->n_items; i++)
                        wanted |= look->items[i].cure == (enum cure)cure;
                r = wanted ? cures[cure](look, &why) : 0;
                if (r == 0)
                        continue;
                if (r == PIPSEED_E_CANCELLED || r == PIPSEED_E_NO_MEMORY) {
                        *err = why;
                        return r;
                }
                explain(look, (enum cure)cure, &why);
        }
        return 0;
}
