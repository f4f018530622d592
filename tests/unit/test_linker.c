/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include "install/stage/linker.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

static struct entry *entry;
static int to_fd;

static int place_setup(void **state)
{
        if (store_setup(state) < 0)
                return -1;
        entry = get_entry();
        tree_dir("to");
        to_fd = file_open_dir(tree_path("to"));
        return to_fd >= 0 ? 0 : -1;
}

static int place_teardown(void **state)
{
        entry_free(steal_ptr(entry));
        cleanup_closep(&to_fd);
        return store_teardown(state);
}

static size_t index_of(const char *path)
{
        for (size_t i = 0; i < entry->files.info.n_files; i++)
                if (strcmp(entry->files.info.files[i].path, path) == 0)
                        return i;
        fail_msg("%s", path);
        return 0;
}

static struct linker_source source_of(const char *path)
{
        return (struct linker_source){.dir_fd = entry->files_fd,
                                      .name = path,
                                      .manifest = &entry->files,
                                      .index = index_of(path)};
}

static bool can_reflink(void)
{
        _cleanup_close_ int from = open(tree_path("reflink1"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        _cleanup_close_ int to = open(tree_path("reflink2"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        return from >= 0 && to >= 0 && file_write_all(from, "x", 1) == 0 && ioctl(to, FICLONE, from) == 0;
}

struct counts {
        unsigned int reflinked, hardlinked, copied, symlinked;
};

static void assert_counts(const struct linker *linker, const struct counts *expected)
{
        assert_int_equal(linker->n_placed[PIPSEED_LINK_REFLINK], expected->reflinked);
        assert_int_equal(linker->n_placed[PIPSEED_LINK_HARDLINK], expected->hardlinked);
        assert_int_equal(linker->n_placed[PIPSEED_LINK_COPY], expected->copied);
        assert_int_equal(linker->n_placed[PIPSEED_LINK_SYMLINK], expected->symlinked);
}

/* Without reflinks: ext4, tmpfs. */
static const struct {
        enum pipseed_link_mode mode;
        bool absolute;
        struct counts counts;
} modes[] = {
        {PIPSEED_LINK_AUTO, true, {0, 2, 0, 0}},     {PIPSEED_LINK_REFLINK, true, {0, 0, 2, 0}},
        {PIPSEED_LINK_HARDLINK, true, {0, 2, 0, 0}}, {PIPSEED_LINK_COPY, true, {0, 0, 2, 0}},
        {PIPSEED_LINK_SYMLINK, true, {0, 0, 0, 2}},  {PIPSEED_LINK_SYMLINK, false, {0, 2, 0, 0}},
};

static const char *const both[] = {"demo/mod.py", "demo/tool.sh"};

/* Content, mode and time of the placed file; a link's inode is the store's. */
static void assert_placed(const char *path, const char *name, bool is_shared, mode_t mode)
{
        _cleanup_free_ char *placed = str_format("to/%s", name);
        _cleanup_free_ char *text = tree_read(placed);
        struct stat st, original;

        assert_string_equal(text, demo_files[index_of(path)].content);
        assert_int_equal(stat(tree_path(placed), &st), 0);
        assert_int_equal(fstatat(entry->files_fd, path, &original, 0), 0);
        assert_int_equal(st.st_mode & 07777, mode);
        assert_int_equal(st.st_ino == original.st_ino, is_shared);
        assert_int_equal(st.st_mtim.tv_sec, original.st_mtim.tv_sec);
        assert_int_equal(st.st_mtim.tv_nsec, original.st_mtim.tv_nsec);
}

static void each_mode(void **state)
{
        bool reflinks = can_reflink();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                struct counts counts = modes[i].counts;
                struct linker linker;

                linker_init(&linker, modes[i].mode, 022, NULL);
                if (!share_may_link(&linker.caller)) /* root: copies instead of links that nobody asked for */
                        counts = (struct counts){.copied = counts.copied + counts.hardlinked,
                                                 .symlinked = counts.symlinked};
                if (reflinks && (modes[i].mode == PIPSEED_LINK_AUTO || modes[i].mode == PIPSEED_LINK_REFLINK))
                        counts = (struct counts){.reflinked = 2};
                for (size_t k = 0; k < ARRAY_SIZE(both); k++) {
                        struct linker_source source = source_of(both[k]);
                        _cleanup_free_ char *directory = entry_path(entry, NULL);
                        _cleanup_free_ char *absolute = str_format("%s/%s", directory, both[k]);
                        _cleanup_free_ char *name = str_format("%zu-%zu", i, k);
                        struct stat st;

                        source.absolute = modes[i].absolute ? absolute : NULL;
                        assert_int_equal(linker_place(&linker, &source, to_fd, name), 0);
                        assert_placed(both[k], name, counts.hardlinked + counts.symlinked > 0, k == 0 ? 0644 : 0755);
                        assert_int_equal(fstatat(to_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
                        assert_int_equal(S_ISLNK(st.st_mode), counts.symlinked > 0);
                }
                assert_counts(&linker, &counts);
        }
}

/* Another umask than the store's file was made under: a link would have the wrong mode. */
static void mode_that_does_not_fit(void **state)
{
        static const struct {
                mode_t umask, plain, executable;
                bool shared;
        } rows[] = {
                {022, 0644, 0755, true},
                {077, 0600, 0711, false},
                {002, 0664, 0775, false},
                {0133, 0644, 0755, true},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const mode_t before = umask(rows[i].umask);
                struct linker linker;

                linker_init(&linker, PIPSEED_LINK_HARDLINK, rows[i].umask, NULL);
                for (size_t k = 0; k < ARRAY_SIZE(both); k++) {
                        struct linker_source source = source_of(both[k]);
                        _cleanup_free_ char *name = str_format("%zu-%zu", i, k);

                        assert_int_equal(linker_place(&linker, &source, to_fd, name), 0);
                        assert_placed(both[k], name, rows[i].shared, k == 0 ? rows[i].plain : rows[i].executable);
                }
                (void)umask(before);
                assert_counts(&linker,
                              rows[i].shared ? &(struct counts){.hardlinked = 2} : &(struct counts){.copied = 2});
        }
}

#define U 12345

/* share.h: who may link which file, and whose file is not used at all. */
static const struct {
        enum pipseed_link_mode mode;
        const char *root;
        uid_t uid, owner;
        mode_t umask, store_mode;
        bool default_acl, store_acl, copied_store;
        int result;
        bool linked;
} sharing[] = {
        {.mode = PIPSEED_LINK_AUTO, .uid = U, .owner = U, .linked = true},
        {.mode = PIPSEED_LINK_SYMLINK, .uid = U, .owner = U, .linked = true},
        {.mode = PIPSEED_LINK_AUTO, .uid = 0, .owner = 0},
        {.mode = PIPSEED_LINK_SYMLINK, .uid = 0, .owner = 0},
        {.mode = PIPSEED_LINK_HARDLINK, .uid = 0, .owner = 0, .linked = true},
        {.mode = PIPSEED_LINK_AUTO, .root = "/r", .uid = U, .owner = U},
        {.mode = PIPSEED_LINK_HARDLINK, .root = "/r", .uid = U, .owner = U, .linked = true},
        {.mode = PIPSEED_LINK_AUTO, .uid = U, .owner = U, .default_acl = true},
        {.mode = PIPSEED_LINK_HARDLINK, .uid = U, .owner = U, .default_acl = true},
        {.mode = PIPSEED_LINK_AUTO, .uid = U, .owner = U, .store_acl = true},
        {.mode = PIPSEED_LINK_HARDLINK, .uid = U, .owner = U, .store_acl = true},
        {.mode = PIPSEED_LINK_AUTO, .uid = U, .owner = U, .umask = 002},
        {.mode = PIPSEED_LINK_AUTO, .uid = U, .owner = 0, .result = -ESTALE},
        {.mode = PIPSEED_LINK_COPY, .uid = U, .owner = 0, .result = -ESTALE},
        {.mode = PIPSEED_LINK_COPY, .uid = 0, .owner = U, .result = -ESTALE},
        {.mode = PIPSEED_LINK_COPY, .uid = U, .owner = 0, .copied_store = true},
        {.mode = PIPSEED_LINK_COPY, .uid = U, .owner = U + 1, .copied_store = true, .result = -ESTALE},
        {.mode = PIPSEED_LINK_HARDLINK, .uid = 0, .owner = 0, .store_mode = 0664, .result = -ESTALE},
        {.mode = PIPSEED_LINK_COPY, .uid = 0, .owner = 0, .store_mode = 0646, .result = -ESTALE},
};

static void rule_of_sharing(void **state)
{
        const char *path = entry_file(entry, "files/demo/mod.py");

        (void)state;
        if (geteuid() != 0)
                skip();
        for (size_t i = 0; i < ARRAY_SIZE(sharing); i++) {
                const mode_t mask = sharing[i].umask != 0 ? sharing[i].umask : 022;
                const mode_t before = umask(mask);
                struct linker_source source = source_of("demo/mod.py");
                _cleanup_free_ char *name = str_format("%zu", i);
                struct linker linker;
                int r;

                assert_int_equal(chown(tree_path(path), sharing[i].owner, (gid_t)-1), 0);
                assert_int_equal(chmod(tree_path(path), sharing[i].store_mode != 0 ? sharing[i].store_mode : 0644), 0);
                linker_init(&linker, sharing[i].mode, mask, sharing[i].root);
                linker.caller.uid = sharing[i].uid;
                linker.no_reflink = true;
                linker.default_acl = sharing[i].default_acl;
                source.has_acl = sharing[i].store_acl;
                source.copied_store = sharing[i].copied_store;
                r = linker_place(&linker, &source, to_fd, name);
                (void)umask(before);
                if (r != sharing[i].result)
                        fail_msg("row %zu: %d", i, r);
                if (r < 0)
                        continue;
                if (linker.n_placed[PIPSEED_LINK_HARDLINK] != (sharing[i].linked ? 1 : 0))
                        fail_msg("row %zu: %s", i, sharing[i].linked ? "not linked" : "linked");
                assert_placed("demo/mod.py", name, sharing[i].linked, sharing[i].umask == 002 ? 0664 : 0644);
        }
}

/* A directory that hands its group down wants files of that group: a link has the store's. */
static void setgid_dir(void **state)
{
        struct linker_source source = source_of("demo/mod.py");
        struct linker linker;
        struct stat st;

        (void)state;
        if (geteuid() != 0)
                skip();
        assert_int_equal(fchown(to_fd, (uid_t)-1, 65534), 0);
        assert_int_equal(fchmod(to_fd, 02755), 0);
        linker_init(&linker, PIPSEED_LINK_HARDLINK, 022, NULL);
        linker.group = 65534;
        assert_int_equal(linker_place(&linker, &source, to_fd, "a"), 0);
        assert_placed("demo/mod.py", "a", false, 0644);
        assert_int_equal(fstatat(to_fd, "a", &st, 0), 0);
        assert_int_equal(st.st_gid, 65534);
        assert_counts(&linker, &(struct counts){.copied = 1});
        linker.group = getegid();
        assert_int_equal(linker_place(&linker, &source, to_fd, "b"), 0);
        assert_counts(&linker, &(struct counts){.copied = 1, .hardlinked = 1});
}

static void other_file_system(void **state)
{
        char directory[] = "/dev/shm/pipseed-place-XXXXXX";
        _cleanup_close_ int shm = -1;
        struct stat here, there;

        (void)state;
        if (mkdtemp(directory) == NULL)
                skip();
        shm = file_open_dir(directory);
        assert_int_equal(fstat(to_fd, &here), 0);
        assert_int_equal(fstat(shm, &there), 0);
        if (here.st_dev == there.st_dev) {
                assert_int_equal(rmdir(directory), 0);
                skip();
        }
        for (int mode = PIPSEED_LINK_AUTO; mode <= PIPSEED_LINK_SYMLINK; mode++) {
                struct linker_source source = source_of("demo/tool.sh");
                struct linker linker;
                struct stat st, original;

                linker_init(&linker, (enum pipseed_link_mode)mode, 022, NULL);
                assert_int_equal(linker_place(&linker, &source, shm, "a"), 0);
                assert_int_equal(linker_place(&linker, &source, shm, "b"), 0);
                assert_counts(&linker, &(struct counts){.copied = 2});
                assert_int_equal(linker.no_hardlink, share_may_link(&linker.caller) && mode != PIPSEED_LINK_COPY &&
                                                             mode != PIPSEED_LINK_REFLINK);
                assert_int_equal(fstatat(shm, "a", &st, 0), 0);
                assert_int_equal(fstatat(entry->files_fd, "demo/tool.sh", &original, 0), 0);
                assert_int_equal(st.st_mode & 07777, 0755);
                assert_int_equal(st.st_mtim.tv_sec, original.st_mtim.tv_sec);
                assert_int_equal(unlinkat(shm, "a", 0), 0);
                assert_int_equal(unlinkat(shm, "b", 0), 0);
        }
        assert_int_equal(rmdir(directory), 0);
}

static void edit(const char *path)
{
        tree_file(path, "def main():\n    return 43\n");
}

static void touch(const char *path)
{
        const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

        assert_int_equal(utimensat(AT_FDCWD, tree_path(path), times, 0), 0);
}

static void cut(const char *path)
{
        assert_int_equal(truncate(tree_path(path), 3), 0);
}

static void drop(const char *path)
{
        assert_int_equal(unlink(tree_path(path)), 0);
}

static void link_away(const char *path)
{
        drop(path);
        tree_link(path, "/etc/passwd");
}

/* Content, size, mode and time alike, but not the file that was made. */
static void exchange(const char *path)
{
        _cleanup_free_ char *text = tree_read(path);
        struct timespec times[2];
        struct stat st;

        assert_int_equal(stat(tree_path(path), &st), 0);
        assert_int_equal(rename(tree_path(path), tree_path("kept")), 0);
        tree_file(path, text);
        times[0] = st.st_atim;
        times[1] = st.st_mtim;
        assert_int_equal(utimensat(AT_FDCWD, tree_path(path), times, 0), 0);
}

static void (*const damages[])(const char *path) = {edit, touch, cut, drop, link_away, exchange};

/* Whatever the mode: nothing of a changed source is taken for good. */
static void changed_source(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(damages); i++)
                for (int mode = PIPSEED_LINK_AUTO; mode <= PIPSEED_LINK_SYMLINK; mode++) {
                        struct pipseed_error err = PIPSEED_ERROR_INIT;
                        struct linker_source source = source_of("demo/mod.py");
                        _cleanup_free_ char *name = str_format("%zu-%d", i, mode);
                        _cleanup_free_ char *directory = entry_path(entry, NULL);
                        _cleanup_free_ char *absolute = str_format("%s/demo/mod.py", directory);
                        struct linker linker;
                        int r;

                        damages[i](entry_file(entry, "files/demo/mod.py"));
                        linker_init(&linker, (enum pipseed_link_mode)mode, 022, NULL);
                        source.absolute = absolute;
                        r = linker_place(&linker, &source, to_fd, name);
                        if (r != -ESTALE)
                                fail_msg("damage %zu, mode %d: %d", i, mode, r);
                        assert_counts(&linker, &(struct counts){0});
                        assert_int_equal(entry_discard(entry, &err), 0);
                        entry_free(steal_ptr(entry));
                        entry = get_entry();
                }
}

/* A store that was copied to where it is has other inodes and whole seconds: that is not a change. */
static void copied_store(void **state)
{
        const char *path = entry_file(entry, "files/demo/mod.py");
        struct linker_source source = source_of("demo/mod.py");
        struct linker linker;
        struct timespec times[2];
        struct stat st;

        (void)state;
        assert_int_equal(stat(tree_path(path), &st), 0);
        exchange(path);
        times[0] = times[1] = (struct timespec){.tv_sec = st.st_mtim.tv_sec};
        assert_int_equal(utimensat(AT_FDCWD, tree_path(path), times, 0), 0);
        linker_init(&linker, PIPSEED_LINK_COPY, 022, NULL);
        assert_int_equal(linker_place(&linker, &source, to_fd, "a"), -ESTALE);
        source.copied_store = true;
        assert_int_equal(linker_place(&linker, &source, to_fd, "a"), 0);
        assert_counts(&linker, &(struct counts){.copied = 1});
}

static void never_overwrites(void **state)
{
        static const char *const names[] = {"file", "link"};

        (void)state;
        tree_file("to/file", "mine");
        tree_link("to/link", "nowhere");
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                for (int mode = PIPSEED_LINK_AUTO; mode <= PIPSEED_LINK_SYMLINK; mode++) {
                        struct linker_source source = source_of("demo/mod.py");
                        struct linker linker;

                        linker_init(&linker, (enum pipseed_link_mode)mode, 022, NULL);
                        source.absolute = "/x";
                        assert_int_equal(linker_place(&linker, &source, to_fd, names[i]), -EEXIST);
                        assert_counts(&linker, &(struct counts){0});
                }
        {
                _cleanup_free_ char *text = tree_read("to/file");

                assert_string_equal(text, "mine");
        }
        assert_false(tree_has("to/nowhere"));
}

/* At the limit of links (65,000 on ext4): a fresh copy takes the file's place in the store, or, without an entry that
 * could be renewed, in the target. */
static void link_limit(void **state)
{
        _cleanup_close_ int links = -1;
        struct linker_source source = source_of("demo/mod.py");
        struct linker linker;
        unsigned int n = 0;
        ino_t inode = entry->files.stats[source.index].inode;

        (void)state;
        tree_dir("links");
        links = file_open_dir(tree_path("links"));
        for (; n < 70000; n++) {
                char name[16];

                (void)snprintf(name, sizeof(name), "%u", n);
                if (linkat(entry->files_fd, "demo/mod.py", links, name, 0) < 0)
                        break;
        }
        if (n == 70000)
                skip(); /* this file system has no such limit */
        assert_int_equal(errno, EMLINK);
        linker_init(&linker, PIPSEED_LINK_HARDLINK, 022, NULL);
        assert_int_equal(linker_place(&linker, &source, to_fd, "copied"), 0);
        assert_counts(&linker, &(struct counts){.copied = 1});
        assert_placed("demo/mod.py", "copied", false, 0644);
        assert_false(linker.no_hardlink); /* it is about this file alone */
        source.entry = entry;
        assert_int_equal(linker_place(&linker, &source, to_fd, "linked"), 0);
        assert_counts(&linker, &(struct counts){.copied = 1, .hardlinked = 1});
        assert_true(entry->files.stats[source.index].inode != inode);
        assert_placed("demo/mod.py", "linked", true, 0644);
}

static void copies_any_size(void **state)
{
        static const size_t sizes[] = {0, 1, 65536, 65537, 1 << 20, (1 << 20) + 7};
        char *data = malloc((1 << 20) + 7);

        (void)state;
        assert_non_null(data);
        for (size_t i = 0; i < (1 << 20) + 7; i++)
                data[i] = (char)(i * 31 >> 2);
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                struct wheel_file file = {.path = "big", .size = sizes[i]};
                struct manifest_stat known;
                const struct manifest manifest = {.info = {.files = &file, .n_files = 1}, .stats = &known};
                _cleanup_close_ int dir_fd = file_open_dir(tree_root);
                const struct linker_source source = {.dir_fd = dir_fd, .name = "big", .manifest = &manifest};
                _cleanup_free_ char *name = str_format("big%zu", i);
                _cleanup_free_ char *text = NULL;
                struct linker linker;
                struct stat st;
                size_t len;

                tree_bytes("big", data, sizes[i], 0644);
                assert_int_equal(stat(tree_path("big"), &st), 0);
                known = (struct manifest_stat){.inode = st.st_ino, .mtime_ns = manifest_mtime(&st)};
                linker_init(&linker, PIPSEED_LINK_COPY, 022, NULL);
                assert_int_equal(linker_place(&linker, &source, to_fd, name), 0);
                assert_int_equal(file_read(to_fd, name, 4 << 20, &text, &len), 0);
                assert_int_equal(len, sizes[i]);
                assert_memory_equal(text, data, len);
        }
        free(data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(each_mode, place_setup, place_teardown),
                cmocka_unit_test_setup_teardown(mode_that_does_not_fit, place_setup, place_teardown),
                cmocka_unit_test_setup_teardown(rule_of_sharing, place_setup, place_teardown),
                cmocka_unit_test_setup_teardown(setgid_dir, place_setup, place_teardown),
                cmocka_unit_test_setup_teardown(other_file_system, place_setup, place_teardown),
                cmocka_unit_test_setup_teardown(changed_source, place_setup, place_teardown),
                cmocka_unit_test_setup_teardown(copied_store, place_setup, place_teardown),
                cmocka_unit_test_setup_teardown(never_overwrites, place_setup, place_teardown),
                cmocka_unit_test_setup_teardown(link_limit, place_setup, place_teardown),
                cmocka_unit_test_setup_teardown(copies_any_size, place_setup, place_teardown),
        };

        (void)unsetenv("SOURCE_DATE_EPOCH");
        return cmocka_run_group_tests(tests, NULL, store_end);
}
