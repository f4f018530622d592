/* SPDX-License-Identifier: MIT */
#include "target/base.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/path.h"
#include "base/str.h"
#include "target/rooted.h"

#include <errno.h>
#include <stdio.h>
#include <limits.h>
#include <string.h>

#define MAX_NESTED 16

bool base_is_executable(const char *root, const char *path)
{
        struct stat st;

        return rooted_stat(root, path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

/* readlink of an absolute path inside root: 1 and where it points to, absolute; 0 no link or not there; -ENOMEM. */
static int read_link(const char *root, const char *path, char **ret_target)
{
        _cleanup_free_ char *dir = path_dir(path);
        _cleanup_free_ char *host_dir = NULL;
        _cleanup_free_ char *host = NULL;
        char text[PATH_MAX];
        ssize_t n;

        if (dir == NULL)
                return -ENOMEM;
        if (rooted_resolve(root, dir, &host_dir) < 0)
                return 0;
        host = path_join(host_dir, path_base(path));
        if (host == NULL)
                return -ENOMEM;
        n = readlink(host, text, sizeof(text) - 1);
        if (n < 0)
                return 0;
        text[n] = '\0';
        /* Relative to where the folder really is. */
        *ret_target = path_absolute(text[0] == '/' ? "/" : rooted_plain(root, host_dir), text);
        return *ret_target != NULL ? 1 : -ENOMEM;
}

static bool entry_exists(const char *root, const char *path)
{
        _cleanup_free_ char *target = NULL;

        return read_link(root, path, &target) > 0 || rooted_is_file(root, path);
}

/* Do both paths name the same folder? */
static bool is_same_folder(const char *root, const char *a, const char *b)
{
        struct stat first, second;

        return rooted_stat(root, a, &first) == 0 && rooted_stat(root, b, &second) == 0 &&
               first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* The name that venv was called by: "command = /usr/bin/python3 -m venv --copies /srv/app". NULL when not given. */
static char *name_in_command(const struct pyvenv *env)
{
        const char *end = env->command != NULL ? strstr(env->command, " -m venv ") : NULL;
        _cleanup_free_ char *program = end != NULL ? strndup(env->command, (size_t)(end - env->command)) : NULL;

        return program != NULL ? strdup(path_base(program)) : NULL;
}

/* Of copies, links do not tell which came first. */
static const char *choose_copy(struct arena *arena, const char *root, const struct pyvenv *env, const char *bin,
                               const char *found)
{
        _cleanup_free_ char *named = name_in_command(env);
        const char *const names[] = {named, "python3", NULL};

        for (size_t i = 0; i < 2; i++) {
                const char *path = names[i] != NULL ? arena_format(arena, "%s/%s", bin, names[i]) : NULL;

                if (path != NULL && base_is_executable(root, path))
                        return path;
        }
        return found;
}

static const char *first_name(struct arena *arena, const char *root, const struct pyvenv *env, const char *bin)
{
        static const char *const names[] = {"python", "python3", "pypy3", "pypy"};
        int major = 0, minor = 0;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const char *path = arena_format(arena, "%s/%s", bin, names[i]);

                if (path != NULL && entry_exists(root, path))
                        return path;
        }
        if (env->version != NULL && sscanf(env->version, "%d.%d", &major, &minor) == 2) {
                const char *path = arena_format(arena, "%s/python%d.%d", bin, major, minor);

                if (path != NULL && entry_exists(root, path))
                        return path;
        }
        return NULL;
}

int base_find_exe(struct arena *arena, const char *root, const struct pyvenv *env, const char **ret_exe,
                  struct pipseed_error *err)
{
        const char *bin = arena_format(arena, "%s/bin", env->prefix);
        const char *exe = bin != NULL ? first_name(arena, root, env, bin) : NULL;

        if (exe == NULL) {
                (void)error_set(err, PIPSEED_E_BAD_TARGET, env->prefix, "the environment %s has no interpreter in bin",
                                env->prefix);
                return error_hint(err, "make it anew: python3 -m venv --clear %s", env->prefix);
        }
        for (int links = 0; links < MAX_NESTED; links++) {
                _cleanup_free_ char *target = NULL;
                _cleanup_free_ char *dir = NULL;
                int r = read_link(root, exe, &target);

                if (r < 0)
                        return error_memory(err);
                if (r == 0) {
                        *ret_exe = choose_copy(arena, root, env, bin, exe);
                        return 0;
                }
                dir = path_dir(target);
                if (dir == NULL)
                        return error_memory(err);
                if (!is_same_folder(root, dir, bin)) {
                        *ret_exe = exe;
                        return 0;
                }
                exe = arena_format(arena, "%s/%s", bin, path_base(target));
                if (exe == NULL)
                        return error_memory(err);
        }
        return error_set(err, PIPSEED_E_BAD_TARGET, exe, "the links of %s go round in a circle", exe);
}

static int base_gone(const struct pyvenv *env, const char *base, struct pipseed_error *err)
{
        (void)error_set(err, PIPSEED_E_BAD_TARGET, base, "%s is gone, the Python that environment %s was made from",
                        base, env->prefix);
        return error_hint(err, "install that Python again, or make the environment anew: python3 -m venv --clear %s",
                          env->prefix);
}

/* The end of a chain of links that leads nowhere; *path is replaced. */
static int follow_broken(const char *root, char **path)
{
        for (int links = 0; links < MAX_NESTED; links++) {
                char *next = NULL;
                int r = read_link(root, *path, &next);

                if (r <= 0)
                        return r;
                free(*path);
                *path = next;
        }
        return 0;
}

/* The base of an environment whose interpreter is a copy, from what pyvenv.cfg says. NULL: none of them exists. */
static const char *base_of_copy(struct arena *arena, const char *root, const struct pyvenv *env, const char *exe)
{
        int major = 3, minor = 0;
        bool has_version = env->version != NULL && sscanf(env->version, "%d.%d", &major, &minor) == 2;
        const char *const candidates[] = {
                env->base_executable,
                env->executable,
                has_version ? arena_format(arena, "%s/python%d.%d", env->home, major, minor) : NULL,
                arena_format(arena, "%s/%s", env->home, path_base(exe)),
                arena_format(arena, "%s/python3", env->home),
                arena_format(arena, "%s/python", env->home),
                arena_format(arena, "%s/pypy3", env->home),
                arena_format(arena, "%s/pypy", env->home),
        };

        for (size_t i = 0; i < ARRAY_SIZE(candidates); i++)
                if (candidates[i] != NULL && candidates[i][0] == '/' && base_is_executable(root, candidates[i]))
                        return candidates[i];
        return NULL;
}

/* One step: the interpreter that env was made from, which may belong to another environment. */
static int find_step(struct arena *arena, const char *root, const struct pyvenv *env, const char *exe,
                     const char **ret_base, struct pipseed_error *err)
{
        _cleanup_free_ char *link = NULL;
        const char *base;
        int r;

        if (env->home == NULL) {
                (void)error_set(err, PIPSEED_E_BAD_TARGET, env->file,
                                "%s does not name the environment's base (no home)", env->file);
                return error_hint(err, "make it anew: python3 -m venv --clear %s", env->prefix);
        }
        if (env->home[0] != '/')
                return error_set(err, PIPSEED_E_BAD_TARGET, env->file, "%s: home is not an absolute path: %s",
                                 env->file, env->home);
        r = read_link(root, exe, &link);
        if (r < 0)
                return error_memory(err);
        if (r > 0 && !base_is_executable(root, link))
                return follow_broken(root, &link) < 0 ? error_memory(err) : base_gone(env, link, err);
        base = r > 0 ? arena_strdup(arena, link) : base_of_copy(arena, root, env, exe);
        if (base == NULL)
                return r > 0 ? error_memory(err) : base_gone(env, env->home, err);
        *ret_base = base;
        return 0;
}

int base_find(struct arena *arena, const char *root, const struct pyvenv *env, const char *exe, const char **ret_base,
              struct pipseed_error *err)
{
        struct pyvenv outer = *env;
        const char *at = exe;

        for (int nested = 0; nested < MAX_NESTED; nested++) {
                const char *base = NULL;
                int r = find_step(arena, root, &outer, at, &base, err);

                if (r < 0)
                        return r;
                at = base;
                r = pyvenv_read_of(arena, root, at, &outer, err);
                if (r < 0)
                        return r;
                if (r == 0) {
                        *ret_base = at;
                        return 0;
                }
        }
        return error_set(err, PIPSEED_E_BAD_TARGET, env->file, "%s names itself as the environment's base", env->file);
}
