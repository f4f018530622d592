/* SPDX-License-Identifier: MIT */
/*
 * share.h - may a file of the store have a second name in an environment? A hard link is one file for everybody who has
 * a name of it: its owner and its mode change in all places at once (chown -R of one environment, the uid shift of a
 * container image), and whoever may write it writes it everywhere. This is the one place that knows the rule; placing,
 * filling, verify, doctor and cache ask here.
 *
 *     link-mode          caller     --root   files of the store                       a hard link
 *     auto, symlink      not root   no       the caller's, go-w, without an ACL       yes
 *     auto, symlink      root       -        -                                        no
 *     auto, symlink      -          yes      -                                        no
 *     hardlink           any        any      the caller's, go-w, without an ACL       yes, and verify names it
 *
 * Besides, the environment must want the file as it is: its mode by the umask, its group where a directory hands that
 * down (setgid), and no default ACL.
 */
#ifndef STORE_SHARE_H
#define STORE_SHARE_H

#include "pipseed.h"

#include <sys/stat.h>
#include <sys/types.h>

struct share_caller {
        uid_t uid;        /* effective */
        bool below_root;  /* --root: what is made there is shifted, packed or handed over as a whole */
        bool is_explicit; /* link-mode = hardlink */
};

struct share_caller share_caller_here(enum pipseed_link_mode mode, const char *root);
/* Returns whether this caller may link files at all. */
bool share_may_link(const struct share_caller *caller);

/* Bits of a mode by which others than the owner can change a file. With an ACL the group's bits are the mask, so that
 * no entry of it grants more than they do (acl(5)). */
#define SHARE_WRITABLE ((mode_t)(S_IWGRP | S_IWOTH))

/* Is a file or directory of a store in the hands of its user alone? In a system store root's are as good. */
bool share_is_safe(const struct stat *st, uid_t uid, bool is_system);
/* Does this directory have an ACL, or one that it hands down to what is made in it? For a directory of the store: its
 * files may have one then, and it shows in no mode. */
bool share_has_acl(int dir_fd);
/* Returns whether the directory hands an ACL down: files in it then get their mode from that and not from the umask. */
bool share_has_default_acl(int dir_fd);

/* The umask under which files of the store are made: nobody but their owner can write them, whatever the caller's
 * umask. An environment that wants files that a group can write gets copies. */
mode_t share_umask(mode_t umask);

#endif
