/* SPDX-License-Identifier: MIT */
#include "dir_iter.h"

#include "cleanup.h"
#include "file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

int dir_iter_open(struct dir_iter *names, int fd)
{
        *names = (struct dir_iter){.dir = fd >= 0 ? fdopendir(fd) : NULL};
        if (names->dir == NULL) {
                names->error = fd >= 0 ? -errno : fd;
                cleanup_closep(&fd);
        }
        return names->error;
}

const char *dir_iter_next(struct dir_iter *names)
{
        const struct dirent *entry = NULL;

        while (names->error == 0) {
                errno = 0;
                entry = readdir(names->dir);
                if (entry == NULL) {
                        names->error = -errno;
                        return NULL;
                }
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                names->type = entry->d_type;
                return entry->d_name;
        }
        return NULL;
}

int dir_iter_fd(const struct dir_iter *names)
{
        return dirfd(names->dir);
}

void dir_iter_done(struct dir_iter *names)
{
        if (names->dir != NULL)
                (void)closedir(names->dir);
        names->dir = NULL;
}

int dir_iter_is_empty(int fd)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        int r = dir_iter_open(&names, file_open_dir_at(fd, "."));
        bool empty = r == 0 && dir_iter_next(&names) == NULL;

        return names.error < 0 ? names.error : empty;
}
