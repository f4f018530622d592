/* SPDX-License-Identifier: MIT */
#include "manifest.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>

#define FIRST_LINE "pipseed-store 1\n"
#define NONE "-"

static void add_pair(struct str *out, const char *key, const char *value)
{
        str_printf(out, "%s %s\n", key, value);
}

static void add_file(struct str *out, const struct manifest *manifest, size_t i)
{
        const struct wheel_file *file = &manifest->info.files[i];
        char hex[HASH_HEX_SIZE];

        hash_to_hex(file->sha256, hex);
        if (manifest->source != NULL)
                str_printf(out, "file %zu ", manifest->source[i]);
        else
                str_add(out, "file - ");
        str_printf(out, "%s %llu %c %llu %lld %s\n", hex, (unsigned long long)file->size, file->executable ? 'x' : '-',
                   (unsigned long long)manifest->stats[i].inode, (long long)manifest->stats[i].mtime_ns, file->path);
}

void manifest_write(struct str *out, const struct manifest *manifest)
{
        const struct wheel_info *info = &manifest->info;
        size_t start = out->len;
        char hex[HASH_HEX_SIZE];

        str_add(out, FIRST_LINE);
        add_pair(out, "wheel", info->filename);
        add_pair(out, "project", info->project);
        add_pair(out, "version", info->version);
        add_pair(out, "dist-info", info->dist_info);
        add_pair(out, "data-dir", info->data_dir);
        add_pair(out, "requires-python", info->requires_python != NULL ? info->requires_python : NONE);
        add_pair(out, "purelib", info->root_is_purelib ? "yes" : "no");
        hash_to_hex(info->sha256, hex);
        add_pair(out, "sha256", hex);
        for (size_t i = 0; i < info->n_entry_points; i++)
                str_printf(out, "entry %s %s %s %s\n", info->entry_points[i].gui ? "gui" : "console",
                           info->entry_points[i].module, info->entry_points[i].attr, info->entry_points[i].name);
        str_printf(out, "files %zu\n", info->n_files);
        for (size_t i = 0; i < info->n_files; i++)
                add_file(out, manifest, i);
        if (out->failed)
                return;
        str_printf(out, "end %08lx\n", crc32_z(0, (const unsigned char *)out->data + start, out->len - start));
}

/* A reader over the text, which the manifest owns: fields are cut out of it in place. */
struct reader {
        char *at;
        bool bad;
};

/* The text up to the delimiter, which is replaced by the string's end. */
static char *take(struct reader *reader, char delimiter)
{
        char *start = reader->at;
        char *stop = reader->bad ? NULL : strchr(start, delimiter);

        if (stop == NULL) {
                reader->bad = true;
                return str_empty_;
        }
        *stop = '\0';
        reader->at = stop + 1;
        return start;
}

static void expect(struct reader *reader, const char *text)
{
        size_t len = strlen(text);

        if (reader->bad || strncmp(reader->at, text, len) != 0) {
                reader->bad = true;
                return;
        }
        reader->at += len;
}

/* Digits, up to the delimiter. */
static uint64_t take_number(struct reader *reader, char delimiter)
{
        char *at = reader->at;
        uint64_t number = 0;

        for (; *at >= '0' && *at <= '9'; at++)
                if (__builtin_mul_overflow(number, 10, &number) ||
                    __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
                        reader->bad = true;
        if (at == reader->at || *at != delimiter || (*reader->at == '0' && at != reader->at + 1))
                reader->bad = true;
        if (reader->bad)
                return 0;
        reader->at = at + 1;
        return number;
}

/* Of hexadecimal digits, only A to F lack this bit. */
static bool is_lower_hex(const char *hex)
{
        unsigned int all = 0x20;

        for (size_t i = 0; i < HASH_HEX_SIZE - 1; i++)
                all &= (unsigned char)hex[i];
        return all != 0;
}

static void take_digest(struct reader *reader, char delimiter, uint8_t *ret_digest)
{
        const size_t len = HASH_HEX_SIZE - 1;

        /* A text that ends before is not a digit there. */
        if (reader->bad || !hash_from_hex(reader->at, len, ret_digest) || !is_lower_hex(reader->at) ||
            reader->at[len] != delimiter)
                reader->bad = true;
        else
                reader->at += len + 1;
}

/* One of two words: is it the first? */
static bool take_word(struct reader *reader, char delimiter, const char *first, const char *second)
{
        const char *word = take(reader, delimiter);

        if (strcmp(word, first) == 0)
                return true;
        if (strcmp(word, second) != 0)
                reader->bad = true;
        return false;
}

static const char *take_value(struct reader *reader, const char *key)
{
        expect(reader, key);
        expect(reader, " ");
        return take(reader, '\n');
}

static void take_entry_points(struct reader *reader, struct arena *arena, struct wheel_info *info)
{
        struct entry_point *points = NULL;
        size_t capacity = 0;
        size_t n = 0;

        while (!reader->bad && str_starts(reader->at, "entry ")) {
                if (arena_grow(arena, &points, n, &capacity, sizeof(*points)) < 0) {
                        reader->bad = true;
                        return;
                }
                expect(reader, "entry ");
                points[n].gui = take_word(reader, ' ', "gui", "console");
                points[n].module = take(reader, ' ');
                points[n].attr = take(reader, ' ');
                points[n].name = take(reader, '\n');
                n++;
        }
        info->entry_points = points;
        info->n_entry_points = n;
}

static int64_t take_mtime(struct reader *reader)
{
        bool negative = !reader->bad && *reader->at == '-';
        uint64_t number;

        if (negative)
                reader->at++;
        number = take_number(reader, ' ');
        if (number > INT64_MAX || (negative && number == 0)) {
                reader->bad = true;
                return 0;
        }
        return negative ? -(int64_t)number : (int64_t)number;
}

static void take_file(struct reader *reader, struct wheel_file *file, struct manifest_stat *stat, size_t *source)
{
        expect(reader, "file ");
        if (!reader->bad && *reader->at == '-') {
                expect(reader, "- ");
                *source = SIZE_MAX;
        } else {
                *source = (size_t)take_number(reader, ' ');
                if (*source == SIZE_MAX)
                        reader->bad = true;
        }
        take_digest(reader, ' ', file->sha256);
        file->size = take_number(reader, ' ');
        file->executable = take_word(reader, ' ', "x", "-");
        stat->inode = take_number(reader, ' ');
        stat->mtime_ns = take_mtime(reader);
        file->path = take(reader, '\n');
}

static void take_files(struct reader *reader, struct manifest *manifest, size_t len)
{
        struct wheel_file *files;
        struct manifest_stat *stats;
        size_t *source;
        size_t n;

        expect(reader, "files ");
        n = (size_t)take_number(reader, '\n');
        /* A file's line is longer than 80 bytes: a count that the text cannot hold must not make us allocate. */
        if (reader->bad || n > len / 80 + 1) {
                reader->bad = true;
                return;
        }
        files = arena_calloc(&manifest->arena, n, sizeof(*files));
        stats = arena_calloc(&manifest->arena, n, sizeof(*stats));
        source = arena_calloc(&manifest->arena, n, sizeof(*source));
        if (files == NULL || stats == NULL || source == NULL) {
                reader->bad = true;
                return;
        }
        for (size_t i = 0; i < n && !reader->bad; i++) {
                take_file(reader, &files[i], &stats[i], &source[i]);
                if ((source[i] == SIZE_MAX) != (source[0] == SIZE_MAX))
                        reader->bad = true;
        }
        manifest->info.files = files;
        manifest->info.n_files = n;
        manifest->stats = stats;
        manifest->source = n > 0 && source[0] != SIZE_MAX ? source : NULL;
}

#define END_LEN (sizeof("end 00000000\n") - 1)

static bool has_right_end(const char *data, size_t len)
{
        char expected[32];

        if (len < END_LEN || memchr(data, '\0', len) != NULL)
                return false;
        (void)snprintf(expected, sizeof(expected), "end %08lx\n",
                       crc32_z(0, (const unsigned char *)data, len - END_LEN));
        return memcmp(data + len - END_LEN, expected, END_LEN) == 0;
}

bool manifest_read(const char *data, size_t len, struct manifest *ret_manifest)
{
        _cleanup_(manifest_done) struct manifest manifest = {0};
        struct wheel_info *info = &manifest.info;
        struct reader reader = {0};
        const char *copy;

        if (!has_right_end(data, len))
                return false;
        copy = reader.at = arena_strndup(&manifest.arena, data, len);
        if (reader.at == NULL)
                return false;
        expect(&reader, FIRST_LINE);
        info->filename = take_value(&reader, "wheel");
        info->project = take_value(&reader, "project");
        info->version = take_value(&reader, "version");
        info->dist_info = take_value(&reader, "dist-info");
        info->data_dir = take_value(&reader, "data-dir");
        info->requires_python = take_value(&reader, "requires-python");
        if (strcmp(info->requires_python, NONE) == 0)
                info->requires_python = NULL;
        expect(&reader, "purelib ");
        info->root_is_purelib = take_word(&reader, '\n', "yes", "no");
        expect(&reader, "sha256 ");
        take_digest(&reader, '\n', info->sha256);
        take_entry_points(&reader, &manifest.arena, info);
        take_files(&reader, &manifest, len);
        expect(&reader, "end ");
        if (reader.bad || (size_t)(reader.at - copy) != len - END_LEN + strlen("end "))
                return false;
        *ret_manifest = manifest;
        manifest = (struct manifest){0};
        return true;
}

int manifest_load(const char *data, size_t len, struct manifest *ret_manifest)
{
        errno = 0;
        if (manifest_read(data, len, ret_manifest))
                return 0;
        return errno == ENOMEM ? -ENOMEM : -EBADMSG;
}

void manifest_done(struct manifest *manifest)
{
        arena_done(&manifest->arena);
        *manifest = (struct manifest){0};
}

int64_t manifest_mtime(const struct stat *st)
{
        return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

bool manifest_stat_fits(const struct manifest *manifest, size_t i, const struct stat *st, bool copied_store)
{
        const struct manifest_stat *expected = &manifest->stats[i];

        if (!S_ISREG(st->st_mode) || (uint64_t)st->st_size != manifest->info.files[i].size)
                return false;
        if (copied_store)
                return st->st_mtim.tv_sec == expected->mtime_ns / 1000000000;
        return st->st_ino == expected->inode && manifest_mtime(st) == expected->mtime_ns;
}
