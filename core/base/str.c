/* SPDX-License-Identifier: MIT */
#include "str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char str_empty_[1];

static bool reserve(struct str *s, size_t more)
{
        size_t need = s->len + more + 1;
        size_t size = s->size != 0 ? s->size : 64;
        char *data;

        if (s->failed)
                return false;
        if (need < more) {
                s->failed = true;
                return false;
        }
        if (need <= s->size)
                return true;
        while (size < need)
                size = size > SIZE_MAX / 2 ? need : size * 2;
        data = realloc(s->size != 0 ? s->data : NULL, size);
        if (data == NULL) {
                s->failed = true;
                return false;
        }
        s->data = data;
        s->size = size;
        s->data[s->len] = '\0';
        return true;
}

void str_add_bytes(struct str *s, const void *bytes, size_t len)
{
        if (len == 0 || !reserve(s, len))
                return;
        memcpy(s->data + s->len, bytes, len);
        s->len += len;
        s->data[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
        str_add_bytes(s, text, strlen(text));
}

void str_add_char(struct str *s, char c)
{
        str_add_bytes(s, &c, 1);
}

void str_printf(struct str *s, const char *format, ...)
{
        va_list arguments;
        int len;

        va_start(arguments, format);
        len = vsnprintf(NULL, 0, format, arguments);
        va_end(arguments);
        if (len < 0) {
                s->failed = true;
                return;
        }
        if (!reserve(s, (size_t)len))
                return;
        va_start(arguments, format);
        (void)vsnprintf(s->data + s->len, (size_t)len + 1, format, arguments);
        va_end(arguments);
        s->len += (size_t)len;
}

void str_truncate(struct str *s, size_t len)
{
        if (len >= s->len)
                return;
        s->len = len;
        s->data[len] = '\0';
}

char *str_steal(struct str *s)
{
        char *data = NULL;

        if (reserve(s, 0)) {
                data = s->data;
                *s = (struct str)STR_INIT;
        } else {
                str_done(s);
        }
        return data;
}

void str_done(struct str *s)
{
        if (s->size != 0)
                free(s->data);
        *s = (struct str)STR_INIT;
}

char *str_format(const char *format, ...)
{
        char *text = NULL;
        va_list arguments;
        int len;

        va_start(arguments, format);
        len = vsnprintf(NULL, 0, format, arguments);
        va_end(arguments);
        if (len < 0)
                return NULL;
        text = malloc((size_t)len + 1);
        if (text == NULL)
                return NULL;
        va_start(arguments, format);
        (void)vsnprintf(text, (size_t)len + 1, format, arguments);
        va_end(arguments);
        return text;
}

bool str_starts(const char *text, const char *prefix)
{
        return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix)
{
        size_t text_len = strlen(text);
        size_t suffix_len = strlen(suffix);

        return text_len >= suffix_len && memcmp(text + text_len - suffix_len, suffix, suffix_len) == 0;
}

char str_lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_equal_nocase(const char *a, const char *b)
{
        while (*a != '\0' && str_lower(*a) == str_lower(*b)) {
                a++;
                b++;
        }
        return str_lower(*a) == str_lower(*b);
}

bool str_is_digit(char c)
{
        return c >= '0' && c <= '9';
}

bool str_is_alpha(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool str_is_space(char c)
{
        return c == ' ' || (c >= '\t' && c <= '\r');
}

char *str_trim(char *text)
{
        size_t len;

        while (str_is_space(*text))
                text++;
        len = strlen(text);
        while (len > 0 && str_is_space(text[len - 1]))
                text[--len] = '\0';
        return text;
}

/* Length of the well-formed sequence at p, 0 when there is none: the table of RFC 3629, section 4. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
        static const struct {
                unsigned char first_low, first_high, second_low, second_high;
                size_t len;
        } rows[] = {
                {0x00, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                if (p[0] < rows[i].first_low || p[0] > rows[i].first_high)
                        continue;
                if (rows[i].len > left)
                        return 0;
                if (rows[i].len > 1 && (p[1] < rows[i].second_low || p[1] > rows[i].second_high))
                        return 0;
                for (size_t k = 2; k < rows[i].len; k++)
                        if ((p[k] & 0xc0) != 0x80)
                                return 0;
                return rows[i].len;
        }
        return 0;
}

bool str_is_utf8(const char *text, size_t len)
{
        const unsigned char *p = (const unsigned char *)text;

        while (len > 0) {
                size_t step = utf8_sequence(p, len);

                if (step == 0)
                        return false;
                p += step;
                len -= step;
        }
        return true;
}

uint32_t str_decode(const char **p)
{
        static const unsigned char masks[] = {0x7f, 0x1f, 0x0f, 0x07};
        unsigned char lead = (unsigned char)**p;
        unsigned int more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
        uint32_t value = lead & masks[more];

        for (++*p; more > 0; more--, ++*p)
                value = value << 6 | ((unsigned char)**p & 0x3f);
        return value;
}

const char *str_shell_word(const char *text, char ret_word[SHELL_WORD_SIZE])
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%_+=:,./-";
        size_t len = strlen(text);
        size_t n = 0;

        if (len > 0 && len < SHELL_WORD_SIZE && strspn(text, plain) == len)
                return memcpy(ret_word, text, len + 1);
        ret_word[n++] = '\'';
        for (; *text != '\0' && n + 6 < SHELL_WORD_SIZE; text++) {
                if (*text == '\'') {
                        memcpy(ret_word + n, "'\\''", 4);
                        n += 4;
                } else {
                        ret_word[n++] = *text;
                }
        }
        if (*text != '\0')
                return strcpy(ret_word, "PATH");
        ret_word[n++] = '\'';
        ret_word[n] = '\0';
        return ret_word;
}
