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
 * Each test gets a fresh folder with an environment in env/ and a store in store/. Paths in this file are relative to
 * that folder. Installed are these files, and RECORD, which lists them and some bytecode.
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

struct rig {
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

static const char *path_of(struct rig *rig, const char *path)
{
        const char *whole = arena_format(&rig->arena, "%s/%s", rig->top, path);

        assert_non_null(whole);
        return whole;
}

static void put(struct rig *rig, const char *path, const void *data, size_t len)
{
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *parent = slash != NULL ? strndup(path, (size_t)(slash - path)) : NULL;

        if (parent != NULL)
                assert_int_equal(file_make_dirs(rig->fd, parent, 0755), 0);
        (void)unlinkat(rig->fd, path, 0);
        assert_int_equal(file_create(rig->fd, path, 0644, data, len), 0);
}

static void put_text(struct rig *rig, const char *path, const char *text)
{
        put(rig, path, text, strlen(text));
}

static void set_mtime(struct rig *rig, const char *path, time_t mtime)
{
        const struct timespec times[2] = {{.tv_sec = mtime}, {.tv_sec = mtime}};

        assert_int_equal(utimensat(rig->fd, path, times, 0), 0);
}

#define MTIME 0x5a0b0c0d

/* A timestamp .pyc of PEP 552; flags -1: the shorter header of Python 3.6. */
static void put_bytecode(struct rig *rig, const char *path, int flags, uint32_t mtime, uint32_t size)
{
        const uint32_t words[] = {0x0a0d0df3, (uint32_t)flags, mtime, size, 0xdeadbeef};
        uint8_t bytes[sizeof(words)];
        size_t len = 0;

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                for (size_t k = 0; k < 4 && !(i == 1 && flags < 0); k++)
                        bytes[len++] = (uint8_t)(words[i] >> (8 * k));
        put(rig, path, bytes, len);
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
static void put_record(struct rig *rig, const char *extra)
{
        _cleanup_(str_done) struct str record = STR_INIT;

        for (size_t i = 0; i < ARRAY_SIZE(installed_files); i++)
                add_row(&record, installed_files[i].path, installed_files[i].content);
        str_add(&record, "demo-1.dist-info/RECORD,,\r\ndemo/__pycache__/__init__.cpython-313.pyc,,\r\n"
                         "demo/__pycache__/gone.cpython-313.pyc,,\r\n");
        str_add(&record, extra);
        put(rig, INFO "/RECORD", record.data, record.len);
}

static void set_wheel(struct rig *rig)
{
        rig->wheel = (struct wheel_info){.filename = "demo-1-py3-none-any.whl",
                                         .project = "demo",
                                         .version = "1",
                                         .dist_info = "demo-1.dist-info",
                                         .root_is_purelib = true,
                                         .files = rig->files};
        for (size_t i = 0; i < ARRAY_SIZE(installed_files); i++)
                if (installed_files[i].of_wheel) {
                        struct wheel_file *file = &rig->files[rig->wheel.n_files++];

                        file->path = installed_files[i].path;
                        file->size = strlen(installed_files[i].content);
                        hash_of(installed_files[i].content, file->size, file->sha256);
                }
        rig->input.wheel = &rig->wheel;
}

static void set_up(struct rig *rig)
{
        *rig = (struct rig){.fd = -1};
        (void)snprintf(rig->top, sizeof(rig->top), "/tmp/test_verify.XXXXXX");
        assert_non_null(mkdtemp(rig->top));
        rig->fd = file_open_dir(rig->top);
        assert_true(rig->fd >= 0);
        assert_int_equal(file_make_dirs(rig->fd, "store/entry", 0755), 0);
        for (size_t i = 0; i < ARRAY_SIZE(installed_files); i++) {
                const char *path = installed_files[i].path;
                const bool script = str_starts(path, "../../");
                const char *where = arena_format(&rig->arena, "%s/%s", script ? "env" : SITE, script ? path + 6 : path);

                assert_non_null(where);
                put_text(rig, where, installed_files[i].content);
                set_mtime(rig, where, MTIME);
        }
        put_record(rig, "");
        put_bytecode(rig, SITE "/demo/__pycache__/__init__.cpython-313.pyc", 0, MTIME, 6);
        rig->target.scheme = (struct target_scheme){.dirs[PLAN_LIB] = path_of(rig, SITE),
                                                    .dirs[PLAN_OTHER_LIB] = path_of(rig, SITE),
                                                    .dirs[PLAN_SCRIPTS] = path_of(rig, "env/bin"),
                                                    .dirs[PLAN_HEADERS] = path_of(rig, "env/include"),
                                                    .dirs[PLAN_DATA] = path_of(rig, "env")};
        rig->installed = (struct installed){.project = "demo",
                                            .version = "1",
                                            .location = path_of(rig, SITE),
                                            .dist_info = "demo-1.dist-info",
                                            .has_record = true};
        rig->store = path_of(rig, "store");
        rig->target.implementation = implementation_find("cpython");
        rig->input = (struct verify_input){
                .target = &rig->target, .installed = &rig->installed, .stores = &rig->store, .n_stores = 1,
                .n_own_stores = 1, .cache = pipseed_verify_cache_new(),
                .caller = share_caller_here(PIPSEED_LINK_AUTO, NULL)};
        assert_non_null(rig->input.cache);
}

static void tear_down(struct rig *rig)
{
        if (fchmodat(rig->fd, SITE "/demo/sub", 0755, 0) < 0)
                assert_int_equal(errno, ENOENT);
        (void)close(rig->fd);
        pipseed_verify_cache_free(rig->input.cache);
        (void)file_remove_tree(AT_FDCWD, rig->top);
        arena_done(&rig->arena);
}

static void verify(struct rig *rig)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        if (verify_installed(&rig->arena, &rig->input, &rig->found, &err) != 0)
                fail_msg("%s", err.message);
}

/* The findings as "NAME PATH", a line each; PATH without the rig's folder. */
static void describe(struct rig *rig, struct str *out)
{
        for (size_t i = 0; i < rig->found.n; i++) {
                const char *path = rig->found.items[i].path;
                const size_t len = strlen(rig->top);

                str_printf(out, "%s %s\n", pipseed_code_name(rig->found.items[i].code),
                           strncmp(path, rig->top, len) == 0 ? path + len + 1 : path);
                assert_true(strlen(rig->found.items[i].text) > 0);
                assert_null(strchr(rig->found.items[i].text, '\n'));
        }
}

/* What can happen to an installation: the changes that the table below names. */

static void nothing(struct rig *rig)
{
        (void)rig;
}

static void change_byte(struct rig *rig)
{
        put_text(rig, SITE "/demo/sub/m.py", "y = 3\n");
}

static void append(struct rig *rig)
{
        put_text(rig, SITE "/demo/sub/m.py", "y = 2\n#");
}

static void change_script(struct rig *rig)
{
        put_text(rig, "env/bin/demo", "#!/bin/sh\n");
}

static void remove_file(struct rig *rig)
{
        assert_int_equal(unlinkat(rig->fd, SITE "/demo/data.txt", 0), 0);
        assert_int_equal(unlinkat(rig->fd, "env/bin/demo", 0), 0);
        assert_int_equal(unlinkat(rig->fd, SITE "/demo/__pycache__/__init__.cpython-313.pyc", 0), 0);
}

static void remove_folder(struct rig *rig)
{
        assert_int_equal(file_remove_tree(rig->fd, SITE "/demo"), 0);
}

static void remove_record(struct rig *rig)
{
        assert_int_equal(unlinkat(rig->fd, INFO "/RECORD", 0), 0);
}

static void break_record(struct rig *rig)
{
        put_text(rig, INFO "/RECORD", "a,b\r\n\"open,,\r\n");
}

static void link_record(struct rig *rig)
{
        assert_int_equal(renameat(rig->fd, INFO "/RECORD", rig->fd, "elsewhere"), 0);
        assert_int_equal(symlinkat(path_of(rig, "elsewhere"), rig->fd, INFO "/RECORD"), 0);
}

static void add_foreign(struct rig *rig)
{
        put_text(rig, SITE "/demo/evil.py", "");
        put_text(rig, SITE "/demo/new/deep/evil.so", "");
        put_text(rig, INFO "/extra", "");
        put_text(rig, SITE "/other/fine.py", "");
        put_text(rig, SITE "/fine.pth", "");
        put_text(rig, SITE "/__pycache__/fine.cpython-313.pyc", "");
}

static void add_bytecode(struct rig *rig)
{
        put_bytecode(rig, SITE "/demo/__pycache__/__init__.cpython-39.opt-1.pyc", 0, MTIME, 6);
        put_bytecode(rig, SITE "/demo/__pycache__/__init__.pypy39.pyc", 0, MTIME, 6);
        put_bytecode(rig, SITE "/demo/__pycache__/__init__.cpython-36.pyc", -1, MTIME, 6);
        put_bytecode(rig, SITE "/demo/__pycache__/__init__.cpython-311.pyc", 3, 7, 7);
        put_bytecode(rig, SITE "/demo/__pycache__/__init__.cpython-312.pyc", 1, 7, 7);
        put_bytecode(rig, SITE "/demo/sub/__pycache__/m.cpython-313.pyc", 0, MTIME, 6);
}

static void add_foreign_bytecode(struct rig *rig)
{
        put_bytecode(rig, SITE "/demo/__pycache__/evil.cpython-313.pyc", 0, MTIME, 6);
        put_bytecode(rig, SITE "/demo/__pycache__/__init__.pyc", 0, MTIME, 6);
        put_bytecode(rig, SITE "/demo/__init__.cpython-313.pyc", 0, MTIME, 6);
        put_text(rig, SITE "/demo/__pycache__/__init__.cpython-313.pyc.1234", "");
}

static void make_bytecode_stale(struct rig *rig)
{
        put_bytecode(rig, SITE "/demo/__pycache__/__init__.cpython-313.pyc", 0, MTIME + 1, 6);
        put_bytecode(rig, SITE "/demo/__pycache__/__init__.cpython-38.pyc", 0, MTIME, 7);
        put_bytecode(rig, SITE "/demo/__pycache__/__init__.cpython-36.pyc", -1, MTIME + 1, 6);
        put_bytecode(rig, SITE "/demo/__pycache__/__init__.cpython-37.pyc", 2, MTIME, 6);
        put_text(rig, SITE "/demo/sub/__pycache__/m.cpython-313.pyc", "short");
}

static void touch_source(struct rig *rig)
{
        set_mtime(rig, SITE "/demo/__init__.py", MTIME + 100);
}

static void replace_by_link(struct rig *rig)
{
        assert_int_equal(renameat(rig->fd, SITE "/demo/data.txt", rig->fd, "elsewhere"), 0);
        assert_int_equal(symlinkat(path_of(rig, "elsewhere"), rig->fd, SITE "/demo/data.txt"), 0);
        assert_int_equal(unlinkat(rig->fd, SITE "/single.py", 0), 0);
        assert_int_equal(symlinkat("nowhere", rig->fd, SITE "/single.py"), 0);
}

static void replace_by_store_link(struct rig *rig)
{
        assert_int_equal(renameat(rig->fd, SITE "/demo/__init__.py", rig->fd, "store/entry/i"), 0);
        assert_int_equal(symlinkat(path_of(rig, "store/entry/i"), rig->fd, SITE "/demo/__init__.py"), 0);
}

static void replace_by_changed_store_link(struct rig *rig)
{
        replace_by_store_link(rig);
        put_text(rig, "store/entry/i", "evil()");
        set_mtime(rig, "store/entry/i", MTIME);
}

static void replace_by_odd_store_links(struct rig *rig)
{
        put_text(rig, "beside", "");
        assert_int_equal(unlinkat(rig->fd, SITE "/demo/data.txt", 0), 0);
        assert_int_equal(symlinkat(path_of(rig, "store/../beside"), rig->fd, SITE "/demo/data.txt"), 0);
        assert_int_equal(unlinkat(rig->fd, SITE "/single.py", 0), 0);
        assert_int_equal(symlinkat(path_of(rig, "store/gone"), rig->fd, SITE "/single.py"), 0);
        /* A link inside the store leads out of it. */
        put_text(rig, "outside/m", "y = 2\n");
        assert_int_equal(symlinkat(path_of(rig, "outside"), rig->fd, "store/link"), 0);
        assert_int_equal(unlinkat(rig->fd, SITE "/demo/sub/m.py", 0), 0);
        assert_int_equal(symlinkat(path_of(rig, "store/link/m"), rig->fd, SITE "/demo/sub/m.py"), 0);
}

static void replace_folder_by_link(struct rig *rig)
{
        assert_int_equal(renameat(rig->fd, SITE "/demo/sub", rig->fd, "moved"), 0);
        assert_int_equal(symlinkat(path_of(rig, "moved"), rig->fd, SITE "/demo/sub"), 0);
}

static void replace_by_special(struct rig *rig)
{
        assert_int_equal(unlinkat(rig->fd, SITE "/demo/data.txt", 0), 0);
        assert_int_equal(mkfifoat(rig->fd, SITE "/demo/data.txt", 0644), 0);
        assert_int_equal(unlinkat(rig->fd, SITE "/single.py", 0), 0);
        assert_int_equal(mkdirat(rig->fd, SITE "/single.py", 0755), 0);
}

static void lead_outside(struct rig *rig)
{
        put_text(rig, "secret", "");
        put_record(rig, "../../../secret,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\r\n"
                        "/etc/passwd,,\r\n../../../../../../../../../../etc/shadow,,\r\n../..,,\r\n");
}

static void list_twice(struct rig *rig)
{
        /* As pip does when the wheel brings an INSTALLER of its own. */
        put_record(rig, "demo-1.dist-info/INSTALLER,sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,9\r\n"
                        "demo-1.data/scripts/demo,sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,9\r\n"
                        "./demo//data.txt,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\r\n");
}

static void list_absolute(struct rig *rig)
{
        put_text(rig, "env/share/x", "");
        put_record(rig, arena_format(&rig->arena, "%s/env/share/x," EMPTY ",0\r\n", rig->top));
}

static void list_without_hash(struct rig *rig)
{
        put_text(rig, SITE "/demo/a.py", "evil()\n");
        put_text(rig, SITE "/demo/b.py", "evil()\n");
        put_text(rig, SITE "/demo/c.py", "");
        put_text(rig, SITE "/demo/d.py", "");
        put_text(rig, SITE "/demo/RECORD", "");
        put_record(rig, "demo/a.py,,\r\ndemo/b.py,md5=abc,7\r\n"
                        "demo/c.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,\r\n"
                        "demo/d.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,1\r\ndemo/RECORD,,\r\n");
}

/* The file and its row were changed together: only the wheel can tell. */
static void forge(struct rig *rig)
{
        _cleanup_(str_done) struct str record = STR_INIT;

        put_text(rig, SITE "/demo/__init__.py", "evil()");
        set_mtime(rig, SITE "/demo/__init__.py", MTIME);
        for (size_t i = 0; i < ARRAY_SIZE(installed_files); i++) {
                const bool it = strcmp(installed_files[i].path, "demo/__init__.py") == 0;

                add_row(&record, installed_files[i].path, it ? "evil()" : installed_files[i].content);
        }
        str_add(&record, "demo-1.dist-info/RECORD,,\r\n");
        put(rig, INFO "/RECORD", record.data, record.len);
}

static void forget_row(struct rig *rig)
{
        _cleanup_(str_done) struct str record = STR_INIT;

        for (size_t i = 0; i < ARRAY_SIZE(installed_files); i++)
                if (strcmp(installed_files[i].path, "single.py") != 0)
                        add_row(&record, installed_files[i].path, installed_files[i].content);
        str_add(&record, "demo-1.dist-info/RECORD,,\r\ndemo/__pycache__/__init__.cpython-313.pyc,,\r\n");
        put(rig, INFO "/RECORD", record.data, record.len);
}

struct verify_case {
        const char *name;
        void (*change)(struct rig *rig);
        bool wheel;
        const char *expected;
};

#define CHANGED "install-changed " SITE
#define MISSING "install-missing " SITE
#define FOREIGN "install-foreign " SITE
#define LINK "install-link " SITE

static const struct verify_case cases[] = {
        {"clean", nothing, false, ""},
        {"clean with wheel", nothing, true, ""},
        {"byte", change_byte, false, CHANGED "/demo/sub/m.py\n"},
        {"byte with wheel", change_byte, true, CHANGED "/demo/sub/m.py\n"},
        {"append", append, false, CHANGED "/demo/sub/m.py\n"},
        {"script", change_script, true, "install-changed env/bin/demo\n"},
        {"missing", remove_file, true, "install-missing env/bin/demo\n" MISSING "/demo/data.txt\n"},
        {"folder", remove_folder, false,
         MISSING "/demo/__init__.py\n" MISSING "/demo/data.txt\n" MISSING "/demo/sub/m.py\n"},
        {"no RECORD", remove_record, true, "install-missing " INFO "/RECORD\n"},
        {"bad RECORD", break_record, true, "install-changed " INFO "/RECORD\n"},
        {"linked RECORD", link_record, true, "install-link " INFO "/RECORD\n"},
        {"foreign", add_foreign, true,
         "install-foreign " INFO "/extra\n" FOREIGN "/demo/evil.py\n" FOREIGN "/demo/new/deep/evil.so\n"},
        /* with flag 1 Python runs it whatever the source is */
        {"bytecode", add_bytecode, true, CHANGED "/demo/__pycache__/__init__.cpython-312.pyc\n"},
        {"foreign bytecode", add_foreign_bytecode, false,
         FOREIGN "/demo/__init__.cpython-313.pyc\n" FOREIGN "/demo/__pycache__/__init__.cpython-313.pyc.1234\n"
         FOREIGN "/demo/__pycache__/__init__.pyc\n" FOREIGN "/demo/__pycache__/evil.cpython-313.pyc\n"},
        {"stale bytecode", make_bytecode_stale, false,
         CHANGED "/demo/__pycache__/__init__.cpython-313.pyc\n" CHANGED "/demo/__pycache__/__init__.cpython-36.pyc\n"
         CHANGED "/demo/__pycache__/__init__.cpython-37.pyc\n" CHANGED "/demo/__pycache__/__init__.cpython-38.pyc\n"
         CHANGED "/demo/sub/__pycache__/m.cpython-313.pyc\n"},
        {"touched", touch_source, false, CHANGED "/demo/__pycache__/__init__.cpython-313.pyc\n"},
        {"link", replace_by_link, true, LINK "/demo/data.txt\n" LINK "/single.py\n"},
        {"store link", replace_by_store_link, true, ""},
        {"changed store", replace_by_changed_store_link, true, CHANGED "/demo/__init__.py\n"},
        {"odd store links", replace_by_odd_store_links, false,
         LINK "/demo/data.txt\n" LINK "/demo/sub/m.py\n" MISSING "/single.py\n"},
        {"folder link", replace_folder_by_link, false, FOREIGN "/demo/sub\n" LINK "/demo/sub/m.py\n"},
        {"special", replace_by_special, false, LINK "/demo/data.txt\n" LINK "/single.py\n"},
        {"outside", lead_outside, false,
         "install-foreign /etc/passwd\ninstall-foreign /etc/shadow\ninstall-foreign env\ninstall-foreign secret\n"},
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
                _cleanup_(tear_down) struct rig rig;
                _cleanup_(str_done) struct str text = STR_INIT;

                set_up(&rig);
                if (cases[i].wheel)
                        set_wheel(&rig);
                cases[i].change(&rig);
                verify(&rig);
                describe(&rig, &text);
                if (strcmp(text.data, cases[i].expected) != 0)
                        fail_msg("%s: found\n%sexpected\n%s", cases[i].name, text.data, cases[i].expected);
        }
}

static void says_that_record_was_changed_too(void **state)
{
        _cleanup_(tear_down) struct rig rig;

        (void)state;
        set_up(&rig);
        set_wheel(&rig);
        forge(&rig);
        verify(&rig);
        assert_int_equal(rig.found.n, 1);
        assert_non_null(strstr(rig.found.items[0].text, "RECORD was changed too"));
        assert_non_null(strstr(rig.found.items[0].text, "demo-1-py3-none-any.whl"));
}

/* With a root, all paths of the target are below it, but findings name files where they are now. */
static void looks_below_the_root(void **state)
{
        _cleanup_(tear_down) struct rig rig;
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        set_up(&rig);
        change_byte(&rig);
        rig.target.root = rig.top;
        rig.target.scheme = (struct target_scheme){.dirs[PLAN_LIB] = "/" SITE,
                                                   .dirs[PLAN_OTHER_LIB] = "/" SITE,
                                                   .dirs[PLAN_SCRIPTS] = "/env/bin",
                                                   .dirs[PLAN_HEADERS] = "/env/include",
                                                   .dirs[PLAN_DATA] = "/env"};
        rig.installed.location = "/" SITE;
        verify(&rig);
        describe(&rig, &text);
        assert_string_equal(text.data, CHANGED "/demo/sub/m.py\n");
}

/* Found in a search folder that is not the scheme's own, such as Debian's dist-packages. */
static void takes_any_location(void **state)
{
        _cleanup_(tear_down) struct rig rig;
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        set_up(&rig);
        set_wheel(&rig);
        rig.target.scheme.dirs[PLAN_LIB] = rig.target.scheme.dirs[PLAN_OTHER_LIB] = path_of(&rig, "env/local/lib");
        verify(&rig);
        describe(&rig, &text);
        assert_string_equal(text.data, "");
}

/* Without the data folder in the scheme, bin/ is found by the user scheme alone. */
static void takes_the_user_scheme(void **state)
{
        _cleanup_(tear_down) struct rig rig;
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        set_up(&rig);
        rig.target.user_scheme = rig.target.scheme;
        rig.target.scheme = (struct target_scheme){.dirs[PLAN_LIB] = "/nonexistent/a",
                                                   .dirs[PLAN_OTHER_LIB] = "/nonexistent/b",
                                                   .dirs[PLAN_SCRIPTS] = "/nonexistent/c",
                                                   .dirs[PLAN_HEADERS] = "/nonexistent/d",
                                                   .dirs[PLAN_DATA] = "/nonexistent/e"};
        verify(&rig);
        describe(&rig, &text);
        assert_string_equal(text.data, "");
}

static void says_what_it_may_not_read(void **state)
{
        _cleanup_(tear_down) struct rig rig;
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        if (geteuid() == 0)
                skip();
        set_up(&rig);
        assert_int_equal(fchmodat(rig.fd, SITE "/single.py", 0, 0), 0);
        assert_int_equal(fchmodat(rig.fd, SITE "/demo/sub", 0, 0), 0);
        verify(&rig);
        describe(&rig, &text);
        assert_string_equal(text.data, CHANGED "/demo/sub\n" CHANGED "/demo/sub/m.py\n" CHANGED "/single.py\n");
}

/* A tree as deep as a path can be: neither the stack nor the descriptors run out. */
static void bounds_the_depth(void **state)
{
        _cleanup_(tear_down) struct rig rig;
        _cleanup_(str_done) struct str path = STR_INIT;

        (void)state;
        set_up(&rig);
        str_add(&path, SITE "/demo");
        for (int i = 0; i < 500; i++)
                str_add(&path, "/d");
        assert_int_equal(file_make_dirs(rig.fd, path.data, 0755), 0);
        verify(&rig);
        assert_int_equal(rig.found.n, 1);
        assert_int_equal(rig.found.items[0].code, PIPSEED_E_INSTALL_FOREIGN);
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
