/* SPDX-License-Identifier: MIT */
#include "venv/unfinished.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_NOTE ((size_t)1 << 20)

static const char first_line[] = "pipseed-unfinished 1\n";
static const char with_pip_line[] = "pip yes\n";
static const char without_pip_line[] = "pip no\n";

void unfinished_write(struct str *out, bool with_pip, const char *config, size_t len)
{
        str_add(out, first_line);
        str_add(out, with_pip ? with_pip_line : without_pip_line);
        str_add_bytes(out, config != NULL ? config : "", len);
}

/* ret_config: the rest of the text, in it. -EBADMSG: it is no note. */
static int parse(const char *text, bool *ret_with_pip, const char **ret_config)
{
        if (!str_starts(text, first_line))
                return -EBADMSG;
        text += strlen(first_line);
        *ret_with_pip = str_starts(text, with_pip_line);
        if (!*ret_with_pip && !str_starts(text, without_pip_line))
                return -EBADMSG;
        *ret_config = text + strlen(*ret_with_pip ? with_pip_line : without_pip_line);
        return 0;
}

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
        return file_read_fd(note_fd, MAX_NOTE, ret_text, NULL);
}

int unfinished_find(int fd, bool *ret_with_pip)
{
        _cleanup_free_ char *text = NULL;
        const char *config;
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
        if (r == 0 && parse(text, ret_with_pip, &config) < 0)
                *ret_with_pip = false; /* cut short by a power cut: it goes all the same */
        return r < 0 ? r : 1;
}

int unfinished_finish(int fd, bool durable)
{
        _cleanup_free_ char *text = NULL;
        const char *config = "";
        bool with_pip;
        struct stat st;
        int r = read_note(fd, &text);

        if (r != 0)
                return r;
        if (parse(text, &with_pip, &config) == 0 && config[0] != '\0') {
                if (fstatat(fd, "pyvenv.cfg", &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return -errno;
                r = file_replace(fd, "pyvenv.cfg", st.st_mode & 07777, config, strlen(config), durable);
                if (r < 0)
                        return r;
        }
        return unlinkat(fd, UNFINISHED_NAME, 0) < 0 && errno != ENOENT ? -errno : 0;
}
