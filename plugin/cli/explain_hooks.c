/* SPDX-License-Identifier: MIT */
#include "cleanup.h"
#include "explain.h"

#include <string.h>
#include <unistd.h>

static bool check_command(struct explain *explain, const char *program)
{
        char path[PATH_MAX];

        if (program != NULL && !explain_program(program, explain->path, sizeof(explain->path)))
                explain_against(explain, "tool-missing", "install it, or put its folder on PATH",
                                "%s is not on PATH", program);
        if (!explain_program("pipseed", path, sizeof(path)))
                explain_against(explain, "command-missing", "install pipseed, or put its folder on PATH",
                                "the command pipseed, which hooks call, is not on PATH");
        return explain->n_findings == 0;
}

void explain_virtualenvwrapper(struct explain *explain)
{
        const char *program = explain_variable("VIRTUALENVWRAPPER_VIRTUALENV");
        const char *hooks = explain_variable("VIRTUALENVWRAPPER_HOOK_DIR");
        char hook[PATH_MAX];

        if (hooks == NULL)
                hooks = explain_variable("WORKON_HOME");
        if (hooks != NULL && explain_calls_pipseed(explain_text(hook, sizeof(hook), "%s/postmkvirtualenv", hooks))) {
                explain_choose(explain, hook);
                (void)check_command(explain, NULL);
                return;
        }
        explain_virtualenv(explain, program != NULL ? program : "virtualenv");
}

void explain_cookiecutter(struct explain *explain)
{
        (void)check_command(explain, "cookiecutter");
        if (!explain_any_calls_pipseed("hooks/post_gen_project.*", explain->chosen, sizeof(explain->chosen)))
                explain_against(explain, "hook-missing", "write 'pipseed venv .venv' to hooks/post_gen_project.sh",
                                "the template in the current folder has no hooks/post_gen_project.* that calls "
                                "pipseed");
}

void explain_copier(struct explain *explain)
{
        (void)check_command(explain, "copier");
        if (!explain_any_calls_pipseed("copier.y*ml", explain->chosen, sizeof(explain->chosen)))
                explain_against(explain, "hook-missing", "write to copier.yml: _tasks: [\"pipseed venv .venv\"]",
                                "the template in the current folder has no copier.yml whose _tasks call pipseed");
}

void explain_direnv(struct explain *explain)
{
        _cleanup_free_ char *folder = getcwd(NULL, 0);
        char file[PATH_MAX];
        bool found = false;

        (void)check_command(explain, "direnv");
        /* direnv loads the nearest .envrc, of this folder or one above. */
        while (folder != NULL && !found) {
                char *slash = strrchr(folder, '/');

                (void)explain_text(file, sizeof(file), "%s/.envrc", folder);
                found = access(file, F_OK) == 0;
                if (slash == NULL || *folder == '\0')
                        break;
                *slash = '\0';
        }
        if (!found || !explain_calls_pipseed(file))
                explain_against(explain, "hook-missing",
                                "write to .envrc: layout python3 --without-pip, and below it: pipseed seed -q "
                                "\"$VIRTUAL_ENV\"", "%s",
                                found ? "the .envrc in force does not call pipseed"
                                      : "there is no .envrc here or above");
        else
                explain_choose(explain, file);
}

void explain_pyenv(struct explain *explain)
{
        const char *folders = explain_variable("PYENV_HOOK_PATH");
        const char *root = explain_variable("PYENV_ROOT");
        char pattern[PATH_MAX];
        bool found = false;

        (void)check_command(explain, "pyenv");
        while (folders != NULL && *folders != '\0' && !found) {
                size_t len = strcspn(folders, ":");

                (void)explain_text(pattern, sizeof(pattern), "%.*s/virtualenv/*.bash", (int)len, folders);
                found = explain_any_calls_pipseed(pattern, explain->chosen, sizeof(explain->chosen));
                folders += len;
                folders += *folders == ':';
        }
        if (!found && root != NULL)
                found = explain_any_calls_pipseed(
                        explain_text(pattern, sizeof(pattern), "%s/pyenv.d/virtualenv/*.bash", root), explain->chosen,
                        sizeof(explain->chosen));
        if (!found)
                explain_against(explain, "hook-missing",
                                "write to $PYENV_ROOT/pyenv.d/virtualenv/pipseed.bash: after_virtualenv 'pipseed seed "
                                "\"$VIRTUALENV_PATH\"'",
                                "no virtualenv/*.bash in $PYENV_HOOK_PATH or $PYENV_ROOT/pyenv.d calls pipseed");
}

void explain_uv(struct explain *explain)
{
        if (check_command(explain, "uv"))
                explain_against(explain, "no-hook", "uv venv && pipseed seed .venv",
                                "uv has no hook: 'uv venv' makes environments without pip, and pipseed puts it "
                                "in afterwards");
}

void explain_ansible(struct explain *explain)
{
        if (!explain_any_calls_pipseed("*.yml", explain->chosen, sizeof(explain->chosen)) &&
            !explain_any_calls_pipseed("*/tasks/*.yml", explain->chosen, sizeof(explain->chosen)) &&
            !explain_any_calls_pipseed("roles/*/tasks/*.yml", explain->chosen, sizeof(explain->chosen)))
                explain_against(explain, "hook-missing", "write to the task: virtualenv_command: /usr/bin/pipseed venv",
                                "no playbook or task below the current folder names pipseed as virtualenv_command");
        (void)check_command(explain, NULL);
}

void explain_slurm(struct explain *explain)
{
        const char *named = explain_variable("SLURM_CONF");
        const char *conf = named != NULL ? named : "/etc/slurm/slurm.conf";
        char prolog[PATH_MAX];

        if (!explain_key(conf, NULL, "taskprolog", prolog, sizeof(prolog)))
                explain_against(explain, "hook-missing", "write to slurm.conf: TaskProlog=/etc/slurm/task-prolog",
                                "%s names no TaskProlog", conf);
        else if (!explain_calls_pipseed(prolog))
                explain_against(explain, "hook-missing", "let it print what docs/howto/slurm.md shows",
                                "the TaskProlog %s does not call pipseed", prolog);
        else
                explain_choose(explain, prolog);
        (void)check_command(explain, NULL);
}
