/* SPDX-License-Identifier: MIT */
/*
 * script.h - console scripts: the shebang, the body, and which names a project's scripts get.
 *
 *     r = script_names(&arena, wheel, PIPSEED_SCRIPTS_DEFAULT, 3, 13, "26.3", &names, &n, err);
 *     for (size_t i = 0; i < n; i++)
 *             script_add(&text, "/srv/venv/bin/python", names[i].entry, "26.3");
 */
#ifndef INSTALL_SCRIPT_H
#define INSTALL_SCRIPT_H

#include "base/arena.h"
#include "base/str.h"
#include "pipseed.h"
#include "wheel/wheel.h"

/* "#!EXE\n", or the /bin/sh form when the kernel or Python could not take that line: a blank or a control character in
 * it, bytes that are not UTF-8, "coding:" or "coding=" (Python would read an encoding), or len(EXE) + 3 > 127. Byte for
 * byte pip's wherever pip's works; quoted so that sh and Python both take any path otherwise. */
void script_add_shebang(struct str *out, const char *exe);

/* The whole script for an entry point, as pip of that version writes it. */
void script_add(struct str *out, const char *exe, const struct entry_point *entry, const char *pip_version);

/* A `.data/scripts` file whose first line starts with "#!python": its shebang replaced as pip does it ("#!pythonw" and
 * "#!python -u" likewise, options are lost). Where the /bin/sh form is needed, an encoding that the second line
 * declares stays on the second line. False and nothing appended when the file is to be installed as it is. */
bool script_add_rewritten(struct str *out, const char *exe, const uint8_t *data, size_t len);

/* One script to write. */
struct script_name {
        const char *name;
        const struct entry_point *entry;
        /* how many rows pip writes into RECORD: 2 when it writes the script twice, which pips before 22.3.1 do with
         * pip3.10 on Python 3.10, and all of them with a name that is both a console and a GUI script */
        unsigned int n_rows;
};

/* The scripts of a wheel in pip's order: pip's and easy_install's variants by `scripts` and the target's version, every
 * other entry point as it is. Each name comes once, with the entry point that wins. The array is never NULL. */
int script_names(struct arena *arena, const struct wheel_info *wheel, enum pipseed_scripts scripts, int major,
                 int minor, const char *pip_version, struct script_name **ret_names, size_t *ret_n,
                 struct pipseed_error *err);

/* For a package that is installed again: of the scripts that pip names after the Python, those come that are listed,
 * whatever they are called (virtualenv makes a pip-3.13), instead of those of `scripts`. Where none of a project's is
 * listed, nothing changes. The array of script_names is taken over. */
int script_keep(struct arena *arena, const struct wheel_info *wheel, const char *const *listed, size_t n_listed,
                struct script_name **names, size_t *n, struct pipseed_error *err);

/* Does a file of `.data/scripts` stand for an entry point (NAME, NAME.exe, NAME-script.py, NAME.pya)? pip leaves it out
 * and writes its own script instead. */
bool script_is_wrapper(const struct wheel_info *wheel, const char *path);

/* May a file of this name be put into a scripts directory? Plain; never python*, pypy*, activate*, deactivate*, or a
 * leading dash or dot. */
bool script_name_is_safe(const char *name);

#endif
