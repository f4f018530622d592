/* SPDX-License-Identifier: MIT */
#include "venv/sibling.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/leftover.h"
#include "base/lock.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"
#include "venv/unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX ".pipseed"
#define NAME_PART 200 /* of a long name: the whole has to fit into NAME_MAX */

char *sibling_name(const char *name, const char *end)
{
        return str_format(".%.*s" SUFFIX "%s", NAME_PART, name, end);
}

/* Is the hidden name one for this place? */
static bool is_hidden_name(const char *hidden, const char *start)
{
        static const char *const ends[] = {"", SIBLING_ASIDE};
        size_t digits;

        if (!str_starts(hidden, start))
                return false;
        hidden += strlen(start);
        digits = hidden[0] == '-' ? strspn(hidden + 1, "0123456789abcdef") : 0;
        hidden += digits == 16 ? 17 : 0;
        return strcmp(hidden, ends[0]) == 0 || strcmp(hidden, ends[1]) == 0;
}

/*
 * What others can read they can lock (lock.h), so that an old environment seems to be in use for ever. The lock is
 * believed of what is closed to others, as the new ones are; soon after the last change; and while the environment in
 * the place is not finished, which the old one might have to come back for.
 */
static bool is_in_use(int parent_fd, const char *name, const char *hidden)
{
        _cleanup_free_ char *note = path_join(name, UNFINISHED_NAME);
        struct stat st;

        if (note == NULL || fstatat(parent_fd, hidden, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return true;
        if ((st.st_mode & (S_IRWXG | S_IRWXO)) == 0 || st.st_ctime + LOCK_WAIT_S > time(NULL))
                return true;
        return fstatat(parent_fd, note, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == geteuid();
}

static int recover_one(int parent_fd, const char *name, const char *hidden, struct sibling_found *found)
{
        _cleanup_(leftover_done) struct leftover leftover = LEFTOVER_INIT;
        struct stat st;
        bool is_gone;
        int r = leftover_open(parent_fd, hidden, &leftover);

        if (r < 0 || leftover.state == LEFTOVER_NONE)
                return r;
        if (leftover.state == LEFTOVER_HELD) {
                if (is_in_use(parent_fd, name, hidden))
                        return 0;
                r = leftover_take(parent_fd, hidden, &leftover);
                if (r < 0 || leftover.state == LEFTOVER_NONE)
                        return r;
        }
        is_gone = fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
        /* Whoever could put it there could as well put it back: only removing would be more than that. */
        if (leftover.state == LEFTOVER_FOREIGN ||
            (leftover.state == LEFTOVER_UNPROVED && !(is_gone && str_ends(hidden, SIBLING_ASIDE)))) {
                found->n_foreign++;
                return 0;
        }
        found->n++;
        found->put_back |= is_gone && str_ends(hidden, SIBLING_ASIDE);
        if (found->dry_run)
                return 0;
        if (is_gone && str_ends(hidden, SIBLING_ASIDE))
                return file_rename_new(parent_fd, hidden, parent_fd, name);
        r = file_remove_held(parent_fd, hidden, leftover.fd);
        found->error = r < 0 ? r : found->error;
        return 0;
}

static int recover_all(int parent_fd, const char *name, const char *start, struct sibling_found *found)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *hidden;
        int r = dir_iter_open(&names, file_open_dir_at(parent_fd, "."));

        while (r == 0 && (hidden = dir_iter_next(&names)) != NULL)
                if (is_hidden_name(hidden, start))
                        r = recover_one(parent_fd, name, hidden, found);
        return r != 0 ? r : names.error;
}

int sibling_recover(int parent_fd, const char *name, struct sibling_found *found)
{
        _cleanup_free_ char *hidden = sibling_name(name, "");
        _cleanup_free_ char *aside = sibling_name(name, SIBLING_ASIDE);
        int r;

        if (hidden == NULL || aside == NULL)
                return -ENOMEM;
        if (found->thorough)
                return recover_all(parent_fd, name, hidden, found);
        r = recover_one(parent_fd, name, aside, found);
        return r < 0 ? r : recover_one(parent_fd, name, hidden, found);
}
