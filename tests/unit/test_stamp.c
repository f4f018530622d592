/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include "base/error.h"
#include "store/stamp.h"

#include <errno.h>

struct part {
        struct entry *entry;
        int fd;
};

static struct part make(void)
{
        struct part part = {.entry = NULL, .fd = -1};

        demo_query.bytecode = PIPSEED_BYTECODE_NO;
        part.entry = get_entry();
        part.fd = file_open_dir(tree_path(entry_file(part.entry, "")));
        assert_true(part.fd >= 0);
        return part;
}

static void part_done(struct part *part)
{
        entry_free(part->entry);
        cleanup_closep(&part->fd);
}

static int check(const struct part *part)
{
        return stamp_check(demo_store, part->fd, part->entry->files_fd, &part->entry->files, &(struct progress){0});
}

/* Same size, same time, same inode: only reading can tell. */
static void rot(const struct part *part, const char *path)
{
        _cleanup_free_ char *name = str_format("files/%s", path);
        _cleanup_close_ int fd = open(tree_path(entry_file(part->entry, name)), O_WRONLY | O_CLOEXEC);
        struct timespec times[2];
        struct stat st;

        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(pwrite(fd, "Z", 1, 0), 1);
        times[0] = st.st_atim;
        times[1] = st.st_mtim;
        assert_int_equal(futimens(fd, times), 0);
}

static void new_entry_is_of_this_boot(void **state)
{
        _cleanup_(part_done) struct part part = make();
        _cleanup_free_ char *epoch = tree_read(entry_file(part.entry, "epoch"));

        (void)state;
        assert_string_equal(epoch, demo_store->epoch);
        assert_int_equal(check(&part), 0);
        assert_int_equal(stamp_write(demo_store, part.fd), -EEXIST);
        {
                _cleanup_free_ char *written = NULL;

                assert_int_equal(unlink(tree_path(entry_file(part.entry, "epoch"))), 0);
                assert_int_equal(stamp_write(demo_store, part.fd), 0);
                written = tree_read(entry_file(part.entry, "epoch"));
                assert_string_equal(written, demo_store->epoch);
        }
}

/* Good for every mount of this boot. */
static void assert_synced(const char *epoch)
{
        assert_memory_equal(epoch, demo_store->epoch, demo_store->boot_len);
        assert_string_equal(epoch + demo_store->boot_len, " synced");
}

/* Through another mount an entry that is not known to be on the disk is read once. */
static void reads_through_another_mount(void **state)
{
        _cleanup_(part_done) struct part part = make();
        _cleanup_free_ char *other = str_format("%.*s 1", (int)demo_store->boot_len, demo_store->epoch);
        _cleanup_free_ char *epoch = NULL;

        (void)state;
        tree_file(entry_file(part.entry, "epoch"), other);
        assert_int_equal(check(&part), 0);
        epoch = tree_read(entry_file(part.entry, "epoch"));
        assert_synced(epoch);
        rot(&part, "demo/mod.py");
        assert_int_equal(check(&part), 0);
        tree_file(entry_file(part.entry, "epoch"), other);
        assert_int_equal(check(&part), -EBADMSG);
}

/* In the boot that made it an entry is not read; after the next one it is. */
static void reads_after_a_boot(void **state)
{
        static const char *const epochs[] = {"00000000-0000-0000-0000-000000000000", "", "short"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(epochs); i++) {
                _cleanup_(part_done) struct part part = make();
                _cleanup_free_ char *epoch = NULL;

                tree_file(entry_file(part.entry, "epoch"), epochs[i]);
                assert_int_equal(check(&part), 0);
                epoch = tree_read(entry_file(part.entry, "epoch"));
                assert_synced(epoch); /* noted: the next one need not read */
        }
        {
                _cleanup_(part_done) struct part part = make();

                rot(&part, "demo/mod.py");
                assert_int_equal(check(&part), 0);
                tree_file(entry_file(part.entry, "epoch"), epochs[0]);
                assert_int_equal(check(&part), -EBADMSG);
                {
                        _cleanup_free_ char *epoch = tree_read(entry_file(part.entry, "epoch"));

                        assert_string_equal(epoch, epochs[0]); /* what is not good is not noted as good */
                }
                assert_int_equal(unlink(tree_path(entry_file(part.entry, "epoch"))), 0);
                assert_int_equal(check(&part), -EBADMSG);
        }
}

static void system_store_is_not_read(void **state)
{
        _cleanup_(part_done) struct part part = make();
        struct store system = *demo_store;
        struct store timeless = *demo_store;

        (void)state;
        rot(&part, "demo/mod.py");
        assert_int_equal(unlink(tree_path(entry_file(part.entry, "epoch"))), 0);
        system.kind = STORE_SYSTEM;
        timeless.epoch[0] = '\0';
        assert_int_equal(stamp_check(&system, part.fd, part.entry->files_fd, &part.entry->files, &(struct progress){0}),
                         0);
        /* Where the boot cannot be told, only reading helps. */
        assert_int_equal(stamp_check(&timeless, part.fd, part.entry->files_fd, &part.entry->files,
                                     &(struct progress){0}),
                         -EBADMSG);
        assert_false(tree_has(entry_file(part.entry, "epoch")));
}

static void damage_nothing(const char *path)
{
        (void)path;
}

static void damage_content(const char *path)
{
        tree_file(path, "other");
}

static void damage_gone(const char *path)
{
        assert_int_equal(unlink(tree_path(path)), 0);
}

static void damage_link(const char *path)
{
        assert_int_equal(unlink(tree_path(path)), 0);
        tree_link(path, "/etc/passwd");
}

static void damage_dir(const char *path)
{
        assert_int_equal(unlink(tree_path(path)), 0);
        tree_dir(path);
}

static void damage_fifo(const char *path)
{
        assert_int_equal(unlink(tree_path(path)), 0);
        assert_int_equal(mkfifo(tree_path(path), 0600), 0);
}

static void damage_empty(const char *path)
{
        assert_int_equal(truncate(tree_path(path), 0), 0);
}

static const struct {
        void (*damage)(const char *path);
        size_t index;
        int expected;
} damages[] = {
        {damage_nothing, 0, 0},     {damage_content, 4, -EBADMSG},        {damage_gone, 7, -EBADMSG},
        {damage_link, 1, -EBADMSG}, {damage_empty, DEMO_N - 1, -EBADMSG}, {damage_fifo, 6, -EBADMSG},
        {damage_dir, 8, -EISDIR},
};

static void names_the_damaged_file(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
                _cleanup_(part_done) struct part part = make();
                _cleanup_free_ char *path = str_format("files/%s", demo_files[damages[i].index].path);
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                size_t index = 4711;

                damages[i].damage(entry_file(part.entry, path));
                assert_int_equal(stamp_check_files(part.entry->files_fd, &part.entry->files, &(struct progress){0},
                                                   &index),
                                 damages[i].expected);
                assert_int_equal(index, damages[i].expected == 0 ? 4711 : damages[i].index);
                assert_int_equal(entry_discard(part.entry, &err), 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(new_entry_is_of_this_boot, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(reads_after_a_boot, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(reads_through_another_mount, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(system_store_is_not_read, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(names_the_damaged_file, store_setup, store_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, store_end);
}
