/* SPDX-License-Identifier: MIT */
/*
 * job.h - one call of the library from its request to its result: what seed.c, unseed.c and verify.c share.
 *
 *     _cleanup_(job_freep) struct job *job = NULL;
 *
 *     r = job_begin(req, &job, err);           the target, its scheme, the packages to look after
 *     r = job_lock(job, err);                  the target is ours, and repaired
 *     r = job_survey(job, err);                what of these packages is installed
 */
#ifndef PIPSEED_JOB_H
#define PIPSEED_JOB_H

#include "base/arena.h"
#include "base/cleanup.h"
#include "install/plan/plan.h"
#include "install/txn/txn.h"
#include "pipseed.h"
#include "result.h"
#include "store/entry.h"
#include "store/store.h"
#include "target/installed.h"
#include "target/target.h"
#include "venv/recovery.h"
#include "wheel/catalog.h"
#include "wheel/version.h"

/* One package of the request, and the decision about it. */
struct job_package {
        const char *project;
        struct specifier *specifier; /* of the policy: pip's own; empty for others */
        const char *specifier_text;
        struct installed_list installed;
        const struct installed *current; /* the one Python uses, or NULL */
        struct catalog_wheel *wheel;     /* chosen, or NULL: nothing to install */
        enum pipseed_action action;
        struct entry *entry;
        struct plan plan;
};

struct job {
        struct arena arena;
        struct pipseed_request req; /* a copy that may be of an older, shorter struct */
        char *cache_dir;            /* NULL: no store */
        struct target *target;
        bool is_planned, starts_empty; /* job_begin_planned */
        const struct target_scheme *scheme;
        struct job_package *packages;
        size_t n_packages;
        struct catalog catalog;
        mode_t umask;
        struct recovery recovery; /* of the environment as a whole */
        struct txn *txn;
        struct store *stores[2]; /* looked through in order */
        size_t n_stores;
        struct result_builder result;
};

/* Copies the request of a caller that may be built against an older header: members missing there keep their defaults.
 * USAGE. */
int job_copy_request(const struct pipseed_request *req, struct pipseed_request *ret_req, struct pipseed_error *err);

int job_begin(const struct pipseed_request *req, struct job **ret_job, struct pipseed_error *err);
/* Begins a job for an environment that this call creates (create.c): takes target, the planned one, in any case
 * (build_planned). */
int job_begin_planned(const struct pipseed_request *req, struct target *target, bool starts_empty, struct job **ret_job,
                      struct pipseed_error *err);
/* The purpose of the job decides whose interpreter it may run (target.h). job_begin is for JOB_CHANGE. */
enum job_purpose {
        JOB_CHANGE,
        JOB_SEED,    /* an interpreter that the request names is the caller's choice */
        JOB_SEED_ON, /* the same, which the caller was told already */
        JOB_LOOK,    /* as every dry run */
};
int job_begin_for(enum job_purpose purpose, const struct pipseed_request *req, struct job **ret_job,
                  struct pipseed_error *err);
int job_lock(struct job *job, struct pipseed_error *err);
/* Checks, for callers that only read, that no link in the environment's scheme leads out of it. UNTRUSTED_PATH. */
int job_check_inside(const struct job *job, struct pipseed_error *err);
/* Completes an environment that was waiting for this work. */
int job_finish(struct job *job, struct pipseed_error *err);
int job_survey(struct job *job, struct pipseed_error *err);
void job_free(struct job *job);
DEFINE_CLEANUP(struct job *, job_free)

/* Sends an event. PIPSEED_E_CANCELLED when the caller wants to stop. */
int job_tell(const struct job *job, struct pipseed_error *err, enum pipseed_event_kind kind, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* Returns whether this installed distribution is in a directory that the job writes to. */
bool job_owns(const struct job *job, const struct installed *installed);

#endif
