/* SPDX-License-Identifier: MIT */
/* Creates one environment with pip in it: pipseed_create is at the end, each step is a function above it. */
#include "base/abi.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/event.h"
#include "base/str.h"
#include "hooks/hooks.h"
#include "job.h"
#include "seed.h"
#include "target/build.h"
#include "target/pyvenv.h"
#include "venv.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MIN_SIZE ABI_END(struct pipseed_create_request, hook_options)

struct creation {
        struct pipseed_create_request req;
        struct pipseed_request seeding; /* a copy; req.seeding points here */
        struct hooks hooks;
        struct venv *venv;
        struct job *job; /* the seeding, from when it is planned until it is done; NULL without pip */
        bool cancelled;  /* while a hook ran */
        struct owned_environment *result;
};

struct owned_environment {
        struct pipseed_environment env; /* first: what the caller holds */
        struct arena arena;
        struct pipseed_result *seed_result;
};

void pipseed_create_request_init_size(struct pipseed_create_request *req, size_t size, struct pipseed_request *seeding,
                                      size_t seeding_size)
{
        pipseed_request_init_size(seeding, seeding_size);
        seeding->scripts = PIPSEED_SCRIPTS_DEFAULT;
        abi_init(req, size);
        req->seeding = seeding;
}

void pipseed_environment_free(struct pipseed_environment *env)
{
        struct owned_environment *owned = (struct owned_environment *)(void *)env;

        if (owned == NULL)
                return;
        pipseed_result_free(owned->seed_result);
        arena_done(&owned->arena);
        free(owned);
}

static void creation_done(struct creation *creation)
{
        job_free(creation->job); /* points into the venv */
        venv_free(creation->venv);
        hooks_done(&creation->hooks);
        if (creation->result != NULL)
                pipseed_environment_free(&creation->result->env);
}

/* ---- the request */

/* Takes the structs of a caller that was built against an older header: members missing there keep their defaults. */
static int copy_request(struct creation *creation, const struct pipseed_create_request *req, struct pipseed_error *err)
{
        int r;

        pipseed_create_request_init(&creation->req, &creation->seeding);
        r = abi_take(&creation->req, sizeof(creation->req), req, REQUEST_MIN_SIZE, "request", err);
        if (r == 0 && creation->req.seeding == NULL)
                r = error_set(err, PIPSEED_E_USAGE, NULL,
                              "the request was not initialised with pipseed_create_request_init");
        if (r == 0)
                r = job_copy_request(creation->req.seeding, &creation->seeding, err);
        creation->req.seeding = &creation->seeding;
        creation->seeding.upgrade = true; /* venv runs `ensurepip --upgrade` */
        return r;
}

static int check_request(const struct creation *creation, struct pipseed_error *err)
{
        const struct pipseed_create_request *req = &creation->req;
        const struct pipseed_request *seeding = req->seeding;

        if (req->env_dir == NULL || req->env_dir[0] == '\0')
                return error_set(err, PIPSEED_E_USAGE, NULL, "missing directory in the request");
        if (seeding->env != NULL || seeding->python != NULL || seeding->root != NULL)
                return error_set(err, PIPSEED_E_USAGE, NULL, "refusing to seed anything but the new environment");
        if (req->clear && req->upgrade)
                return error_set(err, PIPSEED_E_USAGE, NULL, "clear and upgrade are mutually exclusive");
        return 0;
}

static int begin(struct creation *creation, const struct pipseed_create_request *req, struct pipseed_error *err)
{
        bool has_more;
        int r = copy_request(creation, req, err);

        if (r == 0)
                r = check_request(creation, err);
        if (r == 0 && (creation->result = calloc(1, sizeof(*creation->result))) == NULL)
                r = error_memory(err);
        if (r == 0)
                r = hooks_open(&creation->hooks, creation->req.hooks, err);
        has_more = !creation->req.without_pip || creation->hooks.n_items > 0;
        return r < 0 ? r : venv_plan(&creation->req, has_more, &creation->venv, err);
}

/* ---- hooks */

static int send(const struct creation *creation, enum pipseed_event_kind kind, const char *text)
{
        return event_send(creation->seeding.event, creation->seeding.event_data, kind, text);
}

/* Called by hooks while they work. */
static int is_cancelled(void *data)
{
        struct creation *creation = data;

        if (!creation->cancelled && send(creation, PIPSEED_EVENT_TICK, "a hook is running") != 0)
                creation->cancelled = true;
        return creation->cancelled;
}

/* Runs on the thread that called the hook; hooks may use threads of their own, but not for this. */
static void take_message(void *data, int level, const char *text)
{
        static const enum pipseed_event_kind kinds[] = {[VENV_HOOK_DETAIL] = PIPSEED_EVENT_DETAIL,
                                                        [VENV_HOOK_NOTE] = PIPSEED_EVENT_NOTE,
                                                        [VENV_HOOK_WARNING] = PIPSEED_EVENT_WARNING};
        bool is_known = level >= 0 && (size_t)level < ARRAY_SIZE(kinds);
        struct creation *creation = data;

        if (send(creation, is_known ? kinds[level] : PIPSEED_EVENT_NOTE, text) != 0)
                creation->cancelled = true;
}

static int call_hooks(struct creation *creation, enum hook_call call, bool existed, struct pipseed_error *err)
{
        const struct pipseed_create_request *req = &creation->req;
        const struct venv *venv = creation->venv;
        const struct venv_hook_context_v1 context = {
                .size = sizeof(context),
                .env_dir = venv->dir,
                .env_exe = call == HOOK_POST_CREATE ? venv->python : NULL,
                .base_exe = venv->base,
                .version = venv->version,
                .flags = (req->without_pip ? VENV_HOOK_WITHOUT_PIP : 0) |
                         (req->system_site_packages ? VENV_HOOK_SYSTEM_SITE_PACKAGES : 0) |
                         (existed && !req->clear ? VENV_HOOK_UPGRADE : 0) |
                         (creation->seeding.dry_run ? VENV_HOOK_DRY_RUN : 0),
                .jobs = creation->seeding.jobs,
                .options = req->hook_options,
                .log = take_message,
                .log_data = creation,
                .is_cancelled = is_cancelled,
        };
        int r = hooks_call(&creation->hooks, call, &context, err);

        return r == 0 && creation->cancelled ? error_cancelled(err) : r;
}

static int call_before(struct creation *creation, struct pipseed_error *err)
{
        if (creation->hooks.n_items == 0)
                return 0;
        return call_hooks(creation, HOOK_PRE_CREATE, pyvenv_is_env(NULL, creation->venv->dir), err);
}

/* ---- the seeding */

/* Selects the wheels for the environment as planned, so that anything that can be refused is refused now. */
static int plan_seeding(struct creation *creation, struct pipseed_error *err)
{
        const struct venv *venv = creation->venv;
        const struct planned_env planned = {.facts = venv->facts,
                                            .dir = venv->dir,
                                            .exe = venv->python,
                                            .base = venv_admitted(venv),
                                            .starts_empty = venv_starts_empty(venv)};
        struct target *target = NULL;
        int r;

        if (creation->req.without_pip)
                return 0;
        r = build_planned(&planned, &target, err);
        if (r == 0)
                r = job_begin_planned(&creation->seeding, target, planned.starts_empty, &creation->job, err);
        if (r == 0)
                r = seed_check_allowed(creation->job, err);
        return r < 0 ? r : seed_decide(creation->job, err);
}

/* Seeds as planned if nothing existed before. In a directory with files, the installed packages may have changed since.
 * The target's lock is not kept: hooks may install something, too. */
static int seed(struct creation *creation, struct pipseed_error *err)
{
        _cleanup_(job_freep) struct job *job = steal_ptr(creation->job);
        struct pipseed_request req = creation->seeding;
        struct pipseed_result **result = &creation->result->seed_result;
        const struct venv *venv = creation->venv;
        int r;

        if (creation->req.without_pip)
                return 0;
        if (!req.dry_run && !venv_is_new(venv)) {
                bool is_choice = creation->req.python != NULL && venv->kept == NULL;

                req.python = venv->python;
                return seed_for(is_choice ? JOB_SEED_ON : JOB_CHANGE, &req, result, err);
        }
        r = req.dry_run ? 0 : job_lock(job, err);
        return r < 0 ? r : seed_carry_out(job, result, err);
}

/* ---- the story */

/* Allocates everything before the last step completes: a completed change must not be reported as failed. */
static int describe(struct creation *creation, struct pipseed_error *err)
{
        const struct venv *venv = creation->venv;
        struct owned_environment *owned = creation->result;
        struct pipseed_environment *env = &owned->env;

        env->struct_size = sizeof(*env);
        env->existed = venv->existed;
        env->dir = arena_strdup(&owned->arena, venv->dir);
        env->python = arena_strdup(&owned->arena, venv->python);
        env->base = arena_strdup(&owned->arena, venv->base);
        env->version = arena_strdup(&owned->arena, venv->version);
        return env->dir != NULL && env->python != NULL && env->base != NULL && env->version != NULL ? 0
                                                                                                    : error_memory(err);
}

/* Keeps the interpreter as venv does, but reports it. */
static int warn_of_kept(struct creation *creation, struct pipseed_error *err)
{
        const struct venv *venv = creation->venv;
        _cleanup_free_ char *text = NULL;

        if (venv->kept == NULL || strcmp(venv->version, venv->origin.version) == 0)
                return 0;
        text = str_format("keeping the previously linked interpreter '%s', Python %s; clearing the environment first "
                          "replaces it with Python %s",
                          venv->base, venv->version, venv->origin.version);
        if (text == NULL)
                return error_memory(err);
        return send(creation, PIPSEED_EVENT_WARNING, text) != 0 ? error_cancelled(err) : 0;
}

static int pretend(struct creation *creation, struct pipseed_error *err)
{
        int r = describe(creation, err);

        if (r == 0)
                r = warn_of_kept(creation, err);
        return r < 0 ? r : seed(creation, err);
}

static int make(struct creation *creation, struct pipseed_error *err)
{
        struct venv *venv = creation->venv;
        int r = venv_make(venv, err);

        if (r == 0)
                r = describe(creation, err);
        if (r == 0)
                r = warn_of_kept(creation, err);
        if (r == 0 && send(creation, PIPSEED_EVENT_DETAIL, "environment created") != 0)
                r = error_cancelled(err);
        if (r == 0)
                r = seed(creation, err);
        if (r == 0)
                r = call_hooks(creation, HOOK_POST_CREATE, venv->existed, err);
        if (r == 0)
                r = venv_finish(venv, err);
        if (r < 0) {
                struct pipseed_error second = PIPSEED_ERROR_INIT;

                if (venv_roll_back(venv, &second) < 0)
                        (void)error_hint(err, "remove the unfinished environment (%.400s)", second.message);
        }
        return r;
}

int pipseed_create(const struct pipseed_create_request *req, struct pipseed_environment **ret_env,
                   struct pipseed_error *err)
{
        _cleanup_(creation_done) struct creation creation = {0};
        int r = begin(&creation, req, err);

        if (r == 0)
                r = call_before(&creation, err);
        if (r == 0)
                r = venv_open(creation.venv, err);
        if (r == 0)
                r = plan_seeding(&creation, err);
        if (r == 0)
                r = creation.seeding.dry_run ? pretend(&creation, err) : make(&creation, err);
        if (r < 0)
                return r;
        creation.result->env.seed_result = creation.result->seed_result;
        *ret_env = &steal_ptr(creation.result)->env;
        return 0;
}
