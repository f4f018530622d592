/* SPDX-License-Identifier: MIT */
#include "venv/clear.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "target/pyvenv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Is inner, which need not exist, the directory with this real path or somewhere in it? */
static bool holds(const char *real, const char *inner)
{
        char resolved[PATH_MAX];

        return inner != NULL && inner[0] == '/' && realpath(inner, resolved) != NULL && path_is_below(real, resolved);
}

static int refuse(const char *path, const char *why, struct pipseed_error *err)
{
        (void)error_set(err, PIPSEED_E_REFUSED, path, "%s is not cleared: %s", path, why);
        return error_hint(err, "give the environment a directory of its own");
}

int clear_check(const char *path, int fd, int parent_fd, enum clear_how *ret_how, struct pipseed_error *err)
{
        _cleanup_free_ char *here = getcwd(NULL, 0);
        char real[PATH_MAX];
        int r = dir_iter_is_empty(fd);

        if (r < 0)
                return error_sys(err, r, path, "cannot look into %s", path);
        if (r > 0) {
                *ret_how = CLEAR_NOTHING;
                return 0;
        }
        if (realpath(path, real) == NULL)
                return error_sys(err, errno, path, "cannot follow %s", path);
        if (holds(real, getenv("HOME")))
                return refuse(path, "the home directory is there", err);
        if (holds(real, here) && strcmp(real, here) != 0)
                return refuse(path, "the current directory is in it", err);
        if (!pyvenv_is_env(NULL, path)) {
                (void)error_set(err, PIPSEED_E_NOT_EMPTY, path, "refusing to clear '%s': not an environment, not empty",
                                path);
                return error_hint(err, "choose another directory, or remove its content yourself");
        }
        *ret_how = (here != NULL && strcmp(real, here) == 0) || faccessat(parent_fd, ".", W_OK, AT_EACCESS) < 0
                           ? CLEAR_INSIDE
                           : CLEAR_REPLACE;
        return 0;
}
