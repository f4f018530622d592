/* SPDX-License-Identifier: MIT */
#include "record_check.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/path.h"
#include "base/str.h"
#include "quote.h"
#include "record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct check {
        const struct wheel_info *info;
        const char *path;
        struct pipseed_error *err;
        bool *seen; /* for each file of info */
        bool seen_record;
};

static int refuse(const struct check *check, int code, const char *name, const char *what)
{
        return error_set(check->err, code, check->path, "RECORD: '%s' %s", QUOTE(name, strlen(name)), what);
}

static int compare_to_file(const void *key, const void *element)
{
        const struct wheel_file *file = element;

        return strcmp(key, file->path);
}

/* Is path NAME in the .dist-info directory? */
static bool is_dist_info_file(const struct wheel_info *info, const char *path, const char *name)
{
        size_t len = strlen(info->dist_info);

        return strncmp(path, info->dist_info, len) == 0 && path[len] == '/' && strcmp(path + len + 1, name) == 0;
}

static int check_own_row(struct check *check, const struct record_row *row)
{
        if (check->seen_record)
                return refuse(check, PIPSEED_E_RECORD_DUPLICATE, row->path, "has two rows");
        check->seen_record = true;
        if (row->hash[0] != '\0')
                return refuse(check, PIPSEED_E_RECORD_HASH, row->path, "cannot have a hash of itself");
        if (row->size[0] != '\0')
                return refuse(check, PIPSEED_E_RECORD_SIZE, row->path, "cannot have a size of itself");
        return 0;
}

static int check_content(const struct check *check, const struct record_row *row, const struct wheel_file *file)
{
        uint8_t digest[HASH_SIZE];
        uint64_t size = 0;

        if (!record_row_digest(row, digest))
                return refuse(check, PIPSEED_E_RECORD_HASH, row->path, "has no sha256 hash");
        if (!record_row_size(row, &size))
                return refuse(check, PIPSEED_E_RECORD_SIZE, row->path, "has no size");
        if (size != file->size)
                return error_set(check->err, PIPSEED_E_RECORD_SIZE, check->path,
                                 "RECORD: \"%s\" should have %" PRIu64 " bytes, but has %" PRIu64,
                                 QUOTE(row->path, strlen(row->path)), size, file->size);
        if (memcmp(digest, file->sha256, HASH_SIZE) != 0)
                return refuse(check, PIPSEED_E_RECORD_HASH, row->path,
                              "has a sha256 that differs from the wheel's file");
        return 0;
}

static int check_row(struct check *check, const struct record_row *row)
{
        const struct wheel_info *info = check->info;
        const struct wheel_file *file = NULL;

        if (is_dist_info_file(info, row->path, "RECORD"))
                return check_own_row(check, row);
        if (!path_is_plain(row->path))
                return refuse(check, PIPSEED_E_RECORD_PATH, row->path, "is not a path inside the wheel");
        if (info->n_files > 0)
                file = bsearch(row->path, info->files, info->n_files, sizeof(info->files[0]), compare_to_file);
        if (file == NULL)
                return refuse(check, PIPSEED_E_RECORD_EXTRA, row->path, "is not in the wheel");
        if (check->seen[file - info->files])
                return refuse(check, PIPSEED_E_RECORD_DUPLICATE, row->path, "has two rows");
        check->seen[file - info->files] = true;
        return check_content(check, row, file);
}

static int check_all_seen(const struct check *check)
{
        const struct wheel_info *info = check->info;

        for (size_t i = 0; i < info->n_files; i++) {
                const char *path = info->files[i].path;

                if (!check->seen[i] && !is_dist_info_file(info, path, "RECORD.jws") &&
                    !is_dist_info_file(info, path, "RECORD.p7s"))
                        return refuse(check, PIPSEED_E_RECORD_MISSING, path, "is in the wheel, but has no row");
        }
        return 0;
}

int record_check(const struct wheel_info *info, const char *text, size_t len, const char *path,
                 struct pipseed_error *err)
{
        _cleanup_(record_done) struct record record = {0};
        _cleanup_free_ bool *seen = calloc(info->n_files + 1, sizeof(*seen));
        struct check check = {.info = info, .path = path, .err = err, .seen = seen};
        int r;

        if (seen == NULL)
                return error_memory(err);
        if (len > RECORD_CHECK_MAX_SIZE)
                return error_set(err, PIPSEED_E_RECORD_SYNTAX, path, "RECORD has %zu bytes, more than %zu", len,
                                 RECORD_CHECK_MAX_SIZE);
        r = record_parse(text, len, path, &record, err);
        for (size_t i = 0; r == 0 && i < record.n_rows; i++)
                r = check_row(&check, &record.rows[i]);
        return r < 0 ? r : check_all_seen(&check);
}
