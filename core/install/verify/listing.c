/* SPDX-License-Identifier: MIT */
#include "install/verify/listing.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "base/path.h"
#include "base/str.h"
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

/* "D/__pycache__/NAME.TAG.pyc" or "...NAME.TAG.opt-N.pyc": "D/NAME.py" in new memory, and where TAG begins. NULL: it
 * has no such name, or memory ran out (then ret_tag is not NULL). NAME may hold dots, so the last parts decide. */
static char *source_of(const char *path, const char **ret_tag)
{
        const char *base = path_base(path);
        const char *end = base + strlen(base) - strlen(".pyc");
        const size_t parent = strlen(cache_folder) + 1;
        const char *tag = NULL;

        *ret_tag = NULL;
        if (!str_ends(base, ".pyc") || (size_t)(base - path) <= parent || base[-1] != '/' ||
            strncmp(base - parent, cache_folder, strlen(cache_folder)) != 0 || base[-(ptrdiff_t)parent - 1] != '/')
                return NULL;
        for (const char *p = end - 1; p > base; p--) {
                if (*p != '.')
                        continue;
                if (tag == NULL && str_starts(p, ".opt-")) {
                        end = p;
                        continue;
                }
                tag = p + 1;
                break;
        }
        if (tag == NULL || tag >= end)
                return NULL;
        *ret_tag = tag;
        return str_format("%.*s%.*s.py", (int)(base - parent - path), path, (int)(tag - 1 - base), base);
}

/* Before Python 3.7 (PEP 552) the header has no flags: "cpython-36", "pypy36". */
static bool has_flags(const char *tag)
{
        const size_t len = strcspn(tag, ".");

        if (len < 3 || !str_is_digit(tag[len - 1]) || !str_is_digit(tag[len - 2]) || str_is_digit(tag[len - 3]))
                return true;
        return tag[len - 2] != '3' || tag[len - 1] > '6';
}

static uint32_t read_u32(const uint8_t *bytes)
{
        return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* What is wrong with the header, or NULL. Bytecode that carries the source's hash is checked by Python, or on purpose
 * not. */
static const char *judge_header(const uint8_t *header, size_t len, bool flags, const struct stat *source)
{
        const size_t size = flags ? 16 : 12;
        const uint32_t kind = flags && len == 16 ? read_u32(header + 4) : 0;

        if (len < size || header[2] != '\r' || header[3] != '\n' || kind > 3 || kind == 2)
                return "it is no bytecode of Python";
        if (kind != 0)
                return NULL;
        if (read_u32(header + size - 8) != (uint32_t)source->st_mtime ||
            read_u32(header + size - 4) != (uint32_t)source->st_size)
                return "it is the bytecode of another state of its source";
        return NULL;
}

static int compare_source(struct findings *findings, const char *path, const char *source, bool flags,
                          struct pipseed_error *err)
{
        _cleanup_close_ int fd = -1;
        _cleanup_close_ int source_fd = -1;
        enum look look = LOOK_MISSING;
        struct stat st = {0};
        struct stat source_st = {0};
        uint8_t header[16];
        bool inside = false;
        const char *problem;
        ssize_t n;
        int r = findings_look(findings, source, &inside, &look, &source_st, &source_fd, err);

        if (r < 0 || !inside || look != LOOK_FILE)
                return r;
        r = findings_look(findings, path, &inside, &look, &st, &fd, err);
        if (r < 0 || !inside || look != LOOK_FILE)
                return r;
        do
                n = pread(fd, header, sizeof(header), 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return error_sys(err, errno, path, "cannot read the bytecode");
        problem = judge_header(header, (size_t)n, flags, &source_st);
        return problem != NULL ? findings_add(findings, PIPSEED_E_INSTALL_CHANGED, path, err, "%s", problem) : 0;
}

int listing_check_bytecode(struct findings *findings, const char *path, struct pipseed_error *err)
{
        const char *tag = NULL;
        _cleanup_free_ char *source = source_of(path, &tag);

        if (source == NULL)
                return tag != NULL ? error_memory(err) : 0;
        return compare_source(findings, path, source, has_flags(tag), err);
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
        source = source_of(path, &tag);
        if (source == NULL && tag != NULL)
                return error_memory(err);
        if (source != NULL && !is_link && listing_find(walk->listing, source) != NULL)
                return listing_check_bytecode(walk->findings, path, err);
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
