/* SPDX-License-Identifier: MIT */
#include "policy_fixture.h"

#include "base/str.h"
#include "conf/settings.h"

#define WHEEL "pip-26.3-py3-none-any.whl"
#define LINE_LIMIT 198 /* of Debian's inih: 200 bytes, with the newline and the NUL */

static int parse(struct arena *arena, struct settings *settings, const void *data, size_t len,
                 struct pipseed_error *err)
{
        *settings = (struct settings){.layer = POLICY_LAYER_SYSTEM, .path = "/p.ini"};
        *err = (struct pipseed_error)PIPSEED_ERROR_INIT;
        return settings_parse(settings, data, len, arena, err);
}

/* expected: "name=value@line" of each setting, blanks between; values with "|" for their blanks. */
static const struct {
        const char *text;
        const char *expected;
} good[] = {
        {"", ""},
        {"\n\n", ""},
        {"; a comment\n# another\n   ; indented\n", ""},
        {"[seed]\npip = 25.2\n", "seed.pip=25.2@2"},
        {"[seed]\npip=25.2", "seed.pip=25.2@2"},
        {"[seed]\r\npip = 25.2\r\n\r\n[wheels]\r\nbundled = no\r\n", "seed.pip=25.2@2 wheels.bundled=no@5"},
        {"\xef\xbb\xbf[seed]\npip = 25.2\n", "seed.pip=25.2@2"},
        {"[seed]\npip : 25.2\n", "seed.pip=25.2@2"},
        {"[seed] ; a comment\n  pip = 25.2   ; another\n", "seed.pip=25.2@2"},
        {"[ seed ]\n", "!1"},
        {"[seed]# no blank\npip = >=25,<27\n", "seed.pip=>=25,<27@2"},
        {"[seed]\n[wheels]\n[seed]\nuser = deny\n[seed]\npip = 1\n", "seed.user=deny@4 seed.pip=1@6"},
        {"[wheels]\ndirs = /a\n[seed]\n  pip = 1\n", "wheels.dirs=/a@2 seed.pip=1@4"},
        {"[cache]\ndir =\nsystem =   ; none\n", "cache.dir=@2 cache.system=@3"},
        {"[cache]\ndir = /a;b\n", "cache.dir=/a;b@2"},
        {"[cache]\ndir = /a=b:c\n", "cache.dir=/a=b:c@2"},
        {"[sha256]\n" WHEEL " = abc\n", "sha256." WHEEL "=abc@2"},
        {"[sha256]\nA_b-1.0-1-py3-none-any.whl = x\na_b-1.0-1-py3-none-any.whl = y\n",
         "sha256.A_b-1.0-1-py3-none-any.whl=x@2 sha256.a_b-1.0-1-py3-none-any.whl=y@3"},
        {"[wheels]\ndirs = /a\n  /b\n\t/c:/d\nbundled = no\n", "wheels.dirs=/a:/b:/c:/d@2 wheels.bundled=no@5"},
        {"[wheels]\ndirs =\n  /a\n\n  ; comment\n  /b   ; comment\n", "wheels.dirs=/a:/b@2"},
        {"[wheels]\ndirs = /a:\n  /b\n", "wheels.dirs=/a:/b@2"},
        {"[policy]\nlock = seed.pip,\n  wheels\n  sha256\n", "policy.lock=seed.pip,wheels,sha256@2"},
        {"[seed]\npackages = pip\n  setuptools\n", "seed.packages=pip|setuptools@2"},
};

static void describe(const struct settings *settings, struct str *text)
{
        for (size_t i = 0; i < settings->n; i++) {
                size_t start;

                if (i > 0)
                        str_add_char(text, ' ');
                str_printf(text, "%s=", settings->list[i].name);
                start = text->len;
                str_add(text, settings->list[i].value);
                for (size_t k = start; k < text->len; k++)
                        if (text->data[k] == ' ')
                                text->data[k] = '|';
                str_printf(text, "@%s", strrchr(settings->list[i].origin, ':') + 1);
        }
}

static void test_good(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                _cleanup_(arena_done) struct arena arena = {0};
                _cleanup_(str_done) struct str text = STR_INIT;
                struct settings settings;
                struct pipseed_error err;
                int r = parse(&arena, &settings, good[i].text, strlen(good[i].text), &err);

                if (r < 0)
                        str_printf(&text, "!%c", err.message[strlen("/p.ini:")]);
                else
                        describe(&settings, &text);
                if (strcmp(text.data, good[i].expected) != 0)
                        fail_msg("case %zu: %s, not %s (%s)", i, text.data, good[i].expected, err.message);
        }
}

static const struct {
        const char *text;
        unsigned int line;
        const char *message;
        const char *hint;
} faulty[] = {
        {"pip = 25.2\n", 1, "before the first [section]", ""},
        {"[sed]\npip = 25.2\n", 1, "unknown section [sed]", "did you mean [seed]?"},
        {"[seed]\n[global]\n", 2, "unknown section [global]", "list of sections"},
        {"\xef\xbb\xbf[sed]\n", 1, "unknown section [sed]", "did you mean [seed]?"},
        {"[]\n", 1, "unknown section []", ""},
        {"[a-section-name-that-is-longer-than-inih-can-hold-and-so-would-be-cut-off-by-it]\n", 1, "unknown section [a-",
         ""},
        {"[seed]\n\npips = 25.2\n", 3, "unknown key 'pips' in [seed]", "did you mean pip?"},
        {"[seed]\nlink-mode = copy\n", 2, "unknown key 'link-mode'", "did you mean link-mode, in section [install]?"},
        {"[Seed]\npip = 1\n", 1, "unknown section [Seed]", "did you mean [seed]?"},
        {"[seed]\nPip = 1\n", 2, "unknown key 'Pip'", "did you mean pip?"},
        {"[seed]\nfrobnicate = 1\n", 2, "unknown key 'frobnicate'", "list of keys"},
        {"[seed]\n= 1\n", 2, "unknown key ''", ""},
        {"[seed ;]\npip = 1\n", 1, "unknown section [seed ;]", ""},
        {"[seed\npip = 1\n", 1, "expected [section] or key = value", ""},
        {"[seed]\npip\n", 2, "expected [section] or key = value", "begin a comment with"},
        {"[seed]\npip\nfrobnicate = 1\n", 2, "expected [section]", ""},
        {"[seed]\npip = 1\nnonsense\n[sed]\nx = 1\n", 3, "expected [section]", ""},
        {"[seed]\nfrobnicate = 1\npip\n", 2, "unknown key 'frobnicate'", ""},
        {"[seed] pip = 25.2\n", 1, "unexpected text after the [section]", ""},
        {"[seed]pip\n", 1, "unexpected text after the [section]", ""},
        {"[seed]\npip = 1\npip = 1\n", 3, "duplicate key, first given in line 2", ""},
        {"[seed]\npip = 1\n[wheels]\n[seed]\npip = 2\n", 5, "duplicate key, first given in line 2", ""},
        {"[sha256]\n" WHEEL " = a\n" WHEEL " = a\n", 3, "duplicate key, first given in line 2", ""},
        {"[sha256]\npip = a\n", 2, "invalid wheel file name 'pip'", ""},
        {"[sha256]\n../x-1-py3-none-any.whl = a\n", 2, "invalid wheel file name", ""},
        {"[seed]\npip = 25.2\n  user = deny\n", 3, "continues 'seed.pip', which is not a list",
         "remove the indentation"},
        {"[sha256]\n" WHEEL " = a\n  b\n", 3, "which is not a list", ""},
        {"[seed]\npip = 1\n  [wheels]\n", 3, "which is not a list", ""},
};

static void expect_fault(const char *data, size_t len, unsigned int line, const char *message, const char *hint)
{
        _cleanup_(arena_done) struct arena arena = {0};
        struct settings settings;
        struct pipseed_error err;
        char place[32];

        (void)snprintf(place, sizeof(place), "/p.ini:%u: ", line);
        if (parse(&arena, &settings, data, len, &err) != PIPSEED_E_POLICY_SYNTAX)
                fail_msg("%.60s: code %d, %s", data, err.code, err.message);
        if (!str_starts(err.message, place) || strstr(err.message, message) == NULL || strstr(err.hint, hint) == NULL)
                fail_msg("%.60s: \"%s\", hint \"%s\"; expected %s %s, hint %s", data, err.message, err.hint, place,
                         message, hint);
        assert_string_equal(err.path, "/p.ini");
}

static void test_faulty(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(faulty); i++)
                expect_fault(faulty[i].text, strlen(faulty[i].text), faulty[i].line, faulty[i].message, faulty[i].hint);
}

static void test_nul(void **state)
{
        static const char inside[] = "[seed]\npip = 25\0.2\n";
        static const char utf16[] = "\xff\xfe[\0s\0e\0e\0d\0]\0\n\0";

        (void)state;
        expect_fault(inside, sizeof(inside) - 1, 2, "NUL byte", "");
        expect_fault(utf16, sizeof(utf16) - 1, 1, "NUL byte", "");
        expect_fault("# a policy\r[seed]\rpip = 26.3\r", 29, 1, "carriage return", "");
        expect_fault("[seed]\r\npip = 26.3\rupgrade = yes\r\n", 34, 2, "carriage return", "");
        expect_fault("[seed]\n\fpip = 26.3\n", 19, 2, "control character", "");
}

/* A line is read whole or refused, be it a setting, a comment, continued, the last one without a newline. */
static void test_long_lines(void **state)
{
        static const struct {
                const char *before, *start, *after;
        } frames[] = {
                {"[cache]\n", "dir = /", "\n"}, {"[cache]\n", "dir = /", "\r\n"},
                {"[cache]\n", "dir = /", ""},   {"[cache]\n", "dir = /", "\nsystem = /x\n"},
                {"[cache]\n", "; ", "\n"},      {"[wheels]\ndirs = /a\n", "  /", "\n"},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
                unsigned int line = strchr(frames[i].before, '=') != NULL ? 3 : 2;

                for (size_t len = LINE_LIMIT - 3; len < LINE_LIMIT + 250; len++) {
                        _cleanup_(str_done) struct str text = STR_INIT;
                        _cleanup_(arena_done) struct arena arena = {0};
                        struct settings settings;
                        struct pipseed_error err;

                        str_printf(&text, "%s%s", frames[i].before, frames[i].start);
                        for (size_t k = strlen(frames[i].start); k < len; k++)
                                str_add_char(&text, 'x');
                        str_add(&text, frames[i].after);
                        if (len > LINE_LIMIT) {
                                expect_fault(text.data, text.len, line, "line too long", "indented line");
                                continue;
                        }
                        if (parse(&arena, &settings, text.data, text.len, &err) < 0)
                                fail_msg("frame %zu, %zu bytes: %s", i, len, err.message);
                        if (str_starts(frames[i].start, "dir"))
                                assert_int_equal(strlen(settings.list[0].value), len - strlen("dir = "));
                        if (str_starts(frames[i].start, "  /"))
                                assert_int_equal(strlen(settings.list[0].value), len - 2 + strlen("/a:"));
                }
        }
}

/* Files at the size limit must not take long: the work grows with the square of what is compared. */
static void test_large(void **state)
{
        _cleanup_(arena_done) struct arena arena = {0};
        _cleanup_(str_done) struct str keys = STR_INIT;
        _cleanup_(str_done) struct str lines = STR_INIT;
        struct settings settings;
        struct pipseed_error err;

        (void)state;
        str_add(&keys, "[sha256]\n");
        for (unsigned int i = 0; i < 4097; i++)
                str_printf(&keys, "p%u-1-a-b-c.whl=\n", i);
        expect_fault(keys.data, keys.len, 4098, "too many", "");
        str_add(&lines, "[wheels]\ndirs = /a\n");
        while (lines.len < (size_t)1 << 20)
                str_add(&lines, " /a\n");
        assert_int_equal(parse(&arena, &settings, lines.data, lines.len, &err), 0);
        assert_int_equal(settings.n, 1);
        assert_true(strlen(settings.list[0].value) > 700000);
}

static void test_linker(void **state)
{
        char origin[600];

        (void)state;
        memset(origin, 'x', sizeof(origin) - 1);
        memcpy(origin + sizeof(origin) - 4, ":12", 4);
        assert_string_equal(settings_place("/a:1"), "/a:1");
        assert_int_equal(strlen(settings_place(origin)), 256);
        assert_true(str_ends(settings_place(origin), "x:12"));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),       cmocka_unit_test(test_faulty), cmocka_unit_test(test_nul),
                cmocka_unit_test(test_long_lines), cmocka_unit_test(test_large),  cmocka_unit_test(test_linker),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
