/* SPDX-License-Identifier: MIT */
#include "install/txn/change.h"

#include "base/file.h"
#include "base/path.h"
#include "install/plan/script.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool change_is_allowed(bool is_held, enum plan_root root, const char *path)
{
        const size_t len = strcspn(path, "/");
        char first[NAME_MAX + 1];

        if (!path_is_plain(path) || len >= sizeof(first))
                return false;
        memcpy(first, path, len);
        first[len] = '\0';
        if (txn_is_staging_name(first))
                return false;
        if (is_held)
                return true;
        if (root == PLAN_SCRIPTS)
                return script_name_is_safe(path);
        return root != PLAN_DATA || (strcmp(path, "pyvenv.cfg") != 0 && strcmp(path, "lib64") != 0);
}

/* A name in a held directory: what the *at calls want. */
struct place {
        int parent_fd;
        const char *name;
};

static void place_done(struct place *place)
{
        cleanup_closep(&place->parent_fd);
}

static int find(int dir_fd, const char *path, struct place *ret_place)
{
        const char *name = path_base(path);
        size_t len = name > path ? (size_t)(name - path) - 1 : 0;
        char parent[PATH_MAX] = ".";
        int fd;

        /* No memory is asked for: a lack of it must not keep a change from being undone. */
        if (len >= sizeof(parent))
                return -ENAMETOOLONG;
        if (len > 0) {
                memcpy(parent, path, len);
                parent[len] = '\0';
        }
        if (dir_fd < 0)
                return -ENOENT;
        fd = file_open_beneath(dir_fd, parent, O_PATH | O_DIRECTORY, 0);
        if (fd < 0)
                return fd;
        *ret_place = (struct place){.parent_fd = fd, .name = name};
        return 0;
}

/* The inode at a place, 0 when nothing is there. */
static int look(const struct place *place, uint64_t *ret_inode)
{
        struct stat st;

        if (fstatat(place->parent_fd, place->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
                *ret_inode = st.st_ino;
        else if (errno == ENOENT)
                *ret_inode = 0;
        else
                return -errno;
        return 0;
}

static int rename_place(const struct place *from, const struct place *to)
{
        return file_rename_new(from->parent_fd, from->name, to->parent_fd, to->name);
}

struct sides {
        struct place at;     /* where the change happens */
        struct place staged; /* the new entry, before */
        struct place old;    /* old/N */
        char old_name[32];
        uint64_t inode_at; /* now */
};

static void sides_done(struct sides *sides)
{
        place_done(&sides->at);
        place_done(&sides->staged);
        place_done(&sides->old);
}

#define SIDES_INIT                                                                                                     \
        {                                                                                                              \
                .at = {.parent_fd = -1}, .staged = {.parent_fd = -1}, .old = {.parent_fd = -1 }                        \
        }

static int find_sides(const struct txn *txn, size_t i, struct sides *sides)
{
        const struct change *change = &txn->changes[i];
        const struct txn_root *root = &txn->roots[change->root];
        int r = find(root->fd, change->path, &sides->at);

        if (r == 0)
                r = look(&sides->at, &sides->inode_at);
        if (r == 0 && (change->kind == CHANGE_PUT || change->kind == CHANGE_SWAP))
                r = find(root->staged_fd, change->path, &sides->staged);
        if (r != 0 || (change->kind != CHANGE_SWAP && change->kind != CHANGE_TAKE))
                return r;
        (void)snprintf(sides->old_name, sizeof(sides->old_name), "old/%zu", i);
        r = find(root->staging_fd, sides->old_name, &sides->old);
        if (r != -ENOENT || root->staging_fd < 0)
                return r;
        if (mkdirat(root->staging_fd, "old", 0700) < 0 && errno != EEXIST)
                return -errno;
        return find(root->staging_fd, sides->old_name, &sides->old);
}

static int apply_swap(const struct change *change, const struct sides *sides)
{
        uint64_t staged_inode = 0;
        int r;

        if (sides->inode_at == change->inode)
                return 0;
        /* After a kill: swapped already, and somebody put something there since. What is staged is the old entry. */
        r = look(&sides->staged, &staged_inode);
        if (r < 0)
                return r;
        if (staged_inode != change->inode)
                return -ENOENT;
        if (sides->inode_at != 0) {
                r = file_rename_exchange(sides->staged.parent_fd, sides->staged.name, sides->at.parent_fd,
                                         sides->at.name);
                if (r != -EOPNOTSUPP)
                        return r;
                r = rename_place(&sides->at, &sides->old);
                if (r < 0)
                        return r;
        }
        return rename_place(&sides->staged, &sides->at);
}

static int apply_mkdir(const struct txn *txn, const struct change *change)
{
        int r = file_make_dirs(txn->roots[change->root].fd, change->path, 0777);

        return r == -EEXIST ? 0 : r;
}

int change_apply(const struct txn *txn, size_t i)
{
        const struct change *change = &txn->changes[i];
        _cleanup_(sides_done) struct sides sides = SIDES_INIT;
        int r;

        if (change->kind == CHANGE_MKDIR)
                return apply_mkdir(txn, change);
        r = find_sides(txn, i, &sides);
        if (r < 0)
                /* The directory of what was to be taken is gone itself: nothing left to take. */
                return change->kind == CHANGE_TAKE && r == -ENOENT ? 0 : r;
        switch (change->kind) {
        case CHANGE_PUT:
                return sides.inode_at == change->inode ? 0 : rename_place(&sides.staged, &sides.at);
        case CHANGE_SWAP:
                return apply_swap(change, &sides);
        case CHANGE_TAKE:
                return sides.inode_at != change->inode ? 0 : rename_place(&sides.at, &sides.old);
        case CHANGE_MKDIR:
        default:
                return -EINVAL;
        }
}

static int undo_swap(const struct change *change, const struct sides *sides)
{
        uint64_t old_inode = 0;
        int r = look(&sides->old, &old_inode);

        if (r < 0)
                return r;
        if (old_inode == 0) /* exchanged, or not begun */
                return sides->inode_at != change->inode
                               ? 0
                               : file_rename_exchange(sides->staged.parent_fd, sides->staged.name, sides->at.parent_fd,
                                                      sides->at.name);
        if (sides->inode_at == change->inode) {
                r = rename_place(&sides->at, &sides->staged);
                if (r < 0)
                        return r;
        }
        return rename_place(&sides->old, &sides->at);
}

int change_undo(const struct txn *txn, size_t i)
{
        const struct change *change = &txn->changes[i];
        _cleanup_(sides_done) struct sides sides = SIDES_INIT;
        int r = find_sides(txn, i, &sides);

        /* No directory any more where something was to be put: it cannot be there. */
        if ((change->kind == CHANGE_MKDIR || change->kind == CHANGE_PUT) &&
            (r == -ENOENT || r == -ENOTDIR || r == -ELOOP))
                return 0;
        if (r != 0)
                return r;
        switch (change->kind) {
        case CHANGE_MKDIR:
                /* Only if nothing else is in it: a directory that existed before is not empty, or harmless. */
                if (unlinkat(sides.at.parent_fd, sides.at.name, AT_REMOVEDIR) < 0 && errno != ENOENT &&
                    errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
                        return -errno;
                return 0;
        case CHANGE_PUT:
                return sides.inode_at != change->inode ? 0 : rename_place(&sides.at, &sides.staged);
        case CHANGE_SWAP:
                return undo_swap(change, &sides);
        case CHANGE_TAKE:
                return sides.inode_at != 0 ? 0 : rename_place(&sides.old, &sides.at);
        default:
                return -EINVAL;
        }
}
