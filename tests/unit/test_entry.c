/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include "base/error.h"
#include "store/make.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

static void assert_files(const struct entry *entry)
{
        assert_int_equal(entry->files.info.n_files, DEMO_N);
        for (size_t i = 0; i < DEMO_N; i++) {
                const struct wheel_file *file = &entry->files.info.files[i];
                _cleanup_free_ char *text = NULL;
                struct stat st;

                assert_string_equal(file->path, demo_files[i].path);
                assert_int_equal(file->executable, demo_files[i].executable);
                assert_int_equal(file_read(entry->files_fd, file->path, 1 << 20, &text, NULL), 0);
                assert_string_equal(text, demo_files[i].content);
                assert_int_equal(fstatat(entry->files_fd, file->path, &st, AT_SYMLINK_NOFOLLOW), 0);
                assert_true(manifest_stat_fits(&entry->files, i, &st, false));
        }
}

static void assert_bytecode(const struct entry *entry)
{
        assert_int_equal(entry->pyc.info.n_files, DEMO_N_PYC);
        for (size_t i = 0; i < DEMO_N_PYC; i++) {
                const struct wheel_file *source = &entry->files.info.files[entry->pyc.source[i]];
                struct stat st;

                assert_true(str_ends(source->path, ".py"));
                assert_int_equal(fstatat(entry->pyc_fd, entry->pyc.info.files[i].path, &st, 0), 0);
                assert_true(manifest_stat_fits(&entry->pyc, i, &st, false));
        }
}

static void made_once_and_found_again(void **state)
{
        _cleanup_(entry_freep) struct entry *made = get_entry();
        _cleanup_(entry_freep) struct entry *found = get_entry();
        char hex[HASH_HEX_SIZE];

        (void)state;
        hash_to_hex(demo_sha256, hex);
        assert_string_equal(made->name, hex);
        assert_true(made->was_made);
        assert_false(found->was_made);
        assert_int_equal(demo_reads, 1);
        assert_files(made);
        assert_files(found);
        assert_bytecode(made);
        assert_bytecode(found);
        assert_string_equal(found->files.info.filename, DEMO);
        assert_int_equal(found->files.info.n_entry_points, 1);
        assert_memory_equal(found->files.info.sha256, demo_sha256, HASH_SIZE);
        assert_int_equal(tree_count("cache/v1/tmp"), 0);
        assert_int_equal(tree_count("cache/v1/wheels"), 1);
}

/* Nobody may want the entry that a killed run was making: any use of the store removes what it left. */
static void found_ones_sweep(void **state)
{
        _cleanup_(entry_freep) struct entry *made = get_entry();

        (void)state;
        (void)made;
        tree_file("cache/v1/tmp/0123456789abcdef/files/x", "x");
        _cleanup_(entry_freep) struct entry *found = get_entry();
        assert_false(found->was_made);
        assert_int_equal(tree_count("cache/v1/tmp"), 0);
}

/* A planner rewrites the scripts of .data: it needs their bytes, and no others. */
static void scripts_have_their_bytes(void **state)
{
        (void)state;
        for (int round = 0; round < 2; round++) {
                _cleanup_(entry_freep) struct entry *entry = get_entry();

                for (size_t i = 0; i < DEMO_N; i++) {
                        const struct wheel_file *file = &entry->files.info.files[i];

                        if (i == 0)
                                assert_memory_equal(file->data, demo_files[0].content, file->size);
                        else
                                assert_null(file->data);
                }
        }
}

static void without_bytecode(void **state)
{
        _cleanup_(entry_freep) struct entry *plain = NULL;
        _cleanup_(entry_freep) struct entry *compiled = NULL;
        ino_t inode;

        (void)state;
        demo_query.bytecode = PIPSEED_BYTECODE_NO;
        plain = get_entry();
        assert_int_equal(plain->pyc_fd, -1);
        assert_int_equal(plain->pyc.info.n_files, 0);
        assert_null(plain->pyc_suffix);
        inode = plain->files.stats[0].inode;
        /* Bytecode is added to the entry that is there: the wheel is not read again. */
        demo_query.bytecode = PIPSEED_BYTECODE_YES;
        compiled = get_entry();
        assert_true(compiled->was_made);
        assert_int_equal(demo_reads, 1);
        assert_int_equal(compiled->files.stats[0].inode, inode);
        assert_bytecode(compiled);
        demo_query.bytecode = PIPSEED_BYTECODE_CHECKED_HASH;
        entry_free(steal_ptr(compiled));
        compiled = get_entry();
        assert_true(compiled->was_made);
        assert_true(str_ends(compiled->pyc_name, "-checked"));
        assert_int_equal(demo_reads, 1);
        assert_int_equal(tree_count("cache/v1/wheels"), 1);
}

static const struct {
        mode_t umask;
        const char *suffix;
        mode_t plain, executable, pyc;
} masks[] = {
        {022, "", 0644, 0755, 0644},      {002, "", 0644, 0755, 0644}, /* never writable by a group: share.h */
        {077, "-m600", 0600, 0711, 0600}, {0, "", 0644, 0755, 0644},    {007, "-m640", 0640, 0751, 0640},
        {027, "-m640", 0640, 0751, 0640}, {0133, "", 0644, 0755, 0644}, /* the same plain mode: the same entry */
};

static void one_entry_for_each_mode(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
                _cleanup_(entry_freep) struct entry *entry = NULL;
                struct stat st;

                demo_query.umask = masks[i].umask;
                entry = get_entry();
                assert_string_equal(entry->name + HASH_HEX_SIZE - 1, masks[i].suffix);
                assert_int_equal(fstatat(entry->files_fd, "demo/mod.py", &st, 0), 0);
                assert_int_equal(st.st_mode & 07777, masks[i].plain);
                assert_int_equal(fstatat(entry->files_fd, "demo/tool.sh", &st, 0), 0);
                assert_int_equal(st.st_mode & 07777, masks[i].executable);
                assert_int_equal(fstatat(entry->pyc_fd, entry->pyc.info.files[0].path, &st, 0), 0);
                assert_int_equal(st.st_mode & 07777, masks[i].pyc);
        }
        assert_int_equal(demo_reads, 3);
}

/* Names are those of the interpreter and of what its bytecode depends on. */
static void names_bytecode(void **state)
{
        struct target target = {.run_exe = "/py",
                                .cache_tag = "cpython-36",
                                .magic = {0x33, 0x0d, 0x0d, 0x0a},
                                .major = 3,
                                .minor = 6,
                                .implementation = implementation_find("cpython")};
        struct target pypy = {.run_exe = "/py",
                              .cache_tag = "pypy36",
                              .magic = {0xf0, 0, 0x0d, 0x0a},
                              .major = 3,
                              .minor = 6,
                              .implementation = implementation_find("pypy")};
        const struct {
                const struct target *target;
                enum pipseed_bytecode bytecode;
                const char *epoch, *expected;
        } rows[] = {
                {&target, PIPSEED_BYTECODE_YES, NULL, "pyc-cpython-36-330d0d0a"},
                {&target, PIPSEED_BYTECODE_CHECKED_HASH, NULL, "pyc-cpython-36-330d0d0a"}, /* before PEP 552 */
                {&pypy, PIPSEED_BYTECODE_CHECKED_HASH, NULL, "pyc-pypy36-f0000d0a-checked"},
                {&pypy, PIPSEED_BYTECODE_YES, "", "pyc-pypy36-f0000d0a"},
                {&pypy, PIPSEED_BYTECODE_YES, "1700000000", "pyc-pypy36-f0000d0a-checked"},
                {&target, PIPSEED_BYTECODE_YES, "1700000000", "pyc-cpython-36-330d0d0a"},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct entry_query query = {.target = rows[i].target, .bytecode = rows[i].bytecode};
                _cleanup_free_ char *name = NULL;

                (void)(rows[i].epoch != NULL ? setenv("SOURCE_DATE_EPOCH", rows[i].epoch, 1)
                                             : unsetenv("SOURCE_DATE_EPOCH"));
                name = make_bytecode_name(&query);
                assert_string_equal(name, rows[i].expected);
                assert_true(make_wants_bytecode(&query));
        }
        (void)unsetenv("SOURCE_DATE_EPOCH");
        target.run_exe = NULL;
        assert_false(make_wants_bytecode(&(struct entry_query){.target = &target}));
        assert_false(make_wants_bytecode(&(struct entry_query){.target = &pypy, .bytecode = PIPSEED_BYTECODE_NO}));
}

static void remove_manifest(const struct entry *entry)
{
        assert_int_equal(unlink(tree_path(entry_file(entry, "manifest"))), 0);
}

static void cut_manifest(const struct entry *entry)
{
        assert_int_equal(truncate(tree_path(entry_file(entry, "manifest")), 100), 0);
}

static void remove_files(const struct entry *entry)
{
        assert_int_equal(rename(tree_path(entry_file(entry, "files")), tree_path("gone")), 0);
}

static void rot(const struct entry *entry)
{
        const char *name = entry_file(entry, "files/demo/mod.py");
        struct timespec times[2];
        struct stat st;

        assert_int_equal(stat(tree_path(name), &st), 0);
        tree_file(name, "def main():\n    return 43\n");
        times[0] = st.st_atim;
        times[1] = st.st_mtim;
        assert_int_equal(utimensat(AT_FDCWD, tree_path(name), times, 0), 0);
        tree_file(entry_file(entry, "epoch"), "an earlier boot");
}

/* The wheel's own manifest in the name of another one. */
static void swap_identity(const struct entry *entry)
{
        _cleanup_free_ char *text = tree_read(entry_file(entry, "manifest"));
        _cleanup_(manifest_done) struct manifest manifest = {0};
        _cleanup_(str_done) struct str out = STR_INIT;

        assert_true(manifest_read(text, strlen(text), &manifest));
        manifest.info.sha256[0] = (uint8_t)~manifest.info.sha256[0];
        manifest_write(&out, &manifest);
        tree_file(entry_file(entry, "manifest"), out.data);
}

static void cut_script(const struct entry *entry)
{
        assert_int_equal(truncate(tree_path(entry_file(entry, "files/demo-1.0.data/scripts/hello")), 3), 0);
}

static void (*const damages[])(const struct entry *) = {
        remove_manifest, cut_manifest, remove_files, rot, swap_identity, cut_script,
};

static void damaged_entry_is_made_anew(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
                _cleanup_(entry_freep) struct entry *first = get_entry();
                _cleanup_(entry_freep) struct entry *second = NULL;
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                demo_reads = 0;
                damages[i](first);
                second = get_entry();
                if (!second->was_made || demo_reads != 1)
                        fail_msg("damage %zu was not seen", i);
                assert_files(second);
                assert_bytecode(second);
                assert_int_equal(tree_count("cache/v1/tmp"), 0);
                assert_int_equal(entry_discard(second, &err), 0);
        }
}

static void damaged_bytecode_is_made_anew(void **state)
{
        (void)state;
        for (int i = 0; i < 3; i++) {
                _cleanup_(entry_freep) struct entry *first = get_entry();
                _cleanup_(entry_freep) struct entry *second = NULL;
                _cleanup_free_ char *manifest = str_format("%s/manifest", first->pyc_name);
                _cleanup_free_ char *epoch = str_format("%s/epoch", first->pyc_name);
                _cleanup_free_ char *pyc = str_format("%s/files/%s", first->pyc_name, first->pyc.info.files[0].path);

                demo_reads = 0;
                if (i == 0) {
                        assert_int_equal(unlink(tree_path(entry_file(first, manifest))), 0);
                } else if (i == 1) {
                        assert_int_equal(truncate(tree_path(entry_file(first, manifest)), 50), 0);
                } else {
                        tree_file(entry_file(first, pyc), "rot");
                        tree_file(entry_file(first, epoch), "an earlier boot");
                }
                second = get_entry();
                assert_true(second->was_made);
                assert_int_equal(demo_reads, 0); /* the wheel's files are good */
                assert_int_equal(second->files.stats[0].inode, first->files.stats[0].inode);
                assert_bytecode(second);
        }
}

static void discarded_entry_is_made_anew(void **state)
{
        _cleanup_(entry_freep) struct entry *first = get_entry();
        _cleanup_(entry_freep) struct entry *second = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        assert_int_equal(entry_discard(first, &err), 0);
        assert_int_equal(tree_count("cache/v1/wheels"), 0);
        second = get_entry();
        assert_true(second->was_made);
        assert_int_equal(demo_reads, 2);
}

/* Who comes second finds the first one's entry in the place: it is as good as his own. */
static void second_maker_loses(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(entry_freep) struct entry *entry = NULL;
        ino_t inode;
        struct stat st;

        (void)state;
        demo_query.bytecode = PIPSEED_BYTECODE_NO;
        entry = get_entry();
        assert_int_equal(fstat(entry->fd, &st), 0);
        inode = st.st_ino;
        assert_int_equal(make_missing(demo_store, &demo_query, NULL, &err), 0);
        assert_int_equal(tree_count("cache/v1/wheels"), 1);
        assert_int_equal(tree_count("cache/v1/tmp"), 0);
        assert_int_equal(stat(tree_path(entry_file(entry, "")), &st), 0);
        assert_int_equal(st.st_ino, inode);
}

/* What a killed run left in tmp/ goes with the next one that makes something. */
static void making_sweeps(void **state)
{
        (void)state;
        tree_file("cache/v1/tmp/0123456789abcdef/files/x", "x");
        entry_free(get_entry());
        assert_int_equal(tree_count("cache/v1/tmp"), 0);
}

static void failures_leave_nothing(void **state)
{
        static const struct {
                const char *filename;
                int fault, expected;
                bool other_sha, bad_python;
        } rows[] = {
                {DEMO, PIPSEED_E_NO_WHEEL, PIPSEED_E_NO_WHEEL, false, false},
                {DEMO, 0, PIPSEED_E_WHEEL_HASH, true, false},
                {"other-1.0-py3-none-any.whl", 0, PIPSEED_E_DIST_INFO, false, false},
                {DEMO, 0, PIPSEED_E_COMPILE_FAILED, false, true},
        };
        static const uint8_t other[HASH_SIZE] = {1};
        struct target broken = *demo_target;

        (void)state;
        broken.run_exe = "/bin/false";
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct entry *entry = NULL;

                demo_query.filename = rows[i].filename;
                demo_query.sha256 = rows[i].other_sha ? other : demo_sha256;
                demo_query.target = rows[i].bad_python ? &broken : demo_target;
                demo_fault = rows[i].fault;
                if (entry_get(&demo_query, &entry, &err) != rows[i].expected)
                        fail_msg("row %zu: %s %s", i, pipseed_code_name(err.code), err.message);
                assert_null(entry);
                assert_int_equal(tree_count("cache/v1/wheels"), 0);
                assert_int_equal(tree_count("cache/v1/tmp"), 0);
        }
}

static void looks_through_stores_in_order(void **state)
{
        _cleanup_(store_freep) struct store *system = NULL;
        _cleanup_(entry_freep) struct entry *first = get_entry();
        _cleanup_(entry_freep) struct entry *second = NULL;
        _cleanup_(entry_freep) struct entry *third = NULL;
        struct entry_query query = demo_query;
        const struct store *stores[2];

        (void)state;
        (void)first;
        /* The one that was made becomes the system's; the own one is empty. */
        system = store_at("cache", STORE_SYSTEM);
        stores[0] = system;
        stores[1] = demo_store;
        store_free(demo_store);
        demo_store = store_at("own", STORE_OWN);
        stores[1] = demo_store;
        demo_query.stores = stores;
        demo_query.n_stores = 2;
        demo_reads = 0;
        second = get_entry();
        assert_ptr_equal(second->store, system);
        assert_int_equal(demo_reads, 0);
        /* What the first one lacks is made in the last one. */
        demo_query.bytecode = PIPSEED_BYTECODE_CHECKED_HASH;
        third = get_entry();
        assert_ptr_equal(third->store, demo_store);
        assert_int_equal(demo_reads, 1);
        assert_int_equal(tree_count("cache/v1/wheels"), 1);
        assert_int_equal(tree_count("own/v1/wheels"), 1);
        demo_query = query;
}

/* Open entries are locked shared: several may have one open, and nobody may take it exclusively. */
static void open_entry_is_locked(void **state)
{
        struct entry *a = get_entry();
        struct entry *b = get_entry();
        _cleanup_close_ int fd = file_open_dir(tree_path(entry_file(a, "")));

        (void)state;
        assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
        assert_int_equal(errno, EWOULDBLOCK);
        entry_free(a);
        assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
        entry_free(b);
        assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
}

static void notes_its_use(void **state)
{
        static const struct {
                int64_t age;
                bool noted;
        } rows[] = {{100, false}, {3500, false}, {3700, true}, {86400 * 40, true}};

        (void)state;
        entry_free(get_entry());
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(entry_freep) struct entry *entry = get_entry();
                const struct timespec then[2] = {{.tv_sec = time(NULL) - rows[i].age},
                                                 {.tv_sec = time(NULL) - rows[i].age}};
                struct stat st;

                assert_int_equal(futimens(entry->fd, then), 0);
                entry_free(steal_ptr(entry));
                entry = get_entry();
                assert_int_equal(fstat(entry->fd, &st), 0);
                if ((st.st_mtime != then[1].tv_sec) != rows[i].noted)
                        fail_msg("age %lld", (long long)rows[i].age);
        }
}

static void tells_paths(void **state)
{
        _cleanup_(entry_freep) struct entry *entry = get_entry();
        _cleanup_free_ char *files = entry_path(entry, NULL);
        _cleanup_free_ char *pyc = entry_path(entry, entry->pyc_name);
        _cleanup_free_ char *mod = str_format("%s/demo/mod.py", files);
        _cleanup_free_ char *deep = str_format("%s/%s", pyc, entry->pyc.info.files[0].path);

        (void)state;
        assert_int_equal(access(mod, R_OK), 0);
        assert_int_equal(access(deep, R_OK), 0);
}

/* Processes that start at once unpack once; all get the same files. */
static void made_once_by_many(void **state)
{
        enum { N = 6 };
        pid_t pids[N];
        int made = 0;

        (void)state;
        for (size_t i = 0; i < N; i++) {
                pids[i] = fork();
                if (pids[i] == 0) {
                        struct pipseed_error err = PIPSEED_ERROR_INIT;
                        struct entry *entry = NULL;

                        if (entry_get(&demo_query, &entry, &err) < 0)
                                _exit(9);
                        _exit((int)demo_reads);
                }
        }
        for (size_t i = 0; i < N; i++) {
                int status = -1;

                assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
                assert_true(WIFEXITED(status));
                assert_in_range(WEXITSTATUS(status), 0, 1);
                made += WEXITSTATUS(status);
        }
        assert_int_equal(made, 1);
        assert_int_equal(tree_count("cache/v1/tmp"), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(made_once_and_found_again, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(found_ones_sweep, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(scripts_have_their_bytes, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(without_bytecode, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(one_entry_for_each_mode, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(names_bytecode, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(damaged_entry_is_made_anew, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(damaged_bytecode_is_made_anew, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(discarded_entry_is_made_anew, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(second_maker_loses, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(making_sweeps, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(failures_leave_nothing, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(looks_through_stores_in_order, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(open_entry_is_locked, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(notes_its_use, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(tells_paths, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(made_once_by_many, store_setup, store_teardown),
        };

        (void)unsetenv("SOURCE_DATE_EPOCH");
        return cmocka_run_group_tests(tests, NULL, store_end);
}
