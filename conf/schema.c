/* SPDX-License-Identifier: MIT */
#include "schema.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define NAME_LIMIT 40 /* longer names are no typing errors of ours */

static const struct value_choice scripts_words[] = {{"ensurepip", PIPSEED_SCRIPTS_ENSUREPIP},
                                                    {"default", PIPSEED_SCRIPTS_DEFAULT},
                                                    {"alt", PIPSEED_SCRIPTS_ALT},
                                                    {NULL, 0}};
static const struct value_choice user_words[] = {{"allow", 1}, {"deny", 0}, {NULL, 0}};
static const struct value_choice managed_words[] = {{"honour", 0}, {"override", 1}, {NULL, 0}};
static const struct value_choice hash_words[] = {{"auto", PIPSEED_REQUIRE_HASH_AUTO},
                                                 {"yes", PIPSEED_REQUIRE_HASH_YES},
                                                 {"no", PIPSEED_REQUIRE_HASH_NO},
                                                 {NULL, 0}};
static const struct value_choice link_words[] = {{"auto", PIPSEED_LINK_AUTO},         {"reflink", PIPSEED_LINK_REFLINK},
                                                 {"hardlink", PIPSEED_LINK_HARDLINK}, {"copy", PIPSEED_LINK_COPY},
                                                 {"symlink", PIPSEED_LINK_SYMLINK},   {NULL, 0}};
static const struct value_choice bytecode_words[] = {{"yes", PIPSEED_BYTECODE_YES},
                                                     {"no", PIPSEED_BYTECODE_NO},
                                                     {"checked-hash", PIPSEED_BYTECODE_CHECKED_HASH},
                                                     {NULL, 0}};

static void apply_pip(const struct value *value, struct pipseed_request *req)
{
        req->pip = value->text;
}

static void apply_packages(const struct value *value, struct pipseed_request *req)
{
        req->packages = value->text;
}

static void apply_scripts(const struct value *value, struct pipseed_request *req)
{
        req->scripts = (enum pipseed_scripts)value->number;
}

static void apply_upgrade(const struct value *value, struct pipseed_request *req)
{
        req->upgrade = value->number != 0;
}

static void apply_user(const struct value *value, struct pipseed_request *req)
{
        req->allow_user = value->number != 0;
}

static void apply_managed(const struct value *value, struct pipseed_request *req)
{
        req->override_externally_managed = value->number != 0;
}

static void apply_installer(const struct value *value, struct pipseed_request *req)
{
        req->installer = value->text;
}

static void apply_bundled(const struct value *value, struct pipseed_request *req)
{
        req->bundled = value->number != 0;
}

static void apply_dirs(const struct value *value, struct pipseed_request *req)
{
        req->wheel_dirs = value->items;
        req->n_wheel_dirs = value->n_items;
}

static void apply_hash(const struct value *value, struct pipseed_request *req)
{
        req->require_hash = (enum pipseed_require_hash)value->number;
}

static void apply_link(const struct value *value, struct pipseed_request *req)
{
        req->link_mode = (enum pipseed_link_mode)value->number;
}

static void apply_bytecode(const struct value *value, struct pipseed_request *req)
{
        req->bytecode = (enum pipseed_bytecode)value->number;
}

static void apply_durable(const struct value *value, struct pipseed_request *req)
{
        req->durable = value->number != 0;
}

static void apply_cache_dir(const struct value *value, struct pipseed_request *req)
{
        req->cache_dir = value->text[0] != '\0' ? value->text : NULL;
}

static void apply_cache_system(const struct value *value, struct pipseed_request *req)
{
        req->system_cache_dir = value->text[0] != '\0' ? value->text : NULL;
}

static void apply_trust(const struct value *value, struct pipseed_request *req)
{
        req->trust = value->items;
        req->n_trust = value->n_items;
}

static const struct schema_key keys[] = {
        {SCHEMA_LOCK, VALUE_NAMES, NULL, "", "keys and sections that later layers cannot change; system files only",
         NULL},
        {"seed.pip", VALUE_SPECIFIER, NULL, "newest", "which pip: newest, a version or a PEP 440 specifier", apply_pip},
        {"seed.packages", VALUE_PACKAGES, NULL, "auto", "what is installed: auto: what the target's ensurepip installs",
         apply_packages},
        {"seed.scripts", VALUE_CHOICE, scripts_words, "ensurepip",
         "scripts of a plain seed: ensurepip (pipX, pipX.Y), default (pip too), alt (pipX.Y)", apply_scripts},
        {"seed.upgrade", VALUE_BOOL, NULL, "no", "replace an older pip that is already installed", apply_upgrade},
        {"seed.user", VALUE_CHOICE, user_words, "allow", "whether --user is allowed: allow or deny", apply_user},
        {"seed.externally-managed", VALUE_CHOICE, managed_words, "honour",
         "EXTERNALLY-MANAGED (PEP 668): honour or override", apply_managed},
        {"seed.installer", VALUE_TEXT, NULL, "pipseed", "content of the INSTALLER file", apply_installer},
        {"wheels.bundled", VALUE_BOOL, NULL, "yes", "use the wheels that are part of pipseed", apply_bundled},
        {"wheels.dirs", VALUE_PATHS, NULL, "", "directories searched for wheels besides the bundle, colon separated",
         apply_dirs},
        {"wheels.require-hash", VALUE_CHOICE, hash_words, "auto",
         "whether a wheel needs a pin: auto trusts wheels that only root or the caller can write", apply_hash},
        {"install.link-mode", VALUE_CHOICE, link_words, "auto",
         "how files are placed: auto, reflink, hardlink, copy or symlink", apply_link},
        {"install.bytecode", VALUE_CHOICE, bytecode_words, "yes", "compiled files: yes, no or checked-hash",
         apply_bytecode},
        {"install.durable", VALUE_BOOL, NULL, "no", "survive a power cut at any moment", apply_durable},
        {"cache.dir", VALUE_PATH, NULL, "",
         "directory of the store; empty: $XDG_CACHE_HOME/pipseed or ~/.cache/pipseed", apply_cache_dir},
        {"cache.system", VALUE_PATH, NULL, "", "a read-only store that is searched first; empty: none",
         apply_cache_system},
        {"target.trust", VALUE_PATHS, NULL, "",
         "directories whose interpreters may run although others own them, colon separated", apply_trust},
        {"venv.hooks", VALUE_PATHS, NULL, "", "hook plugins that pipseed venv loads besides its own, colon separated",
         NULL},
};

static const char *const sections[] = {"policy", "seed", "wheels", SCHEMA_PINS, "install", "cache", "target", "venv"};

const struct schema_key *schema_at(size_t i)
{
        return i < ARRAY_SIZE(keys) ? &keys[i] : NULL;
}

size_t schema_count(void)
{
        return ARRAY_SIZE(keys);
}

size_t schema_index(const struct schema_key *key)
{
        return (size_t)(key - keys);
}

bool schema_in_section(const struct schema_key *key, const char *section)
{
        size_t len = strlen(section);

        return strncmp(key->name, section, len) == 0 && key->name[len] == '.';
}

const struct schema_key *schema_find(const char *section, const char *key)
{
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (schema_in_section(&keys[i], section) && strcmp(keys[i].name + strlen(section) + 1, key) == 0)
                        return &keys[i];
        return NULL;
}

const struct schema_key *schema_find_name(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (strcmp(keys[i].name, name) == 0)
                        return &keys[i];
        return NULL;
}

const char *schema_section_at(size_t i)
{
        return i < ARRAY_SIZE(sections) ? sections[i] : NULL;
}

bool schema_has_section(const char *section)
{
        for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
                if (strcmp(sections[i], section) == 0)
                        return true;
        return false;
}

void schema_variable(const struct schema_key *key, char ret_name[SCHEMA_VARIABLE_SIZE])
{
        (void)snprintf(ret_name, SCHEMA_VARIABLE_SIZE, "PIPSEED_%s", key->name);
        for (char *c = ret_name; *c != '\0'; c++) {
                if (*c == '.' || *c == '-')
                        *c = '_';
                else if (*c >= 'a' && *c <= 'z')
                        *c = (char)(*c - 'a' + 'A');
        }
}

static size_t least(size_t a, size_t b)
{
        return a < b ? a : b;
}

/* Levenshtein's distance without regard to case and to "-" against "_". */
static size_t distance(const char *a, const char *b)
{
        size_t row[NAME_LIMIT + 1];
        size_t b_len = strlen(b);

        if (strlen(a) > NAME_LIMIT || b_len > NAME_LIMIT)
                return NAME_LIMIT;
        for (size_t k = 0; k <= b_len; k++)
                row[k] = k;
        for (size_t i = 0; a[i] != '\0'; i++) {
                size_t diagonal = row[0];

                row[0] = i + 1;
                for (size_t k = 1; k <= b_len; k++) {
                        char x = a[i] == '_' ? '-' : str_lower(a[i]);
                        size_t changed = diagonal + (x != b[k - 1]);

                        diagonal = row[k];
                        row[k] = least(changed, least(row[k], row[k - 1]) + 1);
                }
        }
        return row[b_len];
}

/* Short words are near to everything, so they may differ by less. */
static size_t tolerance(const char *word)
{
        return strlen(word) < 4 ? 1 : 2;
}

const char *schema_suggest_section(const char *section)
{
        const char *best = NULL;
        size_t best_distance = NAME_LIMIT;

        for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
                size_t d = distance(section, sections[i]);

                if (d <= tolerance(sections[i]) && d < best_distance) {
                        best = sections[i];
                        best_distance = d;
                }
        }
        return best;
}

const struct schema_key *schema_suggest_key(const char *section, const char *key)
{
        const struct schema_key *best = NULL;
        size_t best_score = SIZE_MAX;

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                const char *name = strchr(keys[i].name, '.') + 1;
                size_t d = distance(key, name);
                /* A step and a half for another section: one letter is wrong more often than the section. */
                size_t score = d * 2 + (schema_in_section(&keys[i], section) ? 0 : 3);

                if (d <= tolerance(name) && score < best_score) {
                        best = &keys[i];
                        best_score = score;
                }
        }
        return best;
}

const char *schema_suggest_name(const char *name)
{
        const char *dot = strchr(name, '.');
        const char *section = dot == NULL ? schema_suggest_section(name) : NULL;
        char own[NAME_LIMIT + 1] = "";
        const struct schema_key *key;

        if (section != NULL)
                return section;
        if (dot != NULL && dot - name <= NAME_LIMIT)
                (void)snprintf(own, sizeof(own), "%.*s", (int)(dot - name), name);
        key = schema_suggest_key(own, dot != NULL ? dot + 1 : name);
        return key != NULL ? key->name : NULL;
}
