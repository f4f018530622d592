/* SPDX-License-Identifier: MIT */
/*
 * policy_fixture.h - a machine of its own for tests of the policy: a directory with etc, home and a named file, and an
 * environment in which no variable of pipseed is set.
 *
 *     fixture_begin();            in main, before the tests
 *     fixture_setup(&state);      a fresh directory; fixture_teardown removes it
 *     fixture_write("etc/pipseed/policy.ini", "[seed]\npip = 25.2\n");
 *     policy = fixture_load(&err);
 */
#ifndef POLICY_FIXTURE_H
#define POLICY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "pipseed_policy.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define RIG_SYSTEM "etc/pipseed/policy.ini"
#define RIG_DROP_IN "etc/pipseed/policy.d/50-site.ini"
#define RIG_USER "home/.config/pipseed/policy.ini"
#define RIG_NAMED "named.ini"

static char fixture_root[64];
static char fixture_etc[80];
static const char *fixture_file; /* --policy */

static inline const char *fixture_path(const char *name)
{
        static char paths[4][512];
        static unsigned int next;
        char *path = paths[next++ % 4];

        (void)snprintf(path, sizeof(paths[0]), "%s/%s", fixture_root, name);
        return path;
}

static inline void fixture_write_bytes(const char *name, const void *data, size_t len)
{
        const char *path = fixture_path(name);
        char directory[512];
        int fd;

        (void)snprintf(directory, sizeof(directory), "%s", path);
        *strrchr(directory, '/') = '\0';
        assert_int_equal(file_make_dirs_abs(directory, 0755), 0);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(file_write_all(fd, data, len), 0);
        assert_int_equal(close(fd), 0);
}

static inline void fixture_write(const char *name, const char *text)
{
        fixture_write_bytes(name, text, strlen(text));
}

static inline void fixture_remove_in(const char *directory, const char *name)
{
        _cleanup_close_ int fd = file_open_dir(directory);

        assert_true(fd >= 0);
        assert_int_equal(file_remove_tree(fd, name), 0);
}

static inline void fixture_remove(const char *name)
{
        fixture_remove_in(fixture_root, name);
}

static inline int fixture_try(struct pipseed_policy **ret_policy, struct pipseed_error *err)
{
        struct pipseed_policy_options options = {.size = sizeof(options),
                                                 .file = fixture_file,
                                                 .use_environment = true,
                                                 .sysconf_dir = fixture_etc};

        *err = (struct pipseed_error)PIPSEED_ERROR_INIT;
        return pipseed_policy_load(&options, ret_policy, err);
}

static inline struct pipseed_policy *fixture_load(void)
{
        struct pipseed_error err;
        struct pipseed_policy *policy = NULL;

        if (fixture_try(&policy, &err) < 0)
                fail_msg("%s (%s)", err.message, pipseed_code_name(err.code));
        return policy;
}

/* A file of the source tree; ctest says where that is. */
static inline char *fixture_read_source(const char *name)
{
        const char *source = getenv("PIPSEED_SOURCE");
        char path[512];
        char *text = NULL;

        (void)snprintf(path, sizeof(path), "%s/%s", source != NULL ? source : ".", name);
        if (file_read(AT_FDCWD, path, (size_t)1 << 20, &text, NULL) < 0)
                fail_msg("cannot read %s: set PIPSEED_SOURCE to the source tree", path);
        return text;
}

/* Loading must fail with this code, the message holding part. */
static inline void fixture_refused(int code, const char *part)
{
        struct pipseed_error err;
        struct pipseed_policy *policy = NULL;

        if (fixture_try(&policy, &err) == 0) {
                pipseed_policy_free(policy);
                fail_msg("loaded, although %s was to be refused", part);
        }
        if (err.code != code || strstr(err.message, part) == NULL)
                fail_msg("%s: \"%s\", not %s with \"%s\"", pipseed_code_name(err.code), err.message,
                         pipseed_code_name(code), part);
        assert_null(policy);
}

static inline struct pipseed_policy_value fixture_value(const struct pipseed_policy *policy, const char *key)
{
        struct pipseed_policy_value value = PIPSEED_POLICY_VALUE_INIT;

        for (size_t i = 0; i < pipseed_policy_count(policy); i++) {
                assert_int_equal(pipseed_policy_value_at(policy, i, &value), 0);
                if (strcmp(value.key, key) == 0)
                        return value;
        }
        fail_msg("no value %s", key);
        return value;
}

static inline void fixture_map(const char *file, const char *text)
{
        int fd = open(file, O_WRONLY | O_CLOEXEC);

        if (fd >= 0) {
                (void)file_write_all(fd, text, strlen(text));
                (void)close(fd);
        }
}

/* System files must be root's: an ordinary user becomes root of a user namespace. */
static inline void fixture_begin(void)
{
        char line[64];
        uid_t uid = geteuid();

        (void)umask(022);
        if (uid == 0 || unshare(CLONE_NEWUSER) < 0)
                return;
        (void)snprintf(line, sizeof(line), "0 %u 1", (unsigned int)uid);
        fixture_map("/proc/self/uid_map", line);
}

static inline int fixture_setup(void **state)
{
        extern char **environ;

        (void)state;
        for (char **entry = environ; *entry != NULL;) {
                char name[256];
                size_t len = strcspn(*entry, "=");

                /* Not PIPSEED_SOURCE and PIPSEED_BUILD, which the tests are run with. */
                if (strncmp(*entry, "PIPSEED_", 8) != 0 || strncmp(*entry, "PIPSEED_SOURCE", 14) == 0 ||
                    strncmp(*entry, "PIPSEED_BUILD", 13) == 0 || len >= sizeof(name)) {
                        entry++;
                        continue;
                }
                memcpy(name, *entry, len);
                name[len] = '\0';
                assert_int_equal(unsetenv(name), 0);
        }
        fixture_file = NULL;
        (void)snprintf(fixture_root, sizeof(fixture_root), "/tmp/pipseed-policy-XXXXXX");
        assert_non_null(mkdtemp(fixture_root));
        assert_int_equal(chmod(fixture_root, 0755), 0);
        (void)snprintf(fixture_etc, sizeof(fixture_etc), "%s/etc", fixture_root);
        assert_int_equal(setenv("HOME", fixture_path("home"), 1), 0);
        return unsetenv("XDG_CONFIG_HOME");
}

static inline int fixture_teardown(void **state)
{
        (void)state;
        fixture_remove_in("/tmp", fixture_root + strlen("/tmp/"));
        return 0;
}

#define RIG_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

#endif
