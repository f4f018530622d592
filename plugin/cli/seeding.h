/* SPDX-License-Identifier: MIT */
/*
 * seeding.h - the result of a seeding as text, common to seed and venv. As JSON: document_seeding.
 *
 *     seeding_show_package(session, package);            with -v: how many files, where, from which wheel
 *     seeding_show_links(session, result);               with -v: how they got there
 *     seeding_show_details(session, result);             all of that
 */
#ifndef CLI_SEEDING_H
#define CLI_SEEDING_H

#include "common.h"

void seeding_show_package(struct session *session, const struct pipseed_package *package);
void seeding_show_links(struct session *session, const struct pipseed_result *result);
void seeding_show_details(struct session *session, const struct pipseed_result *result);

#endif
