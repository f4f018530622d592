/* SPDX-License-Identifier: MIT */
#include "cleanup.h"
#include "explain.h"

#include <string.h>
#include <unistd.h>

static void check_command(struct explain *explain, const char *program)
{
        char path[PATH_MAX];

        if (program != NULL && !explain_program(program, explain->path, sizeof(explain->path)))
                explain_against(explain, "tool-missing", "install it, or put its directory on PATH",
                                "%s is not on PATH", program);
        if (!explain_program("pipseed", path, sizeof(path)))
                explain_against(explain, "command-missing", "install pipseed, or put its directory on PATH",
                                "the command pipseed, which hooks call, is not on PATH");
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
                check_command(explain, NULL);
                return;
        }
        explain_virtualenv(explain, program != NULL ? program : explain->tool->program);
}

void explain_hook_files(struct explain *explain)
{
        const struct explain_tool *tool = explain->tool;
        bool found = false;

        if (tool->program != NULL)
                check_command(explain, tool->program);
        for (size_t i = 0; !found && tool->hook_files[i] != NULL; i++)
                found = explain_any_calls_pipseed(tool->hook_files[i], explain->chosen, sizeof(explain->chosen));
        /* Without a hook, report a missing tool or command first. */
        if (!found && (tool->hook_files[0] != NULL || explain->n_findings == 0))
                explain_against(explain, tool->code, tool->hint, "%s", tool->text);
        if (tool->program == NULL)
                check_command(explain, NULL);
}

void explain_direnv(struct explain *explain)
{
        _cleanup_free_ char *directory = getcwd(NULL, 0);
        char file[PATH_MAX];
        bool found = false;

        check_command(explain, explain->tool->program);
        /* direnv loads the nearest .envrc, of this directory or one above. */
        while (directory != NULL && !found) {
                char *slash = strrchr(directory, '/');

                (void)explain_text(file, sizeof(file), "%s/.envrc", directory);
                found = access(file, F_OK) == 0;
                if (slash == NULL || *directory == '\0')
                        break;
                *slash = '\0';
        }
        if (!found || !explain_calls_pipseed(file))
                explain_against(explain, "hook-missing",
                                "write to .envrc: layout python3 --without-pip, and below it: pipseed seed -q "
                                "--default-pip \"$VIRTUAL_ENV\"",
                                "%s",
                                found ? "the .envrc in force does not call pipseed" : "no .envrc found here or above");
        else
                explain_choose(explain, file);
}

void explain_pyenv(struct explain *explain)
{
        const char *directories = explain_variable("PYENV_HOOK_PATH");
        const char *root = explain_variable("PYENV_ROOT");
        char pattern[PATH_MAX];
        bool found = false;

        check_command(explain, explain->tool->program);
        while (directories != NULL && *directories != '\0' && !found) {
                size_t len = strcspn(directories, ":");

                (void)explain_text(pattern, sizeof(pattern), "%.*s/virtualenv/*.bash", (int)len, directories);
                found = explain_any_calls_pipseed(pattern, explain->chosen, sizeof(explain->chosen));
                directories += len;
                directories += *directories == ':';
        }
        if (!found && root != NULL)
                found = explain_any_calls_pipseed(explain_text(pattern, sizeof(pattern), "%s/pyenv.d/virtualenv/*.bash",
                                                               root),
                                                  explain->chosen, sizeof(explain->chosen));
        if (!found)
                explain_against(explain, "hook-missing",
                                "write to $PYENV_ROOT/pyenv.d/virtualenv/pipseed.bash: after_virtualenv 'pipseed seed "
                                "-q --default-pip \"$VIRTUALENV_PATH\"'",
                                "no virtualenv/*.bash in $PYENV_HOOK_PATH or $PYENV_ROOT/pyenv.d calls pipseed");
}

void explain_slurm(struct explain *explain)
{
        const char *named = explain_variable("SLURM_CONF");
        const char *conf = named != NULL ? named : "/etc/slurm/slurm.conf";
        char prolog[PATH_MAX];

        if (!explain_key(conf, NULL, "taskprolog", prolog, sizeof(prolog)))
                explain_against(explain, "hook-missing", "write to slurm.conf: TaskProlog=/etc/slurm/task-prolog",
                                "%s has no TaskProlog", conf);
        else if (!explain_calls_pipseed(prolog))
                explain_against(explain, "hook-missing", "let it print what docs/howto/slurm.md shows",
                                "the TaskProlog %s does not call pipseed", prolog);
        else
                explain_choose(explain, prolog);
        check_command(explain, NULL);
}
