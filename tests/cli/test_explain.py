# SPDX-License-Identifier: MIT
"""pipseed explain: what needs no tool from PyPI. tests/interop holds its verdicts against what the tools then do."""
import os
import shlex
import shutil
import subprocess

import interpreters
import pytest
import run


@pytest.fixture
def place(tmp_path, pipseed):
    """place(tool, env=..., code=...) explains in a directory of its own, whose bin/ is first on PATH."""
    (tmp_path / "bin").mkdir()

    def call(*args, env=None, code=1):
        path = f"{tmp_path / 'bin'}:{os.path.dirname(run.command())}:/usr/bin:/bin"
        return pipseed("explain", *args, env={"PATH": path, **(env or {})}, cwd=tmp_path, code=code)

    call.directory = tmp_path
    return call


def tool(directory, name, shebang):
    """A program that would betray being run."""
    path = directory / "bin" / name
    path.write_text(f"{shebang}\nopen({os.fspath(directory / 'was-run')!r}, 'w')\n")
    path.chmod(0o755)
    return path


def codes(result):
    """The reasons, of the JSON document."""
    assert result.json["exit_code"] == result.code
    return [finding["code"] for finding in result.json["findings"]]


def test_unknown(place):
    """Names what is known, and what was meant."""
    result = place("tux", code=2)
    assert "'tux'" in result.stderr and "virtualenvwrapper" in result.stderr and "did you mean 'tox'?" in result.stderr
    assert place(code=2).stderr


@pytest.mark.parametrize("name", ["tox", "virtualenv", "nox", "hatch", "pdm", "poetry", "pipenv", "pre-commit", "ray"])
def test_missing(place, name):
    """Not on PATH; also for people."""
    assert codes(place("--json", name)) == ["tool-missing"]
    result = place(name)
    assert result.stdout.splitlines()[:2] == [f"{name} will not use pipseed", f"  reason: {name} is not on PATH"]


def _shebangs(exe):
    quoted = shlex.quote(exe)
    return {
        "plain": f"#!{exe}",
        "option": f"#!{exe} -I",
        "env": f"#!/usr/bin/env {os.path.basename(exe)}",
        "long": f"#!/bin/sh\n'''exec' {quoted} \"$0\" \"$@\"\n' '''",
        "quoted": f"#!/bin/sh\n'''exec' \"{exe}\" \"$0\" \"$@\"\n' '''",
    }


@pytest.mark.parametrize("kind", ["plain", "option", "env", "long", "quoted"])
def test_shebang(place, kind):
    """The interpreter beside the tool is found however the script names it. Nothing of the tool is run."""
    env = interpreters.make_env(interpreters.any_python(), place.directory / ("an env" if kind == "quoted" else "env"))
    exe = str(env / "bin/python3")
    os.symlink(exe, place.directory / "bin/python3")
    tool(place.directory, "nox", _shebangs(exe)[kind])
    result = place("--json", "nox")
    assert codes(result) == ["virtualenv-missing", "plugin-missing", "seeder-unset"]
    assert result.json["python"] == (str(place.directory / "bin/python3") if kind == "env" else exe)
    assert not (place.directory / "was-run").exists()


@pytest.mark.parametrize("shebang", ["#!/bin/bash", "\x7fELF", ""])
def test_no_python_script(place, shebang):
    """A shim or a program: what it runs cannot be told."""
    tool(place.directory, "tox", shebang)
    result = place("--json", "tox")
    assert codes(result) == ["tool-unknown"]
    assert "pyenv which tox" in result.json["findings"][0]["hint"]


def test_code_of_the_project_is_not_run(place):
    """Modules in the current directory stay out, and so does PYTHONPATH."""
    env = interpreters.make_env(interpreters.any_python(), place.directory / "env")
    tool(place.directory, "nox", f"#!{env}/bin/python3")
    for name in ("json", "site", "noxfile", "sitecustomize"):
        (place.directory / f"{name}.py").write_text(f"open({os.fspath(place.directory / 'was-run')!r}, 'w')\n")
    place("nox", env={"PYTHONPATH": place.directory})
    assert not (place.directory / "was-run").exists()


def beside(env, name, version, entry_points=None):
    """What an installer leaves of a distribution."""
    site = next(path for path in (env / "lib").glob("py*/site-packages") if path.parent.name != "python3.4")
    directory = site / f"{name}-{version}.dist-info"
    directory.mkdir()
    if entry_points:
        (directory / "entry_points.txt").write_text(entry_points)


@pytest.mark.parametrize("link", [False, True])
def test_interpreter_of_the_tool_is_not_run(place, link):
    """Files tell what its environment holds, whatever stands there for the interpreter, and by which way it is reached."""
    env = interpreters.make_env(interpreters.any_python(), place.directory / "env")
    python = env / "bin/python3"
    python.unlink()
    python.write_text(f"#!/bin/sh\ntouch {place.directory}/was-run\n")
    python.chmod(0o755)
    if link:
        (place.directory / "python3").symlink_to(python)
    tool(place.directory, "nox", f"#!{place.directory / 'python3' if link else python}")
    other = env / "lib/python3.4/site-packages/virtualenv-1.0.dist-info"
    other.mkdir(parents=True)
    seeder = "[console_scripts]\npipseed = a:b\n\n[virtualenv.seed]\npipseed = pipseed.virtualenv:Seeder\n"
    chosen = {"VIRTUALENV_SEEDER": "pipseed"}
    assert codes(place("--json", "nox", env=chosen)) == ["virtualenv-missing", "plugin-missing"]
    beside(env, "Nox", "2026.4.10")
    beside(env, "virtualenv", "20.25.0")
    beside(env, "pipseed", "0.1.0", "[console_scripts]\npipseed = a:b\n")
    assert codes(place("--json", "nox", env=chosen)) == ["virtualenv-old", "plugin-missing"]
    for each in env.glob("lib/py*[0-35-9]/site-packages/[vp]i*.dist-info"):
        shutil.rmtree(each)
    beside(env, "virtualenv", "20.26.1")
    beside(env, "pipseed", "0.1.0", seeder)
    document = place("--json", "nox", env=chosen, code=0).json
    assert (document["version"], document["virtualenv"], document["pipseed"]) == ("2026.4.10", "20.26.1", "0.1.0")
    assert not (place.directory / "was-run").exists()


def test_packages_of_the_base(place):
    """An environment that sees them: its base is asked, which was put in another place here, with both packages."""
    base = interpreters.make_env(interpreters.any_python(), place.directory / "env", "--system-site-packages")
    tool(place.directory, "nox", f"#!{base}/bin/python3")
    beside(base, "virtualenv", "21.0")
    document = place("--json", "nox").json
    assert document["virtualenv"] == "21.0" and "virtualenv-missing" not in codes(place("--json", "nox"))
    assert "plugin-missing" in codes(place("--json", "nox"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root, to give a file to somebody else")
def test_trusted_directories(place):
    """An interpreter of a stranger is asked when target.trust names its directory, and not otherwise."""
    directory = place.directory / "theirs"
    directory.mkdir()
    python = directory / "python3"
    python.write_text(f"#!/bin/sh\ntouch {place.directory}/was-run\nexec {interpreters.any_python().exe} \"$@\"\n")
    python.chmod(0o755)
    os.chown(python, 12345, 12345)
    tool(place.directory, "nox", f"#!{python}")
    assert codes(place("--json", "nox")) == ["python-untrusted"]
    assert not (place.directory / "was-run").exists()
    assert "python-untrusted" not in codes(place("--json", "nox", "-o", f"target.trust={directory}"))
    assert (place.directory / "was-run").exists()


@pytest.mark.parametrize("where, command", [
    ("pipx/venvs/tox", "pipx inject tox pipseed"),
    ("uv/tools/tox", "uv tool install tox --with pipseed"),
])
def test_managers_of_tools(place, where, command):
    """What to type is said in the words of who manages the tool."""
    (place.directory / where).parent.mkdir(parents=True)
    env = interpreters.make_env(interpreters.any_python(), place.directory / where)
    tool(place.directory, "tox", f"#!{env}/bin/python3")
    hint = {finding["code"]: finding["hint"] for finding in place("--json", "tox").json["findings"]}
    assert hint["plugin-missing"] == command


@pytest.mark.parametrize("text, uses", [
    ("pipseed seed -q \"$VIRTUAL_ENV\"\n", True),
    ("if true; then /usr/bin/pipseed venv x; fi\n", True),
    ("run([\"pipseed\", \"seed\", env])\n", True),
    ("# pipseed seed\n", False),
    ("echo pipseed\n", False),
    ("pipseed-other seed\n", False),
    ("pipseed unseed\n", False),
    ("pipseed seedling\n", False),
])
def test_hook_files(place, text, uses):
    """A line that calls pipseed, not one that mentions it."""
    (place.directory / "hooks").mkdir()
    (place.directory / "hooks/post_gen_project.py").write_text(text)
    tool(place.directory, "cookiecutter", "#!/bin/sh")
    result = place("--json", "cookiecutter", code=None)
    assert codes(result) == ([] if uses else ["hook-missing"])


@pytest.mark.parametrize("text, uv", [
    ("[tox]\nrequires =\n    tox>=4\n    tox-uv\n", True),
    ("[tox]\nrequires = tox-uv>=1\n", True),
    ("[tox]\nrequires = tox\n[testenv]\ndeps = tox-uv\n", False),
    ("[tox]\n# requires = tox-uv\n", False),
    ("[tox]\nrequires = tox\nenv_list = tox-uv\n", False),
    ("[tox]\nrequires = tox-uv\n[testenv]\nrunner = virtualenv\n", False),
])
def test_requires_of_tox(place, text, uv):
    """The list of one key of one section, also over several lines."""
    env = interpreters.make_env(interpreters.any_python(), place.directory / "env")
    tool(place.directory, "tox", f"#!{env}/bin/python3")
    (place.directory / "tox.ini").write_text(text)
    assert ("tox-uv" in codes(place("--json", "tox"))) == uv


def test_a_tool_that_does_not_answer(place):
    """Its interpreter is gone."""
    tool(place.directory, "tox", "#!/nowhere/bin/python3")
    assert codes(place("--json", "tox")) == ["python-broken"]
    assert subprocess.run([run.command(), "explain", "--help"], check=True, capture_output=True).stdout


@pytest.mark.parametrize("name, variable", [
    ("pipx", "PIPX_DEFAULT_BACKEND"), ("airflow", "AIRFLOW__STANDARD__VENV_INSTALL_METHOD"),
])
def test_tools_that_take_uv(place, name, variable):
    """Both use venv of their own Python, unless uv can be reached and is not ruled out."""
    env = interpreters.make_env(interpreters.any_python(), place.directory / "env")
    tool(place.directory, name, f"#!{env}/bin/python3")
    assert codes(place("--json", name)) == ["not-enabled"]
    tool(place.directory, "uv", "#!/bin/sh")
    assert codes(place("--json", name)) == ["uv-installer", "not-enabled"]
    assert codes(place("--json", name, env={variable: "uv"})) == ["uv-installer", "not-enabled"]
    result = place("--json", name, env={variable: "pip"})
    assert codes(result) == ["not-enabled"] and result.json["python"] == f"{env}/bin/python3"
    base = os.path.realpath(interpreters.any_python().exe)
    assert os.path.realpath(result.json["findings"][0]["hint"].rsplit(" ", 1)[1]) == base
    assert not (place.directory / "was-run").exists()


def test_configuration_of_airflow(place):
    """The file says it as well as the variable."""
    env = interpreters.make_env(interpreters.any_python(), place.directory / "env")
    tool(place.directory, "airflow", f"#!{env}/bin/python3")
    tool(place.directory, "uv", "#!/bin/sh")
    (place.directory / "airflow.cfg").write_text("[core]\nx = y\n[standard]\nvenv_install_method = pip\n")
    assert codes(place("--json", "airflow", env={"AIRFLOW_HOME": place.directory})) == ["not-enabled"]


@pytest.mark.parametrize("name", ["jupyter", "pycharm", "vscode"])
def test_tools_that_use_venv(place, name):
    """They have no program to look for: python3 on PATH counts."""
    os.symlink(interpreters.any_python().exe, place.directory / "bin/python3")
    result = place("--json", name)
    assert codes(result) == ["not-enabled"]
    assert result.json["findings"][0]["hint"].startswith("pipseed enable --python /")


@pytest.mark.parametrize("name", ["direnv", "pyenv-virtualenv", "uv", "virtualenvwrapper"])
def test_hooks_leave_a_plain_pip(place, name):
    """Without bin/pip another environment's pip would be used. What explain says to write, and what the page shows."""
    for program in ("direnv", "pyenv", "uv"):
        tool(place.directory, program, "#!/bin/sh")
    lines = (run.REPO / f"docs/howto/{name}.md").read_text().splitlines()
    lines += [finding["hint"] for finding in place("--json", name).json["findings"]]
    calls = [line for line in lines if "pipseed seed" in line]
    assert calls and all("--default-pip" in line for line in calls)


def test_each_tool_has_its_page(place):
    """docs/howto/NAME.md is what -v names; the manual page lists the same tools."""
    known = place("nonsense", code=2).stderr.split("expected one of ")[1].splitlines()[0].split(", ")
    pages = {path.stem for path in (run.REPO / "docs/howto").glob("*.md")} - {"README"}
    assert set(known) == pages
    manual = " ".join((run.REPO / "docs/pipseed.1").read_text().split())
    listed = manual.split("Known are ")[1].split(". ")[0].replace(" and ", ", ").split(", ")
    assert listed == sorted(listed) == known
