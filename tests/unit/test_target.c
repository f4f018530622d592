/* SPDX-License-Identifier: MIT */
/*
 * target_find on made-up interpreters (shell scripts that answer as a Python would), environments and images. The real
 * ones are compared in test_target_oracle.py.
 */
#include "tree_fixture.h"

#include "target/facts.h"
#include "target/image.h"
#include "target/probe.h"
#include "target/facts_cache.h"
#include "target/target.h"

#include <jansson.h>

static void add_hex(struct str *out, const char *text)
{
        for (; *text != '\0'; text++)
                str_printf(out, "%02x", (unsigned char)*text);
}

/* JSON with every 'quoted' absolute path ('/...') in hexadecimal, as the probe gives it; "@" is the temporary
 * directory. */
static char *encode(const char *template)
{
        struct str out = STR_INIT;

        while (*template != '\0') {
                size_t len = strcspn(template + 1, "'");
                struct str path = STR_INIT;

                if (template[0] != '\'') {
                        str_add_char(&out, *template ++);
                        continue;
                }
                for (const char *p = template + 1; p < template + 1 + len; p++)
                        str_printf(&path, "%s%.*s", *p == '@' ? tree_root : "", *p == '@' ? 0 : 1, p);
                str_add_char(&out, '"');
                add_hex(&out, path.data);
                str_add_char(&out, '"');
                str_done(&path);
                template += len + 2;
        }
        return str_steal(&out);
}

#define U PROBE_USER
#define P PROBE_PREFIX
static const char answer[] =
        "{\"version\": [3, 11, 4], \"implementation\": \"cpython\", \"impl_version\": [3, 11], \"executable\": '@/base/python3',"
        " \"prefix\": '@/base', \"stdlib\": '@/base/lib/python3.11', \"cache_tag\": \"cpython-311\", \"magic\": \"a70d0d0a\","
        " \"free_threaded\": false, \"platform\": \"linux_x86_64\", \"libc\": [\"glibc\", 2, 36],"
        " \"scheme\": ['@/base/site', '@/base/plat', '@/base/bin', '@/base/include', '@/base'],"
        " \"user_scheme\": ['" U "/lib/site', '" U "/lib/plat', '" U "/bin', '" U "/include', '" U "'],"
        " \"user_site\": '" U "/lib/site', \"site\": ['@/base/plat', '@/base/site'],"
        " \"venv_scheme\": ['" P "/lib/python3.11/site-packages', '" P "/lib64/python3.11/site-packages', '" P "/bin',"
        " '" P "/include/site/python3.11', '" P "'],"
        " \"venv_site\": ['" P "/lib64/python3.11/site-packages', '" P "/lib/python3.11/site-packages'],"
        " \"base_site\": ['@/base/site', '@/base/dist']}";

/* An answer with one field replaced; json NULL takes the field away. */
static char *answer_with(const char *field, const char *json)
{
        _cleanup_free_ char *text = encode(answer);
        _cleanup_free_ char *encoded = json != NULL ? encode(json) : NULL;
        json_t *object = json_loads(text, 0, NULL);
        char *changed;

        assert_non_null(object);
        if (encoded != NULL)
                assert_int_equal(json_object_set_new(object, field, json_loads(encoded, JSON_DECODE_ANY, NULL)), 0);
        else if (field != NULL)
                assert_int_equal(json_object_del(object, field), 0);
        changed = json_dumps(object, 0);
        json_decref(object);
        return changed;
}

static const struct {
        const char *field, *json;
        int code;
} parse_cases[] = {
        {NULL, NULL, 0},
        {"cache_tag", "null", 0},
        {"platform", "null", 0},
        {"libc", "null", 0},
        {"libc", "[\"musl\", 1, 2]", 0},
        {"executable", NULL, 0},
        {"site", "[]", 0},
        {"unknown", "1", 0},
        {"version", "[3, 5, 2]", PIPSEED_E_BAD_TARGET},
        {"version", "[2, 7, 18]", PIPSEED_E_BAD_TARGET},
        {"implementation", "\"otherpy\"", PIPSEED_E_BAD_TARGET},
        {"version", "[3, 11]", PIPSEED_E_PROBE_FAILED},
        {"version", "[3, 11, \"4\"]", PIPSEED_E_PROBE_FAILED},
        {"version", "[3, 11, -1]", PIPSEED_E_PROBE_FAILED},
        {"version", "[3, 11, 99999999999]", PIPSEED_E_PROBE_FAILED},
        {"version", "\"3.11.4\"", PIPSEED_E_PROBE_FAILED},
        {"version", NULL, PIPSEED_E_PROBE_FAILED},
        {"implementation", "3", PIPSEED_E_PROBE_FAILED},
        {"impl_version", "[1]", PIPSEED_E_PROBE_FAILED},
        {"prefix", "\"/usr\"", PIPSEED_E_PROBE_FAILED},
        {"prefix", "'relative'", PIPSEED_E_PROBE_FAILED},
        {"prefix", "\"\"", PIPSEED_E_PROBE_FAILED},
        {"prefix", "\"2f0061\"", PIPSEED_E_PROBE_FAILED},
        {"prefix", "\"2f6\"", PIPSEED_E_PROBE_FAILED},
        {"prefix", "\"2F61\"", PIPSEED_E_PROBE_FAILED},
        {"stdlib", "null", PIPSEED_E_PROBE_FAILED},
        {"cache_tag", "\"../x\"", PIPSEED_E_PROBE_FAILED},
        {"cache_tag", "\"\"", PIPSEED_E_PROBE_FAILED},
        {"cache_tag", NULL, PIPSEED_E_PROBE_FAILED},
        {"magic", "\"a70d0d\"", PIPSEED_E_PROBE_FAILED},
        {"magic", "\"a70d0dzz\"", PIPSEED_E_PROBE_FAILED},
        {"magic", "7", PIPSEED_E_PROBE_FAILED},
        {"free_threaded", "0", PIPSEED_E_PROBE_FAILED},
        {"libc", "[\"bionic\", 1, 2]", PIPSEED_E_PROBE_FAILED},
        {"libc", "[\"glibc\", 2]", PIPSEED_E_PROBE_FAILED},
        {"libc", NULL, PIPSEED_E_PROBE_FAILED},
        {"scheme", "['/a', '/b', '/c', '/d']", PIPSEED_E_PROBE_FAILED},
        {"scheme", "['/a', '/b', '/c', '/d', 5]", PIPSEED_E_PROBE_FAILED},
        {"venv_scheme", "{}", PIPSEED_E_PROBE_FAILED},
        {"user_scheme", NULL, PIPSEED_E_PROBE_FAILED},
        {"user_site", "[]", PIPSEED_E_PROBE_FAILED},
        {"site", "['/a', null]", PIPSEED_E_PROBE_FAILED},
        {"venv_site", "'/a'", PIPSEED_E_PROBE_FAILED},
        {"base_site", NULL, PIPSEED_E_PROBE_FAILED},
};

static void test_parse(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(parse_cases); i++) {
                _cleanup_free_ char *json = answer_with(parse_cases[i].field, parse_cases[i].json);
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct arena arena = {0};
                struct facts facts;
                int r = facts_parse(&arena, json, "/py", &facts, &err);

                if (r != parse_cases[i].code || err.code != r)
                        fail_msg("%s = %s: %d %s", parse_cases[i].field, parse_cases[i].json, r, err.message);
                arena_done(&arena);
        }
}

static void test_parse_no_json(void **state)
{
        static const char *const texts[] = {"",     "{",  "[]",
                                            "null", "{}", "{\"version\": [3,6,0], \"version\": [3,7,0]}"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct arena arena = {0};
                struct facts facts;

                assert_int_equal(facts_parse(&arena, texts[i], "/py", &facts, &err), PIPSEED_E_PROBE_FAILED);
                arena_done(&arena);
        }
}

/* A shell script that answers with the given JSON, and with its own path when it is asked who it is. */
static void make_python(const char *name, const char *json)
{
        struct str script = STR_INIT;

        str_add(&script, "#!/bin/sh\ncase $4 in *'def fill'*) printf '\\npipseed-probe:%s\\n' '");
        str_add(&script, json);
        str_add(&script, "';; *) printf '\\npipseed-probe:");
        add_hex(&script, tree_path(name));
        str_add(&script, "\\n';; esac\n");
        tree_program(name, script.data);
        str_done(&script);
}

static void make_cfg(const char *env, const char *more)
{
        _cleanup_free_ char *text = str_format("home = %s/base\n%s", tree_root, more);
        _cleanup_free_ char *name = str_format("%s/pyvenv.cfg", env);

        tree_file(name, text);
}

static void make_env(const char *env, const char *more)
{
        _cleanup_free_ char *link = str_format("%s/bin/python3", env);
        _cleanup_free_ char *python = str_format("%s/bin/python", env);
        _cleanup_free_ char *site = str_format("%s/lib/python3.11/site-packages", env);

        make_cfg(env, more);
        tree_link(link, tree_path("base/python3"));
        tree_link(python, "python3");
        tree_dir(site);
}

static void clear_environment(void)
{
        (void)setenv("PATH", "/nonexistent", 1);
        (void)setenv("PYTHONUSERBASE", tree_path("user"), 1);
        (void)unsetenv("VIRTUAL_ENV");
        (void)unsetenv("PYTHONNOUSERSITE");
}

static int begin(void **state)
{
        int r = tree_setup(state);

        if (r == 0) {
                _cleanup_free_ char *json = answer_with(NULL, NULL);

                make_python("base/python3", json);
                clear_environment();
        }
        return r;
}

static void check_path(const char *got, const char *expected)
{
        assert_string_equal(got, tree_path(expected));
}

static void test_environment(void **state)
{
        struct target_query query = {0};
        _cleanup_(target_freep) struct target *target = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        make_env("env", "include-system-site-packages = false\n");
        tree_dir("user/lib/site");
        tree_dir("base/dist");
        query.env = tree_path("env");
        assert_int_equal(target_find(&query, &target, &err), 0);
        check_path(target->exe, "env/bin/python3");
        check_path(target->run_exe, "base/python3"); /* never the environment's own */
        check_path(target->prefix, "env");
        check_path(target->base_prefix, "base");
        check_path(target->stdlib, "base/lib/python3.11");
        check_path(target->scheme.dirs[PLAN_LIB], "env/lib/python3.11/site-packages");
        check_path(target->scheme.dirs[PLAN_OTHER_LIB], "env/lib64/python3.11/site-packages");
        check_path(target->scheme.dirs[PLAN_HEADERS], "env/include/site/python3.11");
        check_path(target->scheme.dirs[PLAN_SCRIPTS], "env/bin");
        check_path(target->scheme.dirs[PLAN_DATA], "env");
        check_path(target->user_scheme.dirs[PLAN_LIB], "user/lib/site");
        assert_true(target->is_venv && !target->system_site && !target->user_site_enabled &&
                    strcmp(target->implementation->name, "cpython") == 0);
        assert_string_equal(target->version, "3.11.4");
        assert_string_equal(target->cache_tag, "cpython-311");
        assert_memory_equal(target->magic, "\xa7\r\r\n", 4);
        assert_int_equal(target->tags.libc, TAG_LIBC_GLIBC);
        assert_int_equal(target->n_search, 1);
        check_path(target->search[0], "env/lib/python3.11/site-packages");
}

static void test_system_site(void **state)
{
        static const char *const expected[] = {"env/lib/python3.11/site-packages", "user/lib/site", "base/site",
                                               "base/dist"};
        struct target_query query = {0};
        _cleanup_(target_freep) struct target *target = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        make_env("env", "include-system-site-packages = true\n");
        tree_dir("user/lib/site");
        tree_dir("base/site");
        tree_dir("base/dist");
        query.env = tree_path("env");
        assert_int_equal(target_find(&query, &target, &err), 0);
        assert_true(target->is_venv && target->system_site && target->user_site_enabled);
        assert_int_equal(target->n_search, ARRAY_SIZE(expected));
        for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
                check_path(target->search[i], expected[i]);
}

static void test_legacy(void **state)
{
        struct target_query query = {0};
        _cleanup_(target_freep) struct target *target = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        tree_program("old/bin/python3", "");
        tree_link("old/bin/python", "python3");
        tree_file("old/bin/activate_this.py", "");
        tree_file("old/lib/python3.11/orig-prefix.txt", tree_path("base"));
        tree_file("old/lib/python3.11/no-global-site-packages.txt", "");
        tree_link("base/bin", ".");
        tree_link("base/python3.11", "python3");
        query.env = tree_path("old");
        assert_int_equal(target_find(&query, &target, &err), 0);
        assert_true(target->is_venv && !target->system_site);
        check_path(target->exe, "old/bin/python3");
        check_path(target->scheme.dirs[PLAN_LIB], "old/lib/python3.11/site-packages");
}

/* Python's own and the home's rules for the user base. */
static const struct {
        const char *user_base, *home, *no_user_site;
        const char *expected; /* purelib of the user scheme */
        bool enabled;
} user_cases[] = {
        {"/ub", "/home/x", NULL, "/ub/lib/site", true},
        {NULL, "/home/x", NULL, "/home/x/.local/lib/site", true},
        {"", "/home/x", NULL, "/home/x/.local/lib/site", true},
        {NULL, "", NULL, "/.local/lib/site", true},
        {NULL, "/", NULL, "/.local/lib/site", true},
        {"/ub", "/home/x", "1", "/ub/lib/site", false},
        {"/ub", "/home/x", "", "/ub/lib/site", true},
};

static void set_or_unset(const char *name, const char *value)
{
        if (value != NULL)
                (void)setenv(name, value, 1);
        else
                (void)unsetenv(name);
}

static void test_user(void **state)
{
        _cleanup_free_ char *home = getenv("HOME") != NULL ? strdup(getenv("HOME")) : NULL;
        const struct target_query query = {.python = tree_path("base/python3")};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(user_cases); i++) {
                _cleanup_(target_freep) struct target *target = NULL;
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                set_or_unset("PYTHONUSERBASE", user_cases[i].user_base);
                set_or_unset("PYTHONNOUSERSITE", user_cases[i].no_user_site);
                set_or_unset("HOME", user_cases[i].home);
                assert_int_equal(target_find(&query, &target, &err), 0);
                assert_string_equal(target->user_scheme.dirs[PLAN_LIB], user_cases[i].expected);
                assert_int_equal(target->user_site_enabled, user_cases[i].enabled);
        }
        set_or_unset("HOME", home);
}

/* What is refused, and with which words. */
static const struct {
        const char *name;
        const char *env, *python, *virtual_env; /* "" and relative ones below the temporary directory, "=x" as it is */
        int code;
        const char *message; /* part of it */
} error_cases[] = {
        {"both", "env", "base/python3", NULL, PIPSEED_E_USAGE, "mutually exclusive"},
        {"environment missing", "missing", NULL, NULL, PIPSEED_E_NO_TARGET, "missing' not found"},
        {"empty directory", "empty", NULL, NULL, PIPSEED_E_NO_TARGET, "is not an environment"},
        {"interpreter missing", NULL, "missing", NULL, PIPSEED_E_NO_TARGET, "missing' not found"},
        {"not on PATH", NULL, "=python9.9", NULL, PIPSEED_E_NO_TARGET, "'python9.9' not found on PATH"},
        {"version not on PATH", NULL, "=3.11", NULL, PIPSEED_E_NO_TARGET, "Python '3.11' not found on PATH"},
        {"nothing named, nothing there", NULL, NULL, NULL, PIPSEED_E_NO_TARGET, "Python 'python3' not found on PATH"},
        {"no program", NULL, "plain", NULL, PIPSEED_E_BAD_TARGET, "executable"},
        {"dangling", NULL, "dangling", NULL, PIPSEED_E_BAD_TARGET, "is a dangling symbolic link"},
        {"stale VIRTUAL_ENV", NULL, NULL, "missing", PIPSEED_E_NO_TARGET, "VIRTUAL_ENV"},
        {"VIRTUAL_ENV is none", NULL, NULL, "empty", PIPSEED_E_BAD_TARGET, "VIRTUAL_ENV"},
        {"no home, and a copy", "no-home", NULL, NULL, PIPSEED_E_BAD_TARGET, "no home"},
        {"prefix without pyvenv.cfg", "prefix", NULL, NULL, PIPSEED_E_NO_TARGET, "is not an environment"},
        {"no home, and a copy, by interpreter", NULL, "no-home/bin/python3", NULL, PIPSEED_E_BAD_TARGET, "no home"},
        {"base gone", "orphan", NULL, NULL, PIPSEED_E_BAD_TARGET, "gone/python3' of environment"},
        {"base gone, by interpreter", NULL, "orphan/bin/python", NULL, PIPSEED_E_BAD_TARGET,
         "gone/python3' of environment"},
        {"base gone, by VIRTUAL_ENV", NULL, NULL, "orphan", PIPSEED_E_BAD_TARGET, "gone/python3' of environment"},
        {"base of another version", "upgraded", NULL, NULL, PIPSEED_E_BAD_TARGET, "created for python3.8"},
        {"fails", NULL, "fails", NULL, PIPSEED_E_PROBE_FAILED, "exit 3): oh no"},
        {"killed", NULL, "killed", NULL, PIPSEED_E_PROBE_FAILED, "signal 9"},
        {"says nothing", NULL, "silent", NULL, PIPSEED_E_PROBE_FAILED, "did not answer"},
        {"says nonsense", NULL, "nonsense", NULL, PIPSEED_E_PROBE_FAILED, "invalid answer"},
        {"too old for -I", NULL, "python2", NULL, PIPSEED_E_BAD_TARGET, "older than 3.6"},
        {"3.5", NULL, "old", NULL, PIPSEED_E_BAD_TARGET, "is Python 3.5"},
        {"nothing that can be executed", NULL, "garbage", NULL, PIPSEED_E_PROBE_FAILED, "garbage"},
};

static void make_error_tree(void)
{
        _cleanup_free_ char *old = answer_with("version", "[3, 5, 2]");

        make_env("env", "");
        tree_dir("empty");
        tree_file("plain", "x");
        tree_link("dangling", "/nonexistent/python");
        tree_file("no-home/pyvenv.cfg", "version = 3.11.4\n");
        make_python("no-home/bin/python3", "");
        make_python("prefix/bin/python3", "");
        make_cfg("orphan", "");
        tree_link("orphan/bin/python3", tree_path("gone/python3"));
        tree_link("orphan/bin/python", "python3");
        make_cfg("upgraded", "version = 3.8.1\n");
        tree_link("upgraded/bin/python3", tree_path("base/python3"));
        tree_dir("upgraded/lib/python3.8/site-packages");
        tree_program("fails", "#!/bin/sh\necho 'oh no' >&2\nexit 3\n");
        tree_program("killed", "#!/bin/sh\nkill -9 $$\n");
        tree_program("silent", "#!/bin/sh\nexit 0\n");
        make_python("nonsense", "{}");
        tree_program("python2", "#!/bin/sh\necho 'Unknown option: -I' >&2\nexit 2\n");
        make_python("old", old);
        tree_program("garbage", "\x01\x02\x03\x04");
}

static const char *expand(const char *text)
{
        if (text == NULL)
                return NULL;
        return text[0] == '=' ? text + 1 : tree_path(text);
}

static void test_errors(void **state)
{
        (void)state;
        make_error_tree();
        for (size_t i = 0; i < ARRAY_SIZE(error_cases); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct target *target = NULL;
                const struct target_query query = {.env = expand(error_cases[i].env),
                                                   .python = expand(error_cases[i].python)};
                int r;

                set_or_unset("VIRTUAL_ENV", expand(error_cases[i].virtual_env));
                r = target_find(&query, &target, &err);
                if (r != error_cases[i].code || err.code != r || strstr(err.message, error_cases[i].message) == NULL)
                        fail_msg("%s: %d <%s>", error_cases[i].name, r, err.message);
                assert_null(target);
        }
}

static int refuse(void *data, const struct pipseed_event *event)
{
        *(int *)data += event->kind == PIPSEED_EVENT_DETAIL && strstr(event->text, "base/python3") != NULL;
        return 1;
}

static void test_cancel(void **state)
{
        int n_events = 0;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct target *target = NULL;
        const struct target_query query = {.python = tree_path("base/python3"),
                                           .event = refuse,
                                           .event_data = &n_events};

        (void)state;
        assert_int_equal(target_find(&query, &target, &err), PIPSEED_E_CANCELLED);
        assert_int_equal(n_events, 1);
        assert_null(target);
}

static void test_names_on_path(void **state)
{
        _cleanup_free_ char *json = answer_with(NULL, NULL);
        _cleanup_free_ char *path = str_format("%s:%s::%s", tree_path("none"), tree_path("shims"), tree_path("base"));
        static const struct {
                const char *name, *exe;
        } cases[] = {
                {"python3", "base/python3"}, /* the shim of that name fails, the next one is taken */
                {"3.11", "base/python3.11"},
                {"3.11t", "base/python3.11t"},
                {"cpython3.11", "base/python3.11"},
                {"3.11.4", "base/python3"}, /* by what the interpreter says, not by its name */
                {">=3.10,<3.12", "base/python3"},
                {"3", "base/python3"},
                {"3.10", NULL},
                {"3.11.5", NULL},
                {"3.12t", NULL},
                {"pypy3.11", NULL},
                {">=3.12", NULL},
        };

        (void)state;
        tree_program("shims/python3", "#!/bin/sh\necho 'not installed' >&2\nexit 127\n");
        make_python("base/python3.11", json);
        make_python("base/python3.11t", json);
        tree_file("none/python3.11", "not executable");
        (void)setenv("PATH", path, 1);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(target_freep) struct target *target = NULL;
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                const struct target_query query = {.python = cases[i].name};

                assert_int_equal(target_find(&query, &target, &err), cases[i].exe != NULL ? 0 : PIPSEED_E_NO_TARGET);
                if (cases[i].exe == NULL) {
                        assert_non_null(strstr(err.message, cases[i].name));
                        assert_non_null(strstr(err.hint, "'>=3.12'"));
                        continue;
                }
                check_path(target->exe, cases[i].exe);
                assert_false(target->is_venv);
        }
}

/* Interpreters inside a root, from their files alone. */
static const struct {
        const char *name;
        const char *tree[8];
        const char *env, *python; /* of the query */
        int code;
        const char *version, *exe, *purelib, *scripts, *headers;
} image_cases[] = {
        {"buildroot",
         {"usr/bin/python3.11*", "usr/bin/python3 -> python3.11", "usr/lib/python3.11/os.pyc"},
         NULL,
         NULL,
         0,
         "3.11.0",
         "/usr/bin/python3",
         "/usr/lib/python3.11/site-packages",
         "/usr/bin",
         "/usr/include/python3.11"},
        {"micro",
         {"usr/bin/python3.11*", "usr/bin/python3 -> python3.11", "usr/lib/python3.11/os.py",
          "usr/include/python3.11/patchlevel.h"},
         NULL,
         NULL,
         0,
         "3.11.7",
         "/usr/bin/python3",
         "/usr/lib/python3.11/site-packages",
         "/usr/bin",
         "/usr/include/python3.11"},
        {"debian",
         {"usr/bin/python3.11*", "usr/bin/python3 -> /usr/bin/python3.11", "usr/lib/python3.11/os.py",
          "usr/lib/python3/dist-packages/", "etc/debian_version", "bin -> usr/bin"},
         NULL,
         "/bin/python3",
         0,
         "3.11.0",
         "/bin/python3",
         "/usr/local/lib/python3.11/dist-packages",
         "/usr/local/bin",
         "/usr/include/python3.11"},
        {"older debian",
         {"usr/bin/python3.9*", "usr/bin/python3 -> python3.9", "usr/lib/python3.9/os.py",
          "usr/lib/python3/dist-packages/", "etc/debian_version"},
         NULL,
         NULL,
         0,
         "3.9.0",
         "/usr/bin/python3",
         "/usr/local/lib/python3.9/dist-packages",
         "/usr/local/bin",
         "/usr/local/include/python3.9"},
        {"own build in debian",
         {"usr/local/bin/python3.12*", "usr/local/bin/python3 -> python3.12", "usr/local/lib/python3.12/os.py",
          "usr/lib/python3/dist-packages/", "etc/debian_version"},
         NULL,
         "python3",
         0,
         "3.12.0",
         "/usr/local/bin/python3",
         "/usr/local/lib/python3.12/site-packages",
         "/usr/local/bin",
         "/usr/local/include/python3.12"},
        {"abi flags",
         {"usr/bin/python3.7*", "usr/lib/python3.7/os.py"},
         NULL,
         "/usr/bin/python3.7",
         0,
         "3.7.0",
         "/usr/bin/python3.7",
         "/usr/lib/python3.7/site-packages",
         "/usr/bin",
         "/usr/include/python3.7m"},
        {"free-threaded",
         {"opt/bin/python3.13t*", "opt/lib/python3.13t/os.py"},
         NULL,
         "/opt/bin/python3.13t",
         0,
         "3.13.0",
         "/opt/bin/python3.13t",
         "/opt/lib/python3.13t/site-packages",
         "/opt/bin",
         "/opt/include/python3.13t"},
        {"lib64",
         {"usr/bin/python3.11*", "usr/lib64/python3.11/os.py"},
         NULL,
         "/usr/bin/python3.11",
         0,
         "3.11.0",
         "/usr/bin/python3.11",
         "/usr/lib/python3.11/site-packages",
         "/usr/bin",
         "/usr/include/python3.11"},
        {"version by its directory",
         {"usr/bin/python3*", "usr/lib/python3.10/os.py"},
         NULL,
         NULL,
         0,
         "3.10.0",
         "/usr/bin/python3",
         "/usr/lib/python3.10/site-packages",
         "/usr/bin",
         "/usr/include/python3.10"},
        {"by version",
         {"usr/bin/python3.10*", "usr/lib/python3.10/os.py"},
         NULL,
         "3.10",
         0,
         "3.10.0",
         "/usr/bin/python3.10",
         "/usr/lib/python3.10/site-packages",
         "/usr/bin",
         "/usr/include/python3.10"},
        {"environment inside",
         {"usr/bin/python3.11*", "usr/bin/python3 -> python3.11", "usr/lib/python3.11/os.py", "srv/app/pyvenv.cfg",
          "srv/app/bin/python3 -> /usr/bin/python3", "srv/app/bin/python -> python3"},
         "/srv/app",
         NULL,
         0,
         "3.11.0",
         "/srv/app/bin/python3",
         "/srv/app/lib/python3.11/site-packages",
         "/srv/app/bin",
         "/srv/app/include/site/python3.11"},
        {"two versions",
         {"usr/bin/python3*", "usr/lib/python3.10/os.py", "usr/lib/python3.11/os.py"},
         NULL,
         NULL,
         PIPSEED_E_BAD_TARGET,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL},
        {"no standard library",
         {"usr/bin/python3.11*"},
         NULL,
         "/usr/bin/python3.11",
         PIPSEED_E_BAD_TARGET,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL},
        {"3.5",
         {"usr/bin/python3.5*", "usr/lib/python3.5/os.py"},
         NULL,
         "/usr/bin/python3.5",
         PIPSEED_E_BAD_TARGET,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL},
        {"PyPy",
         {"usr/bin/pypy3*", "usr/lib/pypy3.9/os.py"},
         NULL,
         "/usr/bin/pypy3",
         PIPSEED_E_BAD_TARGET,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL},
        /* Not there: the live one is asked for, and PATH has none. */
        {"empty root", {"usr/"}, NULL, NULL, PIPSEED_E_NO_TARGET, NULL, NULL, NULL, NULL, NULL},
        {"link leads nowhere inside",
         {"usr/bin/python3 -> /nonexistent/python3.11"},
         NULL,
         "python3",
         PIPSEED_E_NO_TARGET,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL},
};

static void check_image(size_t i)
{
        _cleanup_(target_freep) struct target *target = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        const struct target_query query = {.env = image_cases[i].env,
                                           .python = image_cases[i].python,
                                           .root = tree_root};
        int r = target_find(&query, &target, &err);

        if (r != image_cases[i].code)
                fail_msg("%s: %d <%s>", image_cases[i].name, r, err.message);
        if (r < 0)
                return;
        assert_string_equal(target->root, tree_root);
        assert_null(target->run_exe);
        assert_false(target->was_probed);
        assert_string_equal(target->version, image_cases[i].version);
        assert_string_equal(target->exe, image_cases[i].exe);
        assert_string_equal(target->scheme.dirs[PLAN_LIB], image_cases[i].purelib);
        assert_string_equal(target->scheme.dirs[PLAN_SCRIPTS], image_cases[i].scripts);
        assert_string_equal(target->scheme.dirs[PLAN_HEADERS], image_cases[i].headers);
        assert_int_equal(target->magic[0] | target->magic[1] << 8, image_magic(target->minor));
        assert_int_equal(target->magic[2], '\r');
}

static void test_images(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(image_cases); i++) {
                for (size_t k = 0; k < ARRAY_SIZE(image_cases[i].tree) && image_cases[i].tree[k] != NULL; k++) {
                        const char *entry = image_cases[i].tree[k];

                        tree_entry(entry, str_ends(entry, "pyvenv.cfg")     ? "home = /usr/bin\n"
                                          : str_ends(entry, "patchlevel.h") ? "#define PY_MINOR_VERSION\t11\n"
                                                                              "#define PY_MICRO_VERSION\t7\n"
                                                                            : "");
                }
                check_image(i);
                assert_int_equal(tree_teardown(state), 0);
                assert_int_equal(tree_setup(state), 0);
        }
}

/* An environment with a link out of the image does not show the host's directories. */
static void test_image_search(void **state)
{
        _cleanup_(target_freep) struct target *target = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct target_query query = {0};
        char root[sizeof(tree_root) + 8];

        (void)state;
        (void)snprintf(root, sizeof(root), "%s/image", tree_root);
        tree_program("image/usr/bin/python3.11", "");
        tree_link("image/usr/bin/python3", "python3.11");
        tree_file("image/usr/lib/python3.11/os.py", "");
        tree_dir("image/opt/real");
        tree_link("image/usr/lib/python3.11/site-packages", "/opt/real");
        tree_file("image/opt/real/a.pth", "/opt/more\n/etc\n");
        tree_dir("image/opt/more");
        query.root = root;
        assert_int_equal(target_find(&query, &target, &err), 0);
        assert_int_equal(target->n_search, 2);
        assert_string_equal(target->search[0], "/usr/lib/python3.11/site-packages");
        assert_string_equal(target->search[1], "/opt/more");
}

static bool recall(const char *cache, const char *exe, const char *expected)
{
        _cleanup_(facts_cache_done) struct facts_cache remember = FACTS_CACHE_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_free_ char *json = NULL;

        assert_int_equal(facts_cache_open(&remember, cache, exe, &err), 0);
        if (!facts_cache_read(&remember, &json))
                return false;
        assert_string_equal(json, expected);
        return true;
}

static void keep(const char *cache, const char *exe, const char *json)
{
        _cleanup_(facts_cache_done) struct facts_cache remember = FACTS_CACHE_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        assert_int_equal(facts_cache_open(&remember, cache, exe, &err), 0);
        facts_cache_write(&remember, json);
}

static void test_remember(void **state)
{
        const char *exe = tree_path("py\xff thon");
        const char *cache = tree_path("deep/cache");
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct facts_cache none = FACTS_CACHE_INIT;

        (void)state;
        tree_program("py\xff thon", "one");
        assert_false(recall(cache, exe, ""));
        keep(cache, exe, "{\"a\": 1}");
        assert_true(recall(cache, exe, "{\"a\": 1}"));
        keep(cache, exe, "{\"a\": 2}");
        assert_true(recall(cache, exe, "{\"a\": 2}"));
        tree_link("link", exe);
        assert_false(recall(cache, tree_path("link"), ""));
        assert_int_equal(setenv("DEB_PYTHON_INSTALL_LAYOUT", "deb", 1), 0);
        assert_false(recall(cache, exe, ""));
        assert_int_equal(unsetenv("DEB_PYTHON_INSTALL_LAYOUT"), 0);
        assert_true(recall(cache, exe, "{\"a\": 2}"));
        tree_program("py\xff thon", "two!");
        assert_false(recall(cache, exe, ""));
        keep(NULL, exe, "{}");
        assert_int_equal(facts_cache_open(&none, cache, tree_path("missing"), &err), PIPSEED_E_BAD_TARGET);
        facts_cache_done(&none);
}

/* A cache that is a file or a link loop is as good as none. */
static void test_remember_unusable(void **state)
{
        const char *exe = tree_path("python");

        (void)state;
        tree_program("python", "");
        tree_file("file", "");
        tree_link("loop", "loop");
        tree_link("cache/facts", tree_path("elsewhere"));
        tree_dir("elsewhere");
        keep(tree_path("file"), exe, "{}");
        keep(tree_path("file/below"), exe, "{}");
        keep(tree_path("loop"), exe, "{}");
        keep(tree_path("cache"), exe, "{}");
        assert_false(recall(tree_path("file"), exe, ""));
        assert_false(recall(tree_path("loop"), exe, ""));
        assert_false(recall(tree_path("cache"), exe, ""));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_parse, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_parse_no_json, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_environment, begin, tree_teardown),
                cmocka_unit_test_setup_teardown(test_system_site, begin, tree_teardown),
                cmocka_unit_test_setup_teardown(test_legacy, begin, tree_teardown),
                cmocka_unit_test_setup_teardown(test_user, begin, tree_teardown),
                cmocka_unit_test_setup_teardown(test_errors, begin, tree_teardown),
                cmocka_unit_test_setup_teardown(test_cancel, begin, tree_teardown),
                cmocka_unit_test_setup_teardown(test_names_on_path, begin, tree_teardown),
                cmocka_unit_test_setup_teardown(test_images, begin, tree_teardown),
                cmocka_unit_test_setup_teardown(test_image_search, begin, tree_teardown),
                cmocka_unit_test_setup_teardown(test_remember, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_remember_unusable, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
