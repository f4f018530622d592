/* SPDX-License-Identifier: MIT */
#include "venv/recovery.h"

#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/leftover.h"
#include "base/path.h"
#include "venv/sibling.h"
#include "venv/unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static int tell(const struct recovery *recovery, const char *text, struct pipseed_error *err)
{
        return event_tell(recovery->event, recovery->event_data, PIPSEED_EVENT_NOTE, text, err);
}

static int recover_beside(struct recovery *recovery, const char *path, struct pipseed_error *err)
{
        struct sibling_found found = {.dry_run = recovery->dry_run, .thorough = recovery->thorough};
        _cleanup_free_ char *parent = path_dir(path);
        _cleanup_close_ int fd = -1;
        int r;

        if (parent == NULL)
                return error_memory(err);
        if (path_base(path)[0] == '\0')
                return 0;
        fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT || errno == ENOTDIR ? 0
                                                           : error_sys(err, errno, parent, "cannot open the directory");
        r = sibling_recover(fd, path_base(path), &found);
        recovery->n_beside = found.n;
        recovery->n_foreign = found.n_foreign;
        recovery->put_back = found.put_back;
        if (r == 0 && found.error < 0 && recovery->thorough)
                r = found.error;
        /* Seeding needs nothing beside the environment: a directory that may be read only, and is somebody else's. */
        if (r < 0 && (recovery->thorough || found.put_back))
                return error_sys(err, r, parent, "cannot remove the leftovers of an interrupted run beside '%s'", path);
        return 0;
}

/* Who can read the environment can lock it; who works in it holds the lock of the staging directory as well (0700). */
static bool is_at_work(int fd)
{
        _cleanup_(leftover_done) struct leftover leftover = LEFTOVER_INIT;

        return leftover_open(fd, TXN_STAGING_VENV, &leftover) < 0 || leftover.state == LEFTOVER_HELD ||
               leftover.state == LEFTOVER_FOREIGN;
}

static int recover_staging(struct recovery *recovery, const char *path, struct pipseed_error *err)
{
        const struct txn_query query = {.durable = recovery->durable,
                                        .umask = 022,
                                        .event = recovery->event,
                                        .event_data = recovery->event_data};
        _cleanup_(txn_freep) struct txn *txn = NULL;
        struct stat st;

        if (fstatat(recovery->fd, TXN_STAGING_VENV, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : error_sys(err, errno, path, "cannot read the directory '%s'", path);
        if (leftover_is_held(recovery->fd) && is_at_work(recovery->fd)) {
                recovery->is_held = true;
                return 0;
        }
        recovery->was_changing = true;
        return recovery->dry_run ? 0 : txn_open_held(recovery->fd, path, &query, &txn, err);
}

int recovery_before(struct recovery *recovery, const char *path, struct pipseed_error *err)
{
        int r = recover_beside(recovery, path, err);

        if (r < 0)
                return r;
        if (!recovery->dry_run && (recovery->put_back || (recovery->n_beside > 0 && !recovery->thorough)))
                r = tell(recovery, "removed the leftovers of an interrupted run beside the environment", err);
        if (r < 0)
                return r;
        recovery->fd = file_open_dir(path);
        if (recovery->fd < 0) {
                r = steal_fd(&recovery->fd);
                return r == -ENOENT || r == -ENOTDIR ? 0 : error_sys(err, r, path, "cannot open the directory");
        }
        r = recover_staging(recovery, path, err);
        if (r < 0)
                return r;
        r = unfinished_find(recovery->fd, &recovery->wants_pip);
        if (r < 0 && r != -EPERM)
                return error_sys(err, r, path, "cannot read the leftovers of an interrupted run (%s)", UNFINISHED_NAME);
        recovery->unfinished = r > 0;
        return 0;
}

int recovery_after(struct recovery *recovery, const char *path, struct pipseed_error *err)
{
        int r = 0;

        if (recovery->fd >= 0 && recovery->unfinished && !recovery->dry_run)
                r = unfinished_finish(recovery->fd, recovery->durable);
        if (r < 0 && r != -ENOENT)
                return error_sys(err, r, path, "cannot complete an interrupted run");
        recovery->unfinished = false;
        return 0;
}

void recovery_done(struct recovery *recovery)
{
        cleanup_closep(&recovery->fd);
        *recovery = (struct recovery)RECOVERY_INIT;
}
