/* SPDX-License-Identifier: MIT */
#include "renew.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"
#include "share.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_MANIFEST ((size_t)16 << 20)
#define FRESH "fresh" /* in the temporary directory */

struct renewal {
        const struct store *store;
        const struct manifest *known; /* of the caller */
        struct manifest current;      /* as it is in the store now */
        int files_fd;
        int part_fd; /* directory of the manifest */
        nlink_t full;
        bool changed;
};

static void finish(struct renewal *renewal)
{
        manifest_done(&renewal->current);
        cleanup_closep(&renewal->part_fd);
}

static int read_current(struct renewal *renewal)
{
        _cleanup_free_ char *text = NULL;
        size_t len = 0;
        int r = file_read(renewal->part_fd, "manifest", MAX_MANIFEST, &text, &len);

        if (r < 0)
                return r == -ENOENT ? -ESTALE : r;
        r = manifest_load(text, len, &renewal->current);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || renewal->current.info.n_files != renewal->known->info.n_files)
                return -ESTALE;
        return 0;
}

static int write_current(const struct renewal *renewal)
{
        _cleanup_(str_done) struct str text = STR_INIT;

        manifest_write(&text, &renewal->current);
        if (text.failed)
                return -ENOMEM;
        return file_replace(renewal->part_fd, "manifest", 0600, text.data, text.len, false);
}

/* Is it there, and what the manifest in the store says? */
static int look(const struct renewal *renewal, size_t i, struct stat *ret_st)
{
        const char *path = renewal->current.info.files[i].path;

        if (strcmp(path, renewal->known->info.files[i].path) != 0)
                return -ESTALE;
        if (fstatat(renewal->files_fd, path, ret_st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? -ESTALE : -errno;
        return manifest_stat_fits(&renewal->current, i, ret_st, false) && share_is_safe(ret_st, geteuid(), false)
                       ? 0
                       : -ESTALE;
}

static int write_fresh(int dir_fd, const struct stat *old, const char *data, size_t len, struct stat *ret_st)
{
        const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, old->st_mtim};
        _cleanup_close_ int fd = openat(dir_fd, FRESH, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        struct stat st;
        int r;

        if (fd < 0)
                return -errno;
        r = file_write_all(fd, data, len);
        if (r < 0)
                return r;
        if (fchmod(fd, old->st_mode & 07777) < 0 || futimens(fd, times) < 0 || fstat(fd, &st) < 0)
                return -errno;
        r = file_close(steal_fd(&fd));
        if (r == 0)
                *ret_st = st;
        return r;
}

static int renew(struct renewal *renewal, size_t i, const struct stat *old, int tmp_fd)
{
        const struct wheel_file *file = &renewal->current.info.files[i];
        _cleanup_free_ char *data = NULL;
        uint8_t digest[HASH_SIZE];
        size_t len = 0;
        struct stat st;
        int r = file_read(renewal->files_fd, file->path, (size_t)old->st_size, &data, &len);

        if (r < 0)
                return r;
        /* Damage is not copied: an edit that restored size and time would get a new, trusted inode. */
        hash_of(data, len, digest);
        if (memcmp(digest, file->sha256, HASH_SIZE) != 0)
                return -ESTALE;
        r = write_fresh(tmp_fd, old, data, len, &st);
        if (r < 0)
                return r;
        if (renameat(tmp_fd, FRESH, renewal->files_fd, file->path) < 0)
                return -errno;
        renewal->current.stats[i] = (struct manifest_stat){.inode = st.st_ino, .mtime_ns = manifest_mtime(&st)};
        renewal->changed = true;
        return 0;
}

/* Every file that is at the limit, into the caller's manifest too. */
static int renew_full(struct renewal *renewal)
{
        char name[64];
        _cleanup_close_ int tmp_fd = store_make_temporary(renewal->store, name);
        int r = tmp_fd < 0 ? tmp_fd : 0;

        for (size_t i = 0; r == 0 && i < renewal->current.info.n_files; i++) {
                struct stat st;

                if (look(renewal, i, &st) == 0 && st.st_nlink >= renewal->full)
                        r = renew(renewal, i, &st, tmp_fd);
        }
        if (tmp_fd >= 0)
                (void)file_remove_tree(renewal->store->fd, name);
        /* What was renewed before a failure has its new inode nevertheless. */
        if (renewal->changed) {
                int written = write_current(renewal);

                r = r < 0 ? r : written;
        }
        return r;
}

int renew_files(const struct entry *entry, const struct manifest *manifest, size_t index, bool is_full)
{
        const bool is_pyc = manifest == &entry->pyc;
        _cleanup_close_ int lock_fd = store_lock(entry->store, NULL, NULL);
        _cleanup_(finish) struct renewal renewal = {
                .store = entry->store,
                .known = manifest,
                .files_fd = is_pyc ? entry->pyc_fd : entry->files_fd,
                .part_fd = file_open_beneath(entry->fd, is_pyc ? entry->pyc_name : ".", O_PATH | O_DIRECTORY, 0),
        };
        struct stat st;
        int r;

        if (lock_fd < 0)
                return -ENOLCK;
        if (renewal.part_fd < 0)
                return renewal.part_fd == -ENOENT ? -ESTALE : renewal.part_fd;
        r = read_current(&renewal);
        if (r == 0)
                r = look(&renewal, index, &st);
        if (r < 0)
                return r;
        if (is_full && renewal.current.stats[index].inode == manifest->stats[index].inode) {
                renewal.full = st.st_nlink;
                r = renew_full(&renewal);
        }
        for (size_t i = 0; i < manifest->info.n_files; i++)
                manifest->stats[i] = renewal.current.stats[i];
        return r;
}
