/* SPDX-License-Identifier: MIT */
/*
 * journal.h - the changes of a transaction as text, in its area. Once the file has its name, the transaction is decided.
 *
 *     pipseed-journal 1
 *     area lib 9012 .pipseed-0123456789abcdef    the area that it is of, by inode and name: elsewhere it means nothing
 *     swap lib 5678 pip                    kind, root, inode, path to the end of the line
 *     take lib 1234 pip-24.0.dist-info
 *     end 1f2e3d4c                         crc32 of everything before this line
 *
 * Roots are names, not paths: a journal can only ever change what lies below the folders of the target that is mended.
 */
#ifndef INSTALL_JOURNAL_H
#define INSTALL_JOURNAL_H

#include "base/str.h"
#include "txn.h"

void journal_write(struct str *out, const struct txn *txn);
/* Fills txn->changes. False when the text is not a whole journal. */
bool journal_read(struct txn *txn, const char *text, size_t len);

#endif
