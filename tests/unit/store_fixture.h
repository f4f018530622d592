/* SPDX-License-Identifier: MIT */
/*
 * store_fixture.h - a small wheel, a store in a temporary directory, and the query that joins them. Each test begins
 * with an empty store.
 *
 *     cmocka_unit_test_setup_teardown(test, store_setup, store_teardown)
 *     entry_get(&demo_query, &entry, &err);                  demo_reads counts how often the wheel was asked for
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "tree_fixture.h"
#include "wheel_fixture.h"

#include "store/entry.h"
#include "target/target.h"

#define DEMO "demo-1.0-py3-none-any.whl"
#define DEMO_INFO "demo-1.0.dist-info"
#define DEMO_PYTHON "/usr/bin/python3"

static struct fixture demo_fixture;
static uint8_t demo_sha256[HASH_SIZE];
static unsigned int demo_reads;
static int demo_fault; /* what reading the wheel says */
static struct store *demo_store;
static const struct store *demo_stores[2];
static struct target *demo_target; /* DEMO_PYTHON, asked once for the whole program */
static struct entry_query demo_query;

static const struct {
        const char *path, *content;
        bool executable;
} demo_files[] = {
        {"demo-1.0.data/scripts/hello", "#!python\nprint('hello')\n", false},
        {DEMO_INFO "/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n", false},
        {DEMO_INFO "/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n", false},
        {DEMO_INFO "/entry_points.txt", "[console_scripts]\ndemo = demo.mod:main\n", false},
        {"demo/__init__.py", "", false},
        {"demo/broken.py", "def (:\n", false},
        {"demo/data.txt", "text\n", false},
        {"demo/mod.py", "def main():\n    return 42\n", false},
        {"demo/sub/deep.py", "x = 1\n", false},
        {"demo/tool.sh", "#!/bin/sh\n", true},
        {"single.py", "y = 2\n", false},
};
#define DEMO_N ARRAY_SIZE(demo_files)
#define DEMO_N_PYC 4 /* broken.py does not compile */

static inline void demo_build(void)
{
        fixture_start(&demo_fixture);
        for (size_t i = 0; i < DEMO_N; i++)
                fixture_add_mode(&demo_fixture, demo_files[i].path, demo_files[i].content,
                                 demo_files[i].executable ? 0100755 : RIG_REGULAR);
        record_write_row(&demo_fixture.record, DEMO_INFO "/RECORD", "", "");
        fixture_add(&demo_fixture, DEMO_INFO "/RECORD", demo_fixture.record.data);
        fixture_finish(&demo_fixture);
        hash_of(demo_fixture.zip.data, demo_fixture.zip.len, demo_sha256);
}

static inline int demo_read(void *data, const void **ret_bytes, size_t *ret_len, struct pipseed_error *err)
{
        (void)data;
        demo_reads++;
        if (demo_fault != 0) {
                err->code = demo_fault;
                return demo_fault;
        }
        *ret_bytes = demo_fixture.zip.data;
        *ret_len = demo_fixture.zip.len;
        return 0;
}

static inline struct store *store_at(const char *name, enum store_kind kind)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct store *store = NULL;

        tree_dir(name);
        if (store_open(AT_FDCWD, tree_path(name), tree_path(name), kind, &store, &err) < 0)
                fail_msg("%s", err.message);
        return store;
}

static inline int store_setup(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        const struct target_query query = {.python = DEMO_PYTHON};

        if (demo_target == NULL && target_find(&query, &demo_target, &err) < 0) {
                print_error("%s\n", err.message);
                return -1;
        }
        if (tree_setup(state) < 0)
                return -1;
        demo_build();
        demo_reads = 0;
        demo_fault = 0;
        demo_store = store_at("cache", STORE_OWN);
        demo_stores[0] = demo_store;
        demo_query = (struct entry_query){
                .stores = demo_stores,
                .n_stores = 1,
                .filename = DEMO,
                .path = "/w/" DEMO,
                .sha256 = demo_sha256,
                .read = demo_read,
                .umask = 022,
                .target = demo_target,
                .bytecode = PIPSEED_BYTECODE_YES,
                .jobs = 2,
        };
        return 0;
}

static inline int store_teardown(void **state)
{
        fixture_done(&demo_fixture);
        store_free(demo_store);
        demo_store = NULL;
        return tree_teardown(state);
}

static inline int store_end(void **state)
{
        (void)state;
        target_free(demo_target);
        demo_target = NULL;
        return 0;
}

static inline struct entry *get_entry(void)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct entry *entry = NULL;

        if (entry_get(&demo_query, &entry, &err) < 0)
                fail_msg("%s: %s", err.path, err.message);
        return entry;
}

/* The path of something in an entry, below the temporary directory. */
static inline const char *entry_file(const struct entry *entry, const char *name)
{
        static char paths[4][1024];
        static unsigned int next;
        char *path = paths[next++ % 4];

        (void)snprintf(path, sizeof(paths[0]), "cache/v1/wheels/%s/%s", entry->name, name);
        return path;
}

static inline bool tree_has(const char *name)
{
        struct stat st;

        return lstat(tree_path(name), &st) == 0;
}

static inline char *tree_read(const char *name)
{
        char *text = NULL;
        int r = file_read(AT_FDCWD, tree_path(name), 1 << 20, &text, NULL);

        if (r < 0)
                fail_msg("%s: %s", name, strerror(-r));
        return text;
}

static inline mode_t tree_mode(const char *name)
{
        struct stat st;

        assert_int_equal(lstat(tree_path(name), &st), 0);
        return st.st_mode & 07777;
}

/* Names in a directory, without "." and "..". */
static inline size_t tree_count(const char *name)
{
        _cleanup_free_ char *command = str_format("ls -A '%s' | wc -l", tree_path(name));
        FILE *pipe = popen(command, "r");
        char line[32] = "";

        assert_non_null(pipe);
        assert_non_null(fgets(line, sizeof(line), pipe));
        (void)pclose(pipe);
        return (size_t)atoi(line);
}

#endif
