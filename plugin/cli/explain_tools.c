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

void explain_against(struct explain *explain, const char *code, const char *todo, const char *format, ...)
{
        struct explain_finding finding = {.code = code, .todo = strdup(todo)};
        va_list arguments;

        va_start(arguments, format);
        if (vasprintf(&finding.text, format, arguments) < 0)
                finding.text = NULL;
        va_end(arguments);
        if (explain->n_findings == EXPLAIN_MAX_FINDINGS || finding.todo == NULL || finding.text == NULL) {
                explain->failed = true;
                free(finding.todo);
                free(finding.text);
                return;
        }
        explain->findings[explain->n_findings++] = finding;
}

void explain_done(struct explain *explain)
{
        for (size_t i = 0; i < explain->n_findings; i++) {
                free(explain->findings[i].text);
                free(explain->findings[i].todo);
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

/* ---- what virtualenv itself looks at ---- */

static bool is_true(const char *value)
{
        static const char *const words[] = {"1", "true", "yes", "on", "True", "TRUE", "Yes"};

        for (size_t i = 0; value != NULL && i < ARRAY_SIZE(words); i++)
                if (strcmp(value, words[i]) == 0)
                        return true;
        return false;
}

/* A file below the user's configuration folder. */
static const char *user_file(const char *name, char *buffer, size_t size)
{
        const char *folder = explain_variable("XDG_CONFIG_HOME");
        const char *home = explain_variable("HOME");

        if (folder != NULL)
                return explain_text(buffer, size, "%s/%s", folder, name);
        return explain_text(buffer, size, "%s/.config/%s", home != NULL ? home : "", name);
}

static const char *virtualenv_ini(bool sees_variables, char *buffer, size_t size)
{
        const char *named = sees_variables ? explain_variable("VIRTUALENV_CONFIG_FILE") : NULL;

        if (named != NULL)
                return explain_text(buffer, size, "%s", named);
        return user_file("virtualenv/virtualenv.ini", buffer, size);
}

static void check_plugin(struct explain *explain)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        const char *version = explain_version(explain, "virtualenv");
        char todo[2 * PATH_MAX];

        if (version == NULL) {
                explain_against(explain, "virtualenv-missing",
                                explain_install(explain, "virtualenv", todo, sizeof(todo)),
                                "virtualenv is not installed beside %s", explain->tool->name);
        } else if (pipseed_version_matches(version, ">=20.26", &err) == 0) {
                explain_against(explain, "virtualenv-old",
                                explain_install(explain, "'virtualenv>=20.26'", todo, sizeof(todo)),
                                "virtualenv %s is too old: 20.26 is the first that pipseed works with", version);
        }
        if (!explain_has_seeder(explain))
                explain_against(explain, "plugin-missing", explain_install(explain, "pipseed", todo, sizeof(todo)),
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
                                "VIRTUALENV_SEEDER chooses %s", named);
                return;
        }
        (void)virtualenv_ini(sees_variables, file, sizeof(file));
        if (explain_key(file, "virtualenv", "seeder", value, sizeof(value)) && strcmp(value, "pipseed") == 0) {
                explain_choose(explain, file);
                return;
        }
        if (sees_variables) {
                explain_against(explain, "seeder-unset", "export VIRTUALENV_SEEDER=pipseed",
                                "neither VIRTUALENV_SEEDER nor %s chooses the seeder pipseed", file);
        } else {
                char todo[2 * PATH_MAX];

                explain_against(explain, "seeder-unset",
                                explain_text(todo, sizeof(todo),
                                             "write to %s: [virtualenv], and below it seeder = pipseed", file),
                                "%s hides variables from virtualenv, and %s does not choose the seeder pipseed",
                                explain->tool->name, file);
        }
}

static void check_no_pip(struct explain *explain)
{
        static const char *const names[] = {"VIRTUALENV_NO_PIP", "VIRTUALENV_NO_SEED", "VIRTUALENV_WITHOUT_PIP"};
        char todo[64];

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (is_true(explain_variable(names[i])))
                        explain_against(explain, "no-pip", explain_text(todo, sizeof(todo), "unset %s", names[i]),
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

/* Tools that pass virtualenv nothing that matters, and let its variables through. */
static void check_plain(struct explain *explain)
{
        explain_virtualenv(explain, explain->tool->name);
}

static void check_ray(struct explain *explain)
{
        if (check_beside(explain, explain->tool->name))
                check_seeder(explain, false);
}

/* ---- tools above virtualenv ---- */

static const struct {
        const char *file;
        const char *section;
} tox_files[] = {{"tox.ini", "tox"}, {"setup.cfg", "tox:tox"}, {"pyproject.toml", "tool.tox"},
                 {"pyproject.toml", "tox"}, {"tox.toml", ""}};

static void check_tox(struct explain *explain)
{
        bool provisioned = false, by_uv = false, chosen = false, told = false;
        char todo[2 * PATH_MAX];

        if (!explain_open(explain, "tox"))
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
                                by_uv ? "take tox-uv out of requires, or write runner = virtualenv to [testenv]"
                                      : explain_text(todo, sizeof(todo), "%s -m pip uninstall tox-uv", explain->python),
                                "tox-uv is %s: uv makes the environments",
                                by_uv ? "required by the project" : "installed");
        /* With requires, tox makes an environment of its own with these packages, and runs in that. */
        if (!provisioned)
                check_plugin(explain);
        check_no_pip(explain);
        if (!chosen)
                check_seeder(explain, true);
        else
                explain_choose(explain, "set_env");
}

static void check_nox(struct explain *explain)
{
        static const char *const others[] = {"uv", "venv", "conda", "mamba", "micromamba", "none"};
        const char *named = explain_variable("NOX_DEFAULT_VENV_BACKEND");

        if (!check_beside(explain, explain->tool->name))
                return;
        if (named != NULL && strcmp(named, "virtualenv") != 0)
                explain_against(explain, "backend", "unset NOX_DEFAULT_VENV_BACKEND",
                                "NOX_DEFAULT_VENV_BACKEND chooses the backend %s", named);
        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                if (explain_mentions("noxfile.py", "venv_backend", others[i]) ||
                    explain_mentions("noxfile.py", "default_venv_backend", others[i]))
                        explain_against(explain, "backend", "write venv_backend=\"virtualenv\" to noxfile.py",
                                        "noxfile.py chooses the backend %s", others[i]);
        if (explain_mentions("noxfile.py", "venv_params", "pipseed"))
                explain_choose(explain, "noxfile.py");
        else
                check_seeder(explain, true);
}

static void check_hatch(struct explain *explain)
{
        static const char *const files[] = {"pyproject.toml", "hatch.toml"};

        if (!check_beside(explain, explain->tool->name))
                return;
        if (explain_variable("HATCH_ENV_TYPE_VIRTUAL_UV_PATH") != NULL)
                explain_against(explain, "uv-installer", "unset HATCH_ENV_TYPE_VIRTUAL_UV_PATH",
                                "HATCH_ENV_TYPE_VIRTUAL_UV_PATH has uv make the environments");
        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                if (explain_mentions(files[i], "installer", "uv"))
                        explain_against(explain, "uv-installer", "write installer = \"pip\"",
                                        "%s chooses installer = \"uv\": uv makes the environments", files[i]);
        check_seeder(explain, true);
}

/* A setting of pdm or poetry: the variable, then the project's file, then the user's. */
static const char *setting(const char *name, const char *file, const char *user, const char *section, const char *key,
                           char *buffer, size_t size)
{
        char path[PATH_MAX];
        const char *value = explain_variable(name);

        if (value != NULL)
                return explain_text(buffer, size, "%s", value);
        if (explain_key(file, section, key, buffer, size))
                return buffer;
        return explain_key(user_file(user, path, sizeof(path)), section, key, buffer, size) ? buffer : NULL;
}

static void check_pdm(struct explain *explain)
{
        static const char own[] = "pdm.toml", user[] = "pdm/config.toml";
        char buffer[256];
        const char *value = NULL;

        if (!check_beside(explain, explain->tool->name))
                return;
        value = setting("PDM_VENV_BACKEND", own, user, "venv", "backend", buffer, sizeof(buffer));
        if (value != NULL && strcmp(value, "virtualenv") != 0)
                explain_against(explain, "backend", "export PDM_VENV_BACKEND=virtualenv", "pdm's venv.backend is %s",
                                value);
        if (is_true(setting("PDM_USE_UV", own, user, "", "use-uv", buffer, sizeof(buffer))))
                explain_against(explain, "uv-installer", "export PDM_USE_UV=0",
                                "pdm's use_uv has uv make the environments");
        if (!is_true(setting("PDM_VENV_WITH_PIP", own, user, "venv", "with-pip", buffer, sizeof(buffer))))
                explain_against(explain, "no-pip", "export PDM_VENV_WITH_PIP=1",
                                "pdm makes environments without pip, unless venv.with_pip is set");
        check_seeder(explain, true);
}

static void check_poetry(struct explain *explain)
{
        static const char own[] = "poetry.toml", user[] = "pypoetry/config.toml";
        char buffer[256];
        const char *value = NULL;

        if (!check_beside(explain, explain->tool->name))
                return;
        value = setting("POETRY_VIRTUALENVS_CREATE", own, user, "virtualenvs", "create", buffer, sizeof(buffer));
        if (value != NULL && !is_true(value))
                explain_against(explain, "no-environment", "export POETRY_VIRTUALENVS_CREATE=true",
                                "virtualenvs.create is off: poetry makes no environment");
        if (is_true(setting("POETRY_VIRTUALENVS_OPTIONS_NO_PIP", own, user, "virtualenvs.options", "no-pip", buffer,
                            sizeof(buffer))))
                explain_against(explain, "no-pip", "export POETRY_VIRTUALENVS_OPTIONS_NO_PIP=false",
                                "virtualenvs.options.no-pip is on: poetry makes environments without pip");
        check_seeder(explain, true);
}

const struct explain_tool explain_tools[] = {
        {"ansible", explain_ansible},
        {"cookiecutter", explain_cookiecutter},
        {"copier", explain_copier},
        {"direnv", explain_direnv},
        {"hatch", check_hatch},
        {"nox", check_nox},
        {"pdm", check_pdm},
        {"pipenv", check_plain},
        {"poetry", check_poetry},
        {"pre-commit", check_plain},
        {"pyenv-virtualenv", explain_pyenv},
        {"ray", check_ray},
        {"slurm", explain_slurm},
        {"tox", check_tox},
        {"uv", explain_uv},
        {"virtualenv", check_plain},
        {"virtualenvwrapper", explain_virtualenvwrapper},
        {.name = NULL},
};

const struct explain_tool *explain_find(const char *name)
{
        for (const struct explain_tool *tool = explain_tools; tool->name != NULL; tool++)
                if (strcmp(tool->name, name) == 0)
                        return tool;
        return NULL;
}
