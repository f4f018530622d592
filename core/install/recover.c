/* SPDX-License-Identifier: MIT */
/* What killed runs left in a target: finished when their journal is whole, else removed. */
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "change.h"
#include "journal.h"
#include "txn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define MAX_JOURNAL ((size_t)16 << 20)
#define ABANDONED_S 3600 /* where locks do not work, an area of this age has nobody any more */

static bool is_area_name(const char *name)
{
        static const char prefix[] = ".pipseed-";

        return str_starts(name, prefix) && strlen(name) == strlen(prefix) + 16 &&
               strspn(name + strlen(prefix), "0123456789abcdef") == 16;
}

/* Is somebody still at work there? */
static bool is_alive(int area_fd, const struct stat *st)
{
        if (flock(area_fd, LOCK_EX | LOCK_NB) == 0)
                return false;
        return errno == EWOULDBLOCK || st->st_mtime + ABANDONED_S > time(NULL);
}

static int tell(const struct txn *txn, enum pipseed_event_kind kind, const char *text, struct pipseed_error *err)
{
        struct pipseed_event event = {.kind = kind, .text = text};

        if (txn->event != NULL && txn->event(txn->event_data, &event) != 0)
                return error_set(err, PIPSEED_E_CANCELLED, NULL, "cancelled by the caller");
        return 0;
}

/* The killed run's transaction, as far as its journal tells: the same roots, its own areas. */
static void close_killed(struct txn *killed)
{
        for (int i = 0; i < PLAN_N_ROOTS; i++) {
                cleanup_closep(&killed->roots[i].area_fd);
                cleanup_closep(&killed->roots[i].staged_fd);
        }
        arena_done(&killed->arena);
}

static int open_killed(const struct txn *txn, const char *name, struct txn *killed)
{
        for (int i = 0; i < PLAN_N_ROOTS; i++) {
                struct txn_root *root = &killed->roots[i];
                int home;

                *root = (struct txn_root){.fd = txn->roots[i].fd, .area_fd = -1, .staged_fd = -1};
                if (root->fd < 0)
                        continue;
                home = txn_same_mount(root->fd, txn->roots[PLAN_LIB].fd) ? txn->roots[PLAN_LIB].fd : root->fd;
                root->area_fd = file_open_beneath(home, name, O_RDONLY | O_DIRECTORY, 0);
                if (root->area_fd == -ENOENT) {
                        root->area_fd = -1;
                        continue;
                }
                if (root->area_fd < 0)
                        return steal_fd(&root->area_fd);
                root->staged_fd = file_open_beneath(root->area_fd, txn_staged_name((enum plan_root)i),
                                                    O_RDONLY | O_DIRECTORY, 0);
                if (root->staged_fd < 0)
                        root->staged_fd = -1;
        }
        return 0;
}

/* What somebody else put into a place since the kill stays, and what they took away stays away. */
static int apply_again(const struct txn *killed, size_t i)
{
        int r = change_apply(killed, i);

        return r == -EEXIST || r == -ENOENT ? 0 : r;
}

static int finish(const struct txn *txn, const char *name, int area_fd)
{
        _cleanup_(close_killed) struct txn killed = {0};
        _cleanup_free_ char *text = NULL;
        size_t len = 0;
        int r;

        for (int i = 0; i < PLAN_N_ROOTS; i++)
                killed.roots[i].area_fd = killed.roots[i].staged_fd = -1;
        r = file_read(area_fd, "journal", MAX_JOURNAL, &text, &len);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        if (!journal_read(&killed, text, len))
                return 0;
        r = open_killed(txn, name, &killed);
        for (size_t i = 0; r == 0 && i < killed.n_changes; i++)
                r = apply_again(&killed, i);
        if (r == 0 && txn->durable && syncfs(area_fd) < 0)
                r = -errno;
        /* First of all: without its journal the rest of the area means nothing. */
        if (r == 0 && unlinkat(area_fd, "journal", 0) < 0)
                r = -errno;
        return r;
}

static int mend_area(const struct txn *txn, const char *name, struct pipseed_error *err)
{
        const char *lib = txn->roots[PLAN_LIB].path;
        _cleanup_close_ int area_fd = file_open_beneath(txn->roots[PLAN_LIB].fd, name, O_RDONLY | O_DIRECTORY, 0);
        struct stat st;
        int r;

        if (area_fd == -ENOENT || area_fd == -ENOTDIR || area_fd == -ELOOP) /* gone, or none of ours */
                return 0;
        if (area_fd < 0 || fstat(area_fd, &st) < 0)
                return error_sys(err, area_fd < 0 ? area_fd : errno, lib,
                                 "cannot open what an interrupted run left (%s)", name);
        if (st.st_uid != geteuid())
                return tell(txn, PIPSEED_EVENT_WARNING, "another user's interrupted run is left alone", err);
        if (is_alive(area_fd, &st))
                return 0;
        r = finish(txn, name, area_fd);
        for (int i = 0; r == 0 && i < PLAN_N_ROOTS; i++)
                if (txn->roots[i].fd >= 0)
                        r = file_remove_tree(txn->roots[i].fd, name);
        if (r < 0) {
                error_sys(err, r, lib, "cannot finish what an interrupted run left (%s)", name);
                return error_hint(err, "run the command again once the cause is gone");
        }
        return tell(txn, PIPSEED_EVENT_NOTE, "finished or undid what an interrupted run had left", err);
}

/* An area beside a root on another file system, whose LIB area is gone or was never made. */
static int remove_stray(const struct txn *txn, int root_fd, const char *name)
{
        _cleanup_close_ int area_fd = file_open_beneath(root_fd, name, O_RDONLY | O_DIRECTORY, 0);
        struct stat st;

        if (area_fd < 0 || fstat(area_fd, &st) < 0 || st.st_uid != geteuid() || is_alive(area_fd, &st))
                return 0;
        if (fstatat(txn->roots[PLAN_LIB].fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
                return 0;
        return file_remove_tree(root_fd, name);
}

static int mend_root(const struct txn *txn, int root_fd, bool is_lib, struct pipseed_error *err)
{
        int fd = file_open_dir_at(root_fd, ".");
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        const struct dirent *entry;
        int r = 0;

        if (dir == NULL) {
                r = fd >= 0 ? -errno : fd;
                cleanup_closep(&fd);
                return error_sys(err, r, txn->roots[PLAN_LIB].path, "cannot read the target's folder");
        }
        while (r == 0 && (entry = readdir(dir)) != NULL) {
                if (!is_area_name(entry->d_name))
                        continue;
                if (is_lib)
                        r = mend_area(txn, entry->d_name, err);
                else if (remove_stray(txn, root_fd, entry->d_name) < 0)
                        r = tell(txn, PIPSEED_EVENT_WARNING, "cannot remove what an interrupted run left", err);
        }
        (void)closedir(dir);
        return r;
}

int txn_mend(struct txn *txn, struct pipseed_error *err)
{
        int lib_fd = txn->roots[PLAN_LIB].fd;
        int r = lib_fd >= 0 ? mend_root(txn, lib_fd, true, err) : 0;

        for (int i = 0; r == 0 && i < PLAN_N_ROOTS; i++)
                if (lib_fd >= 0 && i != PLAN_LIB && txn->roots[i].fd >= 0 && !txn_same_mount(txn->roots[i].fd, lib_fd))
                        r = mend_root(txn, txn->roots[i].fd, false, err);
        return r;
}
