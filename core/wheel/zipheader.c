/* SPDX-License-Identifier: MIT */
#include "zipheader.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "quote.h"
#include "zipname.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#define FLAG_ENCRYPTED 0x0001U
#define FLAG_DESCRIPTOR 0x0008U
#define FLAG_STRONG_ENCRYPTION 0x0040U
#define FLAG_UTF8 0x0800U
#define FLAG_MASKED 0x2000U
#define FLAGS_LEVEL 0x0006U /* how hard the deflater tried */

#define METHOD_STORED 0U
#define METHOD_DEFLATED 8U
#define DOS_DIRECTORY 0x10U
#define EXTRA_ZIP64 0x0001U

unsigned int zipheader_u16(const uint8_t *p)
{
        return (unsigned int)(p[0] | p[1] << 8);
}

uint32_t zipheader_u32(const uint8_t *p)
{
        return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int zipheader_refuse(const struct zip_header *header, int code, const char *path, struct pipseed_error *err,
                     const char *format, ...)
{
        char what[256];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(what, sizeof(what), format, arguments);
        va_end(arguments);
        return error_set(err, code, path, "the zip member '%s' %s", QUOTE(header->name, header->name_len), what);
}

bool zipheader_is_dir(const struct zip_header *header)
{
        return header->name_len > 0 && header->name[header->name_len - 1] == '/';
}

bool zipheader_parse(const uint8_t *common, const uint8_t *name, size_t left, struct zip_header *ret_header)
{
        struct zip_header header = {
                .flags = zipheader_u16(common),
                .method = zipheader_u16(common + 2),
                .crc = zipheader_u32(common + 8),
                .packed = zipheader_u32(common + 12),
                .size = zipheader_u32(common + 16),
                .name = name,
                .name_len = zipheader_u16(common + 20),
                .extra_len = zipheader_u16(common + 22),
        };

        if (header.name_len + header.extra_len > left)
                return false;
        header.extra = name + header.name_len;
        *ret_header = header;
        return true;
}

/* PKWARE's APPNOTE.TXT, 4.4.5. What a method is called tells that the wheel is whole, and what it takes. */
static int refuse_method(const struct zip_header *header, const char *path, struct pipseed_error *err)
{
        static const struct {
                unsigned int method;
                const char *name;
        } rows[] = {{9, "Deflate64"}, {12, "bzip2"}, {14, "LZMA"}, {93, "zstd"}, {95, "xz"}, {98, "PPMd"}};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].method == header->method) {
                        (void)zipheader_refuse(header, PIPSEED_E_ZIP_METHOD, path, err,
                                               "is compressed with %s: not supported", rows[i].name);
                        return error_hint(err, "use a wheel that is compressed with deflate, as those of PyPI are");
                }
        return zipheader_refuse(header, PIPSEED_E_ZIP_METHOD, path, err,
                                "is compressed by method %u, neither stored nor deflated", header->method);
}

static int check_flags(const struct zip_header *header, const char *path, struct pipseed_error *err)
{
        if ((header->flags & (FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED)) != 0)
                return zipheader_refuse(header, PIPSEED_E_ZIP_ENCRYPTED, path, err, "is encrypted");
        if ((header->flags & FLAG_DESCRIPTOR) != 0)
                return zipheader_refuse(header, PIPSEED_E_ZIP_DESCRIPTOR, path, err,
                                        "has a data descriptor, which PyPI refuses too");
        if ((header->flags & ~(FLAG_UTF8 | FLAGS_LEVEL)) != 0)
                return zipheader_refuse(header, PIPSEED_E_ZIP_CENTRAL, path, err, "has unknown flags 0x%04x",
                                        header->flags);
        if (header->method != METHOD_STORED && header->method != METHOD_DEFLATED)
                return refuse_method(header, path, err);
        return 0;
}

/* Times and owners of Unix and NTFS. Everything else is refused: 0x7075 renames, 0x6c78 makes links, what is unknown
 * might do either. */
static bool extra_is_harmless(unsigned int id)
{
        static const unsigned int ids[] = {0x000a, 0x5455, 0x5855, 0x7855, 0x7875};

        for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
                if (ids[i] == id)
                        return true;
        return false;
}

int zipheader_check_extra(const struct zip_header *header, const char *path, struct pipseed_error *err)
{
        const uint8_t *p = header->extra;
        size_t left = header->extra_len;

        while (left > 0) {
                unsigned int id = left >= 4 ? zipheader_u16(p) : 0;
                size_t size = left >= 4 ? (size_t)zipheader_u16(p + 2) + 4 : SIZE_MAX;

                if (size > left)
                        return zipheader_refuse(header, PIPSEED_E_ZIP_EXTRA, path, err,
                                                "has an extra field that is cut off");
                if (id == EXTRA_ZIP64)
                        return zipheader_refuse(header, PIPSEED_E_ZIP_ZIP64, path, err,
                                                "uses zip64, which no wheel of this size needs");
                if (!extra_is_harmless(id))
                        return zipheader_refuse(header, PIPSEED_E_ZIP_EXTRA, path, err,
                                                "has the extra field 0x%04x, which may change what it is", id);
                p += size;
                left -= size;
        }
        return 0;
}

static int check_sizes(const struct zip_header *header, bool is_dir, const char *path, struct pipseed_error *err)
{
        if (header->packed == UINT32_MAX || header->size == UINT32_MAX)
                return zipheader_refuse(header, PIPSEED_E_ZIP_ZIP64, path, err,
                                        "uses zip64, which no wheel of this size needs");
        if (is_dir && (header->packed != 0 || header->size != 0))
                return zipheader_refuse(header, PIPSEED_E_ZIP_DIRECTORY_DATA, path, err,
                                        "is a directory, but has data");
        if (header->method == METHOD_STORED && header->packed != header->size)
                return zipheader_refuse(header, PIPSEED_E_ZIP_SIZE, path, err,
                                        "is stored, but has %u bytes packed and %u unpacked", header->packed,
                                        header->size);
        return 0;
}

/* The upper half of the external attributes is a mode for zips made on Unix. Readers differ in whether they look at the
 * system at all (pip does not), so the mode must be harmless whatever the system. */
static int check_type(const struct zip_header *header, uint32_t attributes, bool is_dir, const char *path,
                      struct pipseed_error *err)
{
        mode_t type = (attributes >> 16) & S_IFMT;

        if (type != 0 && type != (is_dir ? S_IFDIR : S_IFREG))
                return zipheader_refuse(header, PIPSEED_E_ZIP_TYPE, path, err, "is by its mode 0%o %s",
                                        attributes >> 16,
                                        is_dir ? "not a directory, but ends in a slash" : "not a regular file");
        if (!is_dir && (attributes & DOS_DIRECTORY) != 0)
                return zipheader_refuse(header, PIPSEED_E_ZIP_TYPE, path, err,
                                        "has a directory's attribute, but no slash at its end");
        return 0;
}

int zipheader_check(const struct zip_header *header, uint32_t attributes, const char *path, struct pipseed_error *err)
{
        bool is_dir = zipheader_is_dir(header);
        int r = check_flags(header, path, err);

        if (r == 0)
                r = zipheader_check_extra(header, path, err);
        if (r == 0)
                r = zipname_check(header->name, header->name_len, (header->flags & FLAG_UTF8) != 0, path, err);
        if (r == 0)
                r = check_type(header, attributes, is_dir, path, err);
        if (r == 0)
                r = check_sizes(header, is_dir, path, err);
        return r;
}
