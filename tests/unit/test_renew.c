/* SPDX-License-Identifier: MIT */
#include "tree_fixture.h"

#include "store/fill.h"
#include "store/renew.h"

#include <dirent.h>
#include <sys/file.h>

#define ENTRY "cache/v1/wheels/demo"

static struct wheel_file files[] = {
        {.path = "demo/a.py", .data = (const uint8_t *)"a = 1\n", .size = 6},
        {.path = "demo/b.py", .data = (const uint8_t *)"b = 22\n", .size = 7, .executable = true},
        {.path = "demo/c.py", .data = (const uint8_t *)"c = 333\n", .size = 8},
};
enum { A, B, C, N };

struct fixture {
        struct store *store;
        struct entry entry;
};

static int open_dir(const char *path)
{
        int fd = open(tree_path(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_true(fd >= 0);
        return fd;
}

/* The entry as another process sees it that opens it now. */
static void open_entry(const struct store *store, struct entry *ret_entry)
{
        struct entry entry = {.store = store,
                              .fd = open_dir(ENTRY),
                              .files_fd = open_dir(ENTRY "/files"),
                              .pyc_fd = -1};
        _cleanup_free_ char *text = NULL;
        size_t len;

        assert_int_equal(file_read(entry.fd, "manifest", 65536, &text, &len), 0);
        assert_true(manifest_read(text, len, &entry.files));
        *ret_entry = entry;
}

static void close_entry(struct entry *entry)
{
        manifest_done(&entry->files);
        (void)close(entry->files_fd);
        (void)close(entry->fd);
}

/* a and b have three links, c has two. */
static void make(struct fixture *fixture)
{
        struct wheel wheel = {.info = {.filename = "demo-1-py3-none-any.whl",
                                       .project = "demo",
                                       .version = "1",
                                       .dist_info = "demo-1.dist-info",
                                       .data_dir = "demo-1.data",
                                       .files = files,
                                       .n_files = N}};
        static const char *const links[][2] = {{"a", "a1"}, {"a", "a2"}, {"b", "b1"}, {"b", "b2"}, {"c", "c1"}};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct manifest manifest;
        int fd, files_fd;

        tree_dir("cache");
        tree_dir("env");
        assert_int_equal(store_open(AT_FDCWD, tree_path("cache"), tree_path("cache"), STORE_OWN, &fixture->store, &err),
                         0);
        tree_dir(ENTRY "/files");
        fd = open_dir(ENTRY);
        files_fd = open_dir(ENTRY "/files");
        for (size_t i = 0; i < N; i++)
                hash_of(files[i].data, files[i].size, files[i].sha256);
        assert_int_equal(fill_files(files_fd, &wheel, 022, "demo", &(struct progress){0}, &manifest, &err), 0);
        assert_int_equal(fill_manifest(fd, &manifest), 0);
        manifest_done(&manifest);
        (void)close(fd);
        (void)close(files_fd);
        for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
                char from[64], to[64];

                (void)snprintf(from, sizeof(from), ENTRY "/files/demo/%s.py", links[i][0]);
                (void)snprintf(to, sizeof(to), "env/%s", links[i][1]);
                assert_int_equal(link(tree_path(from), tree_path(to)), 0);
        }
        open_entry(fixture->store, &fixture->entry);
}

static void done(struct fixture *fixture)
{
        close_entry(&fixture->entry);
        store_free(fixture->store);
}

static struct stat look(size_t i)
{
        char path[64];
        struct stat st;

        (void)snprintf(path, sizeof(path), ENTRY "/files/%s", files[i].path);
        assert_int_equal(lstat(tree_path(path), &st), 0);
        return st;
}

static void assert_fits(const struct entry *entry, size_t i)
{
        struct stat st = look(i);

        assert_true(manifest_stat_fits(&entry->files, i, &st, false));
}

static void assert_no_leftovers(void)
{
        DIR *dir = opendir(tree_path("cache/v1/tmp"));
        size_t n = 0;

        assert_non_null(dir);
        while (readdir(dir) != NULL)
                n++;
        (void)closedir(dir);
        assert_int_equal(n, 2);
}

/* All that have as many links as the full one get fresh copies; the environment keeps the old ones. */
static void test_full_files_are_renewed(void **state)
{
        static const bool renewed[N] = {[A] = true, [B] = true};
        struct fixture fixture;
        struct entry other;
        struct stat before[N], kept;

        (void)state;
        make(&fixture);
        for (size_t i = 0; i < N; i++)
                before[i] = look(i);
        assert_int_equal(renew_files(&fixture.entry, &fixture.entry.files, A, true), 0);
        open_entry(fixture.store, &other);
        for (size_t i = 0; i < N; i++) {
                _cleanup_free_ char *text = NULL;
                struct stat now = look(i);

                assert_int_equal(now.st_ino != before[i].st_ino, renewed[i]);
                assert_int_equal(now.st_nlink, renewed[i] ? 1 : 2);
                assert_int_equal(now.st_mode, before[i].st_mode);
                assert_memory_equal(&now.st_mtim, &before[i].st_mtim, sizeof(now.st_mtim));
                assert_int_equal(file_read(other.files_fd, files[i].path, 100, &text, NULL), 0);
                assert_string_equal(text, (const char *)files[i].data);
                assert_fits(&fixture.entry, i);
                assert_fits(&other, i);
        }
        assert_int_equal(lstat(tree_path("env/a1"), &kept), 0);
        assert_int_equal(kept.st_ino, before[A].st_ino);
        assert_no_leftovers();
        close_entry(&other);
        done(&fixture);
}

/* Two processes met the limit: the second one finds the first one's copies and makes none. */
static void test_one_of_two_renews(void **state)
{
        struct fixture fixture;
        struct entry other;
        struct stat renewed;

        (void)state;
        make(&fixture);
        open_entry(fixture.store, &other);
        assert_int_equal(renew_files(&fixture.entry, &fixture.entry.files, A, true), 0);
        renewed = look(A);
        assert_false(manifest_stat_fits(&other.files, A, &renewed, false));
        assert_int_equal(renew_files(&other, &other.files, A, true), 0);
        assert_int_equal(look(A).st_ino, renewed.st_ino);
        assert_fits(&other, A);
        assert_fits(&other, B);
        close_entry(&other);
        done(&fixture);
}

/* Somebody who only met a file that it does not know. */
static void test_stats_are_refreshed(void **state)
{
        struct fixture fixture;
        struct entry other;

        (void)state;
        make(&fixture);
        open_entry(fixture.store, &other);
        assert_int_equal(renew_files(&fixture.entry, &fixture.entry.files, B, true), 0);
        assert_int_equal(renew_files(&other, &other.files, B, false), 0);
        for (size_t i = 0; i < N; i++)
                assert_fits(&other, i);
        close_entry(&other);
        done(&fixture);
}

static void append(void)
{
        tree_file(ENTRY "/files/demo/a.py", "a = 1\n# edited\n");
}

static void edit_quietly(void)
{
        struct stat st = look(A);
        const struct timespec times[2] = {st.st_atim, st.st_mtim};

        tree_file(ENTRY "/files/demo/a.py", "a = 2\n");
        assert_int_equal(utimensat(AT_FDCWD, tree_path(ENTRY "/files/demo/a.py"), times, 0), 0);
}

static void take_away(void)
{
        assert_int_equal(rename(tree_path(ENTRY "/files/demo/a.py"), tree_path("moved")), 0);
}

static void cut_manifest(void)
{
        assert_int_equal(truncate(tree_path(ENTRY "/manifest"), 100), 0);
}

/* Damage gets no fresh inode: it stays to be seen. */
static void test_damage_is_not_renewed(void **state)
{
        static void (*const damages[])(void) = {append, edit_quietly, take_away, cut_manifest};

        for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
                struct stat before, now;
                struct fixture fixture;

                assert_int_equal(tree_setup(state), 0);
                make(&fixture);
                before = look(A);
                damages[i]();
                assert_int_equal(renew_files(&fixture.entry, &fixture.entry.files, A, true), -ESTALE);
                if (damages[i] != take_away) {
                        now = look(A);
                        assert_int_equal(now.st_ino, before.st_ino);
                }
                assert_no_leftovers();
                done(&fixture);
                assert_int_equal(tree_teardown(state), 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_full_files_are_renewed, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_one_of_two_renews, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_stats_are_refreshed, tree_setup, tree_teardown),
                cmocka_unit_test(test_damage_is_not_renewed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
