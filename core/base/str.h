/* SPDX-License-Identifier: MIT */
/*
 * str.h - a byte string that grows. Running out of memory sticks: append as often as you like and ask once at the end.
 *
 *     _cleanup_(str_done) struct str text = STR_INIT;
 *
 *     str_add(&text, "#!");
 *     str_printf(&text, "%s/bin/python%d", prefix, major);
 *     if (text.failed)
 *             return error_memory(err);
 *     char *owned = str_steal(&text);
 *
 * data is always NUL-terminated (an empty string before the first append) and may hold NULs; len does not count the
 * end.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
        char *data;
        size_t len;
        size_t size;
        bool failed;
};

extern char str_empty_[];
#define STR_INIT                                                                                                       \
        {                                                                                                              \
                .data = str_empty_                                                                                     \
        }

void str_add(struct str *s, const char *text);
void str_add_bytes(struct str *s, const void *bytes, size_t len);
void str_add_char(struct str *s, char c);
void str_printf(struct str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_truncate(struct str *s, size_t len);

/* Returns the owned, NUL-terminated text, to be freed; NULL if memory ran out. The string is empty afterwards. */
char *str_steal(struct str *s);
void str_done(struct str *s);

/* Prints into new memory; NULL if memory runs out. */
char *str_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);
/* Returns whether the texts are equal without regard to the case of ASCII letters, in any locale. */
bool str_equal_nocase(const char *a, const char *b);
/* Locale-free character classes; arguments outside ASCII are none of them. */
bool str_is_digit(char c);
bool str_is_alpha(char c);
bool str_is_space(char c); /* blank, \t \n \v \f \r */
char str_lower(char c);
/* Strips blanks at both ends: changes text in place and returns a pointer into it. */
char *str_trim(char *text);
/* Returns whether the text is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool str_is_utf8(const char *text, size_t len);
/* Writes a path as a word for a shell, for a command in a hint: unchanged if none of its characters has a meaning
 * there, else quoted; "PATH" if that does not fit. Returns ret_word. SHELL_WORD lives until the end of the enclosing
 * block. */
#define SHELL_WORD_SIZE 512
const char *str_shell_word(const char *text, char ret_word[SHELL_WORD_SIZE]);
#define SHELL_WORD(text) str_shell_word((text), (char[SHELL_WORD_SIZE]){0})
/* Returns the next character of well-formed UTF-8; moves *p behind it. */
uint32_t str_decode(const char **p);

#endif
