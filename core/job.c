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
        req->user_allowed = true;
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
        if (req->env != NULL && req->python != NULL)
                return error_set(err, PIPSEED_E_USAGE, NULL, "an environment and an interpreter were both named");
        if (job->req.jobs == 0)
                job->req.jobs = count_processors();
        if (job->req.installer == NULL)
                job->req.installer = "pipseed";
        return 0;
}

static int find_cache(struct job *job, struct pipseed_error *err)
{
        int r = store_find_folder(job->req.cache_dir, &job->cache_folder, err);

        if (r != PIPSEED_E_NO_STORE && r != PIPSEED_E_STORE_OWNER)
                return r;
        r = job_tell(job, &(struct pipseed_error){0}, PIPSEED_EVENT_NOTE, "going on without a store: %s%s%s",
                     err->message, err->path[0] != '\0' ? ": " : "", err->path);
        error_clear(err);
        return r < 0 ? error_cancelled(err) : 0;
}

static int find_target(struct job *job, struct pipseed_error *err)
{
        const struct pipseed_request *req = &job->req;
        const struct target_query query = {.env = req->env, .python = req->python, .root = req->root,
                                           .cache_dir = job->cache_folder, .event = req->event,
                                           .event_data = req->event_data};
        int r = target_find(&query, &job->target, err);

        if (r < 0)
                return r;
        job->scheme = req->user ? &job->target->user_scheme : &job->target->scheme;
        job->roots[PLAN_LIB] = job->scheme->purelib;
        job->roots[PLAN_OTHER_LIB] = job->scheme->platlib;
        job->roots[PLAN_SCRIPTS] = job->scheme->scripts;
        job->roots[PLAN_HEADERS] = job->scheme->headers;
        job->roots[PLAN_DATA] = job->scheme->data;
        if (result_set_target(&job->result, job->target, job->scheme->scripts) < 0)
                return error_memory(err);
        return 0;
}

static int add_package(struct job *job, const char *name, size_t *capacity, struct pipseed_error *err)
{
        struct job_package package = {.specifier_text = ""};
        int r;

        if (!name_is_valid(name))
                return error_set(err, PIPSEED_E_BAD_VALUE, NULL, "'%s' is no name of a package", name);
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

/* auto: what ensurepip of that Python installs: setuptools as well below 3.12. */
static int list_packages(struct job *job, struct pipseed_error *err)
{
        const struct target *target = job->target;
        const char *names = job->req.packages;
        _cleanup_free_ char *copy = NULL;
        size_t capacity = 0;
        char *save = NULL;

        if (names == NULL || strcmp(names, "auto") == 0)
                names = target->major == 3 && target->minor < 12 ? "pip setuptools" : "pip";
        copy = strdup(names);
        if (copy == NULL)
                return error_memory(err);
        for (char *name = strtok_r(copy, " \t\n,", &save); name != NULL; name = strtok_r(NULL, " \t\n,", &save)) {
                int r = add_package(job, name, &capacity, err);

                if (r < 0)
                        return r;
        }
        if (job->n_packages == 0)
                return error_set(err, PIPSEED_E_BAD_VALUE, NULL, "no package is named in seed.packages");
        return 0;
}

int job_begin(const struct pipseed_request *req, struct job **ret_job, struct pipseed_error *err)
{
        _cleanup_(job_freep) struct job *job = calloc(1, sizeof(*job));
        int r;

        if (job == NULL)
                return error_memory(err);
        job->umask = file_umask();
        job->mend = (struct mend)MEND_INIT;
        r = copy_request(job, req, err);
        if (r == 0)
                r = find_cache(job, err);
        if (r == 0)
                r = find_target(job, err);
        if (r == 0)
                r = list_packages(job, err);
        if (r < 0)
                return r;
        *ret_job = steal_ptr(job);
        return 0;
}

/* Below Python 3.10 pip takes the user's scheme from distutils, which makes the user's base and site folder, where they
 * lie below HOME, for the user alone (create_home_path); before 3.7 os.makedirs does so for what lies above as well. */
static void set_private_folders(const struct job *job, struct top_way *way)
{
        const char *const folders[TOP_MAX_PRIVATE] = {job->scheme->data, job->scheme->purelib};
        const char *home = getenv("HOME");
        size_t n = 0;

        if (!job->req.user || home == NULL || job->target->major != 3 || job->target->minor >= 10)
                return;
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
                if (str_starts(folders[i], home))
                        way->private_folders[n++] = folders[i];
        way->private_parents = job->target->minor < 7;
}

static int open_txn(struct job *job, struct pipseed_error *err)
{
        struct txn_query query = {.roots = job->roots, .way.root = job->target->root,
                                  .way.prefix = job->target->is_venv ? job->target->prefix : NULL,
                                  .durable = job->req.durable, .umask = job->umask, .event = job->req.event, .event_data = job->req.event_data};

        set_private_folders(job, &query.way);
        txn_free(steal_ptr(job->txn));
        return txn_open(&query, &job->txn, err);
}

/* What a killed `pipseed venv` left comes first: it may have moved the environment's folders. */
static int mend_env(struct job *job, struct pipseed_error *err)
{
        struct mend *mend = &job->mend;

        if (!job->target->is_venv || job->target->root != NULL || job->req.dry_run || mend->fd >= 0)
                return 0;
        mend->durable = job->req.durable;
        mend->event = job->req.event;
        mend->event_data = job->req.event_data;
        return mend_before(mend, job->target->prefix, err);
}

int job_lock(struct job *job, struct pipseed_error *err)
{
        int r = mend_env(job, err);

        return r < 0 ? r : open_txn(job, err);
}

int job_finish(struct job *job, struct pipseed_error *err)
{
        return mend_after(&job->mend, job->target->prefix, err);
}

bool job_owns(const struct job *job, const struct installed *installed)
{
        return strcmp(installed->location, job->roots[PLAN_LIB]) == 0 ||
               strcmp(installed->location, job->roots[PLAN_OTHER_LIB]) == 0;
}

int job_survey(struct job *job, struct pipseed_error *err)
{
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
        /* The area may hold the private store: the transaction goes first, the fds of the store last. */
        txn_free(job->txn);
        mend_done(&job->mend);
        for (size_t i = 0; i < job->n_stores; i++)
                store_free(job->stores[i]);
        catalog_done(&job->catalog);
        result_builder_done(&job->result);
        target_free(job->target);
        arena_done(&job->arena);
        free(job->cache_folder);
        free(job);
}
