/* SPDX-License-Identifier: MIT */
#include "dropin/owner.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/dir_iter.h"
#include "base/process.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#define DPKG_INFO "/var/lib/dpkg/info"
#define LIST_LIMIT ((size_t)64 * 1024 * 1024)
#define RPM "/usr/bin/rpm"
#define RPM_TIMEOUT_MS (20 * 1000)

/* Is it one of the lines? */
static bool has_line(const char *text, const char *line)
{
        size_t len = strlen(line);

        for (const char *at = text; (at = strstr(at, line)) != NULL; at += len)
                if ((at == text || at[-1] == '\n') && (at[len] == '\n' || at[len] == '\0'))
                        return true;
        return false;
}

/* "python3.11-venv:amd64.list" without what follows the name. */
static char *package_name(const char *list)
{
        size_t len = strlen(list) - strlen(".list");
        const char *colon = memchr(list, ':', len);

        return strndup(list, colon != NULL ? (size_t)(colon - list) : len);
}

int owner_find_dpkg(const char *info, const char *path, char **ret_owner)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r = dir_iter_open(&names, file_open_dir(info));

        if (r == -ENOENT || r == -ENOTDIR)
                return 0;
        while (r == 0 && (name = dir_iter_next(&names)) != NULL) {
                _cleanup_free_ char *text = NULL;

                if (!str_ends(name, ".list"))
                        continue;
                r = file_read(dir_iter_fd(&names), name, LIST_LIMIT, &text, NULL);
                if (r == -ENOENT) /* dpkg is at work */
                        r = 0;
                if (r == 0 && text != NULL && has_line(text, path)) {
                        *ret_owner = package_name(name);
                        r = *ret_owner != NULL ? 1 : -ENOMEM;
                }
        }
        return r != 0 ? r : names.error;
}

static int ask_rpm(const char *path, char **ret_owner)
{
        const char *const argv[] = {RPM, "-qf", "--qf", "%{NAME}\n", path, NULL};
        _cleanup_close_ int out_fd = process_file("", 0);
        _cleanup_(cleanup_freep) char **envp = process_python_environment();
        struct process_spec spec = {argv, envp, -1, out_fd, -1, -1};
        struct process process = PROCESS_INIT;
        _cleanup_free_ char *text = NULL;
        int status = 0;
        int r;

        if (out_fd < 0 || envp == NULL)
                return out_fd < 0 ? out_fd : -ENOMEM;
        r = process_start(&spec, &process);
        if (r < 0)
                return r == -ENOENT || r == -EACCES ? 0 : r;
        r = process_wait(&process, RPM_TIMEOUT_MS, NULL, NULL, &status);
        if (r < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return r; /* owned by none; it says so by failing */
        if (lseek(out_fd, 0, SEEK_SET) < 0)
                return -errno;
        r = file_read_fd(out_fd, LIST_LIMIT, &text, NULL);
        if (r < 0)
                return r;
        text[strcspn(text, "\n")] = '\0';
        if (text[0] == '\0')
                return 0;
        *ret_owner = steal_ptr(text);
        return 1;
}

int owner_find(const char *path, char **ret_owner)
{
        int r = owner_find_dpkg(DPKG_INFO, path, ret_owner);

        return r == 0 ? ask_rpm(path, ret_owner) : r;
}
