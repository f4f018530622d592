/* SPDX-License-Identifier: MIT */
#include "install/verify/compiled.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "install/verify/verified.h"
#include "store/bytecode.h"
#include "store/marshal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define MAX_SOURCE ((size_t)64 << 20)
#define MAX_SHARES 16
#define TIMEOUT_MS (300 * 1000)

/*
 * Runs in the base interpreter (CPython 3.6 and newer) as `-I -S -c PROGRAM`. On stdin, for each module: the level of
 * optimisation (one byte), the length (4 bytes, little-endian), the source. On stdout for each: the length of what
 * follows (0: it does not compile), the hash of the source as in PEP 552 (8 bytes), the code object.
 */
static const char compile_program[] =
        "import sys, gc, marshal, _imp\n"
        "gc.disable()\n"
        "magic = sys.modules['_frozen_importlib_external'].MAGIC_NUMBER\n"
        "magic = int.from_bytes(magic, 'little')\n"
        "data, out, at = sys.stdin.buffer.read(), sys.stdout.buffer, 0\n"
        "while at < len(data):\n"
        "    level, size = data[at], int.from_bytes(data[at + 1:at + 5], 'little')\n"
        "    source = data[at + 5:at + 5 + size]\n"
        "    at += 5 + size\n"
        "    try:\n"
        "        code = marshal.dumps(compile(source, '', 'exec', 0, True, level))\n"
        "    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):\n"
        "        out.write(bytes(4))\n"
        "        continue\n"
        "    digest = _imp.source_hash(magic, source) if hasattr(_imp, 'source_hash') else bytes(8)\n"
        "    out.write((8 + len(code)).to_bytes(4, 'little') + digest + code)\n"
        "out.flush()\n";

static const char cache_dir[] = "__pycache__";

/* NAME may hold dots, so the last parts decide. */
char *compiled_source(const char *path, const char **ret_tag)
{
        const char *base = path_base(path);
        const char *end = base + strlen(base) - strlen(".pyc");
        const size_t parent = strlen(cache_dir) + 1;
        const char *tag = NULL;

        *ret_tag = NULL;
        if (!str_ends(base, ".pyc") || (size_t)(base - path) <= parent || base[-1] != '/' ||
            strncmp(base - parent, cache_dir, strlen(cache_dir)) != 0 || base[-(ptrdiff_t)parent - 1] != '/')
                return NULL;
        for (const char *p = end - 1; p > base; p--) {
                if (*p != '.')
                        continue;
                if (tag == NULL && str_starts(p, ".opt-")) {
                        end = p;
                        continue;
                }
                tag = p + 1;
                break;
        }
        if (tag == NULL || tag >= end)
                return NULL;
        *ret_tag = tag;
        return str_format("%.*s%.*s.py", (int)(base - parent - path), path, (int)(tag - 1 - base), base);
}

/* Before Python 3.7 (PEP 552) the header has no flags: "cpython-36", "pypy36". */
static bool has_flags(const char *tag)
{
        const size_t len = strcspn(tag, ".");

        if (len < 3 || !str_is_digit(tag[len - 1]) || !str_is_digit(tag[len - 2]) || str_is_digit(tag[len - 3]))
                return true;
        return tag[len - 2] != '3' || tag[len - 1] > '6';
}

static uint32_t read_u32(const uint8_t *bytes)
{
        return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static size_t header_size(bool flags)
{
        return flags ? 16 : 12;
}

/* What is wrong with the header, or NULL. Bytecode that carries the source's hash is held against that, where it is
 * compiled again; bytecode that Python is told not to check runs whatever the source says (PEP 552). */
static const char *judge_header(const struct verified_content *pyc, bool flags, const struct stat *source)
{
        const uint8_t *header = pyc->header;
        const size_t size = header_size(flags);
        const uint32_t kind = flags && pyc->header_len == 16 ? read_u32(header + 4) : 0;

        if (pyc->header_len < size || header[2] != '\r' || header[3] != '\n' || kind > 3 || kind == 2)
                return "it is not Python bytecode";
        if (kind == 1)
                return "it is bytecode that Python is told not to check against its source";
        if (kind == 3)
                return NULL;
        if (read_u32(header + size - 8) != (uint32_t)source->st_mtime ||
            read_u32(header + size - 4) != (uint32_t)source->st_size)
                return "it is the bytecode of a different version of its source";
        return NULL;
}

/* One that has to be compiled again. */
struct compiled_item {
        const char *path, *source;
        uint8_t digest[HASH_SIZE], source_digest[HASH_SIZE];
        uint8_t level;
        bool flags;
        char *bytes; /* of the .pyc */
        size_t len;
        size_t share; /* that it is in, and whether it is in any */
        bool is_asked;
};

static uint8_t level_of(const char *path)
{
        const char *opt = strstr(path_base(path), ".opt-");

        return opt != NULL && str_is_digit(opt[5]) && opt[6] == '.' && opt[5] <= '2' ? (uint8_t)(opt[5] - '0') : 0;
}

static int add_item(struct findings *findings, const struct compiled_item *item, struct pipseed_error *err)
{
        struct compiled_item copy = *item;

        copy.path = arena_strdup(findings->arena, item->path);
        copy.source = arena_strdup(findings->arena, item->source);
        if (copy.path == NULL || copy.source == NULL ||
            arena_grow(findings->arena, &findings->compiled, findings->n_compiled, &findings->compiled_capacity,
                       sizeof(copy)) < 0)
                return error_memory(err);
        findings->compiled[findings->n_compiled++] = copy;
        return 0;
}

/* Is it known that this source compiles to this? The stores are asked when the first one is not. */
static bool is_known(const struct findings *findings, const uint8_t *source, const uint8_t *bytecode)
{
        struct pipseed_verify_cache *cache = findings->input->cache;

        if (verified_has_bytecode(cache, source, bytecode))
                return true;
        findings_load_stores(findings);
        return verified_has_bytecode(cache, source, bytecode);
}

/* The last of the checks that need no interpreter. */
static int compare(struct findings *findings, const struct record_files *listing, const struct compiled_item *item,
                   const struct verified_content *pyc, struct pipseed_error *err)
{
        const struct target *target = findings->input->target;
        const struct record_file *source = record_files_find(listing, item->source);

        if (source == NULL || !source->was_read || !(source->fits || source->is_wheels))
                return findings_not_verified(findings, "bytecode whose source is not verified", err);
        if (is_known(findings, source->digest, pyc->digest))
                return 0;
        if (!target->implementation->can_compare_code)
                return findings_not_verified(findings,
                                             "bytecode that is not in a store, of a Python with an unknown format",
                                             err);
        if (memcmp(pyc->header, target->magic, sizeof(target->magic)) != 0)
                return findings_not_verified(findings, "bytecode of another Python than this one", err);
        if (!bytecode_possible(target))
                return findings_not_verified(findings, "bytecode, as there is no interpreter to run", err);
        struct compiled_item whole = *item;

        memcpy(whole.digest, pyc->digest, HASH_SIZE);
        memcpy(whole.source_digest, source->digest, HASH_SIZE);
        return add_item(findings, &whole, err);
}

int compiled_check(struct findings *findings, const struct record_files *listing, const char *path,
                   struct pipseed_error *err)
{
        const char *tag = NULL;
        _cleanup_free_ char *source = compiled_source(path, &tag);
        struct compiled_item item = {.path = path, .source = source, .level = level_of(path)};
        struct verified_content pyc;
        struct found source_file = {.look = INSTALLED_MISSING};
        struct found file = {.look = INSTALLED_MISSING};
        const char *problem;
        int r;

        if (source == NULL)
                return tag != NULL ? error_memory(err) : 0;
        r = findings_find(findings, source, &source_file, err);
        if (r < 0 || source_file.look != INSTALLED_FILE)
                return r;
        r = findings_read(findings, path, &file, &pyc, err);
        if (r < 0 || file.look != INSTALLED_FILE)
                return r;
        r = findings_check_owner(findings, path, &file.st, err);
        if (r < 0)
                return r;
        item.flags = has_flags(tag);
        problem = judge_header(&pyc, item.flags, &source_file.st);
        if (problem != NULL)
                return findings_add(findings, PIPSEED_E_INSTALL_CHANGED, path, err, "%s", problem);
        return compare(findings, listing, &item, &pyc, err);
}

/* ---- compiling once more */

struct share {
        struct str input;
        int out_fd;
        char *output;
        size_t output_len;
        const uint8_t *next; /* of the output, and where it ends */
        const uint8_t *end;
        struct process process;
};

static void share_done(struct share *share)
{
        str_done(&share->input);
        cleanup_closep(&share->out_fd);
        free(share->output);
}

struct work {
        struct share shares[MAX_SHARES];
        size_t n_shares;
        struct findings *findings;
};

static void work_done(struct work *work)
{
        for (size_t i = 0; i < MAX_SHARES; i++)
                share_done(&work->shares[i]);
        for (size_t i = 0; i < work->findings->n_compiled; i++) {
                free(work->findings->compiled[i].bytes);
                work->findings->compiled[i].bytes = NULL;
        }
}

/* The file's bytes, if they are those that were looked at before: 1, 0 or an error. */
static int read_again(struct findings *findings, const char *path, const uint8_t *digest, char **ret_bytes,
                      size_t *ret_len, struct pipseed_error *err)
{
        _cleanup_free_ char *bytes = NULL;
        struct found file = {.look = INSTALLED_MISSING};
        _cleanup_close_ int fd = -1;
        uint8_t now[HASH_SIZE];
        size_t len = 0;
        int r = findings_open(findings, path, &file, &fd, err);

        if (r < 0 || file.look != INSTALLED_FILE)
                return r;
        r = file_read_fd(fd, MAX_SOURCE, &bytes, &len);
        if (r == -EFBIG)
                return 0;
        if (r < 0)
                return error_sys(err, r, path, "cannot read the installed file");
        hash_of(bytes, len, now);
        if (memcmp(now, digest, HASH_SIZE) != 0)
                return 0;
        *ret_bytes = steal_ptr(bytes);
        *ret_len = len;
        return 1;
}

/* Puts a module into the share with the least to do. */
static int ask(struct work *work, struct compiled_item *item, struct pipseed_error *err)
{
        _cleanup_free_ char *source = NULL;
        struct share *least = &work->shares[0];
        uint8_t head[5];
        size_t len = 0;
        int r = read_again(work->findings, item->source, item->source_digest, &source, &len, err);

        if (r > 0)
                r = read_again(work->findings, item->path, item->digest, &item->bytes, &item->len, err);
        if (r < 0)
                return r;
        if (r == 0)
                return findings_not_verified(work->findings, "bytecode that changed meanwhile", err);
        for (size_t i = 1; i < work->n_shares; i++)
                if (work->shares[i].input.len < least->input.len)
                        least = &work->shares[i];
        head[0] = item->level;
        for (size_t i = 0; i < 4; i++)
                head[i + 1] = (uint8_t)(len >> (8 * i));
        str_add_bytes(&least->input, head, sizeof(head));
        str_add_bytes(&least->input, source, len);
        item->share = (size_t)(least - work->shares);
        item->is_asked = true;
        return least->input.failed ? error_memory(err) : 0;
}

static int start(const struct target *target, struct share *share, char **environment)
{
        const char *argv[] = {target->run_exe, "-I", "-S", "-c", compile_program, NULL};
        _cleanup_close_ int in_fd = process_file(share->input.data, share->input.len);
        struct process_spec spec = {
                .argv = argv, .envp = environment, .stdin_fd = in_fd, .stderr_fd = -1, .dir_fd = -1};

        if (in_fd < 0)
                return in_fd;
        share->out_fd = process_file("", 0);
        if (share->out_fd < 0)
                return share->out_fd;
        spec.stdout_fd = share->out_fd;
        return process_start(&spec, &share->process);
}

static int tick(void *data)
{
        const struct verify_input *input = data;

        return event_send(input->event, input->event_data, PIPSEED_EVENT_TICK,
                          "compiling modules that are not in a store");
}

/* 0 or -errno; -ECHILD: the interpreter failed. */
static int wait_for(const struct findings *findings, struct share *share)
{
        int status = 0;
        int r;

        if (share->process.pid < 0)
                return -ECHILD;
        r = process_wait(&share->process, TIMEOUT_MS, tick, (void *)(uintptr_t)findings->input, &status);
        if (r == -ECANCELED)
                return r;
        if (r < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return -ECHILD;
        if (lseek(share->out_fd, 0, SEEK_SET) < 0)
                return -errno;
        r = file_read_fd(share->out_fd, SIZE_MAX / 2, &share->output, &share->output_len);
        if (r < 0)
                return r;
        share->next = (const uint8_t *)share->output;
        share->end = share->next + share->output_len;
        return 0;
}

/* The share's answer about its next module; NULL: there is none. */
static const uint8_t *next_answer(struct share *share, size_t *ret_len)
{
        const uint8_t *at = share->next;
        size_t len;

        if (share->end - at < 4)
                return NULL;
        len = read_u32(at);
        at += 4;
        if (len > (size_t)(share->end - at))
                return NULL;
        share->next = at + len;
        *ret_len = len;
        return at;
}

/* 1: it is what its source compiles to; 0: it is not; -errno: that cannot be told. */
static int is_same(const struct target *target, const struct compiled_item *item, const uint8_t *answer, size_t len)
{
        const uint8_t *bytes = (const uint8_t *)item->bytes;
        const size_t header = header_size(item->flags);

        if (len < 8)
                return 0; /* what does not compile has no bytecode */
        if (item->flags && read_u32(bytes + 4) == 3 && memcmp(bytes + 8, answer, 8) != 0)
                return 0;
        return marshal_same_code(target->minor, answer + 8, len - 8, bytes + header, item->len - header);
}

static int judge(struct work *work, const struct compiled_item *item, struct pipseed_error *err)
{
        struct findings *findings = work->findings;
        const struct target *target = findings->input->target;
        size_t len = 0;
        const uint8_t *answer = item->is_asked ? next_answer(&work->shares[item->share], &len) : NULL;
        int r;

        if (!item->is_asked)
                return 0;
        if (answer == NULL)
                return findings_not_verified(findings, "bytecode, as the interpreter failed to compile", err);
        r = is_same(target, item, answer, len);
        if (r == -ENOMEM)
                return error_memory(err);
        if (r < 0)
                return findings_not_verified(findings, "bytecode in an unknown format", err);
        if (r == 0)
                return findings_add(findings, PIPSEED_E_INSTALL_CHANGED, item->path, err,
                                    "its code differs from what Python %s compiles its source to", target->version);
        verified_add_bytecode(findings->input->cache, item->source_digest, item->digest);
        return 0;
}

static int run_shares(struct work *work, struct pipseed_error *err)
{
        _cleanup_free_ char **environment = process_python_environment();
        int result = environment == NULL ? error_memory(err) : 0;

        for (size_t i = 0; result == 0 && i < work->n_shares; i++)
                if (work->shares[i].input.len > 0)
                        (void)start(work->findings->input->target, &work->shares[i], environment);
        for (size_t i = 0; i < work->n_shares; i++) {
                int r = work->shares[i].input.len > 0 ? wait_for(work->findings, &work->shares[i]) : 0;

                if (result == 0 && r < 0 && r != -ECHILD)
                        result = error_sys(err, r, work->findings->input->target->run_exe,
                                           "cannot read what the interpreter compiled");
        }
        return result;
}

int compiled_finish(struct findings *findings, struct pipseed_error *err)
{
        _cleanup_(work_done) struct work work = {.findings = findings};
        unsigned int jobs = findings->input->jobs;
        int r = 0;

        work.n_shares = jobs < 1 ? 1 : jobs > MAX_SHARES ? MAX_SHARES : jobs;
        for (size_t i = 0; i < MAX_SHARES; i++)
                work.shares[i] = (struct share){.input = STR_INIT, .out_fd = -1, .process = PROCESS_INIT};
        if (findings->n_compiled == 0)
                return 0;
        for (size_t i = 0; r == 0 && i < findings->n_compiled; i++)
                r = ask(&work, &findings->compiled[i], err);
        if (r == 0)
                r = run_shares(&work, err);
        for (size_t i = 0; r == 0 && i < findings->n_compiled; i++)
                r = judge(&work, &findings->compiled[i], err);
        return r;
}
