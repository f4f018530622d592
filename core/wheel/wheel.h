/* SPDX-License-Identifier: MIT */
/*
 * wheel.h - a wheel (PEP 427), checked whole and held in memory.
 *
 *     _cleanup_(wheel_freep) struct wheel *wheel = NULL;
 *
 *     r = wheel_load("pip-26.3-py3-none-any.whl", data, len, path, &wheel, err);
 *     for (size_t i = 0; i < wheel->info.n_files; i++)
 *             write(wheel->info.files[i].path, wheel->info.files[i].data, ...)
 *
 * wheel_load has checked everything before it returns: the structure of the zip (zip.h), every member against what
 * libarchive yields (archive.h), one dist-info directory that fits the file name, WHEEL, METADATA, entry points, and
 * RECORD: the same set of paths as the archive, sha256 and size of each. So a hostile wheel is refused before anything
 * is written.
 */
#ifndef WHEEL_WHEEL_H
#define WHEEL_WHEEL_H

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "pipseed.h"

/* Bounds, for peak memory and against bombs. Today's pip is 2 MB packed, 8 MB unpacked, 500 members. */
#define WHEEL_MAX_PACKED ((size_t)16 << 20)
#define WHEEL_MAX_UNPACKED ((size_t)32 << 20)
#define WHEEL_MAX_MEMBERS ((size_t)20000)

struct wheel_file {
        const char *path; /* inside the wheel: plain, "/" between, UTF-8 */
        uint64_t size;
        uint8_t sha256[HASH_SIZE];
        bool executable;     /* regular file with any x bit in the zip's external attributes */
        const uint8_t *data; /* NULL when the file is known from a store's manifest only */
};

struct entry_point {
        const char *name;   /* "pip" */
        const char *module; /* "pip._internal.cli.main", dotted identifiers */
        const char *attr;   /* "main", dotted identifiers */
        bool gui;           /* from gui_scripts */
};

/* What installing needs to know of a wheel. The store's manifest yields the same struct without data. */
struct wheel_info {
        const char *filename;
        const char *project;         /* normalised name */
        const char *version;         /* as spelled in the dist-info directory's name */
        const char *dist_info;       /* "pip-26.3.dist-info" */
        const char *data_dir;        /* "pip-26.3.data"; the directory need not exist */
        const char *requires_python; /* specifier or NULL */
        bool root_is_purelib;
        uint8_t sha256[HASH_SIZE];      /* of the whole wheel file */
        const struct wheel_file *files; /* regular files, sorted by path as bytes; RECORD itself is not among them */
        size_t n_files;
        const struct entry_point *entry_points; /* in the file's order */
        size_t n_entry_points;
};

struct wheel {
        struct wheel_info info;
        struct arena arena;
};

/* data must live until wheel_load returns, not longer. path is where it came from, for messages; filename alone decides
 * name, version and tags. Errors: PIPSEED_E_WHEEL_NAME, ZIP_*, DIST_INFO, METADATA, WHEEL_*, ENTRY_POINTS, SCRIPT_NAME,
 * DATA_SCHEME, RECORD_*. */
int wheel_load(const char *filename, const void *data, size_t len, const char *path, struct wheel **ret_wheel,
               struct pipseed_error *err);
void wheel_free(struct wheel *wheel);
DEFINE_CLEANUP(struct wheel *, wheel_free)

/* Requires-Python alone, for choosing among wheels: checks the zip's structure and reads METADATA only. The text is new
 * memory, or NULL when the wheel has none. */
int wheel_requires_python(const char *filename, const void *data, size_t len, const char *path, char **ret_specifier,
                          struct pipseed_error *err);

#endif
