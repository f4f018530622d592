/* SPDX-License-Identifier: MIT */
#include "install/stage/linker.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "store/renew.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* What a mode says when it cannot do a file, so that the next one is tried. */
#define NEXT_MODE 1

void linker_init(struct linker *linker, enum pipseed_link_mode mode, mode_t umask, const char *root)
{
        *linker = (struct linker){.mode = mode,
                                  .umask = umask,
                                  .caller = share_caller_here(mode, root),
                                  .group = (gid_t)-1};
}

/* Is it the file that the manifest knows, and can nobody else change it? */
static bool fits(const struct linker *linker, const struct linker_source *source, const struct stat *st)
{
        return manifest_stat_fits(source->manifest, source->index, st, source->copied_store) &&
               share_is_safe(st, linker->caller.uid, source->copied_store);
}

static bool is_executable(const struct linker_source *source)
{
        return source->manifest->info.files[source->index].executable;
}

static mode_t wanted_mode(const struct linker *linker, const struct linker_source *source)
{
        return is_executable(source) ? (0777 & ~linker->umask) | 0111 : 0666 & ~linker->umask;
}

/* No file of the store has such a mode, or such an ACL: linking it only to find that out would be in vain. */
static bool may_link(const struct linker *linker, const struct linker_source *source)
{
        return !linker->no_hardlink && !linker->default_acl && !source->has_acl && share_may_link(&linker->caller) &&
               (wanted_mode(linker, source) & SHARE_WRITABLE) == 0;
}

/* A link shares the inode: mode and group must be the right ones already. */
static bool is_wanted(const struct linker *linker, const struct linker_source *source, const struct stat *st)
{
        return (st->st_mode & 07777) == wanted_mode(linker, source) &&
               (linker->group == (gid_t)-1 || st->st_gid == linker->group);
}

static int place_hardlink(struct linker *linker, const struct linker_source *source, int dir_fd, const char *name)
{
        struct stat st;

        if (!may_link(linker, source))
                return NEXT_MODE;
        if (linkat(source->dir_fd, source->name, dir_fd, name, 0) < 0) {
                switch (errno) {
                case EXDEV:
                case EOPNOTSUPP:
                        linker->no_hardlink = true;
                        return NEXT_MODE;
                case EPERM: /* protected_hardlinks, or a file system without links */
                case EACCES:
                        return NEXT_MODE;
                case ENOENT: /* the source went away: the target directory is held open */
                        return -ESTALE;
                default:
                        return -errno;
                }
        }
        /* Looked at after linking: what is checked is what was placed. */
        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!fits(linker, source, &st))
                return -ESTALE;
        if (is_wanted(linker, source, &st)) {
                linker->n_placed[PIPSEED_LINK_HARDLINK]++;
                return 0;
        }
        return unlinkat(dir_fd, name, 0) < 0 ? -errno : NEXT_MODE;
}

static int open_source(const struct linker *linker, const struct linker_source *source, struct stat *ret_st)
{
        _cleanup_close_ int fd = openat(source->dir_fd, source->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
                return errno == ENOENT || errno == ELOOP ? -ESTALE : file_errno();
        if (fstat(fd, ret_st) < 0)
                return file_errno();
        return fits(linker, source, ret_st) ? steal_fd(&fd) : -ESTALE;
}

/* open(2) gives a new file its mode, by the umask or by the ACL that the directory hands down; but for the x of a
 * script under a umask that takes it away, which pip sets nevertheless. There is no such umask where an ACL decides. */
static bool needs_chmod(const struct linker *linker, const struct linker_source *source)
{
        return !linker->default_acl && (wanted_mode(linker, source) & linker->umask) != 0;
}

/* Gives a new file the source's mtime and its own mode. Takes fd. */
static int finish(const struct linker *linker, const struct linker_source *source, int fd_taken, const struct stat *st)
{
        _cleanup_close_ int fd = fd_taken;
        const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st->st_mtim};

        if ((needs_chmod(linker, source) && fchmod(fd, wanted_mode(linker, source)) < 0) || futimens(fd, times) < 0)
                return -errno;
        return file_close(steal_fd(&fd));
}

static int create(const struct linker_source *source, int dir_fd, const char *name)
{
        int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        is_executable(source) ? 0777 : 0666);

        return fd < 0 ? -errno : fd;
}

/* A new file with the source's content: a clone of it where the file systems can (with clone), else a copy, unless a
 * link may come next. */
static int place_content(struct linker *linker, const struct linker_source *source, int dir_fd, const char *name,
                         bool clone, bool copy)
{
        struct stat st;
        _cleanup_close_ int from = open_source(linker, source, &st);
        _cleanup_close_ int to = -1;
        enum pipseed_link_mode how = PIPSEED_LINK_COPY;
        int r = 0;

        if (from < 0)
                return from;
        to = create(source, dir_fd, name);
        if (to < 0)
                return to;
        if (clone && ioctl(to, FICLONE, from) == 0) {
                how = PIPSEED_LINK_REFLINK;
        } else {
                r = clone ? -errno : 0;
                if (r == -ENOSPC || r == -EDQUOT || r == -EIO)
                        return unlinkat(dir_fd, name, 0) < 0 ? -errno : r;
                linker->no_reflink |= clone && r != -EINVAL; /* EINVAL may be about this file alone */
                if (!copy)
                        return unlinkat(dir_fd, name, 0) < 0 ? -errno : NEXT_MODE;
                r = file_copy(from, to, (size_t)st.st_size);
                if (r < 0)
                        return r;
        }
        r = finish(linker, source, steal_fd(&to), &st);
        if (r == 0)
                linker->n_placed[how]++;
        return r;
}

static int place_reflink(struct linker *linker, const struct linker_source *source, int dir_fd, const char *name)
{
        if (linker->no_reflink)
                return NEXT_MODE;
        return place_content(linker, source, dir_fd, name, true,
                             linker->mode == PIPSEED_LINK_REFLINK || !may_link(linker, source));
}

static int place_copy(struct linker *linker, const struct linker_source *source, int dir_fd, const char *name)
{
        return place_content(linker, source, dir_fd, name, false, true);
}

static int place_symlink(struct linker *linker, const struct linker_source *source, int dir_fd, const char *name)
{
        struct stat st;

        if (source->absolute == NULL)
                return NEXT_MODE;
        if (fstatat(source->dir_fd, source->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? -ESTALE : -errno;
        if (!fits(linker, source, &st))
                return -ESTALE;
        if (symlinkat(source->absolute, dir_fd, name) < 0)
                return errno == EPERM || errno == EOPNOTSUPP ? NEXT_MODE : -errno;
        linker->n_placed[PIPSEED_LINK_SYMLINK]++;
        return 0;
}

typedef int linker_fn(struct linker *linker, const struct linker_source *source, int dir_fd, const char *name);

/* The order of modes for each value of install.link-mode; the last one always works. */
static linker_fn *const orders[][4] = {
        [PIPSEED_LINK_AUTO] = {place_reflink, place_hardlink, place_copy, NULL},
        [PIPSEED_LINK_REFLINK] = {place_reflink, place_copy, NULL},
        [PIPSEED_LINK_HARDLINK] = {place_hardlink, place_copy, NULL},
        [PIPSEED_LINK_COPY] = {place_copy, NULL},
        [PIPSEED_LINK_SYMLINK] = {place_symlink, place_hardlink, place_copy, NULL},
};

static int place(struct linker *linker, const struct linker_source *source, int dir_fd, const char *name)
{
        for (linker_fn *const *mode = orders[linker->mode]; *mode != NULL; mode++) {
                int r = (*mode)(linker, source, dir_fd, name);

                if (r != NEXT_MODE)
                        return r;
        }
        return -EOPNOTSUPP;
}

int linker_place(struct linker *linker, const struct linker_source *source, int dir_fd, const char *name)
{
        int r = place(linker, source, dir_fd, name);

        if (r != -EMLINK && r != -ESTALE)
                return r;
        /* No more links, or not the file we know: another process may have renewed it. */
        if (source->entry != NULL && renew_files(source->entry, source->manifest, source->index, r == -EMLINK) == 0) {
                if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
                        return -errno;
                r = place(linker, source, dir_fd, name);
        }
        return r == -EMLINK ? place_copy(linker, source, dir_fd, name) : r;
}
