/* SPDX-License-Identifier: MIT */
#include "store.h"

#include "base/error.h"
#include "base/file.h"
#include "base/leftover.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "base/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define FORMAT "v1"
#define MAKE_TRIES 100 /* one in four is lost to somebody who does nothing but sweep */

static int no_store(struct pipseed_error *err, const char *path, const char *reason)
{
        error_set(err, PIPSEED_E_NO_STORE, path, "cannot use the store: %s", reason);
        return error_hint(err, "set cache.dir in the policy, or XDG_CACHE_HOME, to a directory of your own");
}

/* The owner of the deepest directory on the way that exists. 0 or -errno. */
static int nearest_owner(const char *path, uid_t *ret_owner)
{
        _cleanup_free_ char *current = strdup(path);
        struct stat st;

        while (current != NULL && stat(current, &st) < 0) {
                char *parent;

                if ((errno != ENOENT && errno != ENOTDIR) || strcmp(current, "/") == 0)
                        return file_errno();
                parent = path_dir(current);
                free(current);
                current = parent;
        }
        if (current == NULL)
                return -ENOMEM;
        *ret_owner = st.st_uid;
        return 0;
}

static int choose_dir(const char *cache_dir, char **ret_path, struct pipseed_error *err)
{
        const char *xdg = getenv("XDG_CACHE_HOME");
        const char *home = getenv("HOME");
        char *path;

        if (cache_dir != NULL)
                path = path_absolute_here(cache_dir);
        else if (xdg != NULL && xdg[0] == '/') /* the XDG specification: a relative value is ignored */
                path = path_join(xdg, "pipseed");
        else if (home != NULL && home[0] == '/')
                path = path_join(home, ".cache/pipseed");
        else
                return no_store(err, NULL, "neither HOME nor XDG_CACHE_HOME is set");
        if (path == NULL)
                return error_memory(err);
        *ret_path = path;
        return 0;
}

static int check_way(int fd, const char *path, struct pipseed_error *err)
{
        const struct trust_rule rule = trust_rule_caller();
        _cleanup_free_ char *absolute = path_absolute_here(path);
        struct trust_result result;
        int r;

        if (absolute == NULL)
                return error_sys(err, errno, path, "cannot resolve the path of the store");
        r = trust_check_fd(fd, absolute, &rule, &result);
        if (r < 0)
                return error_sys(err, r, path, "cannot access the path to the store");
        return result.fault == TRUST_OK ? 0 : trust_refuse(&result, PIPSEED_E_STORE_UNTRUSTED, "the store", err);
}

static int check_dir(int fd, const char *path, enum store_kind kind, struct pipseed_error *err)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return error_sys(err, errno, path, "cannot access the store");
        if (st.st_uid != geteuid() && !(kind == STORE_SYSTEM && st.st_uid == 0)) {
                error_set(err, PIPSEED_E_STORE_UNTRUSTED, path, "the store belongs to user %u, not to %u",
                          (unsigned int)st.st_uid, (unsigned int)geteuid());
                return error_hint(err, "set cache.dir in the policy, or XDG_CACHE_HOME, to a directory of your own");
        }
        if ((st.st_mode & 022) != 0) {
                error_set(err, PIPSEED_E_STORE_UNTRUSTED, path, "the store is writable by others (mode %03o)",
                          (unsigned int)(st.st_mode & 0777));
                return error_hint(err, "run: chmod go-w %s", SHELL_WORD(path));
        }
        return 0;
}

int store_find_dir(const char *cache_dir, char **ret_path, struct pipseed_error *err)
{
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -1;
        uid_t owner = 0;
        int r = choose_dir(cache_dir, &path, err);

        if (r < 0)
                return r;
        /* sudo with the caller's HOME: root must not leave directories there that the caller cannot remove. */
        r = geteuid() == 0 ? nearest_owner(path, &owner) : 0;
        if (r < 0)
                return no_store(err, path, strerrordesc_np(-r));
        if (owner != 0)
                return no_store(err, path, "it is in another user's directory, and the caller is root");
        r = file_make_dirs_abs(path, 0700);
        if (r < 0)
                return no_store(err, path, strerrordesc_np(-r));
        fd = file_open_dir(path);
        if (fd < 0)
                return no_store(err, path, strerrordesc_np(-fd));
        r = check_dir(fd, path, STORE_OWN, err);
        if (r == 0)
                r = check_way(fd, path, err);
        if (r < 0)
                return r;
        *ret_path = steal_ptr(path);
        return 0;
}

static int open_format(int held_fd, const char *path, enum store_kind kind, int *ret_fd, struct pipseed_error *err)
{
        static const char *const directories[] = {"wheels", "tmp"};
        _cleanup_close_ int fd = -1;

        if (kind != STORE_SYSTEM && mkdirat(held_fd, FORMAT, 0700) < 0 && errno != EEXIST)
                return no_store(err, path, strerrordesc_np(errno));
        fd = file_open_beneath(held_fd, FORMAT, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0)
                return no_store(err, path, strerrordesc_np(-fd));
        for (size_t i = 0; kind != STORE_SYSTEM && i < ARRAY_SIZE(directories); i++)
                if (mkdirat(fd, directories[i], 0700) < 0 && errno != EEXIST)
                        return no_store(err, path, strerrordesc_np(errno));
        *ret_fd = steal_fd(&fd);
        return 0;
}

/* statx(2): an identifier that no other mount of this boot has, from Linux 6.8 on; before, one that may come again. */
static uint64_t mount_id(int fd)
{
#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x00004000U
#endif
        struct statx st;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID_UNIQUE, &st) == 0 && (st.stx_mask & STATX_MNT_ID_UNIQUE) != 0)
                return st.stx_mnt_id;
        if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) == 0 && (st.stx_mask & STATX_MNT_ID) != 0)
                return st.stx_mnt_id;
        return 0;
}

/* random(4): an identifier that each boot generates. With it the mount: a file system may fail, or be pulled out, while
 * the machine goes on. */
static void read_epoch(struct store *store)
{
        _cleanup_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        char boot[64];
        ssize_t n = fd >= 0 ? read(fd, boot, sizeof(boot) - 1) : 0;

        boot[n > 0 ? n : 0] = '\0';
        boot[strcspn(boot, "\n")] = '\0';
        store->epoch[0] = '\0';
        store->boot_len = strlen(boot);
        if (boot[0] != '\0')
                (void)snprintf(store->epoch, sizeof(store->epoch), "%s %llu", boot,
                               (unsigned long long)mount_id(store->fd));
}

int store_open(int dir_fd, const char *directory, const char *path, enum store_kind kind, struct store **ret_store,
               struct pipseed_error *err)
{
        _cleanup_(store_freep) struct store *store = calloc(1, sizeof(*store));
        _cleanup_close_ int held_fd = -1;
        int r;

        if (store == NULL)
                return error_memory(err);
        store->fd = -1;
        store->kind = kind;
        store->path = path_join(path, FORMAT);
        if (store->path == NULL)
                return error_memory(err);
        held_fd = file_open_dir_at(dir_fd, directory);
        if (held_fd < 0)
                return no_store(err, path, strerrordesc_np(-held_fd));
        r = open_format(held_fd, store->path, kind, &store->fd, err);
        if (r < 0)
                return r;
        r = check_dir(store->fd, store->path, kind, err);
        /* The way to the caller's own was checked by store_find_dir, that to a private one is the staging
         * directory's. */
        if (r == 0 && kind == STORE_SYSTEM)
                r = check_way(store->fd, store->path, err);
        if (r < 0)
                return r;
        read_epoch(store);
        *ret_store = steal_ptr(store);
        return 0;
}

void store_free(struct store *store)
{
        if (store == NULL)
                return;
        if (store->fd >= 0)
                (void)close(store->fd);
        free(store->path);
        free(store);
}

int store_lock(const struct store *store, pipseed_event_fn *event, void *event_data)
{
        _cleanup_close_ int fd = file_open_beneath(store->fd, "lock", O_RDWR | O_CREAT, 0600);
        int r = fd < 0 ? fd : lock_wait(fd, "waiting for another process that is filling the store", event, event_data);

        if (r == -ECANCELED)
                return r;
        return r == 0 ? steal_fd(&fd) : -1;
}

/* -EAGAIN: who sweeps without the store's lock found the directory before it was locked. */
static int make_held(int tmp_fd, const char *name)
{
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (mkdirat(tmp_fd, name, 0700) < 0)
                return -errno;
        fd = file_open_dir_at(tmp_fd, name);
        if (fd == -ENOENT)
                return -EAGAIN;
        if (fd < 0) {
                (void)unlinkat(tmp_fd, name, AT_REMOVEDIR);
                return fd;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
                return -EAGAIN;
        if (fstatat(tmp_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
                return -EAGAIN;
        return steal_fd(&fd);
}

int store_make_temporary(const struct store *store, char *ret_name)
{
        _cleanup_close_ int tmp_fd = file_open_beneath(store->fd, "tmp", O_RDONLY | O_DIRECTORY, 0);
        char name[32];
        int fd = -EAGAIN;

        if (tmp_fd < 0)
                return tmp_fd;
        for (int tries = 0; tries < MAKE_TRIES && fd == -EAGAIN; tries++) {
                int r = file_random_name("", name, sizeof(name));

                if (r < 0)
                        return r;
                fd = make_held(tmp_fd, name);
        }
        if (fd >= 0)
                (void)snprintf(ret_name, 64, "tmp/%s", name);
        return fd;
}

static bool is_temporary(const char *name)
{
        return name[0] != '.';
}

static int sweep_one(void *data, int dir_fd, const char *name, struct leftover *leftover)
{
        (void)data;
        if (leftover->state == LEFTOVER_FREE)
                (void)file_remove_tree(dir_fd, name);
        return 0;
}

void store_sweep(const struct store *store)
{
        _cleanup_close_ int tmp_fd = file_open_beneath(store->fd, "tmp", O_RDONLY | O_DIRECTORY, 0);

        if (tmp_fd >= 0)
                (void)leftover_each(tmp_fd, is_temporary, sweep_one, NULL);
}

/* A directory's count of links is that of its directories and two, or always 1: then they have to be looked for. */
void store_sweep_if_free(const struct store *store)
{
        _cleanup_close_ int lock_fd = -1;
        struct stat st;

        if (store->kind != STORE_OWN || fstatat(store->fd, "tmp", &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_nlink == 2)
                return;
        lock_fd = file_open_beneath(store->fd, "lock", O_RDWR | O_CREAT, 0600);
        if (lock_fd >= 0 && flock(lock_fd, LOCK_EX | LOCK_NB) == 0)
                store_sweep(store);
}

/* Another user's directory cannot get another parent (rename(2): ".." is written), but another name, which nobody looks
 * for. It stays: what is in it is not ours to remove. 0 or -errno. */
static int move_aside(const struct store *store, const char *path)
{
        _cleanup_free_ char *parent = path_dir(path);
        _cleanup_free_ char *aside = NULL;
        char name[32];
        int r = parent != NULL ? file_random_name(".other-", name, sizeof(name)) : -ENOMEM;

        if (r < 0)
                return r;
        aside = path_join(parent, name);
        if (aside == NULL)
                return -ENOMEM;
        return renameat(store->fd, path, store->fd, aside) < 0 ? -errno : 0;
}

static bool is_denied(int r)
{
        return r == -EACCES || r == -EPERM;
}

int store_take_out(const struct store *store, const char *path)
{
        char name[64];
        _cleanup_close_ int fd = store_make_temporary(store, name);
        int result = 0;
        int r;

        if (fd < 0)
                return fd;
        if (renameat(store->fd, path, fd, "old") < 0 && errno != ENOENT)
                result = -errno;
        if (is_denied(result))
                result = move_aside(store, path);
        r = file_remove_tree(store->fd, name);
        /* Gone from its place is what counts: another user's files may have to stay in tmp/. */
        return result < 0 ? result : is_denied(r) ? 0 : r;
}
