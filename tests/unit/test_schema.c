/* SPDX-License-Identifier: MIT */
#include "policy_fixture.h"

#include "base/str.h"
#include "conf/schema.h"

static void test_rows(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};

        (void)state;
        assert_null(schema_at(schema_count()));
        for (size_t i = 0; i < schema_count(); i++) {
                const struct schema_key *key = schema_at(i);
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct value value = {0};
                char section[64];

                (void)snprintf(section, sizeof(section), "%.*s", (int)strcspn(key->name, "."), key->name);
                assert_true(schema_has_section(section));
                assert_true(schema_in_section(key, section));
                assert_ptr_equal(schema_find(section, key->name + strlen(section) + 1), key);
                assert_ptr_equal(schema_find_name(key->name), key);
                assert_int_equal(schema_index(key), i);
                assert_true(strlen(key->help) > 10 && strchr(key->help, '\n') == NULL);
                if (value_parse(key->type, key->choices, key->fallback, &arena, &value, &err) < 0)
                        fail_msg("%s: %s", key->name, err.message);
                assert_string_equal(value.text, key->fallback);
                assert_true((key->choices != NULL) == (key->type == VALUE_CHOICE));
                assert_true(strlen(key->name) + strlen("PIPSEED_") < SCHEMA_VARIABLE_SIZE);
        }
}

static void test_sections(void **state)
{
        static const char *const expected[] = {"policy",  "seed",  "wheels", "sha256",
                                               "install", "cache", "target", "venv"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
                assert_string_equal(schema_section_at(i), expected[i]);
        assert_null(schema_section_at(ARRAY_SIZE(expected)));
        assert_false(schema_has_section("see"));
        assert_false(schema_has_section(""));
        assert_null(schema_find("seed", "link-mode"));
        assert_null(schema_find("see", "d.pip"));
        assert_null(schema_find("", ""));
        assert_null(schema_find_name("seed"));
        assert_null(schema_find_name("SEED.PIP"));
        assert_false(schema_in_section(schema_find_name("seed.pip"), "see"));
}

static void test_variables(void **state)
{
        static const struct {
                const char *name, *variable;
        } cases[] = {
                {"seed.pip", "PIPSEED_SEED_PIP"},
                {"seed.externally-managed", "PIPSEED_SEED_EXTERNALLY_MANAGED"},
                {"wheels.require-hash", "PIPSEED_WHEELS_REQUIRE_HASH"},
                {"install.link-mode", "PIPSEED_INSTALL_LINK_MODE"},
                {"cache.dir", "PIPSEED_CACHE_DIR"},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char variable[SCHEMA_VARIABLE_SIZE];

                schema_variable(schema_find_name(cases[i].name), variable);
                assert_string_equal(variable, cases[i].variable);
        }
}

static void test_suggestions(void **state)
{
        static const struct {
                const char *section, *key, *meant;
        } keys[] = {
                {"seed", "pips", "seed.pip"},
                {"seed", "PIP", "seed.pip"},
                {"seed", "externally_managed", "seed.externally-managed"},
                {"seed", "externaly-managd", "seed.externally-managed"},
                {"wheels", "dir", "wheels.dirs"}, /* although that is exactly the name of another section's key */
                {"seed", "dir", "cache.dir"},
                {"wheels", "dris", "wheels.dirs"},
                {"wheels", "require_hash", "wheels.require-hash"},
                {"seed", "link-mode", "install.link-mode"},
                {"install", "bytcode", "install.bytecode"},
                {"seed", "frobnicate", NULL},
                {"seed", "", NULL},
                {"seed", "x", NULL},
                {"seed", "a-name-that-is-much-longer-than-any-key-of-the-schema-could-be", NULL},
        };
        static const struct {
                const char *section, *meant;
        } sections[] = {
                {"sed", "seed"},       {"Seed", "seed"},     {"wheel", "wheels"},
                {"instal", "install"}, {"SHA256", "sha256"}, {"sha-256", "sha256"},
                {"caches", "cache"},   {"global", NULL},     {"", NULL},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                const struct schema_key *key = schema_suggest_key(keys[i].section, keys[i].key);

                if ((key == NULL) != (keys[i].meant == NULL) || (key != NULL && strcmp(key->name, keys[i].meant) != 0))
                        fail_msg("[%s] %s: %s", keys[i].section, keys[i].key, key != NULL ? key->name : "nothing");
        }
        for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
                const char *section = schema_suggest_section(sections[i].section);

                if ((section == NULL) != (sections[i].meant == NULL) ||
                    (section != NULL && strcmp(section, sections[i].meant) != 0))
                        fail_msg("[%s]: %s", sections[i].section, section != NULL ? section : "nothing");
        }
}

static void test_suggested_names(void **state)
{
        static const struct {
                const char *name, *meant;
        } names[] = {
                {"seed.pips", "seed.pip"},
                {"wheel.dirs", "wheels.dirs"},
                {"wheels.dir", "wheels.dirs"},
                {"pip", "seed.pip"},
                {"wheel", "wheels"},
                {"seed.link-mode", "install.link-mode"},
                {"x.y", NULL},
                {"", NULL},
                {".", NULL},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const char *name = schema_suggest_name(names[i].name);

                if ((name == NULL) != (names[i].meant == NULL) || (name != NULL && strcmp(name, names[i].meant) != 0))
                        fail_msg("%s: %s", names[i].name, name != NULL ? name : "nothing");
        }
}

/* The manual and the example know every key; a key that is added to the schema has to be added there. */
static void test_documents(void **state)
{
        _cleanup_free_ char *manual = fixture_read_source("docs/pipseed-policy.5");
        _cleanup_free_ char *example = fixture_read_source("conf/policy.ini.example");

        (void)state;
        for (size_t i = 0; i < schema_count(); i++) {
                const struct schema_key *key = schema_at(i);
                char line[128];
                char variable[SCHEMA_VARIABLE_SIZE];

                (void)snprintf(line, sizeof(line), "\n#%s = ", strchr(key->name, '.') + 1);
                if (strstr(example, line) == NULL)
                        fail_msg("the example lacks %s", key->name);
                (void)snprintf(line, sizeof(line), "\n.It Ic %s ", strchr(key->name, '.') + 1);
                if (strstr(manual, line) == NULL)
                        fail_msg("the manual lacks %s", key->name);
                schema_variable(key, variable);
                if (strcmp(key->name, SCHEMA_LOCK) != 0 && strstr(manual, variable) == NULL)
                        fail_msg("the manual lacks %s", variable);
                for (const struct value_choice *c = key->choices; c != NULL && c->word != NULL; c++)
                        if (strstr(manual, c->word) == NULL)
                                fail_msg("the manual lacks %s of %s", c->word, key->name);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),      cmocka_unit_test(test_sections),
                cmocka_unit_test(test_variables), cmocka_unit_test(test_suggestions),
                cmocka_unit_test(test_documents), cmocka_unit_test(test_suggested_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
