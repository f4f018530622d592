/* SPDX-License-Identifier: MIT */
#include "names.h"

#include "cleanup.h"
#include "file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

int names_open(struct names *names, int fd)
{
        *names = (struct names){.dir = fd >= 0 ? fdopendir(fd) : NULL};
        if (names->dir == NULL) {
                names->error = fd >= 0 ? -errno : fd;
                cleanup_closep(&fd);
        }
        return names->error;
}

const char *names_next(struct names *names)
{
        const struct dirent *entry = NULL;

        while (names->error == 0) {
                errno = 0;
                entry = readdir(names->dir);
                if (entry == NULL) {
                        names->error = -errno;
                        return NULL;
                }
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        return entry->d_name;
        }
        return NULL;
}

int names_fd(const struct names *names)
{
        return dirfd(names->dir);
}

void names_done(struct names *names)
{
        if (names->dir != NULL)
                (void)closedir(names->dir);
        names->dir = NULL;
}

int names_is_empty(int fd)
{
        _cleanup_(names_done) struct names names = NAMES_INIT;
        int r = names_open(&names, file_open_dir_at(fd, "."));
        bool empty = r == 0 && names_next(&names) == NULL;

        return names.error < 0 ? names.error : empty;
}
