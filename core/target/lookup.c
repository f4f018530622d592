/* SPDX-License-Identifier: MIT */
#include "target/lookup.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "target/base.h"

#include <errno.h>
#include <string.h>

#define USUAL_FOLDERS "/usr/local/bin:/usr/bin:/bin"

/* Can the caller run it? 1, 0 or -errno. */
static int may_run(const char *root, const char *path)
{
        int r = base_is_executable(root, path);

        if (r == -EACCES) /* as a shell passes over it */
                return 0;
        if (r <= 0 || root != NULL || access(path, X_OK) == 0)
                return r;
        return errno == EACCES || errno == ENOENT ? 0 : -errno;
}

int lookup_path(const char *name, const char *root, size_t n, char **ret_path)
{
        const char *folders = root == NULL ? getenv("PATH") : NULL;
        const char *at = folders != NULL ? folders : USUAL_FOLDERS;

        for (;;) {
                size_t len = strcspn(at, ":");
                _cleanup_free_ char *folder = len > 0 ? strndup(at, len) : strdup(".");
                _cleanup_free_ char *joined = folder != NULL ? path_join(folder, name) : NULL;
                _cleanup_free_ char *path = NULL;
                int r;

                if (joined == NULL)
                        return -ENOMEM;
                path = path_absolute_here(joined);
                if (path == NULL && errno == ENOMEM)
                        return -ENOMEM;
                r = path != NULL ? may_run(root, path) : 0;
                if (r < 0)
                        return r;
                if (r > 0 && n-- == 0) {
                        *ret_path = steal_ptr(path);
                        return 1;
                }
                if (at[len] == '\0')
                        return 0;
                at += len + 1;
        }
}

char *lookup_name(const char *name)
{
        size_t len = strspn(name, "0123456789.");

        if (str_is_digit(name[0]) && (name[len] == '\0' || strcmp(name + len, "t") == 0))
                return str_format("python%s", name);
        return strdup(name);
}
