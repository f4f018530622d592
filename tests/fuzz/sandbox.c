/* SPDX-License-Identifier: MIT */
#include "sandbox.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "fuzz.h"
#include "target/target.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#define PYTHON "/usr/bin/python3"
#define MAX_FILE ((size_t)32 << 20)

static char top[256];
static int top_fd = -1;
static pid_t owner;
static char lib[128];
static char *outside; /* what is there, and must be */

static _Noreturn void give_up(const char *what)
{
        fprintf(stderr, "the sandbox of the harness: %s: %s\n", what, strerror(errno));
        exit(1);
}

const char *sandbox_path(const char *name)
{
        static char paths[8][1024];
        static unsigned int next;
        char *path = paths[next++ % 8];

        (void)snprintf(path, sizeof(paths[0]), "%s%s%s", top, name[0] != '\0' ? "/" : "", name);
        return path;
}

const char *sandbox_lib(void)
{
        return lib;
}

const char *sandbox_python(void)
{
        return PYTHON;
}

void sandbox_file(const char *name, const void *data, size_t len)
{
        _cleanup_free_ char *parent = path_dir(name);

        if (parent != NULL && path_is_plain(name) && file_make_dirs(top_fd, parent, 0755) >= 0)
                (void)file_create(top_fd, name, 0644, data, len);
}

void sandbox_remove(const char *name)
{
        if (file_remove_tree(top_fd, name) < 0)
                give_up(name);
}

static void link_to(const char *target, const char *name)
{
        if (symlinkat(target, top_fd, name) < 0)
                give_up(name);
}

static void link_in_lib(const char *target, const char *name)
{
        _cleanup_free_ char *path = path_join(lib, name);

        if (path == NULL)
                give_up("memory");
        link_to(target, path);
}

/* A fork of the harness (a fuzzer's child) leaves the sandbox to whoever made it. */
static void end(void)
{
        _cleanup_close_ int root = file_open_dir("/");

        if (getpid() == owner)
                (void)file_remove_tree(root, top + 1);
}

static void find_lib(void)
{
        const struct target_query query = {.python = PYTHON};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct target *target = NULL;

        if (target_find(&query, &target, &err) < 0) {
                fprintf(stderr, "%s\n", err.message);
                exit(1);
        }
        (void)snprintf(lib, sizeof(lib), "env/lib/python%d.%d/site-packages", target->major, target->minor);
        target_free(target);
}

static void make_outside(void)
{
        static const char *const files[] = {"outside/sentinel", "outside/pip/__init__.py",
                                            "outside/directory/deep/file", "outside/pip-99.0.dist-info/RECORD",
                                            "sentinel"};

        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                sandbox_file(files[i], "sentinel\n", 9);
}

void sandbox_begin(void)
{
        const char *directory = getenv("TMPDIR");

        if (top_fd >= 0)
                return;
        if (directory == NULL || directory[0] != '/')
                directory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        if (snprintf(top, sizeof(top), "%s/pipseed-fuzz-XXXXXX", directory) >= (int)sizeof(top) || mkdtemp(top) == NULL)
                give_up(directory);
        top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (top_fd < 0)
                give_up(top);
        owner = getpid();
        if (atexit(end) != 0)
                give_up("atexit");
        find_lib();
        make_outside();
        outside = sandbox_listing("");
        /* What the harness's user has in the environment decides nothing. */
        if (clearenv() != 0 || setenv("HOME", sandbox_path("home"), 1) < 0 || setenv("PATH", "/usr/bin:/bin", 1) < 0)
                give_up("environment");
        (void)umask(022);
}

void sandbox_reset(void)
{
        static const char config[] = "home = /usr/bin\ninclude-system-site-packages = false\n";

        sandbox_remove("env");
        sandbox_file("env/pyvenv.cfg", config, sizeof(config) - 1);
        if (file_make_dirs(top_fd, lib, 0755) < 0 || file_make_dirs(top_fd, "env/bin", 0755) < 0)
                give_up("env");
        link_to(PYTHON, "env/bin/python3");
        link_to("python3", "env/bin/python");
        link_to("../../outside/sentinel", "env/bin/away");
        link_to("../outside", "env/away");
        link_to("../outside/directory", "env/share");
        link_in_lib("../../../../outside", "away");
        link_in_lib("../../../../outside/sentinel", "away.py");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
        return strcmp((*a)->d_name, (*b)->d_name);
}

static void list_entry(struct str *out, const char *path)
{
        struct stat st;

        if (fstatat(top_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
                give_up(path);
        str_printf(out, "%s %o", path, st.st_mode);
        if (S_ISREG(st.st_mode)) {
                _cleanup_free_ char *text = NULL;
                size_t len = 0;

                if (file_read(top_fd, path, MAX_FILE, &text, &len) < 0)
                        give_up(path);
                str_add_char(out, ' ');
                str_add_bytes(out, text, len);
        } else if (S_ISLNK(st.st_mode)) {
                char target[1024];
                ssize_t n = readlinkat(top_fd, path, target, sizeof(target));

                if (n < 0)
                        give_up(path);
                str_add(out, " -> ");
                str_add_bytes(out, target, (size_t)n);
        }
        str_add_char(out, '\n');
}

static void list(struct str *out, const char *path)
{
        struct dirent **names = NULL;
        int n = scandirat(top_fd, path[0] != '\0' ? path : ".", &names, NULL, by_name);

        if (n < 0)
                give_up(path);
        for (int i = 0; i < n; i++) {
                const char *name = names[i]->d_name;
                _cleanup_free_ char *child = path[0] != '\0' ? path_join(path, name) : strdup(name);
                struct stat st;
                bool own = strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
                           (path[0] == '\0' &&
                            (strcmp(name, "env") == 0 || strcmp(name, "wheels") == 0 || strcmp(name, "cache") == 0));

                if (!own && child != NULL) {
                        list_entry(out, child);
                        if (fstatat(top_fd, child, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
                                list(out, child);
                }
                free(names[i]);
        }
        free(names);
}

char *sandbox_listing(const char *name)
{
        struct str out = STR_INIT;

        list(&out, name);
        if (out.failed)
                give_up("listing");
        return str_steal(&out);
}

void sandbox_check(void)
{
        _cleanup_free_ char *now = sandbox_listing("");

        if (strcmp(now, outside) == 0)
                return;
        fprintf(stderr, "written outside of the target. Before:\n%sNow:\n%s", outside, now);
        abort();
}
