/* SPDX-License-Identifier: MIT */
#include "install/plan/shebang.h"

#include <stddef.h>
#include <string.h>

/* "#!" + EXE + newline, the least that kernels take (BINPRM_BUF_SIZE was 128 before Linux 5.1); distlib's bound. */
#define SHEBANG_MAX 127

static bool is_name_char(char c)
{
        return str_is_alpha(c) || str_is_digit(c) || c == '-' || c == '_' || c == '.';
}

/* coding[:=][ \t]*[-\w.]+ somewhere in the text, the part of PEP 263's expression that comes after the "#". */
static bool declares_encoding(const char *text, size_t len)
{
        const size_t word = strlen("coding");

        for (size_t i = 0; i + word < len; i++) {
                size_t at = i + word;

                if (memcmp(text + i, "coding", word) != 0 || (text[at] != ':' && text[at] != '='))
                        continue;
                do
                        at++;
                while (at < len && (text[at] == ' ' || text[at] == '\t'));
                if (at < len && is_name_char(text[at]))
                        return true;
        }
        return false;
}

bool shebang_is_cookie(const char *line, size_t len)
{
        size_t i = 0;

        while (i < len && (line[i] == ' ' || line[i] == '\t' || line[i] == '\f'))
                i++;
        return i < len && line[i] == '#' && declares_encoding(line + i, len - i);
}

static bool is_control(char c)
{
        return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool has_control(const char *text)
{
        for (; *text != '\0'; text++)
                if (is_control(*text))
                        return true;
        return false;
}

bool shebang_is_simple(const char *exe)
{
        const size_t len = strlen(exe);

        if (len + 3 > SHEBANG_MAX || strchr(exe, ' ') != NULL || has_control(exe) || !str_is_utf8(exe, len))
                return false;
        /* Python looks into the first two lines, so also into "#!/srv/coding=x/bin/python". */
        return !declares_encoding(exe, len);
}

/* Would sh take this character as it is, outside of quotes and inside a word? */
static bool is_word_char(char c)
{
        return str_is_alpha(c) || str_is_digit(c) || (unsigned char)c >= 0x80 || strchr("/._-+,:=@%^#~!", c) != NULL;
}

static bool is_word(const char *text)
{
        for (; *text != '\0'; text++)
                if (!is_word_char(*text))
                        return false;
        return true;
}

/* Bytes of the well-formed UTF-8 sequence at text, 0 when there is none. */
static size_t sequence_length(const char *text)
{
        for (size_t len = 1; len <= 4; len++) {
                if (str_is_utf8(text, len))
                        return len;
                if (text[len] == '\0')
                        break;
        }
        return 0;
}

/*
 * One character inside double quotes, for two readers: sh, and Python, for which all of it is the middle of a
 * '''string''' and a backslash is an escape (an unknown one makes Python 3.12 and newer warn).
 *
 *     character    written        sh                         Python
 *     "  $  `      "'$'"          in single quotes           itself
 *     \            \\             one backslash              one backslash
 *     third '      ""'            an empty string between    would end the string
 *     other bytes  $(printf '\1') octal, of printf(1)        octal escape
 */
static void add_quoted(struct str *out, const char **text, size_t *n_quotes, bool ascii)
{
        const char c = **text;
        size_t len = sequence_length(*text);

        *n_quotes = c == '\'' ? *n_quotes + 1 : 0;
        if (c == '"' || c == '$' || c == '`') {
                str_printf(out, "\"'%c'\"", c);
        } else if (c == '\\') {
                str_add(out, "\\\\");
        } else if (*n_quotes == 3) {
                str_add(out, "\"\"'");
                *n_quotes = 1;
        } else if (len == 0 || (len > 1 && ascii) || (is_control(c) && c != '\n' && c != '\t')) {
                str_printf(out, "$(printf '\\%03o')", (unsigned char)c);
                len = 1;
        } else {
                str_add_bytes(out, *text, len);
        }
        *text += len != 0 ? len : 1;
}

void shebang_add_exec(struct str *out, const char *exe, bool ascii)
{
        const bool bare = is_word(exe) && str_is_utf8(exe, strlen(exe)) && !ascii;
        size_t n_quotes = 0;

        str_add(out, "'''exec' ");
        if (bare) {
                str_add(out, exe);
        } else {
                str_add_char(out, '"');
                while (*exe != '\0')
                        add_quoted(out, &exe, &n_quotes, ascii);
                str_add_char(out, '"');
        }
        str_add(out, " \"$0\" \"$@\"\n' '''\n");
}
