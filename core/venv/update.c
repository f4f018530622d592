/* SPDX-License-Identifier: MIT */
#include "venv/update.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "venv/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define STAGE ".pipseed-venv"
#define ASIDE "aside" /* no name of a layout */

struct updater {
        const struct layout *layout;
        const char *path;
        int fds[LAYOUT_N_FOLDERS];    /* of the environment */
        int staged[LAYOUT_N_FOLDERS]; /* of what is new */
        bool made[LAYOUT_MAX_DIRS];
        bool placed[LAYOUT_MAX_ENTRIES], exchanged[LAYOUT_MAX_ENTRIES];
        struct pipseed_error *err;
};

static void close_all(struct updater *updater)
{
        for (int i = 0; i < LAYOUT_N_FOLDERS; i++) {
                cleanup_closep(&updater->staged[i]);
                if (i != LAYOUT_TOP) /* the caller's */
                        cleanup_closep(&updater->fds[i]);
        }
}

static int in_the_way(struct updater *updater, const char *name, const char *what)
{
        (void)error_set(updater->err, PIPSEED_E_NOT_EMPTY, updater->path, "%s is %s where the environment has its own",
                        name, what);
        return error_hint(updater->err, "choose another folder, or make it anew with --clear");
}

/* Neither venv nor pipseed builds through a link: venv says so too. */
static int check_dir(struct updater *updater, const char *dir)
{
        int fd = file_open_beneath(updater->fds[LAYOUT_TOP], dir, O_PATH | O_NOFOLLOW, 0);
        struct stat st;
        int r = 0;

        if (fd == -ENOENT)
                return 0;
        if (fd == -ELOOP || fd == -ENOTDIR)
                return in_the_way(updater, dir, "not reached through folders alone");
        if (fd < 0)
                return error_sys(updater->err, fd, updater->path, "cannot open %s", dir);
        if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
                r = in_the_way(updater, dir, "no folder");
        (void)close(fd);
        return r;
}

static int make_stage(struct updater *updater)
{
        int top = updater->fds[LAYOUT_TOP];
        int r = file_remove_tree(top, STAGE); /* of a run that was killed */

        if (r == 0 && mkdirat(top, STAGE, 0777) < 0)
                r = -errno;
        if (r == 0)
                updater->staged[LAYOUT_TOP] = r = file_open_beneath(top, STAGE, O_RDONLY | O_DIRECTORY, 0);
        if (r < 0)
                return error_sys(updater->err, r, updater->path, "cannot make a folder in %s", updater->path);
        r = build_tree(updater->layout, updater->staged[LAYOUT_TOP], updater->path, updater->err);
        if (r < 0)
                return r;
        updater->staged[LAYOUT_BIN] = file_open_beneath(updater->staged[LAYOUT_TOP], "bin", O_RDONLY | O_DIRECTORY, 0);
        if (updater->staged[LAYOUT_BIN] < 0)
                return error_sys(updater->err, updater->staged[LAYOUT_BIN], updater->path, "cannot open the new files");
        return 0;
}

static int make_dirs(struct updater *updater)
{
        const struct layout *layout = updater->layout;

        for (size_t i = 0; i < layout->n_dirs; i++) {
                _cleanup_free_ char *above = path_dir(layout->dirs[i]);
                _cleanup_close_ int fd = -1;

                if (above == NULL)
                        return error_memory(updater->err);
                fd = file_open_beneath(updater->fds[LAYOUT_TOP], above, O_PATH | O_DIRECTORY, 0);
                if (fd < 0)
                        return error_sys(updater->err, fd, updater->path, "cannot open %s", above);
                updater->made[i] = mkdirat(fd, path_base(layout->dirs[i]), 0777) == 0;
                if (!updater->made[i] && errno != EEXIST)
                        return error_sys(updater->err, errno, updater->path, "cannot make the folder %s",
                                         layout->dirs[i]);
        }
        updater->fds[LAYOUT_BIN] = file_open_beneath(updater->fds[LAYOUT_TOP], "bin", O_RDONLY | O_DIRECTORY, 0);
        if (updater->fds[LAYOUT_BIN] < 0)
                return error_sys(updater->err, updater->fds[LAYOUT_BIN], updater->path, "cannot open the folder bin");
        return 0;
}

/* Both names change places; where the kernel cannot do that in one step, in three. */
static int exchange(const struct updater *updater, enum layout_folder folder, const char *name)
{
        int fd = updater->fds[folder];
        int staged = updater->staged[folder];
        int r = file_rename_exchange(staged, name, fd, name);

        if (r != -EOPNOTSUPP)
                return r;
        if (renameat(fd, name, staged, ASIDE) < 0)
                return -errno;
        if (renameat(staged, name, fd, name) < 0) {
                int saved = errno;

                (void)renameat(staged, ASIDE, fd, name);
                return -saved;
        }
        return renameat(staged, ASIDE, staged, name) < 0 ? -errno : 0;
}

/* A file that is written anew keeps its owner and, unless its template has one, its mode. */
static int keep_attributes(const struct updater *updater, const struct layout_entry *entry, const struct stat *old)
{
        int staged = updater->staged[entry->folder];
        struct stat new;

        if (!S_ISREG(old->st_mode))
                return 0;
        if (fstatat(staged, entry->name, &new, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if ((new.st_uid != old->st_uid || new.st_gid != old->st_gid) &&
            fchownat(staged, entry->name, old->st_uid, old->st_gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EPERM)
                return -errno;
        if (entry->mode == 0 && new.st_mode != old->st_mode &&
            fchmodat(staged, entry->name, old->st_mode & 07777, 0) < 0)
                return -errno;
        return 0;
}

static int replace(struct updater *updater, size_t i, const struct stat *old)
{
        const struct layout_entry *entry = &updater->layout->entries[i];
        int r;

        if (S_ISDIR(old->st_mode))
                return in_the_way(updater, entry->name, "a folder");
        r = keep_attributes(updater, entry, old);
        if (r == 0)
                r = exchange(updater, entry->folder, entry->name);
        if (r < 0)
                return error_sys(updater->err, r, updater->path, "cannot replace %s", entry->name);
        updater->exchanged[i] = true;
        return 0;
}

/*
 * The name of the interpreter, taken already. venv:
 *   wanted   there    becomes
 *   link     link     it stays, wherever it leads
 *   link     file     a copy: the link cannot be made, the content is written into the file
 *   copy     file     the content is written into the file
 *   copy     link     an error (the same file), or the interpreter behind the link is overwritten: never here
 */
static int replace_interpreter(struct updater *updater, size_t i, const struct stat *old)
{
        const struct layout_entry *entry = &updater->layout->entries[i];
        int staged = updater->staged[entry->folder];
        int r = 0;

        if (S_ISLNK(old->st_mode))
                return entry->kind == LAYOUT_LINK ? 0 : in_the_way(updater, entry->name, "a link to an interpreter");
        if (entry->kind == LAYOUT_LINK)
                r = unlinkat(staged, entry->name, 0) < 0 ? -errno : build_copy(entry->text, staged, entry->name, 0755);
        if (r < 0)
                return error_sys(updater->err, r, updater->path, "cannot copy %s", entry->text);
        return replace(updater, i, old);
}

static int place(struct updater *updater, size_t i)
{
        const struct layout_entry *entry = &updater->layout->entries[i];
        int fd = updater->fds[entry->folder];
        int staged = updater->staged[entry->folder];
        struct stat old;
        int r;

        if (fstatat(fd, entry->name, &old, AT_SYMLINK_NOFOLLOW) == 0) {
                switch (entry->existing) {
                case LAYOUT_KEEP:
                        return 0;
                case LAYOUT_INTERPRETER:
                        return replace_interpreter(updater, i, &old);
                case LAYOUT_REPLACE:
                        return replace(updater, i, &old);
                }
        }
        if (errno != ENOENT)
                return error_sys(updater->err, errno, updater->path, "cannot look at %s", entry->name);
        r = file_rename_new(staged, entry->name, fd, entry->name);
        if (r == -EOPNOTSUPP)
                r = renameat(staged, entry->name, fd, entry->name) < 0 ? -errno : 0;
        if (r < 0)
                return error_sys(updater->err, r, updater->path, "cannot put %s into place", entry->name);
        updater->placed[i] = true;
        return 0;
}

static void take_back(struct updater *updater)
{
        const struct layout *layout = updater->layout;

        for (size_t i = layout->n_entries; i-- > 0;) {
                const struct layout_entry *entry = &layout->entries[i];

                if (updater->placed[i])
                        (void)unlinkat(updater->fds[entry->folder], entry->name, 0);
                if (updater->exchanged[i])
                        (void)exchange(updater, entry->folder, entry->name);
        }
        for (size_t i = layout->n_dirs; i-- > 0;)
                if (updater->made[i])
                        (void)unlinkat(updater->fds[LAYOUT_TOP], layout->dirs[i], AT_REMOVEDIR);
}

int update_folder(const struct layout *layout, int fd, const char *path, struct pipseed_error *err)
{
        _cleanup_(close_all) struct updater updater = {
                .layout = layout, .path = path, .fds = {fd, -1}, .staged = {-1, -1}, .err = err};
        int r = 0;

        for (size_t i = 0; r == 0 && i < layout->n_dirs; i++)
                r = check_dir(&updater, layout->dirs[i]);
        if (r == 0)
                r = make_stage(&updater);
        if (r == 0)
                r = make_dirs(&updater);
        for (size_t i = 0; r == 0 && i < layout->n_entries; i++)
                r = place(&updater, i);
        if (r < 0)
                take_back(&updater);
        (void)file_remove_tree(fd, STAGE);
        return r;
}
