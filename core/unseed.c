/* SPDX-License-Identifier: MIT */
/* Taking pip out again, by RECORD: one transaction, as a seeding is. */
#include "base/error.h"
#include "install/stage/merge.h"
#include "install/stage/removal.h"
#include "job.h"

#include <string.h>

static int check_allowed(const struct job *job, struct pipseed_error *err)
{
        return job->req.override_externally_managed ? 0 : target_check_managed(job->target, false, err);
}

static int take_out(struct job *job, const struct removal *removal, struct pipseed_package *package,
                    struct pipseed_error *err)
{
        int r = job->req.dry_run ? 0 : merge_add_changes(job->txn, NULL, removal, err);

        if (r < 0)
                return r;
        package->n_files = removal->n_paths;
        for (size_t i = 0; i < removal->n_paths; i++)
                if (removal->paths[i].root == PLAN_SCRIPTS &&
                    result_add_script(&job->result, removal->paths[i].path) < 0)
                        return error_memory(err);
        return 0;
}

static int take_out_package(struct job *job, const struct job_package *package, struct pipseed_error *err)
{
        struct pipseed_package p = {.name = package->project, .action = PIPSEED_ACTION_NONE};
        _cleanup_(removal_done) struct removal removal = {0};
        int r = 0;

        if (package->current == NULL)
                return result_add_package(&job->result, &p) < 0 ? error_memory(err) : 0;
        p.version = package->current->version;
        p.location = package->current->location;
        for (size_t i = 0; r == 0 && i < package->installed.n_items; i++) {
                if (!job_owns(job, &package->installed.items[i]))
                        continue;
                p.action = PIPSEED_ACTION_REMOVED;
                r = removal_load(job->txn, &package->installed.items[i], &removal, err);
        }
        if (r == 0 && p.action == PIPSEED_ACTION_REMOVED)
                r = take_out(job, &removal, &p, err);
        if (r == 0 && p.action == PIPSEED_ACTION_NONE)
                r = job_tell(job, err, PIPSEED_EVENT_NOTE,
                             "leaving %s %s in '%s' alone: it is not the environment's own", p.name, p.version,
                             p.location);
        if (r == 0 && result_add_package(&job->result, &p) < 0)
                r = error_memory(err);
        return r;
}

int pipseed_unseed(const struct pipseed_request *req, struct pipseed_result **ret_result, struct pipseed_error *err)
{
        _cleanup_(job_freep) struct job *job = NULL;
        int r = job_begin(req, &job, err);

        if (r == 0)
                r = check_allowed(job, err);
        if (r == 0)
                r = job_lock(job, err);
        if (r == 0)
                r = job_survey(job, err);
        if (r == 0 && !job->req.dry_run && job->txn->roots[PLAN_LIB].fd >= 0)
                r = txn_prepare(job->txn, err);
        for (size_t i = 0; r == 0 && i < job->n_packages; i++)
                r = take_out_package(job, &job->packages[i], err);
        /* What is done must not be reported as failed because memory for the report is missing. */
        if (r == 0 && result_reserve(&job->result) < 0)
                r = error_memory(err);
        if (r == 0 && job->txn->n_changes > 0)
                r = txn_commit(job->txn, err);
        if (r == 0)
                r = job_finish(job, err);
        if (r == 0)
                *ret_result = result_steal(&job->result);
        return r;
}
