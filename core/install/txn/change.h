/* SPDX-License-Identifier: MIT */
/*
 * change.h - making and undoing one change of a transaction. Both look at what is there first (by inode), so that they
 * can be repeated after a kill at any point.
 *
 *     kind   before                       after
 *     MKDIR  path absent                  path is a directory
 *     PUT    staged entry, path absent    path is that entry
 *     SWAP   staged entry, path is old    path is the staged entry, the old one is staged (or in old/N where the file
 *                                         system cannot exchange: then path is absent for a moment)
 *     TAKE   path is old                  path absent, old/N is the old entry
 */
#ifndef INSTALL_CHANGE_H
#define INSTALL_CHANGE_H

#include "install/txn/txn.h"

/* May a change of this transaction, or of its journal, name that path? Never what no distribution owns: an interpreter,
 * an activate script, pyvenv.cfg, lib64, a staging directory. A transaction on an environment as a whole
 * (txn_open_held) changes those. */
bool change_is_allowed(bool is_held, enum plan_root root, const char *path);

/* 0 or -errno; nothing has changed then, but for a SWAP without exchange that stopped half-way, which undo repairs. */
int change_apply(const struct txn *txn, size_t i);
int change_undo(const struct txn *txn, size_t i);

#endif
