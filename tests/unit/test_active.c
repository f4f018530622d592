/* SPDX-License-Identifier: MIT */
/*
 * Is a virtual environment active? One table of every form of activity, for the interpreter that is asked for and for
 * the variable VIRTUAL_ENV.
 */
#include "tree_fixture.h"

#include "target/pyvenv.h"
#include "target/target.h"

/* The trees that the table speaks of. "@" stands for the temporary directory. */
static const char *const tree[] = {
        "base/bin/python3*",
        "link-to-base/python3 -> @/base/bin/python3",
        /* an environment, and one made from it */
        "env/pyvenv.cfg",
        "env/bin/python3 -> @/base/bin/python3",
        "env/bin/python -> python3",
        "nested/pyvenv.cfg",
        "nested/bin/python3 -> @/env/bin/python3",
        "copies/pyvenv.cfg",
        "copies/bin/python3*",
        /* pyvenv.cfg beside the interpreter */
        "beside/bin/pyvenv.cfg",
        "beside/bin/python3 -> @/base/bin/python3",
        /* one below an environment's directory is none of it */
        "env/sub/bin/python3 -> @/base/bin/python3",
        /* links to an environment and into it */
        "link-to-env -> env",
        "link-into-env/python3 -> @/env/bin/python3",
        /* virtualenv before 20 */
        "legacy/bin/activate_this.py",
        "legacy/bin/python3*",
        "legacy/lib/python3.7/orig-prefix.txt",
        "half-legacy/bin/activate_this.py",
        "half-legacy/bin/python3*",
        "half-legacy/lib/python3.7/os.py",
        /* conda: an installation of its own; and a venv made with its Python */
        "conda/conda-meta/history",
        "conda/bin/python3*",
        "conda-venv/pyvenv.cfg",
        "conda-venv/bin/python3 -> @/conda/bin/python3",
        /* leftovers */
        "empty/",
        "cfg-is-directory/pyvenv.cfg/",
        "cfg-is-directory/bin/python3*",
        "a-file",
        "dangling-cfg/pyvenv.cfg -> @/missing",
        "dangling-cfg/bin/python3*",
        "no-home/pyvenv.cfg",
        "no-home/bin/python3*",
        "a b/pyvenv.cfg",
        "a b/bin/python3 -> @/base/bin/python3",
};

static const struct {
        const char *name;
        const char *python;      /* the interpreter that is asked for */
        const char *virtual_env; /* NULL: not set; "" set and empty; "=x" x as it is */
        const char *active;      /* the active environment, NULL: none */
} cases[] = {
        {"plain interpreter", "base/bin/python3", NULL, NULL},
        {"link to it", "link-to-base/python3", NULL, NULL},
        {"in an environment", "env/bin/python3", NULL, "env"},
        {"by its other name", "env/bin/python", NULL, "env"},
        {"through a link to the environment", "link-to-env/bin/python3", NULL, "link-to-env"},
        {"link from elsewhere to its interpreter", "link-into-env/python3", NULL, NULL},
        {"nested", "nested/bin/python3", NULL, "nested"},
        {"copies", "copies/bin/python3", NULL, "copies"},
        {"pyvenv.cfg beside the interpreter", "beside/bin/python3", NULL, "beside"},
        {"two above is not looked at", "env/sub/bin/python3", NULL, NULL},
        {"virtualenv older than 20", "legacy/bin/python3", NULL, "legacy"},
        {"activate_this.py alone", "half-legacy/bin/python3", NULL, NULL},
        {"conda", "conda/bin/python3", NULL, NULL},
        {"venv made with conda's Python", "conda-venv/bin/python3", NULL, "conda-venv"},
        {"pyvenv.cfg is a directory", "cfg-is-directory/bin/python3", NULL, NULL},
        {"pyvenv.cfg is a dangling link", "dangling-cfg/bin/python3", NULL, NULL},
        {"pyvenv.cfg without home", "no-home/bin/python3", NULL, "no-home"},
        {"path with a blank", "a b/bin/python3", NULL, "a b"},
        {"VIRTUAL_ENV is an environment", "base/bin/python3", "env", "env"},
        {"VIRTUAL_ENV with a slash at its end", "base/bin/python3", "env/", "env"},
        {"VIRTUAL_ENV is a link to one", "base/bin/python3", "link-to-env", "link-to-env"},
        {"VIRTUAL_ENV is an old virtualenv", "base/bin/python3", "legacy", "legacy"},
        {"VIRTUAL_ENV without home", "base/bin/python3", "no-home", "no-home"},
        {"VIRTUAL_ENV with a blank", "base/bin/python3", "a b", "a b"},
        {"VIRTUAL_ENV empty", "base/bin/python3", "", NULL},
        {"VIRTUAL_ENV stale", "base/bin/python3", "removed", NULL},
        {"VIRTUAL_ENV is an empty directory", "base/bin/python3", "empty", NULL},
        {"VIRTUAL_ENV is a file", "base/bin/python3", "a-file", NULL},
        {"VIRTUAL_ENV is conda", "base/bin/python3", "conda", NULL},
        {"VIRTUAL_ENV is the base", "base/bin/python3", "base", NULL},
        {"VIRTUAL_ENV is the bin directory of one", "base/bin/python3", "env/bin", NULL},
        {"VIRTUAL_ENV is the system", "base/bin/python3", "=/", NULL},
        {"the target's own goes before VIRTUAL_ENV", "nested/bin/python3", "env", "nested"},
        {"the target's own with a stale VIRTUAL_ENV", "env/bin/python3", "removed", "env"},
        {"conda's Python in an active venv", "conda/bin/python3", "env", "env"},
};

static void make_tree(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(tree); i++) {
                struct str entry = STR_INIT;
                const char *content = "";

                for (const char *p = tree[i]; *p != '\0'; p++)
                        str_printf(&entry, "%s%.*s", *p == '@' ? tree_root : "", *p == '@' ? 0 : 1, p);
                if (str_ends(tree[i], "pyvenv.cfg"))
                        content = str_starts(tree[i], "no-home") ? "version = 3.9.1\n" : "home = /usr/bin\n";
                else if (str_ends(tree[i], "orig-prefix.txt"))
                        content = "/usr";
                tree_entry(entry.data, content);
                str_done(&entry);
        }
}

/* What target_find makes of an interpreter, without running one: is it in an environment, and in which? */
static void describe(const char *python, struct target *target)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pyvenv env = {0};
        int r = pyvenv_read_of(&target->arena, NULL, tree_path(python), &env, &err);

        assert_true(r == 0 || r == 1);
        target->is_venv = r == 1;
        target->prefix = r == 1 ? env.prefix : "/usr";
}

static void check(size_t i)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct target target = {0};
        char *env = NULL;
        const char *variable = cases[i].virtual_env;
        int r;

        if (variable == NULL)
                (void)unsetenv("VIRTUAL_ENV");
        else if (variable[0] == '\0' || variable[0] == '=')
                (void)setenv("VIRTUAL_ENV", variable + (variable[0] == '='), 1);
        else
                (void)setenv("VIRTUAL_ENV", tree_path(variable), 1);
        describe(cases[i].python, &target);
        r = target_venv_active(&target, &env, &err);
        if (r != (cases[i].active != NULL) || (env == NULL) != (cases[i].active == NULL))
                fail_msg("%s: %d %s", cases[i].name, r, env != NULL ? env : "");
        if (env != NULL && strcmp(env, tree_path(cases[i].active)) != 0)
                fail_msg("%s: %s", cases[i].name, env);
        assert_int_equal(target_venv_active(&target, NULL, &err), r);
        assert_int_equal(err.code, 0);
        free(env);
        arena_done(&target.arena);
}

static void test_active(void **state)
{
        (void)state;
        make_tree();
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                check(i);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_active, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
