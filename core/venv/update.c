/* SPDX-License-Identifier: MIT */
#include "venv/update.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "venv/build.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct updater {
        const struct update *update;
        struct txn *txn;
        int staged; /* everything of the layout, new */
        int staged_bin;
        struct pipseed_error *err;
};

static void updater_done(struct updater *updater)
{
        cleanup_closep(&updater->staged_bin); /* staged is the transaction's */
}

static int in_the_way(const struct updater *updater, const char *name, const char *what)
{
        (void)error_set(updater->err, PIPSEED_E_NOT_EMPTY, updater->update->path,
                        "'%s' is %s where the environment has its own", name, what);
        return error_hint(updater->err, "choose another directory, or recreate it with --clear");
}

static int add(const struct updater *updater, enum change_kind kind, const char *path)
{
        return txn_add(updater->txn, kind, PLAN_LIB, path, updater->err);
}

static int stage(struct updater *updater)
{
        const struct update *update = updater->update;
        mode_t mode; /* the directory is there, and keeps its own */
        int r = txn_prepare(updater->txn, updater->err);

        if (r == 0)
                r = txn_staged_fd(updater->txn, PLAN_LIB, &updater->staged, updater->err);
        if (r == 0)
                r = build_tree(update->layout, updater->staged, update->path, &mode, updater->err);
        if (r < 0)
                return r;
        updater->staged_bin = file_open_beneath(updater->staged, "bin", O_RDONLY | O_DIRECTORY, 0);
        return updater->staged_bin < 0 ? error_sys(updater->err, steal_fd(&updater->staged_bin), update->path,
                                                   "cannot open the new files")
                                       : 0;
}

/* Neither venv nor pipseed builds through a link: venv says so too. */
static int add_dir(const struct updater *updater, const char *dir)
{
        const struct update *update = updater->update;
        _cleanup_close_ int fd = file_open_beneath(update->fd, dir, O_PATH | O_NOFOLLOW, 0);
        struct stat st;

        if (fd == -ENOENT)
                return add(updater, CHANGE_MKDIR, dir);
        if (fd == -ELOOP || fd == -ENOTDIR)
                return in_the_way(updater, dir, "not reached through directories alone");
        if (fd < 0)
                return error_sys(updater->err, fd, update->path, "cannot open '%s'", dir);
        if (fstat(fd, &st) < 0)
                return error_sys(updater->err, errno, update->path, "cannot access '%s'", dir);
        return S_ISDIR(st.st_mode) ? 0 : in_the_way(updater, dir, "not a directory");
}

/* A file that is rewritten keeps its owner and, unless its template has one, its mode. */
static int keep_attributes(const struct updater *updater, const struct layout_entry *entry, const struct stat *old)
{
        int staged = entry->directory == LAYOUT_BIN ? updater->staged_bin : updater->staged;
        struct stat new;

        if (!S_ISREG(old->st_mode))
                return 0;
        if (fstatat(staged, entry->name, &new, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if ((new.st_uid != old->st_uid || new.st_gid != old->st_gid) &&
            fchownat(staged, entry->name, old->st_uid, old->st_gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EPERM)
                return -errno;
        if (entry->mode == 0 && new.st_mode != old->st_mode &&
            fchmodat(staged, entry->name, old->st_mode & 07777, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return 0;
}

static int replace(const struct updater *updater, const struct layout_entry *entry, const char *path,
                   const struct stat *old)
{
        int r;

        if (S_ISDIR(old->st_mode))
                return in_the_way(updater, entry->name, "a directory");
        r = keep_attributes(updater, entry, old);
        return r < 0 ? error_sys(updater->err, r, updater->update->path, "cannot replace '%s'", entry->name)
                     : add(updater, CHANGE_SWAP, path);
}

/* A link whose end is gone: nothing is lost when it is replaced, and the environment does not work with it. 1, 0 or
 * -errno. */
static int is_dangling(const struct updater *updater, const char *path, const struct stat *old)
{
        struct stat st;

        if (!S_ISLNK(old->st_mode) || fstatat(updater->update->fd, path, &st, 0) == 0)
                return 0;
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 1 : -errno;
}

/*
 * The name of the interpreter, taken already. venv:
 *   wanted   there    becomes
 *   link     link     it stays, unless it leads nowhere: then it is replaced, as newer venvs do
 *   link     file     a copy: the link cannot be made, the content is written into the file
 *   copy     file     the content is written into the file
 *   copy     link     an error (the same file), or the interpreter behind the link is overwritten: never here
 */
static int replace_interpreter(const struct updater *updater, const struct layout_entry *entry, const char *path,
                               const struct stat *old)
{
        int r = 0;

        if (S_ISLNK(old->st_mode))
                return entry->kind == LAYOUT_LINK ? 0 : in_the_way(updater, entry->name, "a link to an interpreter");
        if (entry->kind == LAYOUT_LINK)
                r = unlinkat(updater->staged_bin, entry->name, 0) < 0
                            ? -errno
                            : build_copy(entry->text, updater->staged_bin, entry->name, 0755);
        if (r < 0)
                return error_sys(updater->err, r, updater->update->path, "cannot copy '%s'", entry->text);
        return replace(updater, entry, path, old);
}

static int add_entry(const struct updater *updater, const struct layout_entry *entry)
{
        const struct update *update = updater->update;
        _cleanup_free_ char *path = path_join(entry->directory == LAYOUT_BIN ? "bin" : "", entry->name);
        _cleanup_close_ int fd = -1;
        struct stat old;
        int r;

        if (path == NULL)
                return error_memory(updater->err);
        fd = file_open_beneath(update->fd, path, O_PATH | O_NOFOLLOW, 0);
        if (fd == -ENOENT)
                return add(updater, CHANGE_PUT, path);
        if (fd < 0 || fstat(fd, &old) < 0)
                return error_sys(updater->err, fd < 0 ? fd : errno, update->path, "cannot access '%s'", entry->name);
        r = is_dangling(updater, path, &old);
        if (r < 0)
                return error_sys(updater->err, r, update->path, "cannot access '%s'", entry->name);
        if (r > 0)
                return replace(updater, entry, path, &old);
        switch (entry->existing) {
        case LAYOUT_KEEP:
                return 0;
        case LAYOUT_INTERPRETER:
                return replace_interpreter(updater, entry, path, &old);
        case LAYOUT_REPLACE:
        default:
                return replace(updater, entry, path, &old);
        }
}

static int add_merge(const struct updater *updater)
{
        const struct layout *layout = updater->update->layout;
        int r = 0;

        for (size_t i = 0; r == 0 && i < layout->n_dirs; i++)
                r = add_dir(updater, layout->dirs[i]);
        for (size_t i = 0; r == 0 && i < layout->n_entries; i++)
                r = add_entry(updater, &layout->entries[i]);
        return r;
}

/* Every name in the directory: those that a journal can hold are taken away; the others, with oddly, are removed. */
static int each_old(const struct updater *updater, bool oddly)
{
        const struct update *update = updater->update;
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r = dir_iter_open(&names, file_open_dir_at(update->fd, "."));

        while (r == 0 && (name = dir_iter_next(&names)) != NULL) {
                if (txn_is_staging_name(name) || path_is_plain(name) == oddly)
                        continue;
                if (!oddly)
                        r = add(updater, CHANGE_TAKE, name);
                else if ((r = file_remove_tree(update->fd, name)) < 0)
                        r = error_sys(updater->err, r, update->path, "cannot clear '%s'", update->path);
        }
        return names.error < 0 ? error_sys(updater->err, names.error, update->path, "cannot read the directory '%s'",
                                           update->path)
                               : r;
}

static int add_clear(const struct updater *updater)
{
        const struct layout *layout = updater->update->layout;
        int r = each_old(updater, false);

        for (size_t i = 0; r == 0 && i < layout->n_dirs; i++)
                if (strchr(layout->dirs[i], '/') == NULL)
                        r = add(updater, CHANGE_PUT, layout->dirs[i]);
        for (size_t i = 0; r == 0 && i < layout->n_entries; i++)
                if (layout->entries[i].directory == LAYOUT_TOP)
                        r = add(updater, CHANGE_PUT, layout->entries[i].name);
        return r;
}

int update_dir(const struct update *update, struct txn **ret_txn, struct pipseed_error *err)
{
        _cleanup_(txn_freep) struct txn *txn = NULL;
        _cleanup_(updater_done) struct updater updater = {.update = update, .staged = -1, .staged_bin = -1, .err = err};
        int r = txn_open_held(update->fd, update->path, update->query, &txn, err);

        updater.txn = txn;
        if (r == 0)
                r = stage(&updater);
        if (r == 0)
                r = update->clear ? add_clear(&updater) : add_merge(&updater);
        if (r == 0)
                r = txn_commit(txn, err);
        if (r == 0 && update->clear)
                r = each_old(&updater, true);
        if (r < 0)
                return r;
        *ret_txn = steal_ptr(txn);
        return 0;
}
