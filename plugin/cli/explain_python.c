/* SPDX-License-Identifier: MIT */
#include "cleanup.h"
#include "explain.h"
#include "explain_site.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct explain_python {
        json_t *answer; /* {"versions": {NAME: VERSION}, "seeder": bool} */
};

/* Asked of an interpreter that belongs to no environment, which -I keeps away from the current directory and from
 * variables. The user's site directory belongs to the tool all the same. */
static const char question[] =
        "import json, site, sys\n"
        "site.addsitedir(site.getusersitepackages())\n"
        "from importlib import metadata\n"
        "found = {}\n"
        "for name in sys.argv[1:]:\n"
        "    try: found[name] = metadata.version(name)\n"
        "    except metadata.PackageNotFoundError: pass\n"
        "group = metadata.entry_points()\n"
        "name = 'virtualenv.seed'\n"
        "group = group.select(group=name) if hasattr(group, 'select') else group.get(name, ())\n"
        "print(json.dumps(dict(versions=found, seeder=any(each.name == 'pipseed' for each in group))))\n";

static bool is_program(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool explain_program(const char *name, char *ret_path, size_t size)
{
        const char *directories = getenv("PATH");

        if (strchr(name, '/') != NULL) {
                (void)explain_text(ret_path, size, "%s", name);
                return is_program(name);
        }
        for (const char *directory = directories; directory != NULL && *directory != '\0';) {
                size_t len = strcspn(directory, ":");

                (void)explain_text(ret_path, size, "%.*s/%s", (int)len, directory, name);
                if (directory[0] == '/' && is_program(ret_path))
                        return true;
                directory += len;
                directory += *directory == ':';
        }
        if (size > 0)
                ret_path[0] = '\0';
        return false;
}

/* The interpreter of "#!/path/python", "#!/usr/bin/env python", and of the form for long paths, whose second line is
 * '''exec' /path/python "$0" "$@". */
static bool parse_shebang(char *text, char *ret_python, size_t size)
{
        char *second = strchr(text, '\n');
        char *path = text + 2;
        char end[] = " \t\r\n";

        if (strncmp(text, "#!", 2) != 0)
                return false;
        path += strspn(path, " \t");
        if (second != NULL && strncmp(second + 1, "'''exec' ", 9) == 0) {
                path = second + 10;
                if (*path == '"' || *path == '\'') {
                        end[0] = end[1] = *path++;
                        end[2] = end[3] = '\n';
                }
        }
        path[strcspn(path, end)] = '\0';
        if (strcmp(path, "/usr/bin/env") == 0) {
                path += strlen(path) + 1;
                path += strspn(path, " \t");
                path[strcspn(path, " \t\r\n")] = '\0';
                return explain_program(path, ret_python, size);
        }
        (void)explain_text(ret_python, size, "%s", path);
        return true;
}

static bool find_python(const char *program, char *ret_python, size_t size)
{
        char text[2 * PATH_MAX] = "";
        int fd = open(program, O_RDONLY | O_CLOEXEC);
        const char *name = NULL;
        ssize_t n;

        if (fd < 0)
                return false;
        n = read(fd, text, sizeof(text) - 1);
        (void)close(fd);
        if (n <= 0 || !parse_shebang(text, ret_python, size) || ret_python[0] != '/')
                return false;
        name = strrchr(ret_python, '/');
        name = name != NULL ? name + 1 : ret_python;
        return strncmp(name, "python", 6) == 0 || strncmp(name, "pypy", 4) == 0;
}

static int spawn(const char *python, int out, pid_t *ret_pid)
{
        char *argv[4 + EXPLAIN_N_BESIDE + 1] = {(char *)(uintptr_t)python, (char *)(uintptr_t) "-I",
                                                (char *)(uintptr_t) "-c", (char *)(uintptr_t)question};
        posix_spawn_file_actions_t actions;
        int r = posix_spawn_file_actions_init(&actions);

        for (size_t i = 0; i < EXPLAIN_N_BESIDE; i++)
                argv[4 + i] = (char *)(uintptr_t)explain_beside[i];
        if (r != 0)
                return r;
        r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn(ret_pid, python, &actions, NULL, argv, environ);
        (void)posix_spawn_file_actions_destroy(&actions);
        return r;
}

static json_t *read_answer(int fd)
{
        char text[8192];
        size_t n = 0;

        while (n < sizeof(text)) {
                ssize_t r = read(fd, text + n, sizeof(text) - n);

                if (r < 0 && errno == EINTR)
                        continue;
                if (r <= 0)
                        break;
                n += (size_t)r;
        }
        return json_loadb(text, n, 0, NULL);
}

static json_t *ask(const char *python)
{
        json_t *answer = NULL;
        int ends[2];
        int status = 0;
        pid_t pid = -1;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return NULL;
        if (spawn(python, ends[1], &pid) != 0)
                pid = -1;
        (void)close(ends[1]);
        if (pid > 0)
                answer = read_answer(ends[0]);
        (void)close(ends[0]);
        while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
                continue;
        return answer;
}

/* Adds what the base has, where the environment's own does not hide it. */
static void add_base(json_t *answer, const json_t *base)
{
        (void)json_object_update_missing(json_object_get(answer, "versions"), json_object_get(base, "versions"));
        if (json_is_true(json_object_get(base, "seeder")))
                (void)json_object_set_new(answer, "seeder", json_true());
}

static json_t *ask_trusted(struct explain *explain, const char *python)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        if (pipseed_trust_check_python(python, explain->trust, explain->n_trust, &err) ==
            PIPSEED_E_UNTRUSTED_INTERPRETER) {
                explain_against(explain, "python-untrusted", err.hint, "%s, which %s runs in, is not asked: %s", python,
                                explain->tool->program, err.message);
                return json_pack("{s:{},s:b}", "versions", "seeder", 0);
        }
        return ask(python);
}

/* An environment that sees the packages of its base: that one is asked. */
static void read_base(struct explain *explain, json_t *answer, const char *config)
{
        char value[16] = "", home[PATH_MAX] = "", python[2 * PATH_MAX], prefix[PATH_MAX], ignored[PATH_MAX];
        json_t *base;

        if (!explain_key(config, NULL, "include-system-site-packages", value, sizeof(value)) ||
            strcasecmp(value, "true") != 0)
                return;
        /* Links lead to it; what is copied says where it is from. */
        if (realpath(explain->python, python) == NULL || site_find(python, prefix, ignored, sizeof(ignored))) {
                if (!explain_key(config, NULL, "home", home, sizeof(home)))
                        return;
                (void)explain_text(python, sizeof(python), "%s/%s", home, strrchr(explain->python, '/') + 1);
        }
        base = is_program(python) ? ask_trusted(explain, python) : NULL;
        add_base(answer, base);
        json_decref(base);
}

static json_t *look_beside(struct explain *explain)
{
        char real[PATH_MAX], prefix[PATH_MAX], config[PATH_MAX];
        json_t *answer;

        /* A link to an environment's interpreter from elsewhere: that file is not run either. */
        if (!site_find(explain->python, prefix, config, sizeof(config)) &&
            (realpath(explain->python, real) == NULL || !site_find(real, prefix, config, sizeof(config))))
                return ask_trusted(explain, explain->python);
        answer = is_program(explain->python) ? site_read(prefix, config) : NULL;
        if (answer != NULL)
                read_base(explain, answer, config);
        return answer;
}

bool explain_open(struct explain *explain, const char *program)
{
        char hint[2 * PATH_MAX];
        size_t n = explain->n_findings;

        if (!explain_program(program, explain->path, sizeof(explain->path))) {
                explain_against(explain, "tool-missing", "install it, or put its directory on PATH",
                                "%s is not on PATH", program);
                return false;
        }
        if (!find_python(explain->path, explain->python, sizeof(explain->python))) {
                explain->python[0] = '\0';
                explain_against(
                        explain, "tool-unknown",
                        explain_text(hint, sizeof(hint),
                                     "put the directory of the real %s first on PATH; under pyenv, run: pyenv which %s",
                                     program, program),
                        "'%s' is not a Python script: cannot determine its interpreter", explain->path);
                return false;
        }
        explain->found = calloc(1, sizeof(*explain->found));
        if (explain->found != NULL)
                explain->found->answer = look_beside(explain);
        if (explain->found == NULL || explain->found->answer == NULL)
                explain_against(explain, "python-broken", "reinstall the tool",
                                "cannot query '%s', the interpreter of %s", explain->python, program);
        return explain->n_findings == n;
}

const char *explain_version(const struct explain *explain, const char *name)
{
        if (explain->found == NULL)
                return NULL;
        return json_string_value(json_object_get(json_object_get(explain->found->answer, "versions"), name));
}

bool explain_has_seeder(const struct explain *explain)
{
        return explain->found != NULL && json_is_true(json_object_get(explain->found->answer, "seeder"));
}

/* pipx and uv keep each tool in an environment of its own, which their own commands change. */
const char *explain_install(const struct explain *explain, const char *package, char *buffer, size_t size)
{
        if (strstr(explain->python, "/pipx/venvs/") != NULL)
                return explain_text(buffer, size, "pipx inject %s %s", explain->tool->name, package);
        if (strstr(explain->python, "/uv/tools/") != NULL)
                return explain_text(buffer, size, "uv tool install %s --with %s", explain->tool->name, package);
        return explain_text(buffer, size, "%s -m pip install %s", explain->python, package);
}

void explain_python_free(struct explain_python *found)
{
        if (found == NULL)
                return;
        json_decref(found->answer);
        free(found);
}
