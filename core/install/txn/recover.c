/* SPDX-License-Identifier: MIT */
#include "install/txn/recover.h"

#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/leftover.h"
#include "install/txn/change.h"
#include "install/txn/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_JOURNAL ((size_t)16 << 20)

struct recovery {
        const struct txn *txn;
        int dir_fd;
        struct pipseed_error *err;
};

static int tell(const struct txn *txn, enum pipseed_event_kind kind, const char *text, struct pipseed_error *err)
{
        return event_tell(txn->event, txn->event_data, kind, text, err);
}

/* The killed run's transaction, as far as its journal tells: the same roots, its own staging directories. */
static void close_killed(struct txn *killed)
{
        for (int i = 0; i < PLAN_N_ROOTS; i++) {
                cleanup_closep(&killed->roots[i].staging_fd);
                cleanup_closep(&killed->roots[i].staged_fd);
        }
}

static int open_killed(const struct txn *txn, const char *name, struct txn *killed)
{
        for (int i = 0; i < PLAN_N_ROOTS; i++) {
                struct txn_root *root = &killed->roots[i];
                int home;

                *root = (struct txn_root){.fd = txn->roots[i].fd, .staging_fd = -1, .staged_fd = -1};
                if (root->fd < 0)
                        continue;
                home = txn_same_mount(root->fd, txn->roots[PLAN_LIB].fd) ? txn->roots[PLAN_LIB].fd : root->fd;
                root->staging_fd = file_open_beneath(home, name, O_RDONLY | O_DIRECTORY, 0);
                if (root->staging_fd == -ENOENT) {
                        root->staging_fd = -1;
                        continue;
                }
                if (root->staging_fd < 0)
                        return steal_fd(&root->staging_fd);
                root->staged_fd = file_open_beneath(root->staging_fd, txn_staged_name((enum plan_root)i),
                                                    O_RDONLY | O_DIRECTORY, 0);
                if (root->staged_fd < 0)
                        root->staged_fd = -1;
        }
        return 0;
}

/* What was staged to be put there, and nothing else. */
static bool is_staged(const struct txn *killed, const struct change *change)
{
        _cleanup_close_ int fd =
                file_open_beneath(killed->roots[change->root].staged_fd, change->path, O_PATH | O_NOFOLLOW, 0);
        struct stat st;

        return fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == change->inode;
}

/* What somebody else put into a place since the kill stays, and what they took away stays away. */
static int apply_again(const struct txn *killed, size_t i)
{
        const struct change *change = &killed->changes[i];
        int r;

        if (change->kind == CHANGE_PUT && !is_staged(killed, change))
                return 0;
        r = change_apply(killed, i);
        return r == -EEXIST || r == -ENOENT ? 0 : r;
}

/*
 * A journal is believed as far as it proves itself: a file of the caller's own that nobody else can write or has
 * another name of, about the staging directory that it lies in. One that came with a wheel, a copy of the environment
 * or from another user is not. 1: it is, and journal has its changes; 0: not, or there is none; -errno.
 */
static int read_journal(const struct txn *txn, const char *name, int staging_fd, struct journal *journal)
{
        _cleanup_close_ int fd = file_open_beneath(staging_fd, "journal", O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
        _cleanup_free_ char *text = NULL;
        struct stat st, staging;
        size_t len = 0;
        int r;

        if (fd < 0)
                return fd == -ENOENT || fd == -ELOOP ? 0 : fd;
        if (fstat(fd, &st) < 0 || fstat(staging_fd, &staging) < 0)
                return file_errno();
        if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid() || staging.st_uid != geteuid() ||
            ((st.st_mode | staging.st_mode) & (S_IWGRP | S_IWOTH)) != 0)
                return 0;
        r = file_read_fd(fd, MAX_JOURNAL, &text, &len);
        if (r < 0)
                return r == -EFBIG ? 0 : r;
        if (!journal_read(journal, text, len) || strcmp(journal->staging_name, name) != 0 ||
            journal->staging_inode != staging.st_ino)
                return 0;
        for (size_t i = 0; i < journal->n_changes; i++)
                if (!change_is_allowed(txn->is_held, journal->changes[i].root, journal->changes[i].path))
                        return 0;
        return 1;
}

/* 1: a journal was followed; 0: there was none to be believed; -errno. */
static int finish(const struct txn *txn, const char *name, int staging_fd)
{
        _cleanup_(close_killed) struct txn killed = {0};
        _cleanup_(journal_done) struct journal journal = {0};
        int r;

        for (int i = 0; i < PLAN_N_ROOTS; i++)
                killed.roots[i].staging_fd = killed.roots[i].staged_fd = -1;
        r = read_journal(txn, name, staging_fd, &journal);
        if (r <= 0)
                return r;
        killed.changes = journal.changes;
        killed.n_changes = journal.n_changes;
        r = open_killed(txn, name, &killed);
        for (size_t i = 0; r == 0 && i < killed.n_changes; i++)
                r = apply_again(&killed, i);
        if (r == 0 && txn->durable && syncfs(staging_fd) < 0)
                r = -errno;
        /* First of all: without its journal the rest of the staging directory means nothing. */
        if (r == 0 && unlinkat(staging_fd, "journal", 0) < 0)
                r = -errno;
        return r < 0 ? r : 1;
}

/* What is half changed is not changed again before whoever began has finished it. */
static int refuse_foreign(const struct recovery *recovery, const char *name, const struct leftover *leftover)
{
        struct pipseed_error *err = recovery->err;
        _cleanup_close_ int journal_fd = -1;
        _cleanup_close_ int staging_fd = file_open_beneath(recovery->dir_fd, name, O_PATH | O_DIRECTORY, 0);

        if (staging_fd >= 0)
                journal_fd = file_open_beneath(staging_fd, "journal", O_PATH | O_NOFOLLOW, 0);
        if (staging_fd == -ENOENT || journal_fd == -ENOENT)
                return tell(recovery->txn, PIPSEED_EVENT_WARNING, "leaving another user's interrupted run alone", err);
        (void)error_set(err, PIPSEED_E_BAD_TARGET, recovery->txn->roots[PLAN_LIB].path,
                        "a run of user %u was interrupted while it changed this environment (%s)",
                        (unsigned int)leftover->uid, name);
        return error_hint(err, "ask that user to run: pipseed doctor --fix");
}

/* What cannot be removed costs room, and is in nobody's way: the next run tries again. */
static int tell_kept(const struct txn *txn, const char *name, int r, struct pipseed_error *err)
{
        char text[PATH_MAX + 256];

        (void)snprintf(text, sizeof(text), "cannot remove '%s/%s', left by an interrupted run: %s",
                       txn->roots[PLAN_LIB].path, name, strerrordesc_np(-r));
        return tell(txn, PIPSEED_EVENT_WARNING, text, err);
}

static int tell_unproved(const struct txn *txn, const char *name, struct pipseed_error *err)
{
        char text[PATH_MAX + 256];

        (void)snprintf(text, sizeof(text),
                       "leaving '%s/%s' alone: others can write to its directory, and may have created it",
                       txn->roots[PLAN_LIB].path, name);
        return tell(txn, PIPSEED_EVENT_WARNING, text, err);
}

/* Beside a root on another file system. */
static int remove_beside(const struct txn *txn, const char *name)
{
        int result = 0;

        for (int i = 0; i < PLAN_N_ROOTS; i++) {
                _cleanup_(leftover_done) struct leftover leftover = LEFTOVER_INIT;
                int fd = txn->roots[i].fd;
                int r;

                if (i == PLAN_LIB || fd < 0 || txn_same_mount(fd, txn->roots[PLAN_LIB].fd))
                        continue;
                r = leftover_open(fd, name, &leftover);
                if (r == 0 && leftover.state == LEFTOVER_FREE)
                        r = file_remove_held(fd, name, leftover.fd);
                if (r < 0)
                        result = r;
        }
        return result;
}

static int recover_staging(void *data, int dir_fd, const char *name, struct leftover *leftover)
{
        const struct recovery *recovery = data;
        const struct txn *txn = recovery->txn;
        int followed, beside, r;

        if (leftover->state == LEFTOVER_FOREIGN)
                return refuse_foreign(recovery, name, leftover);
        if (leftover->state == LEFTOVER_HELD)
                return 0;
        followed = finish(txn, name, leftover->fd);
        if (followed < 0) {
                (void)error_sys(recovery->err, followed, txn->roots[PLAN_LIB].path,
                                "cannot recover an interrupted run (%s)", name);
                return error_hint(recovery->err, "remove the cause, then run the command again");
        }
        if (followed == 0 && leftover->state == LEFTOVER_UNPROVED)
                return tell_unproved(txn, name, recovery->err);
        beside = remove_beside(txn, name);
        r = file_remove_held(dir_fd, name, leftover->fd);
        if (r == 0)
                r = beside;
        return r < 0 ? tell_kept(txn, name, r, recovery->err)
                     : tell(txn, PIPSEED_EVENT_NOTE, "completed or rolled back an interrupted run", recovery->err);
}

/* A staging directory beside a root on another file system, whose LIB staging directory is gone or was never made. */
static int remove_stray(void *data, int dir_fd, const char *name, struct leftover *leftover)
{
        const struct recovery *recovery = data;
        const struct txn *txn = recovery->txn;
        struct stat st;
        int r;

        if (leftover->state != LEFTOVER_FREE || fstatat(txn->roots[PLAN_LIB].fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
                return 0;
        r = file_remove_held(dir_fd, name, leftover->fd);
        return r < 0 ? tell_kept(txn, name, r, recovery->err) : 0;
}

static int recover_root(const struct txn *txn, int root_fd, leftover_fn *recover, struct pipseed_error *err)
{
        struct recovery recovery = {.txn = txn, .dir_fd = root_fd, .err = err};
        int r = leftover_each(root_fd, txn_is_staging_name, recover, &recovery);

        if (r < 0 && err->code == 0)
                return error_sys(err, r, txn->roots[PLAN_LIB].path, "cannot search for interrupted runs");
        return r;
}

int txn_recover(struct txn *txn, struct pipseed_error *err)
{
        int lib_fd = txn->roots[PLAN_LIB].fd;
        int r = lib_fd >= 0 ? recover_root(txn, lib_fd, recover_staging, err) : 0;

        for (int i = 0; r == 0 && i < PLAN_N_ROOTS; i++)
                if (lib_fd >= 0 && i != PLAN_LIB && txn->roots[i].fd >= 0 && !txn_same_mount(txn->roots[i].fd, lib_fd))
                        r = recover_root(txn, txn->roots[i].fd, remove_stray, err);
        return r;
}
