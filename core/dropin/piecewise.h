/* SPDX-License-Identifier: MIT */
/*
 * piecewise.h - the changes of swap.h where the package's directory cannot change its name: file by file, __init__.py
 * deciding which ensurepip it is. Each can be repeated after an interruption. All 0 or -errno.
 */
#ifndef DROPIN_PIECEWISE_H
#define DROPIN_PIECEWISE_H

/* The files of PACKAGE_NEW replace those of our package. */
int piecewise_refresh(int stdlib_fd);
/* The interpreter's own is copied to PACKAGE_KEPT, and becomes ours. */
int piecewise_put(int stdlib_fd);
/* What is in PACKAGE_KEPT becomes the package. */
int piecewise_restore(int stdlib_fd);

#endif
