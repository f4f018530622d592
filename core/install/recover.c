/* SPDX-License-Identifier: MIT */
/* What killed runs left in a target: finished when their journal is whole, else removed. */
#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/leftover.h"
#include "base/str.h"
#include "change.h"
#include "journal.h"
#include "txn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_JOURNAL ((size_t)16 << 20)

struct mending {
        const struct txn *txn;
        int dir_fd;
        struct pipseed_error *err;
};

bool txn_is_area_name(const char *name)
{
        static const char prefix[] = TXN_AREA_PREFIX;

        if (strcmp(name, TXN_AREA_VENV) == 0)
                return true;
        return str_starts(name, prefix) && strlen(name) == strlen(prefix) + 16 &&
               strspn(name + strlen(prefix), "0123456789abcdef") == 16;
}

static int tell(const struct txn *txn, enum pipseed_event_kind kind, const char *text, struct pipseed_error *err)
{
        return event_tell(txn->event, txn->event_data, kind, text, err);
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

/* What is half changed is not changed again before whoever began has finished it. */
static int refuse_foreign(const struct mending *mending, const char *name, const struct leftover *leftover)
{
        struct pipseed_error *err = mending->err;
        _cleanup_close_ int journal_fd = -1;
        _cleanup_close_ int area_fd = file_open_beneath(mending->dir_fd, name, O_PATH | O_DIRECTORY, 0);

        if (area_fd >= 0)
                journal_fd = file_open_beneath(area_fd, "journal", O_PATH | O_NOFOLLOW, 0);
        if (area_fd == -ENOENT || journal_fd == -ENOENT)
                return tell(mending->txn, PIPSEED_EVENT_WARNING, "another user's interrupted run is left alone", err);
        (void)error_set(err, PIPSEED_E_BAD_TARGET, mending->txn->roots[PLAN_LIB].path,
                        "a run of user %u was interrupted while it changed this environment (%s)",
                        (unsigned int)leftover->uid, name);
        return error_hint(err, "that user finishes it with: pipseed doctor --fix");
}

static int mend_area(void *data, int dir_fd, const char *name, struct leftover *leftover)
{
        const struct mending *mending = data;
        const struct txn *txn = mending->txn;
        int r;

        if (leftover->state == LEFTOVER_FOREIGN)
                return refuse_foreign(mending, name, leftover);
        if (leftover->state == LEFTOVER_HELD)
                return 0;
        r = finish(txn, name, leftover->fd);
        for (int i = 0; r == 0 && i < PLAN_N_ROOTS; i++)
                if (txn->roots[i].fd >= 0)
                        r = file_remove_tree(txn->roots[i].fd, name);
        (void)dir_fd;
        if (r < 0) {
                (void)error_sys(mending->err, r, txn->roots[PLAN_LIB].path,
                                "cannot finish what an interrupted run left (%s)", name);
                return error_hint(mending->err, "run the command again once the cause is gone");
        }
        return tell(txn, PIPSEED_EVENT_NOTE, "finished or undid what an interrupted run had left", mending->err);
}

/* An area beside a root on another file system, whose LIB area is gone or was never made. */
static int remove_stray(void *data, int dir_fd, const char *name, struct leftover *leftover)
{
        const struct mending *mending = data;
        const struct txn *txn = mending->txn;
        struct stat st;

        if (leftover->state != LEFTOVER_FREE ||
            fstatat(txn->roots[PLAN_LIB].fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
            file_remove_tree(dir_fd, name) == 0)
                return 0;
        return tell(txn, PIPSEED_EVENT_WARNING, "cannot remove what an interrupted run left", mending->err);
}

static int mend_root(const struct txn *txn, int root_fd, leftover_fn *mend, struct pipseed_error *err)
{
        struct mending mending = {.txn = txn, .dir_fd = root_fd, .err = err};
        int r = leftover_each(root_fd, txn_is_area_name, mend, &mending);

        if (r < 0 && err->code == 0)
                return error_sys(err, r, txn->roots[PLAN_LIB].path, "cannot look for what interrupted runs left");
        return r;
}

int txn_mend(struct txn *txn, struct pipseed_error *err)
{
        int lib_fd = txn->roots[PLAN_LIB].fd;
        int r = lib_fd >= 0 ? mend_root(txn, lib_fd, mend_area, err) : 0;

        for (int i = 0; r == 0 && i < PLAN_N_ROOTS; i++)
                if (lib_fd >= 0 && i != PLAN_LIB && txn->roots[i].fd >= 0 && !txn_same_mount(txn->roots[i].fd, lib_fd))
                        r = mend_root(txn, txn->roots[i].fd, remove_stray, err);
        return r;
}
