/* SPDX-License-Identifier: MIT */
/*
 * value.h - the types of policy values: from the text of a file, a variable or an option to what a request needs, and
 * to one normalised spelling for people and for comparing.
 *
 *     struct value value;
 *
 *     r = value_parse(VALUE_BOOL, NULL, "On", &arena, &value, err);      value.text "yes", value.number 1
 *
 * A fault is PIPSEED_E_BAD_VALUE; its message is only the reason ("must be yes or no"): the caller knows the place.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "base/arena.h"
#include "pipseed.h"

enum value_type {
        VALUE_BOOL,      /* yes/no, true/false, on/off, 1/0 */
        VALUE_CHOICE,    /* one of the key's words */
        VALUE_SPECIFIER, /* PEP 440 specifier, a bare version, or "newest" */
        VALUE_PACKAGES,  /* "auto", or project names with blanks between */
        VALUE_TEXT,      /* one line of UTF-8, not empty */
        VALUE_PATH,      /* absolute, or empty for none */
        VALUE_PATHS,     /* absolute paths with colons between, or empty */
        VALUE_NAMES,     /* key and section names with commas or blanks between, or empty */
        VALUE_SHA256,    /* 64 hexadecimal digits */
};

/* A word of VALUE_CHOICE; the list of a key ends with a NULL word. Where "yes" and "no" are among the words, the other
 * spellings of VALUE_BOOL stand for them too. */
struct value_choice {
        const char *word;
        int number;
};

struct value {
        const char *text;         /* normalised; never NULL */
        int number;               /* VALUE_BOOL: 0 or 1; VALUE_CHOICE: of the word; else 0 */
        const char *const *items; /* VALUE_PATHS, VALUE_NAMES, VALUE_PACKAGES: NULL-terminated; else NULL */
        size_t n_items;
};

/* Blanks at both ends of text do not count. choices may be NULL but for VALUE_CHOICE. The value lives in the arena. */
int value_parse(enum value_type type, const struct value_choice *choices, const char *text, struct arena *arena,
                struct value *ret_value, struct pipseed_error *err);
/* A list of paths with one path more, which is taken whole, colons included; unchanged when it is among them. */
int value_append_path(const struct value *value, const char *path, struct arena *arena, struct value *ret_value,
                      struct pipseed_error *err);
/* Returns whether both have the same meaning, as "==25.2" and "25.2" have. */
bool value_equal(enum value_type type, const struct value *a, const struct value *b);
/* What goes between the lines of a value that is continued on indented lines; 0: such a value cannot be continued. */
char value_separator(enum value_type type);
/* Returns whether the file name has the form of a wheel's (PEP 427), and only characters that such names consist of. */
bool value_is_wheel_name(const char *name);

#endif
