/* SPDX-License-Identifier: MIT */
#include "venv/build.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

int build_copy(const char *from, int dir_fd, const char *name, mode_t mode)
{
        _cleanup_close_ int source = open(from, O_RDONLY | O_CLOEXEC);
        _cleanup_close_ int fd = -1;
        struct stat st;
        int r;

        if (source < 0 || fstat(source, &st) < 0)
                return -errno;
        fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd < 0)
                return -errno;
        r = ioctl(fd, FICLONE, source) == 0 ? 0 : file_copy(source, fd, (size_t)st.st_size);
        if (r < 0)
                return r;
        if (fchmod(fd, mode) < 0)
                return -errno;
        return file_close(steal_fd(&fd));
}

/* granted: what umask and default ACL left of the 0777 of a directory, as they will of a file's mode. */
static int write_file(const struct layout_entry *entry, int dir_fd, mode_t granted)
{
        mode_t mode = entry->mode != 0 ? entry->mode : 0666;
        _cleanup_close_ int fd =
                openat(dir_fd, entry->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777);
        int r;

        if (fd < 0)
                return -errno;
        r = file_write_all(fd, entry->text, entry->len);
        if (r < 0)
                return r;
        if (entry->mode != 0 && (mode & ~granted) != 0 && fchmod(fd, mode) < 0)
                return -errno;
        if (entry->keeps_times && futimens(fd, entry->times) < 0)
                return -errno;
        return file_close(steal_fd(&fd));
}

static int make_entry(const struct layout_entry *entry, int dir_fd, mode_t granted)
{
        switch (entry->kind) {
        case LAYOUT_LINK:
                return symlinkat(entry->text, dir_fd, entry->name) < 0 ? -errno : 0;
        case LAYOUT_COPY:
                return build_copy(entry->text, dir_fd, entry->name, entry->mode);
        case LAYOUT_FILE:
                break;
        }
        return write_file(entry, dir_fd, granted);
}

int build_tree(const struct layout *layout, int fd, const char *path, mode_t *ret_mode, struct pipseed_error *err)
{
        _cleanup_close_ int bin_fd = -1;
        struct stat st;

        for (size_t i = 0; i < layout->n_dirs; i++)
                if (mkdirat(fd, layout->dirs[i], 0777) < 0)
                        return error_sys(err, errno, path, "cannot create the directory '%s'", layout->dirs[i]);
        bin_fd = openat(fd, "bin", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (bin_fd < 0)
                return error_sys(err, errno, path, "cannot open the directory bin");
        if (fstat(bin_fd, &st) < 0)
                return error_sys(err, errno, path, "cannot look at the directory bin");
        for (size_t i = 0; i < layout->n_entries; i++) {
                const struct layout_entry *entry = &layout->entries[i];
                int r = make_entry(entry, entry->directory == LAYOUT_BIN ? bin_fd : fd, st.st_mode & 0777);

                if (r < 0)
                        return error_sys(err, r, path, "cannot create '%s%s'",
                                         entry->directory == LAYOUT_BIN ? "bin/" : "", entry->name);
        }
        *ret_mode = st.st_mode & 07777;
        return 0;
}
