/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"
#include "txn_fixture.h"

#include "install/plan/rebase.h"
#include "install/stage/stage.h"

static struct entry *entry;

static int stage_setup(void **state)
{
        if (store_setup(state) < 0)
                return -1;
        fixture_begin();
        entry = get_entry();
        return 0;
}

static int stage_teardown(void **state)
{
        entry_free(steal_ptr(entry));
        return store_teardown(state);
}

/* The plan of the demo wheel, as seed.c makes it. */
static void plan_demo(struct plan *ret_plan)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        const struct target_scheme scheme = {
                .dirs[PLAN_LIB] = fixture_paths[PLAN_LIB],
                .dirs[PLAN_OTHER_LIB] = fixture_paths[PLAN_LIB],
                .dirs[PLAN_SCRIPTS] = fixture_paths[PLAN_SCRIPTS],
                .dirs[PLAN_HEADERS] = fixture_paths[PLAN_HEADERS],
                .dirs[PLAN_DATA] = fixture_paths[PLAN_DATA],
        };
        bool compiled[DEMO_N] = {false};
        const struct plan_input input = {.wheel = &entry->files.info,
                                         .target = demo_target,
                                         .scheme = &scheme,
                                         .installer = "pipseed",
                                         .pip_version = "26.3",
                                         .requested = true,
                                         .compiled = compiled,
                                         .pyc_suffix = entry->pyc_suffix};

        for (size_t i = 0; i < entry->pyc.info.n_files; i++)
                compiled[entry->pyc.source[i]] = true;
        if (plan_make(&input, ret_plan, &err) < 0 || rebase_plan(ret_plan, fixture_paths, &err) < 0)
                fail_msg("%s", err.message);
}

static int stage(struct txn *txn, const struct plan *plan, struct linker *linker, struct pipseed_error *err)
{
        const struct stage_query query = {.txn = txn, .plan = plan, .entry = entry, .linker = linker};

        return stage_plan(&query, err);
}

static const struct {
        enum plan_root root;
        const char *path;
        const char *content; /* NULL: that of the store or of the plan */
        mode_t mode;
        bool is_generated;
} staged[] = {
        {PLAN_LIB, "demo/mod.py", "def main():\n    return 42\n", 0644, false},
        {PLAN_LIB, "demo/tool.sh", "#!/bin/sh\n", 0755, false},
        {PLAN_LIB, "demo/__init__.py", "", 0644, false},
        {PLAN_LIB, "demo/sub/deep.py", "x = 1\n", 0644, false},
        {PLAN_LIB, "single.py", "y = 2\n", 0644, false},
        {PLAN_LIB, "demo/broken.py", "def (:\n", 0644, false},
        {PLAN_LIB, DEMO_INFO "/INSTALLER", "pipseed\n", 0644, true},
        {PLAN_LIB, DEMO_INFO "/REQUESTED", "", 0644, true},
        {PLAN_LIB, DEMO_INFO "/RECORD", NULL, 0644, true},
        {PLAN_SCRIPTS, "demo", NULL, 0755, true},
        {PLAN_SCRIPTS, "hello", "#!" DEMO_PYTHON "\nprint('hello')\n", 0644, true}, /* as in the wheel */
};

static void everything_is_staged(void **state)
{
        static const enum pipseed_link_mode modes[] = {PIPSEED_LINK_HARDLINK, PIPSEED_LINK_COPY, PIPSEED_LINK_SYMLINK,
                                                       PIPSEED_LINK_AUTO};

        (void)state;
        for (size_t m = 0; m < ARRAY_SIZE(modes); m++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_(txn_freep) struct txn *txn = fixture_prepare();
                _cleanup_(plan_done) struct plan plan = {0};
                struct linker linker;
                size_t n_placed = 0;
                size_t n_counted = 0;

                plan_demo(&plan);
                linker_init(&linker, modes[m], 022, NULL);
                if (stage(txn, &plan, &linker, &err) < 0)
                        fail_msg("%s: %s", err.path, err.message);
                for (size_t i = 0; i < plan.n_files; i++) {
                        const struct plan_file *file = &plan.files[i];
                        int fd = -1;
                        struct stat st;

                        assert_int_equal(txn_staged_fd(txn, file->root, &fd, &err), 0);
                        assert_int_equal(fstatat(fd, file->path, &st, AT_SYMLINK_NOFOLLOW), 0);
                        assert_int_equal(S_ISLNK(st.st_mode),
                                         modes[m] == PIPSEED_LINK_SYMLINK && file->content == NULL);
                        n_placed += file->content == NULL;
                        if (file->bytecode_of != NULL) {
                                _cleanup_free_ char *data = NULL;

                                assert_int_equal(file_read(fd, file->path, 1 << 20, &data, NULL), 0);
                                assert_memory_equal(data, demo_target->magic, 4);
                        }
                }
                assert_int_equal(n_placed, DEMO_N - 1 + DEMO_N_PYC); /* hello is rewritten */
                for (int mode = 0; mode < PLACER_N_MODES; mode++)
                        n_counted += linker.n_placed[mode];
                assert_int_equal(n_counted, n_placed);
                for (size_t i = 0; i < ARRAY_SIZE(staged); i++) {
                        _cleanup_free_ char *text = NULL;
                        struct stat st;
                        int fd = -1;

                        assert_int_equal(txn_staged_fd(txn, staged[i].root, &fd, &err), 0);
                        assert_int_equal(file_read(fd, staged[i].path, 1 << 20, &text, NULL), 0);
                        if (staged[i].content != NULL)
                                assert_string_equal(text, staged[i].content);
                        assert_int_equal(fstatat(fd, staged[i].path, &st, 0), 0);
                        if ((st.st_mode & 07777) != staged[i].mode)
                                fail_msg("%s: mode %o", staged[i].path, st.st_mode & 07777);
                }
        }
}

/* Scripts are (0666 & ~umask) | 0555, rewritten ones (0777 & ~umask) | 0111, plain content 0666 & ~umask, as pip's. */
static void modes_of_generated_files(void **state)
{
        static const struct {
                mode_t umask, script, rewritten, plain;
        } rows[] = {{022, 0755, 0755, 0644},
                    {077, 0755, 0711, 0600},
                    {0, 0777, 0777, 0666},
                    {027, 0755, 0751, 0640},
                    {002, 0775, 0775, 0664}};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                mode_t before = umask(rows[i].umask);
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_(txn_freep) struct txn *txn = fixture_prepare();
                struct plan_file files[] = {
                        {.root = PLAN_LIB, .path = "plain", .content = "a\0b", .content_len = 3},
                        {.root = PLAN_SCRIPTS,
                         .path = "rewritten",
                         .content = "x",
                         .content_len = 1,
                         .executable = true},
                        {.root = PLAN_SCRIPTS,
                         .path = "script",
                         .content = "x",
                         .content_len = 1,
                         .executable = true,
                         .is_script = true},
                };
                const struct plan plan = {.files = files, .n_files = ARRAY_SIZE(files)};
                struct linker linker;
                struct stat st;
                char *text = NULL;
                size_t len = 0;
                int lib = -1, scripts = -1;

                linker_init(&linker, PIPSEED_LINK_COPY, rows[i].umask, NULL);
                assert_int_equal(stage(txn, &plan, &linker, &err), 0);
                assert_int_equal(txn_staged_fd(txn, PLAN_LIB, &lib, &err), 0);
                assert_int_equal(txn_staged_fd(txn, PLAN_SCRIPTS, &scripts, &err), 0);
                (void)umask(before);
                assert_int_equal(fstatat(lib, "plain", &st, 0), 0);
                assert_int_equal(st.st_mode & 07777, rows[i].plain);
                assert_int_equal(fstatat(scripts, "rewritten", &st, 0), 0);
                assert_int_equal(st.st_mode & 07777, rows[i].rewritten);
                assert_int_equal(fstatat(scripts, "script", &st, 0), 0);
                assert_int_equal(st.st_mode & 07777, rows[i].script);
                assert_int_equal(file_read(lib, "plain", 10, &text, &len), 0);
                assert_int_equal(len, 3);
                assert_memory_equal(text, "a\0b", 3);
                free(text);
        }
}

/* A private store goes away with the run: nothing may point into it. */
static void no_links_into_a_private_store(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(txn_freep) struct txn *txn = fixture_prepare();
        _cleanup_(plan_done) struct plan plan = {0};
        struct store private = *demo_store;
        struct linker linker;

        (void)state;
        private.kind = STORE_PRIVATE;
        entry->store = &private;
        plan_demo(&plan);
        linker_init(&linker, PIPSEED_LINK_SYMLINK, 022, NULL);
        linker.caller.is_explicit = true; /* a link, also for root, where no symbolic link may be */
        assert_int_equal(stage(txn, &plan, &linker, &err), 0);
        entry->store = demo_store;
        assert_int_equal(linker.n_placed[PIPSEED_LINK_SYMLINK], 0);
        assert_true(linker.n_placed[PIPSEED_LINK_HARDLINK] > 0);
}

/* The file of the store that was edited is named; also one of bytecode. */
static void changed_store(void **state)
{
        static const struct {
                bool is_pyc;
                const char *path, *names;
        } rows[] = {{false, "demo/mod.py", "demo/mod.py"}, {true, "__pycache__/single", "single.py"}};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct pipseed_error ignored = PIPSEED_ERROR_INIT;
                _cleanup_(txn_freep) struct txn *txn = fixture_prepare();
                _cleanup_(plan_done) struct plan plan = {0};
                _cleanup_free_ char *path =
                        rows[i].is_pyc ? str_format("%s/files/%s%s", entry->pyc_name, rows[i].path, entry->pyc_suffix)
                                       : str_format("files/%s", rows[i].path);
                struct linker linker;

                plan_demo(&plan);
                tree_file(entry_file(entry, path), "edited");
                linker_init(&linker, PIPSEED_LINK_AUTO, 022, NULL);
                assert_int_equal(stage(txn, &plan, &linker, &err), PIPSEED_E_STORE_ENTRY);
                assert_string_equal(err.path, rows[i].names);
                assert_int_equal(entry_discard(entry, &ignored), 0);
                plan_done(&plan);
                entry_free(steal_ptr(entry));
                entry = get_entry();
        }
}

static void handed_down_group(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(plan_done) struct plan plan = {0};
        _cleanup_(txn_freep) struct txn *txn = NULL;
        struct linker linker;
        struct stat st;
        int fd = -1;

        (void)state;
        if (geteuid() != 0)
                skip();
        assert_int_equal(chown(tree_path(RIG_LIB), (uid_t)-1, 65534), 0);
        assert_int_equal(chmod(tree_path(RIG_LIB), 02755), 0);
        txn = fixture_prepare();
        plan_demo(&plan);
        linker_init(&linker, PIPSEED_LINK_HARDLINK, 022, NULL);
        assert_int_equal(stage(txn, &plan, &linker, &err), 0);
        assert_int_equal(txn_staged_fd(txn, PLAN_LIB, &fd, &err), 0);
        assert_int_equal(fstatat(fd, "demo/mod.py", &st, 0), 0);
        assert_int_equal(st.st_gid, 65534);
        assert_int_equal(linker.n_placed[PIPSEED_LINK_HARDLINK], 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(everything_is_staged, stage_setup, stage_teardown),
                cmocka_unit_test_setup_teardown(modes_of_generated_files, stage_setup, stage_teardown),
                cmocka_unit_test_setup_teardown(no_links_into_a_private_store, stage_setup, stage_teardown),
                cmocka_unit_test_setup_teardown(changed_store, stage_setup, stage_teardown),
                cmocka_unit_test_setup_teardown(handed_down_group, stage_setup, stage_teardown),
        };

        (void)unsetenv("SOURCE_DATE_EPOCH");
        return cmocka_run_group_tests(tests, NULL, store_end);
}
