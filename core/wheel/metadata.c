/* SPDX-License-Identifier: MIT */
#include "metadata.h"

#include "base/error.h"
#include "base/str.h"

#include <string.h>

static size_t line_length(const char *text, size_t left)
{
        size_t len = 0;

        while (len < left && text[len] != '\n' && text[len] != '\r')
                len++;
        return len;
}

/* The length of the line end at text: "\r\n" is one. */
static size_t end_length(const char *text, size_t left)
{
        if (left == 0)
                return 0;
        return text[0] == '\r' && left > 1 && text[1] == '\n' ? 2 : 1;
}

static void skip(struct metadata_walk *walk, size_t len)
{
        walk->rest += len;
        walk->left -= len;
}

static void skip_line(struct metadata_walk *walk)
{
        skip(walk, line_length(walk->rest, walk->left));
        skip(walk, end_length(walk->rest, walk->left));
}

/* A field's name is printable ASCII up to the colon; empty is possible, and skipped, as email.parser does. */
static bool find_colon(const char *line, size_t len, size_t *ret_colon)
{
        for (size_t i = 0; i < len; i++) {
                if (line[i] == ':') {
                        *ret_colon = i;
                        return true;
                }
                if (line[i] <= ' ' || line[i] >= 0x7f)
                        return false;
        }
        return false;
}

static void take_field(struct metadata_walk *walk, size_t colon)
{
        walk->name = walk->rest;
        walk->name_len = colon;
        skip(walk, colon + 1);
        walk->value = walk->rest;
        walk->value_len = line_length(walk->rest, walk->left);
        skip_line(walk);
        while (walk->left > 0 && (walk->rest[0] == ' ' || walk->rest[0] == '\t')) {
                walk->value_len = (size_t)(walk->rest - walk->value) + line_length(walk->rest, walk->left);
                skip_line(walk);
        }
}

bool metadata_next(struct metadata_walk *walk)
{
        for (;;) {
                size_t len = line_length(walk->rest, walk->left);
                size_t colon = 0;

                /* A continuation of nothing, at the very start, is dropped by email.parser too. */
                if (len > 0 && (walk->rest[0] == ' ' || walk->rest[0] == '\t')) {
                        skip_line(walk);
                        continue;
                }
                /* So is the separator of mailbox files. */
                if (len >= 5 && memcmp(walk->rest, "From ", 5) == 0) {
                        skip_line(walk);
                        continue;
                }
                if (!find_colon(walk->rest, len, &colon)) {
                        walk->left = 0;
                        return false;
                }
                take_field(walk, colon);
                if (walk->name_len > 0)
                        return true;
        }
}

static bool is_named(const struct metadata_walk *walk, const char *name)
{
        if (walk->name_len != strlen(name))
                return false;
        for (size_t i = 0; i < walk->name_len; i++)
                if (str_lower(walk->name[i]) != str_lower(name[i]))
                        return false;
        return true;
}

static bool has_control(const char *text)
{
        for (; *text != '\0'; text++)
                if ((unsigned char)*text < 0x20 || *text == 0x7f)
                        return true;
        return false;
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Each line end with the blanks around it becomes one blank; so does a tab, which is no harm inside a value. */
static char *unfold(struct arena *arena, const char *value, size_t len)
{
        char *text = arena_strndup(arena, value, len);
        size_t out = 0;

        if (text == NULL)
                return NULL;
        for (size_t i = 0; i < len; i++) {
                char c = is_blank(value[i]) ? ' ' : value[i];

                if (c != ' ' || out == 0 || text[out - 1] != ' ')
                        text[out++] = c;
        }
        text[out] = '\0';
        return str_trim(text);
}

int metadata_find(struct arena *arena, const char *data, size_t len, const char *name, const char *path, int code,
                  const char **ret_value, struct pipseed_error *err)
{
        struct metadata_walk walk = {.rest = data, .left = len};
        const char *found = NULL;

        while (metadata_next(&walk)) {
                if (!is_named(&walk, name))
                        continue;
                if (found != NULL)
                        return error_set(err, code, path, "duplicate field %s", name);
                if (walk.value_len > METADATA_MAX_VALUE)
                        return error_set(err, code, path, "the field %s has %zu bytes, more than %zu", name,
                                         walk.value_len, METADATA_MAX_VALUE);
                if (memchr(walk.value, '\0', walk.value_len) != NULL || !str_is_utf8(walk.value, walk.value_len))
                        return error_set(err, code, path, "the field %s is not UTF-8 text", name);
                found = unfold(arena, walk.value, walk.value_len);
                if (found == NULL)
                        return error_memory(err);
                if (has_control(found))
                        return error_set(err, code, path, "the field %s has control characters", name);
        }
        *ret_value = found;
        return 0;
}

int metadata_require(struct arena *arena, const char *data, size_t len, const char *name, const char *path, int code,
                     const char **ret_value, struct pipseed_error *err)
{
        const char *value = NULL;
        int r = metadata_find(arena, data, len, name, path, code, &value, err);

        if (r < 0)
                return r;
        if (value == NULL || value[0] == '\0')
                return error_set(err, code, path, "the field %s is %s", name, value == NULL ? "missing" : "empty");
        *ret_value = value;
        return 0;
}
