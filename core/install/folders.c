/* SPDX-License-Identifier: MIT */
#include "folders.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int current(const struct folders *folders)
{
        return folders->depth > 0 ? folders->fds[folders->depth - 1] : folders->top_fd;
}

static void leave(struct folders *folders)
{
        (void)close(folders->fds[--folders->depth]);
        folders->path[folders->depth > 0 ? folders->ends[folders->depth - 1] : 0] = '\0';
}

void folders_done(struct folders *folders)
{
        while (folders->depth > 0)
                leave(folders);
}

static int descend(struct folders *folders, const char *name, size_t len)
{
        size_t at = strlen(folders->path);
        int parent_fd = current(folders);
        int fd;

        if (folders->depth == FOLDERS_MAX_DEPTH || at + len + 2 > sizeof(folders->path))
                return -ENAMETOOLONG;
        if (at > 0)
                folders->path[at++] = '/';
        memcpy(folders->path + at, name, len);
        folders->path[at + len] = '\0';
        fd = mkdirat(parent_fd, folders->path + at, 0777) < 0 && errno != EEXIST
                     ? -1 : openat(parent_fd, folders->path + at, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0) {
                int saved = errno;

                folders->path[at > 0 ? at - 1 : 0] = '\0';
                return saved == ENOTDIR ? -ELOOP : -saved;
        }
        folders->ends[folders->depth] = at + len;
        folders->fds[folders->depth++] = fd;
        return 0;
}

/* Is the current folder the one with this path, or above it? */
static int is_above(const struct folders *folders, const char *path, size_t len)
{
        size_t at = strlen(folders->path);

        return at == 0 || (at <= len && memcmp(folders->path, path, at) == 0 && (at == len || path[at] == '/'));
}

int folders_enter(struct folders *folders, const char *file)
{
        const char *slash = strrchr(file, '/');
        size_t len = slash != NULL ? (size_t)(slash - file) : 0;
        size_t at;

        while (folders->depth > 0 && !is_above(folders, file, len))
                leave(folders);
        for (at = strlen(folders->path); at < len;) {
                size_t start = at > 0 ? at + 1 : 0;
                size_t step = strcspn(file + start, "/");
                int r = descend(folders, file + start, step);

                if (r < 0)
                        return r;
                at = start + step;
        }
        return current(folders);
}
