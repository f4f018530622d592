/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>

#define PLACE_LIMIT 256
#define KEYS_LIMIT 4096 /* every key is compared with every other */

enum line_kind { LINE_NOTHING, LINE_SECTION, LINE_PAIR, LINE_CONTINUED };

struct parser {
        struct settings *settings;
        struct arena *arena;
        struct pipseed_error *err;
        const char *next; /* not yet given to inih */
        const char *end;
        unsigned int line; /* inih counts the same, but Debian's build does not tell its handler */
        enum line_kind kind;
        bool has_name;    /* the section has a key that an indented line would continue */
        struct str value; /* of the last setting, which may be continued */
};

static int fail(const struct parser *parser, const char *format, const char *what)
{
        char reason[512];

        /* The first fault of a line is the cause, the ones behind it are its consequences. */
        (void)snprintf(reason, sizeof(reason), format, what);
        return error_set(parser->err, PIPSEED_E_POLICY_SYNTAX, parser->settings->path, "%s:%u: %s",
                         settings_place(parser->settings->path), parser->line, reason);
}

static void skip_blanks(const char **text, const char *end)
{
        while (*text < end && str_is_space(**text))
                (*text)++;
}

static enum line_kind classify(const struct parser *parser, const char *line, const char *end)
{
        const char *text = line;

        skip_blanks(&text, end);
        if (text == end || *text == ';' || *text == '#')
                return LINE_NOTHING;
        if (text > line && parser->has_name)
                return LINE_CONTINUED;
        return *text == '[' ? LINE_SECTION : LINE_PAIR;
}

static int fail_section(const struct parser *parser, const char *section)
{
        const char *meant = schema_suggest_section(section);

        fail(parser, "there is no section [%.80s]", section);
        if (meant != NULL)
                return error_hint(parser->err, "did you mean [%s]?", meant);
        return error_hint(parser->err, "pipseed-policy(5) lists the sections");
}

/* inih says nothing of a section without keys, and ignores what follows "]": a key that someone put there would be lost
 * in silence. */
static int check_section(const struct parser *parser, const char *line, const char *end)
{
        const char *open = memchr(line, '[', (size_t)(end - line));
        const char *close = memchr(line, ']', (size_t)(end - line));
        char section[96];

        if (close == NULL)
                return 0;
        (void)snprintf(section, sizeof(section), "%.*s", (int)(close - open - 1), open + 1);
        if (!schema_has_section(section))
                return fail_section(parser, section);
        close++;
        skip_blanks(&close, end);
        if (close == end || *close == ';' || *close == '#')
                return 0;
        return fail(parser, "%s", "something follows the [section]: keys go on lines of their own");
}

/* A file whose lines end in CR alone is one line to inih: behind a comment all of it would be lost in silence. The other
 * controls end a line, or are blanks, to some readers and editors. */
static int check_controls(const struct parser *parser, const char *line, const char *end)
{
        for (const char *c = line; c < end; c++) {
                if (*c == '\r')
                        return fail(parser, "%s", "a carriage return within the line: lines end in LF or CR LF");
                if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
                        return fail(parser, "%s", "a control character in the line");
        }
        return 0;
}

/* Hands inih one line at a time. A line is refused exactly when it does not fit the buffer that this build of inih
 * offers; the line's end is always given, because an inih that grows its buffer would wait for it. */
static char *read_line(char *buffer, int size, void *stream)
{
        struct parser *parser = stream;
        const char *line = parser->next;
        const char *end;
        size_t len = (size_t)(parser->end - line);

        if (len == 0 || parser->err->code != 0)
                return NULL;
        end = memchr(line, '\n', len);
        parser->next = end != NULL ? end + 1 : parser->end;
        if (end != NULL)
                len = (size_t)(end - line);
        if (len > 0 && line[len - 1] == '\r')
                len--;
        end = line + len;
        parser->line++;
        if (memchr(line, '\0', len) != NULL) {
                fail(parser, "%s", "the line has a NUL byte: this is not a text file");
                return NULL;
        }
        if (check_controls(parser, line, end) < 0)
                return NULL;
        if (size < 3 || len > (size_t)size - 2) {
                (void)error_set(parser->err, PIPSEED_E_POLICY_SYNTAX, parser->settings->path,
                                "%s:%u: the line is cut off: it has %zu bytes, more than the %d that can be read",
                                settings_place(parser->settings->path), parser->line, len, size - 2);
                error_hint(parser->err, "put each element of a list on an indented line of its own; a comment may go "
                                        "on lines of its own");
                return NULL;
        }
        parser->kind = classify(parser, line, end);
        if (parser->kind == LINE_SECTION) {
                parser->has_name = false;
                if (check_section(parser, line, end) < 0)
                        return NULL;
        }
        memcpy(buffer, line, (size_t)(end - line));
        memcpy(buffer + (end - line), "\n", 2);
        return buffer;
}

static int fail_key(const struct parser *parser, const char *section, const char *name)
{
        const struct schema_key *meant = schema_suggest_key(section, name);
        char reason[160];

        (void)snprintf(reason, sizeof(reason), "[%.40s] has no key \"%.80s\"", section, name);
        fail(parser, "%s", reason);
        if (meant == NULL)
                return error_hint(parser->err, "pipseed-policy(5) lists the keys");
        if (schema_in_section(meant, section))
                return error_hint(parser->err, "did you mean %s?", strchr(meant->name, '.') + 1);
        return error_hint(parser->err, "did you mean %s, in section [%.*s]?", strchr(meant->name, '.') + 1,
                          (int)strcspn(meant->name, "."), meant->name);
}

static const struct setting *find(const struct settings *settings, const char *name)
{
        for (size_t i = 0; i < settings->n; i++)
                if (strcmp(settings->list[i].name, name) == 0)
                        return &settings->list[i];
        return NULL;
}

static int take_pair(struct parser *parser, const char *section, const char *name)
{
        bool pin = strcmp(section, SCHEMA_PINS) == 0;
        struct setting setting = {.key = schema_find(section, name), .value = ""};
        const struct setting *other;

        if (section[0] == '\0')
                return fail(parser, "%s", "a key stands before the first [section]");
        if (!pin && setting.key == NULL)
                return fail_key(parser, section, name);
        if (pin && !value_is_wheel_name(name))
                return fail(parser, "\"%.200s\" is not a wheel file name", name);
        if (parser->settings->n == KEYS_LIMIT)
                return fail(parser, "the file has %s keys", "too many");
        setting.name = pin ? arena_format(parser->arena, SCHEMA_PINS ".%s", name) : setting.key->name;
        setting.origin = arena_format(parser->arena, "%s:%u", parser->settings->path, parser->line);
        if (setting.name == NULL || setting.origin == NULL)
                return error_memory(parser->err);
        other = find(parser->settings, setting.name);
        if (other != NULL) {
                fail(parser, "the key is given twice, first in line %s", strrchr(other->origin, ':') + 1);
                return error_hint(parser->err, "keep one of the two lines");
        }
        parser->has_name = true;
        return settings_add(parser->settings, &setting, parser->arena, parser->err);
}

/* inih 55 leaves an inline comment on a continued line, later ones take it off. */
static size_t length_without_comment(const char *value)
{
        for (size_t i = 1; value[i] != '\0'; i++)
                if (value[i] == ';' && str_is_space(value[i - 1]))
                        return i;
        return strlen(value);
}

static int take_continued(struct parser *parser, const char *value)
{
        const struct setting *setting = &parser->settings->list[parser->settings->n - 1];
        char separator = setting->key != NULL ? value_separator(setting->key->type) : 0;
        size_t len = length_without_comment(value);

        if (separator == 0) {
                fail(parser, "an indented line continues %.100s, which is not a list", setting->name);
                return error_hint(parser->err, "a key of its own must not be indented");
        }
        while (len > 0 && str_is_space(value[len - 1]))
                len--;
        if (parser->value.len > 0 && parser->value.data[parser->value.len - 1] != separator)
                str_add_char(&parser->value, separator);
        str_add_bytes(&parser->value, value, len);
        return 0;
}

/* The last setting's value is complete when the next key begins. */
static int finish_value(struct parser *parser)
{
        struct settings *settings = parser->settings;

        if (settings->n == 0)
                return 0;
        settings->list[settings->n - 1].value =
                parser->value.failed ? NULL : arena_strdup(parser->arena, parser->value.data);
        if (settings->list[settings->n - 1].value == NULL)
                return error_memory(parser->err);
        return 0;
}

/* inih wants non-zero for success. */
static int take(void *user, const char *section, const char *name, const char *value)
{
        struct parser *parser = user;

        if (parser->err->code != 0 || value == NULL)
                return 0;
        if (parser->kind == LINE_CONTINUED)
                return take_continued(parser, value) == 0;
        if (finish_value(parser) < 0 || take_pair(parser, section, name) < 0)
                return 0;
        str_truncate(&parser->value, 0);
        str_add(&parser->value, value);
        return 1;
}

static void parser_done(struct parser *parser)
{
        str_done(&parser->value);
}

int settings_parse(struct settings *settings, const char *data, size_t len, struct arena *arena,
                   struct pipseed_error *err)
{
        _cleanup_(parser_done) struct parser parser = {
                .settings = settings,
                .arena = arena,
                .err = err,
                .next = data,
                .end = data + len,
                .value = STR_INIT,
        };
        int line;

        if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
                parser.next += 3;
        line = ini_parse_stream(read_line, &parser, take, &parser);
        if (line == -2)
                return error_memory(err);
        /* inih goes on after a line that it cannot read, so that a later line may have been found faulty as well. */
        if (line > 0 && (err->code == 0 || (unsigned int)line < parser.line)) {
                if (err->code == PIPSEED_E_NO_MEMORY)
                        return err->code;
                error_clear(err);
                parser.line = (unsigned int)line;
                fail(&parser, "%s", "this is neither a [section] nor key = value");
                return error_hint(err, "a comment begins with ; or #");
        }
        return err->code != 0 ? err->code : finish_value(&parser);
}

static void clean(char *text)
{
        bool utf8 = str_is_utf8(text, strlen(text));

        for (char *c = text; *c != '\0'; c++)
                if ((unsigned char)*c < ' ' || *c == 0x7f || (!utf8 && (unsigned char)*c >= 0x80))
                        *c = '?';
}

int settings_add(struct settings *settings, const struct setting *setting, struct arena *arena,
                 struct pipseed_error *err)
{
        if (arena_grow(arena, &settings->list, settings->n, &settings->capacity, sizeof(*settings->list)) < 0)
                return error_memory(err);
        settings->list[settings->n++] = *setting;
        return 0;
}

int settings_finish(struct pipseed_error *err, int r)
{
        if (r < 0) {
                clean(err->message);
                clean(err->hint);
        }
        return r;
}

const char *settings_place(const char *origin)
{
        size_t len = strlen(origin);

        return len > PLACE_LIMIT ? origin + (len - PLACE_LIMIT) : origin;
}
