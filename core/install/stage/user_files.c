/* SPDX-License-Identifier: MIT */
#include "install/stage/user_files.h"

#include "base/error.h"
#include "base/file.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

char *user_files_source(const char *directory, const char *name)
{
        size_t stem = strcspn(name, ".");

        if (stem == 0 || name[stem] == '\0' || (!str_ends(name, ".pyc") && !str_ends(name, ".pyo")))
                return NULL;
        return str_format("%s%s%.*s.py", directory, directory[0] != '\0' ? "/" : "", (int)stem, name);
}

struct walk {
        struct txn *txn;
        enum plan_root root;
        const struct removal *removal;
        int staged_fd;
        struct user_files found;
};

static bool is_staged(const struct walk *walk, const char *path)
{
        _cleanup_close_ int fd = file_open_beneath(walk->staged_fd, path, O_PATH | O_NOFOLLOW, 0);

        return fd >= 0;
}

static bool is_known(const struct walk *walk, const char *path)
{
        return (walk->removal != NULL && removal_has(walk->removal, walk->root, path)) || is_staged(walk, path);
}

static bool is_stale_bytecode(const struct walk *walk, const char *directory, const char *name)
{
        _cleanup_free_ char *parent = NULL;
        _cleanup_free_ char *source = NULL;

        if (strcmp(path_base(directory), "__pycache__") != 0)
                return false;
        parent = path_dir(directory);
        source = parent != NULL ? user_files_source(parent, name) : NULL;
        return source != NULL && is_known(walk, source);
}

/* Some files cannot have a second name: another user's (fs.protected_hardlinks), one with too many already. */
static bool cannot_link(int error)
{
        return error == EPERM || error == EMLINK || error == EXDEV || error == EOPNOTSUPP;
}

static int carry_later(struct walk *walk, const char *directory, const char *name)
{
        struct user_files *found = &walk->found;
        _cleanup_free_ char *path = path_join(directory, name);

        if (path == NULL || arena_grow(&walk->txn->arena, &found->carried, found->n_carried, &found->capacity,
                                       sizeof(*found->carried)) < 0)
                return -ENOMEM;
        found->carried[found->n_carried] = arena_strdup(&walk->txn->arena, path);
        if (found->carried[found->n_carried] == NULL)
                return -ENOMEM;
        found->n_carried++;
        return 0;
}

static int link_one(struct walk *walk, int dir_fd, const char *directory, const char *name)
{
        _cleanup_close_ int to_fd = -1;
        int r = file_make_dirs(walk->staged_fd, directory, 0777);

        if (r < 0)
                return r;
        to_fd = file_open_beneath(walk->staged_fd, directory, O_PATH | O_DIRECTORY, 0);
        if (to_fd < 0)
                return to_fd;
        walk->found.n++;
        if (linkat(dir_fd, name, to_fd, name, 0) == 0)
                return 0;
        return cannot_link(errno) ? carry_later(walk, directory, name) : -errno;
}

static int visit(struct walk *walk, const char *directory);

static int visit_entry(struct walk *walk, int dir_fd, const char *directory, const char *name)
{
        _cleanup_free_ char *path = path_join(directory, name);
        struct stat st;

        if (path == NULL)
                return -ENOMEM;
        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (S_ISDIR(st.st_mode))
                return visit(walk, path);
        if (is_known(walk, path) || is_stale_bytecode(walk, directory, name))
                return 0;
        return link_one(walk, dir_fd, directory, name);
}

static int visit(struct walk *walk, const char *directory)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r = dir_iter_open(&names,
                              file_open_beneath(walk->txn->roots[walk->root].fd, directory, O_RDONLY | O_DIRECTORY, 0));

        if (r < 0)
                return r;
        /* Bytecode first: a module that survives would be taken for a staged one. */
        r = visit_entry(walk, dir_iter_fd(&names), directory, "__pycache__");
        while (r == 0 && (name = dir_iter_next(&names)) != NULL)
                if (strcmp(name, "__pycache__") != 0)
                        r = visit_entry(walk, dir_iter_fd(&names), directory, name);
        return r != 0 ? r : names.error;
}

int user_files_link(struct txn *txn, enum plan_root root, const char *path, const struct removal *removal,
                    struct user_files *ret_user_files, struct pipseed_error *err)
{
        struct walk walk = {.txn = txn, .root = root, .removal = removal, .staged_fd = -1};
        int r = txn_staged_fd(txn, root, &walk.staged_fd, err);

        if (r < 0)
                return r;
        r = visit(&walk, path);
        if (r < 0)
                return error_sys(err, r, txn->roots[root].path,
                                 "cannot preserve the files in '%s' that are not the package's", path);
        *ret_user_files = walk.found;
        return 0;
}
