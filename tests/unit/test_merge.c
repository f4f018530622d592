/* SPDX-License-Identifier: MIT */
#include "txn_fixture.h"

#include "install/stage/merge.h"

#include "old_kernel_fixture.h"

#define MAX 12

/* "scripts:pip3" is a path of that root, one without a colon of lib. */
struct merge_case {
        const char *name;
        const char *plan[MAX]; /* staged with the content "new" */
        const char *removal[MAX];
        const char *before[MAX]; /* as tree_entry, below env/ or (without a colon) lib, content "old" */
        const char *changes;
        const char *after[MAX]; /* what must be there after the commit: "path" is old, "path=new" is new */
        const char *gone[MAX];
};

static const struct merge_case cases[] = {
        {
                "fresh",
                {"pip/a.py", "pip/sub/b.py", "pip-2.dist-info/RECORD", "single.py", "scripts:pip", "scripts:pip3"},
                {NULL},
                {NULL},
                "put lib pip\nput lib pip-2.dist-info\nput lib single.py\nput scripts pip\nput scripts pip3\n",
                {"pip/a.py=new", "pip/sub/b.py=new", "pip-2.dist-info/RECORD=new", "single.py=new", "scripts:pip=new"},
                {NULL},
        },
        {
                "upgrade",
                {"pip/a.py", "pip-2.dist-info/RECORD", "scripts:pip", "scripts:pip3"},
                {"pip/a.py", "pip/gone.py", "pip-1.dist-info/RECORD", "scripts:pip", "scripts:pip2"},
                {"pip/a.py", "pip/gone.py", "pip-1.dist-info/RECORD", "scripts:pip", "scripts:pip2"},
                "swap lib pip\ntake lib pip-1.dist-info\nput lib pip-2.dist-info\nswap scripts pip\ntake scripts pip2\n"
                "put scripts pip3\n",
                {"pip/a.py=new", "pip-2.dist-info/RECORD=new", "scripts:pip=new", "scripts:pip3=new"},
                {"pip/gone.py", "pip-1.dist-info", "scripts:pip2"},
        },
        {
                "upgrade keeps what the user put there",
                {"pip/a.py", "pip/sub/b.py", "pip-2.dist-info/RECORD"},
                {"pip/a.py", "pip/sub/gone.py", "pip-1.dist-info/RECORD"},
                {"pip/a.py", "pip/mine.py", "pip/sub/mine.txt", "pip/deep/er/mine.py", "pip/sub/gone.py",
                 "pip/link -> /nowhere", "pip-1.dist-info/RECORD", "pip-1.dist-info/mine"},
                "swap lib pip\nswap lib pip-1.dist-info\nput lib pip-2.dist-info\n",
                {"pip/a.py=new", "pip/mine.py", "pip/sub/mine.txt", "pip/deep/er/mine.py", "pip/sub/b.py=new",
                 "pip-1.dist-info/mine"},
                {"pip/sub/gone.py", "pip-1.dist-info/RECORD"},
        },
        {
                "the same version once more",
                {"pip/a.py", "pip-2.dist-info/RECORD"},
                {"pip/a.py", "pip-2.dist-info/RECORD"},
                {"pip/a.py", "pip-2.dist-info/RECORD"},
                "swap lib pip\nswap lib pip-2.dist-info\n",
                {"pip/a.py=new", "pip-2.dist-info/RECORD=new"},
                {NULL},
        },
        {
                "over what no RECORD knows",
                {"pip/a.py", "single.py", "scripts:pip"},
                {NULL},
                {"pip/a.py", "pip/b.py", "single.py", "scripts:pip"},
                "swap lib pip\nswap lib single.py\nswap scripts pip\n",
                {"pip/a.py=new", "pip/b.py", "single.py=new", "scripts:pip=new"},
                {NULL},
        },
        {
                "removal",
                {NULL},
                {"pip/a.py", "pip/sub/b.py", "pip-1.dist-info/RECORD", "single.py", "scripts:pip", "data:share/x"},
                {"pip/a.py", "pip/sub/b.py", "pip-1.dist-info/RECORD", "single.py", "scripts:pip", "data:share/x",
                 "other/a.py", "scripts:other"},
                "take lib pip\ntake lib pip-1.dist-info\ntake lib single.py\ntake scripts pip\ntake data share/x\n",
                {"other/a.py", "scripts:other"},
                {"pip", "pip-1.dist-info", "single.py", "scripts:pip", "data:share/x"},
        },
        {
                "removal leaves what the user put there",
                {NULL},
                {"pip/a.py", "pip-1.dist-info/RECORD"},
                {"pip/a.py", "pip/mine.py", "pip-1.dist-info/RECORD"},
                "swap lib pip\ntake lib pip-1.dist-info\n",
                {"pip/mine.py"},
                {"pip/a.py", "pip-1.dist-info"},
        },
        {
                "removal of what is gone already",
                {NULL},
                {"pip/a.py", "pip-1.dist-info/RECORD", "scripts:pip", "data:share/man/x", "single.py"},
                {"pip-1.dist-info/RECORD"},
                "take lib pip-1.dist-info\n",
                {NULL},
                {"pip-1.dist-info"},
        },
        {
                "removal behind files and links",
                {NULL},
                {"pip-1.dist-info/RECORD", "data:share/man/x", "data:link/x", "data:link/deep/x"},
                {"pip-1.dist-info/RECORD", "data:share", "data:outside/x", "data:link -> outside"},
                "take lib pip-1.dist-info\n",
                {"data:outside/x", "data:share"},
                {"pip-1.dist-info"},
        },
        {
                "directories of the data root are nobody's",
                {NULL},
                {"data:lib", "data:bin", "data:share"},
                {"data:share/x", "pip/a.py"},
                "",
                {"data:share/x", "pip/a.py"},
                {NULL},
        },
        {
                "stale bytecode goes with its package",
                {"pip/a.py", "pip/__pycache__/a.cpython-311.pyc"},
                {"pip/a.py", "pip/gone.py"},
                {"pip/a.py", "pip/gone.py", "pip/mine.py", "pip/__pycache__/a.cpython-39.pyc",
                 "pip/__pycache__/a.cpython-311.opt-1.pyc", "pip/__pycache__/gone.cpython-311.pyc",
                 "pip/__pycache__/mine.cpython-311.pyc", "pip/__pycache__/notes.txt"},
                "swap lib pip\n",
                {"pip/a.py=new", "pip/__pycache__/a.cpython-311.pyc=new", "pip/mine.py",
                 "pip/__pycache__/mine.cpython-311.pyc", "pip/__pycache__/notes.txt"},
                {"pip/gone.py", "pip/__pycache__/a.cpython-39.pyc", "pip/__pycache__/a.cpython-311.opt-1.pyc",
                 "pip/__pycache__/gone.cpython-311.pyc"},
        },
        {
                "shared bytecode, file by file",
                {"single.py", "__pycache__/single.cpython-311.pyc"},
                {"single.py", "__pycache__/single.cpython-311.pyc"},
                {"single.py", "__pycache__/single.cpython-311.pyc", "__pycache__/single.cpython-39.pyc",
                 "__pycache__/other.cpython-311.pyc"},
                "swap lib __pycache__/single.cpython-311.pyc\ntake lib __pycache__/single.cpython-39.pyc\n"
                "swap lib single.py\n",
                {"single.py=new", "__pycache__/single.cpython-311.pyc=new", "__pycache__/other.cpython-311.pyc"},
                {"__pycache__/single.cpython-39.pyc"},
        },
        {
                "shared bytecode of others stays",
                {NULL},
                {"single.py"},
                {"single.py", "__pycache__/single.cpython-311.pyc", "__pycache__/other.cpython-311.pyc"},
                "take lib __pycache__/single.cpython-311.pyc\ntake lib single.py\n",
                {"__pycache__/other.cpython-311.pyc"},
                {"single.py", "__pycache__/single.cpython-311.pyc"},
        },
        {
                "the last shared bytecode goes with its directory",
                {NULL},
                {"single.py", "__pycache__/single.cpython-311.pyc"},
                {"single.py", "__pycache__/single.cpython-311.pyc", "__pycache__/single.cpython-39.pyc"},
                "take lib __pycache__\ntake lib single.py\n",
                {NULL},
                {"single.py", "__pycache__"},
        },
        {
                "shared bytecode that is still needed",
                {"single.py", "__pycache__/single.cpython-311.pyc"},
                {"single.py"},
                {"single.py", "__pycache__/single.cpython-39.pyc"},
                "put lib __pycache__/single.cpython-311.pyc\ntake lib __pycache__/single.cpython-39.pyc\n"
                "swap lib single.py\n",
                {"single.py=new", "__pycache__/single.cpython-311.pyc=new"},
                {"__pycache__/single.cpython-39.pyc"},
        },
        {
                "a directory of bytecode that is not there yet",
                {"single.py", "__pycache__/single.cpython-311.pyc"},
                {NULL},
                {NULL},
                "mkdir lib __pycache__\nput lib __pycache__/single.cpython-311.pyc\nput lib single.py\n",
                {"single.py=new", "__pycache__/single.cpython-311.pyc=new"},
                {NULL},
        },
        {
                "parents of data files",
                {"data:share/man/man1/a.1", "data:share/man/man1/b.1", "data:share/doc/c", "data:top",
                 "headers:demo/x.h"},
                {NULL},
                {"data:share/doc/other"},
                "mkdir headers demo\nput headers demo/x.h\nput data share/doc/c\nmkdir data share/man\n"
                "mkdir data share/man/man1\nput data share/man/man1/a.1\nput data share/man/man1/b.1\nput data top\n",
                {"data:share/man/man1/a.1=new", "data:share/man/man1/b.1=new", "data:share/doc/c=new",
                 "data:share/doc/other", "data:top=new", "headers:demo/x.h=new"},
                {NULL},
        },
        {
                "a link in the place of a package that goes",
                {NULL},
                {"pip/a.py", "pip-1.dist-info/RECORD"},
                {"pip-1.dist-info/RECORD", "data:elsewhere/a.py", "pip -> ../../../elsewhere"},
                "take lib pip\ntake lib pip-1.dist-info\n",
                {"data:elsewhere/a.py"},
                {"pip"},
        },
        {
                "a link in the place of a file",
                {"scripts:pip"},
                {NULL},
                {"data:elsewhere", "scripts:pip -> ../elsewhere"},
                "swap scripts pip\n",
                {"scripts:pip=new", "data:elsewhere"},
                {NULL},
        },
        {
                "names that begin alike",
                {"pip/a.py", "pip_x/a.py", "pip.py"},
                {"pip/a.py", "pip_x/a.py", "pip.py"},
                {"pip/a.py", "pip_x/a.py", "pip.py", "pip_y/a.py"},
                "swap lib pip\nswap lib pip_x\nswap lib pip.py\n",
                {"pip/a.py=new", "pip_x/a.py=new", "pip.py=new", "pip_y/a.py"},
                {NULL},
        },
};

static const struct {
        const char *name;
        const char *plan, *before, *message;
} refusals[] = {
        {"a file in the place of a package", "pip/a.py", "pip",
         "a file or link is in the place of a package's directory"},
        {"a link in the place of a package", "pip/a.py", "pip -> ../../..",
         "a file or link is in the place of a package's directory"},
        {"a directory in the place of a file", "single.py", "single.py/", "a directory is in the place of a file"},
        {"a directory in the place of a script", "scripts:pip", "scripts:pip/",
         "a directory is in the place of a file"},
        {"a file in the place of a parent", "data:share/x", "data:share",
         "a file or link is in the place of a package's directory"},
        {"a link in the place of a parent", "data:share/x", "data:share -> bin",
         "a file or link is in the place of a package's directory"},
};

static const char *split(const char *text, enum plan_root *ret_root)
{
        const char *colon = strchr(text, ':');

        *ret_root = PLAN_LIB;
        for (int i = 0; colon != NULL && i < PLAN_N_ROOTS; i++)
                if (strlen(txn_staged_name((enum plan_root)i)) == (size_t)(colon - text) &&
                    str_starts(text, txn_staged_name((enum plan_root)i)))
                        *ret_root = (enum plan_root)i;
        return colon != NULL ? colon + 1 : text;
}

static char *place(const char *text)
{
        enum plan_root root;
        const char *path = split(text, &root);

        return path_join(fixture_roots[root], path);
}

static int by_place(const void *a, const void *b)
{
        const struct removal_path *left = a;
        const struct removal_path *right = b;

        return left->root != right->root ? (left->root > right->root) - (left->root < right->root)
                                         : strcmp(left->path, right->path);
}

static void fill(const char *const *texts, struct removal_path *paths, size_t *ret_n)
{
        size_t n = 0;

        for (; n < MAX && texts[n] != NULL; n++)
                paths[n].path = split(texts[n], &paths[n].root);
        qsort(paths, n, sizeof(*paths), by_place);
        *ret_n = n;
}

static int merge(struct txn *txn, const char *const *plan_texts, const char *const *removal_texts,
                 struct pipseed_error *err)
{
        struct removal_path planned[MAX], removed[MAX];
        struct plan_file files[MAX] = {0};
        struct plan plan = {.files = files};
        struct removal removal = {.paths = removed, .lib = PLAN_LIB};

        fill(plan_texts, planned, &plan.n_files);
        fill(removal_texts, removed, &removal.n_paths);
        for (size_t i = 0; i < plan.n_files; i++) {
                files[i] = (struct plan_file){.root = planned[i].root, .path = planned[i].path};
                fixture_stage(txn, planned[i].root, planned[i].path, "new");
        }
        return merge_add_changes(txn, plan.n_files > 0 ? &plan : NULL, &removal, err);
}

static void make(const char *const *entries)
{
        for (size_t i = 0; i < MAX && entries[i] != NULL; i++) {
                _cleanup_free_ char *entry = place(entries[i]);

                tree_entry(entry, "old");
        }
}

static void reset(void)
{
        _cleanup_close_ int top = file_open_dir(tree_root);

        assert_int_equal(file_remove_tree(top, "env"), 0);
        tree_dir(RIG_LIB);
        tree_dir("env/bin");
}

static void check_after(const struct merge_case *c)
{
        for (size_t k = 0; k < MAX && c->after[k] != NULL; k++) {
                _cleanup_free_ char *path = place(c->after[k]);
                bool is_new = str_ends(path, "=new");

                if (is_new)
                        path[strlen(path) - strlen("=new")] = '\0';
                fixture_assert_content(path, is_new ? "new" : "old");
        }
        for (size_t k = 0; k < MAX && c->gone[k] != NULL; k++) {
                _cleanup_free_ char *path = place(c->gone[k]);

                if (fixture_has(path))
                        fail_msg("%s: %s is still there", c->name, path);
        }
}

static void changes(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (int commit = 0; commit < 2; commit++) {
                        struct pipseed_error err = PIPSEED_ERROR_INIT;
                        _cleanup_free_ char *before = NULL;
                        _cleanup_free_ char *now = NULL;
                        _cleanup_free_ char *added = NULL;
                        struct txn *txn;

                        reset();
                        make(cases[i].before);
                        before = fixture_listing("env");
                        txn = fixture_prepare();
                        if (merge(txn, cases[i].plan, cases[i].removal, &err) < 0)
                                fail_msg("%s: %s: %s", cases[i].name, err.path, err.message);
                        added = fixture_changes(txn);
                        if (strcmp(added, cases[i].changes) != 0)
                                fail_msg("%s:\n%snot\n%s", cases[i].name, added, cases[i].changes);
                        now = fixture_listing("env");
                        assert_true(strcmp(now, before) == 0 || strcmp(cases[i].name, "parents of data files") == 0);
                        if (commit != 0)
                                fixture_commit(txn);
                        txn_free(txn);
                        if (commit != 0) {
                                check_after(&cases[i]);
                        } else {
                                free(steal_ptr(now));
                                now = fixture_everything("env");
                                assert_string_equal(now, before);
                        }
                }
}

static void refuses_what_is_in_the_way(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
                const char *const before[MAX] = {refusals[i].before};
                const char *const plan[MAX] = {refusals[i].plan};
                const char *const nothing[MAX] = {NULL};
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                _cleanup_free_ char *was = NULL;
                _cleanup_free_ char *is = NULL;
                struct txn *txn;

                reset();
                make(before);
                was = fixture_everything("env");
                txn = fixture_prepare();
                if (merge(txn, plan, nothing, &err) != PIPSEED_E_BAD_TARGET)
                        fail_msg("%s: %s", refusals[i].name, err.message);
                assert_string_equal(err.message, refusals[i].message);
                assert_string_not_equal(err.hint, "");
                txn_free(txn);
                is = fixture_everything("env");
                assert_string_equal(is, was);
        }
}

/* A name in the shared __pycache__ that a journal could not hold stays where it is. */
static void bytecode_with_an_impossible_name(void **state)
{
        static const char *const removed[MAX] = {"single.py"};
        static const char *const nothing[MAX] = {NULL};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(str_done) struct str text = STR_INIT;
        _cleanup_(txn_freep) struct txn *txn = NULL;
        struct journal read = {0};

        (void)state;
        tree_file(RIG_LIB "/single.py", "old");
        tree_file(RIG_LIB "/__pycache__/single.a\nb.pyc", "odd");
        tree_file(RIG_LIB "/__pycache__/single.cpython-311.pyc", "old");
        txn = fixture_prepare();
        assert_int_equal(merge(txn, nothing, removed, &err), 0);
        txn_write_journal(txn, &text);
        assert_true(journal_read(&read, text.data, text.len));
        assert_int_equal(read.n_changes, 2);
        journal_done(&read);
        fixture_commit(txn);
        fixture_assert_content(RIG_LIB "/__pycache__/single.a\nb.pyc", "odd");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(changes, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(refuses_what_is_in_the_way, fixture_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(bytecode_with_an_impossible_name, fixture_setup, tree_teardown),
        };

        return old_kernel_run_twice(tests);
}
