/* SPDX-License-Identifier: MIT */
#include "epoch.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int check_file(int files_fd, const struct wheel_file *file)
{
        _cleanup_close_ int fd = file_open_beneath(files_fd, file->path, O_RDONLY | O_NONBLOCK, 0);
        uint8_t digest[HASH_SIZE];
        int r;

        if (fd < 0)
                return fd == -ENOENT || fd == -ELOOP || fd == -ENOTDIR ? -EBADMSG : fd;
        r = hash_of_fd(fd, digest);
        if (r < 0)
                return r;
        return memcmp(digest, file->sha256, HASH_SIZE) == 0 ? 0 : -EBADMSG;
}

int epoch_check_files(int files_fd, const struct manifest *manifest, size_t *ret_index)
{
        for (size_t i = 0; i < manifest->info.n_files; i++) {
                int r = check_file(files_fd, &manifest->info.files[i]);

                if (r == 0)
                        continue;
                if (ret_index != NULL)
                        *ret_index = i;
                return r;
        }
        return 0;
}

int epoch_check(const struct store *store, int part_fd, int files_fd, const struct manifest *manifest)
{
        _cleanup_free_ char *epoch = NULL;
        int r;

        if (store->kind == STORE_SYSTEM || store->epoch[0] == '\0')
                return 0;
        if (file_read(part_fd, "epoch", STORE_EPOCH_SIZE, &epoch, NULL) == 0 && strcmp(epoch, store->epoch) == 0)
                return 0;
        r = epoch_check_files(files_fd, manifest, NULL);
        if (r == 0)
                r = file_replace(part_fd, "epoch", 0600, store->epoch, strlen(store->epoch), false);
        return r;
}

int epoch_write(const struct store *store, int part_fd)
{
        return file_create(part_fd, "epoch", 0600, store->epoch, strlen(store->epoch));
}
