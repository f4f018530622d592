# SPDX-License-Identifier: MIT
"""`pipseed doctor`: each issue that users of environments meet is named, repaired by --fix, and gone afterwards."""
import fcntl
import os
import re
import shutil
import subprocess

import interpreters
import pytest
import run

CPYTHON = next((python for python in reversed(interpreters.found()) if not python.is_pypy), interpreters.any_python())


@pytest.fixture
def env(pipseed, tmp_path):
    """A healthy environment with pip."""
    directory = tmp_path / "env"
    pipseed("venv", "-p", CPYTHON.exe, directory)
    return directory


def site(env):
    """Its site-packages."""
    return next(env.glob("lib/python3*/site-packages"))


def dist_info(env):
    """pip's."""
    return next(site(env).glob("pip-*.dist-info"))


def break_link(path, text):
    """Writes a file without touching those that it is linked with."""
    path.unlink()
    path.write_text(text)


def pip_works(env):
    """Its pip runs, also from its script."""
    for words in ([env / "bin/python3", "-m", "pip"], [env / "bin/pip3"]):
        done = subprocess.run([*words, "--version"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert str(env.resolve()) in done.stdout


def two_dist_infos(env):
    """As a killed pip or uv leaves it."""
    shutil.copytree(dist_info(env), site(env) / "pip-9.0.dist-info")
    text = (site(env) / "pip-9.0.dist-info/METADATA").read_text()
    break_link(site(env) / "pip-9.0.dist-info/METADATA", re.sub(r"(?m)^Version: .*$", "Version: 9.0", text, count=1))


def second_without_record(env):
    """The other dist-info is a part of one."""
    (site(env) / "pip-9.0.dist-info").mkdir()
    (site(env) / "pip-9.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: pip\nVersion: 9.0\n")


def leftovers(env):
    """pip was killed while it removed itself."""
    (site(env) / "~ip").mkdir()
    (site(env) / "~ip/__init__.py").write_text("")
    (site(env) / "~ip-24.0.dist-info").mkdir()


def staging(env):
    """A seeding was killed before its commit point."""
    (site(env) / ".pipseed-0123456789abcdef/lib/pip").mkdir(parents=True)


def hidden(env):
    """`pipseed venv` was killed before the environment got its name, twice."""
    for name in (f".{env.name}.pipseed", f".{env.name}.pipseed-0123456789abcdef"):
        (env.parent / name / "bin").mkdir(parents=True)


def venv_staging(env):
    """`pipseed venv` of a directory that was there was killed before its commit point."""
    (env / ".pipseed-venv/lib").mkdir(parents=True)


UNFINISHED = "pipseed-unfinished 1\npip yes\n"
def copy_interpreter(env):
    """As `venv --copies` makes it."""
    for link in (env / "bin").glob("python*"):
        real = os.path.realpath(link)
        link.unlink()
        shutil.copy2(real, link)


ISSUES = {
    "two dist-infos": (two_dist_infos, {"install-extra"}),
    "second dist-info without RECORD": (second_without_record, {"install-extra"}),
    "leftovers of pip": (leftovers, {"pip-leftover"}),
    "staging": (staging, {"leftover"}),
    "hidden directories": (hidden, {"leftover"}),
    "staging of venv": (venv_staging, {"leftover"}),
    "unfinished": (lambda env: (env / ".pipseed-unfinished").write_text(UNFINISHED), {"leftover"}),
    "unfinished, cut short": (lambda env: (env / ".pipseed-unfinished").write_text(""), {"leftover"}),
    "file changed": (lambda env: break_link(site(env) / "pip/__main__.py", "x = 1\n"), {"install-changed"}),
    "file missing": (lambda env: (site(env) / "pip/__main__.py").unlink(), {"install-missing"}),
    "file is a link": (lambda env: ((site(env) / "pip/py.typed").unlink(),
                                    (site(env) / "pip/py.typed").symlink_to("/etc/passwd")), {"install-link"}),
    "directory missing": (lambda env: shutil.rmtree(site(env) / "pip/_vendor"), {"install-missing"}),
    "script missing": (lambda env: (env / "bin/pip3").unlink(), {"install-missing"}),
    "no RECORD": (lambda env: (dist_info(env) / "RECORD").unlink(), {"install-missing"}),
    "no dist-info": (lambda env: shutil.rmtree(dist_info(env)), {"install-missing"}),
    "no pip directory": (lambda env: shutil.rmtree(site(env) / "pip"), {"install-missing"}),
    "script of another place": (lambda env: (env / "bin/tool").write_text("#!/nowhere/bin/python3\nprint('tool')\n"),
                                {"env-moved"}),
    "no link to the base": (lambda env: interpreters.env_exe(env).unlink(), {"base-missing"}),
    "home is gone": (lambda env: break_link(env / "pyvenv.cfg", re.sub(r"(?m)^home = .*$", "home = /nowhere/bin",
                                                                      (env / "pyvenv.cfg").read_text())),
                     {"env-config"}),
    # Of links the interpreter itself finds the base, whatever the file says.
    "no home, and copies": (lambda env: (copy_interpreter(env),
                                         break_link(env / "pyvenv.cfg", re.sub(r"(?m)^home = .*\n", "",
                                                                               (env / "pyvenv.cfg").read_text()))),
                            {"env-config"}),
}


@pytest.mark.parametrize("issue", ISSUES)
def test_issues(issue, pipseed, env):
    """Named, not touched without --fix, repaired with it."""
    inflict, codes = ISSUES[issue]
    inflict(env)
    found = pipseed("doctor", "--json", env, code=4).json
    assert {finding["code"] for finding in found["findings"]} >= codes
    assert all(finding["repairable"] and not finding["repaired"] for finding in found["findings"])
    assert found["status"] == "findings" and found["exit_code"] == 4
    assert pipseed("doctor", "--json", env, code=4).json["findings"] == found["findings"]
    assert pipseed("doctor", "--fix", "--dry-run", "--json", env, code=4).json["findings"] == found["findings"]
    repaired = pipseed("doctor", "--fix", "--json", env).json
    assert all(finding["repaired"] for finding in repaired["findings"])
    assert {finding["code"] for finding in repaired["findings"]} >= codes
    assert "no problems found" in pipseed("doctor", env).stdout
    pipseed("verify", env)
    pip_works(env)
    assert [path.name for path in env.parent.iterdir() if "pipseed" in path.name] == []


def test_healthy(pipseed, python, tmp_path):
    """Nothing is found in what venv and pipseed make, for any interpreter, with and without pip."""
    env = tmp_path / "env"
    run.run([python.exe, "-m", "venv", "--without-pip", env])
    assert "no problems found" in pipseed("doctor", env).stdout
    pipseed("seed", env)
    assert "no problems found" in pipseed("doctor", env).stdout


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_another_place(how, pipseed, env, tmp_path):
    """Scripts, activate and pip's own scripts name the old place."""
    (env / "bin/tool").write_text(f"#!{env}/bin/python3\nimport sys; print(sys.prefix)\n")
    (env / "bin/long").write_text(f"#!/bin/sh\n'''exec' \"{env}/bin/python3\" \"$0\" \"$@\"\n' '''\nimport sys; print(sys.prefix)\n")
    (env / "bin/system").write_text("#!/usr/bin/python3\nprint()\n")
    for name in ("tool", "long"):
        (env / "bin" / name).chmod(0o755)
    place = tmp_path / "other place"
    if how == "moved":
        env.rename(place)
    else:
        shutil.copytree(env, place, symlinks=True)
    codes = [finding["code"] for finding in pipseed("doctor", "--json", place, code=4).json["findings"]]
    assert codes.count("env-moved") >= 5
    pipseed("doctor", "--fix", place)
    pipseed("verify", place)
    pip_works(place)
    for name in ("tool", "long"):
        done = subprocess.run([place / "bin" / name], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == str(place)
    assert (place / "bin/system").read_text().startswith("#!/usr/bin/python3\n")
    done = subprocess.run(["bash", "-c", '. "$0/bin/activate" && echo "$VIRTUAL_ENV"', place], capture_output=True,
                          text=True, check=True)
    assert done.stdout.strip() == str(place)
    if how == "copied":
        assert "no problems found" in pipseed("doctor", env).stdout


def test_base_gone(pipseed, env, tmp_path):
    """The interpreter's directory went away; one of the same version is on PATH."""
    bin_dir = env / "bin"
    cfg = (env / "pyvenv.cfg").read_text()
    for link in bin_dir.glob("python*"):
        if os.readlink(link).startswith("/"):
            link.unlink()
            link.symlink_to("/nowhere/bin/python3")
    (env / "pyvenv.cfg").write_text(re.sub(r"(?m)^home = .*$", "home = /nowhere/bin", cfg))
    found = pipseed("doctor", "--json", env, code=4).json
    assert [finding["code"] for finding in found["findings"]] == ["base-missing"]
    assert found["python"] is None
    name = "python{}.{}".format(*CPYTHON.version)
    path = tmp_path / "path"
    path.mkdir()
    (path / name).symlink_to(CPYTHON.exe)
    pipseed("doctor", "--fix", env, env={"PATH": f"{path}:/usr/bin:/bin"})
    pipseed("verify", env)
    pip_works(env)


def test_base_gone_for_good(pipseed, env, tmp_path):
    """There is no other one."""
    for link in (env / "bin").glob("python*"):
        link.unlink()
        link.symlink_to("/nowhere/bin/python3")
    cfg = re.sub(r"(?m)^home = .*$", "home = /nowhere/bin", (env / "pyvenv.cfg").read_text())
    (env / "pyvenv.cfg").write_text(re.sub(r"(?m)^version = .*$", "version = 3.99.0", cfg))
    for options in ([], ["--fix"]):
        found = pipseed("doctor", *options, "--json", env, code=4).json
        assert [finding["code"] for finding in found["findings"]] == ["base-missing"]
        assert not found["findings"][0]["repairable"] and not found["findings"][0]["repaired"]


def test_base_is_another_version(pipseed, env):
    """It was upgraded in its place: what is installed for the old version is not seen."""
    cfg = env / "pyvenv.cfg"
    cfg.write_text(re.sub(r"(?m)^version = .*$", "version = 3.5.1", cfg.read_text()))
    found = pipseed("doctor", "--fix", "--json", env, code=4).json
    assert [finding["code"] for finding in found["findings"]] == ["base-changed"]


def test_wheel_not_at_hand(pipseed, env):
    """It says what is missing, and leaves the rest."""
    break_link(site(env) / "pip/__main__.py", "x = 1\n")
    found = pipseed("doctor", "--fix", "--no-bundled", "--json", env, code=4).json
    assert {finding["code"] for finding in found["findings"]} == {"install-changed"}
    assert "--wheel-dir" in found["findings"][0]["hint"]


def test_dead_store(pipseed, tmp_path):
    """Links into a store that is gone become files."""
    env = tmp_path / "env"
    pipseed("venv", "--without-pip", "-p", CPYTHON.exe, env)
    cache = {"XDG_CACHE_HOME": tmp_path / "cache"}
    pipseed("seed", "--link-mode", "symlink", env, env=cache)
    shutil.rmtree(tmp_path / "cache")
    pipseed("doctor", env, env=cache, code=4)
    pipseed("doctor", "--fix", env, env=cache)
    pipseed("verify", env, env=cache)
    pip_works(env)


@pytest.fixture
def two_envs(pipseed, tmp_path):
    """Without pip."""
    envs = [tmp_path / "one", tmp_path / "other"]
    for env in envs:
        pipseed("venv", "--without-pip", "-p", CPYTHON.exe, env)
    return envs


def test_shared_inode(pipseed, two_envs):
    """A file edited through one environment is repaired in the one that is asked for, and the other stays what it is."""
    one, other = two_envs
    pipseed("seed", "--link-mode", "hardlink", one)
    pipseed("seed", "--link-mode", "hardlink", other)
    with open(site(one) / "pip/__main__.py", "a", encoding="utf-8") as file:
        file.write("# edited\n")
    pipseed("doctor", "--fix", one)
    pipseed("verify", one)
    assert "install-changed" in pipseed("doctor", other, code=4).stdout
    pipseed("doctor", "--fix", other)
    pipseed("verify", other)


def test_what_is_hidden_comes_back(pipseed, env):
    """Killed between two renames on a file system that cannot exchange names: the environment is beside its place."""
    env.rename(env.parent / f".{env.name}.pipseed-old")
    assert "moved this environment away" in pipseed("doctor", env, code=4).stdout
    pipseed("doctor", "--fix", env)
    pip_works(env)


def test_nothing_but_leftovers(pipseed, tmp_path):
    """An environment that never got its name: undone."""
    (tmp_path / ".env.pipseed/bin").mkdir(parents=True)
    pipseed("doctor", tmp_path / "env", code=4)
    pipseed("doctor", "--fix", tmp_path / "env")
    assert not list(tmp_path.glob(".env*"))
    pipseed("doctor", tmp_path / "env", code=1)


def test_empty_dirs(pipseed, tmp_path):
    """Those on the way to a root go, as far as they are empty."""
    root = tmp_path / "root"
    words = ["--python", CPYTHON.exe, "--root", root]
    pipseed("seed", *words)
    pip_init = next(root.rglob("pip/__init__.py"))
    directory = pip_init.parent.parent
    pipseed("unseed", *words)
    shutil.rmtree(root)
    directory.mkdir(parents=True)
    (root / "kept").mkdir()
    assert "leftover" in pipseed("doctor", *words, code=4).stdout
    pipseed("doctor", "--fix", *words)
    assert os.listdir(root) == ["kept"]


def test_live_run(pipseed, env):
    """What a run that lives works in is not a leftover."""
    staging(env)
    held = os.open(site(env) / ".pipseed-0123456789abcdef", os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "no problems found" in pipseed("doctor", env).stdout
    finally:
        os.close(held)


def test_not_an_environment(pipseed, tmp_path):
    """No issue, but an error."""
    assert "is not an environment" in pipseed("doctor", tmp_path, code=1).stderr


def test_without_an_environment(copyable, pipseed, tmp_path):
    """The default is python3 on PATH, which belongs to none: its prefix is examined, as with --python."""
    exe = interpreters.link_prefix(copyable, tmp_path / "base")
    (exe.parent / "python3").symlink_to(exe.name)
    for words in [], ["--fix"], ["--python", "python3"]:
        shown = pipseed("doctor", *words, env={"PATH": f"{exe.parent}:/usr/bin:/bin"}).stdout
        assert shown == f"{tmp_path}/base: no problems found\n", words


def test_several(pipseed, two_envs):
    """One document for each; the exit code of the worst."""
    one, other = two_envs
    staging(one)
    result = pipseed("doctor", "--json", one, other, code=4)
    assert [line.count('"status":"ok"') for line in result.stdout.splitlines()] == [0, 1]


def scripts(env):
    """pip's."""
    return sorted(path.name for path in (env / "bin").glob("pip*"))


@pytest.mark.parametrize("extra", [[], ["pip-3.99"]], ids=["of venv", "of virtualenv"])
def test_scripts_stay(pipseed, env, extra):
    """pip is put in again with the scripts that RECORD lists, whoever chose them; none is added, none goes."""
    for name in extra:
        shutil.copy(env / "bin/pip3", env / "bin" / name)
        with open(dist_info(env) / "RECORD", "a", encoding="utf-8") as record:
            record.write(f"../../../bin/{name},,\n")
    before = scripts(env)
    break_link(site(env) / "pip/__main__.py", "damaged\n")
    pipseed("doctor", "--fix", env)
    assert scripts(env) == before and "pip" in before
    pipseed("verify", env)
    pip_works(env)
    moved = env.rename(env.with_name("moved"))
    pipseed("doctor", "--fix", moved)
    assert scripts(moved) == before


def test_record_follows_the_scripts(pipseed, env):
    """A moved environment whose wheel is not at hand: the rows of the repaired scripts are repaired, too."""
    moved = env.rename(env.with_name("moved"))
    nothing = {"PIPSEED_WHEELS_BUNDLED": "no"}
    assert "env-moved" in pipseed("doctor", "--fix", moved, env=nothing).stdout
    pipseed("verify", moved, env=nothing)
    assert "no problems found" in pipseed("doctor", moved, env=nothing).stdout
    pip_works(moved)


def test_a_changed_script_does_not_become_right(pipseed, env):
    """Somebody's edit is a finding before the environment is moved, and after it was repaired."""
    break_link(env / "bin/pip3", (env / "bin/pip3").read_text() + "# edited\n")
    (env / "bin/pip3").chmod(0o755)
    moved = env.rename(env.with_name("moved"))
    pipseed("doctor", "--fix", moved, env={"PIPSEED_WHEELS_BUNDLED": "no"}, code=4)
    assert "bin/pip3" in pipseed("verify", moved, code=4).stdout


def test_the_dist_info_decides(pipseed, env):
    """Which version is there is not for pip's code to say."""
    break_link(site(env) / "pip/__init__.py", '__version__ = "9.9"\n')
    document = pipseed("doctor", env, "--json", code=4).json
    assert all(finding["repairable"] for finding in document["findings"])
    pipseed("doctor", "--fix", env)
    pip_works(env)
