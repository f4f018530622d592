/* SPDX-License-Identifier: MIT */
#include "tree_fixture.h"

#include "base/error.h"
#include "pipseed.h"
#include "venv/clear.h"
#include "venv/destination.h"
#include "venv/text.h"
#include "venv/features.h"

#include <stdlib.h>
#include <sys/file.h>

/* Expected values: repr() and shlex.quote() of Python 3.11. */
static const struct {
        const char *text, *expected;
} reprs[] = {
        {"", "''"},
        {"plain", "'plain'"},
        {"it's", "\"it's\""},
        {"\"quoted\"", "'\"quoted\"'"},
        {"both ' and \"", "'both \\' and \"'"},
        {"back\\slash", "'back\\\\slash'"},
        {"tab\tline\nreturn\r", "'tab\\tline\\nreturn\\r'"},
        {"bell\a escape\x1b delete\x7f", "'bell\\x07 escape\\x1b delete\\x7f'"},
        {"gr\xc3\xbc\xc3\x9f", "'gr\xc3\xbc\xc3\x9f'"},
        {"\xf0\x9f\x90\x8d", "'\xf0\x9f\x90\x8d'"},
        {"no\xc2\xa0"
         "break",
         "'no\\xa0break'"},
        {"\xe2\x80\x8b\xe3\x80\x80", "'\\u200b\\u3000'"},
        {"\xf3\xa0\x80\x81", "'\\U000e0001'"},
        {"latin\xe9", "'latin\\udce9'"},
        {"cut\xe2\x82", "'cut\\udce2\\udc82'"},
        {"surrogate\xed\xa0\x80", "'surrogate\\udced\\udca0\\udc80'"},
};

static void repeats_as_python_does(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(reprs); i++) {
                _cleanup_(str_done) struct str out = STR_INIT;

                text_add_repr(&out, reprs[i].text);
                assert_string_equal(out.data, reprs[i].expected);
        }
}

static const struct {
        const char *text, *expected;
} decoded[] = {
        {"", ""},
        {"plain\n", "plain\n"},
        {"gr\xc3\xbc", "gr\xc3\xbc"},
        {"latin\xe9!", "latin\xef\xbf\xbd!"},
        {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
};

static void leaves_only_utf8(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(decoded); i++) {
                _cleanup_(str_done) struct str out = STR_INIT;

                text_add_utf8(&out, decoded[i].text);
                assert_string_equal(out.data, decoded[i].expected);
        }
}

/* All of "<__VENV_DIR__>" with this value for the directory. */
static const struct {
        const char *name;
        bool quotes;
        const char *value, *expected;
} scripts[] = {
        {"activate", true, "/srv/app-1.2_x@%+=,", "</srv/app-1.2_x@%+=,>"},
        {"activate", true, "/srv/my app", "<'/srv/my app'>"},
        {"activate", true, "it's", "<'it'\"'\"'s'>"},
        {"activate", true, "", "<''>"},
        {"activate", true, "$(id)`id`", "<'$(id)`id`'>"},
        {"activate", true, "gr\xc3\xbc\xc3\x9f", "<'gr\xc3\xbc\xc3\x9f'>"},
        {"activate.csh", true, "a b", "<'a b'>"},
        {"activate.fish", true, "a b", "<'a b'>"},
        {"Activate.ps1", true, "it's", "<'it''s'>"},
        {"activate.bat", true, "a b", "<a b>"},
        {"activate", false, "/srv/my app", "</srv/my app>"},
        {"activate", false, "it's a \\b", "<it's a \\b>"},
        {"activate", false, "$(id)", "<\\$(id)>"},
        {"activate", false, "`id`", "<\\`id\\`>"},
        {"activate", false, "say \"x\"", "<say \\\"x\\\">"},
        {"activate", false, "end\\", "<end\\\\>"},
        {"activate", false, "a\\$b", "<a\\\\\\$b>"},
        {"activate.fish", false, "$x `y` \"z\"", "<\\$x `y` \\\"z\\\">"},
        {"activate.csh", false, "a b", "<a b>"},
        {"activate.csh", false, "$x", "<\"'$'\"x>"},
        {"activate.csh", false, "`x`", "<\"'`'\"x\"'`'\">"},
        {"activate.csh", false, "x!\n", "<x\\!\\\n>"},
        {"Activate.ps1", false, "$x", "<$x>"},
        /* a value is not looked through again */
        {"activate", false, "__VENV_NAME__", "<__VENV_NAME__>"},
};

static void fills_scripts_in(void **state)
{
        static const char template[] = "<__VENV_DIR__>";

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
                const char *const values[TEXT_N_VARIABLES] = {[TEXT_DIR] = scripts[i].value, "n", "p", "b", "e"};
                _cleanup_(str_done) struct str out = STR_INIT;

                assert_true(
                        text_add_script(&out, scripts[i].name, template, strlen(template), values, scripts[i].quotes));
                assert_string_equal(out.data, scripts[i].expected);
        }
}

/* What a shell would expand in its prompt is not shown as it is; elsewhere it is. */
static void fills_prompts_in(void **state)
{
        static const struct {
                const char *template, *value;
                bool quotes;
                const char *expected;
        } cases[] = {
                {"a\n    PS1=\"(__VENV_PROMPT__) ${PS1:-}\"\n", "$(id)`id`\\044", false,
                 "a\n    PS1=\"(_(id)_id__044) ${PS1:-}\"\n"},
                {"PS1=\"(\"__VENV_PROMPT__\") ${PS1:-}\"\n", "$(id)", true, "PS1=\"(\"'_(id)'\") ${PS1:-}\"\n"},
                {"PS1=__VENV_PROMPT__\n", "plain", true, "PS1=plain\n"},
                {"VIRTUAL_ENV_PROMPT=__VENV_PROMPT__\n", "$(id)", true, "VIRTUAL_ENV_PROMPT='$(id)'\n"},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *const values[TEXT_N_VARIABLES] = {[TEXT_PROMPT] = cases[i].value};
                _cleanup_(str_done) struct str out = STR_INIT;

                assert_true(text_add_script(&out, "activate", cases[i].template, strlen(cases[i].template), values,
                                            cases[i].quotes));
                assert_string_equal(out.data, cases[i].expected);
        }
}

static void knows_all_placeholders(void **state)
{
        static const char template[] =
                "__VENV_DIR____VENV_NAME__ __VENV_PROMPT__ __VENV_BIN_NAME__ __VENV_PYTHON__ __VENV_OTHER__ __VENV_";
        static const char plain[] = "nothing to replace: __venv_dir__ VENV_DIR";
        const char *const values[TEXT_N_VARIABLES] = {"1", "2", "3", "4", "5"};
        _cleanup_(str_done) struct str out = STR_INIT;
        _cleanup_(str_done) struct str same = STR_INIT;

        (void)state;
        assert_true(text_add_script(&out, "activate", template, strlen(template), values, false));
        assert_string_equal(out.data, "12 3 4 5 __VENV_OTHER__ __VENV_");
        assert_false(text_add_script(&same, "activate", plain, strlen(plain), values, true));
        assert_string_equal(same.data, plain);
}

static const struct {
        struct text_config config;
        const char *expected;
} configs[] = {
        {{.home = "/usr/bin", .version = "3.8.18", .dir = "/srv/app"},
         "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.8.18\n"},
        {{.home = "/usr/bin", .version = "3.8.18", .prompt = "it's", .system_site = true, .dir = "/srv/app"},
         "home = /usr/bin\ninclude-system-site-packages = true\nversion = 3.8.18\nprompt = \"it's\"\n"},
        {{.home = "/b",
          .version = "3.13.0",
          .executable = "/b/python3.13",
          .program = "/b/python3",
          .dir = "/srv/my app"},
         "home = /b\ninclude-system-site-packages = false\nversion = 3.13.0\nexecutable = /b/python3.13\n"
         "command = /b/python3 -m venv /srv/my app\n"},
        {{.home = "/b",
          .version = "3.13.0",
          .prompt = "here",
          .executable = "/b/python3.13",
          .program = "/b/python3",
          .asked_prompt = ".",
          .dir = "/d\xff",
          .system_site = true,
          .copies = true,
          .without_pip = true,
          .clear = true,
          .upgrade = true,
          .without_ignore_file = true},
         "home = /b\ninclude-system-site-packages = true\nversion = 3.13.0\nprompt = 'here'\n"
         "executable = /b/python3.13\n"
         "command = /b/python3 -m venv --copies --without-pip --system-site-packages --clear --upgrade --prompt=\".\" "
         "--without-scm-ignore-files /d\xef\xbf\xbd\n"},
};

static void writes_configurations(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
                _cleanup_(str_done) struct str out = STR_INIT;

                text_add_config(&out, &configs[i].config);
                assert_string_equal(out.data, configs[i].expected);
        }
}

#define NAMES "('python', 'python3', f'python3.{sys.version_info[1]}'):"

static const struct {
        const char *source;
        int minor, result;
        struct features expected;
} sources[] = {
        {"", 13, -ENOTSUP, {0}},
        {"for suffix in ('python', 'python3', 'snake'):", 13, -ENOTSUP, {0}},
        {"for suffix in ('python', 'python3'):", 8, 0, {0}},
        {NAMES, 9, 0, {.minor_name = true}},
        {"('python', 'python3', f'python3.{sys.version_info[1]}', 'pypy3', 'pypy'):",
         9,
         0,
         {.minor_name = true, .own_names = true}},
        {"quote = shlex.quote\n if new_data == data: " NAMES,
         13,
         0,
         {.minor_name = true, .quotes = true, .keeps_unchanged = true}},
        {"suffixes.append('\xf0\x9d\x9c\x8bthon') " NAMES, 14, 0, {.minor_name = true, .pi_name = true}},
        {"suffixes.append('\xf0\x9d\x9c\x8bthon') " NAMES, 15, 0, {.minor_name = true}},
        {"f.write(f'prompt = {self.prompt!r}\\n') context.prompt = '(%s) ' % prompt\n if prompt == '.': " NAMES,
         9,
         0,
         {.minor_name = true, .has_prompt = true, .prompt_in_parens = true, .dot_is_dir = true}},
};

static void read_features(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
                struct features features = {0};

                assert_int_equal(features_read(sources[i].source, sources[i].minor, &features), sources[i].result);
                assert_memory_equal(&features, &sources[i].expected, sizeof(features));
        }
}

static bool exists(const char *name)
{
        struct stat st;

        return lstat(tree_path(name), &st) == 0;
}

static void publishes_and_takes_back(void **state)
{
        _cleanup_(destination_done) struct destination destination = DESTINATION_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        assert_int_equal(destination_open(&destination, tree_path("a/b/env"), &err), 0);
        assert_false(destination.existed);
        assert_int_equal(destination_reserve(&destination, &err), 0);
        assert_true(exists("a/b/.env.pipseed"));
        assert_int_equal(file_create(destination.sibling_fd, "file", 0600, "x", 1), 0);
        assert_int_equal(destination_publish(&destination, 0755, &err), 0);
        assert_true(exists("a/b/env/file"));
        assert_false(exists("a/b/.env.pipseed"));
        assert_int_equal(destination_undo(&destination, &err), 0);
        assert_false(exists("a/b/env"));
        destination_done(&destination);
        assert_false(exists("a"));
}

static void puts_the_old_one_back(void **state)
{
        _cleanup_(destination_done) struct destination destination = DESTINATION_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        tree_file("env/old", "x");
        assert_int_equal(destination_open(&destination, tree_path("env"), &err), 0);
        assert_true(destination.existed);
        assert_int_equal(destination_reserve(&destination, &err), 0);
        assert_int_equal(destination_publish(&destination, 0755, &err), 0);
        assert_false(exists("env/old"));
        assert_int_equal(destination_undo(&destination, &err), 0);
        assert_true(exists("env/old"));
        destination_done(&destination);
        assert_true(exists("env/old"));
        assert_false(exists(".env.pipseed"));
}

static void removes_the_old_one(void **state)
{
        _cleanup_(destination_done) struct destination destination = DESTINATION_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        tree_file("outside/kept", "x");
        tree_file("env/deep/old", "x");
        tree_link("env/link", tree_path("outside"));
        assert_int_equal(destination_open(&destination, tree_path("env"), &err), 0);
        assert_int_equal(destination_reserve(&destination, &err), 0);
        assert_int_equal(destination_publish(&destination, 0755, &err), 0);
        destination_done(&destination);
        assert_true(exists("env"));
        assert_false(exists("env/deep"));
        assert_false(exists(".env.pipseed"));
        assert_true(exists("outside/kept"));
}

static void takes_over_what_a_killed_run_left(void **state)
{
        _cleanup_(destination_done) struct destination destination = DESTINATION_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        tree_file(".env.pipseed/half", "x");
        assert_int_equal(destination_open(&destination, tree_path("env"), &err), 0);
        assert_int_equal(destination_reserve(&destination, &err), 0);
        assert_string_equal(destination.hidden, ".env.pipseed");
        assert_false(exists(".env.pipseed/half"));
}

static int cancel(void *data, const struct pipseed_event *event)
{
        (void)event;
        ++*(int *)data;
        return 1;
}

static void waits_for_a_live_run(void **state)
{
        _cleanup_(destination_done) struct destination destination = DESTINATION_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_close_ int held = -1;
        int n_events = 0;

        (void)state;
        tree_file(".env.pipseed/live", "x");
        held = file_open_dir(tree_path(".env.pipseed"));
        assert_int_equal(flock(held, LOCK_EX | LOCK_NB), 0);
        destination.event = cancel;
        destination.event_data = &n_events;
        assert_int_equal(destination_open(&destination, tree_path("env"), &err), 0);
        assert_int_equal(destination_reserve(&destination, &err), PIPSEED_E_CANCELLED);
        assert_int_equal(n_events, 1);
        destination_done(&destination);
        assert_true(exists(".env.pipseed/live"));
}

/* Someone else's link under the hidden name is not followed, and not touched. */
static void goes_round_a_link(void **state)
{
        _cleanup_(destination_done) struct destination destination = DESTINATION_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        tree_file("outside/kept", "x");
        tree_link(".env.pipseed", tree_path("outside"));
        assert_int_equal(destination_open(&destination, tree_path("env"), &err), 0);
        assert_int_equal(destination_reserve(&destination, &err), 0);
        assert_string_not_equal(destination.hidden, ".env.pipseed");
        assert_int_equal(destination_publish(&destination, 0755, &err), 0);
        destination_done(&destination);
        assert_true(exists("outside/kept"));
        assert_true(exists(".env.pipseed"));
        assert_true(exists("env"));
}

static void leaves_what_came_meanwhile(void **state)
{
        _cleanup_(destination_done) struct destination destination = DESTINATION_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        assert_int_equal(destination_open(&destination, tree_path("env"), &err), 0);
        assert_int_equal(destination_reserve(&destination, &err), 0);
        tree_file("env/theirs", "x");
        assert_int_equal(destination_publish(&destination, 0755, &err), 1);
        assert_true(destination.existed);
        assert_true(destination.dir_fd >= 0);
        destination_done(&destination);
        assert_true(exists("env/theirs"));
        assert_false(exists(".env.pipseed"));
}

static void does_not_undo_what_is_someone_elses(void **state)
{
        _cleanup_(destination_done) struct destination destination = DESTINATION_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        assert_int_equal(destination_open(&destination, tree_path("env"), &err), 0);
        assert_int_equal(destination_reserve(&destination, &err), 0);
        assert_int_equal(destination_publish(&destination, 0755, &err), 0);
        assert_int_equal(rename(tree_path("env"), tree_path("moved")), 0);
        tree_file("env/theirs", "x");
        assert_int_equal(destination_undo(&destination, &err), PIPSEED_E_BUSY);
        destination_done(&destination);
        assert_true(exists("env/theirs"));
        assert_true(exists("moved"));
}

static void holds_long_names(void **state)
{
        _cleanup_(destination_done) struct destination destination = DESTINATION_INIT;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        char name[256];

        (void)state;
        memset(name, 'n', 255);
        name[255] = '\0';
        assert_int_equal(destination_open(&destination, tree_path(name), &err), 0);
        assert_int_equal(destination_reserve(&destination, &err), 0);
        assert_int_equal(destination_publish(&destination, 0755, &err), 0);
        assert_true(exists(name));
}

static const struct {
        const char *path, *home, *cwd; /* below the test's directory */
        int result;
        enum clear_how how;
} clears[] = {
        {"env", "home", "other", 0, CLEAR_REPLACE},
        {"env", "home", "env", 0, CLEAR_INSIDE},
        {"env", "home", "env/bin", PIPSEED_E_REFUSED, CLEAR_NOTHING},
        {"env", "env", "other", PIPSEED_E_REFUSED, CLEAR_NOTHING},
        {"env", "env/bin", "other", PIPSEED_E_REFUSED, CLEAR_NOTHING},
        {"env", "", "other", PIPSEED_E_REFUSED, CLEAR_NOTHING}, /* HOME is a link to env */
        {"legacy", "home", "other", 0, CLEAR_REPLACE},
        {"project", "home", "other", PIPSEED_E_NOT_EMPTY, CLEAR_NOTHING},
        {"conda", "home", "other", PIPSEED_E_NOT_EMPTY, CLEAR_NOTHING},
        {"empty", "home", "other", 0, CLEAR_NOTHING},
        {"empty", "empty", "other", 0, CLEAR_NOTHING},
};

static void make_dirs(void)
{
        tree_file("env/pyvenv.cfg", "home = /usr/bin\n");
        tree_dir("env/bin");
        tree_file("legacy/bin/activate_this.py", "");
        tree_file("legacy/lib/python2.7/orig-prefix.txt", "/usr");
        tree_file("project/setup.py", "");
        tree_dir("conda/conda-meta");
        tree_dir("empty");
        tree_dir("home");
        tree_dir("other");
        tree_link("link-to-env", "env");
}

static void clears_environments_only(void **state)
{
        _cleanup_free_ char *old_home = strdup(getenv("HOME") != NULL ? getenv("HOME") : "/");
        _cleanup_free_ char *old_cwd = getcwd(NULL, 0);

        (void)state;
        make_dirs();
        for (size_t i = 0; i < ARRAY_SIZE(clears); i++) {
                _cleanup_close_ int fd = file_open_dir(tree_path(clears[i].path));
                _cleanup_close_ int parent_fd = file_open_dir(tree_path(""));
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                enum clear_how how = CLEAR_NOTHING;
                const char *new_home = tree_path(clears[i].home[0] != '\0' ? clears[i].home : "link-to-env");

                assert_int_equal(setenv("HOME", new_home, 1), 0);
                assert_int_equal(chdir(tree_path(clears[i].cwd)), 0);
                if (clear_check(tree_path(clears[i].path), fd, parent_fd, &how, &err) != clears[i].result ||
                    how != clears[i].how)
                        fail_msg("case %zu: %s: %s", i, clears[i].path, err.message);
                assert_true(clears[i].result == 0 || err.hint[0] != '\0');
        }
        assert_int_equal(chdir(old_cwd), 0);
        assert_int_equal(setenv("HOME", old_home, 1), 0);
}

int main(void)
{
#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(repeats_as_python_does),
                cmocka_unit_test(leaves_only_utf8),
                cmocka_unit_test(fills_scripts_in),
                cmocka_unit_test(fills_prompts_in),
                cmocka_unit_test(knows_all_placeholders),
                cmocka_unit_test(writes_configurations),
                cmocka_unit_test(read_features),
                WITH_TREE(publishes_and_takes_back),
                WITH_TREE(puts_the_old_one_back),
                WITH_TREE(removes_the_old_one),
                WITH_TREE(takes_over_what_a_killed_run_left),
                WITH_TREE(waits_for_a_live_run),
                WITH_TREE(goes_round_a_link),
                WITH_TREE(leaves_what_came_meanwhile),
                WITH_TREE(does_not_undo_what_is_someone_elses),
                WITH_TREE(holds_long_names),
                WITH_TREE(clears_environments_only),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
