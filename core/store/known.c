/* SPDX-License-Identifier: MIT */
#include "known.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/dir_iter.h"
#include "base/str.h"
#include "manifest.h"
#include "share.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAX_MANIFEST ((size_t)16 << 20)

struct visit {
        const struct known_visitor *visitor;
        bool is_system;
};

/* Opens it beneath dir_fd if nobody else can write it. fd or a negative value. */
static int open_safe(const struct visit *visit, int dir_fd, const char *name, int flags)
{
        _cleanup_close_ int fd = file_open_beneath(dir_fd, name, O_RDONLY | O_NONBLOCK | flags, 0);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || !share_is_safe(&st, geteuid(), visit->is_system))
                return -1;
        return steal_fd(&fd);
}

static bool read_part(const struct visit *visit, int dir_fd, const char *name, struct manifest *ret_manifest,
                      uint64_t *ret_device)
{
        _cleanup_close_ int part_fd = open_safe(visit, dir_fd, name, O_DIRECTORY);
        _cleanup_close_ int fd = part_fd >= 0 ? open_safe(visit, part_fd, "manifest", 0) : -1;
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t len = 0;

        if (fd < 0 || fstat(fd, &st) < 0 || file_read_fd(fd, MAX_MANIFEST, &text, &len) < 0)
                return false;
        *ret_device = (uint64_t)st.st_dev;
        return manifest_load(text, len, ret_manifest) == 0;
}

static void show_inodes(const struct visit *visit, const struct manifest *manifest, uint64_t device)
{
        for (size_t i = 0; i < manifest->info.n_files; i++)
                visit->visitor->inode(visit->visitor->data, device, manifest->stats[i].inode);
}

static void visit_bytecode(const struct visit *visit, int entry_fd, const char *name, const struct manifest *files)
{
        _cleanup_(manifest_done) struct manifest pyc = {0};
        uint64_t device = 0;

        if (!read_part(visit, entry_fd, name, &pyc, &device) || pyc.source == NULL)
                return;
        show_inodes(visit, &pyc, device);
        for (size_t i = 0; i < pyc.info.n_files; i++)
                if (pyc.source[i] < files->info.n_files)
                        visit->visitor->bytecode(visit->visitor->data, files->info.files[pyc.source[i]].sha256,
                                                 pyc.info.files[i].sha256);
}

static void visit_entry(const struct visit *visit, int wheels_fd, const char *name)
{
        _cleanup_close_ int entry_fd = open_safe(visit, wheels_fd, name, O_DIRECTORY);
        _cleanup_(manifest_done) struct manifest files = {0};
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        uint64_t device = 0;
        const char *part;

        if (entry_fd < 0 || !read_part(visit, entry_fd, ".", &files, &device))
                return;
        show_inodes(visit, &files, device);
        if (dir_iter_open(&names, file_open_dir_at(entry_fd, ".")) < 0)
                return;
        while ((part = dir_iter_next(&names)) != NULL)
                if (str_starts(part, "pyc-"))
                        visit_bytecode(visit, entry_fd, part, &files);
}

void known_visit(const char *store, bool is_system, const char *wheel, const struct known_visitor *visitor)
{
        const struct visit visit = {.visitor = visitor, .is_system = is_system};
        _cleanup_close_ int store_fd = file_open_dir(store);
        _cleanup_close_ int wheels_fd = -1;
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        struct stat st;
        const char *name;

        if (store_fd < 0 || fstat(store_fd, &st) < 0 || !share_is_safe(&st, geteuid(), is_system))
                return;
        wheels_fd = open_safe(&visit, store_fd, "wheels", O_DIRECTORY);
        if (wheels_fd < 0 || dir_iter_open(&names, file_open_dir_at(wheels_fd, ".")) < 0)
                return;
        while ((name = dir_iter_next(&names)) != NULL)
                if (name[0] != '.' && (wheel == NULL || str_starts(name, wheel)))
                        visit_entry(&visit, wheels_fd, name);
}
