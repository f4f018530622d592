/* SPDX-License-Identifier: MIT */
#include "share.h"

#include <sys/xattr.h>
#include <unistd.h>

struct share_caller share_caller_here(enum pipseed_link_mode mode, const char *root)
{
        return (struct share_caller){.uid = geteuid(),
                                     .below_root = root != NULL,
                                     .is_explicit = mode == PIPSEED_LINK_HARDLINK};
}

bool share_may_link(const struct share_caller *caller)
{
        return caller->is_explicit || (caller->uid != 0 && !caller->below_root);
}

bool share_is_safe(const struct stat *st, uid_t uid, bool is_system)
{
        return (st->st_uid == uid || (is_system && st->st_uid == 0)) && (st->st_mode & SHARE_WRITABLE) == 0;
}

/* A file system without ACLs (EOPNOTSUPP) and a directory without one (ENODATA) say so by an error. */
static bool has_attribute(int fd, const char *name)
{
        return fgetxattr(fd, name, NULL, 0) > 0;
}

bool share_has_acl(int dir_fd)
{
        return has_attribute(dir_fd, "system.posix_acl_access") || share_has_default_acl(dir_fd);
}

bool share_has_default_acl(int dir_fd)
{
        return has_attribute(dir_fd, "system.posix_acl_default");
}

mode_t share_umask(mode_t umask)
{
        return umask | SHARE_WRITABLE;
}
