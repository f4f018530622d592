/* SPDX-License-Identifier: MIT */
/*
 * rooted.h - paths inside another root (an image, a chroot): symbolic links are resolved as a process with that root
 * would, so that "/usr/bin/python3" inside an image never names a file of the host.
 *
 *     _cleanup_free_ char *host = NULL;
 *
 *     r = rooted_resolve("/srv/image", "/usr/bin/python3", &host);      "/srv/image/usr/bin/python3.11"
 *     rooted_plain("/srv/image", host)                                  "/usr/bin/python3.11"
 *
 * It reads links one by one and holds nothing: it protects from links that are simply absolute, not from someone who
 * changes the image meanwhile. With root NULL every function works on the host itself.
 */
#ifndef TARGET_ROOTED_H
#define TARGET_ROOTED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* The path on the host, in new memory; the part that does not exist is kept as it is. With root NULL a copy of path.
 * root is absolute, normalised and not "/". 0 or -errno (ELOOP, EACCES, ENOMEM, ENAMETOOLONG). */
int rooted_resolve(const char *root, const char *path, char **ret_host);
/* The path inside root of a path that rooted_resolve gave; points into host. */
const char *rooted_plain(const char *root, const char *host);

/* stat(2) of a path inside root: 0 or -errno. */
int rooted_stat(const char *root, const char *path, struct stat *ret_stat);
/* Is there something of this type (S_IFREG, S_IFDIR), links followed? 1; 0: nothing, or something else; -errno when
 * that cannot be told: a disk's error must not look like an answer. */
int rooted_find(const char *root, const char *path, mode_t type);
/* file_read of a path inside root: 0 or -errno. */
int rooted_read(const char *root, const char *path, size_t limit, char **ret_data, size_t *ret_len);

#endif
