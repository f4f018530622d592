/* SPDX-License-Identifier: MIT */
#include "target/target.h"

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "target/admit.h"
#include "target/base.h"
#include "target/build.h"
#include "target/image.h"
#include "target/lookup.h"
#include "target/named.h"
#include "target/probe.h"
#include "target/rooted.h"

#include <errno.h>
#include <string.h>

#define MAX_SCRIPTS 4 /* a script that runs a script that runs a Python */

struct finder {
        const struct target_query *query;
        struct target *target;
        const char *image;                    /* the root that is looked in, NULL: the host */
        const struct lookup_request *request; /* what is found has to be of this version, NULL: any */
        int n_scripts;
        struct pipseed_error *err;
};

static int find_python(struct finder *finder, const char *path);

static struct arena *arena_of(const struct finder *finder)
{
        return &finder->target->arena;
}

/* env, or NULL: the environment that the interpreter is the base of. */
static int facts_for(const struct finder *finder, const char *exe, const struct pyvenv *env, struct facts *ret_facts)
{
        int r;

        if (finder->image != NULL)
                return image_facts(arena_of(finder), finder->image, exe, ret_facts, finder->err);
        r = admit_interpreter(finder->query, exe, env, finder->err);
        if (r > 0 && finder->query->never_run) {
                r = facts_remembered(arena_of(finder), exe, finder->query, ret_facts, finder->err);
                if (r > 0)
                        return 0;
        }
        if (r <= 0)
                return r < 0 ? r : image_facts_unrun(arena_of(finder), exe, env, ret_facts, finder->err);
        if (lookup_is_script(exe))
                return facts_ask(arena_of(finder), exe, finder->query, ret_facts, finder->err);
        return facts_of(arena_of(finder), exe, finder->query, ret_facts, finder->err);
}

/* base is exe itself when that belongs to no environment; env is NULL then. */
static int build(struct finder *finder, const struct facts *facts, const struct pyvenv *env, const char *exe,
                 const char *base, const char *image)
{
        struct target *target = finder->target;
        struct facts *copy;

        if (finder->request != NULL && !lookup_admits(finder->request, facts))
                return error_set(finder->err, PIPSEED_E_NO_TARGET, exe, "'%s' is Python %d.%d.%d", exe, facts->major,
                                 facts->minor, facts->micro);
        target->base_exe = arena_strdup(&target->arena, base);
        if (target->base_exe == NULL)
                return error_memory(finder->err);
        if (!finder->query->base_only)
                return build_target(target, facts, env, exe, image, finder->err);
        copy = arena_alloc(&target->arena, sizeof(*copy));
        target->exe = arena_strdup(&target->arena, exe);
        if (copy == NULL || target->exe == NULL)
                return error_memory(finder->err);
        *copy = *facts;
        target->facts = copy;
        target->is_venv = env != NULL;
        return 0;
}

/* exe NULL: to be found in the environment. */
static int find_in_env(struct finder *finder, const struct pyvenv *env, const char *exe)
{
        struct facts facts;
        const char *base = NULL;
        int r = 0;

        if (exe == NULL)
                r = base_find_exe(arena_of(finder), finder->image, env, &exe, finder->err);
        if (r == 0)
                r = base_find(arena_of(finder), finder->image, env, exe, &base, finder->err);
        if (r == 0)
                r = facts_for(finder, base, env, &facts);
        return r < 0 ? r : build(finder, &facts, env, exe, base, finder->image);
}

/* A script (pyenv's shims, wrappers): what it runs depends on more than itself, so it is asked each time who that
 * is. */
static int find_behind_script(struct finder *finder, const char *path)
{
        const struct probe probe = {.exe = path,
                                    .event = finder->query->event,
                                    .event_data = finder->query->event_data};
        _cleanup_free_ char *exe = NULL;
        struct facts facts;
        int r;

        if (++finder->n_scripts > MAX_SCRIPTS)
                return error_set(finder->err, PIPSEED_E_BAD_TARGET, path, "%s runs one script after another", path);
        r = admit_interpreter(finder->query, path, NULL, finder->err);
        if (r == 0 || (r > 0 && finder->query->never_run))
                return error_set(finder->err, PIPSEED_E_UNTRUSTED_INTERPRETER, path,
                                 "cannot tell which Python the script '%s' runs without running it", path);
        if (r > 0)
                r = facts_announce(finder->query, path, finder->err);
        if (r == 0)
                r = probe_executable(&probe, &exe, finder->err);
        if (r != 0)
                return r;
        finder->target->was_probed = true;
        if (strcmp(exe, path) != 0)
                return find_python(finder, exe);
        r = facts_ask(arena_of(finder), path, finder->query, &facts, finder->err);
        return r < 0 ? r : build(finder, &facts, NULL, path, path, NULL);
}

/* path is absolute and names an executable file. */
static int find_python(struct finder *finder, const char *path)
{
        struct pyvenv env;
        struct facts facts;
        int r = pyvenv_read_of(arena_of(finder), finder->image, path, &env, finder->err);

        if (r < 0)
                return r;
        if (r > 0)
                return find_in_env(finder, &env, path);
        if (finder->image == NULL && lookup_is_script(path))
                return find_behind_script(finder, path);
        r = facts_for(finder, path, NULL, &facts);
        return r < 0 ? r : build(finder, &facts, NULL, path, path, finder->image);
}

static int cannot_look(const struct finder *finder, int r, const char *path)
{
        return error_sys(finder->err, r, path, "cannot look at %s", path);
}

static int not_an_environment(const struct finder *finder, const char *directory)
{
        (void)error_set(finder->err, PIPSEED_E_NO_TARGET, directory, "'%s' is not an environment: it has no pyvenv.cfg",
                        directory);
        return error_hint(finder->err,
                          "make one: pipseed venv %s; an installation is named by --python PREFIX/bin/python3",
                          SHELL_WORD(directory));
}

/* An environment, or, by --python, the prefix of an installation. */
static int find_in_dir(struct finder *finder, const char *directory)
{
        const struct implementation *one;
        struct pyvenv env;
        int r = pyvenv_read(arena_of(finder), finder->image, directory, &env, finder->err);

        if (r != 0)
                return r < 0 ? r : find_in_env(finder, &env, NULL);
        if (finder->query->env != NULL)
                return not_an_environment(finder, directory);
        for (size_t i = 0; (one = implementation_at(i)) != NULL; i++)
                for (size_t k = 0; one->commands[k] != NULL; k++) {
                        _cleanup_free_ char *path = str_format("%s/bin/%s", directory, one->commands[k]);

                        if (path == NULL)
                                return error_memory(finder->err);
                        r = base_is_executable(finder->image, path);
                        if (r != 0)
                                return r < 0 ? cannot_look(finder, r, path) : find_python(finder, path);
                }
        (void)error_set(finder->err, PIPSEED_E_NO_TARGET, directory,
                        "'%s' is not an environment: it has neither pyvenv.cfg nor bin/python3", directory);
        return error_hint(finder->err, "make one: pipseed venv %s", SHELL_WORD(directory));
}

/* As invoked: links are kept. "a/../b" is where it leads to, as a link may be in the way of taking it by its text. */
static char *make_absolute(const char *path)
{
        _cleanup_free_ char *dir = NULL;
        _cleanup_free_ char *real = NULL;

        if (strstr(path, "..") == NULL)
                return path_absolute_here(path);
        dir = path_dir(path);
        real = dir != NULL ? realpath(dir, NULL) : NULL;
        if (real == NULL || strcmp(path_base(path), "..") == 0 || path_base(path)[0] == '\0')
                return path_absolute_here(path);
        return path_join(real, path_base(path));
}

static int not_found(const struct finder *finder, const char *path, int sys_errno)
{
        struct stat st;

        if (sys_errno != ENOENT && sys_errno != ENOTDIR && sys_errno != ELOOP)
                return cannot_look(finder, sys_errno, path);
        if (finder->image == NULL && lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
                (void)error_set(finder->err, PIPSEED_E_BAD_TARGET, path, "'%s' is a link to something that is gone",
                                path);
                finder->err->sys_errno = sys_errno;
                return error_hint(finder->err,
                                  "install the Python that it leads to again, or recreate the environment");
        }
        (void)error_set(finder->err, PIPSEED_E_NO_TARGET, path, "'%s' not found", path);
        finder->err->sys_errno = sys_errno;
        return error_hint(finder->err, "name an environment's directory, or an interpreter with --python");
}

/* The link ENV/bin/python3 of an environment leads nowhere: say which environment and which base. */
static int find_broken(struct finder *finder, const char *path, int sys_errno)
{
        struct pyvenv env;
        struct stat st;
        int r;

        if (finder->image != NULL || lstat(path, &st) < 0)
                return not_found(finder, path, sys_errno);
        r = pyvenv_read_of(arena_of(finder), NULL, path, &env, finder->err);
        if (r <= 0)
                return r < 0 ? r : not_found(finder, path, sys_errno);
        return find_in_env(finder, &env, path);
}

/* A directory or an interpreter by its path, absolute. */
static int find_by_path(struct finder *finder, const char *path)
{
        struct stat st;
        int r = rooted_stat(finder->image, path, &st);

        if (r < 0)
                return find_broken(finder, path, -r);
        if (S_ISDIR(st.st_mode))
                return find_in_dir(finder, path);
        r = base_is_executable(finder->image, path);
        if (r != 0)
                return r < 0 ? cannot_look(finder, r, path) : find_python(finder, path);
        (void)error_set(finder->err, PIPSEED_E_BAD_TARGET, path, "%s is not an executable file", path);
        return error_hint(finder->err, "name an environment's directory, or an interpreter with --python");
}

static int take_named(void *data, const char *path, const struct lookup_request *request)
{
        struct finder *finder = data;
        int r;

        finder->n_scripts = 0;
        finder->request = request;
        r = find_python(finder, path);
        finder->request = NULL;
        return r;
}

/* PATH comes first; a bare name may be that of an environment here as well. */
static int find_by_name(struct finder *finder, const char *given)
{
        const struct named_search search = {finder->image, take_named, finder, finder->err};
        _cleanup_free_ char *here = NULL;
        int r = named_find(&search, given);

        if (r == PIPSEED_E_NO_TARGET)
                here = path_absolute_here(given);
        if (here == NULL || !pyvenv_is_env(NULL, here))
                return r;
        error_clear(finder->err);
        return find_in_dir(finder, here);
}

static int find_given(struct finder *finder, const char *given)
{
        _cleanup_free_ char *path = make_absolute(given);

        if (path == NULL)
                return error_sys(finder->err, errno, given, "cannot tell where %s is", given);
        return find_by_path(finder, path);
}

static int find_active(struct finder *finder, const char *directory)
{
        _cleanup_free_ char *path = path_absolute_here(directory);
        int r;

        if (path == NULL)
                return error_sys(finder->err, errno, directory, "cannot tell where %s is", directory);
        if (pyvenv_is_env(NULL, path))
                return find_in_dir(finder, path);
        r = rooted_find(NULL, path, S_IFDIR);
        if (r < 0)
                return cannot_look(finder, r, path);
        (void)error_set(finder->err, r > 0 ? PIPSEED_E_BAD_TARGET : PIPSEED_E_NO_TARGET, path,
                        "VIRTUAL_ENV names %s, which is not an environment", path);
        return error_hint(finder->err, "unset VIRTUAL_ENV, or name the environment");
}

static int find_on_host(struct finder *finder)
{
        const struct target_query *query = finder->query;
        const char *active = getenv("VIRTUAL_ENV");

        finder->image = NULL;
        if (query->env != NULL)
                return find_given(finder, query->env);
        if (query->python != NULL)
                return strchr(query->python, '/') != NULL ? find_given(finder, query->python)
                                                          : find_by_name(finder, query->python);
        if (active != NULL && active[0] != '\0')
                return find_active(finder, active);
        return find_by_name(finder, "python3");
}

/* 1, 0 or -errno. */
static int image_has(const struct finder *finder, const char *path)
{
        _cleanup_free_ char *python = path_join(path, "bin/python3");

        if (python == NULL)
                return -ENOMEM;
        if (finder->query->env == NULL)
                return base_is_executable(finder->image, path);
        return pyvenv_is_env(finder->image, path) ? 1 : rooted_find(finder->image, python, S_IFREG);
}

/* Has the image the environment or the interpreter that is asked for? 1, 0 or a negative code. ret_path: where. */
static int look_in_image(const struct finder *finder, char **ret_path)
{
        const struct target_query *query = finder->query;
        const char *python = query->python != NULL ? query->python : "/usr/bin/python3";
        const char *given = query->env != NULL ? query->env : python;
        _cleanup_free_ char *name = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        if (query->env == NULL && strchr(python, '/') == NULL) {
                name = lookup_name(python);
                r = name != NULL ? lookup_path(name, finder->image, 0, ret_path) : -ENOMEM;
                return r < 0 ? error_sys(finder->err, r, finder->image, "cannot look for %s in the root", python) : r;
        }
        path = path_absolute_here(given);
        if (path == NULL)
                return error_sys(finder->err, errno, given, "cannot tell where %s is", given);
        r = image_has(finder, path);
        if (r <= 0)
                return r < 0 ? cannot_look(finder, r, path) : 0;
        *ret_path = steal_ptr(path);
        return 1;
}

static int find_anywhere(struct finder *finder)
{
        const char *root = finder->target->root;
        _cleanup_free_ char *path = NULL;
        int r = 0;

        if (root != NULL && strcmp(root, "/") != 0) {
                finder->image = root;
                r = look_in_image(finder, &path);
        }
        if (r < 0)
                return r;
        return r > 0 ? find_by_path(finder, path) : find_on_host(finder);
}

static int set_root(struct target *target, const char *root, struct pipseed_error *err)
{
        _cleanup_free_ char *absolute = NULL;

        if (root == NULL)
                return 0;
        absolute = path_absolute_here(root);
        if (absolute == NULL)
                return error_sys(err, errno, root, "cannot tell where %s is", root);
        target->root = arena_strdup(&target->arena, absolute);
        return target->root != NULL ? 0 : error_memory(err);
}

int target_find(const struct target_query *query, struct target **ret_target, struct pipseed_error *err)
{
        _cleanup_(target_freep) struct target *target = calloc(1, sizeof(*target));
        struct finder finder = {.query = query, .target = target, .err = err};
        int r;

        if (target == NULL)
                return error_memory(err);
        if (query->env != NULL && query->python != NULL)
                return error_set(err, PIPSEED_E_USAGE, NULL, "both an environment and an interpreter are named");
        r = set_root(target, query->root, err);
        if (r == 0)
                r = find_anywhere(&finder);
        if (r < 0)
                return r;
        *ret_target = steal_ptr(target);
        return 0;
}

bool target_wants_setuptools(const struct target *target)
{
        return target->major == 3 && target->minor < 12;
}

void target_free(struct target *target)
{
        if (target == NULL)
                return;
        arena_done(&target->arena);
        free(target);
}
