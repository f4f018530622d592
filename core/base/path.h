/* SPDX-License-Identifier: MIT */
/*
 * path.h - paths as text, without looking at the file system. A path is a C string of bytes; "/" separates.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* a + "/" + b with exactly one slash between, new memory; b alone when it is absolute. NULL: out of memory. */
char *path_join(const char *a, const char *b);
/* Returns the last component; the whole path if it has no slash. Points into path. */
const char *path_base(const char *path);
/* Returns the path without its last component ("/" for "/a", "." for "a"), new memory. NULL: out of memory. */
char *path_dir(const char *path);
/* Absolute and without ".", ".." and doubled slashes, by text alone (os.path.abspath), new memory. cwd is used for a
 * relative path. NULL: out of memory. */
char *path_absolute(const char *cwd, const char *path);
/* path_absolute with the current directory of the process. NULL and errno when that cannot be had. */
char *path_absolute_here(const char *path);
/* root + path, where path is absolute: join(root, path without its leading slashes), new memory; a copy of path when
 * root is NULL. (pip's --root, ensurepip.md.) */
char *path_rooted(const char *root, const char *path);
/* A relative path from directory `from` to `to`, both absolute and normalised (os.path.relpath), new memory. */
char *path_relative(const char *from, const char *to);
/* Returns whether the path is relative, not empty, and free of "", "." and ".." components, of backslashes and of
 * control characters. */
bool path_is_plain(const char *path);
/* Returns whether `path` is the directory `top` or below it, both absolute and normalised. */
bool path_is_below(const char *top, const char *path);

/* Returns whether the texts of the two paths name files of one directory. */
bool path_same_dir(const char *a, const char *b);

#endif
