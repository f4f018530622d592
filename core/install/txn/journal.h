/* SPDX-License-Identifier: MIT */
/*
 * journal.h - the changes of a transaction as text, in its staging directory. Once the file has its name, the
 * transaction is decided.
 *
 *     pipseed-journal 1
 *     staging lib 9012 .pipseed-0123456789abcdef    the staging directory that it is of, by inode and name: elsewhere it
 *                                          means nothing
 *     swap lib 5678 pip                    kind, root, inode, path to the end of the line
 *     take lib 1234 pip-24.0.dist-info
 *     end 1f2e3d4c                         crc32 of everything before this line
 *
 * Roots are names, not paths: a journal can only ever change what lies below the directories of the target that is
 * repaired.
 */
#ifndef INSTALL_JOURNAL_H
#define INSTALL_JOURNAL_H

#include "base/arena.h"
#include "base/str.h"
#include "target/scheme.h"

enum change_kind {
        CHANGE_MKDIR, /* make directory `path` */
        CHANGE_PUT,   /* staged entry -> path, where nothing is */
        CHANGE_SWAP,  /* staged entry <-> path */
        CHANGE_TAKE,  /* path -> old/N, N the number of the change */
};

struct change {
        enum change_kind kind;
        enum plan_root root;
        /* Plain, relative to the root; the staged entry has the same path below the root's staged directory. */
        const char *path;
        uint64_t inode; /* of the entry that is put at path (PUT, SWAP) or taken away (TAKE); 0 for MKDIR */
};

/* What a journal says. One that is written borrows its members; journal_read fills its own arena. */
struct journal {
        struct arena arena;
        char staging_name[64]; /* "": the journal does not say, and is not believed */
        uint64_t staging_inode;
        struct change *changes;
        size_t n_changes;
};

void journal_write(struct str *out, const struct journal *journal);
/* False when the text is not a whole journal. journal_done in any case. */
bool journal_read(struct journal *journal, const char *text, size_t len);
void journal_done(struct journal *journal);

#endif
