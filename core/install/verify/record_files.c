/* SPDX-License-Identifier: MIT */
#include "install/verify/record_files.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"
#include "install/verify/compiled.h"
#include "target/rooted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Deeper than any package; a bound on held descriptors. */
#define MAX_DEPTH 64

static const char cache_dir[] = "__pycache__";

struct place {
        const char *path;
        const struct record_row *row;
};

static int compare_places(const void *a, const void *b)
{
        return strcmp(((const struct place *)a)->path, ((const struct place *)b)->path);
}

/* The rows with absolute paths, sorted. */
static struct place *make_places(struct findings *findings, const struct record *record)
{
        struct place *places = arena_calloc(findings->arena, record->n_rows + 1, sizeof(*places));

        for (size_t i = 0; i < record->n_rows && places != NULL; i++) {
                _cleanup_free_ char *path = path_absolute(findings->input->installed->location, record->rows[i].path);

                places[i].row = &record->rows[i];
                places[i].path = path != NULL ? arena_strdup(findings->arena, path) : NULL;
                if (places[i].path == NULL)
                        return NULL;
        }
        if (places != NULL)
                qsort(places, record->n_rows, sizeof(*places), compare_places);
        return places;
}

int record_files_make(struct record_files *listing, struct findings *findings, const struct record *record,
                      struct pipseed_error *err)
{
        const struct place *places = make_places(findings, record);
        const struct record_row **rows = arena_calloc(findings->arena, record->n_rows + 1, sizeof(*rows));
        struct record_file *files = arena_calloc(findings->arena, record->n_rows + 1, sizeof(*files));
        size_t n = 0;

        if (places == NULL || rows == NULL || files == NULL)
                return error_memory(err);
        for (size_t i = 0; i < record->n_rows; i++) {
                rows[i] = places[i].row;
                if (n == 0 || strcmp(files[n - 1].path, places[i].path) != 0)
                        files[n++] = (struct record_file){.path = places[i].path, .rows = rows + i};
                files[n - 1].n_rows++;
        }
        listing->files = files;
        listing->n_files = n;
        return 0;
}

static int compare_path(const void *key, const void *item)
{
        return strcmp(key, ((const struct record_file *)item)->path);
}

const struct record_file *record_files_find(const struct record_files *listing, const char *path)
{
        return bsearch(path, listing->files, listing->n_files, sizeof(*listing->files), compare_path);
}

struct walk {
        const struct record_files *listing;
        struct findings *findings;
        struct str path; /* of the entry at hand, absolute and unrooted */
};

static void walk_done(struct walk *walk)
{
        str_done(&walk->path);
}

static int check_entry(struct walk *walk, bool is_link, struct pipseed_error *err)
{
        const char *path = walk->path.data;
        const char *tag = NULL;
        _cleanup_free_ char *source = NULL;

        if (record_files_find(walk->listing, path) != NULL)
                return 0;
        source = compiled_source(path, &tag);
        if (source == NULL && tag != NULL)
                return error_memory(err);
        if (source != NULL && !is_link && record_files_find(walk->listing, source) != NULL) {
                walk->findings->n_files++;
                return compiled_check(walk->findings, walk->listing, path, err);
        }
        return findings_add(walk->findings, PIPSEED_E_INSTALL_EXTRA, path, err, "RECORD does not list it");
}

static int walk_dir(struct walk *walk, int parent_fd, const char *name, int depth, struct pipseed_error *err);

/* Most file systems say with the name what it is: a stat of each file would cost as much as all else. 1; 0: it is gone. */
static int find_type(int dir_fd, const char *name, unsigned char *type)
{
        struct stat st;

        if (*type != DT_UNKNOWN)
                return 1;
        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : file_errno();
        *type = (unsigned char)IFTODT(st.st_mode);
        return 1;
}

static int walk_entry(struct walk *walk, int dir_fd, const char *name, unsigned char type, int depth,
                      struct pipseed_error *err)
{
        const size_t len = walk->path.len;
        int r = find_type(dir_fd, name, &type);

        if (r < 0)
                return error_sys(err, r, walk->path.data, "cannot look into the directory");
        if (r == 0)
                return 0;
        str_add_char(&walk->path, '/');
        str_add(&walk->path, name);
        if (walk->path.failed)
                return error_memory(err);
        r = type == DT_DIR ? walk_dir(walk, dir_fd, name, depth + 1, err) : check_entry(walk, type == DT_LNK, err);
        str_truncate(&walk->path, len);
        return r;
}

/* parent_fd holds the directory that name is in; walk->path is name's. */
static int walk_dir(struct walk *walk, int parent_fd, const char *name, int depth, struct pipseed_error *err)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *inside;
        int fd;
        int r;

        if (depth > MAX_DEPTH)
                return findings_add(walk->findings, PIPSEED_E_INSTALL_EXTRA, walk->path.data, err,
                                    "directories nested too deep to be the package's");
        fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
                return 0;
        if (fd < 0 && errno == EACCES)
                return findings_add(walk->findings, PIPSEED_E_INSTALL_CHANGED, walk->path.data, err,
                                    "the directory may not be read, so it cannot be checked");
        r = dir_iter_open(&names, fd < 0 ? -errno : fd);
        while (r == 0 && (inside = dir_iter_next(&names)) != NULL)
                r = walk_entry(walk, dir_iter_fd(&names), inside, names.type, depth, err);
        return names.error < 0 ? error_sys(err, names.error, walk->path.data, "cannot read the directory") : r;
}

/* Length of the first component of a path below the location; 0: a file there, or a directory that is everyone's. */
static size_t own_dir(const char *inside)
{
        const size_t len = strcspn(inside, "/");

        if (inside[len] == '\0' || (len == strlen(cache_dir) && strncmp(inside, cache_dir, len) == 0))
                return 0;
        return len;
}

static int walk_top(struct walk *walk, int location_fd, const char *name, size_t len, struct pipseed_error *err)
{
        const char *location = walk->findings->input->installed->location;
        _cleanup_free_ char *directory = strndup(name, len);

        str_truncate(&walk->path, 0);
        str_add(&walk->path, location);
        str_add_char(&walk->path, '/');
        str_add_bytes(&walk->path, name, len);
        if (directory == NULL || walk->path.failed)
                return error_memory(err);
        return walk_dir(walk, location_fd, directory, 0, err);
}

int record_files_find_foreign(const struct record_files *listing, struct findings *findings, struct pipseed_error *err)
{
        const char *location = findings->input->installed->location;
        const char *dist_info = findings->input->installed->dist_info;
        const size_t skip = strlen(location) + 1;
        _cleanup_(walk_done) struct walk walk = {.listing = listing, .findings = findings, .path = STR_INIT};
        _cleanup_free_ char *host = NULL;
        int found = rooted_resolve(findings->input->target->root, location, &host);
        _cleanup_close_ int fd = found == 0 ? file_open_dir(host) : found;
        const char *last = dist_info;
        size_t last_len = strlen(dist_info);
        int r;

        if (fd < 0)
                return error_sys(err, fd, location, "cannot open the directory");
        r = walk_top(&walk, fd, dist_info, last_len, err);
        for (size_t i = 0; i < listing->n_files && r == 0; i++) {
                const char *path = listing->files[i].path;
                const char *inside = path + skip;
                size_t len;

                if (!path_is_below(location, path) || strlen(path) <= skip)
                        continue;
                len = own_dir(inside);
                /* The listing is sorted: what is in one directory comes in one run. */
                if (len == 0 || (len == last_len && strncmp(inside, last, len) == 0) ||
                    (len == strlen(dist_info) && strncmp(inside, dist_info, len) == 0))
                        continue;
                last = inside;
                last_len = len;
                r = walk_top(&walk, fd, inside, len, err);
        }
        return r;
}
