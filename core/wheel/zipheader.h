/* SPDX-License-Identifier: MIT */
/*
 * zipheader.h - what the local and the central header of a zip member both say, and which values are refused. For
 * zip.c.
 */
#ifndef WHEEL_ZIPHEADER_H
#define WHEEL_ZIPHEADER_H

#include "pipseed.h"

struct zip_header {
        unsigned int flags;
        unsigned int method;
        uint32_t crc;
        uint32_t packed;
        uint32_t size;
        const uint8_t *name;
        size_t name_len;
        const uint8_t *extra;
        size_t extra_len;
};

/* Little-endian numbers. */
unsigned int zipheader_u16(const uint8_t *p);
uint32_t zipheader_u32(const uint8_t *p);

/* common: the 24 bytes from the flags on, alike in both headers; name: where the name starts, with left bytes to go.
 * False when name and extra fields need more. */
bool zipheader_parse(const uint8_t *common, const uint8_t *name, size_t left, struct zip_header *ret_header);

/* Flags, method, extra fields, name, type by the external attributes, sizes. PIPSEED_E_ZIP_*. */
int zipheader_check(const struct zip_header *header, uint32_t attributes, const char *path, struct pipseed_error *err);
/* The extra fields alone: those of the two headers may differ. PIPSEED_E_ZIP_EXTRA, PIPSEED_E_ZIP_ZIP64. */
int zipheader_check_extra(const struct zip_header *header, const char *path, struct pipseed_error *err);

bool zipheader_is_dir(const struct zip_header *header);

/* Error: the zip member "NAME" and what is wrong with it. Returns the code. */
int zipheader_refuse(const struct zip_header *header, int code, const char *path, struct pipseed_error *err,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
