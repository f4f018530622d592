/* SPDX-License-Identifier: MIT */
#include "job.h"

#include "base/abi.h"
#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define REQUEST_MIN_SIZE offsetof(struct pipseed_request, env) /* all else has a default */
#define PIN_MIN_SIZE ABI_END(struct pipseed_pin, sha256)

void pipseed_request_init_size(struct pipseed_request *req, size_t size)
{
        abi_init(req, size);
        req->allow_user = true;
        req->bundled = true;
}

int job_tell(const struct job *job, struct pipseed_error *err, enum pipseed_event_kind kind, const char *format, ...)
{
        char text[1024];
        va_list arguments;

        if (job->req.event == NULL)
                return 0;
        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        return event_tell(job->req.event, job->req.event_data, kind, text, err);
}

static unsigned int count_processors(void)
{
        cpu_set_t set;

        if (sched_getaffinity(0, sizeof(set), &set) < 0)
                return 1;
        return (unsigned int)CPU_COUNT(&set);
}

int job_copy_request(const struct pipseed_request *req, struct pipseed_request *ret_req, struct pipseed_error *err)
{
        int r;

        pipseed_request_init(ret_req);
        r = abi_take(ret_req, sizeof(*ret_req), req, REQUEST_MIN_SIZE, "request", err);
        for (size_t i = 0; r == 0 && i < ret_req->n_pins; i++)
                if (ret_req->pins[i]->size < PIN_MIN_SIZE)
                        r = error_set(err, PIPSEED_E_USAGE, NULL, "a pin of the request has no size");
        return r;
}

static int copy_request(struct job *job, const struct pipseed_request *req, struct pipseed_error *err)
{
        int r = job_copy_request(req, &job->req, err);

        if (r < 0)
                return r;
        if (job->req.env != NULL && job->req.python != NULL)
                return error_set(err, PIPSEED_E_USAGE, NULL,
                                 "an environment and an interpreter are mutually exclusive");
        if (job->req.jobs == 0)
                job->req.jobs = count_processors();
        if (job->req.installer == NULL)
                job->req.installer = "pipseed";
        return 0;
}

static int find_cache(struct job *job, struct pipseed_error *err)
{
        int r = store_find_dir(job->req.cache_dir, &job->cache_dir, err);

        if (r != PIPSEED_E_NO_STORE && r != PIPSEED_E_STORE_UNTRUSTED)
                return r;
        r = job_tell(job, &(struct pipseed_error){0}, PIPSEED_EVENT_NOTE, "continuing without a store: %s%s%s",
                     err->message, err->path[0] != '\0' ? ": " : "", err->path);
        error_clear(err);
        return r < 0 ? error_cancelled(err) : 0;
}

static int find_target(struct job *job, enum job_purpose purpose, struct pipseed_error *err)
{
        const struct pipseed_request *req = &job->req;
        const bool is_seed = purpose == JOB_SEED || purpose == JOB_SEED_ON;
        const struct target_query query = {.env = req->env,
                                           .python = req->python,
                                           .root = req->root,
                                           .trust = req->trust,
                                           .n_trust = req->n_trust,
                                           .is_choice = is_seed && req->python != NULL,
                                           .is_told = purpose == JOB_SEED_ON,
                                           .look_only = purpose == JOB_LOOK || req->dry_run,
                                           .cache_dir = job->cache_dir,
                                           .event = req->event,
                                           .event_data = req->event_data};

        return target_find(&query, &job->target, err);
}

static int take_target(struct job *job, struct pipseed_error *err)
{
        const struct pipseed_request *req = &job->req;

        job->scheme = req->user ? &job->target->user_scheme : &job->target->scheme;
        if (result_set_target(&job->result, job->target, job->scheme->dirs[PLAN_SCRIPTS]) < 0)
                return error_memory(err);
        return 0;
}

static int add_package(struct job *job, const char *name, size_t *capacity, struct pipseed_error *err)
{
        struct job_package package = {.specifier_text = ""};
        int r;

        if (!name_is_valid(name))
                return error_set(err, PIPSEED_E_BAD_VALUE, NULL, "invalid package name '%s'", name);
        package.project = name_normalize(&job->arena, name);
        if (package.project == NULL)
                return error_memory(err);
        for (size_t i = 0; i < job->n_packages; i++)
                if (strcmp(job->packages[i].project, package.project) == 0)
                        return 0;
        if (strcmp(package.project, "pip") == 0 && job->req.pip != NULL) {
                package.specifier_text = strcmp(job->req.pip, "newest") == 0 ? "" : job->req.pip;
                r = specifier_parse_pin(job->req.pip, &package.specifier, err);
        } else {
                r = specifier_parse("", &package.specifier, err);
        }
        if (r < 0)
                return r;
        if (arena_grow(&job->arena, &job->packages, job->n_packages, capacity, sizeof(package)) < 0) {
                specifier_free(package.specifier);
                return error_memory(err);
        }
        job->packages[job->n_packages++] = package;
        return 0;
}

/* auto: what ensurepip of that Python installs. */
static int list_packages(struct job *job, struct pipseed_error *err)
{
        const struct target *target = job->target;
        const char *names = job->req.packages;
        _cleanup_free_ char *copy = NULL;
        size_t capacity = 0;
        char *save = NULL;

        if (names == NULL || strcmp(names, "auto") == 0)
                names = target_wants_setuptools(target) ? "pip setuptools" : "pip";
        copy = strdup(names);
        if (copy == NULL)
                return error_memory(err);
        for (char *name = strtok_r(copy, " \t\n,", &save); name != NULL; name = strtok_r(NULL, " \t\n,", &save)) {
                int r = add_package(job, name, &capacity, err);

                if (r < 0)
                        return r;
        }
        if (job->n_packages == 0)
                return error_set(err, PIPSEED_E_BAD_VALUE, NULL, "missing package name in seed.packages");
        return 0;
}

/* planned NULL: the request names the target. */
static int begin(const struct pipseed_request *req, enum job_purpose purpose, struct target *planned, bool starts_empty,
                 struct job **ret_job, struct pipseed_error *err)
{
        _cleanup_(job_freep) struct job *job = calloc(1, sizeof(*job));
        int r;

        if (job == NULL) {
                target_free(planned);
                return error_memory(err);
        }
        job->target = planned;
        job->is_planned = planned != NULL;
        job->starts_empty = starts_empty;
        job->umask = file_umask();
        job->recovery = (struct recovery)RECOVERY_INIT;
        r = copy_request(job, req, err);
        if (r == 0)
                r = find_cache(job, err);
        if (r == 0 && planned == NULL)
                r = find_target(job, purpose, err);
        if (r == 0)
                r = take_target(job, err);
        if (r == 0)
                r = list_packages(job, err);
        if (r < 0)
                return r;
        *ret_job = steal_ptr(job);
        return 0;
}

int job_begin(const struct pipseed_request *req, struct job **ret_job, struct pipseed_error *err)
{
        return job_begin_for(JOB_CHANGE, req, ret_job, err);
}

int job_begin_for(enum job_purpose purpose, const struct pipseed_request *req, struct job **ret_job,
                  struct pipseed_error *err)
{
        return begin(req, purpose, NULL, false, ret_job, err);
}

int job_begin_planned(const struct pipseed_request *req, struct target *target, bool starts_empty, struct job **ret_job,
                      struct pipseed_error *err)
{
        return begin(req, JOB_SEED, target, starts_empty, ret_job, err);
}

/* Below Python 3.10 pip takes the user's scheme from distutils, which makes the user's base and site directory, where
 * they lie below HOME, for the user alone (create_home_path); before 3.7 os.makedirs does so for what lies above as
 * well. */
static void set_private_dirs(const struct job *job, struct sysroot_way *way)
{
        const char *const directories[SYSROOT_MAX_PRIVATE] = {job->scheme->dirs[PLAN_DATA],
                                                              job->scheme->dirs[PLAN_LIB]};
        const char *home = getenv("HOME");
        size_t n = 0;

        if (!job->req.user || home == NULL || job->target->major != 3 || job->target->minor >= 10)
                return;
        for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
                if (str_starts(directories[i], home))
                        way->private_dirs[n++] = directories[i];
        way->private_parents = job->target->minor < 7;
}

static int open_txn(struct job *job, struct pipseed_error *err)
{
        struct txn_query query = {.roots = job->scheme->dirs,
                                  .way.root = job->target->root,
                                  .way.prefix = job->target->is_venv ? job->target->prefix : NULL,
                                  .durable = job->req.durable,
                                  .umask = job->umask,
                                  .event = job->req.event,
                                  .event_data = job->req.event_data};

        set_private_dirs(job, &query.way);
        txn_free(steal_ptr(job->txn));
        return txn_open(&query, &job->txn, err);
}

int job_check_inside(const struct job *job, struct pipseed_error *err)
{
        return job->target->is_venv ? txn_check_inside(job->scheme->dirs, job->target->prefix, job->target->root, err)
                                    : 0;
}

/* What a killed `pipseed venv` left comes first: it may have moved the environment's directories. A planned environment
 * is made by this very call, which has seen to that. */
static int recover_env(struct job *job, struct pipseed_error *err)
{
        struct recovery *recovery = &job->recovery;

        if (job->is_planned || !job->target->is_venv || job->target->root != NULL || job->req.dry_run ||
            recovery->fd >= 0)
                return 0;
        recovery->durable = job->req.durable;
        recovery->event = job->req.event;
        recovery->event_data = job->req.event_data;
        return recovery_before(recovery, job->target->prefix, err);
}

int job_lock(struct job *job, struct pipseed_error *err)
{
        int r = recover_env(job, err);

        return r < 0 ? r : open_txn(job, err);
}

int job_finish(struct job *job, struct pipseed_error *err)
{
        return recovery_after(&job->recovery, job->target->prefix, err);
}

bool job_owns(const struct job *job, const struct installed *installed)
{
        return scheme_has(job->scheme, installed->location);
}

int job_survey(struct job *job, struct pipseed_error *err)
{
        if (job->starts_empty)
                return 0;
        for (size_t i = 0; i < job->n_packages; i++) {
                struct job_package *package = &job->packages[i];
                int r;

                installed_list_done(&package->installed);
                package->current = NULL;
                r = installed_find(job->target, job->scheme, package->project, &package->installed, err);
                if (r < 0)
                        return r;
                if (package->installed.n_items > 0)
                        package->current = &package->installed.items[0];
        }
        return 0;
}

void job_free(struct job *job)
{
        if (job == NULL)
                return;
        for (size_t i = 0; i < job->n_packages; i++) {
                struct job_package *package = &job->packages[i];

                specifier_free(package->specifier);
                installed_list_done(&package->installed);
                plan_done(&package->plan);
                entry_free(package->entry);
        }
        /* The staging directory may hold the private store: the transaction goes first, the fds of the store last. */
        txn_free(job->txn);
        recovery_done(&job->recovery);
        for (size_t i = 0; i < job->n_stores; i++)
                store_free(job->stores[i]);
        catalog_done(&job->catalog);
        result_builder_done(&job->result);
        target_free(job->target);
        arena_done(&job->arena);
        free(job->cache_dir);
        free(job);
}
