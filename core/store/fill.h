/* SPDX-License-Identifier: MIT */
/*
 * fill.h - writing a wheel's files into a directory of the store.
 */
#ifndef STORE_FILL_H
#define STORE_FILL_H

#include "base/event.h"
#include "manifest.h"
#include "wheel/wheel.h"

/* Makes every directory on the way to these files beneath dir_fd. Paths are sorted. 0 or -errno. */
int fill_make_dirs(int dir_fd, const struct wheel_file *files, size_t n_files);

/* Writes the wheel's files beneath dir_fd, modes as pip's under this umask, and returns the manifest of what was
 * written. manifest.info points into the wheel. CANCELLED, IO. */
int fill_files(int dir_fd, const struct wheel *wheel, mode_t umask, const char *path, struct progress *progress,
               struct manifest *ret_manifest, struct pipseed_error *err);

/* Writes "manifest" into dir_fd. 0 or -errno. */
int fill_manifest(int dir_fd, const struct manifest *manifest);

#endif
