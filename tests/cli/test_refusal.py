# SPDX-License-Identifier: MIT
"""What pipseed refuses: exit 2 for wrong use, exit 3 for --user in an environment and for EXTERNALLY-MANAGED."""
import os
import shutil

import interpreters
import pytest
import run

MANAGED = """[externally-managed]
Error=This Python belongs to the Ministry of Wheels.
 Ask at counter 7, or make an environment.
Error-de=Dieses Python gehoert dem Raederministerium.
Error-pt_BR=Este Python pertence ao Ministerio das Rodas.
"""


def names(directory):
    """Everything below a directory."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def said(result):
    """All that a person would read, its lines joined."""
    return " ".join((result.stdout + result.stderr).split())


# ---- both script options

def test_both_script_options(new_env, pipseed):
    """Exit 2, and both are named."""
    env = new_env()
    before = names(env)
    result = pipseed("seed", "--altinstall", "--default-pip", env, code=2)
    assert "--altinstall" in result.stderr and "--default-pip" in result.stderr
    assert names(env) == before


@pytest.mark.parametrize("args", [("seed", "--frobnicate"), ("seed", "--root"), ("frobnicate",), ("unseed", "a", "b"),
                                  ("seed", "--color", "maybe"), ("seed", "-j", "-1"), ("seed", "--pip", ">>1")])
def test_wrong_use(args, pipseed):
    """Exit 2 and a message, nothing on stdout."""
    result = pipseed(*args, code=2)
    assert result.stderr and not result.stdout


# ---- --user in an active environment

def by_dir(env, _):
    """The environment as argument."""
    return [env], {}


def by_variable(env, _):
    """Activated."""
    return [], {"VIRTUAL_ENV": env}


def by_interpreter(env, _):
    """Its interpreter."""
    return ["--python", env / "bin/python"], {}


def by_real_name(env, _):
    """Its interpreter by the name that leads outside."""
    return ["--python", interpreters.env_exe(env)], {}


def by_symlinked_env(env, directory):
    """Through a link to the environment's directory."""
    (directory / "link").symlink_to(env)
    return ["--python", directory / "link/bin/python"], {}


def by_symlinked_dir(env, directory):
    """A link to the directory, as argument."""
    (directory / "link").symlink_to(env)
    return [directory / "link"], {}


def by_path(env, _):
    """Its bin directory is first on PATH, and VIRTUAL_ENV is not set."""
    return ["--python", "python3"], {"PATH": f"{env}/bin:/usr/bin:/bin"}


def by_default_path(env, _):
    """The same, and python3 on PATH is the default target."""
    return [], {"PATH": f"{env}/bin:/usr/bin:/bin"}


def by_other_active(env, directory):
    """Another environment is the target, this one is active."""
    other = interpreters.make_env(interpreters.any_python(), directory / "other")
    return [other], {"VIRTUAL_ENV": env}


def by_nested(env, directory):
    """An environment made by the interpreter of an environment."""
    nested = interpreters.make_env(interpreters.any_python(), directory / "nested", exe=str(env / "bin/python"))
    return [nested], {}


def by_copied_interpreter(_, directory):
    """--copies: no link leads anywhere."""
    copied = interpreters.make_env(interpreters.any_python(), directory / "copied", "--copies")
    return ["--python", copied / "bin/python"], {}


def by_system_site(_, directory):
    """Even one that sees the packages of its base."""
    env = interpreters.make_env(interpreters.any_python(), directory / "open", "--system-site-packages")
    return [env], {}


FORMS = [by_dir, by_variable, by_interpreter, by_real_name, by_symlinked_env, by_symlinked_dir, by_path,
         by_default_path, by_other_active, by_nested, by_copied_interpreter, by_system_site]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__[3:])
def test_user_in_environment(form, new_env, pipseed, tmp_path, home):
    """Exit 3 in every form of activity; nothing is written, and the message says what to do."""
    env = new_env()
    args, variables = form(env, tmp_path)
    before = names(env)
    result = pipseed("seed", "--user", *args, env=variables, code=3)
    assert "--user" in result.stderr
    assert names(env) == before
    assert names(home) == []


@pytest.mark.parametrize("form", [by_variable, by_dir], ids=["variable", "directory"])
def test_user_in_environment_whatever_the_cwd(form, new_env, pipseed, tmp_path):
    """The current directory has no say: neither the environment, nor its bin, nor one elsewhere."""
    env = new_env()
    args, variables = form(env, tmp_path)
    for cwd in (env, env / "bin", tmp_path, "/"):
        pipseed("seed", "--user", *args, env=variables, cwd=cwd, code=3)


def test_user_every_python(python, new_env, pipseed):
    """Every interpreter's environments, PyPy's as well."""
    pipseed("seed", "--user", new_env(python), code=3)


def test_user_through_variable_does_not_change_that(new_env, pipseed):
    """No policy allows it: seed.user = allow is about users' directories outside environments."""
    pipseed("seed", "--user", new_env(), env={"PIPSEED_SEED_USER": "allow"}, code=3)


def test_link_to_an_interpreter_is_what_python_says(copyable, new_env, pipseed, prefix_copies, tmp_path, home):
    """A link elsewhere to ENV/bin/python: CPython does not find pyvenv.cfg beside it and runs as the base. So does
    pipseed: the answer has to be the interpreter's own."""
    env = interpreters.make_env(copyable, tmp_path / "env", exe=str(prefix_copies(copyable)))
    link = tmp_path / "elsewhere" / "mypython"
    link.parent.mkdir()
    link.symlink_to(env / "bin/python")
    asked = run.run([link, "-c", "import sys; print(sys.prefix != sys.base_prefix)"]).stdout.strip()
    result = pipseed("seed", "--user", "--python", link, code=3 if asked == "True" else 0)
    if asked == "False":
        assert list(home.glob(".local/lib/*/site-packages/pip")), result


@pytest.mark.parametrize("variable", ["", "/nonexistent", "{directory}"])
def test_user_is_possible_outside(variable, copyable, prefix_copies, pipseed, tmp_path, home):
    """A VIRTUAL_ENV that names no environment refuses nothing, nor does a current directory that is one."""
    (tmp_path / "no-environment").mkdir()
    env = interpreters.make_env(interpreters.any_python(), tmp_path / "env")
    pipseed("seed", "--user", "--python", prefix_copies(copyable), cwd=env,
            env={"VIRTUAL_ENV": variable.format(directory=tmp_path / "no-environment")})
    assert list(home.glob(".local/bin/pip3*"))


def test_user_is_possible_in_conda(copyable, prefix_copies, pipseed, home, tmp_path):
    """conda's environments are whole Pythons: CONDA_PREFIX is not a virtual environment."""
    pipseed("seed", "--user", "--python", prefix_copies(copyable), env={"CONDA_PREFIX": tmp_path})
    assert list(home.glob(".local/bin/pip3*"))


def test_user_denied_by_policy(copyable, prefix_copies, pipseed, home):
    """seed.user = deny: refused outside environments too, naming where that was set."""
    result = pipseed("seed", "--user", "--python", prefix_copies(copyable), env={"PIPSEED_SEED_USER": "deny"}, code=3)
    assert "seed.user" in said(result) or "policy" in said(result)
    assert names(home) == []


def test_user_with_root_in_environment(new_env, pipseed, tmp_path):
    """--root does not make it possible."""
    pipseed("seed", "--user", "--root", tmp_path / "root", new_env(), code=3)
    assert not (tmp_path / "root").exists()


# ---- EXTERNALLY-MANAGED

@pytest.fixture(scope="module")
def managed(copyable, tmp_path_factory):
    """A copied prefix that says it is managed; its directory and its interpreter."""
    directory = tmp_path_factory.mktemp("managed") / "prefix"
    exe = interpreters.copy_prefix(copyable, directory)
    stdlib = directory / os.path.relpath(copyable.stdlib, copyable.prefix)
    (stdlib / "EXTERNALLY-MANAGED").write_text(MANAGED)
    return directory, exe


def test_managed(managed, pipseed):
    """Exit 3 with the file's own text; nothing is installed."""
    directory, exe = managed
    before = [path for path in names(directory) if "__pycache__" not in path]
    result = pipseed("seed", "--python", exe, code=3)
    assert "This Python belongs to the Ministry of Wheels." in said(result)
    assert "Ask at counter 7, or make an environment." in said(result)
    assert [path for path in names(directory) if "__pycache__" not in path] == before


@pytest.mark.parametrize("variables, text", [
    ({"LC_ALL": "de_DE.UTF-8"}, "Raederministerium"),
    ({"LANG": "de_AT.UTF-8"}, "Raederministerium"),
    ({"LC_MESSAGES": "de_DE.UTF-8"}, "Raederministerium"),
    ({"LC_ALL": "pt_BR.UTF-8"}, "Ministerio das Rodas"),
    ({"LC_ALL": "pt_PT.UTF-8"}, "Ministry of Wheels"),
    ({"LC_ALL": "fr_FR.UTF-8"}, "Ministry of Wheels"),
    ({"LC_ALL": "C"}, "Ministry of Wheels"),
    ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, "Ministry of Wheels"),
])
def test_managed_in_the_users_language(variables, text, managed, pipseed):
    """Error-LOCALE, then Error."""
    result = pipseed("seed", "--python", managed[1], env=variables, code=3)
    assert text in said(result)


@pytest.mark.parametrize("args, code", [
    (["--user"], 3),
    (["--upgrade"], 3),
    (["--dry-run"], 3),
    (["--root", "{root}"], 0),
    (["--root", "{root}", "--user"], 3),
], ids=lambda value: "-".join(value).replace("--", "") if isinstance(value, list) else str(value))
def test_managed_with_options(args, code, managed, pipseed, tmp_path):
    """Skipped with --root, but not with --user."""
    root = tmp_path / "root"
    pipseed("seed", "--python", managed[1], *(arg.format(root=root) for arg in args), code=code)
    assert root.exists() == (code == 0)


def test_managed_base_of_environment(managed, pipseed, tmp_path, copyable):
    """In an environment the file of its base has nothing to say."""
    env = interpreters.make_env(copyable, tmp_path / "env", exe=str(managed[1]))
    pipseed("seed", env)
    assert (interpreters.site_packages(env) / "pip").is_dir()


def test_managed_overridden(managed, pipseed, tmp_path, copyable):
    """The policy may override it: then it is installed."""
    directory = tmp_path / "prefix"
    shutil.copytree(managed[0], directory, symlinks=True)
    exe = directory / "bin" / managed[1].name
    pipseed("seed", "--python", exe, env={"PIPSEED_SEED_EXTERNALLY_MANAGED": "override"})
    shown = run.run([exe, "-m", "pip", "--version"]).stdout
    assert str(directory) in shown
    assert (directory / "bin" / f"pip{copyable.minor[0]}.{copyable.minor[1]}").exists()


@pytest.mark.parametrize("content", ["", "[externally-managed]\n", "no ini file at all\n", "\xff\xfe"],
                         ids=["empty", "no-key", "no-ini", "no-utf8"])
def test_managed_without_text(content, copyable, pipseed, tmp_path, prefix_copies):
    """A file that says nothing, or nothing readable, still refuses."""
    directory = tmp_path / "prefix"
    shutil.copytree(prefix_copies(copyable).parent.parent, directory, symlinks=True)
    stdlib = directory / os.path.relpath(copyable.stdlib, copyable.prefix)
    (stdlib / "EXTERNALLY-MANAGED").write_bytes(content.encode("latin-1"))
    result = pipseed("seed", "--python", directory / "bin" / os.path.basename(copyable.exe), code=3)
    assert "EXTERNALLY-MANAGED" in said(result) or "externally managed" in said(result)


def test_managed_debian(pipseed):
    """Debian's own python3 carries such a file (3.11 and newer): refused, nothing asked of it but that."""
    debian = next((python for python in interpreters.found() if python.name.startswith("debian")), None)
    if debian is None or not os.path.exists(os.path.join(debian.stdlib, "EXTERNALLY-MANAGED")):
        pytest.skip("no Debian python3 with EXTERNALLY-MANAGED")
    result = pipseed("seed", "--python", debian.exe, "--dry-run", "--upgrade", code=3)
    assert "apt install" in said(result)
