/* SPDX-License-Identifier: MIT */
#include "policy_fixture.h"

#include "base/str.h"
#include "conf/schema.h"

#define WHEEL "pip-26.3-py3-none-any.whl"
#define OTHER_WHEEL "pip-25.2-py3-none-any.whl"
#define HEX_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX_B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

/* ---- every key in every layer ---------------------------------------------------------------------------------- */

static void show_pip(const struct pipseed_request *req, struct str *text)
{
        str_add(text, req->pip);
}

static void show_packages(const struct pipseed_request *req, struct str *text)
{
        str_add(text, req->packages);
}

static void show_scripts(const struct pipseed_request *req, struct str *text)
{
        str_add(text, req->scripts == PIPSEED_SCRIPTS_ALT ? "alt" : "another");
}

static void show_upgrade(const struct pipseed_request *req, struct str *text)
{
        str_add(text, req->upgrade ? "yes" : "no");
}

static void show_user(const struct pipseed_request *req, struct str *text)
{
        str_add(text, req->allow_user ? "allow" : "deny");
}

static void show_managed(const struct pipseed_request *req, struct str *text)
{
        str_add(text, req->override_externally_managed ? "override" : "honour");
}

static void show_installer(const struct pipseed_request *req, struct str *text)
{
        str_add(text, req->installer);
}

static void show_bundled(const struct pipseed_request *req, struct str *text)
{
        str_add(text, req->bundled ? "yes" : "no");
}

static void show_dirs(const struct pipseed_request *req, struct str *text)
{
        for (size_t i = 0; i < req->n_wheel_dirs; i++)
                str_printf(text, "%s%s", i > 0 ? ":" : "", req->wheel_dirs[i]);
}

static void show_trust(const struct pipseed_request *req, struct str *text)
{
        for (size_t i = 0; i < req->n_trust; i++)
                str_printf(text, "%s%s", i > 0 ? ":" : "", req->trust[i]);
}

static void show_hash(const struct pipseed_request *req, struct str *text)
{
        str_add(text, req->require_hash == PIPSEED_REQUIRE_HASH_YES ? "yes" : "another");
}

static void show_link(const struct pipseed_request *req, struct str *text)
{
        str_add(text, req->link_mode == PIPSEED_LINK_COPY ? "copy" : "another");
}

static void show_bytecode(const struct pipseed_request *req, struct str *text)
{
        str_add(text, req->bytecode == PIPSEED_BYTECODE_CHECKED_HASH ? "checked-hash" : "another");
}

static void show_durable(const struct pipseed_request *req, struct str *text)
{
        str_add(text, req->durable ? "yes" : "no");
}

static void show_cache_dir(const struct pipseed_request *req, struct str *text)
{
        str_add(text, req->cache_dir != NULL ? req->cache_dir : "NULL");
}

static void show_cache_system(const struct pipseed_request *req, struct str *text)
{
        str_add(text, req->system_cache_dir != NULL ? req->system_cache_dir : "NULL");
}

/* show NULL: no field of the request; the value alone is looked at. */
static const struct {
        const char *key;
        const char *value;    /* other than the built-in one */
        const char *expected; /* in the request, and as the policy's text */
        void (*show)(const struct pipseed_request *req, struct str *text);
} keys[] = {
        {"policy.lock", "seed.user wheels", "seed.user, wheels", NULL},
        {"seed.pip", ">=25, <27", ">=25,<27", show_pip},
        {"seed.packages", "pip  setuptools", "pip setuptools", show_packages},
        {"seed.scripts", "alt", "alt", show_scripts},
        {"seed.upgrade", "on", "yes", show_upgrade},
        {"seed.user", "deny", "deny", show_user},
        {"seed.externally-managed", "override", "override", show_managed},
        {"seed.installer", "our site", "our site", show_installer},
        {"wheels.bundled", "0", "no", show_bundled},
        {"wheels.dirs", "/srv/a b:/srv/c", "/srv/a b:/srv/c", show_dirs},
        {"wheels.require-hash", "yes", "yes", show_hash},
        {"install.link-mode", "copy", "copy", show_link},
        {"install.bytecode", "checked-hash", "checked-hash", show_bytecode},
        {"install.durable", "true", "yes", show_durable},
        {"cache.dir", "/var/cache/p", "/var/cache/p", show_cache_dir},
        {"cache.system", "/usr/share/p", "/usr/share/p", show_cache_system},
        {"target.trust", "/srv/python", "/srv/python", show_trust},
        {"venv.hooks", "/usr/lib/x.so", "/usr/lib/x.so", NULL},
};

enum place {
        PLACE_SYSTEM,
        PLACE_DROP_IN,
        PLACE_USER,
        PLACE_NAMED,
        PLACE_NAMED_BY_VARIABLE,
        PLACE_VARIABLE,
        PLACE_OPTION,
};

static const struct {
        const char *layer;
        const char *file;
} places[] = {
        [PLACE_SYSTEM] = {"system", RIG_SYSTEM},
        [PLACE_DROP_IN] = {"system", RIG_DROP_IN},
        [PLACE_USER] = {"user", RIG_USER},
        [PLACE_NAMED] = {"file", RIG_NAMED},
        [PLACE_NAMED_BY_VARIABLE] = {"file", RIG_NAMED},
        [PLACE_VARIABLE] = {"environment", NULL},
        [PLACE_OPTION] = {"command line", NULL},
};

/* Sets a key in one place; the place that provenance must name goes to ret_base_python. */
static void set_in(enum place place, const char *key, const char *value, char ret_base_python[600])
{
        const char *dot = strchr(key, '.');
        char text[600];

        (void)snprintf(text, sizeof(text), "; first line\n[%.*s]\n%s = %s\n", (int)(dot - key), key, dot + 1, value);
        if (places[place].file != NULL) {
                fixture_write(places[place].file, text);
                (void)snprintf(ret_base_python, 600, "%s:3", fixture_path(places[place].file));
        }
        if (place == PLACE_NAMED_BY_VARIABLE)
                assert_int_equal(setenv("PIPSEED_POLICY", fixture_path(RIG_NAMED), 1), 0);
        if (place == PLACE_VARIABLE) {
                schema_variable(schema_find_name(key), ret_base_python);
                assert_int_equal(setenv(ret_base_python, value, 1), 0);
        }
        if (place == PLACE_OPTION)
                (void)snprintf(ret_base_python, 600, "--option");
}

static void check_key(size_t row, enum place place)
{
        _cleanup_(str_done) struct str text = STR_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_policy *policy;
        struct pipseed_policy_value value = PIPSEED_POLICY_VALUE_INIT;
        struct pipseed_request req = {.size = sizeof(req)};
        char named[512];
        char origin[600] = "";

        set_in(place, keys[row].key, keys[row].value, origin);
        (void)snprintf(named, sizeof(named), "%s", fixture_path(RIG_NAMED));
        fixture_file = place == PLACE_NAMED ? named : NULL;
        policy = fixture_load();
        if (place == PLACE_OPTION)
                assert_int_equal(pipseed_policy_set(policy, keys[row].key, keys[row].value, "--option", &err), 0);
        value = fixture_value(policy, keys[row].key);
        assert_string_equal(value.value, keys[row].expected);
        assert_string_equal(value.layer, places[place].layer);
        assert_string_equal(value.origin, origin);
        assert_int_equal(pipseed_policy_apply(policy, &req, &err), 0);
        if (keys[row].show != NULL) {
                keys[row].show(&req, &text);
                if (strcmp(text.data, keys[row].expected) != 0)
                        fail_msg("%s in %s: %s", keys[row].key, places[place].layer, text.data);
        }
        if (strcmp(keys[row].key, "venv.hooks") == 0) {
                assert_string_equal(pipseed_policy_hooks(policy)[0], keys[row].expected);
                assert_null(pipseed_policy_hooks(policy)[1]);
        }
        if (strcmp(keys[row].key, "policy.lock") == 0)
                assert_string_equal(fixture_value(policy, "wheels.dirs").locked_by, origin);
        pipseed_policy_free(policy);
        fixture_file = NULL;
}

static void check_lock_refused(enum place place)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_policy *policy = NULL;
        char named[512];
        char origin[600] = "";

        if (place == PLACE_OPTION) {
                policy = fixture_load();
                assert_int_equal(pipseed_policy_set(policy, "policy.lock", "seed", "--option", &err), PIPSEED_E_USAGE);
                pipseed_policy_free(policy);
                return;
        }
        set_in(place, "policy.lock", "seed.user", origin);
        (void)snprintf(named, sizeof(named), "%s", fixture_path(RIG_NAMED));
        fixture_file = place == PLACE_NAMED ? named : NULL;
        fixture_refused(PIPSEED_E_POLICY_SYNTAX, origin);
        fixture_refused(PIPSEED_E_POLICY_SYNTAX, "policy.lock is allowed in system files only");
        fixture_file = NULL;
}

static void test_every_key_in_every_layer(void **state)
{
        for (size_t i = 0; i < schema_count(); i++) {
                const char *name = schema_at(i)->name;
                size_t row = 0;

                while (row < ARRAY_SIZE(keys) && strcmp(keys[row].key, name) != 0)
                        row++;
                if (row == ARRAY_SIZE(keys))
                        fail_msg("this test does not know %s: give it a row", name);
                assert_string_not_equal(keys[row].expected, schema_at(i)->fallback);
                assert_true((schema_at(i)->apply == NULL) == (keys[row].show == NULL));
                for (enum place place = PLACE_SYSTEM; place <= PLACE_OPTION; place++) {
                        fixture_teardown(state);
                        fixture_setup(state);
                        if (i == 0 && place > PLACE_DROP_IN)
                                check_lock_refused(place);
                        else
                                check_key(row, place);
                }
        }
        assert_int_equal(schema_count(), ARRAY_SIZE(keys));
}

static void test_pin_in_every_layer(void **state)
{
        for (enum place place = PLACE_SYSTEM; place <= PLACE_OPTION; place++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct pipseed_request req = {.size = sizeof(req)};
                struct pipseed_policy *policy;
                char named[512];
                char origin[600] = "";

                fixture_teardown(state);
                fixture_setup(state);
                if (place == PLACE_VARIABLE)
                        continue;
                set_in(place, "sha256." WHEEL, HEX_A, origin);
                (void)snprintf(named, sizeof(named), "%s", fixture_path(RIG_NAMED));
                fixture_file = place == PLACE_NAMED ? named : NULL;
                policy = fixture_load();
                if (place == PLACE_OPTION)
                        assert_int_equal(pipseed_policy_set(policy, "sha256." WHEEL, HEX_A, "--option", &err), 0);
                assert_int_equal(pipseed_policy_apply(policy, &req, &err), 0);
                assert_int_equal(req.n_pins, 1);
                assert_string_equal(req.pins[0]->filename, WHEEL);
                assert_string_equal(req.pins[0]->sha256, HEX_A);
                assert_string_equal(fixture_value(policy, "sha256." WHEEL).origin, origin);
                assert_string_equal(fixture_value(policy, "sha256." WHEEL).layer, places[place].layer);
                pipseed_policy_free(policy);
        }
}

/* ---- order ----------------------------------------------------------------------------------------------------- */

static void test_built_in(void **state)
{
        struct pipseed_policy *policy = fixture_load();
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_policy_value value = {.size = sizeof(value), .key = "untouched"};
        struct pipseed_request req = {.size = sizeof(req)};

        (void)state;
        assert_int_equal(pipseed_policy_count(policy), schema_count());
        for (size_t i = 0; i < schema_count(); i++) {
                assert_int_equal(pipseed_policy_value_at(policy, i, &value), 0);
                assert_string_equal(value.key, schema_at(i)->name);
                assert_string_equal(value.value, schema_at(i)->fallback);
                assert_string_equal(value.layer, "built-in");
                assert_string_equal(value.origin, "");
                assert_string_equal(value.help, schema_at(i)->help);
                assert_null(value.locked_by);
        }
        value.key = "untouched";
        assert_int_equal(pipseed_policy_value_at(policy, schema_count(), &value), PIPSEED_E_USAGE);
        assert_string_equal(value.key, "untouched");
        assert_null(pipseed_policy_file_at(policy, 0));
        assert_null(pipseed_policy_hooks(policy)[0]);
        assert_int_equal(pipseed_policy_apply(policy, &req, &err), 0);
        assert_string_equal(req.pip, "newest");
        assert_string_equal(req.packages, "auto");
        assert_string_equal(req.installer, "pipseed");
        assert_true(req.bundled && req.allow_user);
        assert_false(req.upgrade || req.override_externally_managed || req.durable);
        assert_true(req.scripts == PIPSEED_SCRIPTS_ENSUREPIP && req.require_hash == PIPSEED_REQUIRE_HASH_AUTO);
        assert_true(req.link_mode == PIPSEED_LINK_AUTO && req.bytecode == PIPSEED_BYTECODE_YES);
        assert_null(req.cache_dir);
        assert_null(req.system_cache_dir);
        assert_int_equal(req.n_wheel_dirs, 0);
        assert_int_equal(req.n_pins, 0);
        pipseed_policy_free(policy);
}

/* Each layer is added in turn, and each overrides the ones before it. */
static void test_order(void **state)
{
        static const char *const files[] = {RIG_SYSTEM, "etc/pipseed/policy.d/10-a.ini", "etc/pipseed/policy.d/9-b.ini",
                                            RIG_USER, RIG_NAMED};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_policy *policy;
        char named[512];

        (void)state;
        (void)snprintf(named, sizeof(named), "%s", fixture_path(RIG_NAMED));
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                char text[64];
                char pip[16];

                (void)snprintf(pip, sizeof(pip), "2%zu.1", i);
                (void)snprintf(text, sizeof(text), "[seed]\npip = %s\n", pip);
                fixture_write(files[i], text);
                fixture_file = i == 4 ? named : NULL;
                policy = fixture_load();
                assert_string_equal(fixture_value(policy, "seed.pip").value, pip);
                for (size_t k = 0; k <= i; k++)
                        assert_string_equal(pipseed_policy_file_at(policy, k), fixture_path(files[k]));
                assert_null(pipseed_policy_file_at(policy, i + 1));
                pipseed_policy_free(policy);
        }
        assert_int_equal(setenv("PIPSEED_SEED_PIP", "25.1", 1), 0);
        policy = fixture_load();
        assert_string_equal(fixture_value(policy, "seed.pip").value, "25.1");
        assert_int_equal(pipseed_policy_set(policy, "seed.pip", "26.1", "--pip", &err), 0);
        assert_string_equal(fixture_value(policy, "seed.pip").value, "26.1");
        assert_int_equal(pipseed_policy_set(policy, "seed.pip", "27.1", NULL, &err), 0);
        assert_string_equal(fixture_value(policy, "seed.pip").value, "27.1");
        assert_string_equal(fixture_value(policy, "seed.pip").origin, "seed.pip");
        pipseed_policy_free(policy);
        fixture_file = NULL;
}

static void test_lists_replace_and_append(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_request req = {.size = sizeof(req)};
        struct pipseed_policy *policy;

        (void)state;
        fixture_write(RIG_SYSTEM, "[wheels]\ndirs = /a:/b\n");
        fixture_write(RIG_USER, "[wheels]\ndirs = /c\n");
        policy = fixture_load();
        assert_string_equal(fixture_value(policy, "wheels.dirs").value, "/c");
        assert_int_equal(pipseed_policy_append(policy, "wheels.dirs", "/d:e", "--wheel-dir", &err), 0);
        assert_int_equal(pipseed_policy_apply(policy, &req, &err), 0);
        assert_int_equal(req.n_wheel_dirs, 2);
        assert_string_equal(req.wheel_dirs[1], "/d:e");
        assert_string_equal(fixture_value(policy, "wheels.dirs").layer, "command line");
        assert_int_equal(pipseed_policy_append(policy, "wheels.dirs", "relative", "--wheel-dir", &err),
                         PIPSEED_E_BAD_VALUE);
        assert_non_null(strstr(err.message, "--wheel-dir: "));
        err = (struct pipseed_error)PIPSEED_ERROR_INIT;
        assert_int_equal(pipseed_policy_append(policy, "seed.pip", "26", "--pip", &err), PIPSEED_E_USAGE);
        /* An earlier request keeps what it was given. */
        assert_string_equal(req.wheel_dirs[0], "/c");
        pipseed_policy_free(policy);
        fixture_write(RIG_USER, "[wheels]\ndirs =\n");
        policy = fixture_load();
        assert_string_equal(fixture_value(policy, "wheels.dirs").value, "");
        assert_string_equal(fixture_value(policy, "wheels.dirs").layer, "user");
        pipseed_policy_free(policy);
}

static void test_pins(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_request req = {.size = sizeof(req)};
        struct pipseed_policy *policy;

        (void)state;
        fixture_write(RIG_SYSTEM, "[sha256]\n" WHEEL " = " HEX_A "\n");
        fixture_write(RIG_USER, "[sha256]\n" OTHER_WHEEL " = " HEX_A "\n" WHEEL " = " HEX_B "\n");
        policy = fixture_load();
        assert_int_equal(pipseed_policy_apply(policy, &req, &err), 0);
        assert_int_equal(req.n_pins, 2);
        assert_string_equal(req.pins[0]->sha256, HEX_B);
        assert_string_equal(req.pins[1]->filename, OTHER_WHEEL);
        assert_int_equal(pipseed_policy_set(policy, "sha256.Mine-1-py3-none-any.whl", HEX_B, "--pin", &err), 0);
        assert_int_equal(pipseed_policy_count(policy), schema_count() + 3);
        assert_int_equal(req.n_pins, 2);
        assert_int_equal(pipseed_policy_apply(policy, &req, &err), 0);
        assert_int_equal(req.n_pins, 3);
        assert_string_equal(req.pins[2]->filename, "Mine-1-py3-none-any.whl");
        assert_int_equal(pipseed_policy_set(policy, "sha256.Mine-1-py3-none-any.whl", "abc", "--pin", &err),
                         PIPSEED_E_BAD_VALUE);
        pipseed_policy_free(policy);
}

static void test_environment(void **state)
{
        struct pipseed_policy *policy;

        (void)state;
        fixture_write(RIG_USER, "[seed]\npip = 25.2\n");
        assert_int_equal(setenv("PIPSEED_SEED_PIP", "", 1), 0);
        assert_int_equal(setenv("PIPSEED_POLICY", "", 1), 0);
        assert_int_equal(setenv("PIPSEED_SEED_TYPO", "", 1), 0);
        assert_int_equal(setenv("PIPSEED_TEST_SEED_PIP", "x", 1), 0);
        assert_int_equal(setenv("PIPSEED_BUILD", "x", 1), 0);
        assert_int_equal(setenv("PIPSEED_SEEDS", "x", 1), 0);
        assert_int_equal(setenv("PIPSEED_SEED", "x", 1), 0);
        assert_int_equal(setenv("pipseed_seed_pip", "1", 1), 0);
        policy = fixture_load();
        assert_string_equal(fixture_value(policy, "seed.pip").value, "25.2");
        pipseed_policy_free(policy);
        assert_int_equal(unsetenv("pipseed_seed_pip"), 0);
}

static void test_environment_not_used(void **state)
{
        struct pipseed_policy_options options = {.size = sizeof(options), .sysconf_dir = fixture_etc};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_policy *policy = NULL;

        (void)state;
        fixture_write(RIG_SYSTEM, "[seed]\npip = 25.1\n");
        fixture_write(RIG_USER, "[seed]\npip = 25.2\n");
        fixture_write(RIG_NAMED, "[seed]\npip = 25.3\n");
        assert_int_equal(setenv("PIPSEED_SEED_PIP", "25.4", 1), 0);
        assert_int_equal(setenv("PIPSEED_POLICY", fixture_path(RIG_NAMED), 1), 0);
        assert_int_equal(pipseed_policy_load(&options, &policy, &err), 0);
        assert_string_equal(fixture_value(policy, "seed.pip").value, "25.1");
        pipseed_policy_free(policy);
        policy = NULL;
        options.size = 0;
        assert_int_equal(pipseed_policy_load(&options, &policy, &err), PIPSEED_E_USAGE);
        assert_null(policy);
        pipseed_policy_free(NULL);
}

static void test_environment_faults(void **state)
{
        static const struct {
                const char *name, *value;
                int code;
                const char *message, *hint;
        } cases[] = {
                {"PIPSEED_SEED_PIPS", "1", PIPSEED_E_POLICY_SYNTAX, "unknown policy variable 'PIPSEED_SEED_PIPS'",
                 "PIPSEED_SEED_PIP?"},
                {"PIPSEED_SEED_LINK_MODE", "copy", PIPSEED_E_POLICY_SYNTAX,
                 "unknown policy variable 'PIPSEED_SEED_LINK_MODE'", "PIPSEED_INSTALL_LINK_MODE?"},
                {"PIPSEED_SEED_externally_managed", "x", PIPSEED_E_POLICY_SYNTAX,
                 "unknown policy variable 'PIPSEED_SEED_externally_managed'", "PIPSEED_SEED_EXTERNALLY_MANAGED?"},
                {"PIPSEED_CACHE_FROBNICATE", "1", PIPSEED_E_POLICY_SYNTAX,
                 "unknown policy variable 'PIPSEED_CACHE_FROBNICATE'", "list of keys"},
                {"PIPSEED_SEED_", "1", PIPSEED_E_POLICY_SYNTAX, "unknown policy variable 'PIPSEED_SEED_'",
                 "list of keys"},
                {"PIPSEED_SHA256_" WHEEL, HEX_A, PIPSEED_E_POLICY_SYNTAX, "PIPSEED_SHA256_" WHEEL, "in a policy file"},
                {"PIPSEED_POLICY_LOCK", "seed", PIPSEED_E_POLICY_SYNTAX, "PIPSEED_POLICY_LOCK: ", "unset it"},
                {"PIPSEED_POLICY_FILE", "x", PIPSEED_E_POLICY_SYNTAX, "unknown policy variable 'PIPSEED_POLICY_FILE'",
                 ""},
                {"PIPSEED_SEED_PIP", "latest", PIPSEED_E_POLICY_VALUE, "PIPSEED_SEED_PIP: seed.pip = 'latest': ", ""},
                {"PIPSEED_WHEELS_DIRS", "wheels", PIPSEED_E_POLICY_VALUE, "PIPSEED_WHEELS_DIRS: ", ""},
                {"PIPSEED_INSTALL_DURABLE", "maybe", PIPSEED_E_POLICY_VALUE, "must be yes or no", ""},
                {"PIPSEED_SEED_INSTALLER", "\xff\x1b[2J", PIPSEED_E_POLICY_VALUE, "'??[2J': is not UTF-8", ""},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct pipseed_error err;
                struct pipseed_policy *policy = NULL;

                assert_int_equal(setenv(cases[i].name, cases[i].value, 1), 0);
                fixture_refused(cases[i].code, cases[i].message);
                assert_true(fixture_try(&policy, &err) < 0);
                if (strstr(err.hint, cases[i].hint) == NULL)
                        fail_msg("%s: hint \"%s\"", cases[i].name, err.hint);
                assert_int_equal(pipseed_exit_code(err.code), 3);
                assert_int_equal(unsetenv(cases[i].name), 0);
        }
}

static void test_set_faults(void **state)
{
        static const struct {
                const char *key, *value;
                int code;
                const char *message, *hint;
        } cases[] = {
                {"seed.pips", "1", PIPSEED_E_USAGE, "--o: unknown policy key 'seed.pips'", "did you mean seed.pip?"},
                {"seed", "1", PIPSEED_E_USAGE, "unknown policy key 'seed'", ""},
                {"sha256.pip", HEX_A, PIPSEED_E_USAGE, "unknown policy key 'sha256.pip'", ""},
                {"policy.lock", "seed", PIPSEED_E_USAGE, "system files only", ""},
                {"seed.pip", "", PIPSEED_E_BAD_VALUE, "--o: seed.pip = '': ", ""},
                {"install.link-mode", "move", PIPSEED_E_BAD_VALUE, "auto, reflink, hardlink, copy or symlink", ""},
        };
        struct pipseed_policy *policy = fixture_load();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                assert_int_equal(pipseed_policy_set(policy, cases[i].key, cases[i].value, "--o", &err), cases[i].code);
                if (strstr(err.message, cases[i].message) == NULL || strstr(err.hint, cases[i].hint) == NULL)
                        fail_msg("%s: \"%s\", hint \"%s\"", cases[i].key, err.message, err.hint);
                assert_int_equal(pipseed_exit_code(err.code), 2);
        }
        assert_string_equal(fixture_value(policy, "seed.pip").layer, "built-in");
        pipseed_policy_free(policy);
}

/* ---- locks ----------------------------------------------------------------------------------------------------- */

/* later is put into each later layer in turn: it must be refused, or taken without a change of origin. */
static const struct {
        const char *system, *drop_in;
        const char *later; /* "section.key=value" */
        bool refused;
} locks[] = {
        {"[policy]\nlock = seed.pip\n[seed]\npip = 25.2\n", NULL, "seed.pip=26.3", true},
        {"[policy]\nlock = seed.pip\n[seed]\npip = 25.2\n", NULL, "seed.pip====25.2", true},
        {"[policy]\nlock = seed.pip\n[seed]\npip = 25.2\n", NULL, "seed.pip===25.2", false},
        {"[policy]\nlock = seed.pip\n[seed]\npip = 25.2\n", NULL, "seed.pip=25.2", false},
        {"[policy]\nlock = seed.pip\n[seed]\npip = 25.2\n", NULL, "seed.pip= == 25.2", false},
        {"[seed]\npip = 25.2\n[policy]\nlock = seed.pip\n", NULL, "seed.pip=26.3", true},
        {"[policy]\nlock = seed.pip\n", NULL, "seed.pip=26.3", true},
        {"[policy]\nlock = seed.pip\n", NULL, "seed.pip=newest", false},
        {"[policy]\nlock = seed.pip\n", NULL, "seed.user=deny", false},
        {"[policy]\nlock = seed\n[seed]\nuser = deny\n", NULL, "seed.user=allow", true},
        {"[policy]\nlock = seed\n[seed]\nuser = deny\n", NULL, "seed.installer=me", true},
        {"[policy]\nlock = seed\n[seed]\nuser = deny\n", NULL, "seed.user=deny", false},
        {"[policy]\nlock = wheels\n[wheels]\ndirs = /a:/b\n", NULL, "wheels.dirs=/a", true},
        {"[policy]\nlock = wheels\n[wheels]\ndirs = /a:/b\n", NULL, "wheels.dirs=/a:/b", false},
        {"[policy]\nlock = wheels\n[wheels]\ndirs = /a:/b\n", NULL, "seed.pip=26", false},
        {"[policy]\nlock = install, venv.hooks\n", NULL, "venv.hooks=/x.so", true},
        {"[policy]\nlock = seed.upgrade\n[seed]\nupgrade = no\n", NULL, "seed.upgrade=off", false},
        {"[seed]\npip = 25.2\n", "[policy]\nlock = seed.pip\n", "seed.pip=26", true},
        {"[policy]\nlock = seed.user\n", "[policy]\nlock = seed.pip\n", "seed.user=deny", true},
        {"[policy]\nlock = seed.user\n", "[policy]\nlock =\n", "seed.user=deny", true},
        {"[policy]\nlock = sha256\n[sha256]\n" WHEEL " = " HEX_A "\n", NULL, "sha256." WHEEL "=" HEX_B, true},
        {"[policy]\nlock = sha256\n[sha256]\n" WHEEL " = " HEX_A "\n", NULL, "sha256." WHEEL "=" HEX_A, false},
        {"[policy]\nlock = sha256\n[sha256]\n" WHEEL " = " HEX_A "\n", NULL, "sha256." OTHER_WHEEL "=" HEX_A, true},
        {"[policy]\nlock = sha256\n", NULL, "sha256." OTHER_WHEEL "=" HEX_A, true},
};

static void check_lock(size_t row, enum place place)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_policy *policy = NULL;
        const char *equals = strstr(locks[row].later, ".whl=");
        char key[128];
        char named[512];
        char origin[600] = "";
        int r;

        equals = equals != NULL ? equals + 4 : strchr(locks[row].later, '=');
        (void)snprintf(key, sizeof(key), "%.*s", (int)(equals - locks[row].later), locks[row].later);
        fixture_write(RIG_SYSTEM, locks[row].system);
        if (locks[row].drop_in != NULL)
                fixture_write("etc/pipseed/policy.d/10.ini", locks[row].drop_in);
        set_in(place, key, equals + 1, origin);
        (void)snprintf(named, sizeof(named), "%s", fixture_path(RIG_NAMED));
        fixture_file = place == PLACE_NAMED ? named : NULL;
        r = fixture_try(&policy, &err);
        if (r == 0 && place == PLACE_OPTION)
                r = pipseed_policy_set(policy, key, equals + 1, "--option", &err);
        if ((r == PIPSEED_E_POLICY_LOCKED) != locks[row].refused || (r < 0 && r != PIPSEED_E_POLICY_LOCKED))
                fail_msg("row %zu in %s: %d \"%s\"", row, places[place].layer, r, err.message);
        if (r < 0) {
                bool named_lock = strstr(err.message, fixture_path("etc/pipseed/policy.")) != NULL;

                if (strstr(err.message, origin) == NULL || !named_lock || strstr(err.message, key) == NULL)
                        fail_msg("row %zu in %s: \"%s\" does not name %s and the lock", row, places[place].layer,
                                 err.message, origin);
                assert_int_equal(pipseed_exit_code(r), 3);
        } else if (fixture_value(policy, key).locked_by != NULL) {
                /* The same value again changes nothing, not even where it comes from. */
                assert_string_not_equal(fixture_value(policy, key).origin, origin);
        }
        pipseed_policy_free(policy);
        fixture_file = NULL;
}

static void test_locks(void **state)
{
        for (size_t row = 0; row < ARRAY_SIZE(locks); row++)
                for (enum place place = PLACE_DROP_IN; place <= PLACE_OPTION; place++) {
                        if (place == PLACE_VARIABLE && strncmp(locks[row].later, "sha256.", 7) == 0)
                                continue;
                        fixture_teardown(state);
                        fixture_setup(state);
                        check_lock(row, place);
                }
}

static void test_lock_places(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_policy *policy;
        char lock[600];

        (void)state;
        fixture_write(RIG_SYSTEM, "[policy]\nlock = seed.pip, sha256\n[sha256]\n" WHEEL " = " HEX_A "\n");
        fixture_write(RIG_DROP_IN, "[policy]\n\nlock = seed\n");
        policy = fixture_load();
        (void)snprintf(lock, sizeof(lock), "%s:2", fixture_path(RIG_SYSTEM));
        assert_string_equal(fixture_value(policy, "seed.pip").locked_by, lock);
        assert_string_equal(fixture_value(policy, "seed.pip").layer, "built-in");
        assert_string_equal(fixture_value(policy, "sha256." WHEEL).locked_by, lock);
        assert_string_equal(fixture_value(policy, "policy.lock").value, "seed.pip, sha256, seed");
        assert_int_equal(pipseed_policy_set(policy, "seed.pip", "26.3", "--pip", &err), PIPSEED_E_POLICY_LOCKED);
        assert_non_null(strstr(err.message, "--pip: refusing to set seed.pip to '26.3': locked to 'newest' by "));
        assert_non_null(strstr(err.message, lock));
        assert_string_equal(fixture_value(policy, "seed.pip").value, "newest");
        (void)snprintf(lock, sizeof(lock), "%s:3", fixture_path(RIG_DROP_IN));
        assert_string_equal(fixture_value(policy, "seed.user").locked_by, lock);
        assert_null(fixture_value(policy, "wheels.dirs").locked_by);
        pipseed_policy_free(policy);
}

static void test_lock_append(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_policy *policy;

        (void)state;
        fixture_write(RIG_SYSTEM, "[policy]\nlock = wheels.dirs\n[wheels]\ndirs = /a:/b\n");
        policy = fixture_load();
        assert_int_equal(pipseed_policy_append(policy, "wheels.dirs", "/b", "--wheel-dir", &err), 0);
        assert_string_equal(fixture_value(policy, "wheels.dirs").layer, "system");
        assert_int_equal(pipseed_policy_append(policy, "wheels.dirs", "/c", "--wheel-dir", &err),
                         PIPSEED_E_POLICY_LOCKED);
        assert_string_equal(fixture_value(policy, "wheels.dirs").value, "/a:/b");
        pipseed_policy_free(policy);
}

/* ---- faults of files ------------------------------------------------------------------------------------------- */

static void test_file_faults(void **state)
{
        static const struct {
                const char *text;
                int code;
                unsigned int line;
                const char *message;
        } cases[] = {
                {"[seed]\nscripts = all\n", PIPSEED_E_POLICY_VALUE, 2, "must be ensurepip, default or alt"},
                {"[seed]\npip = latest\n", PIPSEED_E_POLICY_VALUE, 2, "seed.pip = 'latest'"},
                {"[seed]\npip =\n", PIPSEED_E_POLICY_VALUE, 2, "not empty"},
                {"\n\n[sha256]\n" WHEEL " = 12\n", PIPSEED_E_POLICY_VALUE, 4, "64 hexadecimal digits"},
                {"[wheels]\ndirs = /a\n  b\n", PIPSEED_E_POLICY_VALUE, 2, "'b' is not an absolute path"},
                {"[wheels]\ndirs = ~/a\n", PIPSEED_E_POLICY_VALUE, 2, "not an absolute path"},
                {"[cache]\ndir = cache\n", PIPSEED_E_POLICY_VALUE, 2, "not an absolute path"},
                {"[install]\ndurable =\n", PIPSEED_E_POLICY_VALUE, 2, "must be yes or no"},
                {"[seed]\nusers = deny\n", PIPSEED_E_POLICY_SYNTAX, 2, "unknown key 'users'"},
                {"[seeds]\nuser = deny\n", PIPSEED_E_POLICY_SYNTAX, 1, "unknown section [seeds]"},
                {"[seed]\npip\n", PIPSEED_E_POLICY_SYNTAX, 2, "expected [section]"},
                {"[seed]\nuser = deny\nuser = deny\n", PIPSEED_E_POLICY_SYNTAX, 3, "duplicate key"},
        };
        static const struct {
                const char *text;
                const char *message;
        } lock_cases[] = {
                {"[policy]\nlock = seed.pips\n", "'seed.pips' is neither a key nor a section"},
                {"[policy]\nlock = seed, pip\n", "'pip' is neither"},
                {"[policy]\nlock = sha256." WHEEL "\n", "is neither"},
                {"[policy]\nlock = policy.lock\n", "cannot be locked"},
                {"[policy]\nlock = policy\n", "cannot be locked"},
                {"[policy]\nlock = SEED\n", "is neither"},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (enum place place = PLACE_SYSTEM; place <= PLACE_USER; place++) {
                        char origin[600];

                        (void)snprintf(origin, sizeof(origin), "%s:%u: ", fixture_path(places[place].file),
                                       cases[i].line);
                        fixture_write(places[place].file, cases[i].text);
                        fixture_refused(cases[i].code, origin);
                        fixture_refused(cases[i].code, cases[i].message);
                        fixture_remove(places[place].file);
                }
        for (size_t i = 0; i < ARRAY_SIZE(lock_cases); i++) {
                fixture_write(RIG_SYSTEM, lock_cases[i].text);
                fixture_refused(PIPSEED_E_POLICY_VALUE, lock_cases[i].message);
                fixture_refused(PIPSEED_E_POLICY_VALUE, "policy.ini:2: ");
        }
}

/* ---- the example ----------------------------------------------------------------------------------------------- */

static void test_example(void **state)
{
        _cleanup_free_ char *example = fixture_read_source("conf/policy.ini.example");
        struct pipseed_policy *policy;
        char *line;

        (void)state;
        fixture_write(RIG_SYSTEM, example);
        policy = fixture_load();
        assert_int_equal(pipseed_policy_count(policy), schema_count());
        for (size_t i = 0; i < schema_count(); i++)
                assert_string_equal(fixture_value(policy, schema_at(i)->name).layer, "built-in");
        pipseed_policy_free(policy);

        for (line = example; line != NULL; line = strchr(line, '\n')) {
                line += *line == '\n';
                if (*line == '#')
                        memmove(line, line + 1, strlen(line));
        }
        fixture_write(RIG_SYSTEM, example);
        policy = fixture_load();
        assert_int_equal(pipseed_policy_count(policy), schema_count() + 1);
        for (size_t i = 0; i < schema_count(); i++) {
                struct pipseed_policy_value value = fixture_value(policy, schema_at(i)->name);

                assert_string_equal(value.layer, "system");
                if (schema_at(i)->fallback[0] != '\0')
                        assert_string_equal(value.value, schema_at(i)->fallback);
                else
                        assert_true(value.value[0] != '\0');
        }
        pipseed_policy_free(policy);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                RIG_TEST(test_every_key_in_every_layer),
                RIG_TEST(test_pin_in_every_layer),
                RIG_TEST(test_built_in),
                RIG_TEST(test_order),
                RIG_TEST(test_lists_replace_and_append),
                RIG_TEST(test_pins),
                RIG_TEST(test_environment),
                RIG_TEST(test_environment_not_used),
                RIG_TEST(test_environment_faults),
                RIG_TEST(test_set_faults),
                RIG_TEST(test_locks),
                RIG_TEST(test_lock_places),
                RIG_TEST(test_lock_append),
                RIG_TEST(test_file_faults),
                RIG_TEST(test_example),
        };

        fixture_begin();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
