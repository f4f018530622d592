/* SPDX-License-Identifier: MIT */
#include "target/lookup.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/path.h"
#include "base/str.h"
#include "target/base.h"
#include "target/facts.h"
#include "wheel/version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define USUAL_DIRS "/usr/local/bin:/usr/bin:/bin"
#define OLDEST_MINOR 6
#define NEWEST_MINOR 29

/* What may stand before a version, and the implementation that is meant by it; the longest first. */
static const struct {
        const char *word;
        const char *implementation;
} prefixes[] = {{"cpython", "cpython"}, {"python", NULL}, {"pypy", "pypy"}};

/* Can the caller run it? 1, 0 or -errno. */
static int may_run(const char *root, const char *path)
{
        int r = base_is_executable(root, path);

        if (r == -EACCES) /* as a shell passes over it */
                return 0;
        if (r <= 0 || root != NULL || access(path, X_OK) == 0)
                return r;
        return errno == EACCES || errno == ENOENT ? 0 : -errno;
}

int lookup_path(const char *name, const char *root, size_t n, char **ret_path)
{
        const char *directories = root == NULL ? getenv("PATH") : NULL;
        const char *at = directories != NULL ? directories : USUAL_DIRS;

        for (;;) {
                size_t len = strcspn(at, ":");
                _cleanup_free_ char *directory = len > 0 ? strndup(at, len) : strdup(".");
                _cleanup_free_ char *joined = directory != NULL ? path_join(directory, name) : NULL;
                _cleanup_free_ char *path = NULL;
                int r;

                if (joined == NULL)
                        return -ENOMEM;
                path = path_absolute_here(joined);
                if (path == NULL && errno == ENOMEM)
                        return -ENOMEM;
                r = path != NULL ? may_run(root, path) : 0;
                if (r < 0)
                        return r;
                if (r > 0 && n-- == 0) {
                        *ret_path = steal_ptr(path);
                        return 1;
                }
                if (at[len] == '\0')
                        return 0;
                at += len + 1;
        }
}

bool lookup_is_script(const char *path)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        char start[2];

        return fd >= 0 && read(fd, start, sizeof(start)) == (ssize_t)sizeof(start) && memcmp(start, "#!", 2) == 0;
}

/* Where the version begins in "cpython3.12", "python-3.12", "3.12". */
static const char *skip_prefix(const char *text, const char **ret_implementation)
{
        for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
                size_t len = strlen(prefixes[i].word);

                if (strncmp(text, prefixes[i].word, len) != 0)
                        continue;
                *ret_implementation = prefixes[i].implementation;
                return text + len + (text[len] == '-' || text[len] == '@');
        }
        *ret_implementation = NULL;
        return text;
}

/* Numbers and dots alone, from a digit to a digit, "t" allowed behind: the length without that, 0 when it is
 * another. */
static size_t version_length(const char *text)
{
        size_t len = strspn(text, "0123456789.");

        if (!str_is_digit(text[0]) || !str_is_digit(text[len - 1]) || strstr(text, "..") != NULL)
                return 0;
        return text[len] == '\0' || strcmp(text + len, "t") == 0 ? len : 0;
}

char *lookup_name(const char *name)
{
        const char *implementation = NULL;
        const char *version = skip_prefix(name, &implementation);

        if (version_length(version) == 0 || (implementation != NULL && strcmp(implementation, "cpython") != 0))
                return strdup(name);
        return str_format("python%s", version);
}

int lookup_parse(const char *text, struct lookup_request *ret_request, struct pipseed_error *err)
{
        struct lookup_request request = {0};
        const char *version = skip_prefix(text, &request.implementation);
        size_t len = version_length(version);
        _cleanup_free_ char *clause = NULL;
        int n_dots = 0;
        int r;

        if (len == 0 && (text[0] == '\0' || strchr("<>=!~", text[0]) == NULL))
                return 0;
        for (size_t i = 0; i < len; i++)
                n_dots += version[i] == '.';
        request.free_threaded = len > 0 && version[len] == 't';
        clause = len == 0 ? strdup(text) : str_format("==%.*s%s", (int)len, version, n_dots < 2 ? ".*" : "");
        if (clause == NULL)
                return error_memory(err);
        r = specifier_parse(clause, &request.versions, err);
        if (r < 0)
                return r;
        *ret_request = request;
        return 1;
}

void lookup_request_done(struct lookup_request *request)
{
        specifier_free(request->versions);
        *request = (struct lookup_request){0};
}

bool lookup_admits(const struct lookup_request *request, const struct facts *facts)
{
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;
        _cleanup_(version_freep) struct version *version = NULL;
        char text[64];

        if (request->implementation != NULL && strcmp(request->implementation, facts->implementation->name) != 0)
                return false;
        if (request->free_threaded != facts->free_threaded)
                return false;
        (void)snprintf(text, sizeof(text), "%d.%d.%d", facts->major, facts->minor, facts->micro);
        return version_parse(text, &version, &ignored) == 0 &&
               specifier_admits(request->versions, version, SPECIFIER_PRE_YES);
}

const char *lookup_usual_name(const struct lookup_request *request, size_t i, char buffer[32])
{
        bool is_pypy = request->implementation != NULL && strcmp(request->implementation, "pypy") == 0;
        const char *stem = is_pypy ? "pypy" : "python";

        if (i < 2)
                (void)snprintf(buffer, 32, "%s%s", stem, i == 0 ? "3" : "");
        else if (i - 2 <= NEWEST_MINOR - OLDEST_MINOR)
                (void)snprintf(buffer, 32, "%s3.%d%s", stem, NEWEST_MINOR - (int)(i - 2),
                               request->free_threaded ? "t" : "");
        else
                return NULL;
        return buffer;
}
