/* SPDX-License-Identifier: MIT */
#include "install/stage/place.h"

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

void placer_init(struct placer *placer, enum pipseed_link_mode mode, mode_t umask)
{
        *placer = (struct placer){.mode = mode, .umask = umask, .group = (gid_t)-1};
}

static bool fits(const struct place_source *source, const struct stat *st)
{
        return manifest_stat_fits(source->manifest, source->index, st, source->copied_store);
}

static mode_t wanted_mode(const struct placer *placer, const struct place_source *source)
{
        return source->manifest->info.files[source->index].executable ? (0777 & ~placer->umask) | 0111
                                                                      : 0666 & ~placer->umask;
}

/* A link shares the inode: mode and group must be the right ones already. */
static bool may_share(const struct placer *placer, const struct place_source *source, const struct stat *st)
{
        return (st->st_mode & 07777) == wanted_mode(placer, source) &&
               (placer->group == (gid_t)-1 || st->st_gid == placer->group);
}

static int place_hardlink(struct placer *placer, const struct place_source *source, int dir_fd, const char *name)
{
        struct stat st;

        if (placer->no_hardlink)
                return NEXT_MODE;
        if (linkat(source->folder_fd, source->name, dir_fd, name, 0) < 0) {
                switch (errno) {
                case EXDEV:
                case EOPNOTSUPP:
                        placer->no_hardlink = true;
                        return NEXT_MODE;
                case EPERM: /* protected_hardlinks, or a file system without links */
                case EACCES:
                        return NEXT_MODE;
                case ENOENT: /* the source went away: the target folder is held open */
                        return -ESTALE;
                default:
                        return -errno;
                }
        }
        /* Looked at after linking: what is checked is what was placed. */
        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!fits(source, &st))
                return -ESTALE;
        if (may_share(placer, source, &st)) {
                placer->n_placed[PIPSEED_LINK_HARDLINK]++;
                return 0;
        }
        return unlinkat(dir_fd, name, 0) < 0 ? -errno : NEXT_MODE;
}

static int open_source(const struct place_source *source, struct stat *ret_st)
{
        _cleanup_close_ int fd = openat(source->folder_fd, source->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
                return errno == ENOENT || errno == ELOOP ? -ESTALE : file_errno();
        if (fstat(fd, ret_st) < 0)
                return file_errno();
        return fits(source, ret_st) ? steal_fd(&fd) : -ESTALE;
}

/* Gives a new file the source's mtime and its own mode. Takes fd. */
static int finish(const struct placer *placer, const struct place_source *source, int fd_taken, const struct stat *st)
{
        _cleanup_close_ int fd = fd_taken;
        const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st->st_mtim};

        if (fchmod(fd, wanted_mode(placer, source)) < 0 || futimens(fd, times) < 0)
                return -errno;
        return file_close(steal_fd(&fd));
}

static int create(int dir_fd, const char *name)
{
        int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        return fd < 0 ? -errno : fd;
}

static int place_reflink(struct placer *placer, const struct place_source *source, int dir_fd, const char *name)
{
        _cleanup_close_ int from = -1;
        _cleanup_close_ int to = -1;
        struct stat st;
        int r;

        if (placer->no_reflink)
                return NEXT_MODE;
        from = open_source(source, &st);
        if (from < 0)
                return from;
        to = create(dir_fd, name);
        if (to < 0)
                return to;
        if (ioctl(to, FICLONE, from) < 0) {
                r = errno;
                if (unlinkat(dir_fd, name, 0) < 0)
                        return -errno;
                if (r == ENOSPC || r == EDQUOT || r == EIO)
                        return -r;
                placer->no_reflink = r != EINVAL; /* EINVAL may be about this file alone */
                return NEXT_MODE;
        }
        r = finish(placer, source, steal_fd(&to), &st);
        if (r == 0)
                placer->n_placed[PIPSEED_LINK_REFLINK]++;
        return r;
}

static int place_copy(struct placer *placer, const struct place_source *source, int dir_fd, const char *name)
{
        struct stat st;
        _cleanup_close_ int from = open_source(source, &st);
        _cleanup_close_ int to = -1;
        int r;

        if (from < 0)
                return from;
        to = create(dir_fd, name);
        if (to < 0)
                return to;
        r = file_copy(from, to, (size_t)st.st_size);
        if (r < 0)
                return r;
        r = finish(placer, source, steal_fd(&to), &st);
        if (r == 0)
                placer->n_placed[PIPSEED_LINK_COPY]++;
        return r;
}

static int place_symlink(struct placer *placer, const struct place_source *source, int dir_fd, const char *name)
{
        struct stat st;

        if (source->absolute == NULL)
                return NEXT_MODE;
        if (fstatat(source->folder_fd, source->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? -ESTALE : -errno;
        if (!fits(source, &st))
                return -ESTALE;
        if (symlinkat(source->absolute, dir_fd, name) < 0)
                return errno == EPERM || errno == EOPNOTSUPP ? NEXT_MODE : -errno;
        placer->n_placed[PIPSEED_LINK_SYMLINK]++;
        return 0;
}

typedef int place_fn(struct placer *placer, const struct place_source *source, int dir_fd, const char *name);

/* The order of modes for each value of install.link-mode; the last one always works. */
static place_fn *const orders[][4] = {
        [PIPSEED_LINK_AUTO] = {place_reflink, place_hardlink, place_copy, NULL},
        [PIPSEED_LINK_REFLINK] = {place_reflink, place_copy, NULL},
        [PIPSEED_LINK_HARDLINK] = {place_hardlink, place_copy, NULL},
        [PIPSEED_LINK_COPY] = {place_copy, NULL},
        [PIPSEED_LINK_SYMLINK] = {place_symlink, place_hardlink, place_copy, NULL},
};

static int place(struct placer *placer, const struct place_source *source, int dir_fd, const char *name)
{
        for (place_fn *const *mode = orders[placer->mode]; *mode != NULL; mode++) {
                int r = (*mode)(placer, source, dir_fd, name);

                if (r != NEXT_MODE)
                        return r;
        }
        return -EOPNOTSUPP;
}

int place_file(struct placer *placer, const struct place_source *source, int dir_fd, const char *name)
{
        int r = place(placer, source, dir_fd, name);

        if (r != -EMLINK && r != -ESTALE)
                return r;
        /* No more links, or not the file we know: another process may have renewed it. */
        if (source->entry != NULL && renew_files(source->entry, source->manifest, source->index, r == -EMLINK) == 0) {
                if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
                        return -errno;
                r = place(placer, source, dir_fd, name);
        }
        return r == -EMLINK ? place_copy(placer, source, dir_fd, name) : r;
}
