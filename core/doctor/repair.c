/* SPDX-License-Identifier: MIT */
#include "repair.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"
#include "job.h"
#include "scripts.h"
#include "target/rooted.h"
#include "wheel/implementation.h"
#include "venv/recovery.h"
#include "venv/destination.h"
#include "venv.h"
#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_CONFIG ((size_t)1 << 20)

static struct pipseed_request request_for(const struct examination *look)
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

/* The environment is ours while pip comes: repair holds its lock. */
static int repair_leftovers(struct examination *look, struct pipseed_error *err)
{
        _cleanup_(recovery_done) struct recovery recovery = RECOVERY_INIT;
        struct pipseed_request req = request_for(look);
        int r;

        recovery.thorough = true;
        recovery.durable = req.durable;
        recovery.event = req.event;
        recovery.event_data = req.event_data;
        r = recovery_before(&recovery, look->env, err);
        if (r == 0 && recovery.unfinished && recovery.wants_pip) {
                req.scripts = PIPSEED_SCRIPTS_DEFAULT;
                r = seed(&req, err);
        }
        return r == 0 ? recovery_after(&recovery, look->env, err) : r;
}

/* ---- the base */

/* The value of "prompt" in pyvenv.cfg, which venv writes as Python's repr; NULL: none that is plain. */
static const char *read_prompt(struct examination *look)
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

        if (implementation_of_file(name) == NULL || fstatat(bin_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISLNK(st.st_mode) || fstatat(bin_fd, name, &st, 0) == 0)
                return 0;
        return unlinkat(bin_fd, name, 0) < 0 ? -errno : 0;
}

/* Links that lead nowhere would stay as they are. */
static int remove_dead_links(const struct examination *look, struct pipseed_error *err)
{
        _cleanup_free_ char *bin = path_join(look->env, "bin");
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r;

        if (bin == NULL)
                return error_memory(err);
        r = dir_iter_open(&names, look_open_dir(look, bin));
        while (r == 0 && (name = dir_iter_next(&names)) != NULL) {
                r = remove_dead_link(dir_iter_fd(&names), name);
                if (r < 0)
                        return error_sys(err, r, bin, "cannot remove the link %s", name);
        }
        return names.error == 0 || names.error == -ENOENT
                       ? 0
                       : error_sys(err, names.error, bin, "cannot look into the directory");
}

static int repair_base(struct examination *look, bool upgrade, struct pipseed_error *err)
{
        struct pipseed_create_request req;
        struct pipseed_request seeding;
        _cleanup_(venv_freep) struct venv *venv = NULL;
        const char *ignore = arena_format(&look->arena, "%s/.gitignore", look->env);
        int r = ignore != NULL ? remove_dead_links(look, err) : error_memory(err);

        if (r < 0)
                return r;
        pipseed_create_request_init(&req, &seeding);
        req.env_dir = look->env;
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

static int repair_base_only(struct examination *look, struct pipseed_error *err)
{
        return repair_base(look, true, err);
}

static int repair_moved(struct examination *look, struct pipseed_error *err)
{
        int r = look->base != NULL ? repair_base(look, false, err) : 0;

        return r == 0 ? repair_scripts(look, err) : r;
}

/* Who locks a target repairs it. */
static int repair_staging(struct examination *look, struct pipseed_error *err)
{
        struct pipseed_request req = request_for(look);
        _cleanup_(job_freep) struct job *job = NULL;
        int r = job_begin(&req, &job, err);

        return r == 0 ? job_lock(job, err) : r;
}

static int repair_pip(struct examination *look, struct pipseed_error *err)
{
        struct pipseed_request req = request_for(look);
        int r = 0;

        for (size_t i = 0; r == 0 && i < look->n_items; i++) {
                const struct issue *item = &look->items[i];
                bool is_done = false;

                for (size_t j = 0; j < i; j++)
                        is_done |= look->items[j].repair == REPAIR_PIP &&
                                   strcmp(look->items[j].package, item->package) == 0;
                if (item->repair != REPAIR_PIP || is_done)
                        continue;
                req.packages = item->package;
                req.pip = strcmp(item->package, "pip") == 0 ? item->version : NULL;
                req.force_reinstall = true;
                req.upgrade = false;
                r = seed(&req, err);
        }
        return r;
}

static int repair_own(struct examination *look, struct pipseed_error *err)
{
        struct pipseed_request req = request_for(look);
        int r = 0;

        for (size_t i = 0; r == 0 && i < look->n_items; i++) {
                const struct issue *item = &look->items[i];

                if (item->repair != REPAIR_OWN)
                        continue;
                req.packages = item->package;
                req.pip = NULL;
                r = verify_make_own(&req, err);
        }
        return r;
}

static int repair_pip_leftovers(struct examination *look, struct pipseed_error *err)
{
        _cleanup_free_ char *lib = look_lib(look);
        _cleanup_close_ int fd = lib != NULL ? look_open_dir(look, lib) : -ENOMEM;
        int r = fd < 0 ? fd : 0;

        for (size_t i = 0; r == 0 && i < look->n_items; i++)
                if (look->items[i].repair == REPAIR_PIP_LEFTOVERS)
                        r = file_remove_tree(fd, path_base(look->items[i].public.path));
        return r < 0 ? error_sys(err, r, lib, "cannot remove what pip left") : 0;
}

/* Upwards, as far as there is nothing else. */
static int repair_empty(struct examination *look, struct pipseed_error *err)
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

static void explain(struct examination *look, enum repair repair, const struct pipseed_error *why)
{
        for (size_t i = 0; i < look->n_items; i++)
                if (look->items[i].repair == repair)
                        look->items[i].public.hint =
                                arena_format(&look->arena, "it could not be repaired: %s%s%s", why->message,
                                             why->hint[0] != '\0' ? "; " : "", why->hint);
}

int repair_all(struct examination *look, struct pipseed_error *err)
{
        static int (*const repairs[N_REPAIRS])(struct examination * look, struct pipseed_error * err) = {
                [REPAIR_LEFTOVERS] = repair_leftovers,
                [REPAIR_BASE] = repair_base_only,
                [REPAIR_STAGING] = repair_staging,
                [REPAIR_SCRIPTS] = repair_moved,
                [REPAIR_PIP] = repair_pip,
                [REPAIR_OWN] = repair_own,
                [REPAIR_PIP_LEFTOVERS] = repair_pip_leftovers,
                [REPAIR_EMPTY] = repair_empty,
        };

        for (int repair = REPAIR_NONE + 1; repair < N_REPAIRS; repair++) {
                struct pipseed_error why = PIPSEED_ERROR_INIT;
                bool wanted = false;
                int r;

                for (size_t i = 0; i < look->n_items; i++)
                        wanted |= look->items[i].repair == (enum repair)repair;
                r = wanted ? repairs[repair](look, &why) : 0;
                if (r == 0)
                        continue;
                if (r == PIPSEED_E_CANCELLED || r == PIPSEED_E_NO_MEMORY) {
                        *err = why;
                        return r;
                }
                explain(look, (enum repair)repair, &why);
        }
        return 0;
}
