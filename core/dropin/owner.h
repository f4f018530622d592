/* SPDX-License-Identifier: MIT */
/*
 * owner.h - which package of the system a file belongs to: dpkg's lists are read, rpm is asked.
 *
 *     r = owner_find("/usr/lib/python3.11/ensurepip/__init__.py", &owner);     1: "python3.11-venv"
 */
#ifndef DROPIN_OWNER_H
#define DROPIN_OWNER_H

/* path: absolute, without links. The package's name in new memory, without its architecture. 1; 0 none, or there is no
 * package manager; -errno. */
int owner_find(const char *path, char **ret_owner);
/* The same with another directory in the place of /var/lib/dpkg/info, and no rpm. */
int owner_find_dpkg(const char *info, const char *path, char **ret_owner);

#endif
