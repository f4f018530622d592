# SPDX-License-Identifier: MIT
"""The recipes for tools that run what the user wrote: what the how-to page shows is what runs here. Without it,
`pipseed explain` says that it is missing, and the tool makes an environment without pipseed or none."""
import os
import shutil
import subprocess

import pytest
import fixtures


def _explained(name, tool, cwd, env, code):
    """explain's verdict, before and after: without the recipe it gives this reason."""
    verdict = fixtures.explain(name, tool, cwd=cwd, env=env)
    assert code in fixtures.codes(verdict) if code else verdict["uses_pipseed"], verdict


def test_cookiecutter(tmp_path, settings):
    """hooks/post_gen_project.sh runs in the new project."""
    tool = fixtures.tool("cookiecutter")
    template = tmp_path / "template"
    (template / "{{cookiecutter.name}}").mkdir(parents=True)
    (template / "{{cookiecutter.name}}/README").write_text("x\n")
    (template / "cookiecutter.json").write_text('{"name": "demo"}')
    _explained("cookiecutter", tool, template, settings, "hook-missing")
    tool.run(["cookiecutter", "--no-input", "-o", "plain", template], cwd=tmp_path, env=settings)
    assert not (tmp_path / "plain/demo/.venv").exists()
    (template / "hooks").mkdir()
    (template / "hooks/post_gen_project.sh").write_text(fixtures.howto("cookiecutter")[0])
    _explained("cookiecutter", tool, template, settings, None)
    tool.run(["cookiecutter", "--no-input", template], cwd=tmp_path, env=settings)
    assert fixtures.installer(tmp_path / "demo/.venv") == "pipseed"


def test_copier(tmp_path, settings):
    """_tasks run in the new project."""
    tool = fixtures.tool("copier")
    template = tmp_path / "template"
    template.mkdir()
    (template / "README").write_text("x\n")
    (template / "copier.yml").write_text("_exclude: [copier.yml]\n")
    _explained("copier", tool, template, settings, "hook-missing")
    tool.run(["copier", "copy", "--defaults", template, "plain"], cwd=tmp_path, env=settings)
    assert not (tmp_path / "plain/.venv").exists()
    (template / "copier.yml").write_text(fixtures.howto("copier")[0])
    _explained("copier", tool, template, settings, None)
    tool.run(["copier", "copy", "--defaults", "--trust", template, "demo"], cwd=tmp_path, env=settings)
    assert fixtures.installer(tmp_path / "demo/.venv") == "pipseed"


def test_direnv(project, settings):
    """layout python3 makes the environment, the line after it puts pip in."""
    if shutil.which("direnv", path="/usr/bin:/usr/local/bin") is None:
        pytest.skip("there is no direnv (package direnv)")
    system = fixtures.Tool(fixtures.BASE)
    (project / ".envrc").write_text("layout python3 --without-pip\n")
    _explained("direnv", system, project, settings, "hook-missing")
    system.run(["direnv", "allow"], cwd=project, env=settings)
    system.run(["direnv", "exec", ".", "true"], cwd=project, env=settings)
    assert fixtures.installer(fixtures.find_env(project)) is None
    (project / ".envrc").write_text(fixtures.howto("direnv")[0])
    (project / "below").mkdir()
    _explained("direnv", system, project / "below", settings, None)
    system.run(["direnv", "allow"], cwd=project, env=settings)
    shown = system.run(["direnv", "exec", project, "sh", "-c", "command -v pip"], cwd=project / "below", env=settings)
    env = fixtures.find_env(project)
    assert fixtures.installer(env) == "pipseed"
    assert shown.stdout.strip() == str(env / "bin/pip")


def test_uv(project, settings):
    """uv has no hook: pipseed comes after it, and both see the same pip."""
    tool = fixtures.tool("uv")
    _explained("uv", tool, project, settings, "no-hook")
    assert fixtures.explain("uv", tool, cwd=project, env=settings)["findings"][0]["hint"] == \
        "uv venv && pipseed seed --default-pip .venv"
    tool.run(["uv", "venv", "--python", fixtures.PYTHON], cwd=project, env=settings)
    assert fixtures.installer(project / ".venv") is None
    tool.run(["sh", "-ec", fixtures.howto("uv")[0].split("\n")[1]], cwd=project, env=settings)
    assert fixtures.installer(project / ".venv") == "pipseed"
    listed = tool.run(["uv", "pip", "list", "--python", ".venv"], cwd=project, env=settings)
    assert listed.stdout.split()[4] == "pip"
    assert "pip" in tool.run([project / ".venv/bin/pip", "--version"], cwd=project, env=settings).stdout


def test_virtualenvwrapper_variable(tmp_path, settings):
    """mkvirtualenv is virtualenv."""
    tool = fixtures.tool("virtualenvwrapper")
    env = {**settings, "WORKON_HOME": str(tmp_path), "VIRTUALENVWRAPPER_PYTHON": str(tool.bin / "python")}
    make = ["bash", "-c", 'source "$(command -v virtualenvwrapper.sh)" && mkvirtualenv "$@"', "bash"]
    _explained("virtualenvwrapper", tool, tmp_path, env, "seeder-unset")
    tool.run([*make, "plain"], cwd=tmp_path, env=env)
    assert fixtures.installer(tmp_path / "plain") not in (None, "pipseed")
    env["VIRTUALENV_SEEDER"] = "pipseed"
    _explained("virtualenvwrapper", tool, tmp_path, env, None)
    tool.run([*make, "demo"], cwd=tmp_path, env=env)
    assert fixtures.installer(tmp_path / "demo") == "pipseed"


def test_virtualenvwrapper_hook(tmp_path, settings):
    """The page's postmkvirtualenv."""
    tool = fixtures.tool("virtualenvwrapper")
    env = {**settings, "WORKON_HOME": str(tmp_path), "VIRTUALENVWRAPPER_PYTHON": str(tool.bin / "python")}
    make = ["bash", "-c", 'source "$(command -v virtualenvwrapper.sh)" && mkvirtualenv "$@"', "bash"]
    (tmp_path / "postmkvirtualenv").write_text(fixtures.howto("virtualenvwrapper")[-1])
    os.chmod(tmp_path / "postmkvirtualenv", 0o755)
    _explained("virtualenvwrapper", tool, tmp_path, env, None)
    tool.run([*make, "--no-pip", "--no-setuptools", "demo"], cwd=tmp_path, env=env)
    assert fixtures.installer(tmp_path / "demo") == "pipseed"


# What `pyenv virtualenv` does with hooks: it sources virtualenv/*.bash of each directory in PYENV_HOOK_PATH, makes the
# environment, and then evaluates what was given to after_virtualenv. The tool itself is neither in Debian nor on PyPI.
PYENV_VIRTUALENV = r"""
set -e
after_hooks=()
before_virtualenv() { :; }
after_virtualenv() { after_hooks["${#after_hooks[@]}"]="$1"; }
for script in "$PYENV_HOOK_PATH"/virtualenv/*.bash; do source "$script"; done
VIRTUALENV_PATH=$1
"$2" -m venv --without-pip "$VIRTUALENV_PATH"
STATUS=$?
for hook in "${after_hooks[@]}"; do eval "$hook"; done
exit $STATUS
"""


def test_pyenv_virtualenv(tmp_path, settings):
    """The protocol, played by a script."""
    hooks = tmp_path / "hooks/virtualenv"
    hooks.mkdir(parents=True)
    env = {**settings, "PYENV_HOOK_PATH": str(hooks.parent)}
    system = fixtures.Tool(fixtures.BASE)
    _explained("pyenv-virtualenv", system, tmp_path, env, "hook-missing")
    (hooks / "pipseed.bash").write_text(fixtures.howto("pyenv-virtualenv")[0])
    assert "hook-missing" not in fixtures.codes(fixtures.explain("pyenv-virtualenv", system, cwd=tmp_path, env=env))
    system.run(["bash", "-c", PYENV_VIRTUALENV, "bash", tmp_path / "an env", fixtures.PYTHON], cwd=tmp_path, env=env)
    assert fixtures.installer(tmp_path / "an env") == "pipseed"


def test_slurm_task_prolog(tmp_path, settings):
    """The page's TaskProlog: makes the job's environment once, and prints what slurmd puts into its variables."""
    system = fixtures.Tool(fixtures.BASE)
    script, conf = tmp_path / "task-prolog", tmp_path / "slurm.conf"
    script.write_text(fixtures.howto("slurm")[0])
    os.chmod(script, 0o755)
    env = {**settings, "SLURM_TMPDIR": str(tmp_path), "SLURM_JOB_ID": "17", "SLURM_CONF": str(conf)}
    conf.write_text("ClusterName=demo\n#TaskProlog=/nowhere\n")
    _explained("slurm", system, tmp_path, env, "hook-missing")
    conf.write_text(f"ClusterName=demo\nTaskProlog={script}\n")
    _explained("slurm", system, tmp_path, env, None)
    first = system.run([script], cwd=tmp_path, env=env)
    made = tmp_path / "env-17"
    assert fixtures.installer(made) == "pipseed"
    assert first.stdout.splitlines() == [f"export VIRTUAL_ENV={made}", f"export PATH={made}/bin:{system.env()['PATH']}"]
    before = (made / "pyvenv.cfg").stat().st_mtime_ns
    assert system.run([script], cwd=tmp_path, env=env).stdout == first.stdout
    assert (made / "pyvenv.cfg").stat().st_mtime_ns == before


def test_ansible(project, settings):
    """The pip module, with `pipseed venv` for its virtualenv_command."""
    tool = fixtures.tool("ansible")
    env = {**settings, "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_PYTHON_INTERPRETER": str(tool.bin / "python")}
    task = "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n  - ansible.builtin.pip:\n" \
           f"      name: pip\n      virtualenv: {project}/env\n      virtualenv_python: {fixtures.PYTHON}\n"
    (project / "play.yml").write_text(task + f"      virtualenv_command: {fixtures.PYTHON} -m venv\n")
    _explained("ansible", tool, project, env, "hook-missing")
    (project / "play.yml").write_text(task + f"      virtualenv_command: {fixtures.run.command()} venv\n")
    _explained("ansible", tool, project, env, None)
    tool.run(["ansible-playbook", "-i", "localhost,", "play.yml"], cwd=project, env=env)
    assert fixtures.installer(project / "env") == "pipseed"
    assert subprocess.run([project / "env/bin/pip3", "--version"], check=True, capture_output=True).stdout
