/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "layers.h"

#include <string.h>
#include <unistd.h>

#define PREFIX "PIPSEED_"

static char upper(char c)
{
        return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* The section that a variable's name begins with ("SEED_" of "SEED_PIP"), NULL when it is none of ours. */
static const char *section_of(const char *rest)
{
        for (size_t i = 0; schema_section_at(i) != NULL; i++) {
                const char *section = schema_section_at(i);
                size_t k = 0;

                while (section[k] != '\0' && rest[k] == upper(section[k]))
                        k++;
                if (section[k] == '\0' && rest[k] == '_')
                        return section;
        }
        return NULL;
}

static const struct schema_key *key_of(const char *variable, size_t len)
{
        for (size_t i = 0; i < schema_count(); i++) {
                char name[SCHEMA_VARIABLE_SIZE];

                schema_variable(schema_at(i), name);
                if (strlen(name) == len && memcmp(name, variable, len) == 0)
                        return schema_at(i);
        }
        return NULL;
}

static int fail_unknown(struct pipseed_error *err, const char *section, const char *variable, size_t len)
{
        _cleanup_free_ char *key =
                strndup(variable + strlen(PREFIX) + strlen(section) + 1, len - strlen(PREFIX) - strlen(section) - 1);
        const struct schema_key *meant = key != NULL ? schema_suggest_key(section, key) : NULL;
        char name[SCHEMA_VARIABLE_SIZE];

        if (key == NULL)
                return error_memory(err);
        (void)error_set(err, PIPSEED_E_POLICY_SYNTAX, NULL, "unknown policy variable '%.*s'",
                        (int)(len < 200 ? len : 200), variable);
        if (strcmp(section, SCHEMA_PINS) == 0)
                return error_hint(err, "set [" SCHEMA_PINS "] in a policy file");
        if (meant == NULL)
                return error_hint(err, "see pipseed-policy(5) for the list of keys");
        schema_variable(meant, name);
        return error_hint(err, "did you mean %s?", name);
}

static int take(const char *entry, const char *section, struct arena *arena, struct settings *settings,
                struct pipseed_error *err)
{
        size_t len = strcspn(entry, "=");
        struct setting setting = {.key = key_of(entry, len)};

        /* Empty counts as unset. */
        if (entry[len] == '\0' || entry[len + 1] == '\0')
                return 0;
        if (setting.key == NULL)
                return fail_unknown(err, section, entry, len);
        /* Of two variables with one name getenv(3) sees the first. */
        for (size_t i = 0; i < settings->n; i++)
                if (settings->list[i].key == setting.key)
                        return 0;
        setting.name = setting.key->name;
        setting.origin = arena_strndup(arena, entry, len);
        setting.value = arena_strdup(arena, entry + len + 1);
        if (setting.origin == NULL || setting.value == NULL)
                return error_memory(err);
        if (strcmp(setting.name, SCHEMA_LOCK) == 0) {
                (void)error_set(err, PIPSEED_E_POLICY_SYNTAX, NULL,
                                "%s: " SCHEMA_LOCK " is allowed in system files only", setting.origin);
                return error_hint(err, "unset it");
        }
        return settings_add(settings, &setting, arena, err);
}

int layers_read_environment(struct arena *arena, struct settings *ret_settings, struct pipseed_error *err)
{
        struct settings settings = {.layer = POLICY_LAYER_ENVIRONMENT};

        for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
                const char *section = str_starts(*entry, PREFIX) ? section_of(*entry + strlen(PREFIX)) : NULL;
                int r = section != NULL ? take(*entry, section, arena, &settings, err) : 0;

                if (r < 0)
                        return r;
        }
        *ret_settings = settings;
        return 0;
}
