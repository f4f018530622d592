/* SPDX-License-Identifier: MIT */
/*
 * file.h - files beneath a held directory fd. Everything that writes into a target goes through here: paths are
 * relative, plain (path_is_plain) and resolved beneath the directory without following a symbolic link (openat2(2) with
 * RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, else one O_NOFOLLOW step for each component).
 *
 * Functions return 0 or a file descriptor, or -errno: they know too little to word an error.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Returns -errno of a call that has just failed: a failure for every caller, even if errno is not set. */
static inline int file_errno(void)
{
#ifdef __clang_analyzer__
        extern int file_any_errno(void); /* clang 14 does not follow the sign of -errno */
        const int r = file_any_errno();
#else
        const int r = -errno;
#endif

        return r < 0 ? r : -EIO;
}

/* Returns whether this errno of a system call means that the kernel or a sandbox lacks the call: the caller then uses
 * its fallback, if any. Old container sandboxes answer EPERM. */
static inline bool file_is_unavailable(int error)
{
        return error == ENOSYS || error == EPERM;
}

/* Opens a file or directory beneath dir_fd. flags as open(2); O_CLOEXEC is added. fd or -errno (ELOOP: a link is in the
 * way; EXDEV: the path leaves the directory). */
int file_open_beneath(int dir_fd, const char *path, int flags, mode_t mode);
/* Opens a directory for reading by a path in which links are followed, but never out of dir_fd: as openat2(2) does with
 * RESOLVE_BENEATH (-EXDEV when the path or a link leads out) or, with in_root, RESOLVE_IN_ROOT (dir_fd is "/" to it).
 * fd or -errno. */
int file_open_within(int dir_fd, const char *path, bool in_root);
/* Opens a directory by any path, following links, for reading. fd or -errno. */
int file_open_dir(const char *path);
int file_open_dir_at(int dir_fd, const char *path);

/* Reads a whole file into new memory with a NUL after it. -EFBIG when it is larger than limit bytes. ret_len may be
 * NULL. path is relative to dir_fd (AT_FDCWD for the current directory) and may follow links. */
int file_read(int dir_fd, const char *path, size_t limit, char **ret_data, size_t *ret_len);
int file_read_fd(int fd, size_t limit, char **ret_data, size_t *ret_len);

int file_write_all(int fd, const void *data, size_t len);
/* Copies what can be read from one file to another: inside the kernel (copy_file_range(2)) as far as that goes between
 * these two, else by hand. size is what is expected; more or less is copied as it comes. */
int file_copy(int from, int to, size_t size);
/* Closes and returns whether everything was written: 0 or -errno. fd is taken in any case. */
int file_close(int fd);
/* Creates a new file (O_EXCL) beneath dir_fd with exactly this mode (umask is not applied) and content. */
int file_create(int dir_fd, const char *path, mode_t mode, const void *data, size_t len);
/* Replaces name in dir_fd by rename of a new file; durable also syncs both. For caches and small state files. The new
 * file is ".NAME.pipseed-new", so that the next call takes up what a killed one left; a random name while another call
 * holds that one. */
int file_replace(int dir_fd, const char *name, mode_t mode, const void *data, size_t len, bool durable);
/* Replaces name likewise, with the two times of futimens(2). */
int file_replace_as(int dir_fd, const char *name, mode_t mode, const struct timespec *times, const void *data,
                    size_t len, bool durable);

/* Creates every missing component beneath dir_fd, with mode & ~umask as mkdir(2) does. */
int file_make_dirs(int dir_fd, const char *path, mode_t mode);
/* Creates every missing component of an absolute path. */
int file_make_dirs_abs(const char *path, mode_t mode);
/* Removes a file or a whole tree beneath dir_fd; links are removed, never followed. Absent is success. */
int file_remove_tree(int dir_fd, const char *path);
/* Removes likewise a directory that is held: what name in dir_fd refers to by now is removed only if it is empty. fd
 * stays open. */
int file_remove_held(int dir_fd, const char *name, int fd);

/* Returns the umask of the process without changing it (it reads /proc/self/status; 022 if that is not available). */
mode_t file_umask(void);
/* Writes a random name: prefix + 16 hex digits. size counts the ending NUL. 0 or -errno. */
int file_random_name(const char *prefix, char *ret_name, size_t size);

/* Renames to an unused name, else -EEXIST. If the kernel or file system lacks RENAME_NOREPLACE (renameat2(2)), it
 * checks first: another process may interfere between the two. */
int file_rename_new(int from_fd, const char *from, int to_fd, const char *to);
/* Exchanges two names (RENAME_EXCHANGE); -EOPNOTSUPP if the kernel or file system cannot. */
int file_rename_exchange(int from_fd, const char *from, int to_fd, const char *to);

#endif
