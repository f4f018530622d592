/* SPDX-License-Identifier: MIT */
#include "make.h"

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "bytecode.h"
#include "stamp.h"
#include "fill.h"
#include "share.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

char *make_entry_name(const struct entry_query *query)
{
        mode_t mode = 0666 & ~share_umask(query->umask);
        char hex[HASH_HEX_SIZE];

        hash_to_hex(query->sha256, hex);
        return mode == 0644 ? strdup(hex) : str_format("%s-m%03o", hex, (unsigned int)mode);
}

/* PEP 552: pip's compileall follows SOURCE_DATE_EPOCH (py_compile's default invalidation mode). */
static bool wants_checked_hash(const struct entry_query *query)
{
        const char *epoch = getenv("SOURCE_DATE_EPOCH");
        const struct target *target = query->target;

        if (target->major == 3 && target->minor < target->implementation->pep552_minor)
                return false;
        return query->bytecode == PIPSEED_BYTECODE_CHECKED_HASH || (epoch != NULL && epoch[0] != '\0');
}

char *make_bytecode_name(const struct entry_query *query)
{
        const uint8_t *magic = query->target->magic;

        return str_format("pyc-%s-%02x%02x%02x%02x%s", query->target->cache_tag, magic[0], magic[1], magic[2], magic[3],
                          wants_checked_hash(query) ? "-checked" : "");
}

bool make_wants_bytecode(const struct entry_query *query)
{
        return query->bytecode != PIPSEED_BYTECODE_NO && bytecode_possible(query->target);
}

/* What a set of bytecode is made from, and where it goes. */
struct compiling {
        int files_fd; /* the wheel's files */
        const struct manifest *files;
        int dir_fd;             /* the set's directory */
        const char *dir_path;   /* for messages */
        const char *from_files; /* "files" in the set's directory, relative to files_fd */
};

static int compile_into(const struct store *store, const struct entry_query *query, const struct compiling *what,
                        struct pipseed_error *err)
{
        _cleanup_(manifest_done) struct manifest pyc = {0};
        _cleanup_close_ int out_fd = -1;
        struct bytecode_query compile = {
                .target = query->target,
                .checked_hash = wants_checked_hash(query),
                .files_fd = what->files_fd,
                .files = what->files,
                .out_path = what->from_files,
                .path = what->dir_path,
                .jobs = query->jobs,
                .umask = share_umask(query->umask),
                .event = query->event,
                .event_data = query->event_data,
        };
        int r;

        if (mkdirat(what->dir_fd, "files", 0700) < 0)
                return error_sys(err, errno, what->dir_path, "cannot create a directory in the store");
        out_fd = file_open_beneath(what->dir_fd, "files", O_RDONLY | O_DIRECTORY, 0);
        if (out_fd < 0)
                return error_sys(err, out_fd, what->dir_path, "cannot open a directory of the store");
        compile.out_fd = out_fd;
        r = bytecode_compile(&compile, &pyc, err);
        if (r < 0)
                return r;
        r = fill_manifest(what->dir_fd, &pyc);
        if (r == 0)
                r = stamp_write(store, what->dir_fd);
        return r < 0 ? error_sys(err, r, what->dir_path, "cannot write the store's manifest") : 0;
}

static int unpack_into(const struct store *store, const struct entry_query *query, int dir_fd, const char *dir_path,
                       int *ret_files_fd, struct manifest *ret_files, struct wheel **ret_wheel,
                       struct pipseed_error *err)
{
        _cleanup_(wheel_freep) struct wheel *wheel = NULL;
        _cleanup_close_ int files_fd = -1;
        struct progress progress;
        uint8_t digest[HASH_SIZE];
        const void *bytes = NULL;
        size_t len = 0;
        int r = query->read(query->read_data, &bytes, &len, err);

        if (r < 0)
                return r;
        progress_init(&progress, query->event, query->event_data, "files unpacked", 0);
        hash_of(bytes, len, digest);
        if (memcmp(digest, query->sha256, HASH_SIZE) != 0)
                return error_set(err, PIPSEED_E_WHEEL_HASH, query->path, "the wheel changed while it was being read");
        r = wheel_load(query->filename, bytes, len, query->path, &wheel, err);
        if (r < 0)
                return r;
        memcpy(wheel->info.sha256, digest, HASH_SIZE);
        if (mkdirat(dir_fd, "files", 0700) < 0)
                return error_sys(err, errno, dir_path, "cannot create a directory in the store");
        files_fd = file_open_beneath(dir_fd, "files", O_RDONLY | O_DIRECTORY, 0);
        if (files_fd < 0)
                return error_sys(err, files_fd, dir_path, "cannot open a directory of the store");
        progress.total = wheel->info.n_files;
        r = fill_files(files_fd, wheel, share_umask(query->umask), dir_path, &progress, ret_files, err);
        if (r < 0)
                return r;
        r = fill_manifest(dir_fd, ret_files);
        if (r == 0)
                r = stamp_write(store, dir_fd);
        if (r < 0)
                return error_sys(err, r, dir_path, "cannot write the store's manifest");
        *ret_files_fd = steal_fd(&files_fd);
        *ret_wheel = steal_ptr(wheel);
        return 0;
}

/* Everything of a new entry, in a temporary directory. */
static int make_whole(const struct store *store, const struct entry_query *query, const char *pyc_name, int dir_fd,
                      const char *dir_path, struct pipseed_error *err)
{
        _cleanup_(wheel_freep) struct wheel *wheel = NULL;
        _cleanup_(manifest_done) struct manifest files = {0};
        _cleanup_free_ char *from_files = NULL;
        _cleanup_close_ int files_fd = -1;
        _cleanup_close_ int pyc_fd = -1;
        struct compiling what = {.files = &files, .dir_path = dir_path};
        int r = unpack_into(store, query, dir_fd, dir_path, &files_fd, &files, &wheel, err);

        if (r < 0 || pyc_name == NULL)
                return r;
        from_files = str_format("../%s/files", pyc_name);
        if (from_files == NULL)
                return error_memory(err);
        if (mkdirat(dir_fd, pyc_name, 0700) < 0)
                return error_sys(err, errno, dir_path, "cannot create a directory in the store");
        pyc_fd = file_open_beneath(dir_fd, pyc_name, O_RDONLY | O_DIRECTORY, 0);
        if (pyc_fd < 0)
                return error_sys(err, pyc_fd, dir_path, "cannot open a directory of the store");
        what.files_fd = files_fd;
        what.dir_fd = pyc_fd;
        what.from_files = from_files;
        return compile_into(store, query, &what, err);
}

/* Bytecode for an entry that has none yet for this interpreter: from CACHE/v1/wheels/NAME/files to
 * CACHE/v1/tmp/NAME. */
static int make_bytecode(const struct store *store, const struct entry_query *query, const struct entry *existing,
                         int dir_fd, const char *dir_path, const char *temporary, struct pipseed_error *err)
{
        _cleanup_free_ char *from_files = str_format("../../../%s/files", temporary);
        const struct compiling what = {.files_fd = existing->files_fd,
                                       .files = &existing->files,
                                       .dir_fd = dir_fd,
                                       .dir_path = dir_path,
                                       .from_files = from_files};

        return from_files != NULL ? compile_into(store, query, &what, err) : error_memory(err);
}

static int publish(const struct store *store, bool durable, const char *temporary, int dir_fd, const char *final,
                   struct pipseed_error *err)
{
        _cleanup_free_ char *parent = path_dir(final);
        _cleanup_close_ int parent_fd = -1;

        if (parent == NULL)
                return error_memory(err);
        if (durable && syncfs(dir_fd) < 0)
                return error_sys(err, errno, store->path, "cannot sync the store");
        parent_fd = file_open_beneath(store->fd, parent, O_RDONLY | O_DIRECTORY, 0);
        if (parent_fd < 0)
                return error_sys(err, parent_fd, store->path, "cannot open the store");
        if (renameat(store->fd, temporary, parent_fd, path_base(final)) == 0)
                return durable && fsync(parent_fd) < 0 ? error_sys(err, errno, store->path, "cannot sync the store")
                                                       : 0;
        /* Another process was faster: its entry is as good as ours. */
        if (errno == EEXIST || errno == ENOTEMPTY)
                return 0;
        return error_sys(err, errno, store->path, "cannot move the entry into place");
}

int make_missing(const struct store *store, const struct entry_query *query, const struct entry *existing,
                 struct pipseed_error *err)
{
        _cleanup_free_ char *name = make_entry_name(query);
        _cleanup_free_ char *pyc_name = make_wants_bytecode(query) ? make_bytecode_name(query) : NULL;
        _cleanup_free_ char *final = NULL;
        _cleanup_free_ char *dir_path = NULL;
        _cleanup_close_ int dir_fd = -1;
        char temporary[64];
        int r;

        if (name == NULL || (pyc_name == NULL && make_wants_bytecode(query)))
                return error_memory(err);
        dir_fd = store_make_temporary(store, temporary);
        if (dir_fd < 0)
                return error_sys(err, dir_fd, store->path, "cannot create a directory in the store");
        dir_path = path_join(store->path, temporary);
        final = existing != NULL ? str_format("wheels/%s/%s", name, pyc_name) : str_format("wheels/%s", name);
        if (dir_path == NULL || final == NULL)
                r = error_memory(err);
        else if (existing != NULL)
                r = make_bytecode(store, query, existing, dir_fd, dir_path, temporary, err);
        else
                r = make_whole(store, query, pyc_name, dir_fd, dir_path, err);
        if (r == 0)
                r = publish(store, query->durable, temporary, dir_fd, final, err);
        (void)file_remove_tree(store->fd, temporary);
        return r;
}
