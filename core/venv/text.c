/* SPDX-License-Identifier: MIT */
#include "venv/text.h"

#include "base/cleanup.h"

#include <stdint.h>
#include <string.h>

/* Assigned code points above ASCII for which str.isprintable() is false: categories Cc, Cf, Cs, Co, Zl, Zp, Zs. */
static const struct {
        uint32_t first, last;
} hidden[] = {
        {0x80, 0xa0},       {0xad, 0xad},         {0x600, 0x605},     {0x61c, 0x61c},     {0x6dd, 0x6dd},
        {0x70f, 0x70f},     {0x890, 0x891},       {0x8e2, 0x8e2},     {0x1680, 0x1680},   {0x180e, 0x180e},
        {0x2000, 0x200f},   {0x2028, 0x202f},     {0x205f, 0x2064},   {0x2066, 0x206f},   {0x3000, 0x3000},
        {0xd800, 0xf8ff},   {0xfeff, 0xfeff},     {0xfff9, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
        {0x13430, 0x13438}, {0x1bca0, 0x1bca3},   {0x1d173, 0x1d17a}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f},
        {0xf0000, 0xffffd}, {0x100000, 0x10fffd},
};

static bool is_hidden(uint32_t c)
{
        for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
                if (c >= hidden[i].first && c <= hidden[i].last)
                        return true;
        return false;
}

/* Length of the well-formed sequence at text and its code point; 0: there is none. */
static size_t decode(const char *text, uint32_t *ret_c)
{
        static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
        unsigned char lead = (unsigned char)text[0];
        size_t len = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        uint32_t c = lead & masks[len];

        if (strnlen(text, len) < len || !str_is_utf8(text, len))
                return 0;
        for (size_t i = 1; i < len; i++)
                c = c << 6 | ((unsigned char)text[i] & 0x3f);
        *ret_c = c;
        return len;
}

static void add_hidden(struct str *out, uint32_t c)
{
        str_printf(out, c <= 0xff ? "\\x%02x" : c <= 0xffff ? "\\u%04x" : "\\U%08x", (unsigned int)c);
}

void text_add_repr(struct str *out, const char *text)
{
        static const char plain[] = "\\\t\n\r";
        static const char *const escapes[] = {"\\\\", "\\t", "\\n", "\\r"};
        char quote = strchr(text, '\'') != NULL && strchr(text, '"') == NULL ? '"' : '\'';

        str_add_char(out, quote);
        while (*text != '\0') {
                const char *escape = strchr(plain, *text);
                uint32_t c = 0;
                size_t len = decode(text, &c);

                if (escape != NULL)
                        str_add(out, escapes[escape - plain]);
                else if (*text == quote)
                        str_printf(out, "\\%c", quote);
                else if (len == 0)
                        str_printf(out, "\\udc%02x", (unsigned char)*text);
                else if (c < 0x20 || c == 0x7f || is_hidden(c))
                        add_hidden(out, c);
                else
                        str_add_bytes(out, text, len);
                text += len > 0 ? len : 1;
        }
        str_add_char(out, quote);
}

void text_add_utf8(struct str *out, const char *text)
{
        while (*text != '\0') {
                uint32_t c;
                size_t len = decode(text, &c);

                if (len > 0)
                        str_add_bytes(out, text, len);
                else
                        str_add(out, "\xef\xbf\xbd");
                text += len > 0 ? len : 1;
        }
}

/* shlex.quote */
static void add_posix_quoted(struct str *out, const char *text)
{
        static const char safe[] = "@%+=:,./-_";
        const char *c = text;

        while (str_is_alpha(*c) || str_is_digit(*c) || (*c != '\0' && strchr(safe, *c) != NULL))
                c++;
        if (*c == '\0' && c > text) {
                str_add(out, text);
                return;
        }
        str_add_char(out, '\'');
        for (c = text; *c != '\0'; c++)
                if (*c == '\'')
                        str_add(out, "'\"'\"'");
                else
                        str_add_char(out, *c);
        str_add_char(out, '\'');
}

/* PowerShell: about_Quoting_Rules */
static void add_powershell_quoted(struct str *out, const char *text)
{
        str_add_char(out, '\'');
        for (; *text != '\0'; text++)
                str_add(out, *text == '\'' ? "''" : (const char[]){*text, '\0'});
        str_add_char(out, '\'');
}

static void add_as_is(struct str *out, const char *text)
{
        str_add(out, text);
}

/* A backslash stands for itself but before what it would escape, and before the end, where the template goes on. */
static void add_backslashed(struct str *out, const char *text, const char *special)
{
        for (; *text != '\0'; text++) {
                bool escapes = *text == '\\' && (text[1] == '\0' || text[1] == '\\' || text[1] == '\n' ||
                                                 strchr(special, text[1]) != NULL);

                if (escapes || strchr(special, *text) != NULL)
                        str_add_char(out, '\\');
                str_add_char(out, *text);
        }
}

static void add_in_sh(struct str *out, const char *text)
{
        add_backslashed(out, text, "\"$`");
}

static void add_in_fish(struct str *out, const char *text)
{
        add_backslashed(out, text, "\"$");
}

/* csh has no escape for these inside double quotes: the quotes end, the character follows in single ones. */
static void add_in_csh(struct str *out, const char *text)
{
        for (; *text != '\0'; text++) {
                if (*text == '"' || *text == '$' || *text == '`')
                        str_printf(out, "\"'%c'\"", *text);
                else if (*text == '!' || *text == '\n')
                        str_printf(out, "\\%c", *text);
                else
                        str_add_char(out, *text);
        }
}

typedef void add_value_fn(struct str *out, const char *text);

/* By the script's suffix; the last row is for all others. */
static const struct {
        const char *suffix;
        add_value_fn *quoted, *plain;
} shells[] = {
        {".ps1", add_powershell_quoted, add_as_is}, {".bat", add_as_is, add_as_is},
        {".fish", add_posix_quoted, add_in_fish},   {".csh", add_posix_quoted, add_in_csh},
        {"", add_posix_quoted, add_in_sh},
};

static add_value_fn *find_shell(const char *name, bool quotes)
{
        size_t i = 0;

        while (!str_ends(name, shells[i].suffix))
                i++;
        return quotes ? shells[i].quoted : shells[i].plain;
}

static const char *const placeholders[TEXT_N_VARIABLES] = {
        [TEXT_DIR] = "__VENV_DIR__",           [TEXT_NAME] = "__VENV_NAME__",     [TEXT_PROMPT] = "__VENV_PROMPT__",
        [TEXT_BIN_NAME] = "__VENV_BIN_NAME__", [TEXT_PYTHON] = "__VENV_PYTHON__",
};

/* Is it given to PS1? Shells expand that once more with each prompt. */
static bool is_in_prompt(const char *start, const char *at)
{
        const char *line = memrchr(start, '\n', (size_t)(at - start));

        line = line != NULL ? line + 1 : start;
        line += strspn(line, " \t");
        return (size_t)(at - line) >= strlen("PS1=") && str_starts(line, "PS1=");
}

/* What begins an expansion in the prompt of any shell (bash decodes "\044" to "$") is shown as "_": they have no escape
 * in common. */
static void add_in_prompt(struct str *out, const char *text, add_value_fn *add)
{
        _cleanup_free_ char *shown = strdup(text);

        if (shown == NULL) {
                out->failed = true;
                return;
        }
        for (char *c = strpbrk(shown, "$`\\"); c != NULL; c = strpbrk(c, "$`\\"))
                *c = '_';
        add(out, shown);
}

bool text_add_script(struct str *out, const char *name, const char *template, size_t len,
                     const char *const values[TEXT_N_VARIABLES], bool quotes)
{
        static const char start[] = "__VENV_";
        add_value_fn *add = find_shell(name, quotes);
        const char *begin = template;
        const char *end = template + len;
        bool replaced = false;

        for (;;) {
                const char *at = memmem(template, (size_t)(end - template), start, strlen(start));
                size_t i = 0;

                if (at == NULL)
                        break;
                str_add_bytes(out, template, (size_t)(at - template));
                while (i < TEXT_N_VARIABLES && ((size_t)(end - at) < strlen(placeholders[i]) ||
                                                memcmp(at, placeholders[i], strlen(placeholders[i])) != 0))
                        i++;
                if (i == TEXT_PROMPT && is_in_prompt(begin, at))
                        add_in_prompt(out, values[i], add);
                else if (i < TEXT_N_VARIABLES)
                        add(out, values[i]);
                else
                        str_add(out, start);
                replaced = replaced || i < TEXT_N_VARIABLES;
                template = at + (i < TEXT_N_VARIABLES ? strlen(placeholders[i]) : strlen(start));
        }
        str_add_bytes(out, template, (size_t)(end - template));
        return replaced;
}

/* " -m venv --copies ... DIR": the options in venv's order, whatever the order in which they were given. */
static void add_command(struct str *out, const struct text_config *config)
{
        const struct {
                bool given;
                const char *option;
        } before[] = {
                {config->copies, "--copies "},
                {config->without_pip, "--without-pip "},
                {config->system_site, "--system-site-packages "},
                {config->clear, "--clear "},
                {config->upgrade, "--upgrade "},
        };

        str_add(out, "command = ");
        text_add_utf8(out, config->program);
        str_add(out, " -m venv ");
        for (size_t i = 0; i < ARRAY_SIZE(before); i++)
                str_add(out, before[i].given ? before[i].option : "");
        if (config->asked_prompt != NULL) {
                str_add(out, "--prompt=\"");
                text_add_utf8(out, config->asked_prompt);
                str_add(out, "\" ");
        }
        str_add(out, config->without_ignore_file ? "--without-scm-ignore-files " : "");
        text_add_utf8(out, config->dir);
        str_add_char(out, '\n');
}

void text_add_config(struct str *out, const struct text_config *config)
{
        str_printf(out, "home = %s\n", config->home);
        str_printf(out, "include-system-site-packages = %s\n", config->system_site ? "true" : "false");
        str_printf(out, "version = %s\n", config->version);
        if (config->prompt != NULL) {
                str_add(out, "prompt = ");
                text_add_repr(out, config->prompt);
                str_add_char(out, '\n');
        }
        if (config->executable == NULL)
                return;
        str_add(out, "executable = ");
        text_add_utf8(out, config->executable);
        str_add_char(out, '\n');
        add_command(out, config);
}
