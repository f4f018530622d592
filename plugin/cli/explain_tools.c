/* SPDX-License-Identifier: MIT */
#include "cleanup.h"
#include "explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *explain_text(char *buffer, size_t size, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(buffer, size, format, arguments);
        va_end(arguments);
        return buffer;
}

void explain_against(struct explain *explain, const char *code, const char *hint, const char *format, ...)
{
        struct explain_finding finding = {.code = code, .hint = strdup(hint)};
        va_list arguments;

        va_start(arguments, format);
        if (vasprintf(&finding.message, format, arguments) < 0)
                finding.message = NULL;
        va_end(arguments);
        if (explain->n_findings == EXPLAIN_MAX_FINDINGS || finding.hint == NULL || finding.message == NULL) {
                explain->failed = true;
                free(finding.hint);
                free(finding.message);
                return;
        }
        explain->findings[explain->n_findings++] = finding;
}

void explain_done(struct explain *explain)
{
        for (size_t i = 0; i < explain->n_findings; i++) {
                free(explain->findings[i].message);
                free(explain->findings[i].hint);
        }
        explain_python_free(explain->found);
}

void explain_choose(struct explain *explain, const char *by)
{
        (void)explain_text(explain->chosen, sizeof(explain->chosen), "%s", by);
}

const char *explain_variable(const char *name)
{
        const char *value = getenv(name);

        return value != NULL && value[0] != '\0' ? value : NULL;
}

/* ---- what virtualenv itself reads ---- */

bool explain_is_on(const char *value)
{
        static const char *const words[] = {"1", "true", "yes", "on", "True", "TRUE", "Yes"};

        for (size_t i = 0; value != NULL && i < ARRAY_SIZE(words); i++)
                if (strcmp(value, words[i]) == 0)
                        return true;
        return false;
}

const char *explain_user_file(const char *name, char *buffer, size_t size)
{
        const char *directory = explain_variable("XDG_CONFIG_HOME");
        const char *home = explain_variable("HOME");

        if (directory != NULL)
                return explain_text(buffer, size, "%s/%s", directory, name);
        return explain_text(buffer, size, "%s/.config/%s", home != NULL ? home : "", name);
}

static const char *virtualenv_ini(bool sees_variables, char *buffer, size_t size)
{
        const char *named = sees_variables ? explain_variable("VIRTUALENV_CONFIG_FILE") : NULL;

        if (named != NULL)
                return explain_text(buffer, size, "%s", named);
        return explain_user_file("virtualenv/virtualenv.ini", buffer, size);
}

static void check_plugin(struct explain *explain)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        const char *version = explain_version(explain, "virtualenv");
        char hint[2 * PATH_MAX];

        if (version == NULL) {
                explain_against(explain, "virtualenv-missing",
                                explain_install(explain, "virtualenv", hint, sizeof(hint)),
                                "virtualenv is not installed beside %s", explain->tool->name);
        } else if (pipseed_version_matches(version, ">=20.26", &err) == 0) {
                explain_against(explain, "virtualenv-old",
                                explain_install(explain, "'virtualenv>=20.26'", hint, sizeof(hint)),
                                "virtualenv %s is too old: expected 20.26 or newer", version);
        }
        if (!explain_has_seeder(explain))
                explain_against(explain, "plugin-missing", explain_install(explain, "pipseed", hint, sizeof(hint)),
                                "pipseed is not installed beside %s, in the Python of %s", explain->tool->name,
                                explain->python);
}

/* Which seeder virtualenv takes: the variable before the file. */
static void check_seeder(struct explain *explain, bool sees_variables)
{
        const char *named = sees_variables ? explain_variable("VIRTUALENV_SEEDER") : NULL;
        char file[PATH_MAX];
        char value[64] = "";

        if (named != NULL && strcmp(named, "pipseed") == 0) {
                explain_choose(explain, "VIRTUALENV_SEEDER");
                return;
        }
        if (named != NULL) {
                explain_against(explain, "seeder-other", "export VIRTUALENV_SEEDER=pipseed",
                                "VIRTUALENV_SEEDER selects %s", named);
                return;
        }
        (void)virtualenv_ini(sees_variables, file, sizeof(file));
        if (explain_key(file, "virtualenv", "seeder", value, sizeof(value)) && strcmp(value, "pipseed") == 0) {
                explain_choose(explain, file);
                return;
        }
        if (sees_variables) {
                explain_against(explain, "seeder-unset", "export VIRTUALENV_SEEDER=pipseed",
                                "neither VIRTUALENV_SEEDER nor %s selects the seeder pipseed", file);
        } else {
                char hint[2 * PATH_MAX];

                explain_against(explain, "seeder-unset",
                                explain_text(hint, sizeof(hint),
                                             "write to %s: [virtualenv], and below it seeder = pipseed", file),
                                "%s hides variables from virtualenv, and %s does not select the seeder pipseed",
                                explain->tool->name, file);
        }
}

static void check_no_pip(struct explain *explain)
{
        static const char *const names[] = {"VIRTUALENV_NO_PIP", "VIRTUALENV_NO_SEED", "VIRTUALENV_WITHOUT_PIP"};
        char hint[64];

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (explain_is_on(explain_variable(names[i])))
                        explain_against(explain, "no-pip", explain_text(hint, sizeof(hint), "unset %s", names[i]),
                                        "%s asks for environments without pip", names[i]);
}

static bool check_beside(struct explain *explain, const char *program)
{
        if (!explain_open(explain, program))
                return false;
        check_plugin(explain);
        check_no_pip(explain);
        return true;
}

void explain_virtualenv(struct explain *explain, const char *program)
{
        if (check_beside(explain, program))
                check_seeder(explain, true);
}

/* ---- tools above virtualenv ---- */

static const struct {
        const char *file;
        const char *section;
} tox_files[] = {{"tox.ini", "tox"},
                 {"setup.cfg", "tox:tox"},
                 {"pyproject.toml", "tool.tox"},
                 {"pyproject.toml", "tox"},
                 {"tox.toml", ""}};

static void check_tox(struct explain *explain)
{
        bool provisioned = false, by_uv = false, chosen = false, told = false;
        char hint[2 * PATH_MAX];

        if (!explain_open(explain, explain->tool->program))
                return;
        for (size_t i = 0; i < ARRAY_SIZE(tox_files); i++) {
                const char *file = tox_files[i].file, *section = tox_files[i].section;

                provisioned = provisioned || explain_lists(file, section, "requires", "pipseed");
                by_uv = by_uv || explain_lists(file, section, "requires", "tox-uv");
                chosen = chosen || explain_mentions(file, "VIRTUALENV_SEEDER", "pipseed");
                told = told || explain_mentions(file, "runner", "virtualenv");
        }
        if ((by_uv || explain_version(explain, "tox-uv") != NULL) && !told)
                explain_against(explain, "tox-uv",
                                by_uv ? "remove tox-uv from requires, or write runner = virtualenv to [testenv]"
                                      : explain_text(hint, sizeof(hint), "%s -m pip uninstall tox-uv", explain->python),
                                "tox-uv is %s: uv creates the environments",
                                by_uv ? "required by the project" : "installed");
        /* With requires, tox creates its own environment with these packages and runs in it. */
        if (!provisioned)
                check_plugin(explain);
        check_no_pip(explain);
        if (!chosen)
                check_seeder(explain, true);
        else
                explain_choose(explain, "set_env");
}

/* Tools that call virtualenv, each with its rules. */
static void check_above_virtualenv(struct explain *explain)
{
        const struct explain_tool *tool = explain->tool;

        if (!check_beside(explain, tool->program))
                return;
        explain_rules(explain);
        if (tool->choice_file != NULL && explain_mentions(tool->choice_file, tool->choice_key, "pipseed"))
                explain_choose(explain, tool->choice_file);
        else
                check_seeder(explain, !tool->hides_variables);
}

#define BY_VENV "creates environments with"
#define UV_CREATES "uv has no hook: 'uv venv' creates environments without pip, and pipseed installs it afterwards"

const struct explain_tool explain_tools[] = {
        {.name = "airflow", .check = explain_venv, .program = "airflow", .text = BY_VENV},
        {
                .name = "ansible",
                .check = explain_hook_files,
                .hook_files = {"*.yml", "*/tasks/*.yml", "roles/*/tasks/*.yml"},
                .code = "hook-missing",
                .hint = "write to the task: virtualenv_command: /usr/bin/pipseed venv",
                .text = "no playbook or task below the current directory names pipseed as virtualenv_command",
        },
        {
                .name = "cookiecutter",
                .check = explain_hook_files,
                .program = "cookiecutter",
                .hook_files = {"hooks/post_gen_project.*"},
                .code = "hook-missing",
                .hint = "write 'pipseed venv .venv' to hooks/post_gen_project.sh",
                .text = "the template in the current directory has no hooks/post_gen_project.* that calls pipseed",
        },
        {
                .name = "copier",
                .check = explain_hook_files,
                .program = "copier",
                .hook_files = {"copier.y*ml"},
                .code = "hook-missing",
                .hint = "write to copier.yml: _tasks: [\"pipseed venv .venv\"]",
                .text = "the template in the current directory has no copier.yml whose _tasks call pipseed",
        },
        {.name = "direnv", .check = explain_direnv, .program = "direnv"},
        {.name = "hatch", .check = check_above_virtualenv, .program = "hatch"},
        {.name = "jupyter", .check = explain_venv, .text = BY_VENV},
        {
                .name = "nox",
                .check = check_above_virtualenv,
                .program = "nox",
                .choice_file = "noxfile.py",
                .choice_key = "venv_params",
        },
        {.name = "pdm", .check = check_above_virtualenv, .program = "pdm"},
        {.name = "pipenv", .check = check_above_virtualenv, .program = "pipenv"},
        {
                .name = "pipx",
                .check = explain_venv,
                .program = "pipx",
                .text = "creates the environment of its shared pip with",
        },
        {.name = "poetry", .check = check_above_virtualenv, .program = "poetry"},
        {.name = "pre-commit", .check = check_above_virtualenv, .program = "pre-commit"},
        {.name = "pycharm", .check = explain_venv, .text = BY_VENV},
        {.name = "pyenv-virtualenv", .check = explain_pyenv, .program = "pyenv"},
        {.name = "ray", .check = check_above_virtualenv, .program = "ray", .hides_variables = true},
        {.name = "slurm", .check = explain_slurm},
        {.name = "tox", .check = check_tox, .program = "tox"},
        {
                .name = "uv",
                .check = explain_hook_files,
                .program = "uv",
                .code = "no-hook",
                .hint = "uv venv && pipseed seed --default-pip .venv",
                .text = UV_CREATES,
        },
        {.name = "virtualenv", .check = check_above_virtualenv, .program = "virtualenv"},
        {.name = "virtualenvwrapper", .check = explain_virtualenvwrapper, .program = "virtualenv"},
        {.name = "vscode", .check = explain_venv, .text = BY_VENV},
        {.name = NULL},
};

const struct explain_tool *explain_find(const char *name)
{
        for (const struct explain_tool *tool = explain_tools; tool->name != NULL; tool++)
                if (strcmp(tool->name, name) == 0)
                        return tool;
        return NULL;
}
