/* SPDX-License-Identifier: MIT */
#include "install/verify/listing.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
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

static const char cache_folder[] = "__pycache__";

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

int listing_make(struct listing *listing, struct findings *findings, const struct record *record,
                 struct pipseed_error *err)
{
        const struct place *places = make_places(findings, record);
        const struct record_row **rows = arena_calloc(findings->arena, record->n_rows + 1, sizeof(*rows));
        struct listed *files = arena_calloc(findings->arena, record->n_rows + 1, sizeof(*files));
        size_t n = 0;

        if (places == NULL || rows == NULL || files == NULL)
                return error_memory(err);
        for (size_t i = 0; i < record->n_rows; i++) {
                rows[i] = places[i].row;
                if (n == 0 || strcmp(files[n - 1].path, places[i].path) != 0)
                        files[n++] = (struct listed){.path = places[i].path, .rows = rows + i};
                files[n - 1].n_rows++;
        }
        listing->files = files;
        listing->n_files = n;
        return 0;
}

static int compare_path(const void *key, const void *item)
{
        return strcmp(key, ((const struct listed *)item)->path);
}

const struct listed *listing_find(const struct listing *listing, const char *path)
{
        return bsearch(path, listing->files, listing->n_files, sizeof(*listing->files), compare_path);
}

struct walk {
        const struct listing *listing;
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

        if (listing_find(walk->listing, path) != NULL)
                return 0;
        source = compiled_source(path, &tag);
        if (source == NULL && tag != NULL)
                return error_memory(err);
        if (source != NULL && !is_link && listing_find(walk->listing, source) != NULL) {
                walk->findings->n_files++;
                return compiled_check(walk->findings, walk->listing, path, err);
        }
        return findings_add(walk->findings, PIPSEED_E_INSTALL_FOREIGN, path, err, "RECORD does not list it");
}

static int walk_folder(struct walk *walk, int parent_fd, const char *name, int depth, struct pipseed_error *err);

static int walk_entry(struct walk *walk, int dir_fd, const char *name, int depth, struct pipseed_error *err)
{
        const size_t len = walk->path.len;
        struct stat st;
        int r;

        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : error_sys(err, errno, walk->path.data, "cannot look into the folder");
        str_add_char(&walk->path, '/');
        str_add(&walk->path, name);
        if (walk->path.failed)
                return error_memory(err);
        r = S_ISDIR(st.st_mode) ? walk_folder(walk, dir_fd, name, depth + 1, err)
                                : check_entry(walk, S_ISLNK(st.st_mode), err);
        str_truncate(&walk->path, len);
        return r;
}

/* parent_fd holds the folder that name is in; walk->path is name's. */
static int walk_folder(struct walk *walk, int parent_fd, const char *name, int depth, struct pipseed_error *err)
{
        _cleanup_(names_done) struct names names = NAMES_INIT;
        const char *inside;
        int fd;
        int r;

        if (depth > MAX_DEPTH)
                return findings_add(walk->findings, PIPSEED_E_INSTALL_FOREIGN, walk->path.data, err,
                                    "folders nested too deep to be the package's");
        fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
                return 0;
        if (fd < 0 && errno == EACCES)
                return findings_add(walk->findings, PIPSEED_E_INSTALL_CHANGED, walk->path.data, err,
                                    "the folder may not be read, so it cannot be checked");
        r = names_open(&names, fd < 0 ? -errno : fd);
        while (r == 0 && (inside = names_next(&names)) != NULL)
                r = walk_entry(walk, names_fd(&names), inside, depth, err);
        return names.error < 0 ? error_sys(err, names.error, walk->path.data, "cannot read the folder") : r;
}

/* Length of the first component of a path below the location; 0: a file there, or a folder that is everyone's. */
static size_t own_folder(const char *inside)
{
        const size_t len = strcspn(inside, "/");

        if (inside[len] == '\0' || (len == strlen(cache_folder) && strncmp(inside, cache_folder, len) == 0))
                return 0;
        return len;
}

static int walk_top(struct walk *walk, int location_fd, const char *name, size_t len, struct pipseed_error *err)
{
        const char *location = walk->findings->input->installed->location;
        _cleanup_free_ char *folder = strndup(name, len);

        str_truncate(&walk->path, 0);
        str_add(&walk->path, location);
        str_add_char(&walk->path, '/');
        str_add_bytes(&walk->path, name, len);
        if (folder == NULL || walk->path.failed)
                return error_memory(err);
        return walk_folder(walk, location_fd, folder, 0, err);
}

int listing_find_foreign(const struct listing *listing, struct findings *findings, struct pipseed_error *err)
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
                return error_sys(err, fd, location, "cannot open the folder");
        r = walk_top(&walk, fd, dist_info, last_len, err);
        for (size_t i = 0; i < listing->n_files && r == 0; i++) {
                const char *path = listing->files[i].path;
                const char *inside = path + skip;
                size_t len;

                if (!path_is_below(location, path) || strlen(path) <= skip)
                        continue;
                len = own_folder(inside);
                /* The listing is sorted: what is in one folder comes in one run. */
                if (len == 0 || (len == last_len && strncmp(inside, last, len) == 0) ||
                    (len == strlen(dist_info) && strncmp(inside, dist_info, len) == 0))
                        continue;
                last = inside;
                last_len = len;
                r = walk_top(&walk, fd, inside, len, err);
        }
        return r;
}
