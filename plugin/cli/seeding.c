/* SPDX-License-Identifier: MIT */
#include "seeding.h"

void seeding_show_package(struct session *session, const struct pipseed_package *package)
{
        if (package->action == PIPSEED_ACTION_NONE)
                return;
        output_detail(session->out, 1, "%ju files, %ju of them bytecode, in %s", (uintmax_t)package->n_files,
                      (uintmax_t)package->n_pyc, package->location);
        output_detail(session->out, 1, "from %s (%s)", package->wheel != NULL ? package->wheel : "no wheel",
                      package->source != NULL ? package->source : "unknown source");
}

void seeding_show_links(struct session *session, const struct pipseed_result *result)
{
        output_detail(session->out, 1, "Python %s, %s: %ju reflinks, %ju hard links, %ju copies, %ju symbolic links",
                      result->version, result->python, (uintmax_t)result->n_reflinked, (uintmax_t)result->n_hardlinked,
                      (uintmax_t)result->n_copied, (uintmax_t)result->n_symlinked);
}

void seeding_show_details(struct session *session, const struct pipseed_result *result)
{
        for (size_t i = 0; i < result->n_packages; i++)
                seeding_show_package(session, result->packages[i]);
        seeding_show_links(session, result);
}
