/* SPDX-License-Identifier: MIT */
/*
 * tree_fixture.h - a temporary directory for tests that need files: each test begins with an empty one.
 *
 *     cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)
 *     tree_file("env/pyvenv.cfg", "home = /usr/bin\n");
 *     tree_link("env/bin/python", "python3");
 *     tree_path("env")                                 absolute, good for the next seven calls
 */
#ifndef TREE_FIXTURE_H
#define TREE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char tree_root[64];

static inline const char *tree_path(const char *name)
{
        static char paths[8][2048];
        static unsigned int next;
        char *path = paths[next++ % 8];

        (void)snprintf(path, sizeof(paths[0]), "%s%s%s", tree_root, name[0] != '\0' ? "/" : "", name);
        return path;
}

static inline void tree_dir(const char *name)
{
        assert_int_equal(file_make_dirs_abs(tree_path(name), 0755), 0);
}

static inline void tree_parent(const char *name)
{
        char parent[1024];

        (void)snprintf(parent, sizeof(parent), "%s", name);
        if (strrchr(parent, '/') != NULL) {
                *strrchr(parent, '/') = '\0';
                tree_dir(parent);
        }
}

static inline void tree_bytes(const char *name, const void *data, size_t len, mode_t mode)
{
        _cleanup_close_ int fd = -1;

        tree_parent(name);
        fd = open(tree_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
        assert_true(fd >= 0);
        assert_int_equal(file_write_all(fd, data, len), 0);
        assert_int_equal(fchmod(fd, mode), 0);
}

static inline void tree_file(const char *name, const char *text)
{
        tree_bytes(name, text, strlen(text), 0644);
}

static inline void tree_program(const char *name, const char *text)
{
        tree_bytes(name, text, strlen(text), 0755);
}

static inline void tree_link(const char *name, const char *target)
{
        tree_parent(name);
        assert_int_equal(symlink(target, tree_path(name)), 0);
}

/* One entry of a described tree: "dir/" a directory, "name -> target" a link, "name*" a program, else a file. */
static inline void tree_entry(const char *entry, const char *content)
{
        const char *arrow = strstr(entry, " -> ");
        size_t len = arrow != NULL ? (size_t)(arrow - entry) : strlen(entry);
        char name[512];

        (void)snprintf(name, sizeof(name), "%.*s", (int)len, entry);
        if (arrow != NULL) {
                tree_link(name, arrow + strlen(" -> "));
        } else if (str_ends(name, "/")) {
                name[len - 1] = '\0';
                tree_dir(name);
        } else if (str_ends(name, "*")) {
                name[len - 1] = '\0';
                tree_program(name, content);
        } else {
                tree_file(name, content);
        }
}

/* A valgrind does not pass on why a program could not be started. */
static inline bool on_valgrind(void)
{
        const char *preload = getenv("LD_PRELOAD");

        return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

static inline int tree_setup(void **state)
{
        (void)state;
        (void)snprintf(tree_root, sizeof(tree_root), "/tmp/pipseed-tree-XXXXXX");
        return mkdtemp(tree_root) != NULL ? 0 : -1;
}

static inline int tree_teardown(void **state)
{
        _cleanup_close_ int parent = file_open_dir("/tmp");

        (void)state;
        return file_remove_tree(parent, tree_root + strlen("/tmp/")) == 0 ? 0 : -1;
}

#endif
