/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include "base/error.h"
#include "base/process.h"
#include "store/bytecode.h"
#include "wheel/pyc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static const struct {
        const char *source, *expected;
} paths[] = {
        {"pkg/mod.py", "pkg/__pycache__/mod.cpython-313.pyc"},
        {"mod.py", "__pycache__/mod.cpython-313.pyc"},
        {"a/b/__init__.py", "a/b/__pycache__/__init__.cpython-313.pyc"},
        {"a.b/c.d.py", "a.b/__pycache__/c.d.cpython-313.pyc"},
        {".py", "__pycache__/.cpython-313.pyc"},
};

static void names_files(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};
        const struct target target = {.cache_tag = "cpython-313"};
        _cleanup_free_ char *suffix = bytecode_suffix(&target);

        (void)state;
        assert_string_equal(suffix, ".cpython-313.pyc");
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
                assert_string_equal(pyc_path(&arena, paths[i].source, suffix), paths[i].expected);
}

static const struct {
        const char *path;
        bool wanted;
} wanted[] = {
        {"demo/a.py", true},
        {"a.py", true},
        {"demo/a.pyi", false},
        {"demo/a.pyc", false},
        {"demo/a.txt", false},
        {"demo-1.0.data/purelib/a.py", true},
        {"demo-1.0.data/scripts/a.py", false},
        {"demo-1.0.data/scriptsx/a.py", true},
        {"demo-1.0.dataX/scripts/a.py", true},
        {"demo-1.0.dist-info/x.py", true},
};

static void wants_what_pip_compiles(void **state)
{
        const struct wheel_info wheel = {.data_dir = "demo-1.0.data"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
                if (bytecode_wanted(&wheel, wanted[i].path) != wanted[i].wanted)
                        fail_msg("%s", wanted[i].path);
}

static void needs_an_interpreter(void **state)
{
        struct target target = *demo_target;

        (void)state;
        assert_true(bytecode_possible(&target));
        target.run_exe = NULL;
        assert_false(bytecode_possible(&target));
        target = *demo_target;
        target.cache_tag = NULL;
        assert_false(bytecode_possible(&target));
        target = *demo_target;
        memset(target.magic, 0, sizeof(target.magic));
        assert_false(bytecode_possible(&target));
}

struct compile {
        struct entry *entry;
        struct bytecode_query query;
        struct manifest pyc;
        int out_fd;
};

static void compile_done(struct compile *compile)
{
        manifest_done(&compile->pyc);
        cleanup_closep(&compile->out_fd);
        entry_free(compile->entry);
}

/* The files of an entry without bytecode, and an empty directory "out". */
static struct compile prepare(void)
{
        static char out_path[2048];
        struct compile compile = {.out_fd = -1};

        demo_query.bytecode = PIPSEED_BYTECODE_NO;
        compile.entry = get_entry();
        tree_dir("out");
        compile.out_fd = file_open_dir(tree_path("out"));
        assert_true(compile.out_fd >= 0);
        (void)snprintf(out_path, sizeof(out_path), "%s", tree_path("out"));
        compile.query = (struct bytecode_query){
                .target = demo_target,
                .files_fd = compile.entry->files_fd,
                .files = &compile.entry->files,
                .out_fd = compile.out_fd,
                .out_path = out_path,
                .path = out_path,
                .jobs = 1,
                .umask = 022,
        };
        return compile;
}

static void run(struct compile *compile)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        if (bytecode_compile(&compile->query, &compile->pyc, &err) < 0)
                fail_msg("%s", err.message);
}

static const char *const sources[] = {"single.py", "demo/__init__.py", "demo/mod.py", "demo/sub/deep.py"};

static void assert_listed(const struct compile *compile)
{
        assert_int_equal(compile->pyc.info.n_files, ARRAY_SIZE(sources));
        for (size_t i = 0; i < compile->pyc.info.n_files; i++) {
                const struct wheel_file *file = &compile->pyc.info.files[i];
                const struct wheel_file *source = &compile->entry->files.info.files[compile->pyc.source[i]];
                _cleanup_(arena_done) struct arena arena = {0};
                _cleanup_free_ char *suffix = bytecode_suffix(demo_target);
                _cleanup_free_ char *data = NULL;
                uint8_t digest[HASH_SIZE];
                struct stat st;
                size_t len;

                assert_string_equal(source->path, sources[i]);
                assert_string_equal(file->path, pyc_path(&arena, sources[i], suffix));
                assert_int_equal(file_read(compile->out_fd, file->path, 1 << 20, &data, &len), 0);
                assert_int_equal(file->size, len);
                hash_of(data, len, digest);
                assert_memory_equal(file->sha256, digest, HASH_SIZE);
                assert_memory_equal(data, demo_target->magic, 4);
                assert_int_equal(fstatat(compile->out_fd, file->path, &st, 0), 0);
                assert_true(manifest_stat_fits(&compile->pyc, i, &st, false));
                assert_int_equal(st.st_mode & 07777, 0666 & ~compile->query.umask);
                if (i > 0)
                        assert_true(strcmp(compile->pyc.info.files[i - 1].path, file->path) < 0);
        }
}

static const struct {
        unsigned int jobs;
        mode_t umask;
} shares[] = {{1, 022}, {2, 077}, {3, 0}, {64, 022}, {1000, 002}, {0, 022}};

static void compiles_in_any_number_of_shares(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
                _cleanup_(compile_done) struct compile compile = prepare();
                _cleanup_close_ int top = file_open_dir(tree_root);

                compile.query.jobs = shares[i].jobs;
                compile.query.umask = shares[i].umask;
                run(&compile);
                assert_listed(&compile);
                assert_int_equal(tree_count("out"), 2);
                assert_int_equal(file_remove_tree(top, "out"), 0);
        }
}

/* Held against py_compile of the same interpreter, but for the name inside. */
static void equals_py_compile(void **state)
{
        static const char script[] =
                "import sys, os, py_compile, marshal\n"
                "files, out, suffix, mode = sys.argv[1:]\n"
                "kind = getattr(py_compile.PycInvalidationMode, mode)\n"
                "def body(path):\n"
                "    data = open(path, 'rb').read()\n"
                "    code = marshal.loads(data[16:])\n"
                "    assert not os.path.isabs(code.co_filename) or path == 'x.pyc', code.co_filename\n"
                "    def bare(c):\n"
                "        return (c.co_code, c.co_names, c.co_varnames, c.co_flags, c.co_firstlineno,\n"
                "                [bare(k) if hasattr(k, 'co_code') else k for k in c.co_consts])\n"
                "    return data[:16], bare(code)\n"
                "n = 0\n"
                "for directory, _, names in os.walk(files):\n"
                "    for name in names:\n"
                "        target = os.path.join(out, os.path.relpath(directory, files), '__pycache__',\n"
                "                              name[:-3] + suffix)\n"
                "        if name.endswith('.py') and os.path.exists(target):\n"
                "            py_compile.compile(os.path.join(directory, name), 'x.pyc', doraise=True, optimize=0,\n"
                "                               invalidation_mode=kind)\n"
                "            assert body('x.pyc') == body(target), target\n"
                "            n += 1\n"
                "sys.exit(n)\n";

        (void)state;
        for (int checked = 0; checked < 2; checked++) {
                _cleanup_(compile_done) struct compile compile = prepare();
                _cleanup_close_ int top = file_open_dir(tree_root);
                _cleanup_free_ char *suffix = bytecode_suffix(demo_target);
                _cleanup_free_ char *files = entry_path(compile.entry, NULL);
                const char *argv[] = {DEMO_PYTHON, "-I",
                                      "-c",        script,
                                      files,       compile.query.out_path,
                                      suffix,      checked != 0 ? "CHECKED_HASH" : "TIMESTAMP",
                                      NULL};
                char *const envp[] = {NULL};
                const struct process_spec spec = {
                        .argv = argv, .envp = envp, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = 2, .dir_fd = top};
                struct process process = PROCESS_INIT;
                int status = -1;

                compile.query.checked_hash = checked != 0;
                run(&compile);
                assert_listed(&compile);
                assert_int_equal(process_start(&spec, &process), 0);
                assert_int_equal(process_wait(&process, 60000, NULL, NULL, &status), 0);
                assert_true(WIFEXITED(status));
                assert_int_equal(WEXITSTATUS(status), ARRAY_SIZE(sources));
                assert_int_equal(file_remove_tree(top, "out"), 0);
        }
}

/* An interpreter that is not one: "%" is the temporary directory. */
static const struct {
        const char *script, *message;
} failing[] = {
        {"#!/bin/sh\necho 'Traceback' >&2\necho 'Oops: it broke' >&2\nexit 3\n", "(exit 3): Oops: it broke"},
        {"#!/bin/sh\nexit 1\n", "(exit 1): "},
        {"#!/bin/sh\nkill -KILL $$\n", "killed by signal 9 while compiling"},
};

static void tells_how_the_interpreter_failed(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(failing); i++) {
                _cleanup_(compile_done) struct compile compile = prepare();
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct target target = *demo_target;
                _cleanup_free_ char *exe = str_format("%s/python%zu", tree_root, i);

                tree_program(exe + strlen(tree_root) + 1, failing[i].script);
                target.run_exe = exe;
                compile.query.target = &target;
                compile.query.jobs = 2;
                assert_int_equal(bytecode_compile(&compile.query, &compile.pyc, &err), PIPSEED_E_COMPILE_FAILED);
                assert_string_equal(err.path, exe);
                if (!str_ends(err.message, failing[i].message))
                        fail_msg("%s", err.message);
                assert_string_not_equal(err.hint, "");
                assert_int_equal(compile.pyc.info.n_files, 0);
        }
}

static void missing_interpreter(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct target target = *demo_target;

        (void)state;
        if (on_valgrind())
                skip();
        _cleanup_(compile_done) struct compile compile = prepare();
        target.run_exe = "/nonexistent/python3";
        compile.query.target = &target;
        assert_int_equal(bytecode_compile(&compile.query, &compile.pyc, &err), PIPSEED_E_IO);
        assert_int_equal(err.sys_errno, ENOENT);
}

/* What the user's environment says to Python, and what lies in the current directory, does not count. */
static void is_isolated(void **state)
{
        _cleanup_(compile_done) struct compile compile = prepare();

        (void)state;
        (void)setenv("PYTHONHOME", "/nonexistent", 1);
        (void)setenv("PYTHONOPTIMIZE", "2", 1);
        (void)setenv("PYTHONPYCACHEPREFIX", "/nonexistent", 1);
        run(&compile);
        (void)unsetenv("PYTHONHOME");
        (void)unsetenv("PYTHONOPTIMIZE");
        (void)unsetenv("PYTHONPYCACHEPREFIX");
        assert_listed(&compile);
}

/* Killed before the interpreter has even begun, which may be the child of a script: nothing is written any more. */
static void writes_nothing_for_the_dead(void **state)
{
        _cleanup_(compile_done) struct compile compile = prepare();
        _cleanup_free_ char *exe = str_format("%s/late", tree_root);
        _cleanup_free_ char *script = str_format("#!/bin/sh\nread go < %s/go\n" DEMO_PYTHON " \"$@\"\n"
                                                 "echo $? > %s/done\n",
                                                 tree_root, tree_root);
        struct target target = *demo_target;
        char said[8] = "";
        pid_t pid;

        (void)state;
        tree_program("late", script);
        target.run_exe = exe;
        compile.query.target = &target;
        assert_int_equal(mkfifo(tree_path("go"), 0600), 0);
        assert_int_equal(mkfifo(tree_path("done"), 0600), 0);
        pid = fork();
        if (pid == 0) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                (void)bytecode_compile(&compile.query, &compile.pyc, &err);
                _exit(0);
        }
        _cleanup_close_ int go_fd = open(tree_path("go"), O_WRONLY | O_CLOEXEC); /* waits until the script has begun */
        assert_true(go_fd >= 0);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(write(go_fd, "go\n", 3), 3);
        _cleanup_close_ int done_fd = open(tree_path("done"), O_RDONLY | O_CLOEXEC);
        assert_int_equal(read(done_fd, said, sizeof(said) - 1), 2);
        assert_string_equal(said, "0\n");
        for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
                _cleanup_(arena_done) struct arena arena = {0};
                _cleanup_free_ char *suffix = bytecode_suffix(demo_target);
                const char *path = pyc_path(&arena, sources[i], suffix);
                struct stat st;

                if (fstatat(compile.out_fd, path, &st, 0) == 0)
                        fail_msg("%s was written", path);
        }
        assert_int_equal(tree_count("out"), 2); /* its directories are there: it could have been */
}

static void nothing_to_compile(void **state)
{
        _cleanup_(compile_done) struct compile compile = prepare();

        (void)state;
        compile.entry->files.info.n_files = 4; /* scripts and dist-info */
        run(&compile);
        assert_int_equal(compile.pyc.info.n_files, 0);
        assert_int_equal(tree_count("out"), 0);
        compile.entry->files.info.n_files = DEMO_N;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(names_files, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(wants_what_pip_compiles, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(needs_an_interpreter, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(compiles_in_any_number_of_shares, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(equals_py_compile, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(tells_how_the_interpreter_failed, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(missing_interpreter, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(is_isolated, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(writes_nothing_for_the_dead, store_setup, store_teardown),
                cmocka_unit_test_setup_teardown(nothing_to_compile, store_setup, store_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, store_end);
}
