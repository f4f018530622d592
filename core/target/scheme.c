/* SPDX-License-Identifier: MIT */
#include "target/scheme.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *scheme_replace(struct arena *arena, const char *path, const char *from, const char *to)
{
        const char *rest = path + strlen(from);

        if (!path_is_below(from, path))
                return path;
        /* to may be "/" alone */
        return arena_format(arena, "%s%s", rest[0] == '/' && strcmp(to, "/") == 0 ? "" : to, rest);
}

bool scheme_has(const struct target_scheme *scheme, const char *directory)
{
        return strcmp(directory, scheme->dirs[PLAN_LIB]) == 0 || strcmp(directory, scheme->dirs[PLAN_OTHER_LIB]) == 0;
}

int scheme_fill(struct arena *arena, const struct target_scheme *scheme, const char *from, const char *to,
                struct target_scheme *ret_scheme)
{
        struct target_scheme filled = {0};

        for (size_t i = 0; i < PLAN_N_ROOTS; i++) {
                filled.dirs[i] = scheme_replace(arena, scheme->dirs[i], from, to);
                if (filled.dirs[i] == NULL)
                        return -ENOMEM;
        }
        *ret_scheme = filled;
        return 0;
}

/* "python3.7m": headers had the ABI flags in their directory until 3.7. */
static const char *abi_suffix(int minor)
{
        return minor < 8 ? "m" : "";
}

int scheme_of_layout(struct arena *arena, enum scheme_layout layout, const char *prefix, const char *lib,
                     const char *libdir, int minor, struct target_scheme *ret_scheme)
{
        const char *base = strcmp(prefix, "/") == 0 ? "" : prefix;
        const char *local = layout == SCHEME_DEBIAN ? "/local" : "";
        const char *packages = layout == SCHEME_DEBIAN ? "dist-packages" : "site-packages";
        struct target_scheme scheme = {
                .dirs[PLAN_LIB] = arena_format(arena, "%s%s/lib/%s/%s", base, local, lib, packages),
                .dirs[PLAN_OTHER_LIB] = arena_format(arena, "%s%s/%s/%s/%s", base, local, libdir, lib, packages),
                .dirs[PLAN_SCRIPTS] = arena_format(arena, "%s%s/bin", base, local),
                .dirs[PLAN_DATA] = arena_format(arena, "%s%s", base[0] == '\0' && local[0] == '\0' ? "/" : base, local),
        };

        if (layout == SCHEME_VENV)
                scheme.dirs[PLAN_HEADERS] = arena_format(arena, "%s/include/site/python3.%d", base, minor);
        else /* Debian's distutils had them below local, its sysconfig has not. */
                scheme.dirs[PLAN_HEADERS] =
                        arena_format(arena, "%s%s/include/%s%s", base, minor < 10 ? local : "", lib, abi_suffix(minor));
        for (size_t i = 0; i < PLAN_N_ROOTS; i++)
                if (scheme.dirs[i] == NULL)
                        return -ENOMEM;
        *ret_scheme = scheme;
        return 0;
}

/* The caller's home: HOME when it is set at all, else that of the password file (os.path.expanduser). */
static char *find_home(void)
{
        const char *home = getenv("HOME");
        struct passwd entry;
        struct passwd *found = NULL;
        char buffer[4096];

        if (home == NULL) {
                int r = getpwuid_r(getuid(), &entry, buffer, sizeof(buffer), &found);

                if (r == 0 && found != NULL)
                        home = found->pw_dir;
        }
        return strdup(home != NULL ? home : "");
}

const char *scheme_user_base(struct arena *arena)
{
        const char *set = getenv("PYTHONUSERBASE");
        _cleanup_free_ char *home = NULL;
        _cleanup_free_ char *base = NULL;
        _cleanup_free_ char *absolute = NULL;

        if (set != NULL && set[0] != '\0') {
                absolute = path_absolute_here(set);
                /* A relative one without a current directory: Python would not find it either. */
                if (absolute == NULL && errno != ENOMEM)
                        absolute = path_absolute("/", set);
        } else {
                home = find_home();
                base = home != NULL ? str_format("%s/.local", home) : NULL;
                absolute = base != NULL ? path_absolute("/", base) : NULL;
        }
        return absolute != NULL ? arena_strdup(arena, absolute) : NULL;
}

bool scheme_user_site_allowed(void)
{
        const char *no_user_site = getenv("PYTHONNOUSERSITE");

        if (no_user_site != NULL && no_user_site[0] != '\0')
                return false;
        return geteuid() == getuid() && getegid() == getgid();
}
