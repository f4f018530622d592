/* SPDX-License-Identifier: MIT */
#include "zip.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "quote.h"
#include "wheel.h"
#include "zipheader.h"
#include "zipname.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOCAL_SIGNATURE "PK\3\4"
#define CENTRAL_SIGNATURE "PK\1\2"
#define END_SIGNATURE "PK\5\6"
#define END64_LOCATOR_SIGNATURE "PK\6\7"
#define LOCAL_SIZE ((size_t)30)
#define CENTRAL_SIZE ((size_t)46)
#define END_SIZE ((size_t)22)
#define END64_LOCATOR_SIZE ((size_t)20)

struct scan {
        const uint8_t *data;
        size_t len;
        const char *path;
        struct pipseed_error *err;
        struct zip *zip;
        size_t central; /* offset of the central directory */
        size_t end;     /* offset of the end record */
        size_t names;   /* length of all names so far */
};

static bool has_signature(const struct scan *scan, size_t offset, const char *signature)
{
        return offset <= scan->len && scan->len - offset >= 4 && memcmp(scan->data + offset, signature, 4) == 0;
}

__attribute__((format(printf, 3, 4))) static int refuse(const struct scan *scan, int code, const char *format, ...)
{
        char what[256];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(what, sizeof(what), format, arguments);
        va_end(arguments);
        return error_set(scan->err, code, scan->path, "%s", what);
}

static struct zip_header name_of(const struct zip_member *member)
{
        return (struct zip_header){.name = (const uint8_t *)member->name, .name_len = strlen(member->name)};
}

static int find_end(struct scan *scan)
{
        size_t lowest;
        size_t comment;

        if (scan->len > WHEEL_MAX_PACKED)
                return refuse(scan, PIPSEED_E_ZIP_BOMB, "the file has %zu bytes, more than the limit of %zu", scan->len,
                              WHEEL_MAX_PACKED);
        if (scan->len < END_SIZE)
                return refuse(scan, PIPSEED_E_ZIP_NO_EOCD, "not a zip file: %zu bytes are too few", scan->len);
        lowest = scan->len > END_SIZE + UINT16_MAX ? scan->len - END_SIZE - UINT16_MAX : 0;
        scan->end = scan->len - END_SIZE;
        while (!has_signature(scan, scan->end, END_SIGNATURE)) {
                if (scan->end == lowest)
                        return refuse(scan, PIPSEED_E_ZIP_NO_EOCD, "not a zip file, or cut off: no end record");
                scan->end--;
        }
        comment = zipheader_u16(scan->data + scan->end + 20);
        if (comment > scan->len - scan->end - END_SIZE)
                return refuse(scan, PIPSEED_E_ZIP_TRUNCATED, "the zip is cut off in the comment at its end");
        if (comment < scan->len - scan->end - END_SIZE)
                return refuse(scan, PIPSEED_E_ZIP_TRAILING, "%zu bytes follow the end of the zip",
                              scan->len - scan->end - END_SIZE - comment);
        /* A second signature in the comment, or one too far from the end, and readers take different end records. */
        if (comment > ZIP_MAX_COMMENT || memmem(scan->data + scan->end + END_SIZE, comment, END_SIGNATURE, 4) != NULL)
                return refuse(scan, PIPSEED_E_ZIP_TRAILING, "the comment of the zip hides its end record");
        return 0;
}

/* The central directory must end where the end record starts. */
static int check_central_place(struct scan *scan, size_t size)
{
        if (scan->central > scan->end)
                return refuse(scan, PIPSEED_E_ZIP_TRUNCATED,
                              "the end record places the central directory at %zu, behind itself", scan->central);
        if (size == scan->end - scan->central)
                return 0;
        if (size < scan->end - scan->central && size > 0 && has_signature(scan, scan->end - size, CENTRAL_SIGNATURE))
                return refuse(scan, PIPSEED_E_ZIP_PREFIX, "%zu bytes of other data precede the zip",
                              scan->end - scan->central - size);
        return refuse(scan, PIPSEED_E_ZIP_CENTRAL,
                      "the central directory should have %zu bytes, but has %zu up to the end record", size,
                      scan->end - scan->central);
}

static int read_end(struct scan *scan, size_t *ret_count)
{
        const uint8_t *end = scan->data + scan->end;
        unsigned int here = zipheader_u16(end + 8);
        unsigned int total = zipheader_u16(end + 10);
        uint32_t size = zipheader_u32(end + 12);
        uint32_t offset = zipheader_u32(end + 16);
        int r;

        if ((scan->end >= END64_LOCATOR_SIZE &&
             has_signature(scan, scan->end - END64_LOCATOR_SIZE, END64_LOCATOR_SIGNATURE)) ||
            total == UINT16_MAX || size == UINT32_MAX || offset == UINT32_MAX)
                return refuse(scan, PIPSEED_E_ZIP_ZIP64, "the zip uses zip64, which no wheel of this size needs");
        if (zipheader_u16(end + 4) != 0 || zipheader_u16(end + 6) != 0)
                return refuse(scan, PIPSEED_E_ZIP_MULTIDISK, "the zip is split into several disks");
        if (here != total)
                return refuse(scan, PIPSEED_E_ZIP_COUNT, "the end record counts %u members here and %u in all", here,
                              total);
        if (total > WHEEL_MAX_MEMBERS)
                return refuse(scan, PIPSEED_E_ZIP_BOMB, "the zip has %u members, more than the limit of %zu", total,
                              WHEEL_MAX_MEMBERS);
        scan->central = offset;
        r = check_central_place(scan, size);
        if (r < 0)
                return r;
        *ret_count = total;
        return 0;
}

static int add_member(struct scan *scan, const struct zip_header *header, uint32_t attributes, uint32_t offset)
{
        struct zip *zip = scan->zip;
        struct zip_member *member = &zip->members[zip->n_members];

        if (header->size > WHEEL_MAX_UNPACKED - zip->unpacked)
                return zipheader_refuse(header, PIPSEED_E_ZIP_BOMB, scan->path, scan->err,
                                        "brings the unpacked size above the limit of %zu bytes", WHEEL_MAX_UNPACKED);
        scan->names += header->name_len + 1;
        if (scan->names > ZIP_MAX_NAMES)
                return zipheader_refuse(header, PIPSEED_E_ZIP_BOMB, scan->path, scan->err,
                                        "brings the length of all names above %zu bytes", ZIP_MAX_NAMES);
        if (offset >= scan->central)
                return zipheader_refuse(header, PIPSEED_E_ZIP_TRUNCATED, scan->path, scan->err,
                                        "should start at offset %u, behind all members", offset);
        *member = (struct zip_member){
                .name = arena_strndup(&zip->arena, (const char *)header->name, header->name_len),
                .size = header->size,
                .packed = header->packed,
                .crc = header->crc,
                .offset = offset,
                .flags = (uint16_t)header->flags,
                .method = (uint16_t)header->method,
                .is_dir = zipheader_is_dir(header),
                .executable = S_ISREG(attributes >> 16) && ((attributes >> 16) & 0111) != 0,
        };
        if (member->name == NULL)
                return error_memory(scan->err);
        zip->n_members++;
        zip->n_files += member->is_dir ? 0 : 1;
        zip->unpacked += header->size;
        return 0;
}

/* Reads one central header at *offset and moves behind it. */
static int read_central(struct scan *scan, size_t *offset)
{
        const uint8_t *p = scan->data + *offset;
        size_t left = scan->end - *offset;
        struct zip_header header = {0};
        int r;

        if (!has_signature(scan, *offset, CENTRAL_SIGNATURE) || left < CENTRAL_SIZE)
                return refuse(scan, PIPSEED_E_ZIP_CENTRAL, "missing header of the central directory at offset %zu",
                              *offset);
        if (!zipheader_parse(p + 8, p + CENTRAL_SIZE, left - CENTRAL_SIZE, &header))
                return refuse(scan, PIPSEED_E_ZIP_CENTRAL, "the central directory is cut off at offset %zu", *offset);
        if (zipheader_u16(p + 32) != 0)
                return zipheader_refuse(&header, PIPSEED_E_ZIP_CENTRAL, scan->path, scan->err,
                                        "has a comment, which PyPI refuses too");
        if (zipheader_u16(p + 34) != 0)
                return zipheader_refuse(&header, PIPSEED_E_ZIP_MULTIDISK, scan->path, scan->err, "is on another disk");
        r = zipheader_check(&header, zipheader_u32(p + 38), scan->path, scan->err);
        if (r < 0)
                return r;
        *offset += CENTRAL_SIZE + header.name_len + header.extra_len;
        return add_member(scan, &header, zipheader_u32(p + 38), zipheader_u32(p + 42));
}

static int read_directory(struct scan *scan, size_t count)
{
        size_t offset = scan->central;

        /* The count is not to be trusted with memory before there is room for that many headers. */
        if (count > (scan->end - scan->central) / CENTRAL_SIZE)
                return refuse(scan, PIPSEED_E_ZIP_COUNT,
                              "the end record counts %zu members, more than the central directory can hold", count);
        scan->zip->members = arena_calloc(&scan->zip->arena, count, sizeof(scan->zip->members[0]));
        if (scan->zip->members == NULL)
                return error_memory(scan->err);
        while (scan->zip->n_members < count && offset < scan->end) {
                int r = read_central(scan, &offset);

                if (r < 0)
                        return r;
        }
        if (scan->zip->n_members < count || has_signature(scan, offset, CENTRAL_SIGNATURE))
                return refuse(scan, PIPSEED_E_ZIP_COUNT,
                              "the end record counts %zu members, the central directory has %s", count,
                              scan->zip->n_members < count ? "fewer" : "more");
        if (offset != scan->end)
                return refuse(scan, PIPSEED_E_ZIP_CENTRAL, "%zu bytes in the central directory that are not a header",
                              scan->end - offset);
        return 0;
}

static int compare_with_central(const struct scan *scan, const struct zip_header *local,
                                const struct zip_member *member)
{
        const struct zip_header named = name_of(member);
        const struct {
                const char *what;
                uint32_t local;
                uint32_t central;
        } pairs[] = {
                {"flags", local->flags, member->flags}, {"method", local->method, member->method},
                {"checksum", local->crc, member->crc},  {"packed size", local->packed, member->packed},
                {"size", local->size, member->size},
        };

        if (local->name_len != named.name_len || memcmp(local->name, named.name, named.name_len) != 0)
                return zipheader_refuse(&named, PIPSEED_E_ZIP_HEADER_MISMATCH, scan->path, scan->err,
                                        "has another name in its local header: '%.100s'",
                                        QUOTE(local->name, local->name_len));
        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
                if (pairs[i].local != pairs[i].central)
                        return zipheader_refuse(&named, PIPSEED_E_ZIP_HEADER_MISMATCH, scan->path, scan->err,
                                                "has another %s in its local header: %#x, not %#x", pairs[i].what,
                                                pairs[i].local, pairs[i].central);
        return 0;
}

/* Checks one local header and moves *end from its start to the end of its data. */
static int read_local(const struct scan *scan, const struct zip_member *member, size_t *end)
{
        const struct zip_header named = name_of(member);
        const uint8_t *p = scan->data + member->offset;
        size_t left = scan->central - member->offset;
        struct zip_header local = {0};
        int r;

        if (left < LOCAL_SIZE || !has_signature(scan, member->offset, LOCAL_SIGNATURE))
                return zipheader_refuse(&named, PIPSEED_E_ZIP_LOCAL, scan->path, scan->err,
                                        "has no local header at offset %u", member->offset);
        left -= LOCAL_SIZE;
        if (!zipheader_parse(p + 6, p + LOCAL_SIZE, left, &local))
                return zipheader_refuse(&named, PIPSEED_E_ZIP_LOCAL, scan->path, scan->err,
                                        "has a local header that is cut off");
        r = compare_with_central(scan, &local, member);
        if (r == 0)
                r = zipheader_check_extra(&local, scan->path, scan->err);
        if (r < 0)
                return r;
        left -= local.name_len + local.extra_len;
        if (local.packed > left)
                return zipheader_refuse(&named, PIPSEED_E_ZIP_OVERLAP, scan->path, scan->err,
                                        "reaches into the central directory");
        *end = scan->central - left + local.packed;
        return 0;
}

static int compare_offsets(const void *a, const void *b)
{
        const struct zip_member *x = a;
        const struct zip_member *y = b;

        return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Local headers and data must cover everything before the central directory, each byte once. */
static int read_locals(struct scan *scan)
{
        struct zip *zip = scan->zip;
        size_t end = 0;

        if (zip->n_members > 0)
                qsort(zip->members, zip->n_members, sizeof(zip->members[0]), compare_offsets);
        for (size_t i = 0; i < zip->n_members; i++) {
                const struct zip_member *member = &zip->members[i];
                const struct zip_header named = name_of(member);
                int r;

                if (member->offset < end)
                        return zipheader_refuse(&named, PIPSEED_E_ZIP_OVERLAP, scan->path, scan->err,
                                                "overlaps the member before it");
                if (member->offset > end)
                        return zipheader_refuse(&named, end == 0 ? PIPSEED_E_ZIP_PREFIX : PIPSEED_E_ZIP_GAP, scan->path,
                                                scan->err, "has %zu bytes before it that belong to no member",
                                                member->offset - end);
                r = read_local(scan, member, &end);
                if (r < 0)
                        return r;
        }
        if (end != scan->central)
                return refuse(scan, end == 0 ? PIPSEED_E_ZIP_PREFIX : PIPSEED_E_ZIP_GAP,
                              "%zu bytes before the central directory belong to no member", scan->central - end);
        return 0;
}

int zip_read(const void *data, size_t len, const char *path, struct zip *ret_zip, struct pipseed_error *err)
{
        _cleanup_(zip_done) struct zip zip = {0};
        struct scan scan = {.data = data, .len = len, .path = path, .err = err, .zip = &zip};
        size_t count = 0;
        int r = find_end(&scan);

        if (r == 0)
                r = read_end(&scan, &count);
        if (r == 0)
                r = read_directory(&scan, count);
        if (r == 0)
                r = read_locals(&scan);
        if (r == 0)
                r = zipname_check_all(&zip, path, err);
        if (r < 0)
                return r;
        *ret_zip = zip;
        zip = (struct zip){0};
        return 0;
}

void zip_done(struct zip *zip)
{
        arena_done(&zip->arena);
        *zip = (struct zip){0};
}

static int compare_to_member(const void *key, const void *element)
{
        const struct zip_member *member = element;

        return strcmp(key, member->name);
}

const struct zip_member *zip_find(const struct zip *zip, const char *name)
{
        if (zip->n_members == 0)
                return NULL;
        return bsearch(name, zip->members, zip->n_members, sizeof(zip->members[0]), compare_to_member);
}
