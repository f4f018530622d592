/* SPDX-License-Identifier: MIT */
#include "target/managed.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/path.h"
#include "base/str.h"
#include "target/rooted.h"
#include "target/target.h"

#include <errno.h>
#include <string.h>

#define SECTION "externally-managed"
#define FILE_LIMIT ((size_t)1024 * 1024)
#define OPTIONS_LIMIT ((size_t)2000) /* every key is compared with every other */

/* Not inih's: that one drops blank lines inside a value and what follows a " ;", cuts long lines, and takes
 * duplicates. */
struct option {
        const char *section;
        const char *key;
        struct str value;
};

struct reader {
        struct arena arena;
        struct option *options;
        size_t n_options;
        size_t capacity;
        const char *section; /* NULL before the first header */
        bool in_option;      /* can the next indented line continue it? */
        size_t indent;       /* of the line that began the option */
};

static void reader_done(struct reader *reader)
{
        for (size_t i = 0; i < reader->n_options; i++)
                str_done(&reader->options[i].value);
        arena_done(&reader->arena);
}

static const struct option *find_option(const struct reader *reader, const char *section, const char *key)
{
        for (size_t i = 0; i < reader->n_options; i++)
                if (strcmp(reader->options[i].section, section) == 0 && str_equal_nocase(reader->options[i].key, key))
                        return &reader->options[i];
        return NULL;
}

static bool has_section(const struct reader *reader, const char *section)
{
        return find_option(reader, section, "") != NULL;
}

/* Value and key are copied. An option with an empty key stands for the header of its section. */
static int add_option(struct reader *reader, const char *section, const char *key, const char *value)
{
        struct option *option;

        if (find_option(reader, section, key) != NULL)
                return -EINVAL; /* configparser is strict about duplicates */
        if (reader->n_options == OPTIONS_LIMIT)
                return -EINVAL;
        if (arena_grow(&reader->arena, &reader->options, reader->n_options, &reader->capacity,
                       sizeof(*reader->options)) < 0)
                return -ENOMEM;
        option = &reader->options[reader->n_options];
        *option = (struct option){.section = section, .key = arena_strdup(&reader->arena, key), .value = STR_INIT};
        if (option->key == NULL)
                return -ENOMEM;
        str_add(&option->value, value);
        reader->n_options++;
        return option->value.failed ? -ENOMEM : 0;
}

static int continue_option(struct reader *reader, const char *value)
{
        struct option *last = &reader->options[reader->n_options - 1];

        str_add_char(&last->value, '\n');
        str_add(&last->value, value);
        return last->value.failed ? -ENOMEM : 0;
}

static int begin_section(struct reader *reader, const char *value, size_t len)
{
        const char *end = memrchr(value, ']', len);
        const char *name = end != NULL ? arena_strndup(&reader->arena, value + 1, (size_t)(end - value - 1)) : NULL;

        if (end == NULL || end == value + 1)
                return -EINVAL;
        if (name == NULL)
                return -ENOMEM;
        reader->section = name;
        reader->in_option = false;
        return add_option(reader, name, "", "");
}

/* One line without its end, changed in place. -EINVAL: configparser would refuse it. */
static int read_line(struct reader *reader, char *line)
{
        size_t indent = strspn(line, " \t\v\f");
        char *value = str_trim(line);
        char *delimiter;
        int r;

        if (value[0] == '#' || value[0] == ';')
                return 0;
        if (value[0] == '\0')
                return reader->in_option ? continue_option(reader, "") : 0;
        if (reader->in_option && indent > reader->indent)
                return continue_option(reader, value);
        reader->indent = indent;
        if (value[0] == '[')
                return begin_section(reader, value, strlen(value));
        delimiter = strpbrk(value, "=:");
        if (reader->section == NULL || delimiter == NULL || delimiter == value)
                return -EINVAL;
        *delimiter = '\0';
        r = add_option(reader, reader->section, str_trim(value), str_trim(delimiter + 1));
        reader->in_option = r == 0;
        return r;
}

static int read_lines(struct reader *reader, const char *text, size_t len)
{
        const char *end = text + len;

        if (!str_is_utf8(text, len) || memchr(text, '\0', len) != NULL)
                return -EINVAL;
        while (text < end) {
                const char *stop = text;
                _cleanup_free_ char *line = NULL;
                int r;

                while (stop < end && *stop != '\n' && *stop != '\r')
                        stop++;
                line = strndup(text, (size_t)(stop - text));
                r = line != NULL ? read_line(reader, line) : -ENOMEM;
                if (r < 0)
                        return r;
                text = stop + (end - stop > 1 && stop[0] == '\r' && stop[1] == '\n' ? 2 : 1);
        }
        return 0;
}

/* The section's own value, else that of [DEFAULT]. */
static const struct option *look_up(const struct reader *reader, const char *suffix, size_t len)
{
        _cleanup_free_ char *key = str_format("Error%s%.*s", len > 0 ? "-" : "", (int)len, suffix);
        const struct option *own = key != NULL ? find_option(reader, SECTION, key) : NULL;

        return own != NULL || key == NULL ? own : find_option(reader, "DEFAULT", key);
}

int managed_text(const char *text, size_t len, const char *locale, char **ret_text)
{
        _cleanup_(reader_done) struct reader reader = {0};
        size_t full = strcspn(locale, ".@");
        size_t language = strcspn(locale, "-_.@");
        const struct option *found = NULL;
        char *copy;
        int r = read_lines(&reader, text, len);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        if (!has_section(&reader, SECTION))
                return 0;
        if (full > 0 && strncmp(locale, "C", full) != 0 && strncmp(locale, "POSIX", full) != 0) {
                found = look_up(&reader, locale, full);
                if (found == NULL)
                        found = look_up(&reader, locale, language);
        }
        if (found == NULL)
                found = look_up(&reader, "", 0);
        if (found == NULL)
                return 0;
        copy = strdup(found->value.data);
        if (copy == NULL)
                return -ENOMEM;
        for (size_t n = strlen(copy); n > 0 && str_is_space(copy[n - 1]); n--)
                copy[n - 1] = '\0';
        *ret_text = copy;
        return 1;
}

/* The value that setlocale(LC_MESSAGES, "") takes. */
static const char *message_locale(void)
{
        static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const char *value = getenv(names[i]);

                if (value != NULL && value[0] != '\0')
                        return value;
        }
        return "";
}

/* As many whole characters as fit into the error's message. */
static void cut(char *text)
{
        size_t limit = sizeof(((struct pipseed_error *)NULL)->message) - 1;

        if (strlen(text) <= limit)
                return;
        while (limit > 0 && ((unsigned char)text[limit] & 0xc0) == 0x80)
                limit--;
        text[limit] = '\0';
}

static int refuse(const char *path, const char *prefix, const char *data, size_t len, struct pipseed_error *err)
{
        _cleanup_free_ char *text = NULL;
        int r = data != NULL ? managed_text(data, len, message_locale(), &text) : 0;

        if (r < 0)
                return error_memory(err);
        if (r > 0 && text[0] != '\0') {
                cut(text);
                (void)error_set(err, PIPSEED_E_EXTERNALLY_MANAGED, path, "%s", text);
        } else {
                (void)error_set(err, PIPSEED_E_EXTERNALLY_MANAGED, path,
                                "the Python in '%s' is managed by its distributor, who asks to change it with the "
                                "distribution's own tools only",
                                prefix);
        }
        return error_hint(err, "seed a virtual environment instead, or ask an administrator to set the policy "
                               "seed.externally-managed = override");
}

int target_check_managed(const struct target *target, bool user, struct pipseed_error *err)
{
        /* An interpreter inside the root has its marker there; that of the host speaks for the host. */
        const char *image = target->in_image ? target->root : NULL;
        _cleanup_free_ char *path = NULL;
        _cleanup_free_ char *data = NULL;
        size_t len = 0;
        int r;

        if (target->is_venv || (target->root != NULL && !user))
                return 0;
        path = path_join(target->stdlib, "EXTERNALLY-MANAGED");
        if (path == NULL)
                return error_memory(err);
        r = rooted_find(image, path, S_IFREG);
        if (r <= 0)
                return r < 0 ? error_sys(err, r, path, "cannot search for EXTERNALLY-MANAGED (PEP 668)") : 0;
        /* One that cannot be read marks all the same. */
        (void)rooted_read(image, path, FILE_LIMIT, &data, &len);
        return refuse(path, target->prefix, data, len, err);
}
