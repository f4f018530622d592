/* SPDX-License-Identifier: MIT */
#include "entry.h"

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "bytecode.h"
#include "fill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define MAX_MANIFEST ((size_t)16 << 20)

static char *name_of(const struct entry_query *query)
{
        mode_t mode = 0666 & ~query->umask;
        char hex[HASH_HEX_SIZE];

        hash_to_hex(query->sha256, hex);
        return mode == 0644 ? strdup(hex) : str_format("%s-m%03o", hex, (unsigned int)mode);
}

/* PEP 552: pip's compileall follows SOURCE_DATE_EPOCH (py_compile's default invalidation mode). */
static bool wants_checked_hash(const struct entry_query *query)
{
        const char *epoch = getenv("SOURCE_DATE_EPOCH");
        const struct target *target = query->target;

        if (!target->is_pypy && target->major == 3 && target->minor < 7)
                return false;
        return query->bytecode == PIPSEED_BYTECODE_CHECKED_HASH || (epoch != NULL && epoch[0] != '\0');
}

static char *pyc_name_of(const struct entry_query *query)
{
        const uint8_t *magic = query->target->magic;

        return str_format("pyc-%s-%02x%02x%02x%02x%s", query->target->cache_tag, magic[0], magic[1], magic[2], magic[3],
                          wants_checked_hash(query) ? "-checked" : "");
}

static bool wants_bytecode(const struct entry_query *query)
{
        return query->bytecode != PIPSEED_BYTECODE_NO && bytecode_possible(query->target);
}

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
        entry->name = name_of(query);
        if (entry->name == NULL)
                return NULL;
        if (wants_bytecode(query)) {
                entry->pyc_name = pyc_name_of(query);
                entry->pyc_suffix = bytecode_suffix(query->target);
                if (entry->pyc_name == NULL || entry->pyc_suffix == NULL)
                        return NULL;
        }
        return steal_ptr(entry);
}

/* Opens folder/files and reads folder/manifest. 0, or -errno: -ENOENT when there is none, -EBADMSG when it is damaged. */
static int open_part(int dir_fd, const char *folder, int *ret_fd, struct manifest *ret_manifest)
{
        _cleanup_close_ int part_fd = file_open_beneath(dir_fd, folder, O_PATH | O_DIRECTORY, 0);
        _cleanup_close_ int files_fd = -1;
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        if (part_fd < 0)
                return part_fd;
        r = file_read(part_fd, "manifest", MAX_MANIFEST, &text, &len);
        if (r < 0)
                return r == -ENOENT ? -EBADMSG : r;
        files_fd = file_open_beneath(part_fd, "files", O_RDONLY | O_DIRECTORY, 0);
        if (files_fd < 0)
                return files_fd == -ENOENT ? -EBADMSG : files_fd;
        if (!manifest_read(text, len, ret_manifest))
                return -EBADMSG;
        *ret_fd = steal_fd(&files_fd);
        return 0;
}

static int open_pyc(struct entry *entry)
{
        if (entry->pyc_name == NULL)
                return 0;
        return open_part(entry->fd, entry->pyc_name, &entry->pyc_fd, &entry->pyc);
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
        /* Shared by all who use it; a pruner asks for it exclusively and without waiting. No lock, no harm. */
        (void)flock(entry->fd, LOCK_SH | LOCK_NB);
        r = open_part(entry->fd, ".", &entry->files_fd, &entry->files);
        if (r == 0)
                r = load_scripts(&entry->files, entry->files_fd);
        if (r < 0)
                return r;
        if (memcmp(entry->files.info.sha256, query->sha256, HASH_SIZE) != 0)
                return -EBADMSG;
        r = open_pyc(entry);
        if (r < 0 && r != -ENOENT && r != -EBADMSG)
                return r;
        *ret_entry = steal_ptr(entry);
        return r == 0 ? 1 : 0;
}

static int compile_into(const struct entry_query *query, int dir_fd, const char *dir_path, int files_fd,
                        const struct manifest *files, struct pipseed_error *err)
{
        _cleanup_(manifest_done) struct manifest pyc = {0};
        _cleanup_free_ char *out_path = path_join(dir_path, "files");
        _cleanup_close_ int out_fd = -1;
        struct bytecode_query compile = {.target = query->target, .checked_hash = wants_checked_hash(query),
                                         .files_fd = files_fd, .files = files, .jobs = query->jobs,
                                         .umask = query->umask, .event = query->event,
                                         .event_data = query->event_data};
        int r;

        if (out_path == NULL)
                return error_memory(err);
        if (mkdirat(dir_fd, "files", 0700) < 0)
                return error_sys(err, errno, out_path, "cannot make a folder in the store");
        out_fd = file_open_beneath(dir_fd, "files", O_RDONLY | O_DIRECTORY, 0);
        if (out_fd < 0)
                return error_sys(err, out_fd, out_path, "cannot open a folder of the store");
        compile.out_fd = out_fd;
        compile.out_path = out_path;
        r = bytecode_compile(&compile, &pyc, err);
        if (r < 0)
                return r;
        r = fill_manifest(dir_fd, &pyc);
        if (r < 0)
                return error_sys(err, r, dir_path, "cannot write the store's manifest");
        return 0;
}

static int unpack_into(const struct entry_query *query, int dir_fd, const char *dir_path, int *ret_files_fd,
                       struct manifest *ret_files, struct wheel **ret_wheel, struct pipseed_error *err)
{
        _cleanup_(wheel_freep) struct wheel *wheel = NULL;
        _cleanup_close_ int files_fd = -1;
        uint8_t digest[HASH_SIZE];
        const void *bytes = NULL;
        size_t len = 0;
        int r = query->read(query->read_data, &bytes, &len, err);

        if (r < 0)
                return r;
        hash_of(bytes, len, digest);
        if (memcmp(digest, query->sha256, HASH_SIZE) != 0)
                return error_set(err, PIPSEED_E_WHEEL_HASH, query->path, "the wheel changed while it was being read");
        r = wheel_load(query->filename, bytes, len, query->path, &wheel, err);
        if (r < 0)
                return r;
        memcpy(wheel->info.sha256, digest, HASH_SIZE);
        if (mkdirat(dir_fd, "files", 0700) < 0)
                return error_sys(err, errno, dir_path, "cannot make a folder in the store");
        files_fd = file_open_beneath(dir_fd, "files", O_RDONLY | O_DIRECTORY, 0);
        if (files_fd < 0)
                return error_sys(err, files_fd, dir_path, "cannot open a folder of the store");
        r = fill_files(files_fd, wheel, query->umask, dir_path, ret_files, err);
        if (r < 0)
                return r;
        r = fill_manifest(dir_fd, ret_files);
        if (r < 0)
                return error_sys(err, r, dir_path, "cannot write the store's manifest");
        *ret_files_fd = steal_fd(&files_fd);
        *ret_wheel = steal_ptr(wheel);
        return 0;
}

/* Everything of a new entry, in a temporary folder. */
static int make_whole(const struct entry_query *query, const struct entry *model, int dir_fd, const char *dir_path,
                      struct pipseed_error *err)
{
        _cleanup_(wheel_freep) struct wheel *wheel = NULL;
        _cleanup_(manifest_done) struct manifest files = {0};
        _cleanup_free_ char *pyc_path = NULL;
        _cleanup_close_ int files_fd = -1;
        _cleanup_close_ int pyc_fd = -1;
        int r = unpack_into(query, dir_fd, dir_path, &files_fd, &files, &wheel, err);

        if (r < 0 || model->pyc_name == NULL)
                return r;
        pyc_path = path_join(dir_path, model->pyc_name);
        if (pyc_path == NULL)
                return error_memory(err);
        if (mkdirat(dir_fd, model->pyc_name, 0700) < 0)
                return error_sys(err, errno, pyc_path, "cannot make a folder in the store");
        pyc_fd = file_open_beneath(dir_fd, model->pyc_name, O_RDONLY | O_DIRECTORY, 0);
        if (pyc_fd < 0)
                return error_sys(err, pyc_fd, pyc_path, "cannot open a folder of the store");
        return compile_into(query, pyc_fd, pyc_path, files_fd, &files, err);
}

/* What a power cut leaves must be whole: contents first, then the name that makes them count. A private store goes away
 * with the run and needs neither. */
static int publish(const struct store *store, const char *temporary, int dir_fd, const char *final,
                   struct pipseed_error *err)
{
        _cleanup_free_ char *parent = path_dir(final);
        _cleanup_close_ int parent_fd = -1;

        if (parent == NULL)
                return error_memory(err);
        if (store->kind != STORE_PRIVATE && syncfs(dir_fd) < 0)
                return error_sys(err, errno, store->path, "cannot sync the store");
        parent_fd = file_open_beneath(store->fd, parent, O_RDONLY | O_DIRECTORY, 0);
        if (parent_fd < 0)
                return error_sys(err, parent_fd, store->path, "cannot open the store");
        if (renameat(store->fd, temporary, parent_fd, path_base(final)) == 0)
                return store->kind != STORE_PRIVATE && fsync(parent_fd) < 0
                               ? error_sys(err, errno, store->path, "cannot sync the store") : 0;
        /* Another process was faster: its entry is as good as ours. */
        if (errno == EEXIST || errno == ENOTEMPTY)
                return 0;
        return error_sys(err, errno, store->path, "cannot put the entry into its place");
}

static int take_out(const struct store *store, const char *path)
{
        char name[64];
        _cleanup_close_ int fd = store_make_temporary(store, name);
        _cleanup_free_ char *moved = NULL;

        if (fd < 0)
                return fd;
        moved = str_format("%s/old", name);
        if (moved == NULL)
                return -ENOMEM;
        if (renameat(store->fd, path, store->fd, moved) < 0 && errno != ENOENT)
                return -errno;
        return file_remove_tree(store->fd, name);
}

/* Makes what is missing: the whole entry, or the bytecode of one that is there. */
static int make(const struct store *store, const struct entry_query *query, const struct entry *existing,
                struct pipseed_error *err)
{
        _cleanup_(entry_freep) struct entry *model = make_empty(store, query);
        _cleanup_free_ char *final = NULL;
        _cleanup_free_ char *dir_path = NULL;
        _cleanup_close_ int dir_fd = -1;
        char temporary[64];
        int r;

        if (model == NULL)
                return error_memory(err);
        dir_fd = store_make_temporary(store, temporary);
        if (dir_fd < 0)
                return error_sys(err, dir_fd, store->path, "cannot make a folder in the store");
        dir_path = path_join(store->path, temporary);
        final = existing != NULL ? str_format("wheels/%s/%s", model->name, model->pyc_name)
                                 : str_format("wheels/%s", model->name);
        if (dir_path == NULL || final == NULL)
                r = error_memory(err);
        else if (existing != NULL)
                r = compile_into(query, dir_fd, dir_path, existing->files_fd, &existing->files, err);
        else
                r = make_whole(query, model, dir_fd, dir_path, err);
        if (r == 0)
                r = publish(store, temporary, dir_fd, final, err);
        (void)file_remove_tree(store->fd, temporary);
        return r;
}

static int get_or_make(const struct store *store, const struct entry_query *query, struct entry **ret_entry,
                       struct pipseed_error *err)
{
        _cleanup_close_ int lock_fd = store_lock(store);
        _cleanup_(entry_freep) struct entry *entry = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        if (lock_fd >= 0)
                store_sweep(store);
        r = open_in(store, query, &entry);
        if (r == 1) {
                *ret_entry = steal_ptr(entry);
                return 0;
        }
        if (r == -EBADMSG) {
                _cleanup_free_ char *name = name_of(query);

                path = name != NULL ? str_format("wheels/%s", name) : NULL;
                r = path != NULL ? take_out(store, path) : -ENOMEM;
                if (r < 0)
                        return error_sys(err, r, store->path, "cannot remove a damaged entry from the store");
        } else if (r < 0 && r != -ENOENT) {
                return error_sys(err, r, store->path, "cannot open the store's entry");
        }
        if (entry != NULL && entry->pyc_fd < 0) {
                /* A damaged set of bytecode stands where the new one has to go. */
                path = str_format("wheels/%s/%s", entry->name, entry->pyc_name);
                r = path != NULL ? take_out(store, path) : -ENOMEM;
                if (r < 0 && r != -ENOENT)
                        return error_sys(err, r, store->path, "cannot remove damaged bytecode from the store");
        }
        r = make(store, query, entry, err);
        if (r < 0)
                return r;
        entry_free(steal_ptr(entry));
        r = open_in(store, query, &entry);
        if (r != 1)
                return error_sys(err, r < 0 ? r : EBADMSG, store->path, "the store's new entry cannot be opened");
        entry->was_made = true;
        *ret_entry = steal_ptr(entry);
        return 0;
}

int entry_get(const struct entry_query *query, struct entry **ret_entry, struct pipseed_error *err)
{
        for (size_t i = 0; i < query->n_stores; i++) {
                _cleanup_(entry_freep) struct entry *entry = NULL;

                if (open_in(query->stores[i], query, &entry) == 1) {
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
        r = take_out(entry->store, path);
        if (r < 0)
                return error_sys(err, r, entry->store->path, "cannot remove a damaged entry from the store");
        return 0;
}

char *entry_path(const struct entry *entry, const char *pyc_name)
{
        return str_format("%s/wheels/%s/%s%sfiles", entry->store->path, entry->name, pyc_name != NULL ? pyc_name : "",
                          pyc_name != NULL ? "/" : "");
}
