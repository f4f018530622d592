/* SPDX-License-Identifier: MIT */
/*
 * batch.h - one job for each of several environments: those on the command line and those of --from-file; without
 * either, once for the default target. Jobs run on several threads, results are shown in the order of the environments,
 * an error in one does not stop the others.
 *
 *     static const struct batch_job job = {.work = seed, .show = show, .release = batch_release_result,
 *                                          .doing = "seeding"};
 *
 *     return batch_run(session, &job);
 */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

#include "common.h"
#include "json_output.h"

struct batch_job {
        /* On any thread. */
        int (*work)(const struct pipseed_request *req, void **ret_result, struct pipseed_error *err);
        /* Prints the outcome and adds it to the document (already begun; NULL without --json). Returns 0 or a code
         * that makes the exit code, such as that of a finding. On the main thread. */
        int (*show)(struct session *session, const struct pipseed_request *req, const void *result,
                    struct json_output *document);
        void (*release)(void *result);
        const char *doing;   /* "seeding", for progress */
        const char *trouble; /* status in the document when show returns a code */
        bool verifies;       /* its calls share a struct pipseed_verify_cache */
        bool integrity;      /* several failures, all of class integrity, make exit code 4 instead of 1 */
};

/* Work and release of the jobs whose result is a struct pipseed_result. */
int batch_result(int (*call)(const struct pipseed_request *, struct pipseed_result **, struct pipseed_error *),
                 const struct pipseed_request *req, void **ret_result, struct pipseed_error *err);
void batch_release_result(void *result);

/* Returns the exit code: for one environment that of its code; for several 0, or 1 when one failed. */
int batch_run(struct session *session, const struct batch_job *job);

#endif
