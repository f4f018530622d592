/* SPDX-License-Identifier: MIT */
#include "venv/base_python.h"

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "target/base.h"
#include "target/pyvenv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_LIMIT ((size_t)1024 * 1024)

static int unsupported(const struct base_python *origin, struct pipseed_error *err, const char *why)
{
        (void)error_set(err, PIPSEED_E_UNSUPPORTED, origin->exe, "cannot create environments from '%s': %s",
                        origin->exe, why);
        return error_hint(err, "run: %s -m venv --without-pip DIR, then pipseed seed DIR", origin->exe);
}

/* The interpreter of that name in the base's directory, if it is one and belongs to no environment. 1, 0 or a code. */
static int try_name(struct base_python *origin, const char *home, const char *name, struct pipseed_error *err)
{
        struct arena *arena = &origin->target->arena;
        const char *path = name != NULL ? arena_format(arena, "%s/%s", home, name) : NULL;
        struct pyvenv env;
        int r;

        if (path == NULL)
                return error_memory(err);
        r = base_is_executable(NULL, path);
        if (r <= 0)
                return r < 0 ? error_sys(err, r, path, "cannot access '%s'", path) : 0;
        r = pyvenv_read_of(arena, NULL, path, &env, err);
        if (r == 0)
                origin->base = path;
        return r < 0 ? r : r == 0;
}

/*
 * sys._base_executable of an environment's interpreter (getpath.py of 3.11 and newer): a link's end; for a copy, the
 * same name in the base's directory, else one of the usual names.
 */
static int find_base(struct base_python *origin, struct pipseed_error *err)
{
        struct arena *arena = &origin->target->arena;
        const char *const names[] = {path_base(origin->exe), "python3",
                                     arena_format(arena, "python%d.%d", origin->facts->major, origin->facts->minor)};
        struct pyvenv env;
        int r = 0;

        if (names[2] == NULL)
                return error_memory(err);
        origin->base = origin->target->base_exe;
        if (!origin->target->is_venv || origin->facts->minor < 11)
                return 0;
        if (strcmp(origin->real, origin->exe) != 0)
                r = base_is_executable(NULL, origin->real);
        if (r < 0)
                return error_sys(err, r, origin->real, "cannot access '%s'", origin->real);
        if (r > 0) {
                r = pyvenv_read_of(arena, NULL, origin->real, &env, err);
                if (r == 0)
                        origin->base = origin->real;
                return r < 0 ? r : 0;
        }
        r = pyvenv_read_of(arena, NULL, origin->exe, &env, err);
        if (r <= 0 || env.home == NULL)
                return r < 0 ? r : 0;
        for (size_t i = 0, found = 0; i < ARRAY_SIZE(names) && found == 0; i++) {
                r = try_name(origin, env.home, names[i], err);
                if (r < 0)
                        return r;
                found = (size_t)r;
        }
        return 0;
}

static int fill_names(struct base_python *origin, struct pipseed_error *err)
{
        struct arena *arena = &origin->target->arena;
        const struct facts *facts = origin->facts;
        _cleanup_free_ char *home = NULL;
        char real[PATH_MAX];
        int r;

        if (realpath(origin->exe, real) == NULL)
                return error_sys(err, errno, origin->exe, "cannot follow the links of the interpreter");
        origin->real = arena_strdup(arena, real);
        if (origin->real == NULL)
                return error_memory(err);
        r = find_base(origin, err);
        if (r < 0)
                return r;
        home = path_dir(origin->base);
        origin->home = home != NULL ? arena_strdup(arena, home) : NULL;
        origin->name = path_base(origin->base);
        origin->version = arena_format(arena, "%d.%d.%d", facts->major, facts->minor, facts->micro);
        if (origin->home == NULL || origin->version == NULL)
                return error_memory(err);
        if (!str_is_utf8(origin->home, strlen(origin->home)) || strpbrk(origin->home, "\n\r") != NULL)
                return unsupported(origin, err, "pyvenv.cfg cannot hold the path of its directory");
        return 0;
}

/* sys.maxsize > 2**32, from the platform's name: the probe gives 32-bit Pythons on 64-bit kernels their own. */
static bool is_64bit(const char *platform)
{
        return platform == NULL
                       ? sizeof(void *) > 4
                       : strstr(platform, "64") != NULL || str_ends(platform, "_s390x") || str_ends(platform, "_alpha");
}

static int read_features(struct base_python *origin, struct pipseed_error *err)
{
        _cleanup_free_ char *source = NULL;
        int r;

        origin->venv_dir = arena_format(&origin->target->arena, "%s/venv", origin->facts->stdlib);
        if (origin->venv_dir == NULL)
                return error_memory(err);
        origin->venv_fd = file_open_dir(origin->venv_dir);
        r = origin->venv_fd;
        if (r >= 0)
                r = file_read(origin->venv_fd, "__init__.py", SOURCE_LIMIT, &source, NULL);
        if (r == -ENOENT) {
                (void)error_set(err, PIPSEED_E_UNSUPPORTED, origin->venv_dir,
                                "'%s' has no venv module, whose activate scripts pipseed uses", origin->exe);
                return error_hint(err, "install all of its standard library (Debian: package libpython%d.%d-stdlib)",
                                  origin->facts->major, origin->facts->minor);
        }
        if (r < 0)
                return error_sys(err, r, origin->venv_dir, "cannot read the base's venv module");
        r = features_read(source, origin->facts->minor, &origin->features);
        if (r < 0)
                return unsupported(origin, err, "its venv module is unknown");
        if ((origin->facts->implementation->venv_names[0] != NULL) != origin->features.own_names)
                return unsupported(origin, err, "the output of its venv module is unknown");
        return 0;
}

int base_python_find(const struct pipseed_create_request *req, const char *cache_dir,
                     struct base_python *ret_base_python, struct pipseed_error *err)
{
        const struct pipseed_request *seeding = req->seeding;
        const struct target_query query = {.python = req->python != NULL ? req->python : "python3",
                                           .base_only = true,
                                           .trust = seeding->trust,
                                           .n_trust = seeding->n_trust,
                                           .is_choice = req->python != NULL,
                                           .look_only = seeding->dry_run,
                                           .cache_dir = cache_dir,
                                           .event = seeding->event,
                                           .event_data = seeding->event_data};
        _cleanup_(base_python_done) struct base_python origin = BASE_PYTHON_INIT;
        int r = target_find(&query, &origin.target, err);

        if (r < 0)
                return r;
        origin.facts = origin.target->facts;
        origin.exe = origin.target->exe;
        origin.is_64bit = is_64bit(origin.facts->platform);
        r = fill_names(&origin, err);
        if (r == 0)
                r = read_features(&origin, err);
        if (r < 0)
                return r;
        *ret_base_python = origin;
        origin = (struct base_python)BASE_PYTHON_INIT;
        return 0;
}

void base_python_done(struct base_python *origin)
{
        cleanup_closep(&origin->venv_fd);
        target_free(origin->target);
        *origin = (struct base_python)BASE_PYTHON_INIT;
}
