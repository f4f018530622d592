/* SPDX-License-Identifier: MIT */
#include "layers.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "base/trust.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#ifndef PIPSEED_SYSCONFDIR
#define PIPSEED_SYSCONFDIR "/etc"
#endif

struct reader {
        struct arena *arena;
        struct layers *layers;
        struct pipseed_error *err;
};

/* name beneath dir_fd; path is the same for people. */
struct source {
        int dir_fd;
        const char *name;
        const char *path;
        enum policy_layer layer;
        bool required;
};

static int fail_unreadable(struct pipseed_error *err, int number, const char *path, const char *what)
{
        if (number == ENOMEM)
                return error_memory(err);
        (void)error_sys(err, number, path, "%s: cannot read the %s", settings_place(path), what);
        err->code = PIPSEED_E_POLICY_UNREADABLE;
        if (number == ENOENT || number == ENOTDIR)
                return error_hint(
                        err, "name an existing file, or remove the reference to it (--policy, PIPSEED_POLICY, a link)");
        return error_hint(err, "repair the permissions of the policy, or remove it");
}

static int fail_kind(struct pipseed_error *err, const char *path, const char *reason)
{
        return error_set(err, PIPSEED_E_POLICY_UNREADABLE, path, "%s: the policy %s", settings_place(path), reason);
}

/* The machine's policy is root's alone. */
static struct trust_rule rule_of(enum policy_layer layer)
{
        return layer == POLICY_LAYER_SYSTEM ? trust_rule_root() : trust_rule_caller();
}

static int refuse(const struct trust_result *result, enum policy_layer layer, const char *path,
                  struct pipseed_error *err)
{
        const char *what = S_ISDIR(result->fault_mode) ? "policy's directory" : "policy";

        /* What was named keeps its name, also where a link leads to it. */
        if (strcmp(result->fault_path, result->resolved) != 0)
                path = result->fault_path;
        if (result->fault == TRUST_OWNER) {
                (void)error_set(err, PIPSEED_E_POLICY_UNTRUSTED, path, "%s: the %s belongs to user %ju, not to root%s",
                                settings_place(path), what, (uintmax_t)result->fault_uid,
                                layer == POLICY_LAYER_SYSTEM ? "" : " or to the caller");
                if (layer == POLICY_LAYER_USER)
                        return error_hint(err, "under sudo, drop the other user's HOME and XDG_CONFIG_HOME (sudo -H)");
                return error_hint(err, "change its owner to root");
        }
        (void)error_set(err, PIPSEED_E_POLICY_UNTRUSTED, path, "%s: the %s is writable by others (mode %04o)",
                        settings_place(path), what, (unsigned int)(result->fault_mode & 07777));
        return error_hint(err, "run: chmod go-w %s", path);
}

/* What fd holds, and the way to it by this path. */
static int check_trust(int fd, enum policy_layer layer, const char *path, struct pipseed_error *err)
{
        const struct trust_rule rule = rule_of(layer);
        _cleanup_free_ char *absolute = path_absolute_here(path);
        struct trust_result result;
        int r;

        if (absolute == NULL)
                return fail_unreadable(err, errno, path, "path to the policy");
        r = trust_check_fd(fd, absolute, &rule, &result);
        if (r < 0)
                return fail_unreadable(err, -r, path, "path to the policy");
        return result.fault == TRUST_OK ? 0 : refuse(&result, layer, path, err);
}

static int check_dir(int fd, enum policy_layer layer, const char *path, struct pipseed_error *err)
{
        return check_trust(fd, layer, path, err);
}

/* A file that nobody named may be missing; a link that leads nowhere is there. */
static bool is_missing(const struct source *source, int number)
{
        struct stat st;

        if (source->required || (number != ENOENT && number != ENOTDIR))
                return false;
        return fstatat(source->dir_fd, source->name, &st, AT_SYMLINK_NOFOLLOW) < 0;
}

/* The file's descriptor; -ENOENT when it is missing and may be. */
static int open_source(const struct source *source, struct pipseed_error *err, int *ret_fd)
{
        /* O_NONBLOCK: a FIFO in the file's place must not hang us. */
        _cleanup_close_ int fd = openat(source->dir_fd, source->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;

        if (fd < 0 && is_missing(source, errno))
                return -ENOENT;
        if (fd < 0 || fstat(fd, &st) < 0)
                return fail_unreadable(err, errno, source->path, "policy");
        if (!S_ISREG(st.st_mode))
                return fail_kind(err, source->path, S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file");
        *ret_fd = steal_fd(&fd);
        return 0;
}

static int take_text(const struct reader *reader, const struct source *source, const char *data, size_t len)
{
        struct layers *layers = reader->layers;
        struct settings settings = {.layer = source->layer, .path = arena_strdup(reader->arena, source->path)};
        int r;

        if (settings.path == NULL)
                return error_memory(reader->err);
        r = settings_parse(&settings, data, len, reader->arena, reader->err);
        if (r < 0)
                return r;
        if (arena_grow(reader->arena, &layers->list, layers->n, &layers->capacity, sizeof(*layers->list)) < 0)
                return error_memory(reader->err);
        layers->list[layers->n++] = settings;
        return 0;
}

/* dir_fd: checked as well when there is a file; -1: it is not looked at. */
static int read_source(const struct reader *reader, const struct source *source, int dir_fd)
{
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *data = NULL;
        _cleanup_free_ char *directory = path_dir(source->path);
        size_t len = 0;
        int r;

        if (directory == NULL)
                return error_memory(reader->err);
        r = open_source(source, reader->err, &fd);
        if (r == -ENOENT)
                return 0;
        if (r == 0 && dir_fd >= 0)
                r = check_dir(dir_fd, source->layer, directory, reader->err);
        if (r == 0)
                r = check_trust(fd, source->layer, source->path, reader->err);
        if (r < 0)
                return r;
        r = file_read_fd(fd, LAYERS_FILE_LIMIT, &data, &len);
        if (r == -EFBIG)
                return fail_kind(reader->err, source->path, "is larger than 1 MiB");
        if (r < 0)
                return fail_unreadable(reader->err, -r, source->path, "policy");
        return take_text(reader, source, data, len);
}

static bool is_drop_in(const struct dirent *entry)
{
        return entry->d_name[0] != '.' && str_ends(entry->d_name, ".ini");
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void close_dir(DIR **dir)
{
        if (*dir != NULL)
                (void)closedir(*dir);
}

/* The drop-in files' names in the order of their bytes, whatever the locale. */
static int list_drop_ins(const struct reader *reader, int dir_fd, const char *path, const char ***ret_names,
                         size_t *ret_n)
{
        _cleanup_(close_dir) DIR *dir = NULL;
        _cleanup_close_ int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const char **names = NULL;
        size_t n = 0;
        size_t capacity = 0;

        dir = fd >= 0 ? fdopendir(fd) : NULL;
        if (dir == NULL)
                return fail_unreadable(reader->err, errno, path, "policy's directory");
        (void)steal_fd(&fd);
        for (;;) {
                const struct dirent *entry;

                errno = 0;
                entry = readdir(dir);
                if (entry == NULL)
                        break;
                if (!is_drop_in(entry))
                        continue;
                if (arena_grow(reader->arena, &names, n, &capacity, sizeof(*names)) < 0)
                        return error_memory(reader->err);
                names[n] = arena_strdup(reader->arena, entry->d_name);
                if (names[n++] == NULL)
                        return error_memory(reader->err);
        }
        if (errno != 0)
                return fail_unreadable(reader->err, errno, path, "policy's directory");
        if (n > 0)
                qsort(names, n, sizeof(*names), compare_names);
        *ret_names = names;
        *ret_n = n;
        return 0;
}

/* A directory that is to be held, -ENOENT when there is none. */
static int open_dir(int dir_fd, const char *name, const char *path, struct pipseed_error *err, int *ret_fd)
{
        int fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct stat st;

        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -ENOENT;
        if (fd < 0)
                return fail_unreadable(err, errno, path, "policy's directory");
        *ret_fd = fd;
        return 0;
}

static int read_drop_ins(const struct reader *reader, int dir_fd, const char *directory)
{
        _cleanup_free_ char *path = path_join(directory, "policy.d");
        _cleanup_close_ int fd = -1;
        const char **names = NULL;
        size_t n = 0;
        int r;

        if (path == NULL)
                return error_memory(reader->err);
        r = open_dir(dir_fd, "policy.d", path, reader->err, &fd);
        if (r == -ENOENT)
                return 0;
        if (r == 0)
                r = check_dir(fd, POLICY_LAYER_SYSTEM, path, reader->err);
        if (r == 0)
                r = list_drop_ins(reader, fd, path, &names, &n);
        for (size_t i = 0; r == 0 && i < n; i++) {
                _cleanup_free_ char *file = path_join(path, names[i]);
                struct source source = {fd, names[i], file, POLICY_LAYER_SYSTEM, true};

                r = file != NULL ? read_source(reader, &source, -1) : error_memory(reader->err);
        }
        return r;
}

/* Notes where a file is looked for; it may be missing. */
static int note_place(const struct reader *reader, const char *path)
{
        struct layers *layers = reader->layers;

        if (arena_grow(reader->arena, &layers->places, layers->n_places, &layers->places_capacity,
                       sizeof(*layers->places)) < 0)
                return error_memory(reader->err);
        layers->places[layers->n_places] = arena_strdup(reader->arena, path);
        return layers->places[layers->n_places++] != NULL ? 0 : error_memory(reader->err);
}

/* The directory is checked also when it is empty: who can write it can take the policy away. */
static int read_system(const struct reader *reader, const char *sysconf_dir)
{
        _cleanup_free_ char *directory = path_join(sysconf_dir, "pipseed");
        _cleanup_free_ char *path = directory != NULL ? path_join(directory, "policy.ini") : NULL;
        _cleanup_free_ char *drop_ins = directory != NULL ? path_join(directory, "policy.d/*.ini") : NULL;
        _cleanup_close_ int fd = -1;
        struct source source = {-1, "policy.ini", path, POLICY_LAYER_SYSTEM, false};
        int r;

        if (path == NULL || drop_ins == NULL)
                return error_memory(reader->err);
        r = note_place(reader, path);
        if (r == 0)
                r = note_place(reader, drop_ins);
        if (r < 0)
                return r;
        r = open_dir(AT_FDCWD, directory, directory, reader->err, &fd);
        if (r == -ENOENT)
                return 0;
        if (r == 0)
                r = check_dir(fd, POLICY_LAYER_SYSTEM, directory, reader->err);
        source.dir_fd = fd;
        if (r == 0)
                r = read_source(reader, &source, -1);
        return r == 0 ? read_drop_ins(reader, fd, directory) : r;
}

static const char *variable(const char *name)
{
        const char *value = getenv(name);

        return value != NULL && value[0] != '\0' ? value : NULL;
}

/* XDG base directories: a relative path is invalid and ignored. NULL without an error: there is no such directory. */
static int user_dir(struct pipseed_error *err, char **ret_dir)
{
        const char *config = variable("XDG_CONFIG_HOME");
        const char *home = variable("HOME");
        char *directory = NULL;

        if (config != NULL && config[0] == '/')
                directory = path_join(config, "pipseed");
        else if (home != NULL && home[0] == '/')
                directory = path_join(home, ".config/pipseed");
        else
                return 0;
        if (directory == NULL)
                return error_memory(err);
        *ret_dir = directory;
        return 0;
}

static int read_user(const struct reader *reader)
{
        _cleanup_free_ char *directory = NULL;
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -1;
        int r = user_dir(reader->err, &directory);

        if (r < 0 || directory == NULL)
                return r;
        path = path_join(directory, "policy.ini");
        if (path == NULL)
                return error_memory(reader->err);
        r = note_place(reader, path);
        if (r == 0)
                r = open_dir(AT_FDCWD, directory, directory, reader->err, &fd);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        return read_source(reader, &(struct source){fd, "policy.ini", path, POLICY_LAYER_USER, false}, fd);
}

static int read_named(const struct reader *reader, const struct pipseed_policy_options *options)
{
        const char *path = options->file;

        if (path == NULL && options->use_environment) {
                path = variable("PIPSEED_POLICY");
                /* Which file a relative name means depends on the current directory, which has no say in the policy. */
                if (path != NULL && path[0] != '/')
                        return error_set(reader->err, PIPSEED_E_POLICY_UNREADABLE, path,
                                         "PIPSEED_POLICY: '%.200s' is not an absolute path", path);
        }
        if (path == NULL)
                return 0;
        return read_source(reader, &(struct source){AT_FDCWD, path, path, POLICY_LAYER_FILE, true}, -1);
}

int layers_read(const struct pipseed_policy_options *options, struct arena *arena, struct layers *ret_layers,
                struct pipseed_error *err)
{
        struct layers layers = {0};
        struct reader reader = {arena, &layers, err};
        struct settings environment = {0};
        int r = read_system(&reader, options->sysconf_dir != NULL ? options->sysconf_dir : PIPSEED_SYSCONFDIR);

        if (r == 0 && options->use_environment)
                r = read_user(&reader);
        if (r == 0)
                r = read_named(&reader, options);
        if (r == 0 && options->use_environment)
                r = layers_read_environment(arena, &environment, err);
        if (r < 0)
                return r;
        if (arena_grow(arena, &layers.list, layers.n, &layers.capacity, sizeof(*layers.list)) < 0)
                return error_memory(err);
        if (environment.n > 0)
                layers.list[layers.n++] = environment;
        *ret_layers = layers;
        return 0;
}
