/* SPDX-License-Identifier: MIT */
#include "venv/mend.h"

#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/leftover.h"
#include "base/path.h"
#include "venv/hidden.h"
#include "venv/unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static int tell(const struct mend *mend, const char *text, struct pipseed_error *err)
{
        return event_tell(mend->event, mend->event_data, PIPSEED_EVENT_NOTE, text, err);
}

static int mend_beside(struct mend *mend, const char *path, struct pipseed_error *err)
{
        struct hidden_found found = {.dry_run = mend->dry_run, .thorough = mend->thorough};
        _cleanup_free_ char *parent = path_dir(path);
        _cleanup_close_ int fd = -1;
        int r;

        if (parent == NULL)
                return error_memory(err);
        if (path_base(path)[0] == '\0')
                return 0;
        fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT || errno == ENOTDIR ? 0 : error_sys(err, errno, parent, "cannot open the folder");
        r = hidden_mend(fd, path_base(path), &found);
        mend->n_beside = found.n;
        mend->n_foreign = found.n_foreign;
        mend->put_back = found.put_back;
        /* Seeding needs nothing beside the environment: a folder that may be read only, and is somebody else's. */
        if (r < 0 && (mend->thorough || found.put_back))
                return error_sys(err, r, parent, "cannot take away what an interrupted run left beside %s", path);
        return 0;
}

static int mend_area(struct mend *mend, const char *path, struct pipseed_error *err)
{
        const struct txn_query query = {.durable = mend->durable, .umask = 022, .event = mend->event,
                                        .event_data = mend->event_data};
        _cleanup_(txn_freep) struct txn *txn = NULL;
        struct stat st;

        if (fstatat(mend->fd, TXN_AREA_VENV, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : error_sys(err, errno, path, "cannot look into %s", path);
        if (leftover_is_held(mend->fd)) {
                mend->is_held = true;
                return 0;
        }
        mend->was_changing = true;
        return mend->dry_run ? 0 : txn_open_held(mend->fd, path, &query, &txn, err);
}

int mend_before(struct mend *mend, const char *path, struct pipseed_error *err)
{
        int r = mend_beside(mend, path, err);

        if (r < 0)
                return r;
        if (!mend->dry_run && (mend->put_back || (mend->n_beside > 0 && !mend->thorough)))
                r = tell(mend, "removed what an interrupted run had left beside the environment", err);
        if (r < 0)
                return r;
        mend->fd = file_open_dir(path);
        if (mend->fd < 0) {
                r = steal_fd(&mend->fd);
                return r == -ENOENT || r == -ENOTDIR ? 0 : error_sys(err, r, path, "cannot open the folder");
        }
        r = mend_area(mend, path, err);
        if (r < 0)
                return r;
        r = unfinished_find(mend->fd, &mend->wants_pip);
        if (r < 0 && r != -EPERM)
                return error_sys(err, r, path, "cannot read what an interrupted run left (%s)", UNFINISHED_NAME);
        mend->unfinished = r > 0;
        return 0;
}

int mend_after(struct mend *mend, const char *path, struct pipseed_error *err)
{
        int r = 0;

        if (mend->fd >= 0 && mend->unfinished && !mend->dry_run)
                r = unfinished_finish(mend->fd, mend->durable);
        if (r < 0 && r != -ENOENT)
                return error_sys(err, r, path, "cannot finish what an interrupted run had begun");
        mend->unfinished = false;
        return 0;
}

void mend_done(struct mend *mend)
{
        cleanup_closep(&mend->fd);
        *mend = (struct mend)MEND_INIT;
}
