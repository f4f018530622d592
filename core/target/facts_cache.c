/* SPDX-License-Identifier: MIT */
#include "target/facts_cache.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/path.h"
#include "base/str.h"
#include "target/probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define DIRECTORY "facts"
#define FILE_LIMIT ((size_t)256 * 1024)

static void add_hex(struct str *out, const char *text)
{
        static const char digits[] = "0123456789abcdef";

        for (; *text != '\0'; text++) {
                str_add_char(out, digits[(unsigned char)*text >> 4]);
                str_add_char(out, digits[(unsigned char)*text & 15]);
        }
}

/* All that decides about the answer, as ASCII: paths may hold any byte. */
static char *make_key(const char *exe, const char *resolved, const struct stat *st)
{
        _cleanup_(str_done) struct str key = STR_INIT;
        /* Debian's sysconfig reads it; the interpreter is asked with it. */
        const char *layout = getenv("DEB_PYTHON_INSTALL_LAYOUT");
        const char *script = probe_script();

        str_printf(&key, "%08lx ", crc32_z(0, (const unsigned char *)script, strlen(script)));
        add_hex(&key, exe);
        str_add_char(&key, ' ');
        add_hex(&key, resolved);
        str_printf(&key, " %ju %ju %jd %jd.%09ld ", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino, (intmax_t)st->st_size,
                   (intmax_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
        if (layout != NULL)
                add_hex(&key, layout);
        return str_steal(&key);
}

/* One file for each path: a changed interpreter's answer takes the place of the old one. */
static char *make_name(const char *exe)
{
        char hex[HASH_HEX_SIZE];
        uint8_t digest[HASH_SIZE];

        hash_of(exe, strlen(exe), digest);
        hash_to_hex(digest, hex);
        return str_format("%.32s", hex);
}

static bool is_private(const struct stat *st)
{
        return st->st_uid == geteuid() && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* fd of CACHE/facts when both directories are the caller's alone, else -1. */
static int open_dir(const char *cache_dir)
{
        _cleanup_close_ int cache_fd = file_open_dir(cache_dir);
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (cache_fd < 0 || fstat(cache_fd, &st) < 0 || !is_private(&st))
                return -1;
        fd = file_open_beneath(cache_fd, DIRECTORY, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0 || fstat(fd, &st) < 0 || !is_private(&st))
                return -1;
        return steal_fd(&fd);
}

int facts_cache_open(struct facts_cache *facts_cache, const char *cache_dir, const char *exe, struct pipseed_error *err)
{
        _cleanup_free_ char *resolved = realpath(exe, NULL);
        struct stat st;

        if (resolved == NULL || stat(resolved, &st) < 0) {
                if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
                        return error_sys(err, errno, exe, "cannot access the interpreter '%s'", exe);
                (void)error_set(err, PIPSEED_E_BAD_TARGET, exe, "interpreter '%s' not found", exe);
                err->sys_errno = errno;
                return err->code;
        }
        if (cache_dir == NULL)
                return 0;
        facts_cache->key = make_key(exe, resolved, &st);
        facts_cache->name = make_name(exe);
        facts_cache->cache_dir = strdup(cache_dir);
        if (facts_cache->key == NULL || facts_cache->name == NULL || facts_cache->cache_dir == NULL)
                return error_memory(err);
        facts_cache->dir_fd = open_dir(cache_dir);
        return 0;
}

/* The text of a file that only the caller can have written, else NULL. */
static char *load(const struct facts_cache *facts_cache)
{
        _cleanup_close_ int fd = -1;
        char *text = NULL;
        struct stat st;

        if (facts_cache->dir_fd < 0)
                return NULL;
        fd = file_open_beneath(facts_cache->dir_fd, facts_cache->name, O_RDONLY | O_NONBLOCK, 0);
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !is_private(&st))
                return NULL;
        return file_read_fd(fd, FILE_LIMIT, &text, NULL) == 0 ? text : NULL;
}

/* The file is the key, a line's end, and the answer. */
bool facts_cache_read(const struct facts_cache *facts_cache, char **ret_json)
{
        _cleanup_free_ char *text = load(facts_cache);
        size_t len;
        char *copy;

        if (text == NULL) /* also when nothing is remembered at all, and there is no key */
                return false;
        len = strlen(facts_cache->key);
        if (strncmp(text, facts_cache->key, len) != 0 || text[len] != '\n')
                return false;
        copy = strdup(text + len + 1);
        if (copy == NULL)
                return false;
        *ret_json = copy;
        return true;
}

/* Root leaves nothing behind in a home that is not its own. */
static bool may_create(const char *path)
{
        _cleanup_free_ char *at = strdup(path);
        struct stat st;

        while (at != NULL && stat(at, &st) < 0) {
                char *parent = path_dir(at);

                if (errno != ENOENT || parent == NULL || strcmp(parent, at) == 0) {
                        free(parent);
                        return false;
                }
                free(at);
                at = parent;
        }
        return at != NULL && (geteuid() != 0 || st.st_uid == 0);
}

static void create_dir(struct facts_cache *facts_cache)
{
        _cleanup_close_ int cache_fd = -1;
        struct stat st;

        if (!may_create(facts_cache->cache_dir) || file_make_dirs_abs(facts_cache->cache_dir, 0700) < 0)
                return;
        cache_fd = file_open_dir(facts_cache->cache_dir);
        if (cache_fd < 0 || fstat(cache_fd, &st) < 0 || !is_private(&st))
                return;
        if (mkdirat(cache_fd, DIRECTORY, 0700) < 0 && errno != EEXIST)
                return;
        facts_cache->dir_fd = open_dir(facts_cache->cache_dir);
}

void facts_cache_write(struct facts_cache *facts_cache, const char *json)
{
        _cleanup_free_ char *text = NULL;

        if (facts_cache->cache_dir == NULL)
                return;
        if (facts_cache->dir_fd < 0)
                create_dir(facts_cache);
        if (facts_cache->dir_fd < 0)
                return;
        text = str_format("%s\n%s", facts_cache->key, json);
        /* Not durable: a file that a power cut empties is damaged, thus asked for again. */
        if (text != NULL)
                (void)file_replace(facts_cache->dir_fd, facts_cache->name, 0600, text, strlen(text), false);
}

void facts_cache_done(struct facts_cache *facts_cache)
{
        int saved = errno;

        if (facts_cache->dir_fd >= 0)
                (void)close(facts_cache->dir_fd);
        free(facts_cache->cache_dir);
        free(facts_cache->name);
        free(facts_cache->key);
        *facts_cache = (struct facts_cache)FACTS_CACHE_INIT;
        errno = saved;
}

/* The path in the key of one file: NULL when the file is none of ours. New memory. */
static char *remembered_path(int dir_fd, char *name)
{
        const struct facts_cache facts_cache = {.dir_fd = dir_fd, .name = name};
        _cleanup_free_ char *text = load(&facts_cache);
        char *hex = text != NULL ? strchr(text, ' ') : NULL;

        if (hex == NULL)
                return NULL;
        hex++;
        hex[strcspn(hex, " \n")] = '\0';
        return probe_unhex(hex);
}

int facts_cache_list(struct arena *arena, const char *cache_dir, const char *const **ret_paths, size_t *ret_n)
{
        _cleanup_close_ int fd = open_dir(cache_dir);
        struct dirent **entries = NULL;
        const char **paths = NULL;
        size_t n = 0, capacity = 0;
        int n_entries = fd >= 0 ? scandirat(fd, ".", &entries, NULL, alphasort) : 0;
        int r = 0;

        for (int i = 0; i < n_entries; i++) {
                _cleanup_free_ char *path =
                        entries[i]->d_name[0] != '.' ? remembered_path(fd, entries[i]->d_name) : NULL;

                free(entries[i]);
                if (path == NULL || r < 0)
                        continue;
                r = arena_grow(arena, &paths, n, &capacity, sizeof(*paths)) < 0 ? -ENOMEM : 0;
                if (r == 0) {
                        paths[n] = arena_strdup(arena, path);
                        r = paths[n++] != NULL ? 0 : -ENOMEM;
                }
        }
        free(entries);
        if (r < 0)
                return r;
        *ret_paths = paths;
        *ret_n = n;
        return 0;
}
