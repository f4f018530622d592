/* SPDX-License-Identifier: MIT */
/* Which files are read, and which are refused: through pipseed_policy_load, as everybody calls it. */
#include "policy_fixture.h"

#include "base/str.h"

#include <sys/wait.h>

#define PIP "[seed]\npip = 25.2\n"
#define STRANGER 65533

/* A call as another user, in a child: 0, or the number of the assertion that failed. */
static void as_user(uid_t uid, int (*call)(void))
{
        int status = 0;
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0)
                _exit(setgid(uid) < 0 || setuid(uid) < 0 ? 99 : call());
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

/* In a user namespace there is nobody but root: what needs a second user is tested where root runs the tests. */
static bool have_untrusted_owner(void)
{
        const char *path = fixture_path("stranger");

        fixture_write("stranger", "");
        return chown(path, STRANGER, STRANGER) == 0;
}

static void give(const char *name)
{
        assert_int_equal(chown(fixture_path(name), STRANGER, STRANGER), 0);
}

static void mode(const char *name, mode_t bits)
{
        assert_int_equal(chmod(fixture_path(name), bits), 0);
}

static void expect_pip(const char *pip, const char *layer)
{
        struct pipseed_policy *policy = fixture_load();

        assert_string_equal(fixture_value(policy, "seed.pip").value, pip);
        assert_string_equal(fixture_value(policy, "seed.pip").layer, layer);
        pipseed_policy_free(policy);
}

static void test_modes(void **state)
{
        static const struct {
                const char *file; /* that says something */
                const char *name; /* whose mode is changed */
                mode_t bits;
                bool refused;
        } cases[] = {
                {RIG_SYSTEM, RIG_SYSTEM, 0644, false},
                {RIG_SYSTEM, RIG_SYSTEM, 0600, false},
                {RIG_SYSTEM, RIG_SYSTEM, 0755, false},
                {RIG_SYSTEM, RIG_SYSTEM, 0664, true},
                {RIG_SYSTEM, RIG_SYSTEM, 0646, true},
                {RIG_SYSTEM, "etc/pipseed", 0775, true},
                {RIG_SYSTEM, "etc/pipseed", 0757, true},
                {RIG_SYSTEM, "etc/pipseed", 01777, true},
                {RIG_SYSTEM, "etc/pipseed", 0700, false},
                {RIG_SYSTEM, "etc", 0775, true},
                {RIG_DROP_IN, RIG_DROP_IN, 0664, true},
                {RIG_DROP_IN, RIG_DROP_IN, 0640, false},
                {RIG_DROP_IN, "etc/pipseed/policy.d", 0775, true},
                {RIG_DROP_IN, "etc/pipseed", 0777, true},
                {RIG_USER, RIG_USER, 0600, false},
                {RIG_USER, RIG_USER, 0664, true},
                {RIG_USER, RIG_USER, 0606, true},
                {RIG_USER, "home/.config/pipseed", 0777, true},
                {RIG_USER, "home/.config/pipseed", 0700, false},
                {RIG_NAMED, RIG_NAMED, 0644, false},
                {RIG_NAMED, RIG_NAMED, 0666, true},
                {RIG_NAMED, RIG_NAMED, 0664, true},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct pipseed_policy *policy = NULL;
                struct pipseed_error err;
                char named[512];
                int r;

                fixture_teardown(state);
                fixture_setup(state);
                (void)snprintf(named, sizeof(named), "%s", fixture_path(RIG_NAMED));
                fixture_write(cases[i].file, PIP);
                mode(cases[i].name, cases[i].bits);
                fixture_file = strcmp(cases[i].file, RIG_NAMED) == 0 ? named : NULL;
                r = fixture_try(&policy, &err);
                if (r != (cases[i].refused ? PIPSEED_E_POLICY_UNTRUSTED : 0))
                        fail_msg("%s with mode %04o: %d \"%s\"", cases[i].name, (unsigned int)cases[i].bits, r,
                                 err.message);
                if (r < 0) {
                        assert_string_equal(err.path, fixture_path(cases[i].name));
                        assert_non_null(strstr(err.message, fixture_path(cases[i].name)));
                        assert_true(err.hint[0] != '\0');
                } else {
                        assert_string_equal(fixture_value(policy, "seed.pip").value, "25.2");
                }
                pipseed_policy_free(policy);
        }
        fixture_file = NULL;
}

/* An empty system directory that others can write is refused too: somebody may have taken the policy away. */
static void test_empty_dir(void **state)
{
        (void)state;
        fixture_write("etc/pipseed/policy.d/README", "no policy");
        expect_pip("newest", "built-in");
        mode("etc/pipseed", 0777);
        fixture_refused(PIPSEED_E_POLICY_UNTRUSTED,
                        "etc/pipseed: the policy's directory is writable by others (mode 0777)");
}

static void test_owners(void **state)
{
        static const struct {
                const char *file, *name;
        } cases[] = {
                {RIG_SYSTEM, RIG_SYSTEM},   {RIG_SYSTEM, "etc/pipseed"},
                {RIG_DROP_IN, RIG_DROP_IN}, {RIG_DROP_IN, "etc/pipseed/policy.d"},
                {RIG_USER, RIG_USER},       {RIG_USER, "home/.config/pipseed"},
                {RIG_NAMED, RIG_NAMED},
        };

        if (!have_untrusted_owner())
                skip();
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char named[512];

                fixture_teardown(state);
                fixture_setup(state);
                (void)snprintf(named, sizeof(named), "%s", fixture_path(RIG_NAMED));
                fixture_write(cases[i].file, PIP);
                give(cases[i].name);
                fixture_file = strcmp(cases[i].file, RIG_NAMED) == 0 ? named : NULL;
                fixture_refused(PIPSEED_E_POLICY_UNTRUSTED, fixture_path(cases[i].name));
                fixture_refused(PIPSEED_E_POLICY_UNTRUSTED, "belongs to user 65533");
        }
        fixture_file = NULL;
}

static int load_code(void)
{
        struct pipseed_policy *policy = NULL;
        struct pipseed_error err;
        int r = fixture_try(&policy, &err);

        pipseed_policy_free(policy);
        return r;
}

static int call_accepts(void)
{
        return load_code() == 0 ? 0 : 1;
}

static int call_untrusted(void)
{
        return load_code() == PIPSEED_E_POLICY_UNTRUSTED ? 0 : 1;
}

static int call_unreadable(void)
{
        return load_code() == PIPSEED_E_POLICY_UNREADABLE ? 0 : 1;
}

static void test_ordinary_user(void **state)
{
        (void)state;
        if (!have_untrusted_owner())
                skip();
        fixture_write(RIG_SYSTEM, PIP);
        fixture_write(RIG_USER, PIP);
        as_user(STRANGER, call_accepts); /* root's files, for a user */
        give(RIG_USER);
        give("home/.config/pipseed");
        as_user(STRANGER, call_accepts);       /* his own */
        as_user(STRANGER - 1, call_untrusted); /* someone else's */
        give(RIG_SYSTEM);
        as_user(STRANGER, call_untrusted); /* the machine's policy is root's alone */
        assert_int_equal(chown(fixture_path(RIG_SYSTEM), 0, 0), 0);
        fixture_refused(PIPSEED_E_POLICY_UNTRUSTED, "to root or to the caller");
        mode(RIG_USER, 0600);
        as_user(STRANGER, call_accepts);
        as_user(STRANGER - 1, call_unreadable);
        mode(RIG_USER, 0);
        as_user(STRANGER, call_unreadable);
        fixture_remove("home");
        mode(RIG_SYSTEM, 0600);
        as_user(STRANGER, call_unreadable);
        mode(RIG_SYSTEM, 0644);
        mode("etc/pipseed", 0700);
        as_user(STRANGER, call_unreadable);
        mode("etc/pipseed", 0711); /* policy.d is absent; the file can be reached */
        as_user(STRANGER, call_accepts);
}

/* A file is there, but cannot be read as a policy. */
static void make_dir(const char *path)
{
        assert_int_equal(mkdir(path, 0755), 0);
}

static void make_fifo(const char *path)
{
        assert_int_equal(mkfifo(path, 0644), 0);
}

static void make_loop(const char *path)
{
        assert_int_equal(symlink(path, path), 0);
}

static void make_dangling(const char *path)
{
        assert_int_equal(symlink("nowhere", path), 0);
}

static void make_device(const char *path)
{
        assert_int_equal(symlink("/dev/null", path), 0);
}

static void make_large(const char *path)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
}

static void test_unreadable(void **state)
{
        static const struct {
                void (*make)(const char *path);
                const char *message;
        } kinds[] = {
                {make_dir, "is a directory"},           {make_fifo, "is not a regular file"},
                {make_loop, "symbolic links"},          {make_dangling, "No such file"},
                {make_device, "is not a regular file"}, {make_large, "larger than 1 MiB"},
        };
        static const char *const files[] = {RIG_SYSTEM, RIG_DROP_IN, RIG_USER, RIG_NAMED};

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                for (size_t k = 0; k < ARRAY_SIZE(files); k++) {
                        char named[512];

                        fixture_teardown(state);
                        fixture_setup(state);
                        (void)snprintf(named, sizeof(named), "%s", fixture_path(RIG_NAMED));
                        fixture_write(files[k], "");
                        fixture_remove(files[k]);
                        kinds[i].make(fixture_path(files[k]));
                        fixture_file = k == 3 ? named : NULL;
                        fixture_refused(PIPSEED_E_POLICY_UNREADABLE, kinds[i].message);
                        fixture_refused(PIPSEED_E_POLICY_UNREADABLE, fixture_path(files[k]));
                }
        fixture_file = NULL;
        assert_int_equal(pipseed_exit_code(PIPSEED_E_POLICY_UNREADABLE), 3);
}

static void test_size_limit(void **state)
{
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        str_add(&text, PIP);
        while (text.len < (size_t)1 << 20)
                str_add_char(&text, '\n');
        fixture_write(RIG_SYSTEM, text.data);
        expect_pip("25.2", "system");
        str_add_char(&text, '\n');
        fixture_write(RIG_SYSTEM, text.data);
        fixture_refused(PIPSEED_E_POLICY_UNREADABLE, "larger than 1 MiB");
}

static void test_dirs_in_the_way(void **state)
{
        (void)state;
        fixture_write("etc/pipseed", "a file");
        fixture_refused(PIPSEED_E_POLICY_UNREADABLE, "etc/pipseed: cannot read the policy's directory");
        fixture_remove("etc/pipseed");
        fixture_write("etc/pipseed/policy.d", "a file");
        fixture_refused(PIPSEED_E_POLICY_UNREADABLE, "policy.d: cannot read the policy's directory");
        fixture_remove("etc/pipseed/policy.d");
        make_dangling(fixture_path("etc/pipseed/policy.d"));
        fixture_refused(PIPSEED_E_POLICY_UNREADABLE, "policy.d: cannot read the policy's directory");
        fixture_remove("etc");
        fixture_write("home/.config/pipseed", "a file");
        fixture_refused(PIPSEED_E_POLICY_UNREADABLE, "home/.config/pipseed: cannot read");
}

static void test_drop_ins(void **state)
{
        struct pipseed_policy *policy;

        (void)state;
        fixture_write("etc/pipseed/policy.d/20.ini", "[seed]\npip = 20\n");
        fixture_write("etc/pipseed/policy.d/10.ini", "[seed]\npip = 10\n");
        fixture_write("etc/pipseed/policy.d/Z.ini", "[seed]\nuser = deny\n");
        fixture_write("etc/pipseed/policy.d/30.ini.dpkg-old", "[seed]\npip = 30\n");
        fixture_write("etc/pipseed/policy.d/40.conf", "[seed]\npip = 40\n");
        fixture_write("etc/pipseed/policy.d/.50.ini", "[seed]\npip = 50\n");
        fixture_write("etc/pipseed/policy.d/60.INI", "[seed]\npip = 60\n");
        policy = fixture_load();
        assert_string_equal(fixture_value(policy, "seed.pip").value, "20");
        assert_string_equal(pipseed_policy_file_at(policy, 0), fixture_path("etc/pipseed/policy.d/10.ini"));
        assert_string_equal(pipseed_policy_file_at(policy, 1), fixture_path("etc/pipseed/policy.d/20.ini"));
        assert_string_equal(pipseed_policy_file_at(policy, 2), fixture_path("etc/pipseed/policy.d/Z.ini"));
        assert_null(pipseed_policy_file_at(policy, 3));
        pipseed_policy_free(policy);
}

static void test_named(void **state)
{
        char named[512];
        char other[512];

        (void)state;
        (void)snprintf(named, sizeof(named), "%s", fixture_path(RIG_NAMED));
        (void)snprintf(other, sizeof(other), "%s", fixture_path("other.ini"));
        fixture_write(RIG_NAMED, PIP);
        fixture_write("other.ini", "[seed]\npip = 26\n");
        fixture_file = named;
        assert_int_equal(setenv("PIPSEED_POLICY", other, 1), 0);
        expect_pip("25.2", "file");
        fixture_file = NULL;
        expect_pip("26", "file");
        assert_int_equal(setenv("PIPSEED_POLICY", fixture_path("absent.ini"), 1), 0);
        fixture_refused(PIPSEED_E_POLICY_UNREADABLE, "absent.ini: cannot read the policy: No such file");
        assert_int_equal(setenv("PIPSEED_POLICY", "policy.ini", 1), 0);
        fixture_refused(PIPSEED_E_POLICY_UNREADABLE, "PIPSEED_POLICY: 'policy.ini' is not an absolute path");
        fixture_file = "/nowhere/x.ini";
        fixture_refused(PIPSEED_E_POLICY_UNREADABLE, "/nowhere/x.ini");
        fixture_file = "";
        fixture_refused(PIPSEED_E_POLICY_UNREADABLE, "No such file");
        fixture_file = NULL;
}

static void test_user_dir(void **state)
{
        (void)state;
        fixture_write(RIG_USER, "[seed]\npip = 25.1\n");
        fixture_write("xdg/pipseed/policy.ini", "[seed]\npip = 25.2\n");
        expect_pip("25.1", "user");
        assert_int_equal(setenv("XDG_CONFIG_HOME", fixture_path("xdg"), 1), 0);
        expect_pip("25.2", "user");
        assert_int_equal(setenv("XDG_CONFIG_HOME", "", 1), 0);
        expect_pip("25.1", "user");
        assert_int_equal(setenv("XDG_CONFIG_HOME", "xdg", 1), 0);
        expect_pip("25.1", "user");
        assert_int_equal(unsetenv("HOME"), 0);
        expect_pip("newest", "built-in");
        assert_int_equal(setenv("HOME", "home", 1), 0);
        expect_pip("newest", "built-in");
        assert_int_equal(setenv("HOME", "/dev/null", 1), 0);
        expect_pip("newest", "built-in");
        assert_int_equal(setenv("XDG_CONFIG_HOME", fixture_path("absent"), 1), 0);
        expect_pip("newest", "built-in");
}

/* Nothing is read from the current directory. The tests' own directory is restored. */
static void test_current_dir(void **state)
{
        _cleanup_close_ int before = file_open_dir(".");

        (void)state;
        fixture_write("cwd/policy.ini", PIP);
        fixture_write("cwd/pipseed/policy.ini", PIP);
        fixture_write("cwd/.config/pipseed/policy.ini", PIP);
        assert_int_equal(chdir(fixture_path("cwd")), 0);
        assert_int_equal(unsetenv("HOME"), 0);
        expect_pip("newest", "built-in");
        assert_int_equal(setenv("HOME", ".", 1), 0);
        assert_int_equal(setenv("XDG_CONFIG_HOME", ".", 1), 0);
        expect_pip("newest", "built-in");
        assert_int_equal(fchdir(before), 0);
}

/* Links are followed, and what they lead to is judged. */
static void test_links(void **state)
{
        (void)state;
        fixture_write("dotfiles/policy.ini", PIP);
        fixture_write(RIG_USER, "");
        fixture_remove(RIG_USER);
        assert_int_equal(symlink(fixture_path("dotfiles/policy.ini"), fixture_path(RIG_USER)), 0);
        expect_pip("25.2", "user");
        mode("dotfiles/policy.ini", 0666);
        fixture_refused(PIPSEED_E_POLICY_UNTRUSTED, fixture_path(RIG_USER));
        fixture_remove("home/.config/pipseed");
        mode("dotfiles/policy.ini", 0644);
        assert_int_equal(symlink(fixture_path("dotfiles"), fixture_path("home/.config/pipseed")), 0);
        expect_pip("25.2", "user");
        mode("dotfiles", 0777);
        fixture_refused(PIPSEED_E_POLICY_UNTRUSTED, "home/.config/pipseed: the policy's directory is writable");
}

static size_t count_fds(void)
{
        size_t n = 0;

        for (int fd = 0; fd < 256; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

static void test_no_descriptor_left(void **state)
{
        size_t before = count_fds();

        (void)state;
        fixture_write(RIG_SYSTEM, PIP);
        fixture_write(RIG_DROP_IN, "");
        fixture_write(RIG_USER, "");
        expect_pip("25.2", "system");
        mode(RIG_USER, 0666);
        fixture_refused(PIPSEED_E_POLICY_UNTRUSTED, "others");
        mode(RIG_DROP_IN, 0666);
        fixture_refused(PIPSEED_E_POLICY_UNTRUSTED, "others");
        fixture_write(RIG_SYSTEM, "x");
        fixture_refused(PIPSEED_E_POLICY_SYNTAX, "expected [section]");
        assert_int_equal(count_fds(), before);
}

/* A path too long for a message keeps the message's end: the line, and the reason. */
static void test_long_path(void **state)
{
        _cleanup_(str_done) struct str name = STR_INIT;
        struct pipseed_policy *policy = NULL;
        struct pipseed_error err;
        char home[2048];

        (void)state;
        (void)snprintf(home, sizeof(home), "%s", fixture_root);
        for (int i = 0; i < 6; i++) {
                size_t len = strlen(home);

                home[len++] = '/';
                memset(home + len, 'd', 200);
                home[len + 200] = '\0';
        }
        str_printf(&name, "%s/pipseed", home);
        assert_int_equal(file_make_dirs_abs(name.data, 0755), 0);
        str_add(&name, "/policy.ini");
        {
                _cleanup_close_ int fd = open(name.data, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

                assert_int_equal(file_write_all(fd, "[seed]\nuser = x\n", 16), 0);
        }
        assert_int_equal(setenv("XDG_CONFIG_HOME", home, 1), 0);
        assert_int_equal(fixture_try(&policy, &err), PIPSEED_E_POLICY_VALUE);
        assert_string_equal(err.path, name.data);
        assert_non_null(strstr(err.message, "/pipseed/policy.ini:2: seed.user = 'x': must be allow or deny"));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                RIG_TEST(test_modes),
                RIG_TEST(test_empty_dir),
                RIG_TEST(test_owners),
                RIG_TEST(test_ordinary_user),
                RIG_TEST(test_unreadable),
                RIG_TEST(test_size_limit),
                RIG_TEST(test_dirs_in_the_way),
                RIG_TEST(test_drop_ins),
                RIG_TEST(test_named),
                RIG_TEST(test_user_dir),
                RIG_TEST(test_current_dir),
                RIG_TEST(test_links),
                RIG_TEST(test_no_descriptor_left),
                RIG_TEST(test_long_path),
        };

        fixture_begin();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
