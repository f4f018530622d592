/* SPDX-License-Identifier: MIT */
#include "fill.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Length of the path's directory part, 0 at the top. */
static size_t dir_length(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash != NULL ? (size_t)(slash - path) : 0;
}

int fill_make_dirs(int dir_fd, const struct wheel_file *files, size_t n_files)
{
        const char *last = "";
        size_t last_len = 0;

        for (size_t i = 0; i < n_files; i++) {
                size_t len = dir_length(files[i].path);
                _cleanup_free_ char *directory = NULL;
                int r;

                if (len == 0 || (len == last_len && memcmp(last, files[i].path, len) == 0))
                        continue;
                directory = strndup(files[i].path, len);
                if (directory == NULL)
                        return -ENOMEM;
                r = file_make_dirs(dir_fd, directory, 0700);
                if (r < 0)
                        return r;
                last = files[i].path;
                last_len = len;
        }
        return 0;
}

static int write_file(int dir_fd, const struct wheel_file *file, mode_t umask, struct manifest_stat *ret_stat)
{
        mode_t mode = file->executable ? (0777 & ~umask) | 0111 : 0666 & ~umask;
        _cleanup_close_ int fd = file_open_beneath(dir_fd, file->path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        struct stat st;
        int r;

        if (fd < 0)
                return fd;
        r = file_write_all(fd, file->data, file->size);
        if (r < 0)
                return r;
        if (fchmod(fd, mode) < 0 || fstat(fd, &st) < 0)
                return -errno;
        *ret_stat = (struct manifest_stat){.inode = st.st_ino, .mtime_ns = manifest_mtime(&st)};
        return file_close(steal_fd(&fd));
}

int fill_files(int dir_fd, const struct wheel *wheel, mode_t umask, const char *path, struct progress *progress,
               struct manifest *ret_manifest, struct pipseed_error *err)
{
        _cleanup_(manifest_done) struct manifest manifest = {.info = wheel->info};
        struct manifest_stat *stats = arena_calloc(&manifest.arena, wheel->info.n_files, sizeof(*stats));
        int r;

        if (stats == NULL)
                return error_memory(err);
        r = fill_make_dirs(dir_fd, wheel->info.files, wheel->info.n_files);
        for (size_t i = 0; r == 0 && i < wheel->info.n_files; i++) {
                r = progress_step(progress, i);
                if (r == 0)
                        r = write_file(dir_fd, &wheel->info.files[i], umask, &stats[i]);
        }
        if (r < 0)
                return error_sys(err, r, path, "cannot unpack the wheel into the store");
        manifest.stats = stats;
        *ret_manifest = manifest;
        manifest = (struct manifest){0};
        return 0;
}

int fill_manifest(int dir_fd, const struct manifest *manifest)
{
        _cleanup_(str_done) struct str text = STR_INIT;

        manifest_write(&text, manifest);
        if (text.failed)
                return -ENOMEM;
        return file_create(dir_fd, "manifest", 0600, text.data, text.len);
}
