/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "install/txn/change.h"
#include "install/txn/journal.h"
#include "install/txn/txn.h"

#include <errno.h>
#include <stdio.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int sync_areas(const struct txn *txn)
{
        for (int i = 0; i < PLAN_N_ROOTS; i++)
                if (txn->roots[i].staging_fd >= 0 && syncfs(txn->roots[i].staging_fd) < 0)
                        return -errno;
        return 0;
}

/* What a change takes away has its directory before anything changes: on a full disk neither making a change nor
 * undoing it needs room then. */
static int make_old(const struct txn *txn)
{
        bool made[PLAN_N_ROOTS] = {false};

        for (size_t i = 0; i < txn->n_changes; i++) {
                const struct change *change = &txn->changes[i];

                if (made[change->root] || (change->kind != CHANGE_SWAP && change->kind != CHANGE_TAKE))
                        continue;
                if (mkdirat(txn->roots[change->root].staging_fd, "old", 0700) < 0 && errno != EEXIST)
                        return -errno;
                made[change->root] = true;
        }
        return 0;
}

void txn_write_journal(const struct txn *txn, struct str *out)
{
        struct journal journal = {.staging_inode = txn->staging_inode,
                                  .changes = txn->changes,
                                  .n_changes = txn->n_changes};

        (void)strcpy(journal.staging_name, txn->name);
        journal_write(out, &journal);
}

/* The commit point: before the rename the next run removes the staging directory, after it the next run finishes the
 * changes. */
static int decide(const struct txn *txn, struct pipseed_error *err)
{
        _cleanup_(str_done) struct str text = STR_INIT;
        int staging_fd = txn->roots[PLAN_LIB].staging_fd;
        int r;

        txn_write_journal(txn, &text);
        if (text.failed)
                return error_memory(err);
        r = make_old(txn);
        if (r == 0)
                r = file_create(staging_fd, "journal.new", 0600, text.data, text.len);
        if (r == 0 && txn->durable)
                r = sync_areas(txn);
        if (r == 0 && renameat(staging_fd, "journal.new", staging_fd, "journal") < 0)
                r = -errno;
        if (r == 0 && txn->durable && fsync(staging_fd) < 0)
                r = -errno;
        return r < 0 ? error_sys(err, r, txn->staging_path, "cannot write the journal") : 0;
}

/* Takes the decision back, newest change first. When even that fails the journal stays, and the next run goes
 * forward. */
static void take_back(struct txn *txn, size_t n_applied, struct pipseed_error *err)
{
        for (size_t i = n_applied; i-- > 0;) {
                int r = change_undo(txn, i);

                if (r == 0)
                        continue;
                txn->keep_staging = true;
                (void)error_hint(err, "rollback also failed (%s): remove the cause, then run the command again",
                                 strerrordesc_np(-r));
                return;
        }
        (void)unlinkat(txn->roots[PLAN_LIB].staging_fd, "journal", 0);
}

int txn_revert(struct txn *txn, struct pipseed_error *err)
{
        struct pipseed_error full = PIPSEED_ERROR_INIT;
        int r;

        /* On a full disk there is no room for it; undoing needs none, and only a kill in its midst would miss the
         * journal. */
        (void)decide(txn, &full);
        for (size_t i = txn->n_changes; i-- > 0;) {
                r = change_undo(txn, i);
                if (r == 0)
                        continue;
                txn->keep_staging = true;
                return error_sys(err, r, txn->roots[txn->changes[i].root].path, "cannot restore '%s'",
                                 txn->changes[i].path);
        }
        (void)unlinkat(txn->roots[PLAN_LIB].staging_fd, "journal", 0);
        return 0;
}

int txn_commit(struct txn *txn, struct pipseed_error *err)
{
        int r = decide(txn, err);

        if (r < 0) {
                (void)unlinkat(txn->roots[PLAN_LIB].staging_fd, "journal", 0);
                return r;
        }
        for (size_t i = 0; i < txn->n_changes; i++) {
                const struct change *change = &txn->changes[i];

                r = change_apply(txn, i);
                if (r == 0)
                        continue;
                error_sys(err, r, txn->roots[change->root].path, "cannot move '%s' into place", change->path);
                take_back(txn, i + 1, err);
                return err->code;
        }
        /* The renames reach the disk before the journal goes away with the staging directory. */
        if (txn->durable && (r = sync_areas(txn)) < 0) {
                error_sys(err, r, txn->roots[PLAN_LIB].path, "cannot sync the target");
                take_back(txn, txn->n_changes, err);
                return err->code;
        }
        txn->committed = true;
        /* Before the staging directory is taken apart: a run killed then must not leave a journal of what is done. */
        (void)unlinkat(txn->roots[PLAN_LIB].staging_fd, "journal", 0);
        return 0;
}
