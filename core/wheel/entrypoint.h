/* SPDX-License-Identifier: MIT */
/*
 * entrypoint.h - entry_points.txt as configparser and importlib.metadata read it, of which only the sections
 * console_scripts and gui_scripts matter: name = module:attr [extras].
 *
 *     r = entry_points_parse(&arena, text, len, path, &points, &n, err);
 *
 * The two readers differ in continuation lines, comments with ";", and what ends a line. Where a file would mean
 * different scripts to them, it is refused. Script names are refused here, not where scripts get written, because a
 * wheel that brings one is refused whole.
 */
#ifndef WHEEL_ENTRYPOINT_H
#define WHEEL_ENTRYPOINT_H

#include "base/arena.h"
#include "pipseed.h"

#include <stdbool.h>
#include <stddef.h>

#define ENTRY_POINTS_MAX_SIZE ((size_t)256 * 1024)
#define ENTRY_POINTS_MAX ((size_t)1000)

struct entry_point; /* wheel.h */

/* May a file of this name be put into a scripts directory? One plain component of at most 255 bytes, UTF-8 without
 * blanks and invisible characters; never python*, pypy*, activate*, deactivate* (in any case of letters), or a leading
 * dash or dot. */
bool entry_point_name_is_safe(const char *name);

/*
 * The scripts in the file's order, strings and array in the arena; path is for messages. Errors: PIPSEED_E_ENTRY_POINTS
 * with the line number: no UTF-8 text, larger than ENTRY_POINTS_MAX_SIZE, more scripts than ENTRY_POINTS_MAX, a line
 * before the first section, one of the two sections or a script given twice, no "module:attr" of dotted ASCII
 * identifiers. PIPSEED_E_SCRIPT_NAME: a name that is not safe.
 */
int entry_points_parse(struct arena *arena, const char *text, size_t len, const char *path,
                       const struct entry_point **ret_points, size_t *ret_n, struct pipseed_error *err);

#endif
