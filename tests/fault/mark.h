/* SPDX-License-Identifier: MIT */
/* mark.h - numbers that alloc.so passes to prctl(2), which knows no such thing, to tell inject that main begins, and
 * that a descriptor was closed: a close that fails closes nevertheless, so it is done first and then made to fail. */
#ifndef FAULT_MARK_H
#define FAULT_MARK_H

#define MARK_MAIN 0x50495053
#define MARK_CLOSE 0x50495054

#endif
