/* SPDX-License-Identifier: MIT */
#include "venv/destination.h"

#include "base/error.h"
#include "base/file.h"
#include "base/leftover.h"
#include "base/lock.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"
#include "install/txn/txn.h"
#include "venv/sibling.h"
#include "venv/unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define RESERVE_TRIES 16

static bool is_same(const struct stat *a, const struct stat *b)
{
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Is the directory that fd holds the one by that name? 1, 0, or the -errno that keeps it from being told. */
static int is_at(int fd, int parent_fd, const char *name)
{
        struct stat held, named;

        if (fstat(fd, &held) < 0)
                return file_errno();
        if (fstatat(parent_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : file_errno();
        return is_same(&held, &named);
}

int destination_empty(int fd)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r = dir_iter_open(&names, file_open_dir_at(fd, "."));

        while (r == 0 && (name = dir_iter_next(&names)) != NULL)
                r = file_remove_tree(dir_iter_fd(&names), name);
        return r != 0 ? r : names.error;
}

/* What a run leaves in the environment while it works: the note of one that is to be finished, or a staging
 * directory. */
static bool is_at_work(int fd)
{
        static const char *const signs[] = {UNFINISHED_NAME, TXN_STAGING_VENV};
        struct stat st;

        for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
                if (fstatat(fd, signs[i], &st, AT_SYMLINK_NOFOLLOW) == 0 && lock_is_recent(&st))
                        return true;
        return false;
}

int destination_lock(const struct destination *destination, int fd)
{
        return lock_wait_dir(fd, is_at_work, "waiting for another process that is working on this environment",
                             destination->event, destination->event_data);
}

static int busy(const struct destination *destination, int r, struct pipseed_error *err)
{
        if (r == -ECANCELED)
                return error_cancelled(err);
        (void)error_set(err, PIPSEED_E_BUSY, destination->path,
                        "another process has been working on '%s' for more than %d s", destination->path, LOCK_WAIT_S);
        return error_hint(err, "wait for it or stop it (fuser -v names it), then try again");
}

/* Opens the directory and makes what is missing on the way, as os.makedirs does it. fd or -errno. */
static int make_dir(struct destination *destination, const char *path)
{
        _cleanup_free_ char *above = NULL;
        _cleanup_close_ int above_fd = -1;
        int fd = file_open_dir(path);

        if (fd != -ENOENT || destination->dry_run)
                return fd;
        above = path_dir(path);
        if (above == NULL)
                return -ENOMEM;
        if (strcmp(above, path) == 0)
                return -ENOENT;
        above_fd = make_dir(destination, above);
        if (above_fd < 0)
                return above_fd;
        if (mkdirat(above_fd, path_base(path), 0777) == 0)
                destination->n_made++;
        else if (errno != EEXIST)
                return -errno;
        return file_open_dir_at(above_fd, path_base(path));
}

static int in_the_way(const struct destination *destination, const char *what, struct pipseed_error *err)
{
        (void)error_set(err, PIPSEED_E_NOT_EMPTY, destination->path, "cannot create an environment in '%s': it is %s",
                        destination->path, what);
        return error_hint(err, "choose another directory");
}

/* What is there now: 0 locked, or nothing is there; -EAGAIN: it went away while another run had it; a code. */
static int look(struct destination *destination, struct pipseed_error *err)
{
        _cleanup_close_ int fd = -1;
        struct stat st;
        int r;

        if (fstatat(destination->parent_fd, destination->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT
                               ? 0
                               : error_sys(err, errno, destination->path, "cannot access '%s'", destination->path);
        if (!S_ISDIR(st.st_mode))
                return in_the_way(destination, S_ISLNK(st.st_mode) ? "a symbolic link" : "not a directory", err);
        fd = openat(destination->parent_fd, destination->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT
                               ? -EAGAIN
                               : error_sys(err, errno, destination->path, "cannot open '%s'", destination->path);
        r = destination->dry_run ? 0 : destination_lock(destination, fd);
        if (r < 0)
                return busy(destination, r, err);
        r = is_at(fd, destination->parent_fd, destination->name);
        if (r <= 0)
                return r == 0 ? -EAGAIN : error_sys(err, r, destination->path, "cannot access '%s'", destination->path);
        destination->dir_fd = steal_fd(&fd);
        destination->existed = true;
        return 0;
}

static int open_existing(struct destination *destination, struct pipseed_error *err)
{
        for (int tries = 0; tries < RESERVE_TRIES; tries++) {
                int r = look(destination, err);

                if (r != -EAGAIN)
                        return r;
        }
        return busy(destination, -EWOULDBLOCK, err);
}

/* What could not be removed costs room, and is in nobody's way. */
static int tell_kept(const struct destination *destination, const char *name, int r)
{
        char text[PATH_MAX + 256];
        const struct pipseed_event event = {.kind = PIPSEED_EVENT_WARNING, .text = text};

        (void)snprintf(text, sizeof(text), "cannot remove what was created or replaced beside '%s/%s': %s",
                       destination->parent, name, strerrordesc_np(-r));
        return destination->event != NULL ? destination->event(destination->event_data, &event) : 0;
}

int destination_open(struct destination *destination, const char *path, struct pipseed_error *err)
{
        struct sibling_found found = {0};
        int r;

        destination->path = strdup(path);
        destination->parent = path_dir(path);
        if (destination->path == NULL || destination->parent == NULL)
                return error_memory(err);
        destination->name = path_base(destination->path);
        if (destination->name[0] == '\0')
                return in_the_way(destination, "the root directory", err);
        destination->parent_fd = make_dir(destination, destination->parent);
        if (destination->parent_fd == -ENOENT && destination->dry_run)
                return 0;
        if (destination->parent_fd < 0)
                return error_sys(err, destination->parent_fd, destination->parent,
                                 "cannot open or create the directory '%s'", destination->parent);
        r = destination->dry_run ? 0 : sibling_recover(destination->parent_fd, destination->name, &found);
        if (r < 0)
                return error_sys(err, r, destination->parent,
                                 "cannot remove the leftovers of an interrupted run beside '%s'", destination->name);
        if (found.error < 0 && tell_kept(destination, destination->name, found.error) != 0)
                return error_set(err, PIPSEED_E_CANCELLED, NULL, "cancelled by the caller");
        return open_existing(destination, err);
}

static int set_hidden_name(struct destination *destination, bool randomly)
{
        char end[64] = "";
        int r = randomly ? file_random_name("-", end, sizeof(end)) : 0;

        if (r < 0)
                return r;
        free(destination->hidden);
        destination->hidden = sibling_name(destination->name, end);
        return destination->hidden != NULL ? 0 : -ENOMEM;
}

/* Makes or takes over the hidden directory. While it is hidden nobody else opens it, so its lock is a run's. 0;
 * -EAGAIN: it changed hands, try again; -EEXIST: it is not ours; -errno. */
static int take_hidden(struct destination *destination)
{
        _cleanup_close_ int fd = -1;
        bool made = mkdirat(destination->parent_fd, destination->hidden, 0700 | LEFTOVER_MARK) == 0;
        struct stat st;
        int r;

        if (!made && errno != EEXIST)
                return -errno;
        fd = openat(destination->parent_fd, destination->hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return -EAGAIN;
        if (fd < 0 || fstat(fd, &st) < 0) {
                r = errno;
                if (made)
                        (void)unlinkat(destination->parent_fd, destination->hidden, AT_REMOVEDIR);
                return !made && fd < 0 && (r == ELOOP || r == ENOTDIR || r == EACCES) ? -EEXIST : -r;
        }
        if (st.st_uid != geteuid() || (!made && !leftover_is_proved(destination->parent_fd, fd)))
                return -EEXIST;
        r = destination_lock(destination, fd);
        if (r < 0)
                return r;
        if (!made && r > 0)
                return -EEXIST;
        r = is_at(fd, destination->parent_fd, destination->hidden);
        if (r < 0 && made)
                (void)unlinkat(destination->parent_fd, destination->hidden, AT_REMOVEDIR);
        if (r <= 0)
                return r == 0 ? -EAGAIN : r;
        if (!made && destination_empty(fd) < 0)
                return -EEXIST; /* its next run may succeed */
        destination->sibling_fd = steal_fd(&fd);
        return 0;
}

int destination_reserve(struct destination *destination, struct pipseed_error *err)
{
        int r = set_hidden_name(destination, false);

        for (int tries = 0; r == 0 && tries < RESERVE_TRIES; tries++) {
                r = take_hidden(destination);
                if (r == -EEXIST)
                        r = set_hidden_name(destination, true);
                else if (r == -EAGAIN)
                        r = 0;
                else
                        break;
        }
        if (r == 0 && destination->sibling_fd < 0)
                r = -EWOULDBLOCK;
        if (r == -EWOULDBLOCK || r == -ECANCELED)
                return busy(destination, r, err);
        if (r == 0)
                return 0;
        (void)error_sys(err, r, destination->parent, "cannot create a directory in '%s'", destination->parent);
        if (r == -EACCES || r == -EPERM || r == -EROFS)
                return error_hint(err, "choose a writable directory");
        return err->code;
}

/* The name for the third step of an exchange: what is hidden there is the environment that belongs to the place. */
static char *aside_name(const char *hidden)
{
        size_t len = strlen(hidden);

        if (str_ends(hidden, SIBLING_ASIDE))
                return strndup(hidden, len - strlen(SIBLING_ASIDE));
        return str_format("%s" SIBLING_ASIDE, hidden);
}

/*
 * What is hidden and what is in the place change places; where the kernel cannot do that in one step, in two: what is
 * in the place is hidden under another name, which becomes the hidden one. A run killed in between leaves nothing in
 * the place, and sibling_recover puts back what that name ends in SIBLING_ASIDE for.
 */
static int exchange(struct destination *destination)
{
        _cleanup_free_ char *aside = NULL;
        int fd = destination->parent_fd;
        int r = file_rename_exchange(fd, destination->hidden, fd, destination->name);

        if (r != -EOPNOTSUPP)
                return r;
        aside = aside_name(destination->hidden);
        if (aside == NULL)
                return -ENOMEM;
        if (renameat(fd, destination->name, fd, aside) < 0)
                return -errno;
        if (renameat(fd, destination->hidden, fd, destination->name) < 0) {
                int saved = errno;

                (void)renameat(fd, aside, fd, destination->name);
                return -saved;
        }
        free(destination->hidden);
        destination->hidden = steal_ptr(aside);
        return 0;
}

/* r: what is_at said. */
static int changed_hands(const struct destination *destination, int r, struct pipseed_error *err)
{
        if (r < 0)
                return error_sys(err, r, destination->path, "cannot access '%s'", destination->path);
        (void)error_set(err, PIPSEED_E_BUSY, destination->path, "'%s' was replaced meanwhile and is left unchanged",
                        destination->path);
        return error_hint(err, "stop the other program that is working on this environment");
}

/* The directory keeps its owner and mode, although it is another one. */
static void keep_attributes(const struct destination *destination)
{
        struct stat old, new;

        if (fstat(destination->dir_fd, &old) < 0 || fstat(destination->sibling_fd, &new) < 0)
                return;
        if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
            fchown(destination->sibling_fd, old.st_uid, old.st_gid) < 0 && errno != EPERM)
                return;
        if (old.st_mode != new.st_mode)
                (void)fchmod(destination->sibling_fd, old.st_mode & 07777);
}

/* A run that is killed from here on leaves a directory that is only taken for a leftover where others cannot write. */
static int set_mode(int fd, mode_t mode)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return file_errno();
        return (st.st_mode & 07777) != mode && fchmod(fd, mode) < 0 ? file_errno() : 0;
}

int destination_publish(struct destination *destination, mode_t mode, struct pipseed_error *err)
{
        int r;

        r = destination->existed ? is_at(destination->dir_fd, destination->parent_fd, destination->name) : 1;
        if (r <= 0)
                return changed_hands(destination, r, err);
        r = set_mode(destination->sibling_fd, mode);
        if (r < 0)
                return error_sys(err, r, destination->path, "cannot set the mode of the new environment");
        if (destination->existed) {
                keep_attributes(destination);
                r = exchange(destination);
        } else {
                r = file_rename_new(destination->parent_fd, destination->hidden, destination->parent_fd,
                                    destination->name);
        }
        if (r == 0) {
                destination->published = true;
                return 0;
        }
        if (r == -EBUSY || r == -EXDEV || (r == -EEXIST && !destination->existed)) {
                (void)file_remove_tree(destination->parent_fd, destination->hidden);
                (void)close(steal_fd(&destination->sibling_fd));
                r = destination->existed ? 0 : open_existing(destination, err);
                if (r == 0 && !destination->existed)
                        return changed_hands(destination, 0, err);
                return r < 0 ? r : 1;
        }
        return error_sys(err, r, destination->path, "cannot move the environment into place");
}

/* Those below the first one that could not be made were never there. */
static void remove_parents(struct destination *destination)
{
        while (destination->n_made > 0) {
                char *above = path_dir(destination->parent);
                int r = rmdir(destination->parent) < 0 ? -errno : 0;

                if (above == NULL || (r < 0 && r != -ENOENT) || strcmp(above, destination->parent) == 0) {
                        free(above);
                        return;
                }
                destination->n_made -= r == 0;
                free(destination->parent);
                destination->parent = above;
        }
}

int destination_undo(struct destination *destination, struct pipseed_error *err)
{
        int r;

        if (!destination->published)
                return 0;
        r = is_at(destination->sibling_fd, destination->parent_fd, destination->name);
        if (r <= 0)
                return changed_hands(destination, r, err);
        r = destination->existed ? exchange(destination)
                                 : file_rename_new(destination->parent_fd, destination->name, destination->parent_fd,
                                                   destination->hidden);
        if (r < 0)
                return error_sys(err, r, destination->path, "cannot remove the new environment again");
        destination->published = false;
        return 0;
}

void destination_done(struct destination *destination)
{
        int saved = errno;
        int sibling_fd = destination->published ? destination->dir_fd : destination->sibling_fd;
        bool is_hidden = destination->hidden != NULL && (!destination->published || destination->existed);
        int r = is_hidden && sibling_fd >= 0 ? is_at(sibling_fd, destination->parent_fd, destination->hidden) : 0;

        if (r < 0) /* what was a hiccup does not come again */
                r = is_at(sibling_fd, destination->parent_fd, destination->hidden);
        if (r > 0) {
                r = file_remove_held(destination->parent_fd, destination->hidden, sibling_fd);
                if (r < 0)
                        (void)tell_kept(destination, destination->hidden, r);
        }
        if (!destination->published && !destination->existed)
                remove_parents(destination);
        cleanup_closep(&destination->sibling_fd);
        cleanup_closep(&destination->dir_fd);
        cleanup_closep(&destination->parent_fd);
        free(destination->hidden);
        free(destination->parent);
        free(destination->path);
        *destination = (struct destination)DESTINATION_INIT;
        errno = saved;
}
