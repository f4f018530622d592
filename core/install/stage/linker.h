/* SPDX-License-Identifier: MIT */
/*
 * linker.h - putting one file of the store into a directory: by reflink, hard link, copy or symbolic link, decided for
 * each file by itself.
 *
 *     struct linker linker;
 *
 *     linker_init(&linker, PIPSEED_LINK_AUTO, umask);
 *     r = linker_place(&linker, &source, dir_fd, "__init__.py");
 *
 * A mode that cannot do this file (EXDEV, EPERM, EMLINK, EOPNOTSUPP and their like) gives way to the next one for this
 * file. What holds for the whole pair of file systems is remembered and not tried again. A file that has all the links
 * it can get is replaced in the store by a fresh copy first. Copies keep the source's mtime, so that bytecode stays
 * valid. Whether a file may be linked at all is share.h's to say; a file of the store that is another user's, or that
 * others can write, is not used in any mode.
 */
#ifndef INSTALL_LINKER_H
#define INSTALL_LINKER_H

#include "pipseed.h"
#include "store/entry.h"
#include "store/share.h"

#include <sys/types.h>

#define PLACER_N_MODES (PIPSEED_LINK_SYMLINK + 1)

struct linker {
        enum pipseed_link_mode mode;
        mode_t umask; /* of this process: a new file's mode follows from it by open(2) */
        struct share_caller caller;
        bool default_acl; /* the directory hands an ACL down: that decides about modes here, and no file is linked */
        bool no_reflink;  /* these file systems cannot */
        bool no_hardlink; /* two file systems */
        gid_t group;      /* of files here, when the directory hands its group down (setgid); else (gid_t)-1 */
        uint64_t n_placed[PLACER_N_MODES]; /* files, by the mode that did them; never AUTO */
};

struct linker_source {
        int dir_fd;                      /* of the store: it holds the file */
        const char *name;                /* in that directory */
        const char *absolute;            /* the same for a symbolic link, or NULL: no symbolic links */
        const struct manifest *manifest; /* what the file has to be */
        size_t index;                    /* in the manifest */
        const struct entry *entry;       /* whose manifest this is, when its files may be renewed (renew.h), or NULL */
        bool copied_store;
        bool has_acl; /* files of that store may have an ACL (share.h): they are not linked */
};

/* root: of the request (--root), or NULL. */
void linker_init(struct linker *linker, enum pipseed_link_mode mode, mode_t umask, const char *root);

/* Creates name in dir_fd. 0 or -errno; -ESTALE: the source is not what its manifest says (name may be there then). */
int linker_place(struct linker *linker, const struct linker_source *source, int dir_fd, const char *name);

#endif
