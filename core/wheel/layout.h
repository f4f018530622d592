/* SPDX-License-Identifier: MIT */
/*
 * layout.h - where things lie inside a wheel (PEP 427, the binary distribution format): its one .dist-info directory,
 * its .data directory, and what may be in the latter. Judged by the names of the members alone.
 *
 *     r = layout_find(&arena, &zip, &name, path, &layout, err);
 */
#ifndef WHEEL_LAYOUT_H
#define WHEEL_LAYOUT_H

#include "base/arena.h"
#include "name.h"
#include "zip.h"

struct layout {
        const char *dist_info; /* "pip-26.3.dist-info" */
        const char *data_dir;  /* "pip-26.3.data", also when the wheel has none */
        const char *version;   /* as spelled in dist_info */
};

/*
 * Only directories at the top count: setuptools carries other projects' .dist-info directories deeper down. Errors:
 * PIPSEED_E_DIST_INFO: not exactly one, or of another name or version than the file name says. PIPSEED_E_DATA_SCHEME: a
 * .data directory of another name or version, a sub-directory other than purelib, platlib, headers, scripts and data, a
 * file that would go to pyvenv.cfg. PIPSEED_E_SCRIPT_NAME: a file in .data/scripts or .data/data/bin that is not a
 * plain, safe script name (entrypoint.h). PIPSEED_E_RESERVED_NAME: a name that belongs to pipseed, venv, the
 * interpreter or the site's administrator (reserved.h).
 */
int layout_find(struct arena *arena, const struct zip *zip, const struct wheel_name *name, const char *path,
                struct layout *ret_layout, struct pipseed_error *err);

/* Are both valid and equal (PEP 440: "1.0" and "v1" are)? 0, or -1 when memory runs out. */
int layout_same_version(const char *a, const char *b, bool *ret_same);

#endif
