/* SPDX-License-Identifier: MIT */
/*
 * script.h - console scripts: the shebang, the body, and which names a project's scripts get.
 */
#ifndef INSTALL_SCRIPT_H
#define INSTALL_SCRIPT_H

#include "base/arena.h"
#include "base/str.h"
#include "pipseed.h"
#include "wheel/wheel.h"

/* "#!EXE\n", or the /bin/sh form when the kernel could not take EXE (a blank in it, or len(EXE) + 3 > 127). Byte for byte
 * pip's when EXE needs no quoting in sh and Python; quoted so that it runs with any path otherwise. */
void script_add_shebang(struct str *out, const char *exe);

/* The whole script for an entry point, as pip of that version writes it. */
void script_add(struct str *out, const char *exe, const struct entry_point *entry, const char *pip_version);

/* A `.data/scripts` file whose first line starts with "#!python": its shebang replaced as pip does it ("#!pythonw"
 * likewise). False and nothing appended when the file is to be installed as it is. */
bool script_add_rewritten(struct str *out, const char *exe, const uint8_t *data, size_t len);

/* One script to write. */
struct script_name {
        const char *name;
        const struct entry_point *entry;
};

/* The scripts of a wheel in pip's order: pip's and easy_install's variants by `scripts` and the target's version, every
 * other entry point as it is. Duplicates are dropped as pip drops them. */
int script_names(struct arena *arena, const struct wheel_info *wheel, enum pipseed_scripts scripts, int major, int minor,
                 struct script_name **ret_names, size_t *ret_n, struct pipseed_error *err);

/* May a file of this name be put into a scripts folder? Plain; never python*, pypy*, activate*, deactivate*, or a leading
 * dash or dot. */
bool script_name_is_safe(const char *name);

#endif
