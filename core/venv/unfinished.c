/* SPDX-License-Identifier: MIT */
#include "venv/unfinished.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_NOTE ((size_t)1 << 20)
#define ENV_LINE "env "

static const char first_line[] = "pipseed-unfinished 1\n";
static const char with_pip_line[] = "pip yes\n";
static const char without_pip_line[] = "pip no\n";

int unfinished_write(struct str *out, int fd, bool with_pip, const char *config, size_t len)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return file_errno();
        str_add(out, first_line);
        str_add(out, with_pip ? with_pip_line : without_pip_line);
        str_printf(out, ENV_LINE "%" PRIu64 "\n", (uint64_t)st.st_ino);
        str_add_bytes(out, config != NULL ? config : "", len);
        return out->failed ? -ENOMEM : 0;
}

/* ret_config: the rest of the text, in it. ret_inode: 0 when the note has none. -EBADMSG: it is not a note. */
static int parse(const char *text, bool *ret_with_pip, uint64_t *ret_inode, const char **ret_config)
{
        char *end = NULL;

        if (!str_starts(text, first_line))
                return -EBADMSG;
        text += strlen(first_line);
        *ret_with_pip = str_starts(text, with_pip_line);
        if (!*ret_with_pip && !str_starts(text, without_pip_line))
                return -EBADMSG;
        text += strlen(*ret_with_pip ? with_pip_line : without_pip_line);
        *ret_inode = 0;
        if (str_starts(text, ENV_LINE)) {
                *ret_inode = strtoull(text + strlen(ENV_LINE), &end, 10);
                if (*end != '\n')
                        return -EBADMSG;
                text = end + 1;
        }
        *ret_config = text;
        return 0;
}

/* A file that only the caller can have written, under this name alone. -EPERM: another user's; -ENOENT: none of
 * ours. */
static int read_note(int fd, char **ret_text)
{
        _cleanup_close_ int note_fd = file_open_beneath(fd, UNFINISHED_NAME, O_RDONLY | O_NONBLOCK, 0);
        struct stat st;

        if (note_fd < 0)
                return note_fd;
        if (fstat(note_fd, &st) < 0)
                return file_errno();
        if (st.st_uid != geteuid())
                return -EPERM;
        if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
                return -ENOENT;
        return file_read_fd(note_fd, MAX_NOTE, ret_text, NULL);
}

/* Is the note about the directory that fd holds? */
static bool is_about(int fd, uint64_t inode)
{
        struct stat st;

        return inode != 0 && fstat(fd, &st) == 0 && st.st_ino == inode;
}

int unfinished_find(int fd, bool *ret_with_pip)
{
        _cleanup_free_ char *text = NULL;
        const char *config;
        uint64_t inode;
        struct stat st;
        int r;

        /* The usual answer costs one call. */
        if (fstatat(fd, UNFINISHED_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (st.st_uid != geteuid())
                return -EPERM;
        if (leftover_is_held(fd))
                return 0;
        r = read_note(fd, &text);
        if (r == -ENOENT || r == -ELOOP || r == -EISDIR)
                return 0;
        if (r == 0 && parse(text, ret_with_pip, &inode, &config) < 0)
                *ret_with_pip = false; /* cut short by a power cut: it goes all the same */
        return r < 0 ? r : 1;
}

int unfinished_finish(int fd, bool durable)
{
        _cleanup_free_ char *text = NULL;
        const char *config = "";
        uint64_t inode = 0;
        bool with_pip;
        struct stat st;
        int r = read_note(fd, &text);

        if (r != 0)
                return r;
        if (parse(text, &with_pip, &inode, &config) == 0 && is_about(fd, inode) && config[0] != '\0') {
                if (fstatat(fd, "pyvenv.cfg", &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return -errno;
                if (!S_ISREG(st.st_mode))
                        return -ELOOP;
                r = file_replace(fd, "pyvenv.cfg", st.st_mode & 07777, config, strlen(config), durable);
                if (r < 0)
                        return r;
        }
        return unlinkat(fd, UNFINISHED_NAME, 0) < 0 && errno != ENOENT ? -errno : 0;
}
