/* SPDX-License-Identifier: MIT */
#include "install/verify/own.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE ((size_t)256 << 20)

/* 1: these bytes are what RECORD or the wheel says, or bytecode, of which RECORD says nothing. */
static bool is_right(const struct record_file *file, const char *data, size_t len)
{
        uint8_t digest[HASH_SIZE];

        if (file == NULL || !file->was_read)
                return true;
        hash_of(data, len, digest);
        return (file->fits || file->is_wheels) && memcmp(digest, file->digest, HASH_SIZE) == 0;
}

/* The mode without what lets others write, but for the group of an environment that is a group's. */
static mode_t own_mode(const struct findings *findings, mode_t mode)
{
        return (mode & 0777) & ~(SHARE_WRITABLE & ~(findings->granted & S_IWGRP));
}

static int own_file(struct findings *findings, const struct record_files *listing, const char *path,
                    struct pipseed_error *err)
{
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *data = NULL;
        struct found found = {.look = INSTALLED_MISSING};
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
        size_t len = 0;
        int r;

        /* Held, so that no name on the way is resolved twice. */
        r = findings_enter(findings, path, &found);
        if (r < 0)
                return 0; /* a link of symlink mode, or gone */
        fd = file_open_beneath(r, path_base(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
        if (fd < 0)
                return error_sys(err, fd, path, "cannot read the installed file");
        r = file_read_fd(fd, MAX_FILE, &data, &len);
        if (r < 0)
                return error_sys(err, r, path, "cannot read the installed file");
        if (!is_right(record_files_find(listing, path), data, len))
                return 0;
        times[1] = found.st.st_mtim;
        r = file_replace_as(findings->parent_fd, path_base(path), own_mode(findings, found.st.st_mode), times, data,
                            len, findings->input->durable);
        return r < 0 ? error_sys(err, r, path, "cannot replace the installed file") : 0;
}

int own_files(struct findings *findings, const struct record_files *listing, struct pipseed_error *err)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < findings->n_strange; i++)
                r = own_file(findings, listing, findings->strange[i], err);
        return r;
}
