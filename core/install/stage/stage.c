/* SPDX-License-Identifier: MIT */
#include "install/stage/stage.h"

#include "base/thread_pool.h"
#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/path.h"
#include "install/stage/dir_groups.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A script gets its x as pip gives it: on top of what open(2) made of the mode, so that an ACL that the directory hands
 * down stays what it is. 0 or -errno. */
static int set_mode(const struct linker *linker, const struct plan_file *file, int fd)
{
        mode_t mode = file->is_script ? (0666 & ~linker->umask) | 0555 : (0777 & ~linker->umask) | 0111;
        struct stat st;

        if (linker->default_acl) {
                if (fstat(fd, &st) < 0)
                        return -errno;
                mode = (st.st_mode & 07777) | (file->is_script ? 0555 : 0111);
        }
        return fchmod(fd, mode) < 0 ? -errno : 0;
}

static int write_content(const struct linker *linker, const struct plan_file *file, int dir_fd, const char *name)
{
        _cleanup_close_ int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        int r;

        if (fd < 0)
                return -errno;
        r = file_write_all(fd, file->content, file->content_len);
        if (r < 0)
                return r;
        r = file->executable ? set_mode(linker, file, fd) : 0;
        if (r < 0)
                return r;
        return file_close(steal_fd(&fd));
}

static size_t index_of(const struct manifest *manifest, const struct wheel_file *file)
{
        return (size_t)(file - manifest->info.files);
}

#define NO_BYTECODE SIZE_MAX
#define FILES_PER_NOTE 16     /* what all workers write costs more than a link when each file does */
#define BATCHES_PER_WORKER 32 /* below, a thread costs more than it brings */

/* What a worker has for itself: the linker learns and counts, the entry's manifests are corrected (renew.h). */
struct worker {
        struct linker linker;
        struct entry entry;
        struct manifest_stat *stats; /* of the files, then of the bytecode; NULL: the entry is the query's own */
        int source_fd;               /* directory of the store that the last file came from, -1: none yet */
        int source_root;             /* it lies beneath this one */
        const char *source_path;     /* of that file */
        size_t file;                 /* of the plan: the one at hand, the failed one after a failure */
        int result;
};

struct staging {
        const struct stage_query *query;
        const size_t *bytecode; /* for each wheel file the index of its bytecode, or NO_BYTECODE */
        const struct dir_groups *batches;
        int top_fds[PLAN_N_ROOTS];
        gid_t groups[PLAN_N_ROOTS]; /* see struct linker */
        bool acls[PLAN_N_ROOTS];    /* likewise */
        bool store_acl, pyc_acl;    /* see struct linker_source */
        struct worker *workers;
        struct progress progress; /* used by the first worker, which is the caller */
        atomic_size_t n_done;
};

static const char *path_of(const struct linker_source *source)
{
        return source->manifest->info.files[source->index].path;
}

/* The directory of a file, "." for none. False: it is too long. */
static bool copy_dir(const char *file, char ret_dir[PATH_MAX])
{
        size_t len = (size_t)(path_base(file) - file);

        if (len > PATH_MAX)
                return false;
        memcpy(ret_dir, len > 0 ? file : "./", len > 0 ? len : 2);
        ret_dir[(len > 0 ? len : 2) - 1] = '\0';
        return true;
}

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

static int find_source(const struct staging *staging, const struct entry *entry, const struct plan_file *file,
                       struct linker_source *ret_source)
{
        struct linker_source source = {.copied_store = entry->store->kind == STORE_SYSTEM};

        if (file->bytecode_of != NULL) {
                source.manifest = &entry->pyc;
                source.has_acl = staging->pyc_acl;
                source.index = staging->bytecode[index_of(&entry->files, file->bytecode_of)];
                if (source.index == NO_BYTECODE)
                        return -ENOENT;
        } else {
                source.manifest = &entry->files;
                source.has_acl = staging->store_acl;
                source.index = index_of(&entry->files, file->source);
        }
        if (entry->store->kind == STORE_OWN)
                source.entry = entry;
        *ret_source = source;
        return 0;
}

/* Where a symbolic link to a file of the store points; a private store goes away, and so nothing may point there. */
static char *absolute_of(const struct entry *entry, const struct linker_source *source)
{
        _cleanup_free_ char *directory = NULL;

        if (entry->store->kind == STORE_PRIVATE)
                return NULL;
        directory = source->manifest == &entry->pyc ? entry_path(entry, entry->pyc_name) : entry_path(entry, NULL);
        return directory != NULL ? path_join(directory, path_of(source)) : NULL;
}

/* The directory of the store that the source lies in: files that go into one directory mostly come from one, too, and
 * so its path is resolved once. */
static int enter_source(struct worker *worker, const struct linker_source *source)
{
        const char *path = path_of(source);
        int root_fd = source->manifest == &worker->entry.pyc ? worker->entry.pyc_fd : worker->entry.files_fd;
        char directory[PATH_MAX];
        int fd;

        if (worker->source_fd >= 0 && worker->source_root == root_fd && path_same_dir(worker->source_path, path))
                return 0;
        if (!copy_dir(path, directory))
                return -ENAMETOOLONG;
        fd = file_open_beneath(root_fd, directory, O_PATH | O_DIRECTORY, 0);
        if (fd < 0)
                return fd == -ENOENT || fd == -ELOOP || fd == -ENOTDIR ? -ESTALE : fd;
        cleanup_closep(&worker->source_fd);
        worker->source_fd = fd;
        worker->source_root = root_fd;
        worker->source_path = path;
        return 0;
}

static int stage_file(const struct staging *staging, struct worker *worker, const struct plan_file *file, int dir_fd)
{
        const char *name = path_base(file->path);
        _cleanup_free_ char *absolute = NULL;
        struct linker_source source;
        int r;

        if (file->content != NULL)
                return write_content(&worker->linker, file, dir_fd, name);
        r = find_source(staging, &worker->entry, file, &source);
        if (r < 0)
                return r;
        r = enter_source(worker, &source);
        if (r < 0)
                return r;
        if (worker->linker.mode == PIPSEED_LINK_SYMLINK)
                source.absolute = absolute = absolute_of(&worker->entry, &source);
        source.dir_fd = worker->source_fd;
        source.name = path_base(path_of(&source));
        return linker_place(&worker->linker, &source, dir_fd, name);
}

/* Makes a directory, and what is missing above it: another worker may be making it, too, or those above may be its next
 * ones. */
static int make_dir(int top_fd, char *directory)
{
        char *slash;
        int r;

        if (mkdirat(top_fd, directory, 0777) == 0 || errno == EEXIST)
                return 0;
        slash = strrchr(directory, '/');
        if (errno != ENOENT || slash == NULL)
                return -errno;
        *slash = '\0';
        r = make_dir(top_fd, directory);
        *slash = '/';
        if (r < 0)
                return r;
        return mkdirat(top_fd, directory, 0777) == 0 || errno == EEXIST ? 0 : -errno;
}

/* The directory of a file below the staged root. fd or -errno. */
static int enter(int top_fd, const char *file)
{
        char directory[PATH_MAX];
        int r;

        if (!copy_dir(file, directory))
                return -ENAMETOOLONG;
        r = strcmp(directory, ".") != 0 ? make_dir(top_fd, directory) : 0;
        return r < 0 ? r : file_open_beneath(top_fd, directory, O_PATH | O_DIRECTORY, 0);
}

/* All count, one tells. */
static int note_done(struct staging *staging, const struct worker *worker, size_t n)
{
        size_t n_done = atomic_fetch_add_explicit(&staging->n_done, n, memory_order_relaxed) + n;

        return worker == staging->workers ? progress_step(&staging->progress, n_done) : 0;
}

static void stage_run(struct staging *staging, struct worker *worker, const struct dir_group_run *run, int dir_fd)
{
        size_t noted = run->first;

        for (size_t i = run->first; worker->result == 0 && i < run->end; i++) {
                worker->file = i;
                worker->result = stage_file(staging, worker, &staging->query->plan->files[i], dir_fd);
                if (worker->result == 0 && (i + 1 - noted == FILES_PER_NOTE || i + 1 == run->end)) {
                        worker->result = note_done(staging, worker, i + 1 - noted);
                        noted = i + 1;
                }
        }
}

static int stage_batch(void *data, unsigned int number, size_t index)
{
        struct staging *staging = data;
        const struct batch *batch = &staging->batches->items[index];
        const struct dir_group_run *first = &staging->batches->runs[batch->first];
        struct worker *worker = &staging->workers[number];
        _cleanup_close_ int dir_fd = enter(staging->top_fds[first->file->root], first->file->path);

        worker->file = first->first;
        worker->result = dir_fd < 0 ? dir_fd : 0;
        worker->linker.group = staging->groups[first->file->root];
        worker->linker.default_acl = staging->acls[first->file->root];
        for (size_t i = batch->first; i < batch->end; i++)
                stage_run(staging, worker, &staging->batches->runs[i], dir_fd);
        return worker->result;
}

/* Holds the staged directory of each root that has files. A directory that hands its group down (setgid) wants files of
 * that group; an ACL that it hands down is in every directory that is made below it. */
static int open_tops(struct staging *staging, struct pipseed_error *err)
{
        const struct stage_query *query = staging->query;

        for (size_t i = 0; i < PLAN_N_ROOTS; i++)
                staging->top_fds[i] = -1;
        for (size_t i = 0; i < staging->batches->n_items; i++) {
                enum plan_root root = staging->batches->runs[staging->batches->items[i].first].file->root;
                struct stat st;
                int r;

                if (staging->top_fds[root] >= 0)
                        continue;
                r = txn_staged_fd(query->txn, root, &staging->top_fds[root], err);
                if (r < 0)
                        return r;
                if (fstat(staging->top_fds[root], &st) < 0)
                        return error_sys(err, errno, query->txn->staging_path, "cannot access the staging directory");
                staging->groups[root] = (st.st_mode & S_ISGID) != 0 ? st.st_gid : (gid_t)-1;
                staging->acls[root] = share_has_default_acl(staging->top_fds[root]);
        }
        if (share_may_link(&query->linker->caller)) {
                staging->store_acl = share_has_acl(query->entry->files_fd);
                staging->pyc_acl = query->entry->pyc_fd >= 0 && share_has_acl(query->entry->pyc_fd);
        }
        return 0;
}

/* What a thread can read while another one corrects what it knows. */
static void equip(const struct stage_query *query, struct worker *worker)
{
        size_t n_files = query->entry->files.info.n_files;
        size_t n_pyc = query->entry->pyc.info.n_files;

        worker->linker = *query->linker;
        worker->entry = *query->entry;
        if (worker->stats == NULL)
                return;
        memcpy(worker->stats, query->entry->files.stats, n_files * sizeof(*worker->stats));
        if (n_pyc > 0)
                memcpy(worker->stats + n_files, query->entry->pyc.stats, n_pyc * sizeof(*worker->stats));
        worker->entry.files.stats = worker->stats;
        worker->entry.pyc.stats = worker->stats + n_files;
}

struct workers {
        struct worker *items;
        unsigned int n;
};

static void dismiss(struct workers *workers)
{
        for (unsigned int i = 0; workers->items != NULL && i < workers->n; i++) {
                cleanup_closep(&workers->items[i].source_fd);
                free(workers->items[i].stats);
        }
        free(workers->items);
}

static int employ(const struct stage_query *query, size_t n_batches, struct workers *ret_workers)
{
        size_t n_wanted = 1 + n_batches / BATCHES_PER_WORKER;
        size_t n_stats = query->entry->files.info.n_files + query->entry->pyc.info.n_files;
        unsigned int n = query->jobs < n_wanted ? query->jobs : (unsigned int)n_wanted;

        n = n < 1 ? 1 : n > THREAD_POOL_MAX ? THREAD_POOL_MAX : n;
        ret_workers->items = calloc(n, sizeof(*ret_workers->items));
        if (ret_workers->items == NULL)
                return -ENOMEM;
        ret_workers->n = n;
        for (unsigned int i = 0; i < n; i++)
                ret_workers->items[i].source_fd = -1;
        for (unsigned int i = 0; i < n; i++) {
                struct worker *worker = &ret_workers->items[i];

                worker->stats = i > 0 ? malloc((n_stats + 1) * sizeof(*worker->stats)) : NULL;
                if (i > 0 && worker->stats == NULL)
                        return -ENOMEM;
                equip(query, worker);
        }
        return 0;
}

/* What the workers did and learned, into the query's linker. */
static void collect(const struct stage_query *query, const struct workers *workers)
{
        struct linker *linker = query->linker;
        const struct linker before = *linker;

        for (unsigned int i = 0; i < workers->n; i++) {
                const struct linker *part = &workers->items[i].linker;

                linker->no_reflink = linker->no_reflink || part->no_reflink;
                linker->no_hardlink = linker->no_hardlink || part->no_hardlink;
                for (int mode = 0; mode < PLACER_N_MODES; mode++)
                        linker->n_placed[mode] += part->n_placed[mode] - before.n_placed[mode];
        }
}

static int report(const struct stage_query *query, const struct workers *workers, struct pipseed_error *err)
{
        const struct worker *failed = &workers->items[0];
        const struct plan_file *file;

        for (unsigned int i = 1; i < workers->n; i++)
                if (workers->items[i].result < 0 && (failed->result >= 0 || workers->items[i].file < failed->file))
                        failed = &workers->items[i];
        for (unsigned int i = 0; i < workers->n; i++)
                if (workers->items[i].result == -ECANCELED)
                        return error_cancelled(err);
        file = &query->plan->files[failed->file];
        if (failed->result == -ESTALE) {
                const struct wheel_file *source = file->source != NULL ? file->source : file->bytecode_of;

                return error_set(err, PIPSEED_E_STORE_ENTRY, source->path,
                                 "a file of the store changed after it was created (%s of %s)", file->path,
                                 query->entry->files.info.filename);
        }
        return error_sys(err, failed->result, query->txn->staging_path, "cannot stage '%s'", file->path);
}

int stage_plan(const struct stage_query *query, struct pipseed_error *err)
{
        _cleanup_free_ size_t *bytecode = index_bytecode(query->entry);
        _cleanup_(dir_groups_done) struct dir_groups batches = {0};
        _cleanup_(dismiss) struct workers workers = {0};
        struct staging staging = {.query = query, .bytecode = bytecode, .batches = &batches};
        int r;

        if (bytecode == NULL || dir_groups_make(query->plan, &batches) < 0 ||
            employ(query, batches.n_items, &workers) < 0)
                return error_memory(err);
        staging.workers = workers.items;
        progress_init(&staging.progress, query->txn->event, query->txn->event_data, "files placed",
                      query->plan->n_files);
        r = open_tops(&staging, err);
        if (r < 0)
                return r;
        r = thread_pool_run(workers.n, batches.n_items, stage_batch, &staging);
        collect(query, &workers);
        return r < 0 ? report(query, &workers, err) : 0;
}
