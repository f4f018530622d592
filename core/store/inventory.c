/* SPDX-License-Identifier: MIT */
#include "inventory.h"

#include "base/file.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"
#include "entry.h"
#include "stamp.h"
#include "share.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define MAX_MANIFEST ((size_t)16 << 20)

struct reading {
        struct inventory *inventory;
        struct pipseed_cache_entry *item;
        bool check;
        struct progress *progress;
        bool damaged; /* the part that is being read */
};

static int note_problem(struct reading *reading, const char *file, const char *what)
{
        reading->damaged = true;
        if (reading->item->status != 0)
                return 0;
        reading->item->status = PIPSEED_E_STORE_ENTRY;
        reading->item->problem = arena_format(&reading->inventory->arena, "%s: %s", file, what);
        return reading->item->problem != NULL ? 0 : -ENOMEM;
}

/* Nothing of a store may be another user's, or writable by others: share.h. 0 or -errno. */
static int note_owner(struct reading *reading, const char *name, const struct stat *st)
{
        char what[64];

        if (share_is_safe(st, geteuid(), false))
                return 0;
        if ((st->st_mode & SHARE_WRITABLE) != 0)
                return note_problem(reading, name, "can be written by others than its owner");
        (void)snprintf(what, sizeof(what), "belongs to uid %u", (unsigned int)st->st_uid);
        return note_problem(reading, name, what);
}

/* A directory of the entry itself: who owns it can exchange what is in it. 0 or -errno. */
static int check_directory(struct reading *reading, const char *name, int fd)
{
        struct stat st;

        return fstat(fd, &st) < 0 ? -errno : note_owner(reading, name, &st);
}

/* Without its epoch a part is read whole before it is used again: see stamp.h. */
static int forget_epoch(const struct reading *reading, int part_fd)
{
        return !reading->damaged || unlinkat(part_fd, "epoch", 0) == 0 || errno == ENOENT ? 0 : -errno;
}

/* Whose the files are, and who can write them. */
static int check_owners(struct reading *reading, const struct manifest *manifest, int files_fd)
{
        for (size_t i = 0; i < manifest->info.n_files && !reading->damaged; i++) {
                const char *path = manifest->info.files[i].path;
                struct stat st;
                int r;

                if (fstatat(files_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                        if (errno != ENOENT)
                                return -errno;
                        continue;
                }
                r = note_owner(reading, path, &st);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* First by what seeding looks at, which names the usual case best; then by content. */
static int check_files(struct reading *reading, const struct manifest *manifest, int files_fd)
{
        size_t index = 0;
        int r;

        for (size_t i = 0; i < manifest->info.n_files; i++) {
                const char *path = manifest->info.files[i].path;
                struct stat st;

                if (fstatat(files_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return errno == ENOENT ? note_problem(reading, path, "is missing") : -errno;
                if (!manifest_stat_fits(manifest, i, &st, false))
                        return note_problem(reading, path, "was changed (size, time or inode)");
        }
        r = stamp_check_files(files_fd, manifest, reading->progress, &index);
        if (r != -EBADMSG || index >= manifest->info.n_files)
                return r;
        return note_problem(reading, manifest->info.files[index].path, "was changed (content)");
}

static int read_part(struct reading *reading, int entry_fd, const char *directory)
{
        _cleanup_(manifest_done) struct manifest manifest = {0};
        _cleanup_close_ int part_fd = file_open_beneath(entry_fd, directory, O_PATH | O_DIRECTORY, 0);
        _cleanup_close_ int files_fd = -1;
        _cleanup_free_ char *text = NULL;
        struct pipseed_cache_entry *item = reading->item;
        size_t len = 0;
        int r;

        reading->damaged = false;
        if (part_fd < 0)
                return part_fd;
        r = check_directory(reading, directory, part_fd);
        if (r < 0)
                return r;
        r = file_read(part_fd, "manifest", MAX_MANIFEST, &text, &len);
        if (r < 0 && r != -ENOENT && r != -EISDIR && r != -EFBIG)
                return r;
        if (r == 0)
                r = manifest_load(text, len, &manifest);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return note_problem(reading, directory, "has no whole manifest");
        for (size_t i = 0; i < manifest.info.n_files; i++)
                item->bytes += manifest.info.files[i].size;
        item->n_files += manifest.info.n_files;
        if (strcmp(directory, ".") == 0) {
                item->wheel = arena_strdup(&reading->inventory->arena, manifest.info.filename);
                if (item->wheel == NULL)
                        return -ENOMEM;
        } else {
                item->n_bytecode_sets++;
        }
        files_fd = file_open_beneath(part_fd, "files", O_RDONLY | O_DIRECTORY, 0);
        if (files_fd < 0 && files_fd != -ENOENT && files_fd != -ENOTDIR && files_fd != -ELOOP)
                return files_fd;
        if (files_fd < 0)
                r = note_problem(reading, directory, "has no files");
        else
                r = check_directory(reading, directory, files_fd);
        if (r == 0 && files_fd >= 0)
                r = check_owners(reading, &manifest, files_fd);
        if (r < 0)
                return r;
        if (!reading->check)
                return faccessat(part_fd, "epoch", F_OK, 0) < 0 && errno == ENOENT
                               ? note_problem(reading, directory, "was found damaged")
                               : 0;
        r = files_fd >= 0 && !reading->damaged ? check_files(reading, &manifest, files_fd) : 0;
        return r < 0 ? r : forget_epoch(reading, part_fd);
}

static int read_parts(struct reading *reading, int entry_fd)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r = dir_iter_open(&names, file_open_dir_at(entry_fd, "."));

        if (r == 0)
                r = read_part(reading, entry_fd, ".");
        while (r == 0 && (name = dir_iter_next(&names)) != NULL)
                if (str_starts(name, "pyc-"))
                        r = read_part(reading, entry_fd, name);
        return r != 0 ? r : names.error;
}

static int read_entry(const struct store *store, const char *name, bool check, struct progress *progress,
                      struct inventory *inventory)
{
        _cleanup_free_ char *path = str_format("wheels/%s", name);
        _cleanup_close_ int fd = path != NULL ? file_open_beneath(store->fd, path, O_RDONLY | O_DIRECTORY, 0) : -ENOMEM;
        struct reading reading = {.inventory = inventory, .check = check, .progress = progress};
        struct stat st;

        if (fd == -ENOENT || fd == -ENOTDIR)
                return 0;
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (arena_grow(&inventory->arena, &inventory->items, inventory->n_items, &inventory->capacity,
                       sizeof(*inventory->items)) < 0)
                return -ENOMEM;
        reading.item = &inventory->items[inventory->n_items];
        *reading.item = (struct pipseed_cache_entry){
                .struct_size = sizeof(*reading.item),
                .path = arena_format(&inventory->arena, "%s/%s", store->path, path),
                .sha256 = arena_strndup(&inventory->arena, name, strcspn(name, "-")),
                .last_used = st.st_mtime,
        };
        if (reading.item->path == NULL || reading.item->sha256 == NULL)
                return -ENOMEM;
        reading.item->in_use = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
        (void)flock(fd, LOCK_UN);
        inventory->n_items++;
        return read_parts(&reading, fd);
}

static int by_last_use(const void *a, const void *b)
{
        const struct pipseed_cache_entry *left = a;
        const struct pipseed_cache_entry *right = b;

        if (left->last_used != right->last_used)
                return left->last_used < right->last_used ? 1 : -1;
        return strcmp(left->path, right->path);
}

int inventory_read(const struct store *store, bool check, struct progress *progress, struct inventory *ret_inventory)
{
        _cleanup_(inventory_done) struct inventory inventory = {0};
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r = dir_iter_open(&names, file_open_beneath(store->fd, "wheels", O_RDONLY | O_DIRECTORY, 0));

        while (r == 0 && (name = dir_iter_next(&names)) != NULL)
                if (name[0] != '.')
                        r = read_entry(store, name, check, progress, &inventory);
        if (r == 0)
                r = names.error;
        if (r < 0)
                return r;
        if (inventory.n_items > 0)
                qsort(inventory.items, inventory.n_items, sizeof(*inventory.items), by_last_use);
        *ret_inventory = inventory;
        inventory = (struct inventory){0};
        return 0;
}

void inventory_done(struct inventory *inventory)
{
        arena_done(&inventory->arena);
        *inventory = (struct inventory){0};
}

int inventory_remove(const struct store *store, const struct pipseed_cache_entry *entry)
{
        _cleanup_free_ char *path = str_format("wheels/%s", path_base(entry->path));
        _cleanup_close_ int fd = path != NULL ? file_open_beneath(store->fd, path, O_RDONLY | O_DIRECTORY, 0) : -ENOMEM;
        int r;

        if (fd < 0)
                return fd == -ENOENT ? 1 : fd;
        /* Held until the entry is gone: who opens it meanwhile is turned away and rebuilds it. */
        if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
                return 0;
        r = store_take_out(store, path);
        return r < 0 ? r : 1;
}
