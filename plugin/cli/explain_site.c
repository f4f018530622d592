/* SPDX-License-Identifier: MIT */
#include "explain_site.h"

#include "cleanup.h"
#include "explain.h"

#include <ctype.h>
#include <dirent.h>
#include <string.h>
#include <unistd.h>

const char *const explain_beside[EXPLAIN_N_BESIDE] = {
        "virtualenv", "pipseed",           "tox-uv", "tox",  "nox", "hatch", "pdm", "poetry", "pipenv",
        "pre-commit", "virtualenvwrapper", "ray",    "pipx", "uv"};

/*
 * "tox_uv-1.2.dist-info", or ".egg-info" with an optional "-py3.11" before it: the version, when it is the distribution with
 * this name (names are compared as PEP 503 says).
 */
static bool parse_info_name(const char *info, const char *name, char *ret_version, size_t size)
{
        static const char *const ends[] = {".dist-info", ".egg-info"};
        const char *end = NULL;
        const char *tag;

        for (; *name != '\0'; name++, info++) {
                int c = tolower((unsigned char)*info);

                if ((c == '_' || c == '.' ? '-' : c) != *name)
                        return false;
        }
        for (size_t i = 0; i < ARRAY_SIZE(ends) && end == NULL; i++) {
                end = strstr(info, ends[i]);
                end = end != NULL && end[strlen(ends[i])] == '\0' ? end : NULL;
        }
        if (*info != '-' || end == NULL || !isdigit((unsigned char)info[1]))
                return false;
        tag = strstr(++info, "-py");
        end = tag != NULL && tag < end ? tag : end;
        (void)explain_text(ret_version, size, "%.*s", (int)(end - info), info);
        return true;
}

/* One name of site-packages. The first of a distribution counts, as for importlib. */
static void note_distribution(json_t *answer, const char *site, const char *info)
{
        json_t *versions = json_object_get(answer, "versions");
        char file[2 * PATH_MAX], value[256];

        for (size_t i = 0; i < EXPLAIN_N_BESIDE; i++) {
                if (!parse_info_name(info, explain_beside[i], value, sizeof(value)) ||
                    json_object_get(versions, explain_beside[i]) != NULL)
                        continue;
                (void)json_object_set_new(versions, explain_beside[i], json_string(value));
                (void)explain_text(file, sizeof(file), "%s/%s/entry_points.txt", site, info);
                if (strcmp(explain_beside[i], "pipseed") == 0 &&
                    explain_key(file, "virtualenv.seed", "pipseed", value, sizeof(value)))
                        (void)json_object_set_new(answer, "seeder", json_true());
        }
}

static void read_site(json_t *answer, const char *site)
{
        DIR *directory = opendir(site);
        const struct dirent *entry;

        if (directory == NULL)
                return;
        while ((entry = readdir(directory)) != NULL)
                note_distribution(answer, site, entry->d_name);
        (void)closedir(directory);
}

/* "python3.11", "python3.13t", "pypy3.10": is it the directory of this version, "3.11.2"? Without a version: of any. */
static bool is_library(const char *name, const char *version)
{
        size_t len = strcspn(version, ".");

        if (strncmp(name, "python", 6) != 0 && strncmp(name, "pypy", 4) != 0)
                return false;
        name += strcspn(name, "0123456789");
        if (version[0] == '\0' || *name == '\0')
                return *name != '\0';
        len += version[len] == '.' ? 1 + strspn(version + len + 1, "0123456789") : 0;
        return strncmp(name, version, len) == 0 && !isdigit((unsigned char)name[len]) && name[len] != '.';
}

static void read_libraries(json_t *answer, const char *libraries, const char *version)
{
        DIR *directory = opendir(libraries);
        const struct dirent *entry;
        char site[2 * PATH_MAX];

        if (directory == NULL)
                return;
        while ((entry = readdir(directory)) != NULL)
                if (is_library(entry->d_name, version))
                        read_site(answer,
                                  explain_text(site, sizeof(site), "%s/%s/site-packages", libraries, entry->d_name));
        (void)closedir(directory);
}

json_t *site_read(const char *prefix, const char *config)
{
        static const char *const libdirs[] = {"lib", "lib64"};
        json_t *answer = json_pack("{s:{},s:b}", "versions", "seeder", 0);
        char version[64] = "", libraries[2 * PATH_MAX];

        if (!explain_key(config, NULL, "version", version, sizeof(version)))
                (void)explain_key(config, NULL, "version-info", version, sizeof(version));
        for (size_t i = 0; answer != NULL && i < ARRAY_SIZE(libdirs); i++)
                read_libraries(answer, explain_text(libraries, sizeof(libraries), "%s/%s", prefix, libdirs[i]),
                               version);
        return answer;
}

bool site_find(const char *python, char *ret_prefix, char *ret_config, size_t size)
{
        const char *end = strrchr(python, '/');

        for (int i = 0; i < 2 && end != NULL && end != python; i++) {
                const char *above = end;

                (void)explain_text(ret_config, size, "%.*s/pyvenv.cfg", (int)(end - python), python);
                while (above > python && above[-1] != '/')
                        above--;
                if (access(ret_config, F_OK) == 0) {
                        (void)explain_text(ret_prefix, size, "%.*s", (int)(end - python), python);
                        return true;
                }
                end = above > python ? above - 1 : NULL;
        }
        return false;
}
