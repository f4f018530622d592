/* SPDX-License-Identifier: MIT */
#include "file.h"

#include "cleanup.h"
#include "leftover.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

/* A component that is not a directory: is it a link, as openat2 would tell? */
static int no_dir(int dir_fd, const char *name)
{
        char target[1];

        return readlinkat(dir_fd, name, target, sizeof(target)) >= 0 ? -ELOOP : -ENOTDIR;
}

/* One component at a time, for kernels before 5.6 and sandboxes that answer ENOSYS or EPERM. */
static int open_stepwise(int dir_fd, const char *path, int flags, mode_t mode)
{
        _cleanup_close_ int held = -1;
        int current = dir_fd;

        if (!path_is_plain(path) && strcmp(path, ".") != 0)
                return -EXDEV;
        for (;;) {
                size_t len = strcspn(path, "/");
                char name[NAME_MAX + 1];
                int next;

                if (len > NAME_MAX)
                        return -ENAMETOOLONG;
                memcpy(name, path, len);
                name[len] = '\0';
                if (path[len] == '\0') {
                        next = openat(current, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
                        if (next >= 0)
                                return next;
                        return errno == ENOTDIR ? no_dir(current, name) : -errno;
                }
                next = openat(current, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (next < 0)
                        return errno == ENOTDIR ? no_dir(current, name) : -errno;
                if (held >= 0)
                        (void)close(held);
                held = current = next;
                path += len + 1;
        }
}

int file_open_beneath(int dir_fd, const char *path, int flags, mode_t mode)
{
        struct open_how how = {
                .flags = (uint64_t)(unsigned int)flags | O_CLOEXEC,
                .mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? mode : 0,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
        };
        /* EAGAIN: the kernel saw a concurrent rename and could not tell whether ".." stayed beneath; try again. */
        for (int tries = 0; tries < 16; tries++) {
                long fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));

                if (fd >= 0)
                        return (int)fd;
                if (errno != EAGAIN && errno != EINTR)
                        break;
        }
        if (file_is_unavailable(errno) || errno == EAGAIN)
                return open_stepwise(dir_fd, path, flags, mode);
        return -errno;
}

int file_open_dir_at(int dir_fd, const char *path)
{
        int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int file_open_dir(const char *path)
{
        return file_open_dir_at(AT_FDCWD, path);
}

int file_read_fd(int fd, size_t limit, char **ret_data, size_t *ret_len)
{
        _cleanup_free_ char *data = NULL;
        struct stat st;
        size_t size;
        size_t len = 0;

        if (fstat(fd, &st) < 0)
                return file_errno();
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (st.st_size > 0 && (uint64_t)st.st_size > limit)
                return -EFBIG;
        size = st.st_size > 0 ? (size_t)st.st_size + 1 : 4096;
        data = malloc(size + 1);
        if (data == NULL)
                return -ENOMEM;
        for (;;) {
                ssize_t n = read(fd, data + len, size - len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return file_errno();
                if (n == 0)
                        break;
                len += (size_t)n;
                if (len > limit)
                        return -EFBIG;
                if (len == size) {
                        char *larger = realloc(data, size * 2 + 1);

                        if (larger == NULL)
                                return -ENOMEM;
                        data = larger;
                        size *= 2;
                }
        }
        data[len] = '\0';
        *ret_data = steal_ptr(data);
        if (ret_len != NULL)
                *ret_len = len;
        return 0;
}

int file_read(int dir_fd, const char *path, size_t limit, char **ret_data, size_t *ret_len)
{
        /* O_NONBLOCK: a FIFO in a file's place must not hang us. */
        _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

        if (fd < 0)
                return file_errno();
        return file_read_fd(fd, limit, ret_data, ret_len);
}

int file_write_all(int fd, const void *data, size_t len)
{
        const char *bytes = data;

        while (len > 0) {
                ssize_t n = write(fd, bytes, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EIO;
                bytes += n;
                len -= (size_t)n;
        }
        return 0;
}

static int copy_by_hand(int from, int to)
{
        char buffer[64 * 1024];

        for (;;) {
                ssize_t n = read(from, buffer, sizeof(buffer));
                int r;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                r = file_write_all(to, buffer, (size_t)n);
                if (r < 0)
                        return r;
        }
}

int file_copy(int from, int to, size_t size)
{
        size_t done = 0;

        while (done < size) {
                ssize_t n = copy_file_range(from, NULL, to, NULL, size - done, 0);

                if (n < 0 && errno == EINTR)
                        continue;
                /* Not between these file systems, or not for these files: by hand, from where it got to. */
                if (n <= 0)
                        return n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG)
                                       ? -errno
                                       : copy_by_hand(from, to);
                done += (size_t)n;
        }
        return 0;
}

int file_close(int fd)
{
        /* Linux closes the descriptor also when close says EINTR; the data is not in doubt then. */
        if (close(fd) < 0 && errno != EINTR)
                return -errno;
        return 0;
}

static int fill(int fd, mode_t mode, const struct timespec *times, const void *data, size_t len, bool durable)
{
        int r = file_write_all(fd, data, len);

        if (r < 0)
                return r;
        if (fchmod(fd, mode) < 0 || (times != NULL && futimens(fd, times) < 0))
                return -errno;
        return durable && fsync(fd) < 0 ? -errno : 0;
}

static int fill_and_close(int fd_taken, mode_t mode, const void *data, size_t len)
{
        _cleanup_close_ int fd = fd_taken;
        int r = fill(fd, mode, NULL, data, len, false);

        return r < 0 ? r : file_close(steal_fd(&fd));
}

/* The descriptor, which may hold the lock of the name, is closed last; a second one hears what close has to say
 * before. */
static int fill_and_rename(int dir_fd, int fd_taken, const char *temporary, const char *name, mode_t mode,
                           const struct timespec *times, const void *data, size_t len, bool durable)
{
        _cleanup_close_ int fd = fd_taken;
        int r = fill(fd, mode, times, data, len, durable);
        int second = r == 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;

        if (r == 0)
                r = second < 0 ? -errno : file_close(second);
        if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
                r = -errno;
        return r;
}

int file_create(int dir_fd, const char *path, mode_t mode, const void *data, size_t len)
{
        int fd = file_open_beneath(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL, mode & 0777);

        if (fd < 0)
                return fd;
        return fill_and_close(fd, mode, data, len);
}

/* Locks the file and empties it. 0; -EBUSY: it is not this user's alone, or another call has it; else -errno. One with
 * a second name could be anybody's file. Where locks do not work only a new one will do. */
static int take_over(int dir_fd, int fd, const char *name, bool is_new)
{
        struct stat held, named;

        if (fstat(fd, &held) < 0)
                return file_errno();
        if (!S_ISREG(held.st_mode) || held.st_uid != geteuid() || held.st_nlink != 1)
                return -EBUSY;
        /* Where others may rename, any file of this user's may have got the name. */
        if (!is_new && !leftover_is_private(dir_fd))
                return -EBUSY;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0 && (errno == EWOULDBLOCK || !is_new))
                return -EBUSY;
        /* Renamed by whoever held it until now? */
        if (fstatat(dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? -EBUSY : file_errno();
        if (named.st_ino != held.st_ino || named.st_dev != held.st_dev)
                return -EBUSY;
        return ftruncate(fd, 0) < 0 ? file_errno() : 0;
}

/* The file by that name, empty, when it is new, or this user's and nobody writes it now: a killed run left it. Else
 * -EBUSY. */
static int open_for_replacing(int dir_fd, const char *name)
{
        _cleanup_close_ int fd = file_open_beneath(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        bool is_new = fd >= 0;
        int r;

        if (fd == -EEXIST)
                fd = file_open_beneath(dir_fd, name, O_WRONLY | O_NONBLOCK, 0);
        if (fd < 0)
                return fd == -ENOENT || fd == -ENXIO ? -EBUSY : fd;
        r = take_over(dir_fd, fd, name, is_new);
        if (r < 0 && r != -EBUSY && is_new)
                (void)unlinkat(dir_fd, name, 0);
        return r < 0 ? r : steal_fd(&fd);
}

int file_replace(int dir_fd, const char *name, mode_t mode, const void *data, size_t len, bool durable)
{
        return file_replace_as(dir_fd, name, mode, NULL, data, len, durable);
}

int file_replace_as(int dir_fd, const char *name, mode_t mode, const struct timespec *times, const void *data,
                    size_t len, bool durable)
{
        char temporary[NAME_MAX + 1];
        int length = snprintf(temporary, sizeof(temporary), ".%.200s.pipseed-new", name);
        int fd = length > 0 ? open_for_replacing(dir_fd, temporary) : -EINVAL;
        int r;

        if (fd < 0) {
                r = file_random_name(".pipseed-", temporary, sizeof(temporary));
                if (r < 0)
                        return r;
                fd = file_open_beneath(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
        }
        if (fd < 0)
                return fd;
        r = fill_and_rename(dir_fd, fd, temporary, name, mode, times, data, len, durable);
        if (r < 0) {
                (void)unlinkat(dir_fd, temporary, 0);
                return r;
        }
        return durable && fsync(dir_fd) < 0 ? -errno : 0;
}

int file_make_dirs(int dir_fd, const char *path, mode_t mode)
{
        _cleanup_close_ int held = -1;
        int current = dir_fd;

        if (!path_is_plain(path))
                return -EINVAL;
        for (;;) {
                size_t len = strcspn(path, "/");
                char name[NAME_MAX + 1];
                bool is_new;
                int next;

                if (len > NAME_MAX)
                        return -ENAMETOOLONG;
                memcpy(name, path, len);
                name[len] = '\0';
                is_new = mkdirat(current, name, mode) == 0;
                if (!is_new && errno != EEXIST)
                        return -errno;
                if (path[len] == '\0' && is_new)
                        return 0;
                next = openat(current, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (next < 0)
                        return -errno;
                if (held >= 0)
                        (void)close(held);
                held = current = next;
                if (path[len] == '\0')
                        return 0;
                path += len + 1;
        }
}

int file_make_dirs_abs(const char *path, mode_t mode)
{
        _cleanup_free_ char *parent = NULL;
        struct stat st;
        int r;

        if (mkdir(path, mode) == 0)
                return 0;
        if (errno == EEXIST)
                return stat(path, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
        if (errno != ENOENT)
                return -errno;
        parent = path_dir(path);
        if (parent == NULL)
                return -ENOMEM;
        if (strcmp(parent, path) == 0 || strcmp(parent, ".") == 0)
                return -ENOENT;
        r = file_make_dirs_abs(parent, mode);
        if (r < 0)
                return r;
        return mkdir(path, mode) < 0 && errno != EEXIST ? -errno : 0;
}

mode_t file_umask(void)
{
        _cleanup_free_ char *status = NULL;
        const char *line;
        mode_t mask = 022;

        if (file_read(AT_FDCWD, "/proc/self/status", (size_t)64 * 1024, &status, NULL) < 0)
                return mask;
        line = strstr(status, "\nUmask:");
        if (line != NULL)
                mask = (mode_t)strtoul(line + strlen("\nUmask:"), NULL, 8) & 0777;
        return mask;
}

/* So few bytes come all at once: random(4). */
static int read_random(void *bytes, size_t len)
{
        _cleanup_close_ int fd = -1;

        if (getrandom(bytes, len, 0) == (ssize_t)len)
                return 0;
        if (!file_is_unavailable(errno))
                return -errno;
        fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return read(fd, bytes, len) == (ssize_t)len ? 0 : -EIO;
}

int file_random_name(const char *prefix, char *ret_name, size_t size)
{
        uint64_t number;
        int len;
        int r;

        r = read_random(&number, sizeof(number));
        if (r < 0)
                return r;
        len = snprintf(ret_name, size, "%s%016llx", prefix, (unsigned long long)number);
        return len < 0 || (size_t)len >= size ? -ENAMETOOLONG : 0;
}

static int rename_with(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
        if (syscall(SYS_renameat2, from_fd, from, to_fd, to, flags) == 0)
                return 0;
        /* EPERM may also be about the names: the plain rename that is tried next tells. */
        return file_is_unavailable(errno) || errno == EINVAL ? -EOPNOTSUPP : -errno;
}

int file_rename_new(int from_fd, const char *from, int to_fd, const char *to)
{
        struct stat st;
        int r = rename_with(from_fd, from, to_fd, to, RENAME_NOREPLACE);

        if (r != -EOPNOTSUPP)
                return r;
        if (fstatat(to_fd, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
                return -EEXIST;
        if (errno != ENOENT)
                return -errno;
        return renameat(from_fd, from, to_fd, to) < 0 ? -errno : 0;
}

int file_rename_exchange(int from_fd, const char *from, int to_fd, const char *to)
{
        return rename_with(from_fd, from, to_fd, to, RENAME_EXCHANGE);
}
