/* SPDX-License-Identifier: MIT */
#include "cleanup.h"
#include "explain.h"

#include <string.h>

/*
 * A setting that prevents a tool from using pipseed. It is read from the variable, then the project's file, then the
 * user's; the first that has a value counts.
 */
static const struct rule {
        const char *tool;
        enum {
                IF_SET,
                IF_OTHER, /* set, but not to `wanted` */
                IF_ON,
                IF_OFF, /* set, but not on */
                UNLESS_ON,
                IF_MENTIONED, /* a line of the file has one of the keys and one of the words `wanted`; each is a finding */
                IF_UV_REACHED, /* uv is on PATH or beside the tool, and the value is not `wanted` */
        } test;
        const char *variable;
        const char *file, *user_file, *section, *key;
        const char *home; /* a variable that names the directory of the user's file, where it is set */
        const char *wanted;
        const char *code, *hint;
        const char *before, *after; /* text of the finding: the value stands between; after NULL: no value */
} rules[] = {
        {
                "airflow",
                IF_UV_REACHED,
                "AIRFLOW__STANDARD__VENV_INSTALL_METHOD",
                .user_file = "~/airflow/airflow.cfg",
                .section = "standard",
                .key = "venv_install_method",
                .home = "AIRFLOW_HOME",
                .wanted = "pip",
                .code = "uv-installer",
                .hint = "export AIRFLOW__STANDARD__VENV_INSTALL_METHOD=pip",
                .before = "uv is on PATH: airflow creates environments with it",
        },
        {
                "hatch",
                IF_SET,
                "HATCH_ENV_TYPE_VIRTUAL_UV_PATH",
                .code = "uv-installer",
                .hint = "unset HATCH_ENV_TYPE_VIRTUAL_UV_PATH",
                .before = "HATCH_ENV_TYPE_VIRTUAL_UV_PATH makes uv create the environments",
        },
        {
                "hatch",
                IF_MENTIONED,
                .file = "pyproject.toml",
                .key = "installer",
                .wanted = "uv",
                .code = "uv-installer",
                .hint = "write installer = \"pip\"",
                .before = "pyproject.toml selects installer = \"",
                .after = "\": uv creates the environments",
        },
        {
                "hatch",
                IF_MENTIONED,
                .file = "hatch.toml",
                .key = "installer",
                .wanted = "uv",
                .code = "uv-installer",
                .hint = "write installer = \"pip\"",
                .before = "hatch.toml selects installer = \"",
                .after = "\": uv creates the environments",
        },
        {
                "nox",
                IF_OTHER,
                "NOX_DEFAULT_VENV_BACKEND",
                .wanted = "virtualenv",
                .code = "backend",
                .hint = "unset NOX_DEFAULT_VENV_BACKEND",
                .before = "NOX_DEFAULT_VENV_BACKEND selects the backend ",
                .after = "",
        },
        {
                "nox",
                IF_MENTIONED,
                .file = "noxfile.py",
                .key = "venv_backend default_venv_backend",
                .wanted = "uv venv conda mamba micromamba none",
                .code = "backend",
                .hint = "write venv_backend=\"virtualenv\" to noxfile.py",
                .before = "noxfile.py selects the backend ",
                .after = "",
        },
        {
                "pdm",
                IF_OTHER,
                "PDM_VENV_BACKEND",
                "pdm.toml",
                "pdm/config.toml",
                "venv",
                "backend",
                .wanted = "virtualenv",
                .code = "backend",
                .hint = "export PDM_VENV_BACKEND=virtualenv",
                .before = "pdm's venv.backend is ",
                .after = "",
        },
        {
                "pdm",
                IF_ON,
                "PDM_USE_UV",
                "pdm.toml",
                "pdm/config.toml",
                "",
                "use-uv",
                .code = "uv-installer",
                .hint = "export PDM_USE_UV=0",
                .before = "pdm's use_uv makes uv create the environments",
        },
        {
                "pdm",
                UNLESS_ON,
                "PDM_VENV_WITH_PIP",
                "pdm.toml",
                "pdm/config.toml",
                "venv",
                "with-pip",
                .code = "no-pip",
                .hint = "export PDM_VENV_WITH_PIP=1",
                .before = "pdm creates environments without pip, unless venv.with_pip is set",
        },
        {
                "pipx",
                IF_UV_REACHED,
                "PIPX_DEFAULT_BACKEND",
                .wanted = "pip",
                .code = "uv-installer",
                .hint = "export PIPX_DEFAULT_BACKEND=pip",
                .before = "uv is available: a pipx with a uv backend creates environments with it",
        },
        {
                "poetry",
                IF_OFF,
                "POETRY_VIRTUALENVS_CREATE",
                "poetry.toml",
                "pypoetry/config.toml",
                "virtualenvs",
                "create",
                .code = "no-environment",
                .hint = "export POETRY_VIRTUALENVS_CREATE=true",
                .before = "virtualenvs.create is off: poetry creates no environment",
        },
        {
                "poetry",
                IF_ON,
                "POETRY_VIRTUALENVS_OPTIONS_NO_PIP",
                "poetry.toml",
                "pypoetry/config.toml",
                "virtualenvs.options",
                "no-pip",
                .code = "no-pip",
                .hint = "export POETRY_VIRTUALENVS_OPTIONS_NO_PIP=false",
                .before = "virtualenvs.options.no-pip is on: poetry creates environments without pip",
        },
};

static const char *user_file(const struct rule *rule, char *buffer, size_t size)
{
        const char *named = rule->home != NULL ? explain_variable(rule->home) : NULL;
        const char *home = explain_variable("HOME");

        if (named != NULL)
                return explain_text(buffer, size, "%s%s", named, strrchr(rule->user_file, '/'));
        if (rule->user_file[0] != '~')
                return explain_user_file(rule->user_file, buffer, size);
        return explain_text(buffer, size, "%s%s", home != NULL ? home : "", rule->user_file + 1);
}

static const char *find_value(const struct rule *rule, char *buffer, size_t size)
{
        char path[PATH_MAX];
        const char *value = rule->variable != NULL ? explain_variable(rule->variable) : NULL;

        if (value != NULL)
                return explain_text(buffer, size, "%s", value);
        if (rule->key == NULL)
                return NULL;
        if (rule->file != NULL && explain_key(rule->file, rule->section, rule->key, buffer, size))
                return buffer;
        return rule->user_file != NULL &&
                               explain_key(user_file(rule, path, sizeof(path)), rule->section, rule->key, buffer, size)
                       ? buffer
                       : NULL;
}

static void find_against(struct explain *explain, const struct rule *rule, const char *value)
{
        explain_against(explain, rule->code, rule->hint, "%s%s%s", rule->before, rule->after != NULL ? value : "",
                        rule->after != NULL ? rule->after : "");
}

/* The next word of a list that blanks part; false at its end. */
static bool next_word(const char **list, char *ret_word, size_t size)
{
        size_t len = strcspn(*list, " ");

        (void)explain_text(ret_word, size, "%.*s", (int)len, *list);
        *list += len + ((*list)[len] == ' ');
        return len > 0;
}

static void check_mentions(struct explain *explain, const struct rule *rule)
{
        const char *words = rule->wanted;
        char word[64], key[64];

        while (next_word(&words, word, sizeof(word))) {
                const char *keys = rule->key;
                bool found = false;

                while (!found && next_word(&keys, key, sizeof(key)))
                        found = explain_mentions(rule->file, key, word);
                if (found)
                        find_against(explain, rule, word);
        }
}

static bool reaches_uv(const struct explain *explain)
{
        char path[PATH_MAX];

        return explain_program("uv", path, sizeof(path)) || explain_version(explain, "uv") != NULL;
}

static bool is_against(const struct explain *explain, const struct rule *rule, const char *value)
{
        const bool other = value != NULL && (rule->wanted == NULL || strcmp(value, rule->wanted) != 0);

        switch (rule->test) {
        case IF_SET:
        case IF_OTHER:
                return other;
        case IF_ON:
                return explain_is_on(value);
        case IF_OFF:
                return value != NULL && !explain_is_on(value);
        case UNLESS_ON:
                return !explain_is_on(value);
        case IF_UV_REACHED:
                return (value == NULL || other) && reaches_uv(explain);
        case IF_MENTIONED:
                break;
        }
        return false;
}

void explain_rules(struct explain *explain)
{
        char buffer[256];

        for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
                const struct rule *rule = &rules[i];
                const char *value;

                if (strcmp(rule->tool, explain->tool->name) != 0)
                        continue;
                if (rule->test == IF_MENTIONED) {
                        check_mentions(explain, rule);
                        continue;
                }
                value = find_value(rule, buffer, sizeof(buffer));
                if (is_against(explain, rule, value))
                        find_against(explain, rule, value);
        }
}

void explain_venv(struct explain *explain)
{
        const char *program = explain->tool->program;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_dropin_request query;
        struct pipseed_dropin *dropin = NULL;
        char hint[2 * PATH_MAX];

        if (program != NULL && !explain_open(explain, program))
                return;
        explain_rules(explain);
        pipseed_dropin_request_init(&query);
        query.python = program != NULL ? explain->python : "python3";
        query.trust = explain->trust;
        query.n_trust = explain->n_trust;
        if (pipseed_dropin_status(&query, &dropin, &err) < 0) {
                explain_against(explain, "python-broken", "reinstall that Python", "%s", err.message);
                return;
        }
        if (program == NULL)
                (void)explain_text(explain->python, sizeof(explain->python), "%s", dropin->python);
        if (dropin->state == PIPSEED_DROPIN_ENABLED)
                explain_choose(explain, dropin->ensurepip_dir);
        else
                explain_against(explain, "not-enabled",
                                explain_text(hint, sizeof(hint), "pipseed enable --python %s", dropin->python),
                                "%s %s the venv of %s, which uses its own ensurepip", explain->tool->name,
                                explain->tool->text, dropin->python);
        pipseed_dropin_free(dropin);
}
