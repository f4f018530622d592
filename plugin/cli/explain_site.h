/* SPDX-License-Identifier: MIT */
/*
 * explain_site.h - what is installed in a tool's environment, by its files alone: the environment need not be the caller's,
 * or harmless.
 *
 *     if (site_find("/srv/tox/bin/python", prefix, config, sizeof(prefix)))
 *             answer = site_read(prefix, config);
 *
 * The answer is what explain_python.c asks of an interpreter: {"versions": {NAME: VERSION}, "seeder": bool}.
 */
#ifndef CLI_EXPLAIN_SITE_H
#define CLI_EXPLAIN_SITE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The distributions that are looked for; names as PEP 503 normalises them. */
#define EXPLAIN_N_BESIDE 14
extern const char *const explain_beside[EXPLAIN_N_BESIDE];

/* Is it the interpreter of an environment? Its directory, and its pyvenv.cfg (PEP 405: beside the interpreter, or one
 * above); both buffers have that size. */
bool site_find(const char *python, char *ret_prefix, char *ret_config, size_t size);
/* What the interpreter of the environment would find in it. A new reference; NULL: out of memory. */
json_t *site_read(const char *prefix, const char *config);

#endif
