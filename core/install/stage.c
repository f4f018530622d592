/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "folders.h"
#include "store/bytecode.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int write_content(const struct placer *placer, const struct plan_file *file, int dir_fd, const char *name)
{
        mode_t mode = file->is_script ? (0666 & ~placer->umask) | 0555 : (0777 & ~placer->umask) | 0111;
        _cleanup_close_ int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        int r;

        if (fd < 0)
                return -errno;
        r = file_write_all(fd, file->content, file->content_len);
        if (r < 0)
                return r;
        if (file->executable && fchmod(fd, mode) < 0)
                return -errno;
        return file_close(steal_fd(&fd));
}

static size_t index_of(const struct manifest *manifest, const struct wheel_file *file)
{
        return (size_t)(file - manifest->info.files);
}

/* Bytecode is sorted by its own path; its position follows from that of its source by search. */
static int find_bytecode(const struct entry *entry, const char *path, size_t *ret_index)
{
        size_t low = 0;
        size_t high = entry->pyc.info.n_files;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(path, entry->pyc.info.files[middle].path);

                if (order == 0) {
                        *ret_index = middle;
                        return 0;
                }
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return -ENOENT;
}

static int find_source(const struct stage_query *query, const struct plan_file *file, struct place_source *ret_source)
{
        const struct entry *entry = query->entry;
        struct place_source source = {.copied_store = entry->store->kind == STORE_SYSTEM};
        int r;

        if (file->bytecode_of != NULL) {
                _cleanup_(arena_done) struct arena arena = {0};
                const char *path = bytecode_path(&arena, file->bytecode_of->path, entry->pyc_suffix);

                if (path == NULL)
                        return -ENOMEM;
                source.manifest = &entry->pyc;
                source.root_fd = entry->pyc_fd;
                r = find_bytecode(entry, path, &source.index);
                if (r < 0)
                        return r;
        } else {
                source.manifest = &entry->files;
                source.root_fd = entry->files_fd;
                source.index = index_of(&entry->files, file->source);
        }
        source.path = source.manifest->info.files[source.index].path;
        if (entry->store->kind == STORE_OWN)
                source.entry = entry;
        *ret_source = source;
        return 0;
}

/* Where a symbolic link to a file of the store points; a private store goes away, and so nothing may point there. */
static char *absolute_of(const struct entry *entry, const struct place_source *source)
{
        _cleanup_free_ char *folder = NULL;

        if (entry->store->kind == STORE_PRIVATE)
                return NULL;
        folder = source->manifest == &entry->pyc ? entry_path(entry, entry->pyc_name) : entry_path(entry, NULL);
        return folder != NULL ? path_join(folder, source->path) : NULL;
}

static int stage_file(const struct stage_query *query, const struct plan_file *file, int dir_fd, const char *name)
{
        _cleanup_free_ char *absolute = NULL;
        struct place_source source;
        int r;

        if (file->content != NULL)
                return write_content(query->placer, file, dir_fd, name);
        r = find_source(query, file, &source);
        if (r < 0)
                return r;
        if (query->placer->mode == PIPSEED_LINK_SYMLINK)
                source.absolute = absolute = absolute_of(query->entry, &source);
        return place_file(query->placer, &source, dir_fd, name);
}

/* A folder that hands its group down (setgid) wants files of that group. */
static int note_group(struct placer *placer, int dir_fd)
{
        struct stat st;

        if (fstat(dir_fd, &st) < 0)
                return -errno;
        placer->group = (st.st_mode & S_ISGID) != 0 ? st.st_gid : (gid_t)-1;
        return 0;
}

static int report(const struct stage_query *query, const struct plan_file *file, int r, struct pipseed_error *err)
{
        if (r == -ESTALE) {
                const struct wheel_file *source = file->source != NULL ? file->source : file->bytecode_of;

                return error_set(err, PIPSEED_E_STORE_ENTRY, source->path,
                                 "a file of the store is not what it was when it was made (%s of %s)",
                                 file->path, query->entry->files.info.filename);
        }
        return error_sys(err, r, query->txn->area_path, "cannot stage %s", file->path);
}

static int stage_root(const struct stage_query *query, size_t first, size_t end, struct pipseed_error *err)
{
        enum plan_root root = query->plan->files[first].root;
        _cleanup_(folders_done) struct folders folders = FOLDERS_INIT;
        int staged_fd = -1;
        int r = txn_staged_fd(query->txn, root, &staged_fd, err);

        if (r < 0)
                return r;
        r = note_group(query->placer, staged_fd);
        if (r < 0)
                return error_sys(err, r, query->txn->area_path, "cannot look at the staging area");
        folders.top_fd = staged_fd;
        for (size_t i = first; i < end; i++) {
                const struct plan_file *file = &query->plan->files[i];
                int dir_fd = folders_enter(&folders, file->path);

                r = dir_fd < 0 ? dir_fd : stage_file(query, file, dir_fd, path_base(file->path));
                if (r < 0)
                        return report(query, file, r, err);
        }
        return 0;
}

int stage_plan(const struct stage_query *query, struct pipseed_error *err)
{
        const struct plan *plan = query->plan;
        size_t first = 0;

        for (size_t i = 1; i <= plan->n_files; i++) {
                int r;

                if (i < plan->n_files && plan->files[i].root == plan->files[first].root)
                        continue;
                r = stage_root(query, first, i, err);
                if (r < 0)
                        return r;
                first = i;
        }
        return 0;
}
