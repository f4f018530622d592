/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include "base/error.h"
#include "base/path.h"
#include "store/inventory.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>

static void read_all(bool check, struct inventory *inventory)
{
        assert_int_equal(inventory_read(demo_store, check, &(struct progress){0}, inventory), 0);
}

static void lists_entries(void **state)
{
        _cleanup_(inventory_done) struct inventory inventory = {0};
        char hex[HASH_HEX_SIZE];
        uint64_t bytes = 0;

        (void)state;
        read_all(true, &inventory);
        assert_int_equal(inventory.n_items, 0);
        inventory_done(&inventory);
        {
                _cleanup_(entry_freep) struct entry *entry = get_entry();

                for (size_t i = 0; i < DEMO_N; i++)
                        bytes += entry->files.info.files[i].size;
                for (size_t i = 0; i < DEMO_N_PYC; i++)
                        bytes += entry->pyc.info.files[i].size;
        }
        hash_to_hex(demo_sha256, hex);
        for (int check = 0; check < 2; check++) {
                read_all(check != 0, &inventory);
                assert_int_equal(inventory.n_items, 1);
                assert_string_equal(inventory.items[0].wheel, DEMO);
                assert_string_equal(inventory.items[0].sha256, hex);
                assert_string_equal(path_base(inventory.items[0].path), hex);
                assert_int_equal(access(inventory.items[0].path, F_OK), 0);
                assert_int_equal(inventory.items[0].bytes, bytes);
                assert_int_equal(inventory.items[0].n_files, DEMO_N + DEMO_N_PYC);
                assert_int_equal(inventory.items[0].n_bytecode_sets, 1);
                assert_false(inventory.items[0].in_use);
                assert_int_equal(inventory.items[0].status, 0);
                assert_null(inventory.items[0].problem);
                assert_true(llabs(inventory.items[0].last_used - (int64_t)time(NULL)) < 100);
                inventory_done(&inventory);
        }
}

static void most_recent_first(void **state)
{
        static const struct {
                mode_t umask;
                int64_t used;
        } rows[] = {{022, 1700000000}, {077, 1700000900}, {027, 1600000000}, {070, 1700000000}};
        _cleanup_(inventory_done) struct inventory inventory = {0};

        (void)state;
        demo_query.bytecode = PIPSEED_BYTECODE_NO;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct timespec times[2] = {{.tv_sec = rows[i].used}, {.tv_sec = rows[i].used}};
                _cleanup_(entry_freep) struct entry *entry = NULL;

                demo_query.umask = rows[i].umask;
                entry = get_entry();
                assert_int_equal(futimens(entry->fd, times), 0);
        }
        read_all(false, &inventory);
        assert_int_equal(inventory.n_items, ARRAY_SIZE(rows));
        assert_true(str_ends(inventory.items[0].path, "-m600"));
        assert_int_equal(inventory.items[0].last_used, 1700000900);
        assert_int_equal(inventory.items[1].last_used, 1700000000);
        assert_int_equal(inventory.items[2].last_used, 1700000000);
        assert_true(strcmp(inventory.items[1].path, inventory.items[2].path) < 0);
        assert_true(str_ends(inventory.items[3].path, "-m640"));
        /* The hash is that of the wheel, without the mode. */
        assert_string_equal(inventory.items[0].sha256, inventory.items[1].sha256);
        assert_int_equal(strlen(inventory.items[0].sha256), HASH_HEX_SIZE - 1);
}

enum damage {
        GONE,
        CHANGED,
        ROTTEN,
        NO_MANIFEST,
        CUT_MANIFEST,
        NO_FILES,
        PYC_CHANGED,
        PYC_MANIFEST,
        STRANGERS_FILE,
        STRANGERS_DIRECTORY,
        WRITABLE
};

static const struct {
        enum damage damage;
        bool without_check; /* is it seen without reading? */
        const char *problem;
} damages[] = {
        {GONE, false, "demo/mod.py: is missing"},
        {CHANGED, false, "demo/mod.py: was changed (size, time or inode)"},
        {ROTTEN, false, "demo/mod.py: was changed (content)"},
        {NO_MANIFEST, true, ".: has no whole manifest"},
        {CUT_MANIFEST, true, ".: has no whole manifest"},
        {NO_FILES, true, ".: has no files"},
        {PYC_CHANGED, false, "__pycache__/single.%.pyc: was changed (size, time or inode)"},
        {PYC_MANIFEST, true, "%: has no whole manifest"},
        {STRANGERS_FILE, true, "demo/mod.py: belongs to uid 12345"},
        {STRANGERS_DIRECTORY, true, ".: belongs to uid 12345"},
        {WRITABLE, true, "demo/mod.py: can be written by others than its owner"},
};

static void cause(const struct entry *entry, enum damage damage)
{
        _cleanup_free_ char *pyc = str_format("%s/files/__pycache__/single%s", entry->pyc_name, entry->pyc_suffix);
        _cleanup_free_ char *pyc_manifest = str_format("%s/manifest", entry->pyc_name);
        const char *mod = entry_file(entry, "files/demo/mod.py");
        struct timespec times[2];
        struct stat st;

        assert_int_equal(stat(tree_path(mod), &st), 0);
        times[0] = st.st_atim;
        times[1] = st.st_mtim;
        switch (damage) {
        case GONE:
                assert_int_equal(unlink(tree_path(mod)), 0);
                break;
        case CHANGED:
                tree_file(mod, "def main():\n    return 43\n");
                break;
        case ROTTEN:
                tree_file(mod, "def main():\n    return 43\n");
                assert_int_equal(utimensat(AT_FDCWD, tree_path(mod), times, 0), 0);
                break;
        case NO_MANIFEST:
                assert_int_equal(unlink(tree_path(entry_file(entry, "manifest"))), 0);
                break;
        case CUT_MANIFEST:
                assert_int_equal(truncate(tree_path(entry_file(entry, "manifest")), 200), 0);
                break;
        case NO_FILES:
                assert_int_equal(rename(tree_path(entry_file(entry, "files")), tree_path("gone")), 0);
                break;
        case PYC_CHANGED:
                tree_file(entry_file(entry, pyc), "x");
                break;
        case PYC_MANIFEST:
                tree_file(entry_file(entry, pyc_manifest), "");
                break;
        case STRANGERS_FILE:
                assert_int_equal(chown(tree_path(mod), 12345, (gid_t)-1), 0);
                break;
        case STRANGERS_DIRECTORY:
                assert_int_equal(chown(tree_path(entry_file(entry, "files")), 12345, (gid_t)-1), 0);
                break;
        case WRITABLE:
                assert_int_equal(chmod(tree_path(mod), 0664), 0);
                break;
        }
}

/* "%" in the pattern stands for any text. */
static void assert_like(const char *text, const char *pattern)
{
        size_t head = strcspn(pattern, "%");

        if (text == NULL || strncmp(text, pattern, head) != 0 ||
            (pattern[head] != '\0' ? !str_ends(text, pattern + head + 1) : text[head] != '\0'))
                fail_msg("\"%s\", not \"%s\"", text != NULL ? text : "(null)", pattern);
}

static void finds_damage(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
                _cleanup_(inventory_done) struct inventory quick = {0};
                _cleanup_(inventory_done) struct inventory thorough = {0};
                _cleanup_(entry_freep) struct entry *entry = get_entry();
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                if (geteuid() != 0 && (damages[i].damage == STRANGERS_FILE || damages[i].damage == STRANGERS_DIRECTORY))
                        continue;
                cause(entry, damages[i].damage);
                read_all(false, &quick);
                assert_int_equal(quick.n_items, 1);
                assert_int_equal(quick.items[0].status, damages[i].without_check ? PIPSEED_E_STORE_ENTRY : 0);
                read_all(true, &thorough);
                assert_int_equal(thorough.n_items, 1);
                assert_int_equal(thorough.items[0].status, PIPSEED_E_STORE_ENTRY);
                assert_like(thorough.items[0].problem, damages[i].problem);
                /* Once found, it shows without reading, however often it is looked at. */
                for (int check = 0; check < 4; check++) {
                        _cleanup_(inventory_done) struct inventory again = {0};

                        read_all(check % 2 != 0, &again);
                        assert_int_equal(again.items[0].status, PIPSEED_E_STORE_ENTRY);
                }
                assert_int_equal(entry_discard(entry, &err), 0);
        }
}

static void passes_over_other_things(void **state)
{
        _cleanup_(inventory_done) struct inventory inventory = {0};
        _cleanup_(entry_freep) struct entry *entry = get_entry();

        (void)state;
        (void)entry;
        tree_file("cache/v1/wheels/file", "");
        tree_dir("cache/v1/wheels/.hidden");
        tree_dir("cache/v1/wheels/empty");
        read_all(true, &inventory);
        assert_int_equal(inventory.n_items, 2); /* an empty directory is a damaged entry */
        for (size_t i = 0; i < 2; i++) {
                bool is_empty = str_ends(inventory.items[i].path, "/empty");

                assert_int_equal(inventory.items[i].status, is_empty ? PIPSEED_E_STORE_ENTRY : 0);
                assert_int_equal(inventory.items[i].wheel == NULL, is_empty);
        }
}

static void removes_what_nobody_uses(void **state)
{
        _cleanup_(inventory_done) struct inventory inventory = {0};
        struct entry *entry = get_entry();

        (void)state;
        read_all(false, &inventory);
        assert_true(inventory.items[0].in_use);
        assert_int_equal(inventory_remove(demo_store, &inventory.items[0]), 0);
        assert_true(tree_has(entry_file(entry, "manifest")));
        entry_free(entry);
        assert_int_equal(inventory_remove(demo_store, &inventory.items[0]), 1);
        assert_int_equal(tree_count("cache/v1/wheels"), 0);
        assert_int_equal(tree_count("cache/v1/tmp"), 0);
        assert_int_equal(inventory_remove(demo_store, &inventory.items[0]), 1);
}

/* Looking at a store does not keep anybody from using it afterwards. */
static void looking_leaves_no_lock(void **state)
{
        _cleanup_(inventory_done) struct inventory inventory = {0};
        _cleanup_(entry_freep) struct entry *entry = NULL;

        (void)state;
        entry_free(get_entry());
        read_all(true, &inventory);
        entry = get_entry();
        assert_false(entry->was_made);
}

static void store_without_wheels(void **state)
{
        _cleanup_(inventory_done) struct inventory inventory = {0};

        (void)state;
        assert_int_equal(rmdir(tree_path("cache/v1/wheels")), 0);
        assert_int_equal(inventory_read(demo_store, false, &(struct progress){0}, &inventory), -ENOENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(lists_entries, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(most_recent_first, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(finds_damage, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(passes_over_other_things, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(removes_what_nobody_uses, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(looking_leaves_no_lock, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(store_without_wheels, store_setup, store_teardown),
        };

        (void)unsetenv("SOURCE_DATE_EPOCH");
        return cmocka_run_group_tests(tests, NULL, store_end);
}
