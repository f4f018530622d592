/* SPDX-License-Identifier: MIT */
#include "txn.h"

#include "base/error.h"
#include "base/file.h"
#include "base/leftover.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static const char *const staged_names[PLAN_N_ROOTS] = {
        [PLAN_LIB] = "lib", [PLAN_OTHER_LIB] = "other", [PLAN_SCRIPTS] = "scripts", [PLAN_HEADERS] = "headers",
        [PLAN_DATA] = "data",
};

const char *txn_staged_name(enum plan_root root)
{
        return staged_names[root];
}

static int lock_lib(struct txn *txn, struct pipseed_error *err)
{
        int lib_fd = txn->roots[PLAN_LIB].fd;
        int r = lock_wait(lib_fd, "waiting for another run that works on this environment", txn->event, txn->event_data);

        if (r == -ECANCELED)
                return error_set(err, PIPSEED_E_CANCELLED, NULL, "cancelled by the caller");
        if (r < 0) {
                error_set(err, PIPSEED_E_BUSY, txn->roots[PLAN_LIB].path,
                          "another run has been working on this environment for more than %d s", LOCK_WAIT_S);
                return error_hint(err, "wait for it or stop it (fuser -v names it), then try again");
        }
        if (r == 0) /* else the renames alone decide */
                txn->lock_fd = lib_fd;
        return 0;
}

static int refuse_link(const struct txn_root *root, struct pipseed_error *err)
{
        (void)error_set(err, PIPSEED_E_UNTRUSTED_PATH, root->path,
                        "a link in another user's environment leads out of it, and this is root");
        return error_hint(err, "run as the environment's owner");
}

static int open_roots(struct txn *txn, const struct txn_query *query, struct pipseed_error *err)
{
        for (int i = 0; i < PLAN_N_ROOTS; i++) {
                struct txn_root *root = &txn->roots[i];

                root->path = path_rooted(query->way.root, query->roots[i]);
                root->below = arena_strdup(&txn->arena, query->roots[i]);
                if (root->path == NULL || root->below == NULL)
                        return error_memory(err);
                root->fd = top_open_folder(&txn->top, query->roots[i]);
                if (root->fd == -EXDEV && txn->top.guarded != NULL)
                        return root->fd = -1, refuse_link(root, err);
                if (root->fd < 0 && root->fd != -ENOENT)
                        return error_sys(err, steal_fd(&root->fd), root->path, "cannot open a folder of the target");
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
        txn->top = (struct top)TOP_INIT;
        txn->lock_fd = -1;
        for (int i = 0; i < PLAN_N_ROOTS; i++)
                txn->roots[i].fd = txn->roots[i].area_fd = txn->roots[i].staged_fd = -1;
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
                return error_sys(err, steal_fd(&lib->fd), path, "cannot open the folder");
        r = txn_mend(txn, err);
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
        r = top_open(&txn->top, &query->way, err);
        if (r == 0)
                r = open_roots(txn, query, err);
        if (r == 0 && txn->roots[PLAN_LIB].fd >= 0)
                r = lock_lib(txn, err);
        if (r == 0)
                r = txn_mend(txn, err);
        if (r < 0)
                return r;
        *ret_txn = steal_ptr(txn);
        return 0;
}

/* Makes a root's folder exist and holds it. */
static int make_root(struct txn *txn, enum plan_root index, struct pipseed_error *err)
{
        struct txn_root *root = &txn->roots[index];

        if (root->fd >= 0)
                return 0;
        root->fd = top_make_folder(&txn->top, root->below);
        if (root->fd >= 0)
                return 0;
        if (root->fd == -EXDEV && txn->top.guarded != NULL)
                return root->fd = -1, refuse_link(root, err);
        return error_sys(err, steal_fd(&root->fd), root->path, "cannot make a folder of the target");
}

/* Two folders are of one area when a rename between them works: the same mount. */
static int mount_of(int fd, uint64_t *ret_mount, uint64_t *ret_device)
{
        struct stat old;
        struct statx st;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &st) < 0) {
                if (!file_is_unavailable(errno) || fstat(fd, &old) < 0)
                        return file_errno();
                *ret_mount = 0;
                *ret_device = old.st_dev;
                return 0;
        }
        *ret_mount = (st.stx_mask & STATX_MNT_ID) != 0 ? st.stx_mnt_id : 0;
        *ret_device = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor;
        return 0;
}

bool txn_same_mount(int a, int b)
{
        uint64_t mount_a, mount_b, device_a, device_b;

        return mount_of(a, &mount_a, &device_a) == 0 && mount_of(b, &mount_b, &device_b) == 0 && mount_a == mount_b &&
               device_a == device_b;
}

static int make_area(struct txn *txn, struct txn_root *root, struct pipseed_error *err)
{
        struct stat st;

        if (mkdirat(root->fd, txn->name, 0700 | LEFTOVER_MARK) < 0) {
                error_sys(err, errno, root->path, "cannot write to the target");
                return errno == EACCES || errno == EPERM || errno == EROFS
                               ? error_hint(err, "choose a target that you may write, or use an environment of your own")
                               : err->code;
        }
        root->area_fd = file_open_beneath(root->fd, txn->name, O_RDONLY | O_DIRECTORY, 0);
        if (root->area_fd < 0 || fstat(root->area_fd, &st) < 0) {
                int r = root->area_fd < 0 ? steal_fd(&root->area_fd) : file_errno();

                (void)unlinkat(root->fd, txn->name, AT_REMOVEDIR);
                return error_sys(err, r, root->path, "cannot open the staging area");
        }
        if (root == &txn->roots[PLAN_LIB])
                txn->area_inode = st.st_ino;
        /* Whoever holds an area's lock is alive: nobody mends it. */
        (void)flock(root->area_fd, LOCK_EX | LOCK_NB);
        return 0;
}

/* One that lives where locks do not work keeps its name to itself. */
static int choose_name(struct txn *txn, struct pipseed_error *err)
{
        struct stat st;
        int r;

        if (txn->is_held && fstatat(txn->roots[PLAN_LIB].fd, TXN_AREA_VENV, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                (void)strcpy(txn->name, TXN_AREA_VENV);
                return 0;
        }
        r = file_random_name(TXN_AREA_PREFIX, txn->name, sizeof(txn->name));
        return r < 0 ? error_sys(err, r, NULL, "cannot make a random name") : 0;
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
        txn->area_path = path_join(lib->path, txn->name);
        if (txn->area_path == NULL)
                return error_memory(err);
        return make_area(txn, lib, err);
}

static int find_area(struct txn *txn, struct txn_root *root, struct pipseed_error *err)
{
        int lib_area = txn->roots[PLAN_LIB].area_fd;

        if (root->area_fd >= 0)
                return 0;
        if (!txn_same_mount(root->fd, txn->roots[PLAN_LIB].fd))
                return make_area(txn, root, err);
        root->area_fd = fcntl(lib_area, F_DUPFD_CLOEXEC, 3);
        return root->area_fd < 0 ? error_sys(err, errno, root->path, "cannot hold the staging area") : 0;
}

int txn_staged_fd(struct txn *txn, enum plan_root index, int *ret_fd, struct pipseed_error *err)
{
        struct txn_root *root = &txn->roots[index];
        int r;

        if (root->staged_fd < 0) {
                r = make_root(txn, index, err);
                if (r == 0)
                        r = find_area(txn, root, err);
                if (r < 0)
                        return r;
                if (mkdirat(root->area_fd, staged_names[index], 0777) < 0)
                        return error_sys(err, errno, txn->area_path, "cannot make a folder in the staging area");
                root->staged_fd = file_open_beneath(root->area_fd, staged_names[index], O_RDONLY | O_DIRECTORY, 0);
                if (root->staged_fd < 0)
                        return error_sys(err, steal_fd(&root->staged_fd), txn->area_path,
                                         "cannot open a folder of the staging area");
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

        r = find_area(txn, &txn->roots[root], err);
        if (r < 0)
                return r;
        if (arena_grow(&txn->arena, &txn->changes, txn->n_changes, &txn->capacity, sizeof(*txn->changes)) < 0)
                return error_memory(err);
        change.path = arena_strdup(&txn->arena, path);
        if (change.path == NULL)
                return error_memory(err);
        r = find_inode(&change, is_there ? txn->roots[root].fd : txn->roots[root].staged_fd, &change.inode);
        if (r < 0)
                return error_sys(err, r, path, "cannot look at what is to be changed");
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
static void remove_area(const struct txn *txn, const struct txn_root *root)
{
        int r = file_remove_tree(root->fd, txn->name);
        char text[PATH_MAX + 256];
        const struct pipseed_event event = {.kind = PIPSEED_EVENT_WARNING, .text = text};

        if (r == 0 || txn->event == NULL)
                return;
        (void)snprintf(text, sizeof(text), "%s/%s could not be removed (%s): the next run does it", root->path, txn->name,
                       strerrordesc_np(-r));
        (void)txn->event(txn->event_data, &event);
}

/* Removes areas and, unless the transaction was committed, the folders that it made for its roots. */
static void clean_up(struct txn *txn)
{
        for (int i = 0; i < PLAN_N_ROOTS && txn->name[0] != '\0' && !txn->keep_area; i++) {
                struct txn_root *root = &txn->roots[i];

                /* Folders with a root in common share an area: the second removal finds nothing. */
                if (root->fd >= 0 && root->area_fd >= 0)
                        remove_area(txn, root);
        }
        if (!txn->committed)
                top_undo(&txn->top);
}

void txn_free(struct txn *txn)
{
        if (txn == NULL)
                return;
        clean_up(txn);
        for (int i = 0; i < PLAN_N_ROOTS; i++) {
                struct txn_root *root = &txn->roots[i];

                cleanup_closep(&root->staged_fd);
                cleanup_closep(&root->area_fd);
                cleanup_closep(&root->fd);
                free(root->path);
        }
        top_done(&txn->top);
        free(txn->area_path);
        arena_done(&txn->arena);
        free(txn);
}
