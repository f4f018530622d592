/* SPDX-License-Identifier: MIT */
/* file_remove_tree of file.h. It asks for no memory. */
#include "file.h"

#include "cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdalign.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int remove_children(int fd_taken);

/* Removes one name; a folder whose owner took away the right to change it gets that right back first. */
static int remove_entry(int dir_fd, const char *name)
{
        int r = -EACCES;

        if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return -errno;
        for (int tries = 0; tries < 2 && r == -EACCES; tries++) {
                int fd;

                /* The C library does this through a descriptor: what became a link meanwhile keeps its target's mode. */
                if (tries > 0 && fchmodat(dir_fd, name, 0700, AT_SYMLINK_NOFOLLOW) < 0)
                        return -EACCES;
                fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (fd < 0)
                        r = errno == ENOTDIR ? -EPERM : -errno;
                else
                        r = remove_children(fd);
        }
        if (r < 0)
                return r;
        return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* Reads the folder without asking for memory: this is what cleans up after a lack of it. */
static int remove_children(int fd_taken)
{
        _cleanup_close_ int fd = fd_taken;
        alignas(struct dirent64) char buffer[4096];
        int result = 0;

        for (;;) {
                ssize_t len = getdents64(fd, buffer, sizeof(buffer));

                if (len < 0 && result == 0)
                        result = -errno;
                if (len <= 0)
                        return result;
                for (ssize_t at = 0; at < len;) {
                        const struct dirent64 *entry = (const struct dirent64 *)(const void *)(buffer + at);
                        int r = 0;

                        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                                r = remove_entry(fd, entry->d_name);
                        if (r < 0 && result == 0)
                                result = r;
                        at += entry->d_reclen;
                }
        }
}

/* What could not be removed because of a passing fault (a signal, memory, a hiccup of the disk) may go at the second try:
 * whoever clears away has nobody to tell, and what stays is debris. A folder that is not empty any more got a file from
 * somebody who has not noticed yet: after each try there are fewer folders where that can happen. */
static int remove_again(int dir_fd, const char *name)
{
        int r = remove_entry(dir_fd, name);

        if (r < 0)
                r = remove_entry(dir_fd, name);
        for (int tries = 0; tries < 32 && (r == -ENOTEMPTY || r == -EEXIST); tries++)
                r = remove_entry(dir_fd, name);
        return r;
}

int file_remove_tree(int dir_fd, const char *path)
{
        const char *slash = strrchr(path, '/');
        char parent[PATH_MAX];
        _cleanup_close_ int parent_fd = -1;

        if (slash == NULL)
                return remove_again(dir_fd, path);
        /* No memory is asked for: this is what cleans up after a lack of it. */
        if ((size_t)(slash - path) >= sizeof(parent))
                return -ENAMETOOLONG;
        memcpy(parent, path, (size_t)(slash - path));
        parent[slash - path] = '\0';
        for (int tries = 0; tries < 2 && parent_fd < 0; tries++)
                parent_fd = file_open_beneath(dir_fd, parent, O_PATH | O_DIRECTORY, 0);
        if (parent_fd < 0)
                return parent_fd == -ENOENT ? 0 : parent_fd;
        return remove_again(parent_fd, slash + 1);
}
