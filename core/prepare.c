/* SPDX-License-Identifier: MIT */
#include "prepare.h"

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"

#include <fcntl.h>

int prepare_choose(struct job *job, const struct job_package *package, struct catalog_wheel **ret_wheel,
                   struct pipseed_error *err)
{
        const struct catalog_question question = {.project = package->project,
                                                  .specifier = package->specifier,
                                                  .specifier_text = package->specifier_text,
                                                  .tags = &job->target->tags,
                                                  .python_version = job->target->version};

        return catalog_choose(&job->catalog, &question, ret_wheel, err);
}

int prepare_choose_all(struct job *job, struct pipseed_error *err)
{
        int r = catalog_open(&job->req, &job->catalog, err);

        for (size_t i = 0; r == 0 && i < job->n_packages; i++) {
                r = prepare_choose(job, &job->packages[i], &job->packages[i].wheel, err);
                if (r == 0)
                        r = catalog_admit(&job->req, job->packages[i].wheel, err);
        }
        return r;
}

static int add_store(struct job *job, int dir_fd, const char *directory, const char *path, enum store_kind kind,
                     struct pipseed_error *err)
{
        int r = store_open(dir_fd, directory, path, kind, &job->stores[job->n_stores], err);

        if (r == 0)
                job->n_stores++;
        return r;
}

/* Says why a store is left out, and clears the error. */
static int leave_out(const struct job *job, enum pipseed_event_kind kind, const char *what, struct pipseed_error *err)
{
        struct pipseed_error why = *err;

        error_clear(err);
        return job_tell(job, err, kind, "%s: %s: %s", what, why.message, why.path);
}

int prepare_stores(struct job *job, struct txn *txn, struct pipseed_error *err)
{
        _cleanup_free_ char *private = NULL;
        int r;

        if (job->req.system_cache_dir != NULL && job->n_stores == 0) {
                r = add_store(job, AT_FDCWD, job->req.system_cache_dir, job->req.system_cache_dir, STORE_SYSTEM, err);
                if (r == PIPSEED_E_NO_MEMORY)
                        return r;
                if (r < 0)
                        r = leave_out(job, PIPSEED_EVENT_WARNING, "continuing without the system store", err);
                if (r < 0)
                        return r;
        }
        if (job->cache_dir != NULL) {
                r = add_store(job, AT_FDCWD, job->cache_dir, job->cache_dir, STORE_OWN, err);
                if (r == 0 || r == PIPSEED_E_NO_MEMORY)
                        return r;
                if (txn == NULL)
                        return r;
                r = leave_out(job, PIPSEED_EVENT_NOTE, "continuing without a store", err);
                if (r < 0)
                        return r;
                free(steal_ptr(job->cache_dir)); /* said once, however often staging starts over */
        }
        if (txn == NULL)
                return error_set(err, PIPSEED_E_NO_STORE, NULL, "no store available");
        private = path_join(txn->staging_path, "store");
        if (private == NULL)
                return error_memory(err);
        r = file_make_dirs(txn->roots[PLAN_LIB].staging_fd, "store", 0700);
        if (r < 0)
                return error_sys(err, r, private, "cannot create a directory in the staging directory");
        return add_store(job, txn->roots[PLAN_LIB].staging_fd, "store", private, STORE_PRIVATE, err);
}

static int read_wheel(void *data, const void **ret_bytes, size_t *ret_len, struct pipseed_error *err)
{
        return catalog_read(data, ret_bytes, ret_len, err);
}

int prepare_entry(struct job *job, struct job_package *package, struct pipseed_error *err)
{
        const struct entry_query query = {
                .stores = (const struct store *const *)job->stores,
                .n_stores = job->n_stores,
                .filename = package->wheel->filename,
                .path = package->wheel->path,
                .sha256 = package->wheel->sha256,
                .read = read_wheel,
                .read_data = package->wheel,
                .umask = job->umask,
                .durable = job->req.durable,
                .target = job->target,
                .bytecode = job->req.bytecode,
                .jobs = job->req.jobs,
                .event = job->req.event,
                .event_data = job->req.event_data,
        };

        entry_free(steal_ptr(package->entry));
        return entry_get(&query, &package->entry, err);
}
