/* SPDX-License-Identifier: MIT */
#include "install/stage/merge.h"

#include "base/error.h"
#include "base/file.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"
#include "install/stage/user_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* What changes by one rename: a package's directory, or a file. */
struct unit {
        enum plan_root root;
        const char *path; /* "pip" for a directory, the whole path for a file */
        bool is_dir;
        bool in_plan;
        bool in_removal;
};

struct units {
        struct arena arena;
        struct unit *items;
        size_t n_items, capacity;
};

static void units_done(struct units *units)
{
        arena_done(&units->arena);
}

static bool is_lib(enum plan_root root)
{
        return root == PLAN_LIB || root == PLAN_OTHER_LIB;
}

static int add_unit(struct units *units, enum plan_root root, const char *path, bool in_plan)
{
        const char *slash = strchr(path, '/');
        struct unit unit = {.root = root, .path = path, .in_plan = in_plan, .in_removal = !in_plan};

        /* site-packages/__pycache__ belongs to everybody: file by file. */
        if (is_lib(root) && slash != NULL && !str_starts(path, "__pycache__/")) {
                unit.is_dir = true;
                unit.path = arena_strndup(&units->arena, path, (size_t)(slash - path));
                if (unit.path == NULL)
                        return -ENOMEM;
        }
        if (units->n_items > 0) {
                struct unit *last = &units->items[units->n_items - 1];

                if (last->root == root && last->in_plan == in_plan && strcmp(last->path, unit.path) == 0)
                        return 0;
        }
        if (arena_grow(&units->arena, &units->items, units->n_items, &units->capacity, sizeof(*units->items)) < 0)
                return -ENOMEM;
        units->items[units->n_items++] = unit;
        return 0;
}

static int by_path(const void *a, const void *b)
{
        const struct unit *left = a;
        const struct unit *right = b;

        if (left->root != right->root)
                return left->root < right->root ? -1 : 1;
        return strcmp(left->path, right->path);
}

/* The order in which units change: see merge.h. */
static int rank(const struct unit *unit)
{
        if (!unit->is_dir)
                return 3;
        if (!str_ends(unit->path, ".dist-info"))
                return 0;
        return unit->in_plan ? 2 : 1;
}

static int by_rank(const void *a, const void *b)
{
        int order = rank(a) - rank(b);

        return order != 0 ? order : by_path(a, b);
}

static void sort(struct units *units)
{
        size_t kept = 0;

        if (units->n_items == 0)
                return;
        qsort(units->items, units->n_items, sizeof(*units->items), by_path);
        for (size_t i = 0; i < units->n_items; i++) {
                struct unit *last = kept > 0 ? &units->items[kept - 1] : NULL;

                if (last != NULL && by_path(last, &units->items[i]) == 0) {
                        last->in_plan |= units->items[i].in_plan;
                        last->in_removal |= units->items[i].in_removal;
                } else {
                        units->items[kept++] = units->items[i];
                }
        }
        units->n_items = kept;
        qsort(units->items, units->n_items, sizeof(*units->items), by_rank);
}

/* Is this the bytecode of a top-level module that goes? "six.cpython-313.pyc" of "six.py". */
static bool is_bytecode_of_removed(const struct removal *removal, enum plan_root root, const char *name)
{
        _cleanup_free_ char *source = user_files_source("", name);

        return source != NULL && removal_has(removal, root, source);
}

static bool is_shared_bytecode(enum plan_root root, const char *path)
{
        return is_lib(root) && str_starts(path, "__pycache__/");
}

static bool plan_shares_bytecode(const struct plan *plan, enum plan_root root)
{
        for (size_t i = 0; plan != NULL && i < plan->n_files; i++)
                if (plan->files[i].root == root && is_shared_bytecode(root, plan->files[i].path))
                        return true;
        return false;
}

/* What of site-packages/__pycache__ goes: the bytecode of top-level modules that go, for every interpreter, which
 * RECORD does not know. When nothing else is in the directory the directory goes, as pip takes it away. */
static int add_shared_bytecode(const struct txn *txn, const struct plan *plan, const struct removal *removal,
                               struct units *units)
{
        enum plan_root root = removal->lib;
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        size_t before = units->n_items;
        const char *name;
        bool all = true;
        int r = dir_iter_open(&names, file_open_beneath(txn->roots[root].fd, "__pycache__", O_RDONLY | O_DIRECTORY, 0));

        if (r == -ENOENT || r == -ELOOP || r == -ENOTDIR)
                return 0;
        while (r == 0 && (name = dir_iter_next(&names)) != NULL) {
                const char *path = arena_format(&units->arena, "__pycache__/%s", name);

                if (path == NULL)
                        r = -ENOMEM;
                else if (path_is_plain(path) &&
                         (removal_has(removal, root, path) || is_bytecode_of_removed(removal, root, name)))
                        r = add_unit(units, root, path, false);
                else
                        all = false;
        }
        if (r == 0)
                r = names.error;
        if (r == 0 && all && units->n_items > before && !plan_shares_bytecode(plan, root)) {
                units->n_items = before;
                r = add_unit(units, root, "__pycache__", false);
        }
        return r;
}

static int list_units(const struct txn *txn, const struct plan *plan, const struct removal *removal,
                      struct units *units)
{
        int r = 0;

        for (size_t i = 0; plan != NULL && r == 0 && i < plan->n_files; i++)
                r = add_unit(units, plan->files[i].root, plan->files[i].path, true);
        for (size_t i = 0; r == 0 && i < removal->n_paths; i++)
                if (!is_shared_bytecode(removal->paths[i].root, removal->paths[i].path))
                        r = add_unit(units, removal->paths[i].root, removal->paths[i].path, false);
        if (r == 0 && removal->n_paths > 0)
                r = add_shared_bytecode(txn, plan, removal, units);
        if (r == 0)
                sort(units);
        return r;
}

/* 1: a directory; 2: anything else; 0: nothing there, also when a file or a link is in the place of a directory on the
 * way: what lies behind that is none of ours; -errno. */
static int look(const struct txn *txn, const struct unit *unit)
{
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (txn->roots[unit->root].fd < 0)
                return 0;
        fd = file_open_beneath(txn->roots[unit->root].fd, unit->path, O_PATH | O_NOFOLLOW, 0);
        if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
                return 0;
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        return S_ISDIR(st.st_mode) ? 1 : 2;
}

static int in_the_way(const struct txn *txn, const struct unit *unit, int found, struct pipseed_error *err)
{
        _cleanup_free_ char *path = path_join(txn->roots[unit->root].path, unit->path);

        error_set(err, PIPSEED_E_BAD_TARGET, path, "%s is in the place of a %s",
                  found == 1 ? "a directory" : "a file or link", unit->is_dir ? "package's directory" : "file");
        return error_hint(err, "move it away, then try again");
}

static int add_dir(struct txn *txn, const struct unit *unit, const struct removal *removal, struct pipseed_error *err)
{
        int found = look(txn, unit);
        struct user_files user_files = {0};
        int r;

        if (found < 0)
                return error_sys(err, found, txn->roots[unit->root].path, "cannot access '%s'", unit->path);
        if (found == 0)
                return unit->in_plan ? txn_add(txn, CHANGE_PUT, unit->root, unit->path, err) : 0;
        if (found == 2)
                return unit->in_plan ? in_the_way(txn, unit, found, err)
                                     : txn_add(txn, CHANGE_TAKE, unit->root, unit->path, err);
        r = user_files_link(txn, unit->root, unit->path, removal, &user_files, err);
        if (r == 0)
                r = txn_add(txn, unit->in_plan || user_files.n > 0 ? CHANGE_SWAP : CHANGE_TAKE, unit->root, unit->path,
                            err);
        for (size_t i = 0; r == 0 && i < user_files.n_carried; i++)
                r = txn_add_carried(txn, unit->root, user_files.carried[i], err);
        return r;
}

static int add_parents(struct txn *txn, const struct unit *unit, struct pipseed_error *err)
{
        _cleanup_free_ char *parent = path_dir(unit->path);
        struct unit directory = {.root = unit->root, .path = parent, .is_dir = true};
        int found;

        if (parent == NULL)
                return error_memory(err);
        if (strcmp(parent, ".") == 0)
                return 0;
        for (size_t i = 0; i < txn->n_changes; i++)
                if (txn->changes[i].kind == CHANGE_MKDIR && txn->changes[i].root == unit->root &&
                    strcmp(txn->changes[i].path, parent) == 0)
                        return 0;
        found = look(txn, &directory);
        if (found == 1)
                return 0;
        if (found == 2)
                return in_the_way(txn, &directory, found, err);
        if (found < 0)
                return error_sys(err, found, txn->roots[unit->root].path, "cannot access '%s'", parent);
        /* A directory of its own for each missing level, so that each can be undone. */
        return add_parents(txn, &directory, err) < 0 ? err->code : txn_add(txn, CHANGE_MKDIR, unit->root, parent, err);
}

static int add_file(struct txn *txn, const struct unit *unit, struct pipseed_error *err)
{
        int found = look(txn, unit);
        int r;

        if (found < 0)
                return error_sys(err, found, txn->roots[unit->root].path, "cannot access '%s'", unit->path);
        if (!unit->in_plan)
                return found > 0 && (found == 2 || strcmp(unit->path, "__pycache__") == 0)
                               ? txn_add(txn, CHANGE_TAKE, unit->root, unit->path, err)
                               : 0;
        if (found == 1)
                return in_the_way(txn, unit, found, err);
        r = add_parents(txn, unit, err);
        if (r < 0)
                return r;
        return txn_add(txn, found == 2 ? CHANGE_SWAP : CHANGE_PUT, unit->root, unit->path, err);
}

int merge_add_changes(struct txn *txn, const struct plan *plan, const struct removal *removal,
                      struct pipseed_error *err)
{
        _cleanup_(units_done) struct units units = {0};
        int r = list_units(txn, plan, removal, &units);

        if (r < 0)
                return error_sys(err, r, txn->roots[PLAN_LIB].path, "cannot list the changes");
        for (size_t i = 0; r == 0 && i < units.n_items; i++)
                r = units.items[i].is_dir ? add_dir(txn, &units.items[i], removal, err)
                                          : add_file(txn, &units.items[i], err);
        return r;
}
