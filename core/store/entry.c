/* SPDX-License-Identifier: MIT */
#include "entry.h"

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "bytecode.h"
#include "stamp.h"
#include "make.h"
#include "share.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define MAX_MANIFEST ((size_t)16 << 20)

void entry_free(struct entry *entry)
{
        if (entry == NULL)
                return;
        manifest_done(&entry->files);
        manifest_done(&entry->pyc);
        cleanup_closep(&entry->files_fd);
        cleanup_closep(&entry->pyc_fd);
        cleanup_closep(&entry->fd);
        free(entry->name);
        free(entry->pyc_name);
        free(entry->pyc_suffix);
        free(entry);
}

static struct entry *make_empty(const struct store *store, const struct entry_query *query)
{
        _cleanup_(entry_freep) struct entry *entry = calloc(1, sizeof(*entry));

        if (entry == NULL)
                return NULL;
        entry->fd = entry->files_fd = entry->pyc_fd = -1;
        entry->store = store;
        entry->name = make_entry_name(query);
        if (entry->name == NULL)
                return NULL;
        if (make_wants_bytecode(query)) {
                entry->pyc_name = make_bytecode_name(query);
                entry->pyc_suffix = bytecode_suffix(query->target);
                if (entry->pyc_name == NULL || entry->pyc_suffix == NULL)
                        return NULL;
        }
        return steal_ptr(entry);
}

/* An entry that another user owns, or that others can write, is not used: what its manifest says is theirs to say. 0,
 * -EBADMSG or another -errno. */
static int check_owner(const struct store *store, int dir_fd)
{
        struct stat st;

        if (fstat(dir_fd, &st) < 0)
                return -errno;
        return share_is_safe(&st, geteuid(), store->kind == STORE_SYSTEM) ? 0 : -EBADMSG;
}

/* Opens directory/files and reads directory/manifest. 0, or -errno: -ENOENT when there is none, -EBADMSG when it is
 * damaged, -ECANCELED. */
static int open_part(const struct store *store, const struct entry_query *query, int dir_fd, const char *directory,
                     int *ret_fd, struct manifest *ret_manifest)
{
        struct progress progress;
        _cleanup_(manifest_done) struct manifest manifest = {0};
        _cleanup_close_ int part_fd = file_open_beneath(dir_fd, directory, O_PATH | O_DIRECTORY, 0);
        _cleanup_close_ int files_fd = -1;
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        if (part_fd < 0)
                return part_fd;
        r = check_owner(store, part_fd);
        if (r < 0)
                return r;
        r = file_read(part_fd, "manifest", MAX_MANIFEST, &text, &len);
        if (r < 0)
                return r == -ENOENT ? -EBADMSG : r;
        files_fd = file_open_beneath(part_fd, "files", O_RDONLY | O_DIRECTORY, 0);
        if (files_fd < 0)
                return files_fd == -ENOENT ? -EBADMSG : files_fd;
        r = check_owner(store, files_fd);
        if (r < 0)
                return r;
        r = manifest_load(text, len, &manifest);
        if (r < 0)
                return r;
        progress_init(&progress, query->event, query->event_data, "files verified", 0);
        r = stamp_check(store, part_fd, files_fd, &manifest, &progress);
        if (r < 0)
                return r;
        *ret_fd = steal_fd(&files_fd);
        *ret_manifest = manifest;
        manifest = (struct manifest){0};
        return 0;
}

static int open_pyc(struct entry *entry, const struct entry_query *query)
{
        if (entry->pyc_name == NULL)
                return 0;
        return open_part(entry->store, query, entry->fd, entry->pyc_name, &entry->pyc_fd, &entry->pyc);
}

/* Scripts of `.data` may have to be rewritten for their interpreter: whoever plans needs their bytes. */
static int load_scripts(struct manifest *manifest, int files_fd)
{
        struct wheel_file *files = (struct wheel_file *)manifest->info.files;
        _cleanup_free_ char *prefix = str_format("%s/scripts/", manifest->info.data_dir);

        if (prefix == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < manifest->info.n_files; i++) {
                _cleanup_free_ char *text = NULL;
                size_t len;
                int r;

                if (!str_starts(files[i].path, prefix))
                        continue;
                r = file_read(files_fd, files[i].path, MAX_MANIFEST, &text, &len);
                if (r < 0)
                        return r;
                if (len != files[i].size)
                        return -EBADMSG;
                files[i].data = (const uint8_t *)arena_strndup(&manifest->arena, text, len);
                if (files[i].data == NULL)
                        return -ENOMEM;
        }
        return 0;
}

/* Pruning goes by the time of last use: the directory's mtime, which an hour of grace keeps from being written each
 * time. */
static void note_use(const struct store *store, int entry_fd)
{
        const time_t grace = 3600;
        struct stat st;

        if (store->kind == STORE_OWN && fstat(entry_fd, &st) == 0 && st.st_mtime + grace < time(NULL))
                (void)futimens(entry_fd, NULL);
}

/* 1: complete; 0: the wheel is there, its bytecode is not; -errno. */
static int open_in(const struct store *store, const struct entry_query *query, struct entry **ret_entry)
{
        _cleanup_(entry_freep) struct entry *entry = make_empty(store, query);
        _cleanup_free_ char *path = NULL;
        int r;

        if (entry == NULL)
                return -ENOMEM;
        path = str_format("wheels/%s", entry->name);
        if (path == NULL)
                return -ENOMEM;
        entry->fd = file_open_beneath(store->fd, path, O_RDONLY | O_DIRECTORY, 0);
        if (entry->fd < 0)
                return entry->fd;
        /* Shared by all who use it. Who has it exclusively is taking it away; where locks do not work, nobody prunes.
         * One of the system's can be read, and so locked, by everybody: that says nothing, and what is missing then is
         * noticed. */
        if (flock(entry->fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK && store->kind != STORE_SYSTEM)
                return -ENOENT;
        r = open_part(store, query, entry->fd, ".", &entry->files_fd, &entry->files);
        if (r == 0)
                r = load_scripts(&entry->files, entry->files_fd);
        if (r < 0)
                return r;
        if (memcmp(entry->files.info.sha256, query->sha256, HASH_SIZE) != 0)
                return -EBADMSG;
        note_use(store, entry->fd);
        r = open_pyc(entry, query);
        if (r < 0 && r != -ENOENT && r != -EBADMSG)
                return r;
        *ret_entry = steal_ptr(entry);
        return r == 0 ? 1 : 0;
}

static int get_or_make(const struct store *store, const struct entry_query *query, struct entry **ret_entry,
                       struct pipseed_error *err)
{
        _cleanup_close_ int lock_fd = store_lock(store, query->event, query->event_data);
        _cleanup_(entry_freep) struct entry *entry = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        if (lock_fd == -ECANCELED)
                return error_cancelled(err);
        store_sweep(store);
        r = open_in(store, query, &entry);
        if (r == 1) {
                *ret_entry = steal_ptr(entry);
                return 0;
        }
        if (r == -EBADMSG || r == -EACCES) { /* what may not be read in one's own store is another user's */
                _cleanup_free_ char *name = make_entry_name(query);

                path = name != NULL ? str_format("wheels/%s", name) : NULL;
                r = path != NULL ? store_take_out(store, path) : -ENOMEM;
                if (r < 0)
                        return error_sys(err, r, store->path, "cannot remove a damaged entry from the store");
        } else if (r < 0 && r != -ENOENT) {
                return error_sys(err, r, store->path, "cannot open the store's entry");
        }
        if (entry != NULL && entry->pyc_fd < 0) {
                /* A damaged set of bytecode stands where the new one has to go. */
                path = str_format("wheels/%s/%s", entry->name, entry->pyc_name);
                r = path != NULL ? store_take_out(store, path) : -ENOMEM;
                if (r < 0 && r != -ENOENT)
                        return error_sys(err, r, store->path, "cannot remove damaged bytecode from the store");
        }
        r = make_missing(store, query, entry, err);
        if (r < 0)
                return r;
        /* Again: a run that was killed a moment ago may have let go of the store before it let go of its directory. */
        store_sweep(store);
        entry_free(steal_ptr(entry));
        r = open_in(store, query, &entry);
        if (r != 1)
                return error_sys(err, r < 0 ? r : EBADMSG, store->path, "cannot open the store's new entry");
        entry->was_made = true;
        *ret_entry = steal_ptr(entry);
        return 0;
}

int entry_get(const struct entry_query *query, struct entry **ret_entry, struct pipseed_error *err)
{
        for (size_t i = 0; i < query->n_stores; i++) {
                _cleanup_(entry_freep) struct entry *entry = NULL;
                int found = open_in(query->stores[i], query, &entry);

                if (found == -ECANCELED)
                        return error_cancelled(err);
                if (found == 1) {
                        /* Who was killed while making another entry may be the last one that wanted it for long. */
                        store_sweep_if_free(query->stores[query->n_stores - 1]);
                        *ret_entry = steal_ptr(entry);
                        return 0;
                }
        }
        return get_or_make(query->stores[query->n_stores - 1], query, ret_entry, err);
}

int entry_discard(struct entry *entry, struct pipseed_error *err)
{
        _cleanup_free_ char *path = str_format("wheels/%s", entry->name);
        int r;

        if (path == NULL)
                return error_memory(err);
        r = store_take_out(entry->store, path);
        if (r < 0)
                return error_sys(err, r, entry->store->path, "cannot remove a damaged entry from the store");
        return 0;
}

char *entry_path(const struct entry *entry, const char *pyc_name)
{
        return str_format("%s/wheels/%s/%s%sfiles", entry->store->path, entry->name, pyc_name != NULL ? pyc_name : "",
                          pyc_name != NULL ? "/" : "");
}
