/* SPDX-License-Identifier: MIT */
#include "bytecode.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "fill.h"
#include "wheel/pyc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define MAX_JOBS 64
#define TIMEOUT_MS (300 * 1000)
#define FILE_COST 500 /* opening, writing: worth about as much as compiling so many bytes */

/*
 * Runs in the target's interpreter (CPython 3.6 and newer, PyPy) as `-I -S -c PROGRAM MODE`, current directory = the
 * wheel's files. On stdin, each followed by a NUL: the output directory, then pairs of source and bytecode path; bytes,
 * so that no locale matters. It imports built-in modules only: the importlib functions used here are the ones that
 * py_compile uses, and are in every interpreter from the start. The garbage collector only costs time: syntax trees
 * have no cycles.
 */
static const char compile_program[] =
        "import sys, gc, posix\n"
        "gc.disable()\n"
        "ext = sys.modules['_frozen_importlib_external']\n"
        "stamp = getattr(ext, '_code_to_timestamp_pyc', None) or ext._code_to_bytecode\n"
        "hashed = sys.argv[1] == 'checked-hash' and hasattr(ext, '_code_to_hash_pyc')\n"
        "if hashed:\n"
        "    import _imp\n"
        "    key = int.from_bytes(ext.MAGIC_NUMBER, 'little')\n" /* as in importlib.util.source_hash */
        "def is_abandoned():\n" /* process_lifeline: the run was killed, and its directory is swept */
        "    try:\n"
        "        posix.write(1, b'.')\n"
        "    except BrokenPipeError:\n"
        "        return True\n"
        "    except OSError:\n"
        "        pass\n"
        "    return False\n"
        "directory, *paths = sys.stdin.buffer.read().split(b'\\0')[:-1]\n"
        "for source, target in zip(paths[::2], paths[1::2]):\n"
        "    with open(source, 'rb') as f:\n"
        "        data = f.read()\n"
        "        info = posix.fstat(f.fileno())\n"
        "    try:\n"
        "        code = compile(data, source.decode('utf-8'), 'exec', 0, True, -1)\n"
        "    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):\n"
        "        continue\n"
        "    if hashed:\n"
        "        text = ext._code_to_hash_pyc(code, _imp.source_hash(key, data), True)\n"
        "    else:\n"
        "        text = stamp(code, int(info.st_mtime), len(data))\n"
        "    if is_abandoned():\n"
        "        break\n"
        "    with open(directory + b'/' + target, 'xb') as f:\n"
        "        f.write(text)\n";

bool bytecode_possible(const struct target *target)
{
        static const uint8_t unknown[4];

        return target->run_exe != NULL && target->cache_tag != NULL &&
               memcmp(target->magic, unknown, sizeof(unknown)) != 0;
}

char *bytecode_suffix(const struct target *target)
{
        return str_format(".%s.pyc", target->cache_tag);
}

bool bytecode_wanted(const struct wheel_info *wheel, const char *path)
{
        size_t len = strlen(wheel->data_dir);

        if (!str_ends(path, ".py"))
                return false;
        return strncmp(path, wheel->data_dir, len) != 0 || !str_starts(path + len, "/scripts/");
}

struct share {
        struct str paths; /* what the interpreter reads */
        uint64_t bytes;   /* of source, as a measure of the work */
        struct process process;
};

static int by_size_descending(const void *a, const void *b)
{
        const struct wheel_file *left = *(const struct wheel_file *const *)a;
        const struct wheel_file *right = *(const struct wheel_file *const *)b;

        return (left->size < right->size) - (left->size > right->size);
}

static void add_path(struct str *paths, const char *path)
{
        str_add(paths, path);
        str_add_char(paths, '\0');
}

/* Hands the largest file out first, always to the share with the least to do. */
static int divide(const struct bytecode_query *query, const struct manifest *pyc, const char *suffix,
                  struct share *shares, size_t n_shares)
{
        const struct wheel_file *sources = query->files->info.files;
        _cleanup_free_ const struct wheel_file **order = calloc(pyc->info.n_files + 1, sizeof(*order));

        if (order == NULL)
                return -ENOMEM;
        for (size_t k = 0; k < n_shares; k++)
                add_path(&shares[k].paths, query->out_path);
        for (size_t i = 0; i < pyc->info.n_files; i++)
                order[i] = &sources[pyc->source[i]];
        qsort(order, pyc->info.n_files, sizeof(*order), by_size_descending);
        for (size_t i = 0; i < pyc->info.n_files; i++) {
                struct share *least = &shares[0];
                _cleanup_(arena_done) struct arena arena = {0};
                const char *path = pyc_path(&arena, order[i]->path, suffix);

                for (size_t k = 1; k < n_shares; k++)
                        if (shares[k].bytes < least->bytes)
                                least = &shares[k];
                if (path == NULL)
                        return -ENOMEM;
                add_path(&least->paths, order[i]->path);
                add_path(&least->paths, path);
                least->bytes += order[i]->size + FILE_COST;
        }
        for (size_t k = 0; k < n_shares; k++)
                if (shares[k].paths.failed)
                        return -ENOMEM;
        return 0;
}

static int start(const struct bytecode_query *query, struct share *share, char **environment, int lifeline_fd,
                 int log_fd)
{
        const char *argv[] = {query->target->run_exe,
                              "-I",
                              "-S",
                              "-c",
                              compile_program,
                              query->checked_hash ? "checked-hash" : "timestamp",
                              NULL};
        _cleanup_close_ int list_fd = process_file(share->paths.data, share->paths.len);
        struct process_spec spec = {.argv = argv,
                                    .envp = environment,
                                    .stdin_fd = list_fd,
                                    .stdout_fd = lifeline_fd,
                                    .stderr_fd = log_fd,
                                    .dir_fd = query->files_fd};

        if (list_fd < 0)
                return list_fd;
        return process_start(&spec, &share->process);
}

/* The last line that the interpreter wrote to its stderr: the exception. */
static void last_words(int log_fd, char *ret_text, size_t size)
{
        _cleanup_free_ char *text = NULL;
        const char *line;

        ret_text[0] = '\0';
        if (lseek(log_fd, 0, SEEK_SET) < 0 || file_read_fd(log_fd, 1 << 20, &text, NULL) < 0)
                return;
        line = str_trim(text);
        line = strrchr(line, '\n') != NULL ? strrchr(line, '\n') + 1 : line;
        (void)snprintf(ret_text, size, "%s", line);
}

static int judge(const struct bytecode_query *query, int r, int status, int log_fd, struct pipseed_error *err)
{
        const char *exe = query->target->run_exe;
        char words[400];

        if (r == -ETIMEDOUT)
                return error_set(err, PIPSEED_E_COMPILE_FAILED, exe, "the interpreter did not finish compiling in %d s",
                                 TIMEOUT_MS / 1000);
        if (r < 0)
                return error_sys(err, r, exe, "cannot wait for the interpreter that compiles");
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;
        last_words(log_fd, words, sizeof(words));
        if (WIFSIGNALED(status))
                error_set(err, PIPSEED_E_COMPILE_FAILED, exe, "the interpreter was killed by signal %d while compiling",
                          WTERMSIG(status));
        else
                error_set(err, PIPSEED_E_COMPILE_FAILED, exe, "the interpreter failed while compiling (exit %d): %s",
                          WEXITSTATUS(status), words);
        return error_hint(err, "use --no-bytecode (install.bytecode = no) to install without compiling");
}

/* What the processes have written into their lifeline: a byte for each module. */
struct watch {
        struct progress progress;
        int fd;
        uint64_t n_done;
};

static int tick(void *data)
{
        struct watch *watch = data;
        char bytes[1024];
        ssize_t n;

        while ((n = read(watch->fd, bytes, sizeof(bytes))) > 0)
                watch->n_done += (uint64_t)n;
        return progress_send(&watch->progress, watch->n_done);
}

/* All of them, also after a failure. A child that failed may have been killed by what the caller is about to report:
 * the caller is asked first. */
static int wait_for_shares(const struct bytecode_query *query, struct share *shares, size_t n_shares,
                           struct watch *watch, int log_fd, struct pipseed_error *err)
{
        int result = err->code;

        for (size_t i = 0; i < n_shares; i++) {
                int status = 0;
                int r;

                if (shares[i].process.pid < 0)
                        continue;
                if (result < 0)
                        process_kill(&shares[i].process);
                r = process_wait(&shares[i].process, TIMEOUT_MS, result < 0 ? NULL : tick, watch, &status);
                if (result == 0 && (r == -ECANCELED || (r == 0 && status != 0 && tick(watch) < 0)))
                        result = error_cancelled(err);
                if (result == 0)
                        result = judge(query, r, status, log_fd, err);
        }
        return result;
}

static int run_shares(const struct bytecode_query *query, struct share *shares, size_t n_shares, size_t n_modules,
                      struct pipseed_error *err)
{
        _cleanup_free_ char **environment = process_python_environment();
        _cleanup_close_ int log_fd = process_file("", 0);
        _cleanup_close_ int kept_fd = -1;
        _cleanup_close_ int lifeline_fd = -1;
        struct watch watch = {.n_done = 0};
        int result = process_lifeline(&kept_fd, &lifeline_fd);

        if (environment == NULL)
                return error_memory(err);
        if (log_fd < 0)
                return error_sys(err, log_fd, NULL, "cannot create a file in memory");
        if (result < 0)
                return error_sys(err, result, NULL, "cannot create a pipe");
        watch.fd = kept_fd;
        progress_init(&watch.progress, query->event, query->event_data, "modules compiled", n_modules);
        for (size_t i = 0; i < n_shares && result == 0; i++) {
                int r = shares[i].bytes > 0 ? start(query, &shares[i], environment, lifeline_fd, log_fd) : 0;

                if (r < 0)
                        result = error_sys(err, r, query->target->run_exe, "cannot run the interpreter");
        }
        return wait_for_shares(query, shares, n_shares, &watch, log_fd, err);
}

static int run_all(const struct bytecode_query *query, const struct manifest *pyc, const char *suffix,
                   struct pipseed_error *err)
{
        struct share shares[MAX_JOBS];
        size_t n_shares = query->jobs < 1 ? 1 : query->jobs > MAX_JOBS ? MAX_JOBS : query->jobs;
        int r;

        for (size_t i = 0; i < n_shares; i++)
                shares[i] = (struct share){.paths = STR_INIT, .process = PROCESS_INIT};
        r = divide(query, pyc, suffix, shares, n_shares);
        if (r < 0)
                r = error_sys(err, r, NULL, "cannot distribute the compiling");
        else
                r = run_shares(query, shares, n_shares, pyc->info.n_files, err);
        for (size_t i = 0; i < n_shares; i++)
                str_done(&shares[i].paths);
        return r;
}

/* Lists what is to be compiled: sorted by the .pyc files' paths, as every manifest is. */
static int by_path(const void *a, const void *b)
{
        return strcmp(((const struct wheel_file *)a)->path, ((const struct wheel_file *)b)->path);
}

static int list(const struct bytecode_query *query, const char *suffix, struct manifest *pyc)
{
        const struct wheel_info *wheel = &query->files->info;
        struct wheel_file *files = arena_calloc(&pyc->arena, wheel->n_files, sizeof(*files));
        struct manifest_stat *stats = arena_calloc(&pyc->arena, wheel->n_files, sizeof(*stats));
        size_t *source = arena_calloc(&pyc->arena, wheel->n_files, sizeof(*source));
        size_t n = 0;

        if (files == NULL || stats == NULL || source == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < wheel->n_files; i++) {
                if (!bytecode_wanted(wheel, wheel->files[i].path))
                        continue;
                files[n].path = pyc_path(&pyc->arena, wheel->files[i].path, suffix);
                if (files[n].path == NULL)
                        return -ENOMEM;
                files[n].size = i; /* the source's index, until sorted */
                n++;
        }
        qsort(files, n, sizeof(*files), by_path);
        for (size_t i = 0; i < n; i++) {
                source[i] = (size_t)files[i].size;
                files[i].size = 0;
        }
        pyc->info = *wheel;
        pyc->info.files = files;
        pyc->info.n_files = n;
        pyc->info.n_entry_points = 0;
        pyc->stats = stats;
        pyc->source = source;
        return 0;
}

/* Reads back one .pyc: its mode, digest and status. 1: there; 0: it did not compile; -errno. */
static int measure(const struct bytecode_query *query, struct wheel_file *file, struct manifest_stat *stat)
{
        _cleanup_close_ int fd = file_open_beneath(query->out_fd, file->path, O_RDONLY, 0);
        struct stat st;
        int r;

        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return fd;
        r = hash_of_fd(fd, file->sha256);
        if (r < 0)
                return r;
        if (fchmod(fd, 0666 & ~query->umask) < 0 || fstat(fd, &st) < 0)
                return -errno;
        file->size = (uint64_t)st.st_size;
        *stat = (struct manifest_stat){.inode = st.st_ino, .mtime_ns = manifest_mtime(&st)};
        return 1;
}

static int measure_all(const struct bytecode_query *query, struct manifest *pyc, struct pipseed_error *err)
{
        struct wheel_file *files = (struct wheel_file *)pyc->info.files;
        struct manifest_stat *stats = (struct manifest_stat *)pyc->stats;
        size_t *source = (size_t *)pyc->source;
        struct progress progress;
        size_t kept = 0;

        progress_init(&progress, query->event, query->event_data, "files verified", pyc->info.n_files);
        for (size_t i = 0; i < pyc->info.n_files; i++) {
                int r = progress_step(&progress, i);

                if (r == 0)
                        r = measure(query, &files[i], &stats[i]);
                if (r < 0)
                        return error_sys(err, r, query->path, "cannot read back the bytecode");
                if (r == 0)
                        continue;
                files[kept] = files[i];
                stats[kept] = stats[i];
                source[kept] = source[i];
                kept++;
        }
        pyc->info.n_files = kept;
        return 0;
}

int bytecode_compile(const struct bytecode_query *query, struct manifest *ret_manifest, struct pipseed_error *err)
{
        _cleanup_(manifest_done) struct manifest pyc = {0};
        _cleanup_free_ char *suffix = bytecode_suffix(query->target);
        int r;

        if (suffix == NULL)
                return error_memory(err);
        r = list(query, suffix, &pyc);
        if (r == 0)
                r = fill_make_dirs(query->out_fd, pyc.info.files, pyc.info.n_files);
        if (r < 0)
                return error_sys(err, r, query->path, "cannot prepare the bytecode's directories");
        r = run_all(query, &pyc, suffix, err);
        if (r < 0)
                return r;
        r = measure_all(query, &pyc, err);
        if (r < 0)
                return r;
        *ret_manifest = pyc;
        pyc = (struct manifest){0};
        return 0;
}
