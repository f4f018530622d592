/* SPDX-License-Identifier: MIT */
/* file_open_within of file.h: by openat2(2), else the same walk by hand. */
#include "cleanup.h"
#include "file.h"
#include "path.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_LINKS 40 /* as the kernel */
#define MAX_TRIES 16

struct walk {
        int dir_fd;
        bool in_root;
        char done[PATH_MAX]; /* resolved, without links; "" is the top */
        char rest[PATH_MAX];
        int n_links;
};

static int go_up(struct walk *walk)
{
        char *slash = strrchr(walk->done, '/');

        if (walk->done[0] == '\0')
                return walk->in_root ? 0 : -EXDEV;
        *(slash != NULL ? slash : walk->done) = '\0';
        return 0;
}

/* The text of a link goes before what is left. */
static int follow(struct walk *walk, const char *target)
{
        char joined[PATH_MAX];

        if (++walk->n_links > MAX_LINKS)
                return -ELOOP;
        if (target[0] == '/' && !walk->in_root)
                return -EXDEV;
        if (target[0] == '/')
                walk->done[0] = '\0';
        if (snprintf(joined, sizeof(joined), "%s/%s", target, walk->rest) >= (int)sizeof(joined))
                return -ENAMETOOLONG;
        (void)strcpy(walk->rest, joined);
        return 0;
}

/* Takes name, which is neither "." nor "..": follows it where it is a link, else adds it to what is done. */
static int take(struct walk *walk, const char *name)
{
        _cleanup_close_ int parent =
                file_open_beneath(walk->dir_fd, walk->done[0] != '\0' ? walk->done : ".", O_PATH | O_DIRECTORY, 0);
        size_t len = strlen(walk->done);
        char target[PATH_MAX];
        ssize_t n;

        if (parent < 0)
                return parent;
        n = readlinkat(parent, name, target, sizeof(target) - 1);
        if (n >= 0) {
                target[n] = '\0';
                return follow(walk, target);
        }
        if (errno != EINVAL)
                return file_errno();
        if (snprintf(walk->done + len, sizeof(walk->done) - len, "%s%s", len > 0 ? "/" : "", name) >=
            (int)(sizeof(walk->done) - len))
                return -ENAMETOOLONG;
        return 0;
}

/* Cuts the first component off what is left; "" when nothing is. */
static int next_name(struct walk *walk, char ret_name[NAME_MAX + 1])
{
        const char *start = walk->rest + strspn(walk->rest, "/");
        size_t len = strcspn(start, "/");

        if (len > NAME_MAX)
                return -ENAMETOOLONG;
        memcpy(ret_name, start, len);
        ret_name[len] = '\0';
        memmove(walk->rest, start + len, strlen(start + len) + 1);
        return 0;
}

static int open_by_hand(int dir_fd, const char *path, bool in_root)
{
        struct walk walk = {.dir_fd = dir_fd, .in_root = in_root};
        char name[NAME_MAX + 1];
        int r = 0;

        if (strlen(path) >= sizeof(walk.rest))
                return -ENAMETOOLONG;
        (void)strcpy(walk.rest, path);
        for (;;) {
                r = next_name(&walk, name);
                if (r < 0)
                        return r;
                if (name[0] == '\0')
                        break;
                if (strcmp(name, ".") == 0)
                        continue;
                r = strcmp(name, "..") == 0 ? go_up(&walk) : take(&walk, name);
                if (r < 0)
                        return r;
        }
        /* What has become a link meanwhile is not followed. */
        return file_open_beneath(dir_fd, walk.done[0] != '\0' ? walk.done : ".", O_RDONLY | O_DIRECTORY, 0);
}

int file_open_within(int dir_fd, const char *path, bool in_root)
{
        struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                .resolve = in_root ? RESOLVE_IN_ROOT : RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
        };

        while (*path == '/')
                path++;
        if (*path == '\0')
                path = ".";
        /* EAGAIN: the kernel saw a concurrent rename and could not tell whether ".." stayed within. */
        for (int tries = 0; tries < MAX_TRIES; tries++) {
                long fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));

                if (fd >= 0)
                        return (int)fd;
                if (errno != EAGAIN && errno != EINTR)
                        break;
        }
        return file_is_unavailable(errno) || errno == EAGAIN ? open_by_hand(dir_fd, path, in_root) : -errno;
}
