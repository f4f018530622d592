/* SPDX-License-Identifier: MIT */
#include "install/plan/script.h"

#include "base/error.h"
#include "base/path.h"
#include "install/plan/shebang.h"
#include "install/plan/pip_quirks.h"
#include "wheel/entrypoint.h"

#include <errno.h>
#include <string.h>

bool script_name_is_safe(const char *name)
{
        return entry_point_name_is_safe(name);
}

void script_add_shebang(struct str *out, const char *exe)
{
        if (shebang_is_simple(exe)) {
                str_add(out, "#!");
                str_add(out, exe);
                str_add_char(out, '\n');
                return;
        }
        str_add(out, "#!/bin/sh\n");
        shebang_add_exec(out, exe, false);
}

static void add_body(struct str *out, const char *body, const struct entry_point *entry)
{
        const size_t first = strcspn(entry->attr, ".");
        const struct {
                const char *text;
                size_t len;
        } values[] = {
                {entry->module, strlen(entry->module)},
                {entry->attr, first},
                {entry->attr, strlen(entry->attr)},
        };

        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
                const char *place = strstr(body, "%s");

                if (place == NULL)
                        break;
                str_add_bytes(out, body, (size_t)(place - body));
                str_add_bytes(out, values[i].text, values[i].len);
                body = place + strlen("%s");
        }
        str_add(out, body);
}

void script_add(struct str *out, const char *exe, const struct entry_point *entry, const char *pip_version)
{
        const struct pip_quirks *style = pip_quirks_find(pip_version);

        script_add_shebang(out, exe);
        if (style->blank_after_shebang && shebang_is_simple(exe))
                str_add_char(out, '\n');
        add_body(out, style->body, entry);
}

static size_t line_length(const char *data, size_t len)
{
        const char *end = len > 0 ? memchr(data, '\n', len) : NULL;

        return end != NULL ? (size_t)(end - data) + 1 : len;
}

/* The rest of a script begins with a line that declares its encoding, which Python reads on line two at the latest. */
static void add_encoded(struct str *out, const char *exe, const char *rest, size_t len)
{
        const size_t cookie = line_length(rest, len);

        str_add(out, "#!/bin/sh\n");
        str_add_bytes(out, rest, cookie);
        if (rest[cookie - 1] != '\n')
                str_add_char(out, '\n');
        shebang_add_exec(out, exe, true);
        str_add_bytes(out, rest + cookie, len - cookie);
}

bool script_add_rewritten(struct str *out, const char *exe, const uint8_t *data, size_t len)
{
        static const char mark[] = "#!python";
        const char *rest = (const char *)data;
        size_t first;

        if (len < strlen(mark) || memcmp(data, mark, strlen(mark)) != 0)
                return false;
        first = line_length(rest, len);
        rest += first;
        len -= first;
        if (!shebang_is_simple(exe) && shebang_is_cookie(rest, line_length(rest, len))) {
                add_encoded(out, exe, rest, len);
                return true;
        }
        script_add_shebang(out, exe);
        str_add_bytes(out, rest, len);
        return true;
}

/* Is it "PREFIX" and digits, "PREFIX" and digits "." digits? As pip's r'pip(\d+(\.\d+)?)?$'. */
static bool is_versioned(const char *name, const char *prefix, bool bare_major, bool many_digits)
{
        const size_t len = strlen(prefix);
        size_t digits[2] = {0, 0};
        int parts = 0;

        if (strncmp(name, prefix, len) != 0)
                return false;
        for (name += len; parts < 2; name++) {
                for (; str_is_digit(*name); name++)
                        digits[parts]++;
                if (digits[parts] == 0 || (!many_digits && digits[parts] > 1))
                        return false;
                parts++;
                if (*name != '.')
                        break;
        }
        return *name == '\0' && parts > (bare_major ? 0 : 1);
}

/* The two projects whose scripts pip names after the Python that runs it. */
static const struct family {
        const char *name;
        const char *prefix; /* of a versioned name */
        bool bare_major;    /* is there a variant with the major version alone? */
} families[] = {
        {"pip", "pip", true},
        {"easy_install", "easy_install-", false},
};

struct script_names {
        struct arena *arena;
        struct script_name *items;
        size_t n;
        size_t capacity;
        enum pipseed_scripts scripts;
        int major, minor;
        bool many_digits;
};

static int add_name(struct script_names *names, const char *name, const struct entry_point *entry,
                    struct pipseed_error *err)
{
        if (name == NULL)
                return error_memory(err);
        if (!script_name_is_safe(name)) {
                error_set(err, PIPSEED_E_SCRIPT_NAME, NULL, "the wheel has a script with the unsafe name '%s'", name);
                return error_hint(err, "download the wheel from its project again");
        }
        for (size_t i = 0; i < names->n; i++)
                if (strcmp(names->items[i].name, name) == 0) {
                        names->items[i].entry = entry;
                        names->items[i].n_rows++;
                        return 0;
                }
        if (arena_grow(names->arena, &names->items, names->n, &names->capacity, sizeof(*names->items)) < 0)
                return error_memory(err);
        names->items[names->n++] = (struct script_name){.name = name, .entry = entry, .n_rows = 1};
        return 0;
}

static int add_family(struct script_names *names, const struct family *family, const struct entry_point *entry,
                      struct pipseed_error *err)
{
        int r = 0;

        if (names->scripts == PIPSEED_SCRIPTS_DEFAULT)
                r = add_name(names, family->name, entry, err);
        if (r == 0 && family->bare_major && names->scripts != PIPSEED_SCRIPTS_ALT)
                r = add_name(names, arena_format(names->arena, "%s%d", family->prefix, names->major), entry, err);
        if (r == 0)
                r = add_name(names, arena_format(names->arena, "%s%d.%d", family->prefix, names->major, names->minor),
                             entry, err);
        return r;
}

static const struct entry_point *find_console(const struct wheel_info *wheel, const char *name)
{
        const struct entry_point *found = NULL;

        for (size_t i = 0; i < wheel->n_entry_points; i++)
                if (!wheel->entry_points[i].gui && strcmp(wheel->entry_points[i].name, name) == 0)
                        found = &wheel->entry_points[i];
        return found;
}

/* Is it a script whose name add_family makes? Only of a family whose plain name is among the entry points. */
static bool is_of_family(const struct script_names *names, const struct wheel_info *wheel,
                         const struct entry_point *entry)
{
        for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
                const struct family *family = &families[i];

                if (strcmp(entry->name, family->name) != 0 &&
                    !is_versioned(entry->name, family->prefix, family->bare_major, names->many_digits))
                        continue;
                if (find_console(wheel, family->name) != NULL)
                        return true;
        }
        return false;
}

static int add_others(struct script_names *names, const struct wheel_info *wheel, bool gui, struct pipseed_error *err)
{
        for (size_t i = 0; i < wheel->n_entry_points; i++) {
                const struct entry_point *entry = &wheel->entry_points[i];
                int r;

                if (entry->gui != gui || (!gui && is_of_family(names, wheel, entry)))
                        continue;
                r = add_name(names, entry->name, entry, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

int script_names(struct arena *arena, const struct wheel_info *wheel, enum pipseed_scripts scripts, int major,
                 int minor, const char *pip_version, struct script_name **ret_names, size_t *ret_n,
                 struct pipseed_error *err)
{
        struct script_names names = {
                .arena = arena,
                .scripts = scripts,
                .major = major,
                .minor = minor,
                .many_digits = pip_quirks_find(pip_version)->many_digits,
        };
        int r = 0;

        if (arena_grow(arena, &names.items, 0, &names.capacity, sizeof(*names.items)) < 0)
                return error_memory(err);
        for (size_t i = 0; i < ARRAY_SIZE(families) && r == 0; i++) {
                const struct entry_point *entry = find_console(wheel, families[i].name);

                if (entry != NULL)
                        r = add_family(&names, &families[i], entry, err);
        }
        if (r == 0)
                r = add_others(&names, wheel, false, err);
        if (r == 0)
                r = add_others(&names, wheel, true, err);
        if (r < 0)
                return r;
        *ret_names = names.items;
        *ret_n = names.n;
        return 0;
}

bool script_is_wrapper(const struct wheel_info *wheel, const char *path)
{
        static const char *const suffixes[] = {".exe", "-script.py", ".pya"};
        const char *name = path_base(path);
        size_t len = strlen(name);

        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                size_t tail = strlen(suffixes[i]);

                if (len >= tail && str_equal_nocase(name + len - tail, suffixes[i])) {
                        len -= tail;
                        break;
                }
        }
        for (size_t i = 0; i < wheel->n_entry_points; i++) {
                const char *entry = wheel->entry_points[i].name;

                if (strlen(entry) == len && memcmp(entry, name, len) == 0)
                        return true;
        }
        return false;
}

/* "pip", "pip3", "pip-3.13"; "easy_install-3.9". */
static bool is_member(const struct family *family, const char *name)
{
        const size_t len = strlen(family->name);

        return strncmp(name, family->name, len) == 0 && strspn(name + len, "0123456789.-") == strlen(name + len) &&
               script_name_is_safe(name);
}

static int keep_family(struct arena *arena, const struct family *family, const struct entry_point *entry,
                       const char *const *listed, size_t n_listed, struct script_name **names, size_t *n)
{
        struct script_name *kept = arena_calloc(arena, *n + n_listed + 1, sizeof(*kept));
        size_t n_kept = 0;

        if (kept == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < *n; i++)
                if (!is_member(family, (*names)[i].name))
                        kept[n_kept++] = (*names)[i];
        for (size_t i = 0; i < n_listed; i++) {
                struct script_name script = {.name = arena_strdup(arena, listed[i]), .entry = entry, .n_rows = 1};

                if (!is_member(family, listed[i]))
                        continue;
                if (script.name == NULL)
                        return -ENOMEM;
                for (size_t k = 0; k < *n; k++)
                        if (strcmp((*names)[k].name, listed[i]) == 0)
                                script.n_rows = (*names)[k].n_rows;
                kept[n_kept++] = script;
        }
        *names = kept;
        *n = n_kept;
        return 0;
}

int script_keep(struct arena *arena, const struct wheel_info *wheel, const char *const *listed, size_t n_listed,
                struct script_name **names, size_t *n, struct pipseed_error *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
                const struct entry_point *entry = find_console(wheel, families[i].name);
                bool any = false;

                for (size_t k = 0; k < n_listed; k++)
                        any |= is_member(&families[i], listed[k]);
                if (entry != NULL && any && keep_family(arena, &families[i], entry, listed, n_listed, names, n) < 0)
                        return error_memory(err);
        }
        return 0;
}
