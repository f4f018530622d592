/* SPDX-License-Identifier: MIT */
#include "target/pyvenv.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"
#include "target/rooted.h"
#include "wheel/implementation.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#define CFG_LIMIT ((size_t)1024 * 1024)

static const struct {
        const char *key;
        size_t offset;
        bool first_counts; /* getpath.py stops at the first "home"; site.py keeps the last of the others */
} keys[] = {
        {"home", offsetof(struct pyvenv, home), true},
        {"command", offsetof(struct pyvenv, command), false},
        {"executable", offsetof(struct pyvenv, executable), false},
        {"base-executable", offsetof(struct pyvenv, base_executable), false},
        {"version", offsetof(struct pyvenv, version), false},
        {"version_info", offsetof(struct pyvenv, version), false},
};

/* One line without its end, changed in place. */
static int parse_line(struct arena *arena, char *line, struct pyvenv *env)
{
        char *equals = strchr(line, '=');
        const char *key, *value;

        if (equals == NULL)
                return 0;
        *equals = '\0';
        key = str_trim(line);
        value = str_trim(equals + 1);
        if (str_equal_nocase(key, "include-system-site-packages")) {
                env->system_site = str_equal_nocase(value, "true");
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                const char **field = (const char **)(void *)((char *)env + keys[i].offset);

                if (!str_equal_nocase(key, keys[i].key) || (keys[i].first_counts && *field != NULL))
                        continue;
                *field = arena_strdup(arena, value);
                return *field != NULL ? 0 : -ENOMEM;
        }
        return 0;
}

int pyvenv_parse(struct arena *arena, const char *text, size_t len, struct pyvenv *ret_env, struct pipseed_error *err)
{
        struct pyvenv env = {.system_site = true};
        const char *end = text + len;

        while (text < end) {
                const char *stop = text;
                _cleanup_free_ char *line = NULL;

                while (stop < end && *stop != '\n' && *stop != '\r')
                        stop++;
                line = strndup(text, (size_t)(stop - text));
                if (line == NULL || parse_line(arena, line, &env) < 0)
                        return error_memory(err);
                text = stop + 1;
        }
        if (env.home != NULL && env.home[0] == '\0')
                env.home = NULL;
        *ret_env = env;
        return 0;
}

/* 1, 0 or a negative code. */
static int read_cfg(struct arena *arena, const char *root, const char *directory, const char *prefix,
                    struct pyvenv *ret_env, struct pipseed_error *err)
{
        _cleanup_free_ char *path = path_join(directory, "pyvenv.cfg");
        _cleanup_free_ char *text = NULL;
        struct pyvenv env;
        size_t len;
        int r;

        if (path == NULL)
                return error_memory(err);
        r = rooted_find(root, path, S_IFREG);
        if (r <= 0)
                return r < 0 ? error_sys(err, r, path, "cannot access pyvenv.cfg") : 0;
        r = rooted_read(root, path, CFG_LIMIT, &text, &len);
        if (r < 0)
                return error_sys(err, r, path, "cannot read pyvenv.cfg");
        r = pyvenv_parse(arena, text, len, &env, err);
        if (r < 0)
                return r;
        env.kind = PYVENV_CFG;
        env.prefix = arena_strdup(arena, prefix);
        env.file = arena_strdup(arena, path);
        if (env.prefix == NULL || env.file == NULL)
                return error_memory(err);
        *ret_env = env;
        return 1;
}

/* lib/NAME holds orig-prefix.txt: 1, 0 or a negative code. */
static int read_orig_prefix(struct arena *arena, const char *root, const char *prefix, const char *name,
                            struct pyvenv *ret_env, struct pipseed_error *err)
{
        _cleanup_free_ char *path = str_format("%s/lib/%s/orig-prefix.txt", prefix, name);
        _cleanup_free_ char *no_global = str_format("%s/lib/%s/no-global-site-packages.txt", prefix, name);
        _cleanup_free_ char *text = NULL;
        struct pyvenv env = {.kind = PYVENV_LEGACY};
        int r;

        if (path == NULL || no_global == NULL)
                return error_memory(err);
        r = rooted_find(root, path, S_IFREG);
        if (r == 0)
                return 0;
        if (r > 0)
                r = rooted_read(root, path, PATH_MAX, &text, NULL);
        if (r == 0)
                r = rooted_find(root, no_global, S_IFREG);
        if (r < 0)
                return error_sys(err, r, path, "cannot read orig-prefix.txt");
        env.system_site = r == 0;
        env.prefix = arena_strdup(arena, prefix);
        env.file = arena_strdup(arena, path);
        env.version = arena_strdup(arena, name + strcspn(name, "0123456789"));
        env.home = arena_format(arena, "%s/bin", str_trim(text));
        if (env.prefix == NULL || env.file == NULL || env.version == NULL || env.home == NULL)
                return error_memory(err);
        *ret_env = env;
        return 1;
}

/* virtualenv before release 20: 1, 0 or a negative code. */
static int read_legacy(struct arena *arena, const char *root, const char *prefix, struct pyvenv *ret_env,
                       struct pipseed_error *err)
{
        _cleanup_free_ char *lib = path_join(prefix, "lib");
        _cleanup_free_ char *mark = path_join(prefix, "bin/activate_this.py");
        _cleanup_free_ char *host = NULL;
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r;

        if (lib == NULL || mark == NULL)
                return error_memory(err);
        r = rooted_find(root, mark, S_IFREG);
        if (r > 0)
                r = rooted_resolve(root, lib, &host) < 0 ? 0 : 1;
        if (r <= 0)
                return r < 0 ? error_sys(err, r, mark, "cannot access '%s'", mark) : 0;
        r = dir_iter_open(&names, file_open_dir(host));
        if (r == -ENOENT || r == -ENOTDIR)
                return 0;
        while (r == 0 && (name = dir_iter_next(&names)) != NULL)
                if (implementation_of_file(name) != NULL)
                        r = read_orig_prefix(arena, root, prefix, name, ret_env, err);
        return names.error < 0 ? error_sys(err, names.error, lib, "cannot read '%s'", lib) : r;
}

int pyvenv_read(struct arena *arena, const char *root, const char *directory, struct pyvenv *ret_env,
                struct pipseed_error *err)
{
        _cleanup_free_ char *bin = path_join(directory, "bin");
        int r;

        if (bin == NULL)
                return error_memory(err);
        /* site.py looks beside the interpreter first, then one above. */
        r = read_cfg(arena, root, bin, directory, ret_env, err);
        if (r == 0)
                r = read_cfg(arena, root, directory, directory, ret_env, err);
        return r != 0 ? r : read_legacy(arena, root, directory, ret_env, err);
}

int pyvenv_read_of(struct arena *arena, const char *root, const char *exe, struct pyvenv *ret_env,
                   struct pipseed_error *err)
{
        _cleanup_free_ char *bin = path_dir(exe);
        _cleanup_free_ char *prefix = bin != NULL ? path_dir(bin) : NULL;
        int r;

        if (prefix == NULL)
                return error_memory(err);
        r = read_cfg(arena, root, bin, prefix, ret_env, err);
        if (r == 0)
                r = read_cfg(arena, root, prefix, prefix, ret_env, err);
        return r != 0 ? r : read_legacy(arena, root, prefix, ret_env, err);
}

bool pyvenv_is_env(const char *root, const char *directory)
{
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;
        struct arena arena = {0};
        struct pyvenv env;
        int r = pyvenv_read(&arena, root, directory, &env, &ignored);

        arena_done(&arena);
        /* One that cannot be read is still one: whoever asks wants to be careful. */
        return r != 0;
}
