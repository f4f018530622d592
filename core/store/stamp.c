/* SPDX-License-Identifier: MIT */
#include "stamp.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "share.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYNCED " synced" /* in the place of the mount */

static int check_file(int files_fd, const struct wheel_file *file)
{
        _cleanup_close_ int fd = file_open_beneath(files_fd, file->path, O_RDONLY | O_NONBLOCK, 0);
        uint8_t digest[HASH_SIZE];
        struct stat st;
        int r;

        if (fd < 0)
                return fd == -ENOENT || fd == -ELOOP || fd == -ENOTDIR ? -EBADMSG : fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!share_is_safe(&st, geteuid(), false))
                return -EBADMSG;
        r = hash_of_fd(fd, digest);
        if (r < 0)
                return r;
        return memcmp(digest, file->sha256, HASH_SIZE) == 0 ? 0 : -EBADMSG;
}

int stamp_check_files(int files_fd, const struct manifest *manifest, struct progress *progress, size_t *ret_index)
{
        progress->total = manifest->info.n_files;
        for (size_t i = 0; i < manifest->info.n_files; i++) {
                int r = progress_step(progress, i);

                if (r == 0)
                        r = check_file(files_fd, &manifest->info.files[i]);

                if (r == 0)
                        continue;
                if (ret_index != NULL)
                        *ret_index = i;
                return r;
        }
        return 0;
}

static bool is_this_boot(const struct store *store, const char *epoch)
{
        return store->epoch[0] != '\0' && strncmp(epoch, store->epoch, store->boot_len) == 0;
}

/* This boot and this mount, or this boot and on the disk. */
static bool is_current(const struct store *store, const char *epoch)
{
        return is_this_boot(store, epoch) &&
               (strcmp(epoch, store->epoch) == 0 || strcmp(epoch + store->boot_len, SYNCED) == 0);
}

/* Of the files that were just read: in this boot they need no reading any more, through whatever mount. Those of
 * another boot came from the disk; those of this one may be in memory alone. */
static int note(const struct store *store, int part_fd, int files_fd, bool is_in_memory)
{
        char text[STORE_EPOCH_SIZE + sizeof(SYNCED)];

        if (store->epoch[0] == '\0')
                return 0;
        if (is_in_memory && syncfs(files_fd) < 0)
                return -errno;
        (void)snprintf(text, sizeof(text), "%.*s" SYNCED, (int)store->boot_len, store->epoch);
        return file_replace(part_fd, "epoch", 0600, text, strlen(text), false);
}

int stamp_check(const struct store *store, int part_fd, int files_fd, const struct manifest *manifest,
                struct progress *progress)
{
        _cleanup_free_ char *epoch = NULL;
        bool known;
        int r;

        if (store->kind == STORE_SYSTEM)
                return 0;
        known = file_read(part_fd, "epoch", STORE_EPOCH_SIZE, &epoch, NULL) == 0;
        if (known && is_current(store, epoch))
                return 0;
        r = stamp_check_files(files_fd, manifest, progress, NULL);
        /* The files are good, whether that can be noted or not. */
        if (r == 0)
                (void)note(store, part_fd, files_fd, !known || is_this_boot(store, epoch));
        return r;
}

int stamp_write(const struct store *store, int part_fd)
{
        return file_create(part_fd, "epoch", 0600, store->epoch, strlen(store->epoch));
}
