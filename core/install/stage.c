/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "folders.h"

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

#define NO_BYTECODE SIZE_MAX

struct staging {
        const struct stage_query *query;
        const size_t *bytecode; /* for each wheel file the index of its bytecode, or NO_BYTECODE */
};

/* The position of each wheel file's bytecode in the manifest of bytecode. NULL: out of memory. */
static size_t *index_bytecode(const struct entry *entry)
{
        size_t n = entry->files.info.n_files;
        size_t *positions = malloc((n + 1) * sizeof(*positions));

        for (size_t i = 0; positions != NULL && i < n; i++)
                positions[i] = NO_BYTECODE;
        for (size_t i = 0; positions != NULL && i < entry->pyc.info.n_files; i++)
                if (entry->pyc.source != NULL && entry->pyc.source[i] < n)
                        positions[entry->pyc.source[i]] = i;
        return positions;
}

static int find_source(const struct staging *staging, const struct plan_file *file, struct place_source *ret_source)
{
        const struct entry *entry = staging->query->entry;
        struct place_source source = {.copied_store = entry->store->kind == STORE_SYSTEM};

        if (file->bytecode_of != NULL) {
                source.manifest = &entry->pyc;
                source.root_fd = entry->pyc_fd;
                source.index = staging->bytecode[index_of(&entry->files, file->bytecode_of)];
                if (source.index == NO_BYTECODE)
                        return -ENOENT;
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

static int stage_file(const struct staging *staging, const struct plan_file *file, int dir_fd, const char *name)
{
        const struct stage_query *query = staging->query;
        _cleanup_free_ char *absolute = NULL;
        struct place_source source;
        int r;

        if (file->content != NULL)
                return write_content(query->placer, file, dir_fd, name);
        r = find_source(staging, file, &source);
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

static int stage_root(const struct staging *staging, size_t first, size_t end, struct pipseed_error *err)
{
        const struct stage_query *query = staging->query;
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

                r = dir_fd < 0 ? dir_fd : stage_file(staging, file, dir_fd, path_base(file->path));
                if (r < 0)
                        return report(query, file, r, err);
        }
        return 0;
}

int stage_plan(const struct stage_query *query, struct pipseed_error *err)
{
        const struct plan *plan = query->plan;
        _cleanup_free_ size_t *bytecode = index_bytecode(query->entry);
        const struct staging staging = {.query = query, .bytecode = bytecode};
        size_t first = 0;

        if (bytecode == NULL)
                return error_memory(err);

        for (size_t i = 1; i <= plan->n_files; i++) {
                int r;

                if (i < plan->n_files && plan->files[i].root == plan->files[first].root)
                        continue;
                r = stage_root(&staging, first, i, err);
                if (r < 0)
                        return r;
                first = i;
        }
        return 0;
}
