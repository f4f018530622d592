/* SPDX-License-Identifier: MIT */
#include "cleanup.h"
#include "explain.h"

#include <ctype.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Configuration files are shorter than this; of a longer file the start is read. */
#define READ_LIMIT (1U << 20)

/* The text of a regular file, NULL when there is none. */
static char *load(const char *file)
{
        int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        char *text = NULL;
        struct stat st;
        size_t n = 0;

        if (fd < 0)
                return NULL;
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
                text = malloc(READ_LIMIT + 1);
        while (text != NULL && n < READ_LIMIT) {
                ssize_t r = read(fd, text + n, READ_LIMIT - n);

                if (r <= 0)
                        break;
                n += (size_t)r;
        }
        (void)close(fd);
        if (text != NULL)
                text[n] = '\0';
        return text;
}

/* Takes the next line off text, NULL at its end. */
static char *next_line(char **text)
{
        char *line = *text;
        char *end = line + strcspn(line, "\n");

        if (*line == '\0')
                return NULL;
        *text = *end != '\0' ? end + 1 : end;
        *end = '\0';
        return line;
}

static const char *skip_blank(const char *text)
{
        return text + strspn(text, " \t\r");
}

static bool is_comment(const char *line)
{
        const char *text = skip_blank(line);

        return *text == '#' || *text == ';' || *text == '\0';
}

/* Returns what follows the equals sign or colon if the key begins this line, or NULL. */
static const char *after_key(const char *line, const char *key)
{
        const char *text = skip_blank(line);

        if (*text == '"')
                text++;
        for (; *key != '\0'; key++, text++)
                if (tolower((unsigned char)*text) != *key && !(*key == '-' && *text == '_'))
                        return NULL;
        if (*text == '"')
                text++;
        text = skip_blank(text);
        return *text == '=' || *text == ':' ? skip_blank(text + 1) : NULL;
}

/* Returns whether the line is "[section]", and in *ret_inside whether it is this section. */
static bool is_section(const char *line, const char *section, bool *ret_inside)
{
        const char *text = skip_blank(line);
        size_t len = section != NULL ? strlen(section) : 0;

        /* A list that goes on ("[tox]" never is part of one) may not be taken for a heading. */
        if (text != line || text[0] != '[' || strchr(text, ']') == NULL || strchr(text, '"') != NULL)
                return false;
        text += strspn(text, "[");
        *ret_inside = section == NULL || (strncmp(text, section, len) == 0 && text[len] == ']');
        return true;
}

static void copy_value(const char *text, char *ret_value, size_t size)
{
        char quote = *text == '"' || *text == '\'' ? *text : '\0';
        size_t len = 0;

        if (quote != '\0')
                len = strcspn(++text, quote == '"' ? "\"" : "'");
        else
                len = strcspn(text, "#");
        while (quote == '\0' && len > 0 && isspace((unsigned char)text[len - 1]))
                len--;
        (void)explain_text(ret_value, size, "%.*s", (int)len, text);
}

bool explain_key(const char *file, const char *section, const char *key, char *ret_value, size_t size)
{
        _cleanup_free_ char *text = load(file);
        bool inside = section == NULL || section[0] == '\0';
        char *rest = text;
        const char *line;

        while (text != NULL && (line = next_line(&rest)) != NULL) {
                const char *value = NULL;

                if (is_comment(line) || is_section(line, section, &inside))
                        continue;
                if (inside)
                        value = after_key(line, key);
                if (value == NULL)
                        continue;
                copy_value(value, ret_value, size);
                return true;
        }
        return false;
}

static bool is_word(int c)
{
        return isalnum(c) || c == '-' || c == '_';
}

static const char *find_word(const char *text, const char *word)
{
        size_t len = strlen(word);

        for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
                if ((at == text || !is_word((unsigned char)at[-1])) && !is_word((unsigned char)at[len]))
                        return at;
        return NULL;
}

bool explain_lists(const char *file, const char *section, const char *key, const char *word)
{
        _cleanup_free_ char *text = load(file);
        bool inside = section == NULL || section[0] == '\0';
        bool going_on = false;
        char *rest = text;
        const char *line;

        while (text != NULL && (line = next_line(&rest)) != NULL) {
                const char *value = NULL;

                if (is_comment(line))
                        continue;
                going_on = going_on && strchr(" \t\"']", line[0]) != NULL;
                if (!going_on && is_section(line, section, &inside))
                        continue;
                value = inside && !going_on ? after_key(line, key) : going_on ? line : NULL;
                going_on = value != NULL;
                if (value != NULL && find_word(value, word) != NULL)
                        return true;
        }
        return false;
}

bool explain_mentions(const char *file, const char *a, const char *b)
{
        _cleanup_free_ char *text = load(file);
        char *rest = text;
        const char *line;

        while (text != NULL && (line = next_line(&rest)) != NULL)
                if (!is_comment(line) && find_word(line, a) != NULL && (b == NULL || find_word(line, b) != NULL))
                        return true;
        return false;
}

bool explain_calls_pipseed(const char *file)
{
        _cleanup_free_ char *text = load(file);
        char *rest = text;
        const char *line;

        while (text != NULL && (line = next_line(&rest)) != NULL) {
                const char *call = is_comment(line) ? NULL : find_word(line, "pipseed");

                if (call == NULL)
                        continue;
                call += strlen("pipseed");
                call += strspn(call, " \t\"',");
                if ((strncmp(call, "seed", 4) == 0 || strncmp(call, "venv", 4) == 0) &&
                    !is_word((unsigned char)call[4]))
                        return true;
        }
        return false;
}

bool explain_any_calls_pipseed(const char *pattern, char *ret_file, size_t size)
{
        glob_t found = {0};
        bool calls = false;

        if (glob(pattern, 0, NULL, &found) == 0) {
                for (size_t i = 0; i < found.gl_pathc && !calls; i++) {
                        calls = explain_calls_pipseed(found.gl_pathv[i]);
                        if (calls)
                                (void)explain_text(ret_file, size, "%s", found.gl_pathv[i]);
                }
                globfree(&found);
        }
        return calls;
}
