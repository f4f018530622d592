/* SPDX-License-Identifier: MIT */
#include "install/stage/removal.h"

#include "base/error.h"
#include "base/file.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"
#include "install/plan/script.h"
#include "install/txn/change.h"
#include "wheel/entrypoint.h"
#include "wheel/record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_RECORD ((size_t)16 << 20)

static int compare(const void *a, const void *b)
{
        const struct removal_path *left = a;
        const struct removal_path *right = b;

        if (left->root != right->root)
                return left->root < right->root ? -1 : 1;
        return strcmp(left->path, right->path);
}

bool removal_has(const struct removal *removal, enum plan_root root, const char *path)
{
        const struct removal_path key = {.root = root, .path = path};

        return removal->n_paths > 0 && bsearch(&key, removal->paths, removal->n_paths, sizeof(key), compare) != NULL;
}

void removal_done(struct removal *removal)
{
        arena_done(&removal->arena);
        *removal = (struct removal){0};
}

static bool find_lib(const struct txn *txn, const struct installed *installed, enum plan_root *ret_lib)
{
        static const enum plan_root libs[] = {PLAN_LIB, PLAN_OTHER_LIB};

        for (size_t i = 0; i < ARRAY_SIZE(libs); i++) {
                if (txn->roots[libs[i]].fd < 0 || strcmp(txn->roots[libs[i]].below, installed->location) != 0)
                        continue;
                *ret_lib = libs[i];
                return true;
        }
        return false;
}

bool removal_possible(const struct txn *txn, const struct installed *installed, enum plan_root *ret_lib)
{
        return installed->has_record && !installed->is_egg && find_lib(txn, installed, ret_lib);
}

/* The root whose directory is the deepest one above the path; false when none is. */
static bool find_root(const struct txn *txn, const char *absolute, enum plan_root *ret_root, const char **ret_path)
{
        size_t best = 0;

        for (int i = 0; i < PLAN_N_ROOTS; i++) {
                const char *top = txn->roots[i].below;
                size_t len = strlen(top);

                if (len <= best || !path_is_below(top, absolute) || absolute[len] == '\0')
                        continue;
                best = len;
                *ret_root = (enum plan_root)i;
                *ret_path = absolute + len + 1;
        }
        return best > 0;
}

static int add(struct removal *removal, size_t *capacity, enum plan_root root, const char *path)
{
        /* Whatever its RECORD says. */
        if (!change_is_allowed(false, root, path))
                return 0;
        if (arena_grow(&removal->arena, &removal->paths, removal->n_paths, capacity, sizeof(*removal->paths)) < 0)
                return -ENOMEM;
        removal->paths[removal->n_paths].root = root;
        removal->paths[removal->n_paths].path = arena_strdup(&removal->arena, path);
        if (removal->paths[removal->n_paths].path == NULL)
                return -ENOMEM;
        removal->n_paths++;
        return 0;
}

static int read_part(const struct txn *txn, const struct installed *installed, enum plan_root lib, const char *name,
                     char **ret_text, size_t *ret_len)
{
        _cleanup_free_ char *path = path_join(installed->dist_info, name);
        _cleanup_close_ int fd = -1;

        if (path == NULL)
                return -ENOMEM;
        fd = file_open_beneath(txn->roots[lib].fd, path, O_RDONLY | O_NONBLOCK, 0);
        if (fd < 0)
                return fd;
        return file_read_fd(fd, MAX_RECORD, ret_text, ret_len);
}

static int add_rows(const struct txn *txn, const struct installed *installed, struct removal *removal, size_t *capacity,
                    struct pipseed_error *err)
{
        _cleanup_(record_done) struct record record = {0};
        _cleanup_free_ char *text = NULL;
        size_t len = 0;
        int r = read_part(txn, installed, removal->lib, "RECORD", &text, &len);

        if (r < 0)
                return error_sys(err, r, installed->location, "cannot read RECORD of '%s'", installed->dist_info);
        r = record_parse(text, len, installed->dist_info, &record, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < record.n_rows; i++) {
                _cleanup_free_ char *absolute = path_absolute(installed->location, record.rows[i].path);
                enum plan_root root;
                const char *path;

                if (absolute == NULL)
                        return error_memory(err);
                if (find_root(txn, absolute, &root, &path) && add(removal, capacity, root, path) < 0)
                        return error_memory(err);
        }
        return 0;
}

/* pip removes the scripts of a distribution's entry points also when its RECORD does not list them. */
static int add_scripts(const struct txn *txn, const struct installed *installed, struct removal *removal,
                       size_t *capacity, struct pipseed_error *err)
{
        _cleanup_free_ char *text = NULL;
        const struct entry_point *points = NULL;
        size_t n_points = 0;
        size_t len = 0;
        int r = read_part(txn, installed, removal->lib, "entry_points.txt", &text, &len);

        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_sys(err, r, installed->location, "cannot read entry_points.txt of '%s'",
                                 installed->dist_info);
        r = entry_points_parse(&removal->arena, text, len, installed->dist_info, &points, &n_points, err);
        if (r == PIPSEED_E_NO_MEMORY)
                return r;
        if (r < 0) { /* what is installed may be older than our rules */
                error_clear(err);
                return 0;
        }
        for (size_t i = 0; i < n_points; i++)
                if (add(removal, capacity, PLAN_SCRIPTS, points[i].name) < 0)
                        return error_memory(err);
        return 0;
}

static void sort_unique(struct removal *removal)
{
        size_t kept = 0;

        if (removal->n_paths == 0)
                return;
        qsort(removal->paths, removal->n_paths, sizeof(*removal->paths), compare);
        for (size_t i = 0; i < removal->n_paths; i++)
                if (kept == 0 || compare(&removal->paths[kept - 1], &removal->paths[i]) != 0)
                        removal->paths[kept++] = removal->paths[i];
        removal->n_paths = kept;
}

/* What ret_removal has already is taken over, and the whole handed to it. */
static int hand_over(struct removal *removal, size_t *capacity, struct removal *ret_removal, struct pipseed_error *err)
{
        for (size_t i = 0; i < ret_removal->n_paths; i++)
                if (add(removal, capacity, ret_removal->paths[i].root, ret_removal->paths[i].path) < 0)
                        return error_memory(err);
        sort_unique(removal);
        removal_done(ret_removal);
        *ret_removal = *removal;
        *removal = (struct removal){0};
        return 0;
}

/* Every file below the directory. */
static int add_dir(int root_fd, const char *directory, struct removal *removal, size_t *capacity)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r = dir_iter_open(&names, file_open_beneath(root_fd, directory, O_RDONLY | O_DIRECTORY, 0));

        while (r == 0 && (name = dir_iter_next(&names)) != NULL) {
                _cleanup_free_ char *path = path_join(directory, name);
                struct stat st;

                if (path == NULL)
                        r = -ENOMEM;
                else if (fstatat(dir_iter_fd(&names), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
                        r = add_dir(root_fd, path, removal, capacity);
                else
                        r = add(removal, capacity, removal->lib, path);
        }
        return r != 0 ? r : names.error;
}

int removal_load_bare(const struct txn *txn, const struct installed *installed, struct removal *ret_removal,
                      struct pipseed_error *err)
{
        _cleanup_(removal_done) struct removal removal = {0};
        size_t capacity = 0;
        int r;

        if (installed->is_egg || !find_lib(txn, installed, &removal.lib))
                return 0;
        r = add_dir(txn->roots[removal.lib].fd, installed->dist_info, &removal, &capacity);
        if (r < 0)
                return error_sys(err, r, installed->location, "cannot read the directory '%s'", installed->dist_info);
        return hand_over(&removal, &capacity, ret_removal, err);
}

int removal_load(const struct txn *txn, const struct installed *installed, struct removal *ret_removal,
                 struct pipseed_error *err)
{
        _cleanup_(removal_done) struct removal removal = {0};
        size_t capacity = 0;
        int r;

        if (!removal_possible(txn, installed, &removal.lib)) {
                error_set(err, PIPSEED_E_BAD_TARGET, installed->location,
                          "cannot remove %s %s: it has no RECORD, or is not in the target's own directory",
                          installed->project, installed->version);
                return error_hint(err, "remove it with the tool that installed it");
        }
        r = add_rows(txn, installed, &removal, &capacity, err);
        if (r == 0)
                r = add_scripts(txn, installed, &removal, &capacity, err);
        if (r < 0)
                return r;
        return hand_over(&removal, &capacity, ret_removal, err);
}

int removal_list_scripts(const struct txn *txn, const struct installed *installed, struct arena *arena,
                         const char ***ret_names, size_t *ret_n, struct pipseed_error *err)
{
        _cleanup_(removal_done) struct removal removal = {0};
        const char **names;
        size_t capacity = 0;
        size_t n = 0;
        int r = 0;

        if (removal_possible(txn, installed, &removal.lib))
                r = add_rows(txn, installed, &removal, &capacity, err);
        if (r == PIPSEED_E_RECORD_SYNTAX) {
                error_clear(err);
                removal.n_paths = 0;
        } else if (r < 0) {
                return r;
        }
        sort_unique(&removal);
        names = arena_calloc(arena, removal.n_paths + 1, sizeof(*names));
        if (names == NULL)
                return error_memory(err);
        for (size_t i = 0; i < removal.n_paths; i++) {
                if (removal.paths[i].root != PLAN_SCRIPTS)
                        continue;
                names[n] = arena_strdup(arena, removal.paths[i].path);
                if (names[n++] == NULL)
                        return error_memory(err);
        }
        *ret_names = names;
        *ret_n = n;
        return 0;
}
