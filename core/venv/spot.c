/* SPDX-License-Identifier: MIT */
#include "venv/spot.h"

#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/names.h"
#include "base/path.h"
#include "base/str.h"
#include "venv/hidden.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define RESERVE_TRIES 16

static bool is_same(const struct stat *a, const struct stat *b)
{
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Is the folder that fd holds the one by that name? 1, 0, or the -errno that keeps it from being told. */
static int is_at(int fd, int parent_fd, const char *name)
{
        struct stat held, named;

        if (fstat(fd, &held) < 0)
                return file_errno();
        if (fstatat(parent_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : file_errno();
        return is_same(&held, &named);
}

int spot_empty(int fd)
{
        _cleanup_(names_done) struct names names = NAMES_INIT;
        const char *name;
        int r = names_open(&names, file_open_dir_at(fd, "."));

        while (r == 0 && (name = names_next(&names)) != NULL)
                r = file_remove_tree(names_fd(&names), name);
        return r != 0 ? r : names.error;
}

int spot_lock(const struct spot *spot, int fd)
{
        return lock_wait(fd, "waiting for another run that works on this environment", spot->event, spot->event_data);
}

static int busy(const struct spot *spot, int r, struct pipseed_error *err)
{
        if (r == -ECANCELED)
                return error_cancelled(err);
        (void)error_set(err, PIPSEED_E_BUSY, spot->path, "another run has been working on %s for more than %d s",
                        spot->path, LOCK_WAIT_S);
        return error_hint(err, "wait for it or stop it (fuser -v names it), then try again");
}

/* Opens the folder and makes what is missing on the way, as os.makedirs does it. fd or -errno. */
static int make_folder(struct spot *spot, const char *path)
{
        _cleanup_free_ char *above = NULL;
        _cleanup_close_ int above_fd = -1;
        int fd = file_open_dir(path);

        if (fd != -ENOENT || spot->dry_run)
                return fd;
        above = path_dir(path);
        if (above == NULL)
                return -ENOMEM;
        if (strcmp(above, path) == 0)
                return -ENOENT;
        above_fd = make_folder(spot, above);
        if (above_fd < 0)
                return above_fd;
        if (mkdirat(above_fd, path_base(path), 0777) == 0)
                spot->n_made++;
        else if (errno != EEXIST)
                return -errno;
        return file_open_dir_at(above_fd, path_base(path));
}

static int in_the_way(const struct spot *spot, const char *what, struct pipseed_error *err)
{
        (void)error_set(err, PIPSEED_E_NOT_EMPTY, spot->path, "cannot make an environment in %s: it is %s", spot->path,
                        what);
        return error_hint(err, "choose another folder");
}

/* What is there now: 0 locked, or nothing is there; -EAGAIN: it went away while another run had it; a code. */
static int look(struct spot *spot, struct pipseed_error *err)
{
        _cleanup_close_ int fd = -1;
        struct stat st;
        int r;

        if (fstatat(spot->parent_fd, spot->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : error_sys(err, errno, spot->path, "cannot look at %s", spot->path);
        if (!S_ISDIR(st.st_mode))
                return in_the_way(spot, S_ISLNK(st.st_mode) ? "a symbolic link" : "no folder", err);
        fd = openat(spot->parent_fd, spot->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? -EAGAIN : error_sys(err, errno, spot->path, "cannot open %s", spot->path);
        r = spot->dry_run ? 0 : spot_lock(spot, fd);
        if (r < 0)
                return busy(spot, r, err);
        r = is_at(fd, spot->parent_fd, spot->name);
        if (r <= 0)
                return r == 0 ? -EAGAIN : error_sys(err, r, spot->path, "cannot look at %s", spot->path);
        spot->dir_fd = steal_fd(&fd);
        spot->existed = true;
        return 0;
}

static int open_existing(struct spot *spot, struct pipseed_error *err)
{
        for (int tries = 0; tries < RESERVE_TRIES; tries++) {
                int r = look(spot, err);

                if (r != -EAGAIN)
                        return r;
        }
        return busy(spot, -EWOULDBLOCK, err);
}

int spot_open(struct spot *spot, const char *path, struct pipseed_error *err)
{
        struct hidden_found found = {0};
        int r;

        spot->path = strdup(path);
        spot->parent = path_dir(path);
        if (spot->path == NULL || spot->parent == NULL)
                return error_memory(err);
        spot->name = path_base(spot->path);
        if (spot->name[0] == '\0')
                return in_the_way(spot, "the root folder", err);
        spot->parent_fd = make_folder(spot, spot->parent);
        if (spot->parent_fd == -ENOENT && spot->dry_run)
                return 0;
        if (spot->parent_fd < 0)
                return error_sys(err, spot->parent_fd, spot->parent, "cannot open or make the folder %s", spot->parent);
        r = spot->dry_run ? 0 : hidden_mend(spot->parent_fd, spot->name, &found);
        if (r < 0)
                return error_sys(err, r, spot->parent, "cannot take away what an interrupted run left beside %s",
                                 spot->name);
        return open_existing(spot, err);
}

static int set_hidden_name(struct spot *spot, bool randomly)
{
        char end[64] = "";
        int r = randomly ? file_random_name("-", end, sizeof(end)) : 0;

        if (r < 0)
                return r;
        free(spot->hidden);
        spot->hidden = hidden_name(spot->name, end);
        return spot->hidden != NULL ? 0 : -ENOMEM;
}

/* Makes or takes over the hidden folder. 0; -EAGAIN: it changed hands, try again; -EEXIST: it is not ours; -errno. */
static int take_hidden(struct spot *spot)
{
        _cleanup_close_ int fd = -1;
        bool made = mkdirat(spot->parent_fd, spot->hidden, 0777) == 0;
        struct stat st;
        int r;

        if (!made && errno != EEXIST)
                return -errno;
        fd = openat(spot->parent_fd, spot->hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return -EAGAIN;
        if (fd < 0 || fstat(fd, &st) < 0) {
                r = errno;
                if (made)
                        (void)unlinkat(spot->parent_fd, spot->hidden, AT_REMOVEDIR);
                return !made && fd < 0 && (r == ELOOP || r == ENOTDIR || r == EACCES) ? -EEXIST : -r;
        }
        if (st.st_uid != geteuid())
                return -EEXIST;
        r = spot_lock(spot, fd);
        if (r < 0)
                return r;
        if (!made && r > 0)
                return -EEXIST;
        r = is_at(fd, spot->parent_fd, spot->hidden);
        if (r < 0 && made)
                (void)unlinkat(spot->parent_fd, spot->hidden, AT_REMOVEDIR);
        if (r <= 0)
                return r == 0 ? -EAGAIN : r;
        r = made ? 0 : spot_empty(fd);
        if (r < 0)
                return r;
        spot->hidden_fd = steal_fd(&fd);
        return 0;
}

int spot_reserve(struct spot *spot, struct pipseed_error *err)
{
        int r = set_hidden_name(spot, false);

        for (int tries = 0; r == 0 && tries < RESERVE_TRIES; tries++) {
                r = take_hidden(spot);
                if (r == -EEXIST)
                        r = set_hidden_name(spot, true);
                else if (r == -EAGAIN)
                        r = 0;
                else
                        break;
        }
        if (r == 0 && spot->hidden_fd < 0)
                r = -EWOULDBLOCK;
        if (r == -EWOULDBLOCK || r == -ECANCELED)
                return busy(spot, r, err);
        if (r == 0)
                return 0;
        (void)error_sys(err, r, spot->parent, "cannot make a folder in %s", spot->parent);
        if (r == -EACCES || r == -EPERM || r == -EROFS)
                return error_hint(err, "choose a folder that you may write");
        return err->code;
}

/* The name for the third step of an exchange: what is hidden there is the environment that belongs to the place. */
static char *aside_name(const char *hidden)
{
        size_t len = strlen(hidden);

        if (str_ends(hidden, HIDDEN_ASIDE))
                return strndup(hidden, len - strlen(HIDDEN_ASIDE));
        return str_format("%s" HIDDEN_ASIDE, hidden);
}

/*
 * What is hidden and what is in the place change places; where the kernel cannot do that in one step, in two: what is in
 * the place is hidden under another name, which becomes the hidden one. A run killed in between leaves nothing in the place,
 * and hidden_mend puts back what that name ends in HIDDEN_ASIDE for.
 */
static int exchange(struct spot *spot)
{
        _cleanup_free_ char *aside = NULL;
        int fd = spot->parent_fd;
        int r = file_rename_exchange(fd, spot->hidden, fd, spot->name);

        if (r != -EOPNOTSUPP)
                return r;
        aside = aside_name(spot->hidden);
        if (aside == NULL)
                return -ENOMEM;
        if (renameat(fd, spot->name, fd, aside) < 0)
                return -errno;
        if (renameat(fd, spot->hidden, fd, spot->name) < 0) {
                int saved = errno;

                (void)renameat(fd, aside, fd, spot->name);
                return -saved;
        }
        free(spot->hidden);
        spot->hidden = steal_ptr(aside);
        return 0;
}

/* r: what is_at said. */
static int changed_hands(const struct spot *spot, int r, struct pipseed_error *err)
{
        if (r < 0)
                return error_sys(err, r, spot->path, "cannot look at %s", spot->path);
        (void)error_set(err, PIPSEED_E_BUSY, spot->path, "%s was replaced meanwhile and is left as it is", spot->path);
        return error_hint(err, "another program works on this environment");
}

/* The folder keeps its owner and mode, although it is another one. */
static void keep_attributes(const struct spot *spot)
{
        struct stat old, new;

        if (fstat(spot->dir_fd, &old) < 0 || fstat(spot->hidden_fd, &new) < 0)
                return;
        if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
            fchown(spot->hidden_fd, old.st_uid, old.st_gid) < 0 && errno != EPERM)
                return;
        if (old.st_mode != new.st_mode)
                (void)fchmod(spot->hidden_fd, old.st_mode & 07777);
}

int spot_publish(struct spot *spot, struct pipseed_error *err)
{
        int r;

        r = spot->existed ? is_at(spot->dir_fd, spot->parent_fd, spot->name) : 1;
        if (r <= 0)
                return changed_hands(spot, r, err);
        if (spot->existed) {
                keep_attributes(spot);
                r = exchange(spot);
        } else {
                r = hidden_rename(spot->parent_fd, spot->hidden, spot->name);
        }
        if (r == 0) {
                spot->published = true;
                return 0;
        }
        if (r == -EBUSY || r == -EXDEV || (r == -EEXIST && !spot->existed)) {
                (void)file_remove_tree(spot->parent_fd, spot->hidden);
                (void)close(steal_fd(&spot->hidden_fd));
                r = spot->existed ? 0 : open_existing(spot, err);
                if (r == 0 && !spot->existed)
                        return changed_hands(spot, 0, err);
                return r < 0 ? r : 1;
        }
        return error_sys(err, r, spot->path, "cannot put the environment into place");
}

/* Those below the first one that could not be made were never there. */
static void remove_parents(struct spot *spot)
{
        while (spot->n_made > 0) {
                char *above = path_dir(spot->parent);
                int r = rmdir(spot->parent) < 0 ? -errno : 0;

                if (above == NULL || (r < 0 && r != -ENOENT) || strcmp(above, spot->parent) == 0) {
                        free(above);
                        return;
                }
                spot->n_made -= r == 0;
                free(spot->parent);
                spot->parent = above;
        }
}

int spot_undo(struct spot *spot, struct pipseed_error *err)
{
        int r;

        if (!spot->published)
                return 0;
        r = is_at(spot->hidden_fd, spot->parent_fd, spot->name);
        if (r <= 0)
                return changed_hands(spot, r, err);
        r = spot->existed ? exchange(spot) : hidden_rename(spot->parent_fd, spot->name, spot->hidden);
        if (r < 0)
                return error_sys(err, r, spot->path, "cannot take the new environment away again");
        spot->published = false;
        return 0;
}

void spot_done(struct spot *spot)
{
        int saved = errno;
        int hidden_fd = spot->published ? spot->dir_fd : spot->hidden_fd;
        bool is_hidden = spot->hidden != NULL && (!spot->published || spot->existed);
        int r = is_hidden && hidden_fd >= 0 ? is_at(hidden_fd, spot->parent_fd, spot->hidden) : 0;

        if (r < 0) /* what was a hiccup does not come again */
                r = is_at(hidden_fd, spot->parent_fd, spot->hidden);
        if (r > 0)
                (void)file_remove_tree(spot->parent_fd, spot->hidden);
        if (!spot->published && !spot->existed)
                remove_parents(spot);
        cleanup_closep(&spot->hidden_fd);
        cleanup_closep(&spot->dir_fd);
        cleanup_closep(&spot->parent_fd);
        free(spot->hidden);
        free(spot->parent);
        free(spot->path);
        *spot = (struct spot)SPOT_INIT;
        errno = saved;
}
