/* SPDX-License-Identifier: MIT */
/*
 * admit.h - may an interpreter be run? The rule of base/trust.h with the directories and the choice of the query.
 *
 *     r = admit_interpreter(query, "/usr/bin/python3", env, err);
 *     1: run it. 0: it must not run, and the query wants no more than a look; it was told.
 */
#ifndef TARGET_ADMIT_H
#define TARGET_ADMIT_H

#include "target/pyvenv.h"
#include "target/target.h"

/* exe is absolute; env, or NULL, is the environment that it was found for: the directory that its `home` names has to
 * be trusted as well. PIPSEED_E_UNTRUSTED_INTERPRETER, IO, CANCELLED. */
int admit_interpreter(const struct target_query *query, const char *exe, const struct pyvenv *env,
                      struct pipseed_error *err);
/* For whoever only picks candidates: may it be run without being anybody's choice? */
bool admit_is_trusted(const char *exe, const char *const *trust, size_t n_trust);

#endif
