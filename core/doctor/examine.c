/* SPDX-License-Identifier: MIT */
#include "examine.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/leftover.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"
#include "install/txn/txn.h"
#include "scripts.h"
#include "target/admit.h"
#include "target/base.h"
#include "target/installed.h"
#include "target/lookup.h"
#include "target/rooted.h"
#include "venv/recovery.h"
#include "wheel/version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_INIT ((size_t)1 << 20)

/* ---- what `pipseed venv` left */

static int look_around(struct examination *look, struct pipseed_error *err)
{
        _cleanup_(recovery_done) struct recovery recovery = RECOVERY_INIT;
        int r;

        recovery.dry_run = recovery.thorough = true;
        r = recovery_before(&recovery, look->env, err);
        if (r < 0)
                return r;
        look->wants_pip = recovery.unfinished && recovery.wants_pip;
        if (recovery.put_back)
                r = look_add(look, PIPSEED_E_LEFTOVER, REPAIR_LEFTOVERS, look->env, err,
                             "an interrupted 'pipseed venv' moved this environment away");
        else if (recovery.n_beside > 0)
                r = look_add(look, PIPSEED_E_LEFTOVER, REPAIR_LEFTOVERS, look->env, err,
                             "an interrupted 'pipseed venv' left hidden directories beside it");
        if (r == 0 && recovery.n_foreign > 0)
                r = look_add(look, PIPSEED_E_LEFTOVER, REPAIR_NONE, look->env, err,
                             "another user's interrupted 'pipseed venv' left hidden directories beside it");
        if (r == 0 && recovery.was_changing)
                r = look_add(look, PIPSEED_E_LEFTOVER, REPAIR_LEFTOVERS, look->env, err,
                             "'pipseed venv' was interrupted while it changed this environment");
        if (r == 0 && recovery.unfinished)
                r = look_add(look, PIPSEED_E_LEFTOVER, REPAIR_LEFTOVERS, look->env, err,
                             "'pipseed venv' was interrupted before it had finished this environment");
        return r;
}

/* ---- what a seeding left */

struct staging_search {
        struct examination *look;
        struct pipseed_error *err;
        const char *directory;
};

static int see_staging(void *data, int dir_fd, const char *name, struct leftover *leftover)
{
        const struct staging_search *search = data;
        const char *who = leftover->state == LEFTOVER_FREE ? "an interrupted run"
                          : leftover->state == LEFTOVER_FOREIGN
                                  ? "another user's interrupted run"
                                  : "an interrupted run, or another user who can write here,";

        (void)dir_fd;
        if (leftover->state == LEFTOVER_HELD)
                return 0;
        return look_add(search->look, PIPSEED_E_LEFTOVER,
                        leftover->state == LEFTOVER_FREE ? REPAIR_STAGING : REPAIR_NONE, search->directory, search->err,
                        "%s left '%s'", who, name);
}

static bool is_leftover(const char *name)
{
        return name[0] == '~' && name[1] != '\0';
}

/* pip gives what it is about to remove a name that begins with "~". */
static int look_for_leftovers(struct examination *look, const char *lib, struct pipseed_error *err)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r = 0;

        bool safe;

        if (dir_iter_open(&names, file_open_dir(lib)) < 0)
                return 0;
        safe = leftover_is_private(dir_iter_fd(&names));
        while (r == 0 && (name = dir_iter_next(&names)) != NULL) {
                _cleanup_free_ char *path = is_leftover(name) ? path_join(lib, name) : NULL;

                if (path != NULL)
                        r = look_add(look, PIPSEED_E_PIP_LEFTOVER, safe ? REPAIR_PIP_LEFTOVERS : REPAIR_NONE, path, err,
                                     "pip was interrupted while it removed or upgraded a package%s",
                                     safe ? "" : ", or another user who can write to that directory created it");
                else if (is_leftover(name))
                        r = error_memory(err);
        }
        return r != 0 || names.error == 0 ? r : error_sys(err, names.error, lib, "cannot read the directory");
}

static int look_into_lib(struct examination *look, struct pipseed_error *err)
{
        _cleanup_free_ char *lib = look_lib(look);
        struct staging_search search = {.look = look, .err = err, .directory = lib};
        _cleanup_close_ int fd = lib != NULL ? file_open_dir(lib) : -ENOMEM;
        int r;

        if (lib == NULL)
                return error_memory(err);
        if (fd < 0)
                return 0;
        r = leftover_each(fd, txn_is_staging_name, see_staging, &search);
        if (r < 0)
                return err->code != 0 ? r : error_sys(err, r, lib, "cannot read the directory");
        r = look_for_leftovers(look, lib, err);
        if (r == 0 && (look->req->root != NULL || look->req->user) && dir_iter_is_empty(fd) > 0)
                r = look_add(look, PIPSEED_E_LEFTOVER, REPAIR_EMPTY, lib, err,
                             "an empty directory, as left by an interrupted run");
        return r;
}

/* ---- the base interpreter */

/* "3.11" of "3.11.7", or NULL. */
static const char *minor_version(struct examination *look)
{
        const char *version = look->cfg.version;
        const char *dot = version != NULL ? strchr(version, '.') : NULL;

        if (dot == NULL)
                return NULL;
        return arena_strndup(&look->arena, version, (size_t)(dot - version) + 1 + strspn(dot + 1, "0123456789"));
}

/* A trusted interpreter outside of this environment, of the same version; links of it are not looked behind. */
static bool is_candidate(const struct examination *look, const char *path)
{
        return path != NULL && !path_is_below(look->env, path) && base_is_executable(NULL, path) > 0 &&
               admit_is_trusted(path, look->req->trust, look->req->n_trust);
}

static void find_base(struct examination *look)
{
        const char *minor = minor_version(look);
        const char *name = minor != NULL ? arena_format(&look->arena, "python%s", minor) : NULL;
        const char *link = arena_format(&look->arena, "%s/bin/python3", look->env);
        char real[PATH_MAX];

        if (link != NULL && realpath(link, real) != NULL && is_candidate(look, real)) {
                look->base = arena_strdup(&look->arena, real);
                return;
        }
        if (name != NULL && look->cfg.home != NULL) {
                const char *path = arena_format(&look->arena, "%s/%s", look->cfg.home, name);

                if (is_candidate(look, path)) {
                        look->base = path;
                        return;
                }
        }
        for (size_t i = 0; name != NULL; i++) {
                _cleanup_free_ char *path = NULL;

                if (lookup_path(name, NULL, i, &path) <= 0)
                        return;
                if (!is_candidate(look, path))
                        continue;
                look->base = arena_strdup(&look->arena, path);
                return;
        }
}

static int look_at_target(struct examination *look, struct pipseed_error *err)
{
        const struct pipseed_request *req = look->req;
        const struct target_query query = {.env = req->python == NULL ? look->env : NULL,
                                           .python = req->python,
                                           .root = req->root,
                                           .trust = req->trust,
                                           .n_trust = req->n_trust,
                                           .look_only = !look->fix,
                                           .event = req->event,
                                           .event_data = req->event_data};
        struct pipseed_error problem = PIPSEED_ERROR_INIT;
        int r = target_find(&query, &look->target, &problem);
        const char *minor;
        struct stat st;

        /* What the disk or its permissions keep from being looked at is not an issue that a base repairs. */
        if (r < 0 && (!look->is_env || r == PIPSEED_E_NO_MEMORY || r == PIPSEED_E_UNTRUSTED_INTERPRETER ||
                      r == PIPSEED_E_CANCELLED || r == PIPSEED_E_IO)) {
                *err = problem;
                return r;
        }
        if (!look->is_env || req->root != NULL)
                return 0;
        find_base(look);
        if (r < 0)
                return look_add(look, look->cfg.home == NULL ? PIPSEED_E_ENV_CONFIG : PIPSEED_E_BASE_MISSING,
                                look->base != NULL ? REPAIR_BASE : REPAIR_NONE,
                                problem.path[0] != '\0' ? problem.path : look->cfg.file, err, "%s", problem.message);
        /* Without home, or with a relative one, the links lead to the base: it was found. */
        if (look->cfg.kind == PYVENV_CFG && look->cfg.home != NULL && look->cfg.home[0] == '/' &&
            stat(look->cfg.home, &st) < 0)
                return look_add(look, PIPSEED_E_ENV_CONFIG, look->base != NULL ? REPAIR_BASE : REPAIR_NONE,
                                look->cfg.file, err, "home = %s: directory not found", look->cfg.home);
        minor = arena_format(&look->arena, "%d.%d", look->target->major, look->target->minor);
        if (minor != NULL && minor_version(look) != NULL && strcmp(minor, minor_version(look)) != 0)
                return look_add(
                        look, PIPSEED_E_BASE_CHANGED, REPAIR_NONE, look->cfg.file, err,
                        "created with Python %s, but its interpreter is now Python %s: packages installed for the "
                        "old one are not visible",
                        look->cfg.version, look->target->version);
        return 0;
}

/* ---- pip */

static bool has_wheel(const struct examination *look, const char *project, const char *version)
{
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;
        struct pipseed_wheel_list *list = NULL;
        bool found = false;

        if (pipseed_wheels(look->req, false, &list, &ignored) < 0)
                return false;
        for (size_t i = 0; i < list->n_wheels; i++)
                found |= list->wheels[i]->status == 0 && strcmp(list->wheels[i]->name, project) == 0 &&
                         strcmp(list->wheels[i]->version, version) == 0;
        pipseed_wheel_list_free(list);
        return found;
}

/* The version that pip's own code has: where there is no dist-info, or where there are two, it is asked. */
static const char *code_version(struct examination *look, const char *lib, const char *project)
{
        _cleanup_free_ char *path = str_format("%s/%s/__init__.py", lib, project);
        _cleanup_free_ char *text = NULL;
        const char *start;

        if (path == NULL || file_read(AT_FDCWD, path, MAX_INIT, &text, NULL) < 0)
                return NULL;
        start = strstr(text, "__version__ = \"");
        if (start == NULL)
                return NULL;
        start += strlen("__version__ = \"");
        return arena_strndup(&look->arena, start, strcspn(start, "\"\n"));
}

static int add_pip(struct examination *look, const char *project, const char *version, int code, const char *path,
                   const char *text, struct pipseed_error *err)
{
        bool repairable = version != NULL && has_wheel(look, project, version);
        int r = look_add(look, code, repairable ? REPAIR_PIP : REPAIR_NONE, path, err, "%s", text);

        if (r < 0)
                return r;
        look->items[look->n_items - 1].package = project;
        look->items[look->n_items - 1].version = version;
        if (!repairable)
                look->items[look->n_items - 1].public.hint =
                        arena_format(&look->arena, "no wheel of %s %s available: name its directory with --wheel-dir",
                                     project, version != NULL ? version : "");
        return 0;
}

static bool is_about_hands(int code)
{
        return code == PIPSEED_E_INSTALL_OWNER || code == PIPSEED_E_INSTALL_MODE || code == PIPSEED_E_INSTALL_SHARED;
}

/* The content is right, so that no wheel is needed. */
static int add_hands(struct examination *look, const char *project, const struct pipseed_finding *finding,
                     struct pipseed_error *err)
{
        int r = look_add(look, finding->code, REPAIR_OWN, finding->path, err, "%s", finding->message);

        if (r == 0)
                look->items[look->n_items - 1].package = project;
        return r;
}

static int verify_package(struct examination *look, const char *project, const char *version, struct pipseed_error *err)
{
        struct pipseed_request req = *look->req;
        struct pipseed_verify_report *report = NULL;
        int r;

        req.env = req.python == NULL ? look->env : NULL;
        req.packages = project;
        req.pip = NULL;
        if (look->target->run_exe == NULL) /* what must not be run was told already */
                req.event = NULL;
        r = pipseed_verify(&req, &report, err);
        for (size_t i = 0; r == 0 && i < report->n_findings; i++)
                r = is_about_hands(report->findings[i]->code)
                            ? add_hands(look, project, report->findings[i], err)
                            : add_pip(look, project, version, report->findings[i]->code, report->findings[i]->path,
                                      report->findings[i]->message, err);
        pipseed_verify_report_free(report);
        return r;
}

/* The dist-info decides: code can say anything. Of two, the one that the code names, if it names one. */
static const char *installed_version(struct examination *look, const char *lib, const char *project,
                                     const struct installed_list *list)
{
        const char *of_code = list->n_items != 1 ? code_version(look, lib, project) : NULL;

        for (size_t i = 0; of_code != NULL && i < list->n_items; i++)
                if (strcmp(list->items[i].version, of_code) == 0)
                        return of_code;
        return list->n_items > 0 ? arena_strdup(&look->arena, list->items[0].version) : of_code;
}

static int look_at_package(struct examination *look, const char *project, struct pipseed_error *err)
{
        _cleanup_free_ char *lib = look_lib(look);
        struct installed_list list = {0};
        const char *version = NULL;
        bool is_own = false;
        int r;

        if (lib == NULL)
                return error_memory(err);
        r = installed_find(look->target, look->req->user ? &look->target->user_scheme : &look->target->scheme, project,
                           &list, err);
        for (size_t i = 0; r == 0 && i < list.n_items; i++) {
                _cleanup_free_ char *directory = NULL;

                is_own |= rooted_resolve(look->target->root, list.items[i].location, &directory) == 0 &&
                          strcmp(directory, lib) == 0;
        }
        if (r == 0)
                version = installed_version(look, lib, project, &list);
        if (r == 0 && is_own && !look->leads_out)
                r = verify_package(look, project, version, err);
        else if (r == 0 && version != NULL && list.n_items == 0)
                r = add_pip(look, project, version, PIPSEED_E_INSTALL_MISSING, lib,
                            arena_format(&look->arena, "%s %s is installed without its dist-info", project, version),
                            err);
        installed_list_done(&list);
        return r;
}

/* Where a link leads out of the environment, what is found there is not the environment's to be repaired. */
static int look_for_links_out(struct examination *look, struct pipseed_error *err)
{
        const struct target *target = look->target;
        struct pipseed_error problem = PIPSEED_ERROR_INIT;
        int r = target->is_venv ? txn_check_inside(target->scheme.dirs, target->prefix, target->root, &problem) : 0;

        if (r != PIPSEED_E_UNTRUSTED_PATH)
                return 0; /* the rest is said by whoever needs it */
        r = look_add(look, PIPSEED_E_INSTALL_LINK, REPAIR_NONE, problem.path, err, "%s", problem.message);
        if (r < 0)
                return r;
        look->items[look->n_items - 1].public.hint = arena_strdup(&look->arena, problem.hint);
        look->leads_out = true;
        return 0;
}

static void repair_nothing(struct examination *look)
{
        for (size_t i = 0; i < look->n_items; i++) {
                struct issue *item = &look->items[i];

                item->repair = REPAIR_NONE;
                item->public.repairable = false;
        }
}

int examine(struct examination *look, struct pipseed_error *err)
{
        const char *root = look->req->root;
        int r = root == NULL ? look_around(look, err) : 0;

        if (r == 0)
                r = pyvenv_read(&look->arena, root, look->env, &look->cfg, err);
        if (r < 0)
                return r;
        look->is_env = r > 0;
        /* Nothing but what is beside it: it is to vanish. Or what an interrupted run left of it: the rest is seen when
         * that is repaired. */
        if (!look->is_env && (look->n_items > 0 || (look->may_be_gone && rooted_find(root, look->env, S_IFDIR) <= 0)))
                return 0;
        r = look_at_target(look, err);
        if (r < 0 || look->target == NULL)
                return r;
        r = look_for_links_out(look, err);
        if (r == 0)
                r = look_into_lib(look, err);
        if (r == 0 && look->is_env && root == NULL)
                r = look_at_scripts(look, err);
        if (r == 0)
                r = look_at_package(look, "pip", err);
        if (r == 0 && target_wants_setuptools(look->target))
                r = look_at_package(look, "setuptools", err);
        if (look->leads_out)
                repair_nothing(look);
        return r;
}
