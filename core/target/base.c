/* SPDX-License-Identifier: MIT */
#include "target/base.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/path.h"
#include "base/str.h"
#include "target/rooted.h"
#include "wheel/implementation.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NESTED 16
#define MAX_NAMES 16

/* What these say is an answer: there is nothing. */
static bool is_absent(int r)
{
        return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -ENAMETOOLONG;
}

int base_is_executable(const char *root, const char *path)
{
        struct stat st;
        int r = rooted_stat(root, path, &st);

        if (r < 0)
                return is_absent(r) ? 0 : r;
        return S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

/* readlink of an absolute path inside root: 1 and where it points to, absolute; 0 no link or not there; -errno. */
static int read_link(const char *root, const char *path, char **ret_target)
{
        _cleanup_free_ char *dir = path_dir(path);
        _cleanup_free_ char *host_dir = NULL;
        _cleanup_free_ char *host = NULL;
        char text[PATH_MAX];
        ssize_t n;
        int r;

        if (dir == NULL)
                return -ENOMEM;
        r = rooted_resolve(root, dir, &host_dir);
        if (r < 0)
                return is_absent(r) ? 0 : r;
        host = path_join(host_dir, path_base(path));
        if (host == NULL)
                return -ENOMEM;
        n = readlink(host, text, sizeof(text) - 1);
        if (n < 0)
                return errno == EINVAL || is_absent(-errno) ? 0 : -errno;
        text[n] = '\0';
        /* Relative to where the directory really is. */
        *ret_target = path_absolute(text[0] == '/' ? "/" : rooted_plain(root, host_dir), text);
        return *ret_target != NULL ? 1 : -ENOMEM;
}

/* A link, wherever it leads, or a file. 1, 0 or -errno. */
static int entry_exists(const char *root, const char *path)
{
        _cleanup_free_ char *target = NULL;
        int r = read_link(root, path, &target);

        return r != 0 ? r : rooted_find(root, path, S_IFREG);
}

/* Do both paths name the same directory? 1, 0 or -errno. */
static int is_same_dir(const char *root, const char *a, const char *b)
{
        struct stat first, second;
        int r = rooted_stat(root, a, &first);

        if (r == 0)
                r = rooted_stat(root, b, &second);
        if (r != 0)
                return is_absent(r) ? 0 : r;
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static int cannot_look(struct pipseed_error *err, int r, const char *path)
{
        return error_sys(err, r, path, "cannot access '%s'", path);
}

/* The name that venv was called by: "command = /usr/bin/python3 -m venv --copies /srv/app". NULL when not given. */
static char *name_in_command(const struct pyvenv *env)
{
        const char *end = env->command != NULL ? strstr(env->command, " -m venv ") : NULL;
        _cleanup_free_ char *program = end != NULL ? strndup(env->command, (size_t)(end - env->command)) : NULL;

        return program != NULL ? strdup(path_base(program)) : NULL;
}

/* Of copies, links do not tell which came first. ret_exe is left as it is when nothing is better. 0 or a code. */
static int choose_copy(struct arena *arena, const char *root, const struct pyvenv *env, const char *bin,
                       const char **ret_exe, struct pipseed_error *err)
{
        _cleanup_free_ char *named = name_in_command(env);
        const char *const names[] = {named, "python3"};

        if (named == NULL && env->command != NULL && strstr(env->command, " -m venv ") != NULL)
                return error_memory(err);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const char *path = names[i] != NULL ? arena_format(arena, "%s/%s", bin, names[i]) : NULL;
                int r = path != NULL ? base_is_executable(root, path) : 0;

                if (names[i] != NULL && path == NULL)
                        return error_memory(err);
                if (r < 0)
                        return cannot_look(err, r, path);
                if (r == 0)
                        continue;
                *ret_exe = path;
                return 0;
        }
        return 0;
}

/* The first two numbers of "3.11.2". False, and nothing given, where they are not there or are none of a Python. */
static bool read_version(const char *text, int *ret_major, int *ret_minor)
{
        char *end;
        long major, minor;

        if (text == NULL || !str_is_digit(text[0]))
                return false;
        major = strtol(text, &end, 10);
        if (end[0] != '.' || !str_is_digit(end[1]))
                return false;
        minor = strtol(end + 1, NULL, 10);
        if (major > 999 || minor > 999)
                return false;
        *ret_major = (int)major;
        *ret_minor = (int)minor;
        return true;
}

/* Adds the names that only environments of one implementation have; the new number. */
static size_t add_own_names(const char *names[MAX_NAMES], size_t n)
{
        const struct implementation *one;

        for (size_t i = 0; (one = implementation_at(i)) != NULL; i++)
                for (size_t k = 0; one->venv_names[k] != NULL && n < MAX_NAMES - 1; k++)
                        names[n++] = one->venv_names[k];
        return n;
}

/* 1, 0: there is none, or a code. */
static int first_name(struct arena *arena, const char *root, const struct pyvenv *env, const char *bin,
                      const char **ret_exe, struct pipseed_error *err)
{
        int major = 3, minor = 0;
        bool has_version = read_version(env->version, &major, &minor);
        const char *versioned = arena_format(arena, "python%d.%d", major, minor);
        const char *names[MAX_NAMES] = {"python", "python3"};
        size_t n = add_own_names(names, 2);

        if (versioned == NULL)
                return error_memory(err);
        if (has_version)
                names[n++] = versioned;
        for (size_t i = 0; i < n; i++) {
                const char *path = arena_format(arena, "%s/%s", bin, names[i]);
                int r = path != NULL ? entry_exists(root, path) : -ENOMEM;

                if (r < 0)
                        return path != NULL ? cannot_look(err, r, path) : error_memory(err);
                if (r == 0)
                        continue;
                *ret_exe = path;
                return 1;
        }
        return 0;
}

static int no_interpreter(const struct pyvenv *env, struct pipseed_error *err)
{
        (void)error_set(err, PIPSEED_E_BAD_TARGET, env->prefix, "the environment '%s' has no interpreter in bin",
                        env->prefix);
        return error_hint(err, "run: python3 -m venv --clear %s", SHELL_WORD(env->prefix));
}

/* The links end at exe, in bin: a copy, or nothing, as when the one link that leads out is missing. */
static int take_copy(struct arena *arena, const char *root, const struct pyvenv *env, const char *bin, const char *exe,
                     const char **ret_exe, struct pipseed_error *err)
{
        int r = choose_copy(arena, root, env, bin, &exe, err);

        if (r < 0)
                return r;
        r = rooted_find(root, exe, S_IFREG);
        if (r <= 0)
                return r < 0 ? cannot_look(err, r, exe) : no_interpreter(env, err);
        *ret_exe = exe;
        return 0;
}

int base_find_exe(struct arena *arena, const char *root, const struct pyvenv *env, const char **ret_exe,
                  struct pipseed_error *err)
{
        const char *bin = arena_format(arena, "%s/bin", env->prefix);
        const char *exe = NULL;
        int found = bin != NULL ? first_name(arena, root, env, bin, &exe, err) : error_memory(err);

        if (found < 0)
                return found;
        if (found == 0)
                return no_interpreter(env, err);
        for (int links = 0; links < MAX_NESTED; links++) {
                _cleanup_free_ char *target = NULL;
                _cleanup_free_ char *dir = NULL;
                int r = read_link(root, exe, &target);

                if (r < 0)
                        return cannot_look(err, r, exe);
                if (r == 0)
                        return take_copy(arena, root, env, bin, exe, ret_exe, err);
                dir = path_dir(target);
                if (dir == NULL)
                        return error_memory(err);
                r = is_same_dir(root, dir, bin);
                if (r < 0)
                        return cannot_look(err, r, dir);
                if (r == 0) {
                        *ret_exe = exe;
                        return 0;
                }
                exe = arena_format(arena, "%s/%s", bin, path_base(target));
                if (exe == NULL)
                        return error_memory(err);
        }
        return error_set(err, PIPSEED_E_BAD_TARGET, exe, "the links of '%s' form a loop", exe);
}

static int base_gone(const struct pyvenv *env, const char *base, struct pipseed_error *err)
{
        (void)error_set(err, PIPSEED_E_BAD_TARGET, base, "base interpreter '%s' of environment '%s' not found", base,
                        env->prefix);
        return error_hint(err, "reinstall that Python, or run: python3 -m venv --clear %s", SHELL_WORD(env->prefix));
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

/* The base of an environment whose interpreter is a copy, from what pyvenv.cfg says. 1, 0: none of them exists, or a
 * code. */
static int base_of_copy(struct arena *arena, const char *root, const struct pyvenv *env, const char *exe,
                        const char **ret_base, struct pipseed_error *err)
{
        int major = 3, minor = 0;
        bool has_version = read_version(env->version, &major, &minor);
        const char *names[MAX_NAMES] = {path_base(exe), "python3", "python"};
        const size_t n_names = add_own_names(names, 3);
        const char *candidates[3 + MAX_NAMES] = {
                env->base_executable,
                env->executable,
                has_version ? arena_format(arena, "%s/python%d.%d", env->home, major, minor) : NULL,
        };

        for (size_t i = 0; i < n_names; i++) {
                candidates[3 + i] = arena_format(arena, "%s/%s", env->home, names[i]);
                if (candidates[3 + i] == NULL)
                        return error_memory(err);
        }
        for (size_t i = 0; i < 3 + n_names; i++) {
                int r;

                if (candidates[i] == NULL || candidates[i][0] != '/')
                        continue;
                r = base_is_executable(root, candidates[i]);
                if (r < 0)
                        return cannot_look(err, r, candidates[i]);
                if (r == 0)
                        continue;
                *ret_base = candidates[i];
                return 1;
        }
        return 0;
}

/* One step: the interpreter that env was made from, which may belong to another environment. */
static int find_step(struct arena *arena, const char *root, const struct pyvenv *env, const char *exe,
                     const char **ret_base, struct pipseed_error *err)
{
        _cleanup_free_ char *link = NULL;
        const char *base = NULL;
        int r;

        r = read_link(root, exe, &link);
        if (r < 0)
                return cannot_look(err, r, exe);
        /* A link leads to the base whatever the file says, as it does for the interpreter itself (getpath.py): Bazel
         * writes no home, others a relative one. A copy has nothing else to go by. */
        if (r == 0 && (env->home == NULL || env->home[0] != '/')) {
                (void)error_set(err, PIPSEED_E_BAD_TARGET, env->file,
                                "'%s' does not name the environment's base (%s), and its interpreter is a copy",
                                env->file, env->home == NULL ? "no home" : "a relative home");
                return error_hint(err, "run: python3 -m venv --clear %s", env->prefix);
        }
        if (r == 0) {
                r = base_of_copy(arena, root, env, exe, &base, err);
                if (r <= 0)
                        return r < 0 ? r : base_gone(env, env->home, err);
        } else {
                r = base_is_executable(root, link);
                if (r == 0)
                        r = follow_broken(root, &link);
                else if (r > 0)
                        base = arena_strdup(arena, link);
                if (r < 0)
                        return cannot_look(err, r, link);
                if (base == NULL)
                        return r > 0 ? error_memory(err) : base_gone(env, link, err);
        }
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
        return error_set(err, PIPSEED_E_BAD_TARGET, env->file, "'%s' names itself as the environment's base",
                         env->file);
}
