/* SPDX-License-Identifier: MIT */
#include "name.h"

#include "base/error.h"
#include "base/str.h"
#include "wheel/quote.h"
#include "wheel/version.h"

#include <string.h>

#define PARTS_MIN 5 /* with a build tag there is one more */

static bool is_alphanumeric(char c)
{
        return str_is_alpha(c) || str_is_digit(c);
}

static bool is_separator(char c)
{
        return c == '-' || c == '_' || c == '.';
}

char *name_normalize(struct arena *arena, const char *name)
{
        char *text = arena_strdup(arena, name);
        char *out = text;

        if (text == NULL)
                return NULL;
        for (const char *p = name; *p != '\0'; p++)
                if (!is_separator(*p))
                        *out++ = str_lower(*p);
                else if (p == name || !is_separator(p[-1]))
                        *out++ = '-';
        *out = '\0';
        return text;
}

bool name_is_valid(const char *name)
{
        size_t len = strlen(name);

        for (size_t i = 0; i < len; i++)
                if (!is_alphanumeric(name[i]) && !is_separator(name[i]))
                        return false;
        return len > 0 && is_alphanumeric(name[0]) && is_alphanumeric(name[len - 1]);
}

/* One tag: letters, digits and "_". */
static size_t measure_tag(const char *text)
{
        size_t len = 0;

        while (is_alphanumeric(text[len]) || text[len] == '_')
                len++;
        return len;
}

static bool is_tag_set(const char *text)
{
        for (;; text++) {
                size_t len = measure_tag(text);

                if (len == 0)
                        return false;
                text += len;
                if (*text != '.')
                        return *text == '\0';
        }
}

/* PEP 425: tags of interpreters are identifiers. */
static bool is_python_set(const char *text)
{
        if (!is_tag_set(text) || str_is_digit(*text))
                return false;
        for (; *text != '\0'; text++)
                if (*text == '.' && str_is_digit(text[1]))
                        return false;
        return true;
}

/* PEP 427: begins with a digit. What may follow is not said; these cannot be mistaken for anything else. */
static bool is_build(const char *text)
{
        if (!str_is_digit(*text))
                return false;
        while (is_alphanumeric(*text) || *text == '_' || *text == '.')
                text++;
        return *text == '\0';
}

/* PEP 427 escapes a name so that it has no "-" and no run of "_". */
static bool is_distribution(const char *text)
{
        return name_is_valid(text) && strstr(text, "__") == NULL;
}

/* The characters of a version: PEP 440 would allow blanks at its ends. */
static bool is_version_text(const char *text)
{
        while (is_alphanumeric(*text) || (*text != '\0' && strchr("._+!", *text) != NULL))
                text++;
        return *text == '\0';
}

/* Cuts text at its dashes, in place; the number of parts, or 0 when there are more than max. */
static size_t split(char *text, const char **ret_parts, size_t max)
{
        size_t n = 0;

        while (text != NULL) {
                if (n == max)
                        return 0;
                ret_parts[n++] = strsep(&text, "-");
        }
        return n;
}

static int refuse(const char *filename, const char *what, const char *text, const char *rule, struct pipseed_error *err)
{
        return error_set(err, PIPSEED_E_WHEEL_NAME, filename, "invalid %s '%s' in the wheel's file name: expected %s",
                         what, QUOTE(text, strlen(text)), rule);
}

static int check_version(const char *text, const char *filename, struct pipseed_error *err)
{
        struct pipseed_error reason = PIPSEED_ERROR_INIT;
        _cleanup_(version_freep) struct version *version = NULL;
        int r = is_version_text(text) ? version_parse(text, &version, &reason) : PIPSEED_E_BAD_VERSION;

        if (r == PIPSEED_E_NO_MEMORY)
                return error_memory(err);
        return r < 0 ? refuse(filename, "version", text, "a version of PEP 440", err) : 0;
}

/* "py3", "cp313", "pp310.pp311" */
static bool starts_with_interpreter(const char *text)
{
        return str_is_alpha(text[0]) && str_is_alpha(text[1]) && str_is_digit(text[2]) && is_python_set(text);
}

/* Not a wheel that could be read, but one that somebody made so: whatever its name is like otherwise. */
static int refuse_newer(const char *filename, const char *what, struct pipseed_error *err)
{
        return error_set(err, PIPSEED_E_WHEEL_NAME, filename,
                         "%s are not supported: the file name is not NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl",
                         what);
}

static int check_parts(const struct wheel_name *name, const char *filename, struct pipseed_error *err)
{
        const struct {
                const char *what, *text, *rule;
                bool (*is_valid)(const char *text);
        } parts[] = {
                {"project name", name->distribution, "letters and digits, with single '.' and '_' inside",
                 is_distribution},
                {"build tag", name->build, "a digit first, then letters, digits, '.' and '_'", is_build},
                {"python tag", name->python, "identifiers with dots between", is_python_set},
                {"abi tag", name->abi, "letters, digits and '_' with dots between", is_tag_set},
                {"platform tag", name->platform, "letters, digits and '_' with dots between", is_tag_set},
        };

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                if (parts[i].text != NULL && !parts[i].is_valid(parts[i].text))
                        return refuse(filename, parts[i].what, parts[i].text, parts[i].rule, err);
        return check_version(name->version, filename, err);
}

int wheel_name_parse(struct arena *arena, const char *filename, struct wheel_name *ret_name, struct pipseed_error *err)
{
        const char *parts[PARTS_MIN + 2];
        struct wheel_name name = {0};
        char *stem;
        size_t n;
        int r;

        if (str_ends(filename, ".whlx"))
                return refuse_newer(filename, "wheels of the format .whlx", err);
        if (!str_ends(filename, ".whl"))
                return error_set(err, PIPSEED_E_WHEEL_NAME, filename, "the file name does not end in .whl");
        stem = arena_strndup(arena, filename, strlen(filename) - strlen(".whl"));
        if (stem == NULL)
                return error_memory(err);
        n = split(stem, parts, ARRAY_SIZE(parts));
        /* PEP 825: a label behind the platform. A build tag begins with a digit. */
        if (n == PARTS_MIN + 2 ? is_build(parts[2]) : n == PARTS_MIN + 1 && starts_with_interpreter(parts[2]))
                return refuse_newer(filename, "wheel variants (PEP 825)", err);
        if (n < PARTS_MIN || n > PARTS_MIN + 1)
                return error_set(err, PIPSEED_E_WHEEL_NAME, filename,
                                 "the file name is not NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl");
        name.distribution = parts[0];
        name.version = parts[1];
        name.build = n > PARTS_MIN ? parts[2] : NULL;
        name.python = parts[n - 3];
        name.abi = parts[n - 2];
        name.platform = parts[n - 1];
        r = check_parts(&name, filename, err);
        if (r < 0)
                return r;
        name.project = name_normalize(arena, name.distribution);
        if (name.project == NULL)
                return error_memory(err);
        *ret_name = name;
        return 0;
}
