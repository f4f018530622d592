/* SPDX-License-Identifier: MIT */
/*
 * zip.h - the structure of a zip file that lies in memory, checked so strictly that every reader sees the same members.
 *
 *     _cleanup_(zip_done) struct zip zip = {0};
 *
 *     r = zip_read(data, len, path, &zip, err);
 *     const struct zip_member *member = zip_find(&zip, "pip-26.3.dist-info/RECORD");
 *
 * The reference is PKWARE's APPNOTE.TXT; the model of what is refused are PyPI's rules for uploads. The whole file must
 * be accounted for: local headers with their data from byte 0 on without gap or overlap, the central directory, the end
 * record with its comment, and nothing else. What is in two places must be equal. Nothing is decompressed here.
 */
#ifndef WHEEL_ZIP_H
#define WHEEL_ZIP_H

#include "base/arena.h"
#include "pipseed.h"

/* Bounds besides those of wheel.h: all names together, one name, one component, the comment at the end. */
#define ZIP_MAX_NAMES ((size_t)1 << 20)
#define ZIP_MAX_NAME ((size_t)1024)
#define ZIP_MAX_COMPONENT ((size_t)255)
#define ZIP_MAX_COMMENT ((size_t)8192)

struct zip_member {
        const char *name; /* UTF-8, plain; directories end in "/" */
        const char *key;  /* its folded form (fold.h), but that letters of an ASCII name keep their case */
        uint32_t size;
        uint32_t packed;
        uint32_t crc;
        uint32_t offset; /* of the local header */
        uint16_t flags;
        uint16_t method;
        bool is_dir;
        bool executable; /* regular file with any x bit */
};

struct zip {
        struct arena arena;
        struct zip_member *members; /* sorted by name as bytes */
        size_t n_members;
        size_t n_files;  /* members that are no directories */
        size_t unpacked; /* sum of all sizes, at most WHEEL_MAX_UNPACKED */
};

/*
 * Errors: PIPSEED_E_ZIP_*, each with the member's name. Refused are also data descriptors (as PyPI does), zip64,
 * comments of members, every extra field but those that hold times and owners, names that are not ASCII without the
 * UTF-8 flag (bit 11), names that are one on a file system that folds case or normalises (fold.h), a file in the place
 * of a directory, and every type but regular files and directories.
 */
int zip_read(const void *data, size_t len, const char *path, struct zip *ret_zip, struct pipseed_error *err);
void zip_done(struct zip *zip);

/* The member of exactly this name, or NULL. */
const struct zip_member *zip_find(const struct zip *zip, const char *name);

#endif
