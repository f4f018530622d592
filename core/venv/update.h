/* SPDX-License-Identifier: MIT */
/*
 * update.h - a layout in a folder that is there already, as venv treats it: what is there stays, its own files are
 * written anew, links to interpreters are not. Everything new is made in a hidden folder first (.pipseed-venv) and then
 * renamed file by file; when one fails, those before are taken back.
 */
#ifndef VENV_UPDATE_H
#define VENV_UPDATE_H

#include "venv/layout.h"

/* fd: the folder, whose lock the caller holds. Errors: IO, NOT_EMPTY (something else is where a folder or file has to
 * be), NO_MEMORY. */
int update_folder(const struct layout *layout, int fd, const char *path, struct pipseed_error *err);

#endif
