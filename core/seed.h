/* SPDX-License-Identifier: MIT */
/*
 * seed.h - the steps of pipseed_seed, for create.c, which has something to do between them:
 *
 *     r = job_begin_for(JOB_SEED, req, &job, err);
 *     r = seed_check_allowed(job, err);           may this request change this target at all?
 *     r = job_lock(job, err);
 *     r = seed_decide(job, err);                  what is installed, which wheels are to be; all that can be refused is
 *     r = seed_carry_out(job, &result, err);      with dry_run: reads and checks them as a real run does, and keeps
 *                                                 nothing
 */
#ifndef PIPSEED_SEED_H
#define PIPSEED_SEED_H

#include "job.h"

/* All of them. */
int seed_for(enum job_purpose purpose, const struct pipseed_request *req, struct pipseed_result **ret_result,
             struct pipseed_error *err);

int seed_check_allowed(const struct job *job, struct pipseed_error *err);
int seed_decide(struct job *job, struct pipseed_error *err);
int seed_carry_out(struct job *job, struct pipseed_result **ret_result, struct pipseed_error *err);

#endif
