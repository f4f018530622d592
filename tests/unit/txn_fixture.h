/* SPDX-License-Identifier: MIT */
/*
 * txn_fixture.h - transactions on a small environment in the temporary directory of tree_fixture.h.
 *
 *     struct txn *txn = fixture_open();               roots below env/: see fixture_roots
 *     fixture_stage(txn, PLAN_LIB, "pip/a.py", "new");
 *     fixture_add(txn, CHANGE_PUT, PLAN_LIB, "pip");
 *     fixture_listing("env")                          every name, type, mode and content, without staging directories
 */
#ifndef TXN_FIXTURE_H
#define TXN_FIXTURE_H

#include "tree_fixture.h"

#include "base/error.h"
#include "base/path.h"
#include "install/txn/change.h"
#include "install/txn/journal.h"
#include "install/txn/txn.h"

#include <dirent.h>
#include <errno.h>
#include <sys/file.h>
#include <sys/wait.h>

#define RIG_LIB "env/lib/python3.11/site-packages"

static const char *const fixture_roots[PLAN_N_ROOTS] = {
        [PLAN_LIB] = RIG_LIB,       [PLAN_OTHER_LIB] = RIG_LIB,
        [PLAN_SCRIPTS] = "env/bin", [PLAN_HEADERS] = "env/include/site/python3.11",
        [PLAN_DATA] = "env",
};

static struct txn_query fixture_query;
static const char *fixture_paths[PLAN_N_ROOTS];

/* In a temporary directory that is there already. */
static inline void fixture_begin(void)
{
        static char paths[PLAN_N_ROOTS][256];

        for (int i = 0; i < PLAN_N_ROOTS; i++) {
                (void)snprintf(paths[i], sizeof(paths[i]), "%s/%s", tree_root, fixture_roots[i]);
                fixture_paths[i] = paths[i];
        }
        fixture_query = (struct txn_query){.roots = fixture_paths, .umask = 022};
        tree_dir(RIG_LIB);
        tree_dir("env/bin");
        tree_file("env/pyvenv.cfg", "home = /usr/bin\n");
        tree_link("env/bin/python", "/usr/bin/python3");
}

static inline int fixture_setup(void **state)
{
        if (tree_setup(state) < 0)
                return -1;
        fixture_begin();
        return 0;
}

static inline struct txn *fixture_open(void)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct txn *txn = NULL;

        if (txn_open(&fixture_query, &txn, &err) < 0)
                fail_msg("%s: %s", err.path, err.message);
        return txn;
}

static inline struct txn *fixture_prepare(void)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct txn *txn = fixture_open();

        if (txn_prepare(txn, &err) < 0)
                fail_msg("%s: %s", err.path, err.message);
        return txn;
}

static inline void fixture_stage(struct txn *txn, enum plan_root root, const char *path, const char *content)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_free_ char *parent = path_dir(path);
        int fd = -1;

        if (txn_staged_fd(txn, root, &fd, &err) < 0)
                fail_msg("%s: %s", err.path, err.message);
        if (strcmp(parent, ".") != 0)
                assert_int_equal(file_make_dirs(fd, parent, 0777), 0);
        assert_int_equal(file_create(fd, path, 0644, content, strlen(content)), 0);
}

static inline void fixture_add_change(struct txn *txn, enum change_kind kind, enum plan_root root, const char *path)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        if (txn_add(txn, kind, root, path, &err) < 0)
                fail_msg("%s: %s", path, err.message);
}

static inline void fixture_commit(struct txn *txn)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        if (txn_commit(txn, &err) < 0)
                fail_msg("%s: %s", err.path, err.message);
}

static inline int fixture_by_name(const struct dirent **a, const struct dirent **b)
{
        return strcmp((*a)->d_name, (*b)->d_name);
}

static inline void fixture_list(struct str *out, const char *path, bool with_areas)
{
        struct dirent **names = NULL;
        int n = scandir(tree_path(path), &names, NULL, fixture_by_name);

        assert_true(n >= 0);
        for (int i = 0; i < n; i++) {
                const char *name = names[i]->d_name;
                _cleanup_free_ char *child = path_join(path, name);
                struct stat st;

                if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
                    (!with_areas && str_starts(name, ".pipseed-"))) {
                        free(names[i]);
                        continue;
                }
                assert_int_equal(lstat(tree_path(child), &st), 0);
                str_printf(out, "%s %o", child, st.st_mode);
                if (S_ISREG(st.st_mode)) {
                        _cleanup_free_ char *text = NULL;

                        assert_int_equal(file_read(AT_FDCWD, tree_path(child), 1 << 20, &text, NULL), 0);
                        str_printf(out, " \"%s\"", text);
                } else if (S_ISLNK(st.st_mode)) {
                        char target[256] = "";

                        assert_true(readlink(tree_path(child), target, sizeof(target) - 1) >= 0);
                        str_printf(out, " -> %s", target);
                }
                str_add(out, "\n");
                if (S_ISDIR(st.st_mode))
                        fixture_list(out, child, with_areas);
                free(names[i]);
        }
        free(names);
}

static inline char *fixture_listing_of(const char *path, bool with_areas)
{
        struct str out = STR_INIT;

        fixture_list(&out, path, with_areas);
        assert_false(out.failed);
        return str_steal(&out);
}

/* The target as others see it. */
static inline char *fixture_listing(const char *path)
{
        return fixture_listing_of(path, false);
}

/* The same with whatever was left in staging directories. */
static inline char *fixture_everything(const char *path)
{
        return fixture_listing_of(path, true);
}

static inline void fixture_assert_content(const char *name, const char *expected)
{
        _cleanup_free_ char *text = NULL;
        int r = file_read(AT_FDCWD, tree_path(name), 1 << 20, &text, NULL);

        if (r < 0)
                fail_msg("%s: %s", name, strerror(-r));
        if (strcmp(text, expected) != 0)
                fail_msg("%s: \"%s\", not \"%s\"", name, text, expected);
}

static inline bool fixture_has(const char *name)
{
        struct stat st;

        return lstat(tree_path(name), &st) == 0;
}

static inline ino_t fixture_inode(const char *name)
{
        struct stat st;

        assert_int_equal(lstat(tree_path(name), &st), 0);
        return st.st_ino;
}

/* "put lib pip" for each change, one a line. */
static inline char *fixture_changes(const struct txn *txn)
{
        static const char *const kinds[] = {"mkdir", "put", "swap", "take"};
        struct str out = STR_INIT;

        for (size_t i = 0; i < txn->n_changes; i++)
                str_printf(&out, "%s %s %s\n", kinds[txn->changes[i].kind], txn_staged_name(txn->changes[i].root),
                           txn->changes[i].path);
        return str_steal(&out);
}

#endif
