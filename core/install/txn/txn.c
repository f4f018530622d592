/* SPDX-License-Identifier: MIT */
#include "install/txn/txn.h"

#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/leftover.h"
#include "base/lock.h"
#include "base/path.h"
#include "install/txn/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static int see_live(void *data, int dir_fd, const char *name, struct leftover *leftover)
{
        struct stat st;

        (void)data;
        if (leftover->state == LEFTOVER_HELD)
                return 1;
        /* Another user's staging directory cannot be opened to ask for its lock. */
        return leftover->state == LEFTOVER_FOREIGN && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
               lock_is_recent(&st);
}

/* A staging directory is its owner's alone (0700), so a stranger can neither make one nor hold its lock. */
static bool has_live_staging(int lib_fd)
{
        return leftover_each(lib_fd, txn_is_staging_name, see_live, NULL) > 0;
}

static int lock_lib(struct txn *txn, struct pipseed_error *err)
{
        int lib_fd = txn->roots[PLAN_LIB].fd;
        int r = lock_wait_dir(lib_fd, has_live_staging,
                              "waiting for another process that is working on this environment", txn->event,
                              txn->event_data);

        if (r == -ECANCELED)
                return error_cancelled(err);
        if (r < 0) {
                error_set(err, PIPSEED_E_BUSY, txn->roots[PLAN_LIB].path,
                          "another process has been working on this environment for more than %d s", LOCK_WAIT_S);
                return error_hint(err, "wait for it or stop it (fuser -v names it), then try again");
        }
        if (r == 0) /* else the renames alone decide */
                txn->lock_fd = lib_fd;
        return 0;
}

static int refuse_link(const char *path, struct pipseed_error *err)
{
        (void)error_set(err, PIPSEED_E_UNTRUSTED_PATH, path,
                        "a symbolic link on the path to '%s' leads out of the environment", path);
        return error_hint(err, "replace the link with a directory");
}

int txn_check_inside(const char *const *roots, const char *prefix, const char *root, struct pipseed_error *err)
{
        _cleanup_(sysroot_done) struct sysroot top = SYSROOT_INIT;
        const struct sysroot_way way = {.root = root, .prefix = prefix};
        int r = top_open_existing(&top, &way, err);

        for (int i = 0; r == 0 && i < PLAN_N_ROOTS; i++) {
                _cleanup_close_ int fd = sysroot_open_dir(&top, roots[i]);
                _cleanup_free_ char *path = path_rooted(root, roots[i]);

                if (path == NULL)
                        return error_memory(err);
                if (fd == -EXDEV)
                        r = refuse_link(path, err);
        }
        return r;
}

static int open_roots(struct txn *txn, const struct txn_query *query, struct pipseed_error *err)
{
        for (int i = 0; i < PLAN_N_ROOTS; i++) {
                struct txn_root *root = &txn->roots[i];

                root->path = path_rooted(query->way.root, query->roots[i]);
                root->below = arena_strdup(&txn->arena, query->roots[i]);
                if (root->path == NULL || root->below == NULL)
                        return error_memory(err);
                root->fd = sysroot_open_dir(&txn->top, query->roots[i]);
                if (root->fd == -EXDEV && txn->top.guarded != NULL)
                        return root->fd = -1, refuse_link(root->path, err);
                if (root->fd < 0 && root->fd != -ENOENT)
                        return error_sys(err, steal_fd(&root->fd), root->path, "cannot open a directory of the target");
                if (root->fd < 0)
                        root->fd = -1;
        }
        return 0;
}

static struct txn *new_txn(const struct txn_query *query)
{
        struct txn *txn = calloc(1, sizeof(*txn));

        if (txn == NULL)
                return NULL;
        txn->top = (struct sysroot)SYSROOT_INIT;
        txn->lock_fd = -1;
        for (int i = 0; i < PLAN_N_ROOTS; i++)
                txn->roots[i].fd = txn->roots[i].staging_fd = txn->roots[i].staged_fd = -1;
        txn->durable = query->durable;
        txn->umask = query->umask;
        txn->event = query->event;
        txn->event_data = query->event_data;
        return txn;
}

int txn_open_held(int fd, const char *path, const struct txn_query *query, struct txn **ret_txn,
                  struct pipseed_error *err)
{
        _cleanup_(txn_freep) struct txn *txn = new_txn(query);
        struct txn_root *lib;
        int r;

        if (txn == NULL)
                return error_memory(err);
        lib = &txn->roots[PLAN_LIB];
        txn->is_held = true;
        lib->path = strdup(path);
        lib->below = arena_strdup(&txn->arena, path);
        if (lib->path == NULL || lib->below == NULL)
                return error_memory(err);
        lib->fd = file_open_dir_at(fd, ".");
        if (lib->fd < 0)
                return error_sys(err, steal_fd(&lib->fd), path, "cannot open the directory");
        r = txn_recover(txn, err);
        if (r < 0)
                return r;
        *ret_txn = steal_ptr(txn);
        return 0;
}

int txn_open(const struct txn_query *query, struct txn **ret_txn, struct pipseed_error *err)
{
        _cleanup_(txn_freep) struct txn *txn = new_txn(query);
        int r;

        if (txn == NULL)
                return error_memory(err);
        r = sysroot_open(&txn->top, &query->way, err);
        if (r == 0)
                r = open_roots(txn, query, err);
        if (r == 0 && txn->roots[PLAN_LIB].fd >= 0)
                r = lock_lib(txn, err);
        if (r == 0)
                r = txn_recover(txn, err);
        if (r < 0)
                return r;
        *ret_txn = steal_ptr(txn);
        return 0;
}

/* Makes a root's directory exist and holds it. */
static int make_root(struct txn *txn, enum plan_root index, struct pipseed_error *err)
{
        struct txn_root *root = &txn->roots[index];

        if (root->fd >= 0)
                return 0;
        root->fd = sysroot_make_dir(&txn->top, root->below);
        if (root->fd >= 0)
                return 0;
        if (root->fd == -EXDEV && txn->top.guarded != NULL)
                return root->fd = -1, refuse_link(root->path, err);
        return error_sys(err, steal_fd(&root->fd), root->path, "cannot create a directory of the target");
}

static int make_staging(struct txn *txn, struct txn_root *root, struct pipseed_error *err)
{
        struct stat st;

        if (mkdirat(root->fd, txn->name, 0700 | LEFTOVER_MARK) < 0) {
                error_sys(err, errno, root->path, "cannot write to the target");
                return errno == EACCES || errno == EPERM || errno == EROFS
                               ? error_hint(err, "choose a writable target, or use an environment of your own")
                               : err->code;
        }
        root->staging_fd = file_open_beneath(root->fd, txn->name, O_RDONLY | O_DIRECTORY, 0);
        if (root->staging_fd < 0 || fstat(root->staging_fd, &st) < 0) {
                int r = root->staging_fd < 0 ? steal_fd(&root->staging_fd) : file_errno();

                (void)unlinkat(root->fd, txn->name, AT_REMOVEDIR);
                return error_sys(err, r, root->path, "cannot open the staging directory");
        }
        if (root == &txn->roots[PLAN_LIB])
                txn->staging_inode = st.st_ino;
        /* Whoever holds a staging directory's lock is alive: nobody repairs it. */
        (void)flock(root->staging_fd, LOCK_EX | LOCK_NB);
        return 0;
}

/* One that lives where locks do not work keeps its name to itself. */
static int choose_name(struct txn *txn, struct pipseed_error *err)
{
        struct stat st;
        int r;

        if (txn->is_held && fstatat(txn->roots[PLAN_LIB].fd, TXN_STAGING_VENV, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                (void)strcpy(txn->name, TXN_STAGING_VENV);
                return 0;
        }
        r = file_random_name(TXN_STAGING_PREFIX, txn->name, sizeof(txn->name));
        return r < 0 ? error_sys(err, r, NULL, "cannot generate a random name") : 0;
}

int txn_prepare(struct txn *txn, struct pipseed_error *err)
{
        struct txn_root *lib = &txn->roots[PLAN_LIB];
        int r;

        if (txn->name[0] != '\0')
                return 0;
        r = make_root(txn, PLAN_LIB, err);
        if (r == 0 && txn->lock_fd < 0 && !txn->is_held)
                r = lock_lib(txn, err);
        if (r == 0)
                r = choose_name(txn, err);
        if (r < 0)
                return r;
        txn->staging_path = path_join(lib->path, txn->name);
        if (txn->staging_path == NULL)
                return error_memory(err);
        return make_staging(txn, lib, err);
}

static int find_staging(struct txn *txn, struct txn_root *root, struct pipseed_error *err)
{
        int lib_staging = txn->roots[PLAN_LIB].staging_fd;

        if (root->staging_fd >= 0)
                return 0;
        if (!txn_same_mount(root->fd, txn->roots[PLAN_LIB].fd))
                return make_staging(txn, root, err);
        root->staging_fd = fcntl(lib_staging, F_DUPFD_CLOEXEC, 3);
        return root->staging_fd < 0 ? error_sys(err, errno, root->path, "cannot lock the staging directory") : 0;
}

int txn_staged_fd(struct txn *txn, enum plan_root index, int *ret_fd, struct pipseed_error *err)
{
        struct txn_root *root = &txn->roots[index];
        int r;

        if (root->staged_fd < 0) {
                r = make_root(txn, index, err);
                if (r == 0)
                        r = find_staging(txn, root, err);
                if (r < 0)
                        return r;
                if (mkdirat(root->staging_fd, txn_staged_name(index), 0777) < 0)
                        return error_sys(err, errno, txn->staging_path,
                                         "cannot create a directory in the staging directory");
                root->staged_fd =
                        file_open_beneath(root->staging_fd, txn_staged_name(index), O_RDONLY | O_DIRECTORY, 0);
                if (root->staged_fd < 0)
                        return error_sys(err, steal_fd(&root->staged_fd), txn->staging_path,
                                         "cannot open a directory of the staging directory");
        }
        *ret_fd = root->staged_fd;
        return 0;
}

static int find_inode(const struct change *change, int dir_fd, uint64_t *ret_inode)
{
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (change->kind == CHANGE_MKDIR)
                return 0;
        fd = file_open_beneath(dir_fd, change->path, O_PATH | O_NOFOLLOW, 0);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        *ret_inode = st.st_ino;
        return 0;
}

/* is_there: the entry is in the target now, not staged. */
static int add_change(struct txn *txn, enum change_kind kind, enum plan_root root, const char *path, bool is_there,
                      struct pipseed_error *err)
{
        struct change change = {.kind = kind, .root = root};
        int r;

        r = find_staging(txn, &txn->roots[root], err);
        if (r < 0)
                return r;
        if (arena_grow(&txn->arena, &txn->changes, txn->n_changes, &txn->capacity, sizeof(*txn->changes)) < 0)
                return error_memory(err);
        change.path = arena_strdup(&txn->arena, path);
        if (change.path == NULL)
                return error_memory(err);
        r = find_inode(&change, is_there ? txn->roots[root].fd : txn->roots[root].staged_fd, &change.inode);
        if (r < 0)
                return error_sys(err, r, path, "cannot access the files to be changed");
        txn->changes[txn->n_changes++] = change;
        return 0;
}

int txn_add(struct txn *txn, enum change_kind kind, enum plan_root root, const char *path, struct pipseed_error *err)
{
        return add_change(txn, kind, root, path, kind == CHANGE_TAKE, err);
}

int txn_add_carried(struct txn *txn, enum plan_root root, const char *path, struct pipseed_error *err)
{
        return add_change(txn, CHANGE_PUT, root, path, true, err);
}

/* There is nobody to fail for any more, but whoever watches is told. */
static void remove_staging(const struct txn *txn, const struct txn_root *root)
{
        int r = file_remove_tree(root->fd, txn->name);
        char text[PATH_MAX + 256];

        if (r == 0 || txn->event == NULL)
                return;
        (void)snprintf(text, sizeof(text), "cannot remove '%s/%s' (%s): the next run removes it", root->path, txn->name,
                       strerrordesc_np(-r));
        (void)event_send(txn->event, txn->event_data, PIPSEED_EVENT_WARNING, text);
}

/* Removes staging directories and, unless the transaction was committed, the directories that it made for its roots. */
static void clean_up(struct txn *txn)
{
        for (int i = 0; i < PLAN_N_ROOTS && txn->name[0] != '\0' && !txn->keep_staging; i++) {
                struct txn_root *root = &txn->roots[i];

                /* Directories with a root in common share a staging directory: the second removal finds nothing. */
                if (root->fd >= 0 && root->staging_fd >= 0)
                        remove_staging(txn, root);
        }
        if (!txn->committed)
                sysroot_undo(&txn->top);
}

void txn_free(struct txn *txn)
{
        if (txn == NULL)
                return;
        clean_up(txn);
        for (int i = 0; i < PLAN_N_ROOTS; i++) {
                struct txn_root *root = &txn->roots[i];

                cleanup_closep(&root->staged_fd);
                cleanup_closep(&root->staging_fd);
                cleanup_closep(&root->fd);
                free(root->path);
        }
        sysroot_done(&txn->top);
        free(txn->staging_path);
        arena_done(&txn->arena);
        free(txn);
}
