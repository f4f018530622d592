/* SPDX-License-Identifier: MIT */
#include "path.h"

#include "cleanup.h"
#include "str.h"

#include <string.h>

char *path_join(const char *a, const char *b)
{
        size_t len = strlen(a);

        if (b[0] == '/' || len == 0)
                return strdup(b);
        return str_format("%s%s%s", a, a[len - 1] == '/' ? "" : "/", b);
}

const char *path_base(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash != NULL ? slash + 1 : path;
}

char *path_dir(const char *path)
{
        const char *slash = strrchr(path, '/');

        if (slash == NULL)
                return strdup(".");
        while (slash > path && slash[-1] == '/')
                slash--;
        if (slash == path)
                return strdup("/");
        return strndup(path, (size_t)(slash - path));
}

static void add_component(struct str *out, const char *text, size_t len)
{
        const char *slash;

        if (len == 0 || (len == 1 && text[0] == '.'))
                return;
        if (len == 2 && text[0] == '.' && text[1] == '.') {
                slash = strrchr(out->data, '/');
                str_truncate(out, slash != NULL ? (size_t)(slash - out->data) : 0);
                return;
        }
        str_add_char(out, '/');
        str_add_bytes(out, text, len);
}

static void add_components(struct str *out, const char *path)
{
        while (*path != '\0') {
                size_t len = strcspn(path, "/");

                add_component(out, path, len);
                path += len;
                while (*path == '/')
                        path++;
        }
}

char *path_absolute(const char *cwd, const char *path)
{
        _cleanup_(str_done) struct str out = STR_INIT;

        if (path[0] != '/')
                add_components(&out, cwd);
        add_components(&out, path);
        if (out.len == 0)
                str_add_char(&out, '/');
        return str_steal(&out);
}

char *path_absolute_here(const char *path)
{
        _cleanup_free_ char *cwd = NULL;

        if (path[0] == '/')
                return path_absolute("/", path);
        cwd = getcwd(NULL, 0);
        if (cwd == NULL)
                return NULL;
        return path_absolute(cwd, path);
}

char *path_rooted(const char *root, const char *path)
{
        if (root == NULL)
                return strdup(path);
        while (*path == '/')
                path++;
        return path_join(root, path);
}

char *path_relative(const char *from, const char *to)
{
        _cleanup_(str_done) struct str out = STR_INIT;
        size_t common = 0;
        size_t i = 0;

        for (;; i++) {
                bool from_ends = from[i] == '\0' || from[i] == '/';
                bool to_ends = to[i] == '\0' || to[i] == '/';

                if (from_ends && to_ends)
                        common = i;
                if (from[i] != to[i] || from[i] == '\0')
                        break;
        }
        for (const char *p = from + common; *p != '\0';) {
                while (*p == '/')
                        p++;
                if (*p == '\0')
                        break;
                str_add(&out, out.len > 0 ? "/.." : "..");
                p += strcspn(p, "/");
        }
        to += common;
        while (*to == '/')
                to++;
        if (*to != '\0') {
                if (out.len > 0)
                        str_add_char(&out, '/');
                str_add(&out, to);
        }
        if (out.len == 0)
                str_add_char(&out, '.');
        return str_steal(&out);
}

static bool is_plain_component(const char *text, size_t len)
{
        if (len == 0 || (len == 1 && text[0] == '.') || (len == 2 && text[0] == '.' && text[1] == '.'))
                return false;
        for (size_t i = 0; i < len; i++)
                if (text[i] == '\\' || (unsigned char)text[i] < 0x20 || text[i] == 0x7f)
                        return false;
        return true;
}

bool path_is_plain(const char *path)
{
        for (;;) {
                size_t len = strcspn(path, "/");

                if (!is_plain_component(path, len))
                        return false;
                path += len;
                if (*path == '\0')
                        return true;
                path++;
        }
}

bool path_is_below(const char *top, const char *path)
{
        size_t len = strlen(top);

        if (len == 1 && top[0] == '/')
                return path[0] == '/';
        return strncmp(top, path, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

bool path_same_dir(const char *a, const char *b)
{
        size_t len = (size_t)(path_base(a) - a);

        return len == (size_t)(path_base(b) - b) && memcmp(a, b, len) == 0;
}
