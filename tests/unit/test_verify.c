/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"
#include "install/verify/distribution.h"
#include "wheel/record.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SITE "env/lib/site-packages"
#define INFO SITE "/demo-1.dist-info"
#define EMPTY "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"

/*
 * Each test gets a fresh directory with an environment in env/ and a store in store/. Paths in this file are relative
 * to that directory. Installed are these files, and RECORD, which lists them and some bytecode.
 */
static const struct {
        const char *path; /* in site-packages, as RECORD has it */
        const char *content;
        bool of_wheel;
} installed_files[] = {
        {"../../bin/demo", "#!/env/bin/python\n", false},
        {"demo-1.dist-info/INSTALLER", "pip\n", false},
        {"demo-1.dist-info/METADATA", "Name: demo\n", true},
        {"demo/__init__.py", "x = 1\n", true},
        {"demo/data.txt", "", true},
        {"demo/sub/m.py", "y = 2\n", true},
        {"single.py", "z = 3\n", true},
};

struct fixture {
        char top[64];
        int fd; /* of top */
        struct arena arena;
        struct target target;
        struct installed installed;
        struct wheel_info wheel;
        struct wheel_file files[16];
        struct verify_input input;
        const char *store;
        struct verify_findings found;
};

static const char *path_of(struct fixture *fixture, const char *path)
{
        const char *whole = arena_format(&fixture->arena, "%s/%s", fixture->top, path);

        assert_non_null(whole);
        return whole;
}

static void put(struct fixture *fixture, const char *path, const void *data, size_t len)
{
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *parent = slash != NULL ? strndup(path, (size_t)(slash - path)) : NULL;

        if (parent != NULL)
                assert_int_equal(file_make_dirs(fixture->fd, parent, 0755), 0);
        (void)unlinkat(fixture->fd, path, 0);
        assert_int_equal(file_create(fixture->fd, path, 0644, data, len), 0);
}

static void put_text(struct fixture *fixture, const char *path, const char *text)
{
        put(fixture, path, text, strlen(text));
}

static void set_mtime(struct fixture *fixture, const char *path, time_t mtime)
{
        const struct timespec times[2] = {{.tv_sec = mtime}, {.tv_sec = mtime}};

        assert_int_equal(utimensat(fixture->fd, path, times, 0), 0);
}

#define MTIME 0x5a0b0c0d

/* A timestamp .pyc of PEP 552; flags -1: the shorter header of Python 3.6. */
static void put_bytecode(struct fixture *fixture, const char *path, int flags, uint32_t mtime, uint32_t size)
{
        const uint32_t words[] = {0x0a0d0df3, (uint32_t)flags, mtime, size, 0xdeadbeef};
        uint8_t bytes[sizeof(words)];
        size_t len = 0;

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                for (size_t k = 0; k < 4 && !(i == 1 && flags < 0); k++)
                        bytes[len++] = (uint8_t)(words[i] >> (8 * k));
        put(fixture, path, bytes, len);
}

static void add_row(struct str *record, const char *path, const char *content)
{
        char hash[sizeof("sha256=") + HASH_BASE64_SIZE] = "sha256=";
        char size[24];
        uint8_t digest[HASH_SIZE];

        hash_of(content, strlen(content), digest);
        hash_to_base64(digest, hash + strlen("sha256="));
        (void)snprintf(size, sizeof(size), "%zu", strlen(content));
        record_write_row(record, path, hash, size);
}

/* The RECORD of a good installation, and extra at its end. */
static void put_record(struct fixture *fixture, const char *extra)
{
        _cleanup_(str_done) struct str record = STR_INIT;

        for (size_t i = 0; i < ARRAY_SIZE(installed_files); i++)
                add_row(&record, installed_files[i].path, installed_files[i].content);
        str_add(&record, "demo-1.dist-info/RECORD,,\r\ndemo/__pycache__/__init__.cpython-313.pyc,,\r\n"
                         "demo/__pycache__/gone.cpython-313.pyc,,\r\n");
        str_add(&record, extra);
        put(fixture, INFO "/RECORD", record.data, record.len);
}

static void set_wheel(struct fixture *fixture)
{
        fixture->wheel = (struct wheel_info){.filename = "demo-1-py3-none-any.whl",
                                             .project = "demo",
                                             .version = "1",
                                             .dist_info = "demo-1.dist-info",
                                             .root_is_purelib = true,
                                             .files = fixture->files};
        for (size_t i = 0; i < ARRAY_SIZE(installed_files); i++)
                if (installed_files[i].of_wheel) {
                        struct wheel_file *file = &fixture->files[fixture->wheel.n_files++];

                        file->path = installed_files[i].path;
                        file->size = strlen(installed_files[i].content);
                        hash_of(installed_files[i].content, file->size, file->sha256);
                }
        fixture->input.wheel = &fixture->wheel;
}

static void set_up(struct fixture *fixture)
{
        *fixture = (struct fixture){.fd = -1};
        (void)snprintf(fixture->top, sizeof(fixture->top), "/tmp/test_verify.XXXXXX");
        assert_non_null(mkdtemp(fixture->top));
        fixture->fd = file_open_dir(fixture->top);
        assert_true(fixture->fd >= 0);
        assert_int_equal(file_make_dirs(fixture->fd, "store/entry", 0755), 0);
        for (size_t i = 0; i < ARRAY_SIZE(installed_files); i++) {
                const char *path = installed_files[i].path;
                const bool script = str_starts(path, "../../");
                const char *where =
                        arena_format(&fixture->arena, "%s/%s", script ? "env" : SITE, script ? path + 6 : path);

                assert_non_null(where);
                put_text(fixture, where, installed_files[i].content);
                set_mtime(fixture, where, MTIME);
        }
        put_record(fixture, "");
        put_bytecode(fixture, SITE "/demo/__pycache__/__init__.cpython-313.pyc", 0, MTIME, 6);
        fixture->target.scheme = (struct target_scheme){.dirs[PLAN_LIB] = path_of(fixture, SITE),
                                                        .dirs[PLAN_OTHER_LIB] = path_of(fixture, SITE),
                                                        .dirs[PLAN_SCRIPTS] = path_of(fixture, "env/bin"),
                                                        .dirs[PLAN_HEADERS] = path_of(fixture, "env/include"),
                                                        .dirs[PLAN_DATA] = path_of(fixture, "env")};
        fixture->installed = (struct installed){.project = "demo",
                                                .version = "1",
                                                .location = path_of(fixture, SITE),
                                                .dist_info = "demo-1.dist-info",
                                                .has_record = true};
        fixture->store = path_of(fixture, "store");
        fixture->target.implementation = implementation_find("cpython");
        fixture->input = (struct verify_input){.target = &fixture->target,
                                               .installed = &fixture->installed,
                                               .stores = &fixture->store,
                                               .n_stores = 1,
                                               .n_own_stores = 1,
                                               .cache = pipseed_verify_cache_new(),
                                               .caller = share_caller_here(PIPSEED_LINK_AUTO, NULL)};
        assert_non_null(fixture->input.cache);
}

static void tear_down(struct fixture *fixture)
{
        if (fchmodat(fixture->fd, SITE "/demo/sub", 0755, 0) < 0)
                assert_int_equal(errno, ENOENT);
        (void)close(fixture->fd);
        pipseed_verify_cache_free(fixture->input.cache);
        (void)file_remove_tree(AT_FDCWD, fixture->top);
        arena_done(&fixture->arena);
}

static void verify(struct fixture *fixture)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        if (verify_installed(&fixture->arena, &fixture->input, &fixture->found, &err) != 0)
                fail_msg("%s", err.message);
}

/* The findings as "NAME PATH", a line each; PATH without the fixture's directory. */
static void describe(struct fixture *fixture, struct str *out)
{
        for (size_t i = 0; i < fixture->found.n; i++) {
                const char *path = fixture->found.items[i].path;
                const size_t len = strlen(fixture->top);

                str_printf(out, "%s %s\n", pipseed_code_name(fixture->found.items[i].code),
                           strncmp(path, fixture->top, len) == 0 ? path + len + 1 : path);
                assert_true(strlen(fixture->found.items[i].text) > 0);
                assert_null(strchr(fixture->found.items[i].text, '\n'));
        }
}

/* What can happen to an installation: the changes that the table below names. */

static void nothing(struct fixture *fixture)
{
        (void)fixture;
}

static void change_byte(struct fixture *fixture)
{
        put_text(fixture, SITE "/demo/sub/m.py", "y = 3\n");
}

static void append(struct fixture *fixture)
{
        put_text(fixture, SITE "/demo/sub/m.py", "y = 2\n#");
}

static void change_script(struct fixture *fixture)
{
        put_text(fixture, "env/bin/demo", "#!/bin/sh\n");
}

static void remove_file(struct fixture *fixture)
{
        assert_int_equal(unlinkat(fixture->fd, SITE "/demo/data.txt", 0), 0);
        assert_int_equal(unlinkat(fixture->fd, "env/bin/demo", 0), 0);
        assert_int_equal(unlinkat(fixture->fd, SITE "/demo/__pycache__/__init__.cpython-313.pyc", 0), 0);
}

static void remove_dir(struct fixture *fixture)
{
        assert_int_equal(file_remove_tree(fixture->fd, SITE "/demo"), 0);
}

static void remove_record(struct fixture *fixture)
{
        assert_int_equal(unlinkat(fixture->fd, INFO "/RECORD", 0), 0);
}

static void break_record(struct fixture *fixture)
{
        put_text(fixture, INFO "/RECORD", "a,b\r\n\"open,,\r\n");
}

static void link_record(struct fixture *fixture)
{
        assert_int_equal(renameat(fixture->fd, INFO "/RECORD", fixture->fd, "elsewhere"), 0);
        assert_int_equal(symlinkat(path_of(fixture, "elsewhere"), fixture->fd, INFO "/RECORD"), 0);
}

static void add_foreign(struct fixture *fixture)
{
        put_text(fixture, SITE "/demo/evil.py", "");
        put_text(fixture, SITE "/demo/new/deep/evil.so", "");
        put_text(fixture, INFO "/extra", "");
        put_text(fixture, SITE "/other/fine.py", "");
        put_text(fixture, SITE "/fine.pth", "");
        put_text(fixture, SITE "/__pycache__/fine.cpython-313.pyc", "");
}

static void add_bytecode(struct fixture *fixture)
{
        put_bytecode(fixture, SITE "/demo/__pycache__/__init__.cpython-39.opt-1.pyc", 0, MTIME, 6);
        put_bytecode(fixture, SITE "/demo/__pycache__/__init__.pypy39.pyc", 0, MTIME, 6);
        put_bytecode(fixture, SITE "/demo/__pycache__/__init__.cpython-36.pyc", -1, MTIME, 6);
        put_bytecode(fixture, SITE "/demo/__pycache__/__init__.cpython-311.pyc", 3, 7, 7);
        put_bytecode(fixture, SITE "/demo/__pycache__/__init__.cpython-312.pyc", 1, 7, 7);
        put_bytecode(fixture, SITE "/demo/sub/__pycache__/m.cpython-313.pyc", 0, MTIME, 6);
}

static void add_foreign_bytecode(struct fixture *fixture)
{
        put_bytecode(fixture, SITE "/demo/__pycache__/evil.cpython-313.pyc", 0, MTIME, 6);
        put_bytecode(fixture, SITE "/demo/__pycache__/__init__.pyc", 0, MTIME, 6);
        put_bytecode(fixture, SITE "/demo/__init__.cpython-313.pyc", 0, MTIME, 6);
        put_text(fixture, SITE "/demo/__pycache__/__init__.cpython-313.pyc.1234", "");
}

static void make_bytecode_stale(struct fixture *fixture)
{
        put_bytecode(fixture, SITE "/demo/__pycache__/__init__.cpython-313.pyc", 0, MTIME + 1, 6);
        put_bytecode(fixture, SITE "/demo/__pycache__/__init__.cpython-38.pyc", 0, MTIME, 7);
        put_bytecode(fixture, SITE "/demo/__pycache__/__init__.cpython-36.pyc", -1, MTIME + 1, 6);
        put_bytecode(fixture, SITE "/demo/__pycache__/__init__.cpython-37.pyc", 2, MTIME, 6);
        put_text(fixture, SITE "/demo/sub/__pycache__/m.cpython-313.pyc", "short");
}

static void touch_source(struct fixture *fixture)
{
        set_mtime(fixture, SITE "/demo/__init__.py", MTIME + 100);
}

static void replace_by_link(struct fixture *fixture)
{
        assert_int_equal(renameat(fixture->fd, SITE "/demo/data.txt", fixture->fd, "elsewhere"), 0);
        assert_int_equal(symlinkat(path_of(fixture, "elsewhere"), fixture->fd, SITE "/demo/data.txt"), 0);
        assert_int_equal(unlinkat(fixture->fd, SITE "/single.py", 0), 0);
        assert_int_equal(symlinkat("nowhere", fixture->fd, SITE "/single.py"), 0);
}

static void replace_by_store_link(struct fixture *fixture)
{
        assert_int_equal(renameat(fixture->fd, SITE "/demo/__init__.py", fixture->fd, "store/entry/i"), 0);
        assert_int_equal(symlinkat(path_of(fixture, "store/entry/i"), fixture->fd, SITE "/demo/__init__.py"), 0);
}

static void replace_by_changed_store_link(struct fixture *fixture)
{
        replace_by_store_link(fixture);
        put_text(fixture, "store/entry/i", "evil()");
        set_mtime(fixture, "store/entry/i", MTIME);
}

static void replace_by_odd_store_links(struct fixture *fixture)
{
        put_text(fixture, "beside", "");
        assert_int_equal(unlinkat(fixture->fd, SITE "/demo/data.txt", 0), 0);
        assert_int_equal(symlinkat(path_of(fixture, "store/../beside"), fixture->fd, SITE "/demo/data.txt"), 0);
        assert_int_equal(unlinkat(fixture->fd, SITE "/single.py", 0), 0);
        assert_int_equal(symlinkat(path_of(fixture, "store/gone"), fixture->fd, SITE "/single.py"), 0);
        /* A link inside the store leads out of it. */
        put_text(fixture, "outside/m", "y = 2\n");
        assert_int_equal(symlinkat(path_of(fixture, "outside"), fixture->fd, "store/link"), 0);
        assert_int_equal(unlinkat(fixture->fd, SITE "/demo/sub/m.py", 0), 0);
        assert_int_equal(symlinkat(path_of(fixture, "store/link/m"), fixture->fd, SITE "/demo/sub/m.py"), 0);
}

static void replace_dir_by_link(struct fixture *fixture)
{
        assert_int_equal(renameat(fixture->fd, SITE "/demo/sub", fixture->fd, "moved"), 0);
        assert_int_equal(symlinkat(path_of(fixture, "moved"), fixture->fd, SITE "/demo/sub"), 0);
}

static void replace_by_special(struct fixture *fixture)
{
        assert_int_equal(unlinkat(fixture->fd, SITE "/demo/data.txt", 0), 0);
        assert_int_equal(mkfifoat(fixture->fd, SITE "/demo/data.txt", 0644), 0);
        assert_int_equal(unlinkat(fixture->fd, SITE "/single.py", 0), 0);
        assert_int_equal(mkdirat(fixture->fd, SITE "/single.py", 0755), 0);
}

static void lead_outside(struct fixture *fixture)
{
        put_text(fixture, "secret", "");
        put_record(fixture, "../../../secret,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\r\n"
                            "/etc/passwd,,\r\n../../../../../../../../../../etc/shadow,,\r\n../..,,\r\n");
}

static void list_twice(struct fixture *fixture)
{
        /* As pip does when the wheel brings an INSTALLER of its own. */
        put_record(fixture, "demo-1.dist-info/INSTALLER,sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,9\r\n"
                            "demo-1.data/scripts/demo,sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,9\r\n"
                            "./demo//data.txt,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\r\n");
}

static void list_absolute(struct fixture *fixture)
{
        put_text(fixture, "env/share/x", "");
        put_record(fixture, arena_format(&fixture->arena, "%s/env/share/x," EMPTY ",0\r\n", fixture->top));
}

static void list_without_hash(struct fixture *fixture)
{
        put_text(fixture, SITE "/demo/a.py", "evil()\n");
        put_text(fixture, SITE "/demo/b.py", "evil()\n");
        put_text(fixture, SITE "/demo/c.py", "");
        put_text(fixture, SITE "/demo/d.py", "");
        put_text(fixture, SITE "/demo/RECORD", "");
        put_record(fixture, "demo/a.py,,\r\ndemo/b.py,md5=abc,7\r\n"
                            "demo/c.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,\r\n"
                            "demo/d.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,1\r\ndemo/RECORD,,\r\n");
}

/* The file and its row were changed together: only the wheel can tell. */
static void forge(struct fixture *fixture)
{
        _cleanup_(str_done) struct str record = STR_INIT;

        put_text(fixture, SITE "/demo/__init__.py", "evil()");
        set_mtime(fixture, SITE "/demo/__init__.py", MTIME);
        for (size_t i = 0; i < ARRAY_SIZE(installed_files); i++) {
                const bool it = strcmp(installed_files[i].path, "demo/__init__.py") == 0;

                add_row(&record, installed_files[i].path, it ? "evil()" : installed_files[i].content);
        }
        str_add(&record, "demo-1.dist-info/RECORD,,\r\n");
        put(fixture, INFO "/RECORD", record.data, record.len);
}

static void forget_row(struct fixture *fixture)
{
        _cleanup_(str_done) struct str record = STR_INIT;

        for (size_t i = 0; i < ARRAY_SIZE(installed_files); i++)
                if (strcmp(installed_files[i].path, "single.py") != 0)
                        add_row(&record, installed_files[i].path, installed_files[i].content);
        str_add(&record, "demo-1.dist-info/RECORD,,\r\ndemo/__pycache__/__init__.cpython-313.pyc,,\r\n");
        put(fixture, INFO "/RECORD", record.data, record.len);
}

struct verify_case {
        const char *name;
        void (*change)(struct fixture *fixture);
        bool wheel;
        const char *expected;
};

#define CHANGED "install-changed " SITE
#define MISSING "install-missing " SITE
#define FOREIGN "install-extra " SITE
#define LINK "install-link " SITE

static const struct verify_case cases[] = {
        {"clean", nothing, false, ""},
        {"clean with wheel", nothing, true, ""},
        {"byte", change_byte, false, CHANGED "/demo/sub/m.py\n"},
        {"byte with wheel", change_byte, true, CHANGED "/demo/sub/m.py\n"},
        {"append", append, false, CHANGED "/demo/sub/m.py\n"},
        {"script", change_script, true, "install-changed env/bin/demo\n"},
        {"missing", remove_file, true, "install-missing env/bin/demo\n" MISSING "/demo/data.txt\n"},
        {"directory", remove_dir, false,
         MISSING "/demo/__init__.py\n" MISSING "/demo/data.txt\n" MISSING "/demo/sub/m.py\n"},
        {"no RECORD", remove_record, true, "install-missing " INFO "/RECORD\n"},
        {"bad RECORD", break_record, true, "install-changed " INFO "/RECORD\n"},
        {"linked RECORD", link_record, true, "install-link " INFO "/RECORD\n"},
        {"foreign", add_foreign, true,
         "install-extra " INFO "/extra\n" FOREIGN "/demo/evil.py\n" FOREIGN "/demo/new/deep/evil.so\n"},
        /* with flag 1 Python runs it whatever the source is */
        {"bytecode", add_bytecode, true, CHANGED "/demo/__pycache__/__init__.cpython-312.pyc\n"},
        {"foreign bytecode", add_foreign_bytecode, false,
         FOREIGN "/demo/__init__.cpython-313.pyc\n" FOREIGN "/demo/__pycache__/__init__.cpython-313.pyc.1234\n" FOREIGN
                 "/demo/__pycache__/__init__.pyc\n" FOREIGN "/demo/__pycache__/evil.cpython-313.pyc\n"},
        {"stale bytecode", make_bytecode_stale, false,
         CHANGED
         "/demo/__pycache__/__init__.cpython-313.pyc\n" CHANGED "/demo/__pycache__/__init__.cpython-36.pyc\n" CHANGED
         "/demo/__pycache__/__init__.cpython-37.pyc\n" CHANGED "/demo/__pycache__/__init__.cpython-38.pyc\n" CHANGED
         "/demo/sub/__pycache__/m.cpython-313.pyc\n"},
        {"touched", touch_source, false, CHANGED "/demo/__pycache__/__init__.cpython-313.pyc\n"},
        {"link", replace_by_link, true, LINK "/demo/data.txt\n" LINK "/single.py\n"},
        {"store link", replace_by_store_link, true, ""},
        {"changed store", replace_by_changed_store_link, true, CHANGED "/demo/__init__.py\n"},
        {"odd store links", replace_by_odd_store_links, false,
         LINK "/demo/data.txt\n" LINK "/demo/sub/m.py\n" MISSING "/single.py\n"},
        {"directory link", replace_dir_by_link, false, FOREIGN "/demo/sub\n" LINK "/demo/sub/m.py\n"},
        {"special", replace_by_special, false, LINK "/demo/data.txt\n" LINK "/single.py\n"},
        {"outside", lead_outside, false,
         "install-extra /etc/passwd\ninstall-extra /etc/shadow\ninstall-extra env\ninstall-extra secret\n"},
        {"twice", list_twice, true, ""},
        {"absolute", list_absolute, true, ""},
        {"no hash", list_without_hash, false,
         CHANGED "/demo/RECORD\n" CHANGED "/demo/a.py\n" CHANGED "/demo/b.py\n" CHANGED "/demo/d.py\n"},
        {"forged, no wheel", forge, false, ""},
        {"forged", forge, true, CHANGED "/demo/__init__.py\n"},
        {"forgotten row", forget_row, true, MISSING "/single.py\n"},
};

static void finds(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(tear_down) struct fixture fixture;
                _cleanup_(str_done) struct str text = STR_INIT;

                set_up(&fixture);
                if (cases[i].wheel)
                        set_wheel(&fixture);
                cases[i].change(&fixture);
                verify(&fixture);
                describe(&fixture, &text);
                if (strcmp(text.data, cases[i].expected) != 0)
                        fail_msg("%s: found\n%sexpected\n%s", cases[i].name, text.data, cases[i].expected);
        }
}

static void says_that_record_was_changed_too(void **state)
{
        _cleanup_(tear_down) struct fixture fixture;

        (void)state;
        set_up(&fixture);
        set_wheel(&fixture);
        forge(&fixture);
        verify(&fixture);
        assert_int_equal(fixture.found.n, 1);
        assert_non_null(strstr(fixture.found.items[0].text, "RECORD was changed too"));
        assert_non_null(strstr(fixture.found.items[0].text, "demo-1-py3-none-any.whl"));
}

/* With a root, all paths of the target are below it, but findings name files where they are now. */
static void looks_below_the_root(void **state)
{
        _cleanup_(tear_down) struct fixture fixture;
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        set_up(&fixture);
        change_byte(&fixture);
        fixture.target.root = fixture.top;
        fixture.target.scheme = (struct target_scheme){.dirs[PLAN_LIB] = "/" SITE,
                                                       .dirs[PLAN_OTHER_LIB] = "/" SITE,
                                                       .dirs[PLAN_SCRIPTS] = "/env/bin",
                                                       .dirs[PLAN_HEADERS] = "/env/include",
                                                       .dirs[PLAN_DATA] = "/env"};
        fixture.installed.location = "/" SITE;
        verify(&fixture);
        describe(&fixture, &text);
        assert_string_equal(text.data, CHANGED "/demo/sub/m.py\n");
}

/* Found in a search directory that is not the scheme's own, such as Debian's dist-packages. */
static void takes_any_location(void **state)
{
        _cleanup_(tear_down) struct fixture fixture;
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        set_up(&fixture);
        set_wheel(&fixture);
        fixture.target.scheme.dirs[PLAN_LIB] = fixture.target.scheme.dirs[PLAN_OTHER_LIB] =
                path_of(&fixture, "env/local/lib");
        verify(&fixture);
        describe(&fixture, &text);
        assert_string_equal(text.data, "");
}

/* Without the data directory in the scheme, bin/ is found by the user scheme alone. */
static void takes_the_user_scheme(void **state)
{
        _cleanup_(tear_down) struct fixture fixture;
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        set_up(&fixture);
        fixture.target.user_scheme = fixture.target.scheme;
        fixture.target.scheme = (struct target_scheme){.dirs[PLAN_LIB] = "/nonexistent/a",
                                                       .dirs[PLAN_OTHER_LIB] = "/nonexistent/b",
                                                       .dirs[PLAN_SCRIPTS] = "/nonexistent/c",
                                                       .dirs[PLAN_HEADERS] = "/nonexistent/d",
                                                       .dirs[PLAN_DATA] = "/nonexistent/e"};
        verify(&fixture);
        describe(&fixture, &text);
        assert_string_equal(text.data, "");
}

static void says_what_it_may_not_read(void **state)
{
        _cleanup_(tear_down) struct fixture fixture;
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        if (geteuid() == 0)
                skip();
        set_up(&fixture);
        assert_int_equal(fchmodat(fixture.fd, SITE "/single.py", 0, 0), 0);
        assert_int_equal(fchmodat(fixture.fd, SITE "/demo/sub", 0, 0), 0);
        verify(&fixture);
        describe(&fixture, &text);
        assert_string_equal(text.data, CHANGED "/demo/sub\n" CHANGED "/demo/sub/m.py\n" CHANGED "/single.py\n");
}

/* A tree as deep as a path can be: neither the stack nor the descriptors run out. */
static void bounds_the_depth(void **state)
{
        _cleanup_(tear_down) struct fixture fixture;
        _cleanup_(str_done) struct str path = STR_INIT;

        (void)state;
        set_up(&fixture);
        str_add(&path, SITE "/demo");
        for (int i = 0; i < 500; i++)
                str_add(&path, "/d");
        assert_int_equal(file_make_dirs(fixture.fd, path.data, 0755), 0);
        verify(&fixture);
        assert_int_equal(fixture.found.n, 1);
        assert_int_equal(fixture.found.items[0].code, PIPSEED_E_INSTALL_EXTRA);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds),
                cmocka_unit_test(says_that_record_was_changed_too),
                cmocka_unit_test(looks_below_the_root),
                cmocka_unit_test(takes_any_location),
                cmocka_unit_test(takes_the_user_scheme),
                cmocka_unit_test(says_what_it_may_not_read),
                cmocka_unit_test(bounds_the_depth),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
