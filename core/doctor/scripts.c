/* SPDX-License-Identifier: MIT */
/* Scripts name their interpreter by its whole path: an environment that was moved or copied starts another one's. */
#include "scripts.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "base/path.h"
#include "base/str.h"
#include "install/script.h"
#include "target/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_SCRIPT ((size_t)1 << 20)

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
        if (path == NULL || *ret_rest == NULL || path[0] != '/' ||
            (!str_starts(path_base(path), "python") && !str_starts(path_base(path), "pypy")))
                return NULL;
        return path;
}

static bool is_same_folder(const char *a, const char *b)
{
        struct stat one, other;

        return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* One that is gone, or another environment's; an interpreter of the system in a script is somebody's intention. */
static bool is_elsewhere(const char *bin, const char *interpreter)
{
        _cleanup_free_ char *dir = path_dir(interpreter);
        _cleanup_free_ char *prefix = dir != NULL ? path_dir(dir) : NULL;

        if (prefix == NULL || is_same_folder(dir, bin))
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

typedef int script_fn(struct look *look, int bin_fd, const char *name, const char *text, struct pipseed_error *err);

static int visit(struct look *look, int bin_fd, const char *name, script_fn *function, struct pipseed_error *err)
{
        _cleanup_close_ int fd = file_open_beneath(bin_fd, name, O_RDONLY | O_NONBLOCK, 0);
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t len = 0;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
            file_read_fd(fd, MAX_SCRIPT, &text, &len) < 0 || strlen(text) != len)
                return 0;
        return function(look, bin_fd, name, text, err);
}

static int each_script(struct look *look, script_fn *function, struct pipseed_error *err)
{
        _cleanup_free_ char *bin = path_join(look->env, "bin");
        _cleanup_(names_done) struct names names = NAMES_INIT;
        const char *name;
        int r = 0;

        if (bin == NULL)
                return error_memory(err);
        if (names_open(&names, look_open_folder(look, bin)) < 0)
                return 0;
        while (r == 0 && (name = names_next(&names)) != NULL)
                if (name[0] != '.')
                        r = visit(look, names_fd(&names), name, function, err);
        return r != 0 || names.error == 0 ? r : error_sys(err, names.error, bin, "cannot look into the folder");
}

static int look_at_script(struct look *look, int bin_fd, const char *name, const char *text, struct pipseed_error *err)
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
                if (named == NULL || is_same_folder(named, look->env))
                        return 0;
                return look_add(look, PIPSEED_E_ENV_MOVED, look->base != NULL ? CURE_SCRIPTS : CURE_NONE, path, err,
                                "it activates %s", named);
        }
        named = interpreter_of(&look->arena, text, &rest);
        if (named == NULL || !is_elsewhere(bin, named))
                return 0;
        return look_add(look, PIPSEED_E_ENV_MOVED, CURE_SCRIPTS, path, err, "it starts %s", named);
}

int look_at_scripts(struct look *look, struct pipseed_error *err)
{
        return each_script(look, look_at_script, err);
}

static int cure_script(struct look *look, int bin_fd, const char *name, const char *text, struct pipseed_error *err)
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
        return r < 0 ? error_sys(err, r, bin, "cannot write %s", name) : 0;
}

int cure_scripts(struct look *look, struct pipseed_error *err)
{
        return each_script(look, cure_script, err);
}
