/* SPDX-License-Identifier: MIT */
#include "tree_fixture.h"

#include "target/managed.h"
#include "target/target.h"

#define HEAD "[externally-managed]\n"

/* Expectations are what Python's configparser(interpolation=None) and pip's choice of the key give. */
static const struct {
        const char *name;
        const char *text;
        const char *locale;
        const char *expected; /* NULL: none */
} text_cases[] = {
        {"plain", HEAD "Error=Use apt.\n", "", "Use apt."},
        {"colon", HEAD "Error: Use apt.\n", "", "Use apt."},
        {"first delimiter", HEAD "Error= a: b = c\n", "", "a: b = c"},
        {"case of key", HEAD "ERROR = x\n", "", "x"},
        {"lines", HEAD "Error=one\n two\n\n   three\n", "", "one\ntwo\n\nthree"},
        {"blank lines at the end go", HEAD "Error=one\n two\n\n\n", "", "one\ntwo"},
        {"starts on the next line", HEAD "Error =\n  one\n  two\n", "", "\none\ntwo"},
        {"comment inside", HEAD "Error=one\n # no\n; no\n two\n", "", "one\ntwo"},
        {"no inline comments", HEAD "Error=one # two\n", "", "one # two"},
        {"no interpolation", HEAD "Error=100%% of %(x)s\n", "", "100%% of %(x)s"},
        {"CRLF", HEAD "Error=one\r\n two\r\n", "", "one\ntwo"},
        {"no end of line", HEAD "Error=one", "", "one"},
        {"full locale", HEAD "Error=en\nError-de_DE=voll\nError-de=kurz\n", "de_DE.UTF-8", "voll"},
        {"language", HEAD "Error=en\nError-de=kurz\n", "de_DE.UTF-8", "kurz"},
        {"with modifier", HEAD "Error=en\nError-de=kurz\n", "de_DE@euro", "kurz"},
        {"language alone", HEAD "Error=en\nError-de=kurz\n", "de", "kurz"},
        {"another language", HEAD "Error=en\nError-de=kurz\n", "fr_FR.UTF-8", "en"},
        {"case of locale key", HEAD "Error=en\nerror-DE_de=x\n", "de_DE", "x"},
        {"C", HEAD "Error=en\nError-C=no\n", "C", "en"},
        {"C.UTF-8", HEAD "Error=en\nError-C=no\n", "C.UTF-8", "en"},
        {"POSIX", HEAD "Error=en\nError-POSIX=no\n", "POSIX", "en"},
        {"locale without Error", HEAD "Error-de=kurz\n", "fr_FR", NULL},
        {"other sections", "[a]\nError=no\n" HEAD "Error=yes\n[b]\nError=no\n", "", "yes"},
        {"DEFAULT stands in", "[DEFAULT]\nError=all\n" HEAD "x=y\n", "", "all"},
        {"section missing", "[other]\nError=no\n", "", NULL},
        {"key missing", HEAD "x=y\n", "", NULL},
        {"empty file", "", "", NULL},
        {"no section header", "Error=no\n", "", NULL},
        {"line without delimiter", HEAD "Error=one\nnonsense\n", "", NULL},
        {"duplicate key", HEAD "Error=one\nerror=two\n", "", NULL},
        {"duplicate section", HEAD "Error=one\n" HEAD "x=y\n", "", NULL},
        {"empty section name", "[]\nError=one\n", "", NULL},
        {"not UTF-8", HEAD "Error=\xff\n", "", NULL},
        {"UTF-8", HEAD "Error=G\xc3\xa4nse\n", "", "G\xc3\xa4nse"},
};

static void test_text(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(text_cases); i++) {
                const char *expected = text_cases[i].expected;
                _cleanup_free_ char *text = NULL;
                int r = managed_text(text_cases[i].text, strlen(text_cases[i].text), text_cases[i].locale, &text);

                if (r != (expected != NULL) || (expected != NULL && strcmp(text, expected) != 0))
                        fail_msg("%s: %d <%s>", text_cases[i].name, r, text != NULL ? text : "");
        }
}

enum where { HOST, IMAGE, LIVE_WITH_ROOT };

static const struct {
        const char *name;
        const char *content; /* NULL: no file */
        bool is_venv;
        enum where where;
        bool user;
        const char *message; /* NULL: may be changed; "" any */
} check_cases[] = {
        {"no file", NULL, false, HOST, false, NULL},
        {"marked", HEAD "Error=Use apt.\n", false, HOST, false, "Use apt."},
        {"marked, user", HEAD "Error=Use apt.\n", false, HOST, true, "Use apt."},
        {"in an environment", HEAD "Error=Use apt.\n", true, HOST, false, NULL},
        {"into a root", HEAD "Error=Use apt.\n", false, LIVE_WITH_ROOT, false, NULL},
        {"into a root, user", HEAD "Error=Use apt.\n", false, LIVE_WITH_ROOT, true, "Use apt."},
        {"image", HEAD "Error=Use apt.\n", false, IMAGE, false, NULL},
        {"image, user", HEAD "Error=Use apt.\n", false, IMAGE, true, "Use apt."},
        {"empty file", "", false, HOST, false, ""},
        {"unusable file", "nonsense", false, HOST, false, ""},
        {"empty text", HEAD "Error=\n", false, HOST, false, ""},
};

static void check_one(size_t i)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct target target = {.is_venv = check_cases[i].is_venv, .prefix = "/usr"};
        const char *expected = check_cases[i].message;
        int r;

        if (check_cases[i].content != NULL)
                tree_file("lib/EXTERNALLY-MANAGED", check_cases[i].content);
        else
                tree_dir("lib");
        target.root = check_cases[i].where == HOST ? NULL : check_cases[i].where == IMAGE ? tree_root : "/elsewhere";
        target.in_image = check_cases[i].where == IMAGE;
        target.stdlib = check_cases[i].where == IMAGE ? "/lib" : tree_path("lib");
        r = target_check_managed(&target, check_cases[i].user, &err);
        if (r != (expected != NULL ? PIPSEED_E_EXTERNALLY_MANAGED : 0) || err.code != r)
                fail_msg("%s: %d", check_cases[i].name, r);
        if (expected != NULL && expected[0] != '\0')
                assert_string_equal(err.message, expected);
        if (expected != NULL) {
                assert_string_not_equal(err.message, "");
                assert_string_not_equal(err.hint, "");
                assert_non_null(strstr(err.path, "EXTERNALLY-MANAGED"));
        }
}

static void test_check(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(check_cases); i++) {
                check_one(i);
                assert_int_equal(tree_teardown(state), 0);
                assert_int_equal(tree_setup(state), 0);
        }
}

/* LC_ALL before LC_MESSAGES before LANG; an empty one counts as not set. */
static const struct {
        const char *all, *messages, *lang, *expected;
} locale_cases[] = {
        {"de_DE.UTF-8", "fr_FR", "it_IT", "de"},
        {NULL, "fr_FR", "it_IT", "fr"},
        {"", "", "it_IT", "it"},
        {NULL, NULL, NULL, "en"},
        {"C", "fr_FR", "it_IT", "en"},
};

static void set_or_unset(const char *name, const char *value)
{
        if (value != NULL)
                (void)setenv(name, value, 1);
        else
                (void)unsetenv(name);
}

static void test_locale(void **state)
{
        const struct target target = {.stdlib = tree_root, .prefix = "/usr", .run_exe = "/usr/bin/python3"};

        (void)state;
        tree_file("EXTERNALLY-MANAGED", HEAD "Error=en\nError-de=de\nError-fr=fr\nError-it_IT=it\n");
        for (size_t i = 0; i < ARRAY_SIZE(locale_cases); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                set_or_unset("LC_ALL", locale_cases[i].all);
                set_or_unset("LC_MESSAGES", locale_cases[i].messages);
                set_or_unset("LANG", locale_cases[i].lang);
                assert_int_equal(target_check_managed(&target, false, &err), PIPSEED_E_EXTERNALLY_MANAGED);
                assert_string_equal(err.message, locale_cases[i].expected);
        }
}

/* A text longer than the message ends with a whole character. */
static void test_long_text(void **state)
{
        const struct target target = {.stdlib = tree_root, .prefix = "/usr", .run_exe = "/usr/bin/python3"};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        str_add(&text, HEAD "Error=x");
        for (size_t i = 0; i < 2000; i++)
                str_add(&text, "\xc3\xa4");
        tree_file("EXTERNALLY-MANAGED", text.data);
        assert_int_equal(target_check_managed(&target, false, &err), PIPSEED_E_EXTERNALLY_MANAGED);
        assert_true(strlen(err.message) > 1000);
        assert_true(str_is_utf8(err.message, strlen(err.message)));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text),
                cmocka_unit_test_setup_teardown(test_check, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_locale, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_long_text, tree_setup, tree_teardown),
        };

        (void)unsetenv("LC_ALL");
        (void)unsetenv("LC_MESSAGES");
        (void)unsetenv("LANG");
        return cmocka_run_group_tests(tests, NULL, NULL);
}
