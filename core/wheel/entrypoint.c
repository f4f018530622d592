/* SPDX-License-Identifier: MIT */
#include "entrypoint.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "implementation.h"
#include "quote.h"
#include "wheel.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum section { SECTION_NONE, SECTION_OTHER, SECTION_CONSOLE, SECTION_GUI };

struct parser {
        struct arena *arena;
        const char *path;
        struct pipseed_error *err;
        struct entry_point *points;
        size_t n_points;
        size_t capacity;
        size_t line;
        enum section section;
        bool had_console;
        bool had_gui;
        bool in_option;       /* the last line but comments was an option, which an indented line would continue */
        size_t option_indent; /* how far that option was indented */
};

static bool starts_nocase(const char *text, const char *prefix)
{
        while (*prefix != '\0' && str_lower(*text) == *prefix) {
                text++;
                prefix++;
        }
        return *prefix == '\0';
}

bool entry_point_name_is_safe(const char *name)
{
        static const char *const reserved[] = {"-", ".", "activate", "deactivate"};
        const struct implementation *implementation;
        size_t len = strlen(name);

        if (len == 0 || len > NAME_MAX || strpbrk(name, "/\\ ") != NULL)
                return false;
        if (!str_is_utf8(name, len) || quote_has_invisible(name, len))
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
                if (starts_nocase(name, reserved[i]))
                        return false;
        for (size_t i = 0; (implementation = implementation_at(i)) != NULL; i++)
                if (starts_nocase(name, implementation->stem))
                        return false;
        return true;
}

__attribute__((format(printf, 2, 3))) static int refuse(const struct parser *parser, const char *format, ...)
{
        char what[256 + QUOTE_SIZE];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(what, sizeof(what), format, arguments);
        va_end(arguments);
        return error_set(parser->err, PIPSEED_E_ENTRY_POINTS, parser->path, "entry_points.txt, line %zu: %s",
                         parser->line, what);
}

static int refuse_line(const struct parser *parser, const char *line, const char *what)
{
        return refuse(parser, "%s: '%s'", what, QUOTE(line, strlen(line)));
}

/* The length of the dotted ASCII identifiers that text starts with; 0 when there are none, or they end in a dot. */
static size_t dotted_length(const char *text)
{
        size_t i = 0;

        for (;;) {
                if (!str_is_alpha(text[i]) && text[i] != '_')
                        return 0;
                while (str_is_alpha(text[i]) || text[i] == '_' || str_is_digit(text[i]))
                        i++;
                if (text[i] != '.')
                        return i;
                i++;
        }
}

static const char *skip_blanks(const char *text)
{
        while (*text == ' ' || *text == '\t')
                text++;
        return text;
}

/* module : attr [extras], blanks allowed between. */
static bool parse_value(struct arena *arena, const char *text, struct entry_point *ret_point)
{
        size_t module_len = dotted_length(text);
        const char *attr = skip_blanks(text + module_len);
        const char *rest;
        size_t attr_len;

        if (module_len == 0 || *attr != ':')
                return false;
        attr = skip_blanks(attr + 1);
        attr_len = dotted_length(attr);
        rest = skip_blanks(attr + attr_len);
        if (attr_len == 0 || (*rest != '\0' && (*rest != '[' || rest[strlen(rest) - 1] != ']')))
                return false;
        ret_point->module = arena_strndup(arena, text, module_len);
        ret_point->attr = arena_strndup(arena, attr, attr_len);
        return true;
}

static int add_point(struct parser *parser, const struct entry_point *point)
{
        for (size_t i = 0; i < parser->n_points; i++)
                if (strcmp(parser->points[i].name, point->name) == 0)
                        return refuse_line(parser, point->name, "a script given twice");
        if (parser->n_points == ENTRY_POINTS_MAX)
                return refuse(parser, "more than %zu scripts", ENTRY_POINTS_MAX);
        if (point->name == NULL || point->module == NULL || point->attr == NULL ||
            arena_grow(parser->arena, &parser->points, parser->n_points, &parser->capacity, sizeof(*point)) < 0)
                return error_memory(parser->err);
        parser->points[parser->n_points++] = *point;
        return 0;
}

static int parse_option(struct parser *parser, char *line)
{
        struct entry_point point = {.gui = parser->section == SECTION_GUI};
        char *equals = strchr(line, '=');

        if (line[0] == ';')
                return refuse_line(parser, line, "a comment to some readers, a script to others");
        if (equals == NULL)
                return refuse_line(parser, line, "not of the form name = module:attr");
        *equals = '\0';
        point.name = str_trim(line);
        if (!entry_point_name_is_safe(point.name))
                return error_set(parser->err, PIPSEED_E_SCRIPT_NAME, parser->path,
                                 "entry_points.txt, line %zu: invalid script name '%s'", parser->line,
                                 QUOTE(point.name, strlen(point.name)));
        if (!parse_value(parser->arena, str_trim(equals + 1), &point))
                return refuse_line(parser, equals + 1, "not of the form module:attr, both dotted identifiers");
        return add_point(parser, &point);
}

static int enter_section(struct parser *parser, char *line)
{
        size_t len = strlen(line);
        char *name = line + 1;
        bool *had = NULL;

        if (line[len - 1] != ']' || len < 3)
                return refuse_line(parser, line, "not of the form [section]");
        line[len - 1] = '\0';
        if (strpbrk(name, "[]") != NULL)
                return refuse_line(parser, name, "brackets in the name of a section");
        parser->section = SECTION_OTHER;
        parser->in_option = false;
        if (strcmp(name, "console_scripts") == 0) {
                parser->section = SECTION_CONSOLE;
                had = &parser->had_console;
        } else if (strcmp(name, "gui_scripts") == 0) {
                parser->section = SECTION_GUI;
                had = &parser->had_gui;
        }
        if (had != NULL && *had)
                return refuse_line(parser, name, "a section given twice");
        if (had != NULL)
                *had = true;
        return 0;
}

/* line is without its end. What configparser takes for a continuation, because it is indented deeper than the option
 * before it, is a line like any other to importlib.metadata: refused where that matters. */
static int parse_line(struct parser *parser, char *raw)
{
        char *line = str_trim(raw);
        size_t indent = (size_t)(line - raw);
        bool continues = parser->in_option && indent > parser->option_indent;
        bool matters = line[0] == '[' || parser->section == SECTION_CONSOLE || parser->section == SECTION_GUI;

        if (line[0] == '\0' || line[0] == '#' || (line[0] == ';' && !matters))
                return 0;
        if (continues && matters)
                return refuse_line(parser, line, "continues the line before it");
        if (continues)
                return 0;
        if (line[0] == '[')
                return enter_section(parser, line);
        if (parser->section == SECTION_NONE)
                return refuse_line(parser, line, "a line before the first section");
        parser->in_option = true;
        parser->option_indent = indent;
        return matters ? parse_option(parser, line) : 0;
}

/* Only "\n" and "\r\n" end lines for both readers. The other characters are line ends for one of them. */
static bool is_plain_text(const char *text, size_t len)
{
        if (!str_is_utf8(text, len))
                return false;
        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)text[i];
                bool is_end = c == '\n' || c == '\t' || (c == '\r' && i + 1 < len && text[i + 1] == '\n');

                if ((c < 0x20 && !is_end) || c == 0x7f)
                        return false;
        }
        return memmem(text, len, "\xc2\x85", 2) == NULL && memmem(text, len, "\xe2\x80\xa8", 3) == NULL &&
               memmem(text, len, "\xe2\x80\xa9", 3) == NULL;
}

int entry_points_parse(struct arena *arena, const char *text, size_t len, const char *path,
                       const struct entry_point **ret_points, size_t *ret_n, struct pipseed_error *err)
{
        struct parser parser = {.arena = arena, .path = path, .err = err};
        char *rest;

        if (len > ENTRY_POINTS_MAX_SIZE)
                return error_set(err, PIPSEED_E_ENTRY_POINTS, path, "entry_points.txt has %zu bytes, more than %zu",
                                 len, ENTRY_POINTS_MAX_SIZE);
        if (!is_plain_text(text, len))
                return error_set(err, PIPSEED_E_ENTRY_POINTS, path,
                                 "entry_points.txt is not UTF-8, or has control characters");
        rest = arena_strndup(arena, text, len);
        if (rest == NULL)
                return error_memory(err);
        while (rest != NULL) {
                char *line = strsep(&rest, "\n");
                int r;

                parser.line++;
                r = parse_line(&parser, line);
                if (r < 0)
                        return r;
        }
        *ret_points = parser.points;
        *ret_n = parser.n_points;
        return 0;
}
