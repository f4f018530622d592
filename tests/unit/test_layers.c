/* SPDX-License-Identifier: MIT */
/* Which files are read, and which are refused: through pipseed_policy_load, as everybody calls it. */
#include "policy_rig.h"

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
static bool have_stranger(void)
{
        const char *path = rig_path("stranger");

        rig_write("stranger", "");
        return chown(path, STRANGER, STRANGER) == 0;
}

static void give(const char *name)
{
        assert_int_equal(chown(rig_path(name), STRANGER, STRANGER), 0);
}

static void mode(const char *name, mode_t bits)
{
        assert_int_equal(chmod(rig_path(name), bits), 0);
}

static void expect_pip(const char *pip, const char *layer)
{
        struct pipseed_policy *policy = rig_load();

        assert_string_equal(rig_value(policy, "seed.pip").value, pip);
        assert_string_equal(rig_value(policy, "seed.pip").layer, layer);
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

                rig_teardown(state);
                rig_setup(state);
                (void)snprintf(named, sizeof(named), "%s", rig_path(RIG_NAMED));
                rig_write(cases[i].file, PIP);
                mode(cases[i].name, cases[i].bits);
                rig_file = strcmp(cases[i].file, RIG_NAMED) == 0 ? named : NULL;
                r = rig_try(&policy, &err);
                if (r != (cases[i].refused ? PIPSEED_E_POLICY_UNTRUSTED : 0))
                        fail_msg("%s with mode %04o: %d \"%s\"", cases[i].name, (unsigned int)cases[i].bits, r,
                                 err.message);
                if (r < 0) {
                        assert_string_equal(err.path, rig_path(cases[i].name));
                        assert_non_null(strstr(err.message, rig_path(cases[i].name)));
                        assert_true(err.hint[0] != '\0');
                } else {
                        assert_string_equal(rig_value(policy, "seed.pip").value, "25.2");
                }
                pipseed_policy_free(policy);
        }
        rig_file = NULL;
}

/* An empty system folder that others can write is refused too: somebody may have taken the policy away. */
static void test_empty_folder(void **state)
{
        (void)state;
        rig_write("etc/pipseed/policy.d/README", "no policy");
        expect_pip("newest", "built-in");
        mode("etc/pipseed", 0777);
        rig_refused(PIPSEED_E_POLICY_UNTRUSTED, "etc/pipseed: others can write the policy's folder (mode 0777)");
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

        if (!have_stranger())
                skip();
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char named[512];

                rig_teardown(state);
                rig_setup(state);
                (void)snprintf(named, sizeof(named), "%s", rig_path(RIG_NAMED));
                rig_write(cases[i].file, PIP);
                give(cases[i].name);
                rig_file = strcmp(cases[i].file, RIG_NAMED) == 0 ? named : NULL;
                rig_refused(PIPSEED_E_POLICY_UNTRUSTED, rig_path(cases[i].name));
                rig_refused(PIPSEED_E_POLICY_UNTRUSTED, "belongs to user 65533");
        }
        rig_file = NULL;
}

static int load_code(void)
{
        struct pipseed_policy *policy = NULL;
        struct pipseed_error err;
        int r = rig_try(&policy, &err);

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
        if (!have_stranger())
                skip();
        rig_write(RIG_SYSTEM, PIP);
        rig_write(RIG_USER, PIP);
        as_user(STRANGER, call_accepts); /* root's files, for a user */
        give(RIG_USER);
        give("home/.config/pipseed");
        as_user(STRANGER, call_accepts);       /* his own */
        as_user(STRANGER - 1, call_untrusted); /* someone else's */
        give(RIG_SYSTEM);
        as_user(STRANGER, call_untrusted); /* the machine's policy is root's alone */
        assert_int_equal(chown(rig_path(RIG_SYSTEM), 0, 0), 0);
        rig_refused(PIPSEED_E_POLICY_UNTRUSTED, "to root or to the caller");
        mode(RIG_USER, 0600);
        as_user(STRANGER, call_accepts);
        as_user(STRANGER - 1, call_unreadable);
        mode(RIG_USER, 0);
        as_user(STRANGER, call_unreadable);
        rig_remove("home");
        mode(RIG_SYSTEM, 0600);
        as_user(STRANGER, call_unreadable);
        mode(RIG_SYSTEM, 0644);
        mode("etc/pipseed", 0700);
        as_user(STRANGER, call_unreadable);
        mode("etc/pipseed", 0711); /* policy.d is absent; the file can be reached */
        as_user(STRANGER, call_accepts);
}

/* A file is there, but cannot be read as a policy. */
static void make_folder(const char *path)
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
                {make_folder, "is a folder"},  {make_fifo, "is no regular file"}, {make_loop, "symbolic links"},
                {make_dangling, "No such file"}, {make_device, "is no regular file"}, {make_large, "larger than 1 MiB"},
        };
        static const char *const files[] = {RIG_SYSTEM, RIG_DROP_IN, RIG_USER, RIG_NAMED};

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                for (size_t k = 0; k < ARRAY_SIZE(files); k++) {
                        char named[512];

                        rig_teardown(state);
                        rig_setup(state);
                        (void)snprintf(named, sizeof(named), "%s", rig_path(RIG_NAMED));
                        rig_write(files[k], "");
                        rig_remove(files[k]);
                        kinds[i].make(rig_path(files[k]));
                        rig_file = k == 3 ? named : NULL;
                        rig_refused(PIPSEED_E_POLICY_UNREADABLE, kinds[i].message);
                        rig_refused(PIPSEED_E_POLICY_UNREADABLE, rig_path(files[k]));
                }
        rig_file = NULL;
        assert_int_equal(pipseed_code_exit(PIPSEED_E_POLICY_UNREADABLE), 3);
}

static void test_size_limit(void **state)
{
        _cleanup_(str_done) struct str text = STR_INIT;

        (void)state;
        str_add(&text, PIP);
        while (text.len < (size_t)1 << 20)
                str_add_char(&text, '\n');
        rig_write(RIG_SYSTEM, text.data);
        expect_pip("25.2", "system");
        str_add_char(&text, '\n');
        rig_write(RIG_SYSTEM, text.data);
        rig_refused(PIPSEED_E_POLICY_UNREADABLE, "larger than 1 MiB");
}

static void test_folders_in_the_way(void **state)
{
        (void)state;
        rig_write("etc/pipseed", "a file");
        rig_refused(PIPSEED_E_POLICY_UNREADABLE, "etc/pipseed: cannot read the policy's folder");
        rig_remove("etc/pipseed");
        rig_write("etc/pipseed/policy.d", "a file");
        rig_refused(PIPSEED_E_POLICY_UNREADABLE, "policy.d: cannot read the policy's folder");
        rig_remove("etc/pipseed/policy.d");
        make_dangling(rig_path("etc/pipseed/policy.d"));
        rig_refused(PIPSEED_E_POLICY_UNREADABLE, "policy.d: cannot read the policy's folder");
        rig_remove("etc");
        rig_write("home/.config/pipseed", "a file");
        rig_refused(PIPSEED_E_POLICY_UNREADABLE, "home/.config/pipseed: cannot read");
}

static void test_drop_ins(void **state)
{
        struct pipseed_policy *policy;

        (void)state;
        rig_write("etc/pipseed/policy.d/20.ini", "[seed]\npip = 20\n");
        rig_write("etc/pipseed/policy.d/10.ini", "[seed]\npip = 10\n");
        rig_write("etc/pipseed/policy.d/Z.ini", "[seed]\nuser = deny\n");
        rig_write("etc/pipseed/policy.d/30.ini.dpkg-old", "[seed]\npip = 30\n");
        rig_write("etc/pipseed/policy.d/40.conf", "[seed]\npip = 40\n");
        rig_write("etc/pipseed/policy.d/.50.ini", "[seed]\npip = 50\n");
        rig_write("etc/pipseed/policy.d/60.INI", "[seed]\npip = 60\n");
        policy = rig_load();
        assert_string_equal(rig_value(policy, "seed.pip").value, "20");
        assert_string_equal(pipseed_policy_file_at(policy, 0), rig_path("etc/pipseed/policy.d/10.ini"));
        assert_string_equal(pipseed_policy_file_at(policy, 1), rig_path("etc/pipseed/policy.d/20.ini"));
        assert_string_equal(pipseed_policy_file_at(policy, 2), rig_path("etc/pipseed/policy.d/Z.ini"));
        assert_null(pipseed_policy_file_at(policy, 3));
        pipseed_policy_free(policy);
}

static void test_named(void **state)
{
        char named[512];
        char other[512];

        (void)state;
        (void)snprintf(named, sizeof(named), "%s", rig_path(RIG_NAMED));
        (void)snprintf(other, sizeof(other), "%s", rig_path("other.ini"));
        rig_write(RIG_NAMED, PIP);
        rig_write("other.ini", "[seed]\npip = 26\n");
        rig_file = named;
        assert_int_equal(setenv("PIPSEED_POLICY", other, 1), 0);
        expect_pip("25.2", "file");
        rig_file = NULL;
        expect_pip("26", "file");
        assert_int_equal(setenv("PIPSEED_POLICY", rig_path("absent.ini"), 1), 0);
        rig_refused(PIPSEED_E_POLICY_UNREADABLE, "absent.ini: cannot read the policy: No such file");
        assert_int_equal(setenv("PIPSEED_POLICY", "policy.ini", 1), 0);
        rig_refused(PIPSEED_E_POLICY_UNREADABLE, "PIPSEED_POLICY: \"policy.ini\" is not an absolute path");
        rig_file = "/nowhere/x.ini";
        rig_refused(PIPSEED_E_POLICY_UNREADABLE, "/nowhere/x.ini");
        rig_file = "";
        rig_refused(PIPSEED_E_POLICY_UNREADABLE, "No such file");
        rig_file = NULL;
}

static void test_user_folder(void **state)
{
        (void)state;
        rig_write(RIG_USER, "[seed]\npip = 25.1\n");
        rig_write("xdg/pipseed/policy.ini", "[seed]\npip = 25.2\n");
        expect_pip("25.1", "user");
        assert_int_equal(setenv("XDG_CONFIG_HOME", rig_path("xdg"), 1), 0);
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
        assert_int_equal(setenv("XDG_CONFIG_HOME", rig_path("absent"), 1), 0);
        expect_pip("newest", "built-in");
}

/* Nothing is read from the current folder. The tests' own folder is restored. */
static void test_current_folder(void **state)
{
        _cleanup_close_ int before = file_open_dir(".");

        (void)state;
        rig_write("cwd/policy.ini", PIP);
        rig_write("cwd/pipseed/policy.ini", PIP);
        rig_write("cwd/.config/pipseed/policy.ini", PIP);
        assert_int_equal(chdir(rig_path("cwd")), 0);
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
        rig_write("dotfiles/policy.ini", PIP);
        rig_write(RIG_USER, "");
        rig_remove(RIG_USER);
        assert_int_equal(symlink(rig_path("dotfiles/policy.ini"), rig_path(RIG_USER)), 0);
        expect_pip("25.2", "user");
        mode("dotfiles/policy.ini", 0666);
        rig_refused(PIPSEED_E_POLICY_UNTRUSTED, rig_path(RIG_USER));
        rig_remove("home/.config/pipseed");
        mode("dotfiles/policy.ini", 0644);
        assert_int_equal(symlink(rig_path("dotfiles"), rig_path("home/.config/pipseed")), 0);
        expect_pip("25.2", "user");
        mode("dotfiles", 0777);
        rig_refused(PIPSEED_E_POLICY_UNTRUSTED, "home/.config/pipseed: others can write");
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
        rig_write(RIG_SYSTEM, PIP);
        rig_write(RIG_DROP_IN, "");
        rig_write(RIG_USER, "");
        expect_pip("25.2", "system");
        mode(RIG_USER, 0666);
        rig_refused(PIPSEED_E_POLICY_UNTRUSTED, "others");
        mode(RIG_DROP_IN, 0666);
        rig_refused(PIPSEED_E_POLICY_UNTRUSTED, "others");
        rig_write(RIG_SYSTEM, "x");
        rig_refused(PIPSEED_E_POLICY_SYNTAX, "neither");
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
        (void)snprintf(home, sizeof(home), "%s", rig_root);
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
        assert_int_equal(rig_try(&policy, &err), PIPSEED_E_POLICY_VALUE);
        assert_string_equal(err.path, name.data);
        assert_non_null(strstr(err.message, "/pipseed/policy.ini:2: seed.user = \"x\": must be allow or deny"));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                RIG_TEST(test_modes),        RIG_TEST(test_empty_folder),       RIG_TEST(test_owners),
                RIG_TEST(test_ordinary_user), RIG_TEST(test_unreadable),        RIG_TEST(test_size_limit),
                RIG_TEST(test_folders_in_the_way), RIG_TEST(test_drop_ins),     RIG_TEST(test_named),
                RIG_TEST(test_user_folder),  RIG_TEST(test_current_folder),     RIG_TEST(test_links),
                RIG_TEST(test_no_descriptor_left), RIG_TEST(test_long_path),
        };

        rig_begin();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
