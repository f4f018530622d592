/* SPDX-License-Identifier: MIT */
#include "value.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"
#include "wheel/version.h"

#include <string.h>

#define ITEMS_LIMIT 1024 /* each is compared with every other */

struct parsing {
        const struct value_choice *choices;
        struct arena *arena;
        struct pipseed_error *err;
};

/* text is trimmed and may be changed in place. */
typedef int parse_fn(const struct parsing *p, char *text, struct value *ret_value);

static const struct {
        const char *word;
        int number;
} bool_words[] = {{"yes", 1}, {"no", 0}, {"true", 1}, {"false", 0}, {"on", 1}, {"off", 0}, {"1", 1}, {"0", 0}};

static int bool_number(const char *text)
{
        for (size_t i = 0; i < ARRAY_SIZE(bool_words); i++)
                if (str_equal_nocase(text, bool_words[i].word))
                        return bool_words[i].number;
        return -1;
}

static int bad(const struct parsing *p, const char *reason)
{
        return error_set(p->err, PIPSEED_E_BAD_VALUE, NULL, "%s", reason);
}

static int parse_bool(const struct parsing *p, char *text, struct value *ret_value)
{
        int number = bool_number(text);

        if (number < 0)
                return bad(p, "must be yes or no (also true, false, on, off, 1, 0)");
        *ret_value = (struct value){.text = number != 0 ? "yes" : "no", .number = number};
        return 0;
}

static int fail_choice(const struct parsing *p)
{
        _cleanup_(str_done) struct str words = STR_INIT;

        for (const struct value_choice *c = p->choices; c->word != NULL; c++) {
                if (c != p->choices)
                        str_add(&words, c[1].word != NULL ? ", " : " or ");
                str_add(&words, c->word);
        }
        if (words.failed)
                return error_memory(p->err);
        return error_set(p->err, PIPSEED_E_BAD_VALUE, NULL, "must be %s", words.data);
}

static int parse_choice(const struct parsing *p, char *text, struct value *ret_value)
{
        int truth = bool_number(text);

        for (const struct value_choice *c = p->choices; c->word != NULL; c++) {
                if (!str_equal_nocase(text, c->word) && (truth < 0 || strcmp(c->word, truth != 0 ? "yes" : "no") != 0))
                        continue;
                *ret_value = (struct value){.text = c->word, .number = c->number};
                return 0;
        }
        return fail_choice(p);
}

static void remove_blanks(char *text)
{
        char *to = text;

        for (const char *from = text; *from != '\0'; from++)
                if (!str_is_space(*from))
                        *to++ = *from;
        *to = '\0';
}

static int parse_specifier(const struct parsing *p, char *text, struct value *ret_value)
{
        _cleanup_(specifier_freep) struct specifier *set = NULL;
        struct pipseed_error reason = PIPSEED_ERROR_INIT;

        /* An empty pin would admit everything, which must be meant when it is said. */
        if (text[0] == '\0')
                return bad(p, "must be newest, a version or a PEP 440 specifier, not empty");
        if (str_equal_nocase(text, "newest")) {
                *ret_value = (struct value){.text = "newest"};
                return 0;
        }
        if (specifier_parse_pin(text, &set, &reason) < 0) {
                if (reason.code == PIPSEED_E_NO_MEMORY)
                        return error_memory(p->err);
                return error_set(p->err, PIPSEED_E_BAD_VALUE, NULL,
                                 "must be newest, a version or a PEP 440 specifier such as >=25,<27: %.300s",
                                 reason.message);
        }
        remove_blanks(text);
        *ret_value = (struct value){.text = text};
        return 0;
}

/* PEP 508: letters and digits, with -_. inside. Rewrites it as PEP 503 normalises it. */
static bool normalize_package(char *name)
{
        size_t len = strlen(name);
        char *to = name;

        if (len == 0 || strchr("-_.", name[0]) != NULL || strchr("-_.", name[len - 1]) != NULL)
                return false;
        for (const char *from = name; *from != '\0'; from++) {
                bool mark = strchr("-_.", *from) != NULL;

                if (!mark && !str_is_alpha(*from) && !str_is_digit(*from))
                        return false;
                if (!mark)
                        *to++ = str_lower(*from);
                else if (to[-1] != '-')
                        *to++ = '-';
        }
        *to = '\0';
        return true;
}

static bool has_item(const struct value *value, const char *item)
{
        for (size_t i = 0; i < value->n_items; i++)
                if (strcmp(value->items[i], item) == 0)
                        return true;
        return false;
}

/* Splits text at any character of marks into items; runs of marks count as one. NULL: out of memory. */
static const char **split(const struct parsing *p, char *text, const char *marks, size_t *ret_n)
{
        const char **items = arena_calloc(p->arena, strlen(text) / 2 + 2, sizeof(*items));
        char *rest = NULL;
        size_t n = 0;

        if (items == NULL)
                return NULL;
        for (char *item = strtok_r(text, marks, &rest); item != NULL; item = strtok_r(NULL, marks, &rest))
                items[n++] = item;
        *ret_n = n;
        return items;
}

/* The items with separator between them become the value's text. */
static int join(const struct parsing *p, const char *const *items, size_t n, const char *separator,
                struct value *ret_value)
{
        _cleanup_(str_done) struct str text = STR_INIT;
        const char *copy;

        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        str_add(&text, separator);
                str_add(&text, items[i]);
        }
        copy = text.failed ? NULL : arena_strdup(p->arena, text.data);
        if (copy == NULL)
                return error_memory(p->err);
        *ret_value = (struct value){.text = copy, .items = items, .n_items = n};
        return 0;
}

static int parse_packages(const struct parsing *p, char *text, struct value *ret_value)
{
        size_t n = 0;
        const char **items = split(p, text, " \t\n\v\f\r", &n);

        if (items == NULL)
                return error_memory(p->err);
        if (n > ITEMS_LIMIT)
                return bad(p, "has too many elements");
        for (size_t i = 0; i < n; i++) {
                struct value before = {.items = items, .n_items = i};

                if (!normalize_package((char *)items[i]))
                        return error_set(p->err, PIPSEED_E_BAD_VALUE, NULL, "invalid project name '%.100s'", items[i]);
                if (has_item(&before, items[i]))
                        return error_set(p->err, PIPSEED_E_BAD_VALUE, NULL, "names '%.100s' twice", items[i]);
                if (strcmp(items[i], "auto") == 0 && n > 1)
                        return bad(p, "auto must stand alone");
        }
        if (n == 0)
                return bad(p, "must be auto, or project names separated by blanks");
        return join(p, items, n, " ", ret_value);
}

static int parse_text(const struct parsing *p, char *text, struct value *ret_value)
{
        if (text[0] == '\0')
                return bad(p, "must not be empty");
        if (!str_is_utf8(text, strlen(text)))
                return bad(p, "is not UTF-8");
        for (const char *c = text; *c != '\0'; c++)
                if ((unsigned char)*c < ' ' || *c == 0x7f)
                        return bad(p, "must be one line without control characters");
        *ret_value = (struct value){.text = text};
        return 0;
}

static int check_path(const struct parsing *p, const char *path)
{
        if (path[0] == '\0')
                return bad(p, "has an empty element");
        if (path[0] != '/')
                return error_set(p->err, PIPSEED_E_BAD_VALUE, NULL, "'%.200s' is not an absolute path", path);
        return 0;
}

static int parse_path(const struct parsing *p, char *text, struct value *ret_value)
{
        int r = text[0] != '\0' ? check_path(p, text) : 0;

        if (r < 0)
                return r;
        *ret_value = (struct value){.text = text};
        return 0;
}

static int parse_paths(const struct parsing *p, char *text, struct value *ret_value)
{
        size_t most = strlen(text) < ITEMS_LIMIT ? strlen(text) + 2 : ITEMS_LIMIT + 2;
        const char **items = arena_calloc(p->arena, most, sizeof(*items));
        char *rest = text;
        size_t n = 0;

        if (items == NULL)
                return error_memory(p->err);
        while (text[0] != '\0' && rest != NULL) {
                const char *item = str_trim(strsep(&rest, ":"));
                int r = check_path(p, item);

                if (r < 0)
                        return r;
                if (n == ITEMS_LIMIT)
                        return bad(p, "has too many elements");
                if (!has_item(&(struct value){.items = items, .n_items = n}, item))
                        items[n++] = item;
        }
        return join(p, items, n, ":", ret_value);
}

static int parse_names(const struct parsing *p, char *text, struct value *ret_value)
{
        size_t n = 0;
        size_t kept = 0;
        const char **items = split(p, text, ", \t\n\v\f\r", &n);

        if (items == NULL)
                return error_memory(p->err);
        if (n > ITEMS_LIMIT)
                return bad(p, "has too many elements");
        for (size_t i = 0; i < n; i++)
                if (!has_item(&(struct value){.items = items, .n_items = kept}, items[i]))
                        items[kept++] = items[i];
        items[kept] = NULL;
        return join(p, items, kept, ", ", ret_value);
}

static int parse_sha256(const struct parsing *p, char *text, struct value *ret_value)
{
        uint8_t digest[HASH_SIZE];
        char hex[HASH_HEX_SIZE];
        const char *copy;

        if (!hash_from_hex(text, strlen(text), digest))
                return bad(p, "must be a sha256: 64 hexadecimal digits");
        hash_to_hex(digest, hex);
        copy = arena_strdup(p->arena, hex);
        if (copy == NULL)
                return error_memory(p->err);
        *ret_value = (struct value){.text = copy};
        return 0;
}

static const struct {
        parse_fn *parse;
        char separator;
} types[] = {
        [VALUE_BOOL] = {parse_bool, 0},           [VALUE_CHOICE] = {parse_choice, 0},
        [VALUE_SPECIFIER] = {parse_specifier, 0}, [VALUE_PACKAGES] = {parse_packages, ' '},
        [VALUE_TEXT] = {parse_text, 0},           [VALUE_PATH] = {parse_path, 0},
        [VALUE_PATHS] = {parse_paths, ':'},       [VALUE_NAMES] = {parse_names, ','},
        [VALUE_SHA256] = {parse_sha256, 0},
};

int value_parse(enum value_type type, const struct value_choice *choices, const char *text, struct arena *arena,
                struct value *ret_value, struct pipseed_error *err)
{
        struct parsing parsing = {.choices = choices, .arena = arena, .err = err};
        char *copy = arena_strdup(arena, text);

        if (copy == NULL)
                return error_memory(err);
        return types[type].parse(&parsing, str_trim(copy), ret_value);
}

int value_append_path(const struct value *value, const char *path, struct arena *arena, struct value *ret_value,
                      struct pipseed_error *err)
{
        struct parsing parsing = {.arena = arena, .err = err};
        const char **items;
        int r = check_path(&parsing, path);

        if (r < 0)
                return r;
        if (has_item(value, path)) {
                *ret_value = *value;
                return 0;
        }
        items = arena_calloc(arena, value->n_items + 2, sizeof(*items));
        if (items == NULL)
                return error_memory(err);
        for (size_t i = 0; i < value->n_items; i++)
                items[i] = value->items[i];
        items[value->n_items] = arena_strdup(arena, path);
        if (items[value->n_items] == NULL)
                return error_memory(err);
        return join(&parsing, items, value->n_items + 1, ":", ret_value);
}

/* "==25.2" and "25.2" are the same pin; "==25.*" has no bare form, and stays different from everything anyway. */
static const char *bare_version(const char *specifier)
{
        bool single = str_starts(specifier, "==") && specifier[2] != '=' && strchr(specifier, ',') == NULL;

        return single ? specifier + 2 : specifier;
}

bool value_equal(enum value_type type, const struct value *a, const struct value *b)
{
        if (type == VALUE_SPECIFIER)
                return strcmp(bare_version(a->text), bare_version(b->text)) == 0;
        if (a->items == NULL || b->items == NULL)
                return strcmp(a->text, b->text) == 0;
        if (a->n_items != b->n_items)
                return false;
        for (size_t i = 0; i < a->n_items; i++)
                if (strcmp(a->items[i], b->items[i]) != 0)
                        return false;
        return true;
}

char value_separator(enum value_type type)
{
        return types[type].separator;
}

bool value_is_wheel_name(const char *name)
{
        size_t parts = 1;

        if (!str_ends(name, ".whl"))
                return false;
        for (const char *c = name; *c != '\0'; c++) {
                if (!str_is_alpha(*c) && !str_is_digit(*c) && strchr("._+!-", *c) == NULL)
                        return false;
                if (*c != '-')
                        continue;
                if (c == name || c[1] == '-' || c[1] == '.')
                        return false;
                parts++;
        }
        return parts == 5 || parts == 6;
}
