/* SPDX-License-Identifier: MIT */
/*
 * image.h - facts about an interpreter inside another root, from its files alone: the file system of a device, a
 * container or a cross build must never be executed.
 */
#ifndef TARGET_IMAGE_H
#define TARGET_IMAGE_H

#include "target/facts.h"
#include "target/pyvenv.h"

/*
 * exe is an absolute path inside root that exists there. The version comes from the name behind its links (python3.11),
 * or from the one lib/pythonX.Y directory beside it; the layout from dist-packages and /etc/debian_version; the magic
 * number from the table of released CPythons. The platform and the C library stay unknown. PIPSEED_E_BAD_TARGET: no
 * CPython from 3.6 on, or its version cannot be told.
 */
int image_facts(struct arena *arena, const char *root, const char *exe, struct facts *ret_facts,
                struct pipseed_error *err);

/*
 * The same about an interpreter of the host that must not be run: from its files, else from those of env (or NULL), the
 * environment that it is the base of. facts.is_unrun is set. PIPSEED_E_UNTRUSTED_INTERPRETER: the files do not tell.
 */
int image_facts_unrun(struct arena *arena, const char *exe, const struct pyvenv *env, struct facts *ret_facts,
                      struct pipseed_error *err);

/* MAGIC_NUMBER of the releases of CPython 3.minor, as a number; 0: not known. */
unsigned int image_magic(int minor);

#endif
