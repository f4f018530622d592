/* SPDX-License-Identifier: MIT */
/* Scripts name their interpreter by its whole path: an environment that was moved or copied starts another one's. */
#include "scripts.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"
#include "install/plan/script.h"
#include "target/base.h"
#include "wheel/implementation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_SCRIPT ((size_t)1 << 20)
#define MAX_RECORD ((size_t)16 << 20)

/* The first word, which may be quoted as sh does it; NULL: not closed. */
static const char *take_word(struct arena *arena, const char *text)
{
        const char *stop;

        if (*text == '"' || *text == '\'') {
                stop = strchr(text + 1, *text);
                return stop != NULL ? arena_strndup(arena, text + 1, (size_t)(stop - text - 1)) : NULL;
        }
        return arena_strndup(arena, text, strcspn(text, " \t\r\n"));
}

/* Behind n lines. */
static const char *skip_lines(const char *text, int n)
{
        for (; n > 0 && text != NULL; n--) {
                text = strchr(text, '\n');
                text = text != NULL ? text + 1 : NULL;
        }
        return text;
}

/* The Python that the script starts; NULL: none. ret_rest: what follows the lines that say so (shebang.h). */
static const char *interpreter_of(struct arena *arena, const char *text, const char **ret_rest)
{
        static const char exec[] = "'''exec' ";
        const char *second = skip_lines(text, 1);
        const char *path = NULL;
        bool is_sh;

        if (!str_starts(text, "#!") || second == NULL)
                return NULL;
        is_sh = str_starts(text, "#!/bin/sh\n") && str_starts(second, exec);
        path = take_word(arena, is_sh ? second + strlen(exec) : text + 2);
        *ret_rest = is_sh ? skip_lines(text, 3) : second;
        if (path == NULL || *ret_rest == NULL || path[0] != '/' || implementation_of_file(path_base(path)) == NULL)
                return NULL;
        return path;
}

static bool is_same_dir(const char *a, const char *b)
{
        struct stat one, other;

        return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* One that is gone, or another environment's; an interpreter of the system in a script is somebody's intention. */
static bool is_elsewhere(const char *bin, const char *interpreter)
{
        _cleanup_free_ char *dir = path_dir(interpreter);
        _cleanup_free_ char *prefix = dir != NULL ? path_dir(dir) : NULL;

        if (prefix == NULL || is_same_dir(dir, bin))
                return false;
        return base_is_executable(NULL, interpreter) <= 0 || pyvenv_is_env(NULL, prefix);
}

/* activate: the path behind VIRTUAL_ENV=, which may be quoted. */
static const char *activated(struct arena *arena, const char *text)
{
        static const char key[] = "VIRTUAL_ENV=";
        const char *path = NULL;

        for (const char *at = strstr(text, key); at != NULL && path == NULL; at = strstr(at + 1, key)) {
                const char *value = at + strlen(key);

                if (value[0] == '/' || ((value[0] == '"' || value[0] == '\'') && value[1] == '/'))
                        path = take_word(arena, value);
        }
        return path;
}

typedef int script_fn(struct examination *look, int bin_fd, const char *name, const char *text,
                      struct pipseed_error *err);

static int visit(struct examination *look, int bin_fd, const char *name, script_fn *function, struct pipseed_error *err)
{
        _cleanup_close_ int fd = file_open_beneath(bin_fd, name, O_RDONLY | O_NONBLOCK, 0);
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t len = 0;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || file_read_fd(fd, MAX_SCRIPT, &text, &len) < 0 ||
            strlen(text) != len)
                return 0;
        return function(look, bin_fd, name, text, err);
}

static int each_script(struct examination *look, script_fn *function, struct pipseed_error *err)
{
        _cleanup_free_ char *bin = path_join(look->env, "bin");
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r = 0;

        if (bin == NULL)
                return error_memory(err);
        if (dir_iter_open(&names, look_open_dir(look, bin)) < 0)
                return 0;
        while (r == 0 && (name = dir_iter_next(&names)) != NULL)
                if (name[0] != '.')
                        r = visit(look, dir_iter_fd(&names), name, function, err);
        return r != 0 || names.error == 0 ? r : error_sys(err, names.error, bin, "cannot read the directory");
}

static int look_at_script(struct examination *look, int bin_fd, const char *name, const char *text,
                          struct pipseed_error *err)
{
        const char *bin = arena_format(&look->arena, "%s/bin", look->env);
        const char *path = arena_format(&look->arena, "%s/bin/%s", look->env, name);
        const char *rest = NULL;
        const char *named;

        (void)bin_fd;
        if (bin == NULL || path == NULL)
                return error_memory(err);
        if (strcmp(name, "activate") == 0) {
                named = activated(&look->arena, text);
                if (named == NULL || is_same_dir(named, look->env))
                        return 0;
                return look_add(look, PIPSEED_E_ENV_MOVED, look->base != NULL ? REPAIR_SCRIPTS : REPAIR_NONE, path, err,
                                "it activates '%s'", named);
        }
        named = interpreter_of(&look->arena, text, &rest);
        if (named == NULL || !is_elsewhere(bin, named))
                return 0;
        return look_add(look, PIPSEED_E_ENV_MOVED, REPAIR_SCRIPTS, path, err, "it starts '%s'", named);
}

int look_at_scripts(struct examination *look, struct pipseed_error *err)
{
        return each_script(look, look_at_script, err);
}

/* ---- RECORD follows */

/* What RECORD has of a script: "bin/NAME,sha256=...,SIZE" at the end of a line. NULL: no memory, or a name that csv
 * quotes. */
static char *row_of(const char *name, const char *data, size_t len)
{
        uint8_t digest[HASH_SIZE];
        char text[HASH_BASE64_SIZE];

        if (strpbrk(name, ",\"\r\n") != NULL)
                return NULL;
        hash_of(data, len, digest);
        hash_to_base64(digest, text);
        return str_format("bin/%s,sha256=%s,%zu", name, text, len);
}

/* Where a row ends like that; NULL: nowhere. */
static const char *find_row(const char *record, const char *row)
{
        const size_t len = strlen(row);

        for (const char *at = strstr(record, row); at != NULL; at = strstr(at + 1, row))
                if ((at == record || at[-1] == '/') && (at[len] == '\r' || at[len] == '\n' || at[len] == '\0'))
                        return at;
        return NULL;
}

/* Only a row that was right before: what somebody changed stays a finding. 0 or -errno. */
static int follow_in(int lib_fd, const char *dist_info, const char *before, const char *after, bool durable)
{
        _cleanup_close_ int dir_fd = file_open_beneath(lib_fd, dist_info, O_RDONLY | O_DIRECTORY, 0);
        _cleanup_close_ int fd = dir_fd >= 0 ? file_open_beneath(dir_fd, "RECORD", O_RDONLY | O_NONBLOCK, 0) : -1;
        _cleanup_free_ char *record = NULL;
        _cleanup_(str_done) struct str out = STR_INIT;
        struct stat st;
        const char *row;
        const char *at;
        size_t len = 0;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || file_read_fd(fd, MAX_RECORD, &record, &len) < 0 ||
            strlen(record) != len)
                return 0;
        row = find_row(record, before);
        if (row == NULL)
                return 0;
        for (at = record; row != NULL; row = find_row(at, before)) {
                str_add_bytes(&out, at, (size_t)(row - at));
                str_add(&out, after);
                at = row + strlen(before);
        }
        str_add(&out, at);
        return out.failed ? -ENOMEM : file_replace(dir_fd, "RECORD", st.st_mode & 07777, out.data, out.len, durable);
}

/* Of whichever distribution the script is. */
static int follow(const struct examination *look, const char *name, const char *text, const struct str *now,
                  struct pipseed_error *err)
{
        _cleanup_free_ char *before = row_of(name, text, strlen(text));
        _cleanup_free_ char *after = row_of(name, now->data, now->len);
        _cleanup_free_ char *lib = look_lib(look);
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *dist_info;
        int r = 0;

        if (lib == NULL)
                return error_memory(err);
        if (before == NULL || after == NULL || dir_iter_open(&names, file_open_dir(lib)) < 0)
                return 0;
        while (r == 0 && (dist_info = dir_iter_next(&names)) != NULL)
                if (str_ends(dist_info, ".dist-info"))
                        r = follow_in(dir_iter_fd(&names), dist_info, before, after, look->req->durable);
        return r < 0 ? error_sys(err, r, lib, "cannot write RECORD") : 0;
}

static int repair_script(struct examination *look, int bin_fd, const char *name, const char *text,
                         struct pipseed_error *err)
{
        const char *bin = arena_format(&look->arena, "%s/bin", look->env);
        _cleanup_(str_done) struct str out = STR_INIT;
        const char *rest = NULL;
        const char *named = interpreter_of(&look->arena, text, &rest);
        const char *own;
        struct stat st;
        int r;

        if (bin == NULL)
                return error_memory(err);
        if (named == NULL || !is_elsewhere(bin, named))
                return 0;
        own = arena_format(&look->arena, "%s/%s", bin, path_base(named));
        if (own == NULL)
                return error_memory(err);
        script_add_shebang(&out, base_is_executable(NULL, own) > 0 ? own : look->target->exe);
        str_add(&out, rest);
        if (out.failed)
                return error_memory(err);
        r = fstatat(bin_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
        if (r == 0)
                r = file_replace(bin_fd, name, st.st_mode & 07777, out.data, out.len, look->req->durable);
        return r < 0 ? error_sys(err, r, bin, "cannot write '%s'", name) : follow(look, name, text, &out, err);
}

int repair_scripts(struct examination *look, struct pipseed_error *err)
{
        return each_script(look, repair_script, err);
}
