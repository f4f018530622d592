/* SPDX-License-Identifier: MIT */
#include "target/image.h"

#include "base/error.h"
#include "base/file.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"
#include "target/probe.h"
#include "target/rooted.h"
#include "target/scheme.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATCHLEVEL_LIMIT ((size_t)64 * 1024)

/* CPython's Lib/importlib/_bootstrap_external.py up to 3.13, Include/internal/pycore_magic_number.h from 3.14 on: the
 * value of the first final release, which holds for all of that minor version. */
static const unsigned int magics[] = {
        [6] = 3379, [7] = 3394, [8] = 3413, [9] = 3425, [10] = 3439, [11] = 3495, [12] = 3531, [13] = 3571, [14] = 3627,
};

unsigned int image_magic(int minor)
{
        return minor >= 0 && (size_t)minor < ARRAY_SIZE(magics) ? magics[minor] : 0;
}

/* "python3.11", "python3.13t": the whole name, nothing after. */
static bool parse_name(const char *name, int *ret_minor, bool *ret_threaded)
{
        int minor = 0;
        size_t i = strlen("python3.");

        if (!str_starts(name, "python3.") || !str_is_digit(name[i]))
                return false;
        for (; str_is_digit(name[i]) && minor < 1000; i++)
                minor = minor * 10 + (name[i] - '0');
        *ret_threaded = name[i] == 't';
        i += *ret_threaded ? 1 : 0;
        if (name[i] != '\0')
                return false;
        *ret_minor = minor;
        return true;
}

struct image {
        const char *root;
        const char *place; /* the same for people */
        const char *prefix;
        const char *lib;    /* "python3.11" */
        const char *libdir; /* "lib" or "lib64", the one with the standard library */
        int minor;
        bool free_threaded;
};

/* Is DIR/NAME a standard library? Images of devices may have bytecode only. */
static bool is_stdlib(const char *root, const char *dir, const char *name)
{
        static const char *const marks[] = {"os.py", "os.pyc", "__pycache__", "lib-dynload"};
        _cleanup_free_ char *directory = path_join(dir, name);

        for (size_t i = 0; directory != NULL && i < ARRAY_SIZE(marks); i++) {
                _cleanup_free_ char *mark = path_join(directory, marks[i]);
                struct stat st;

                if (mark != NULL && rooted_stat(root, mark, &st) == 0)
                        return true;
        }
        return false;
}

/* How many lib/pythonX.Y there are; the last one is noted. Or -errno. */
static int list_stdlibs(struct arena *arena, struct image *image, const char *libdir)
{
        _cleanup_free_ char *directory = path_join(image->prefix, libdir);
        _cleanup_free_ char *host = NULL;
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int n = 0;
        int r = directory != NULL ? rooted_resolve(image->root, directory, &host) : -ENOMEM;

        if (r == 0)
                r = dir_iter_open(&names, file_open_dir(host));
        if (r < 0)
                return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EACCES ? 0 : r;
        while ((name = dir_iter_next(&names)) != NULL) {
                int minor;
                bool threaded;

                if (!parse_name(name, &minor, &threaded) || !is_stdlib(image->root, directory, name))
                        continue;
                n++;
                image->minor = minor;
                image->free_threaded = threaded;
                image->libdir = libdir;
                image->lib = arena_strdup(arena, name);
        }
        if (names.error < 0)
                return names.error;
        return n > 0 && image->lib == NULL ? -ENOMEM : n;
}

static int find_stdlib(struct arena *arena, struct image *image, const char *name, const char *exe,
                       struct pipseed_error *err)
{
        static const char *const libdirs[] = {"lib", "lib64"};

        if (parse_name(name, &image->minor, &image->free_threaded)) {
                image->lib = arena_strdup(arena, name);
                if (image->lib == NULL)
                        return error_memory(err);
                for (size_t i = 0; i < ARRAY_SIZE(libdirs); i++) {
                        _cleanup_free_ char *directory = path_join(image->prefix, libdirs[i]);

                        image->libdir = libdirs[i];
                        if (directory != NULL && is_stdlib(image->root, directory, name))
                                return 0;
                }
                return error_set(err, PIPSEED_E_BAD_TARGET, exe, "'%s' inside '%s' has no standard library (lib/%s)",
                                 exe, image->place, name);
        }
        for (size_t i = 0; i < ARRAY_SIZE(libdirs); i++) {
                int n = list_stdlibs(arena, image, libdirs[i]);

                if (n < 0)
                        return error_sys(err, n, image->prefix, "cannot search '%s' for a standard library",
                                         image->prefix);
                if (n == 1)
                        return 0;
                if (n > 1)
                        break;
        }
        (void)error_set(err, PIPSEED_E_BAD_TARGET, exe,
                        "cannot determine the version of '%s' inside '%s' without running it", exe, image->place);
        return error_hint(err, "name the interpreter with its version, such as --python /usr/bin/python3.11");
}

/* PY_MICRO_VERSION of the installed headers; 0 when there are none. */
static int find_micro(const struct image *image)
{
        static const char define[] = "#define PY_MICRO_VERSION";
        _cleanup_free_ char *path = str_format("%s/include/%s/patchlevel.h", image->prefix, image->lib);
        _cleanup_free_ char *text = NULL;
        const char *at;
        long micro;

        if (path == NULL || rooted_read(image->root, path, PATCHLEVEL_LIMIT, &text, NULL) < 0)
                return 0;
        at = strstr(text, define);
        micro = at != NULL ? strtol(at + strlen(define), NULL, 10) : 0;
        return micro >= 0 && micro < 1000 ? (int)micro : 0;
}

/* 1, 0 or -errno. */
static int is_debian(const struct image *image)
{
        int r = strcmp(image->prefix, "/usr") == 0 ? rooted_find(image->root, "/usr/lib/python3/dist-packages", S_IFDIR)
                                                   : 0;

        return r > 0 ? rooted_find(image->root, "/etc/debian_version", S_IFREG) : r;
}

static int set_paths(struct arena *arena, struct facts_paths *paths, const char *const *items, size_t n)
{
        paths->items = arena_calloc(arena, n, sizeof(*paths->items));
        if (paths->items == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                if (items[i] == NULL)
                        return -ENOMEM;
                paths->items[i] = items[i];
        }
        paths->n_items = n;
        return 0;
}

/* Site directories in the order of site.py, Debian's with its patch. */
static int set_site(struct arena *arena, const struct image *image, bool debian, struct facts *facts)
{
        const char *base = strcmp(image->prefix, "/") == 0 ? "" : image->prefix;
        const char *const posix[] = {
                facts->scheme.dirs[PLAN_OTHER_LIB],
                facts->scheme.dirs[PLAN_LIB], /* search drops it when it is the same */
        };
        const char *const dist[] = {
                arena_format(arena, "%s/local/lib/%s/dist-packages", base, image->lib),
                arena_format(arena, "%s/lib/python3/dist-packages", base),
                arena_format(arena, "%s/lib/%s/dist-packages", base, image->lib),
        };
        const char *const own[] = {facts->venv_scheme.dirs[PLAN_OTHER_LIB], facts->venv_scheme.dirs[PLAN_LIB]};
        int r = debian ? set_paths(arena, &facts->site, dist, ARRAY_SIZE(dist))
                       : set_paths(arena, &facts->site, posix, ARRAY_SIZE(posix));

        facts->base_site = facts->site;
        return r < 0 ? r : set_paths(arena, &facts->venv_site, own, ARRAY_SIZE(own));
}

static int describe(struct arena *arena, const struct image *image, struct facts *facts)
{
        int debian = is_debian(image);
        enum scheme_layout layout = debian > 0 ? SCHEME_DEBIAN : SCHEME_POSIX;
        unsigned int magic = image_magic(image->minor);

        if (debian < 0)
                return debian;
        facts->major = 3;
        facts->minor = image->minor;
        facts->micro = find_micro(image);
        facts->implementation = implementation_find("cpython");
        facts->free_threaded = image->free_threaded;
        facts->prefix = image->prefix;
        facts->stdlib = arena_format(arena, "%s/%s/%s", strcmp(image->prefix, "/") == 0 ? "" : image->prefix,
                                     image->libdir, image->lib);
        facts->cache_tag = arena_format(arena, "cpython-3%d", image->minor);
        if (magic != 0) {
                const uint8_t bytes[4] = {(uint8_t)(magic & 0xff), (uint8_t)(magic >> 8), '\r', '\n'};

                memcpy(facts->magic, bytes, sizeof(bytes));
        }
        facts->user_site = arena_format(arena, "%s/lib/%s/site-packages", PROBE_USER, image->lib);
        if (facts->stdlib == NULL || facts->cache_tag == NULL || facts->user_site == NULL)
                return -ENOMEM;
        if (scheme_of_layout(arena, layout, image->prefix, image->lib, image->libdir, image->minor, &facts->scheme) <
                    0 ||
            scheme_of_layout(arena, SCHEME_VENV, PROBE_PREFIX, image->lib, image->libdir, image->minor,
                             &facts->venv_scheme) < 0 ||
            scheme_of_layout(arena, SCHEME_POSIX, PROBE_USER, image->lib, "lib", image->minor, &facts->user_scheme) < 0)
                return -ENOMEM;
        return set_site(arena, image, debian > 0, facts);
}

/* root NULL: the host. */
static int look(struct arena *arena, const char *root, const char *exe, struct facts *ret_facts,
                struct pipseed_error *err)
{
        struct image image = {.root = root, .place = root != NULL ? root : "/"};
        struct facts facts = {0};
        const struct implementation *implementation;
        _cleanup_free_ char *host = NULL;
        _cleanup_free_ char *bin = NULL;
        _cleanup_free_ char *prefix = NULL;
        int r = rooted_resolve(root, exe, &host);

        if (r < 0)
                return error_sys(err, r, exe, "cannot follow '%s' inside '%s'", exe, image.place);
        bin = path_dir(rooted_plain(root, host));
        prefix = bin != NULL ? path_dir(bin) : NULL;
        image.prefix = prefix != NULL ? arena_strdup(arena, prefix) : NULL;
        if (image.prefix == NULL)
                return error_memory(err);
        implementation = implementation_of_file(path_base(host));
        if (implementation != NULL && !implementation->has_image_facts)
                return error_set(err, PIPSEED_E_BAD_TARGET, exe,
                                 "'%s' inside '%s' is a %s, whose facts cannot be determined without running it", exe,
                                 image.place, implementation->title);
        r = find_stdlib(arena, &image, path_base(host), exe, err);
        if (r < 0)
                return r;
        if (image.minor < 6) {
                (void)error_set(err, PIPSEED_E_BAD_TARGET, exe, "'%s' inside '%s' is Python 3.%d", exe, image.place,
                                image.minor);
                return error_hint(err, "use Python 3.6 or newer");
        }
        r = describe(arena, &image, &facts);
        if (r < 0)
                return error_sys(err, r, exe, "cannot access the Python inside '%s'", image.place);
        *ret_facts = facts;
        return 0;
}

int image_facts(struct arena *arena, const char *root, const char *exe, struct facts *ret_facts,
                struct pipseed_error *err)
{
        return look(arena, root, exe, ret_facts, err);
}

/* The version of the environment's own directory of packages; an environment has no standard library. */
static bool find_env_lib(struct arena *arena, const char *prefix, struct image *image)
{
        static const char *const libdirs[] = {"lib", "lib64"};

        for (size_t i = 0; i < ARRAY_SIZE(libdirs) && image->lib == NULL; i++) {
                _cleanup_free_ char *directory = path_join(prefix, libdirs[i]);
                _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
                const char *name;

                if (directory == NULL || dir_iter_open(&names, file_open_dir(directory)) < 0)
                        continue;
                image->libdir = libdirs[i];
                while (image->lib == NULL && (name = dir_iter_next(&names)) != NULL)
                        if (parse_name(name, &image->minor, &image->free_threaded))
                                image->lib = arena_strdup(arena, name);
        }
        return image->lib != NULL;
}

/* The third number of "3.11.2"; 0 when it is not there. */
static int micro_of(const char *version)
{
        const char *dot = version != NULL ? strchr(version, '.') : NULL;
        long micro;

        dot = dot != NULL ? strchr(dot + 1, '.') : NULL;
        micro = dot != NULL ? strtol(dot + 1, NULL, 10) : 0;
        return micro >= 0 && micro < 1000 ? (int)micro : 0;
}

static int look_at_env(struct arena *arena, const struct pyvenv *env, struct facts *ret_facts)
{
        struct image image = {.place = "/", .prefix = "/usr"};
        struct facts facts = {0};
        _cleanup_free_ char *prefix = env->home != NULL ? path_dir(env->home) : NULL;
        int r;

        if (!find_env_lib(arena, env->prefix, &image) || image.minor < 6)
                return -ENOENT;
        if (prefix != NULL && prefix[0] == '/')
                image.prefix = arena_strdup(arena, prefix);
        if (image.prefix == NULL)
                return -ENOMEM;
        r = describe(arena, &image, &facts);
        facts.micro = micro_of(env->version);
        if (r == 0)
                *ret_facts = facts;
        return r;
}

int image_facts_unrun(struct arena *arena, const char *exe, const struct pyvenv *env, struct facts *ret_facts,
                      struct pipseed_error *err)
{
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;
        _cleanup_free_ char *real = realpath(exe, NULL);
        struct facts facts = {0};
        int r = look(arena, NULL, real != NULL ? real : exe, &facts, &ignored);

        if (r < 0 && env != NULL)
                r = look_at_env(arena, env, &facts);
        if (r == PIPSEED_E_NO_MEMORY || r == -ENOMEM)
                return error_memory(err);
        if (r < 0)
                return error_set(err, PIPSEED_E_UNTRUSTED_INTERPRETER, exe,
                                 "cannot identify '%s' from its files, and it is not trusted to be run", exe);
        facts.is_unrun = true;
        *ret_facts = facts;
        return 0;
}
