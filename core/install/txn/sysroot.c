/* SPDX-License-Identifier: MIT */
#include "install/txn/sysroot.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The path of what fd holds now, without links. The length or -errno. */
static ssize_t path_of(int fd, char *ret_path, size_t size)
{
        char name[32];
        ssize_t len;

        (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        len = readlink(name, ret_path, size - 1);
        if (len < 0)
                return -errno;
        ret_path[len] = '\0';
        return len;
}

/* A link that is absolute, or that goes up and comes back, may still end inside: what is opened tells where it lies. */
static int open_linked(const struct sysroot *top, const char *path)
{
        _cleanup_close_ int fd = top->is_rooted ? file_open_within(top->fd, path, true) : file_open_dir(path);
        char prefix[PATH_MAX];
        char real[PATH_MAX];

        if (fd < 0)
                return fd == -ENOENT ? -EXDEV : fd; /* nothing is made behind such a link */
        if (path_of(top->guard_fd, prefix, sizeof(prefix)) < 0 || path_of(fd, real, sizeof(real)) < 0 ||
            !path_is_below(prefix, real))
                return -EXDEV;
        return steal_fd(&fd);
}

int sysroot_open_dir(const struct sysroot *top, const char *path)
{
        if (top->guarded != NULL && path_is_below(top->guarded, path)) {
                int fd = file_open_within(top->guard_fd, path + strlen(top->guarded), false);

                return fd == -EXDEV || fd == -ELOOP ? open_linked(top, path) : fd;
        }
        if (top->is_rooted)
                return file_open_within(top->fd, path, true);
        while (*path == '/')
                path++;
        return file_open_dir_at(top->fd, *path != '\0' ? path : ".");
}

static int note_made(struct sysroot *top, const char *path)
{
        if (arena_grow(&top->arena, &top->made, top->n_made, &top->made_capacity, sizeof(*top->made)) < 0)
                return -ENOMEM;
        top->made[top->n_made] = arena_strdup(&top->arena, path);
        if (top->made[top->n_made] == NULL)
                return -ENOMEM;
        top->n_made++;
        return 0;
}

static mode_t mode_of(const struct sysroot *top, const char *path)
{
        for (int i = 0; i < SYSROOT_MAX_PRIVATE; i++) {
                const char *directory = top->way.private_dirs[i];

                if (directory != NULL &&
                    (strcmp(directory, path) == 0 || (top->way.private_parents && path_is_below(path, directory))))
                        return 0700;
        }
        return 0777;
}

int sysroot_make_dir(struct sysroot *top, const char *path)
{
        _cleanup_free_ char *parent = NULL;
        _cleanup_close_ int parent_fd = -1;
        int fd = sysroot_open_dir(top, path);
        int r;

        if (fd != -ENOENT)
                return fd;
        parent = path_dir(path);
        if (parent == NULL)
                return -ENOMEM;
        if (strcmp(parent, path) == 0)
                return -ENOENT;
        parent_fd = sysroot_make_dir(top, parent);
        if (parent_fd < 0)
                return parent_fd;
        if (mkdirat(parent_fd, path_base(path), mode_of(top, path)) == 0) {
                r = note_made(top, path);
                if (r < 0)
                        return r;
        } else if (errno != EEXIST) {
                return -errno;
        }
        return sysroot_open_dir(top, path);
}

/* Makes the --root directory, and counts the levels that it made, so that a run that fails can remove them. */
static int make_root(struct sysroot *top, const char *root)
{
        _cleanup_free_ char *parent = NULL;
        int r;

        if (mkdir(root, 0777) == 0) {
                top->n_made_tops++;
                return 0;
        }
        if (errno != ENOENT)
                return errno == EEXIST ? 0 : -errno;
        parent = path_dir(root);
        if (parent == NULL)
                return -ENOMEM;
        r = make_root(top, parent);
        if (r < 0)
                return r;
        if (mkdir(root, 0777) < 0)
                return errno == EEXIST ? 0 : -errno;
        top->n_made_tops++;
        return 0;
}

static void remove_root(const struct sysroot *top)
{
        _cleanup_free_ char *path = top->path != NULL ? strdup(top->path) : NULL;

        for (size_t i = 0; path != NULL && i < top->n_made_tops && rmdir(path) == 0; i++) {
                char *parent = path_dir(path);

                free(path);
                path = parent;
        }
}

static int open_root(struct sysroot *top, const char *root, bool make, struct pipseed_error *err)
{
        int r;

        top->is_rooted = root != NULL;
        if (root != NULL) {
                top->path = arena_strdup(&top->arena, root);
                if (top->path == NULL)
                        return error_memory(err);
                r = make ? make_root(top, root) : 0;
                if (r < 0)
                        return error_sys(err, r, root, "cannot create the --root directory");
        }
        top->fd = file_open_dir(root != NULL ? root : "/");
        if (top->fd < 0)
                return error_sys(err, top->fd, root != NULL ? root : "/", "cannot open the root directory");
        return 0;
}

uid_t sysroot_untrusted_owner(const char *path)
{
        _cleanup_free_ char *copy = strdup(path);
        struct stat st;

        for (char *at = copy; at != NULL;) {
                char kept;

                at = strchr(at + 1, '/');
                kept = at != NULL ? *at : '\0';
                if (at != NULL)
                        *at = '\0';
                if (stat(copy, &st) == 0 && st.st_uid != 0)
                        return st.st_uid;
                if (at != NULL)
                        *at = kept;
        }
        return 0;
}

/*
 * The directories of an environment's scheme lie in it: whoever could put a link there would choose where to this
 * caller writes and deletes. So links in it are followed no further than it reaches. And root works in another user's
 * directory only if the environment is that user's as well.
 */
static int guard(struct sysroot *top, const char *prefix, struct pipseed_error *err)
{
        uid_t stranger = geteuid() == 0 && prefix != NULL && !top->is_rooted ? sysroot_untrusted_owner(prefix) : 0;
        struct stat st;
        int fd;

        if (prefix == NULL)
                return 0;
        fd = top->is_rooted ? file_open_within(top->fd, prefix, true) : file_open_dir(prefix);
        if (fd < 0)
                return fd == -ENOENT ? 0 : error_sys(err, fd, prefix, "cannot open the environment");
        top->guard_fd = fd;
        top->guarded = arena_strdup(&top->arena, prefix);
        if (top->guarded == NULL)
                return error_memory(err);
        if (stranger == 0)
                return 0;
        if (fstat(fd, &st) < 0)
                return error_sys(err, errno, prefix, "cannot access the environment");
        if (st.st_uid == stranger)
                return 0;
        (void)error_set(err, PIPSEED_E_UNTRUSTED_PATH, prefix,
                        "refusing to continue as root: user %u can change the path to this directory of user %u",
                        (unsigned int)stranger, (unsigned int)st.st_uid);
        return error_hint(err, "name the directory by a path that only root can change, or run as user %u",
                          (unsigned int)stranger);
}

int sysroot_open(struct sysroot *top, const struct sysroot_way *way, struct pipseed_error *err)
{
        int r;

        top->way = *way;
        r = open_root(top, way->root, true, err);
        return r < 0 ? r : guard(top, way->prefix, err);
}

int top_open_existing(struct sysroot *top, const struct sysroot_way *way, struct pipseed_error *err)
{
        int r;

        top->way = *way;
        r = open_root(top, way->root, false, err);
        return r < 0 ? r : guard(top, way->prefix, err);
}

void sysroot_undo(struct sysroot *top)
{
        while (top->n_made > 0) {
                const char *path = top->made[--top->n_made];
                _cleanup_free_ char *parent = path_dir(path);
                _cleanup_close_ int parent_fd = parent != NULL ? sysroot_open_dir(top, parent) : -1;

                if (parent_fd >= 0)
                        (void)unlinkat(parent_fd, path_base(path), AT_REMOVEDIR);
        }
        remove_root(top);
}

void sysroot_done(struct sysroot *top)
{
        cleanup_closep(&top->fd);
        cleanup_closep(&top->guard_fd);
        arena_done(&top->arena);
        *top = (struct sysroot)SYSROOT_INIT;
}
