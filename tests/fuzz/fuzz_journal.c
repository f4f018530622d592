/* SPDX-License-Identifier: MIT */
/*
 * A transaction's journal. As text: what is read is written again as the same changes. In a staging directory beside a
 * target: a forged one, with the checksum and the inode numbers made right, is carried out, and changes nothing outside
 * the target. The inode of a line decides which one is put there: even that of the entry in the target, odd that of the
 * staged one.
 */
#include "fuzz.h"
#include "sandbox.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "install/txn/journal.h"
#include "install/txn/txn.h"

#include <sys/stat.h>
#include <zlib.h>

#define AREA "/.pipseed-0123456789abcdef/"

static const char *root_paths[PLAN_N_ROOTS];
static const char *root_names[PLAN_N_ROOTS];

static void set_roots(void)
{
        const char *const names[PLAN_N_ROOTS] = {
                [PLAN_LIB] = sandbox_lib(), [PLAN_OTHER_LIB] = sandbox_lib(),
                [PLAN_SCRIPTS] = "env/bin", [PLAN_HEADERS] = "env/include",
                [PLAN_DATA] = "env",
        };

        for (int i = 0; i < PLAN_N_ROOTS; i++) {
                root_names[i] = strdup(names[i]);
                root_paths[i] = strdup(sandbox_path(names[i]));
                if (root_names[i] == NULL || root_paths[i] == NULL)
                        exit(1);
        }
}

static void add_file(const char *directory, const char *below, const char *name)
{
        char path[512];

        (void)snprintf(path, sizeof(path), "%s%s%s", directory, below, name);
        sandbox_file(path, path, strlen(path));
}

static void make_target(void)
{
        static const char *const staged[] = {"pip/__init__.py",           "pip3",       "new/a",
                                             "pip-99.0.dist-info/RECORD", "away/pip/x", "share/deep"};

        sandbox_reset();
        add_file(sandbox_lib(), "/", "pip/__init__.py");
        add_file(sandbox_lib(), "/", "pip-1.0.dist-info/RECORD");
        add_file("env/bin", "/", "pip3");
        for (int root = 0; root < PLAN_N_ROOTS; root++) {
                char directory[64];

                (void)snprintf(directory, sizeof(directory), AREA "%s/", txn_staged_name((enum plan_root)root));
                for (size_t i = 0; i < ARRAY_SIZE(staged); i++)
                        add_file(sandbox_lib(), directory, staged[i]);
        }
}

static void set_inodes(struct journal *forged)
{
        for (size_t i = 0; i < forged->n_changes; i++) {
                struct change *change = &forged->changes[i];
                char path[8192];
                struct stat st;

                if (change->inode % 2 == 0)
                        (void)snprintf(path, sizeof(path), "%s/%s", root_paths[change->root], change->path);
                else
                        (void)snprintf(path, sizeof(path), "%s" AREA "%s/%s", root_paths[PLAN_LIB],
                                       txn_staged_name(change->root), change->path);
                if (lstat(path, &st) == 0)
                        change->inode = st.st_ino;
        }
}

/* As the journal would have it that a run of this user left. */
static void set_staging(struct journal *forged)
{
        char path[512];
        struct stat st;

        (void)snprintf(path, sizeof(path), "%s" AREA, root_paths[PLAN_LIB]);
        FUZZ_CHECK(stat(path, &st) == 0);
        (void)snprintf(forged->staging_name, sizeof(forged->staging_name), "%.*s", (int)strlen(AREA) - 2, &AREA[1]);
        forged->staging_inode = st.st_ino;
}

static void repair(void)
{
        struct txn_query query = {.roots = root_paths, .umask = 022};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct txn *txn = NULL;

        fuzz_check_error(txn_open(&query, &txn, &err), &err);
        txn_free(txn);
        sandbox_check();
}

static void carry_out(struct journal *forged)
{
        _cleanup_(str_done) struct str text = STR_INIT;
        char path[512];

        sandbox_begin();
        if (root_paths[0] == NULL)
                set_roots();
        make_target();
        set_inodes(forged);
        set_staging(forged);
        journal_write(&text, forged);
        (void)snprintf(path, sizeof(path), "%s" AREA "journal", root_names[PLAN_LIB]);
        sandbox_file(path, text.data, text.len);
        repair();
        repair();
}

static void check(const char *text, size_t len)
{
        _cleanup_(journal_done) struct journal first = {0};
        _cleanup_(journal_done) struct journal second = {0};
        _cleanup_(str_done) struct str once = STR_INIT;
        _cleanup_(str_done) struct str twice = STR_INIT;

        if (journal_read(&first, text, len)) {
                journal_write(&once, &first);
                FUZZ_CHECK(journal_read(&second, once.data, once.len));
                journal_write(&twice, &second);
                FUZZ_CHECK(strcmp(once.data, twice.data) == 0);
                FUZZ_CHECK(once.len == len && memcmp(once.data, text, len) == 0);
                for (size_t i = 0; i < first.n_changes; i++)
                        FUZZ_CHECK(path_is_plain(first.changes[i].path));
                if (first.n_changes <= 64)
                        carry_out(&first);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(str_done) struct str text = STR_INIT;

        check((const char *)data, size);
        str_add_bytes(&text, data, size);
        str_printf(&text, "end %08lx\n", crc32_z(0, data, size));
        check(text.data, text.len);
        return 0;
}
