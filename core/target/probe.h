/* SPDX-License-Identifier: MIT */
/*
 * probe.h - one isolated call of an interpreter: `PY -I -S -c SCRIPT`. No shell; nothing of the caller's site-packages,
 * user site, .pth files or PYTHON* variables takes part; stdin is /dev/null; the wait is bounded.
 *
 *     struct probe probe = { .exe = "/usr/bin/python3", .event = event, .event_data = data };
 *
 *     r = probe_facts(&probe, &json, err);                   what facts.h parses
 *     r = probe_executable(&probe, &path, err);              of "/root/.pyenv/shims/python3"
 */
#ifndef TARGET_PROBE_H
#define TARGET_PROBE_H

#include "pipseed.h"

#define PROBE_TIMEOUT_MS (30 * 1000)

/* Placeholders that the answer has in the place of an environment's prefix and of the user base. */
#define PROBE_PREFIX "/pipseed-prefix"
#define PROBE_USER "/pipseed-user"

struct probe {
        const char *exe;
        pipseed_event_fn *event; /* gets ticks while the interpreter is waited for, and may end that; or NULL */
        void *event_data;
};

/* The facts as JSON text, in new memory. PIPSEED_E_PROBE_FAILED: cannot be run, failed (last line of its stderr), took
 * too long, or answered something else. PIPSEED_E_BAD_TARGET: too old to know -I. CANCELLED. */
int probe_facts(const struct probe *probe, char **ret_json, struct pipseed_error *err);

/* sys.executable, for a script that runs another interpreter; in new memory. Errors as probe_facts. */
int probe_executable(const struct probe *probe, char **ret_path, struct pipseed_error *err);

/* The text of the script of probe_facts: whoever remembers answers has to ask again when it changes. */
const char *probe_script(void);

/* Lower-case hex of bytes to a string in new memory: NULL when it is none, is empty or contains NUL. */
char *probe_unhex(const char *hex);

#endif
