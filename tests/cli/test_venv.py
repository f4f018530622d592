# SPDX-License-Identifier: MIT
"""`pipseed venv`: the tree equals that of `python -m venv --without-pip` of the same base at the same path; nothing is
ever half-made; what it makes works in every shell."""
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import interpreters
import pytest
import run

import tree

PYTHON = interpreters.any_python()
CPYTHON = next((python for python in reversed(interpreters.found()) if not python.is_pypy), PYTHON)
QUOTES = {python.name: "shlex.quote" in (Path(python.stdlib) / "venv/__init__.py").read_text()
          for python in interpreters.found()}


def real(python, env, *options, cwd=None, umask=-1, code=0):
    """What `python -m venv --without-pip` makes."""
    return run.run([python.exe, "-m", "venv", "--without-pip", *options, env], cwd=cwd, umask=umask, code=code)


def differences(one, other, python):
    """All of them as text, those in a file with what stands there."""
    return [str(difference) for difference in tree.compare(one, other, python.exe)]


def contents(env):
    """{name: text} of the files that people read."""
    names = [env / "pyvenv.cfg", *sorted((env / "bin").glob("[aA]ctivate*"))]
    return {name.name: name.read_bytes() for name in names if name.is_file()}


def left(directory):
    """Everything in a directory, names only."""
    return sorted(os.path.relpath(os.path.join(at, name), directory) for at, directories, files in os.walk(directory)
                  for name in directories + files)


def assert_equal_trees(pipseed, python, env, options, *, prepare=None, cwd=None, umask=-1, differing=()):
    """The real one and ours one after the other at one path, after the same preparations. Differing: and in nothing else."""
    snapshots, texts = [], []
    for make in (lambda: real(python, env, *options, cwd=cwd, umask=umask),
                 lambda: pipseed("venv", "--without-pip", "-p", python.exe, *options, env, cwd=cwd, umask=umask)):
        if prepare:
            prepare()
        make()
        snapshots.append(tree.snapshot(env))
        texts.append(contents(env))
        shutil.rmtree(env)
    assert texts[0] == texts[1]
    assert differences(*snapshots, python) == list(differing)
    return snapshots


# ---- equality

FLAGS = {
    "plain": [],
    "system-site-packages": ["--system-site-packages"],
    "copies": ["--copies"],
    "symlinks": ["--symlinks"],
    "prompt": ["--prompt", "my project"],
    "empty prompt": ["--prompt", ""],
    "prompt of the current directory": ["--prompt", "."],
    "prompt with quotes": ["--prompt", "it's"],
    "prompt in Unicode": ["--prompt", "grüße \N{SNAKE}\N{NO-BREAK SPACE}\t."],
    "all": ["--system-site-packages", "--copies", "--prompt", "x"],
    "upgrade of nothing": ["--upgrade"],
    "clear of nothing": ["--clear"],
}


@pytest.mark.parametrize("flags", FLAGS)
def test_tree(flags, python, pipseed, tmp_path):
    """A new environment."""
    options = FLAGS[flags]
    if python.is_pypy and "--copies" in options:
        refused = pipseed("venv", "-p", python.exe, *options, tmp_path / "env", code=1)
        assert "copies" in refused.stderr and not (tmp_path / "env").exists()
        return
    here = tmp_path / "the 'current' directory"
    here.mkdir()
    assert_equal_trees(pipseed, python, tmp_path / "env", options, cwd=here)


def test_ignore_file(python, pipseed, tmp_path):
    """--without-scm-ignore-files is for Pythons from 3.13 on; older ones write none anyway."""
    env = tmp_path / "env"
    if python.minor >= (3, 13):
        assert_equal_trees(pipseed, python, env, ["--without-scm-ignore-files"])
        return
    pipseed("venv", "--without-pip", "--without-scm-ignore-files", "-p", python.exe, env)
    assert not (env / ".gitignore").exists()
    if python.minor >= (3, 11):
        assert "--without-scm" not in (env / "pyvenv.cfg").read_text()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o027, 0o077], ids=oct)
def test_umask(umask, python, pipseed, tmp_path):
    """Modes: scripts have those of their templates, everything else follows the umask."""
    assert_equal_trees(pipseed, python, tmp_path / "env", [], umask=umask)


def test_times(python, pipseed, tmp_path):
    """From 3.13 on a script without placeholders keeps the time of its template."""
    pipseed("venv", "--without-pip", "-p", python.exe, tmp_path / "ours")
    real(python, tmp_path / "real")
    source = Path(python.stdlib) / "venv/scripts/common"
    for name in ("activate", "Activate.ps1"):
        if (source / name).exists():
            kept = [(tmp_path / which / "bin" / name).stat().st_mtime_ns == (source / name).stat().st_mtime_ns
                    for which in ("ours", "real")]
            assert kept[0] == kept[1], name


NAMES = ["with space", "it's", "grüße \N{SNAKE}", "-dash", "line\nbreak", "a(b)&c;d|e", "n" * 255]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_names(name, python, pipseed, tmp_path):
    """Paths that venv itself can handle."""
    if not QUOTES[python.name] and "\n" in name:
        pytest.skip("this Python's own activate.csh does not work there")
    env = tmp_path / name
    assert_equal_trees(pipseed, python, env, [])


def test_colon(python, pipseed, tmp_path):
    """Refused as newer Pythons do, for all."""
    result = pipseed("venv", "-p", python.exe, tmp_path / "a:b", code=2)
    assert "colon" in result.stderr
    assert not left(tmp_path / "home") and not (tmp_path / "a:b").exists()


def test_deep(pipseed, python, tmp_path):
    """Directories on the way are made."""
    assert_equal_trees(pipseed, python, tmp_path / "a/b/env", [])


@pytest.mark.parametrize("options", [[], ["--copies"]], ids=["links", "copies"])
def test_from_an_environment(options, pipseed, python, tmp_path):
    """An environment's interpreter stands for its base. Below 3.11 venv itself makes a chain instead."""
    if python.is_pypy and options:
        pytest.skip("no copies of PyPy")
    outer, env = tmp_path / "outer", tmp_path / "env"
    real(python, outer, *options)
    inner = outer / "bin/python"
    pipseed("venv", "--without-pip", "-p", inner, env)
    ours, config = tree.snapshot(env), (env / "pyvenv.cfg").read_text()
    assert f"home = {os.path.dirname(python.exe)}\n" in config
    assert str(outer) not in os.path.realpath(env / "bin/python")
    shutil.rmtree(env)
    if python.minor >= (3, 11):
        run.run([inner, "-m", "venv", "--without-pip", env])
        assert config == (env / "pyvenv.cfg").read_text()
        assert not differences(tree.snapshot(env), ours, python)


# ---- a directory that is there

def add_files(env):
    """What a user may have there."""
    env.mkdir(parents=True, exist_ok=True)
    (env / "notes.txt").write_text("mine")
    (env / "src").mkdir(exist_ok=True)
    (env / "src/main.py").write_text("pass")


def spoil(env):
    """Files of the environment that were changed."""
    (env / "bin/activate").write_text("changed")
    (env / "bin/activate").chmod(0o700)
    (env / "pyvenv.cfg").write_text("home = /nowhere\n")
    (env / "pyvenv.cfg").chmod(0o600)


EXISTING = {
    "empty": lambda python, env: env.mkdir(),
    "files": lambda python, env: add_files(env),
    "environment": lambda python, env: real(python, env),
    "environment with files": lambda python, env: (real(python, env), add_files(env)),
    "spoilt": lambda python, env: (real(python, env), spoil(env)),
    "copies": lambda python, env: real(python, env, "--copies"),
    "no links": lambda python, env: (real(python, env), [path.unlink() for path in (env / "bin").glob("py*")]),
    "link elsewhere": lambda python, env: (real(python, env), [path.unlink() for path in (env / "bin").glob("py*")],
                                           (env / "bin/python").symlink_to("/bin/true"),
                                           (env / "bin" / os.path.basename(python.exe)).symlink_to("/nowhere")),
    "no scripts": lambda python, env: (real(python, env), [path.unlink() for path in (env / "bin").glob("activate*")]),
}


@pytest.mark.parametrize("before", EXISTING)
def test_existing(before, python, pipseed, tmp_path):
    """What is there already is treated as venv treats it, with each option."""
    env, saved = tmp_path / "env", tmp_path / "saved"
    if python.is_pypy and before == "copies":
        pytest.skip("no copies of PyPy")
    EXISTING[before](python, env)
    env.rename(saved)
    name = os.path.basename(python.exe)
    for options in [], ["--upgrade"], ["--system-site-packages"], ["--clear"]:
        if before == "files" and options == ["--clear"]:
            continue  # test_clear_refuses
        # CPython's newest venv replaces a link that leads nowhere, as pipseed does for all; older ones leave it.
        differing = [f"bin/{name}: target"] if before == "link elsewhere" and "--clear" not in options else []
        try:
            _, ours = assert_equal_trees(pipseed, python, env, options, differing=differing,
                                         prepare=lambda: shutil.copytree(saved, env, symlinks=True))
        except AssertionError as error:
            raise AssertionError(f"options {options}: {error}") from error
        if differing:
            assert os.fsdecode(ours.entries[f"bin/{name}".encode()].detail) == python.exe
        assert not [name for name in left(tmp_path) if "pipseed" in name]


def test_copies_over_links(pipseed, tmp_path):
    """venv says "are the same file": neither writes through the link."""
    env = tmp_path / "env"
    real(CPYTHON, env)
    before = tree.snapshot(env)
    assert "same file" in real(CPYTHON, env, "--copies", code=1).stderr
    shutil.rmtree(env)
    real(CPYTHON, env)
    before = tree.snapshot(env)
    assert "link" in pipseed("venv", "--without-pip", "--copies", "-p", CPYTHON.exe, env, code=1).stderr
    assert not differences(before, tree.snapshot(env), CPYTHON)


@pytest.mark.parametrize("place", ["bin", "lib", "include", "."])
def test_links_in_the_place_of_dirs(place, pipseed, tmp_path):
    """They are refused, and nothing is written behind them."""
    env, outside = tmp_path / "env", tmp_path / "outside"
    outside.mkdir()
    if place != ".":
        env.mkdir()
    (env / place if place != "." else env).symlink_to(outside)
    result = pipseed("venv", "-p", CPYTHON.exe, env, code=1)
    assert "link" in result.stderr or "directory" in result.stderr
    assert not left(outside)
    assert left(tmp_path / "env") in ([], [place])


def test_links_in_the_place_of_files(pipseed, tmp_path):
    """They are replaced: what they lead to is not written."""
    env = tmp_path / "env"
    real(CPYTHON, env)
    for name in ("pyvenv.cfg", "bin/activate"):
        (env / name).unlink()
        (tmp_path / "outside").write_text("kept")
        (env / name).symlink_to(tmp_path / "outside")
    pipseed("venv", "--without-pip", "-p", CPYTHON.exe, env)
    assert (tmp_path / "outside").read_text() == "kept"
    assert not (env / "pyvenv.cfg").is_symlink() and not (env / "bin/activate").is_symlink()


@pytest.mark.parametrize("what", ["file", "fifo", "dangling link"])
def test_no_dir(what, pipseed, tmp_path):
    """Something else is there."""
    env = tmp_path / "env"
    {"file": env.touch, "fifo": lambda: os.mkfifo(env), "dangling link": lambda: env.symlink_to("nowhere")}[what]()
    before = env.lstat()
    pipseed("venv", "-p", CPYTHON.exe, env, code=1)
    pipseed("venv", "--clear", "-p", CPYTHON.exe, env, code=1)
    assert env.lstat().st_ino == before.st_ino
    assert not [name for name in left(tmp_path) if "pipseed" in name]


def test_dir_in_the_place_of_a_file(pipseed, tmp_path):
    """The files before it are put back as they were."""
    env = tmp_path / "env"
    real(CPYTHON, env)
    spoil(env)
    (env / "bin/activate.csh").unlink()
    (env / "bin/activate.csh").mkdir()
    before = tree.snapshot(env)
    pipseed("venv", "-p", CPYTHON.exe, env, code=1)
    assert not differences(before, tree.snapshot(env), CPYTHON)


# ---- --clear

def test_clear(pipseed, python, tmp_path):
    """Everything goes, nothing outside does."""
    env, outside = tmp_path / "env", tmp_path / "outside"
    add_files(outside)

    def prepare():
        real(python, env)
        add_files(env)
        (env / "link").symlink_to(outside)
        (env / "locked").mkdir(mode=0o500, exist_ok=True)

    assert_equal_trees(pipseed, python, env, ["--clear"], prepare=prepare)
    assert (outside / "src/main.py").exists()
    assert not [name for name in left(tmp_path) if "pipseed" in name]


def test_clear_keeps_owner_and_mode(pipseed, tmp_path):
    """The directory is another one and looks like the old one."""
    env = tmp_path / "env"
    real(CPYTHON, env)
    env.chmod(0o2750)
    if os.geteuid() == 0:
        os.chown(env, 1234, 2345)
        env.chmod(0o2750)
    before = env.stat()
    pipseed("venv", "--without-pip", "--clear", "-p", CPYTHON.exe, env)
    after = env.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_clear_refuses(pipseed, home, tmp_path):
    """No environment, and not empty."""
    directory = tmp_path / "project"
    add_files(directory)
    result = pipseed("venv", "--clear", "-p", CPYTHON.exe, directory, code=1)
    assert "not an environment" in result.stderr
    assert left(directory) == ["notes.txt", "src", "src/main.py"]
    (home / "pyvenv.cfg").touch()
    assert "home directory" in pipseed("venv", "--clear", "-p", CPYTHON.exe, home, code=3).stderr
    assert left(home) == ["pyvenv.cfg"]
    assert "root directory" in pipseed("venv", "--clear", "-p", CPYTHON.exe, "/", code=1).stderr


def test_clear_current_dir(pipseed, tmp_path):
    """The current directory itself stays the same one; what it is in is refused."""
    env = tmp_path / "env"
    real(CPYTHON, env)
    add_files(env)
    refused = pipseed("venv", "--clear", "-p", CPYTHON.exe, env, cwd=env / "src", code=3)
    assert "current directory" in refused.stderr and (env / "notes.txt").exists()
    inode = env.stat().st_ino
    pipseed("venv", "--without-pip", "--clear", "-p", CPYTHON.exe, ".", cwd=env)
    assert env.stat().st_ino == inode
    assert not (env / "notes.txt").exists() and (env / "bin/activate").exists()


def test_clear_mount_point(pipseed, tmp_path):
    """A directory that cannot be renamed is cleared in its place."""
    if os.geteuid() != 0:
        pytest.skip("needs root for a mount")
    env = tmp_path / "env"
    env.mkdir()
    script = ('mount -t tmpfs none "$1" && "$2" -m venv --without-pip "$1" && touch "$1/mine" && '
              '"$3" venv -q --without-pip --clear -p "$2" "$1" && ls -A "$1"')
    result = run.run(["unshare", "-m", "sh", "-c", script, "sh", env, CPYTHON.exe, run.command()], code=None)
    if "unshare" in result.stderr or "mount:" in result.stderr:
        pytest.skip(result.stderr.strip())
    assert result.code == 0, result
    assert "mine" not in result.stdout.split() and "pyvenv.cfg" in result.stdout.split()
    assert not [name for name in left(tmp_path) if "pipseed" in name]


# ---- pip

def test_seeded(pipseed, python, tmp_path):
    """pip, pipX and pipX.Y, as `python -m venv` installs them, and an interpreter that finds them."""
    env = tmp_path / "env"
    result = pipseed("venv", "-p", python.exe, env)
    assert result.stdout.startswith(f"Created {env} (Python {'.'.join(map(str, python.version))}, pip ")
    names = {path.name for path in (env / "bin").iterdir() if path.name.startswith("pip")}
    assert names == {"pip", "pip3", f"pip{python.version[0]}.{python.version[1]}"}
    for script in sorted(names):
        assert run.run([env / "bin" / script, "--version"]).stdout.startswith("pip ")
    pipseed("verify", env)


def test_system_site_packages(pipseed, python, tmp_path):
    """The base's pip is not taken for the environment's, as venv sees to it."""
    env = tmp_path / "env"
    pipseed("venv", "--system-site-packages", "-p", python.exe, env)
    assert "include-system-site-packages = true\n" in (env / "pyvenv.cfg").read_text()
    assert (interpreters.site_packages(env) / "pip").is_dir()
    shown = run.run([env / "bin/pip", "--version"]).stdout
    assert f" from {env}/" in shown


def test_options_reach_the_hook(pipseed, tmp_path):
    """--pip, --altinstall, --no-bytecode, --packages and the policy's file."""
    env = tmp_path / "env"
    wheels = pipseed("wheels", "list", "--json").json["wheels"]
    oldest = [wheel["version"] for wheel in wheels if wheel["name"] == "pip"][-1]
    python = next(p for p in interpreters.found() if p.minor == min(q.minor for q in interpreters.found()))
    policy = tmp_path / "policy.ini"
    policy.write_text("[seed]\npackages = pip\n")
    policy.chmod(0o644)
    pipseed("venv", "-p", python.exe, "--pip", oldest, "--altinstall", "--no-bytecode", "--policy", policy, env)
    site = interpreters.site_packages(env)
    assert (site / f"pip-{oldest}.dist-info").is_dir()
    assert not (site / "setuptools").exists() and not (site / "pip/__pycache__").exists()
    assert [path.name for path in (env / "bin").glob("pip*")] == [f"pip{python.minor[0]}.{python.minor[1]}"]


def test_existing_pip_is_brought_up_to_date(pipseed, tmp_path):
    """As `python -m venv` does, which runs ensurepip --upgrade."""
    python, env = CPYTHON, tmp_path / "env"
    pipseed("venv", "--no-bundled", "--wheel-dir", python.wheel_dir, "-p", python.exe, env)
    assert (interpreters.site_packages(env) / f"pip-{python.pip}.dist-info").is_dir()
    result = pipseed("venv", "-p", python.exe, env)
    assert result.stdout.startswith("Updated ")
    assert not (interpreters.site_packages(env) / f"pip-{python.pip}.dist-info").exists()


def test_without_pip(pipseed, tmp_path):
    """In all spellings."""
    for option in ("--without-pip", "--no-pip", "--no-seed"):
        env = tmp_path / option
        pipseed("venv", option, "-p", CPYTHON.exe, env)
        assert not list((env / "bin").glob("pip*"))


@pytest.mark.parametrize("option", [["--pip", "25"], ["--packages", "pip"], ["--wheel-dir", "."], ["--no-bundled"],
                                    ["--link-mode", "copy"], ["--no-bytecode"], ["--altinstall"]], ids="".join)
def test_without_pip_but_which(option, pipseed, tmp_path):
    """What is asked for is not ignored."""
    result = pipseed("venv", "--without-pip", *option, "-p", CPYTHON.exe, tmp_path / "env", code=2, cwd=tmp_path)
    assert "--without-pip" in result.stderr and option[0] in result.stderr
    assert not (tmp_path / "env").exists()


def test_updated_means_an_environment(pipseed, tmp_path):
    """A directory that was none becomes one: it was not updated."""
    env = tmp_path / "env"
    for before, verb, existed in ((env.mkdir, "Created", False), (lambda: None, "Updated", True),
                                  ((env / "pyvenv.cfg").unlink, "Created", False)):
        before()
        assert pipseed("venv", "-n", "-p", CPYTHON.exe, env).stdout.startswith(f"Would {verb[:-1].lower()} {env}")
        result = pipseed("venv", "--json", "-p", CPYTHON.exe, env)
        assert f"{verb} {env} (Python " in result.stderr and result.json["existed"] == existed
    result = pipseed("venv", "--json", "--clear", "-p", CPYTHON.exe, env)
    assert result.stderr.startswith(f"Created {env}") and result.json["existed"]


OTHERS = [python for python in interpreters.found() if not python.is_pypy and python.may_copy]


@pytest.mark.parametrize("options", [[], ["--without-pip"]], ids=["pip", "without"])
def test_version_is_what_the_interpreter_is(options, pipseed, tmp_path):
    """A link to another Python stays, as in venv: the version is that one's, and where pip goes."""
    if len(OTHERS) < 2:
        pytest.skip("one interpreter with a prefix of its own")
    old, new = OTHERS[0], OTHERS[-1]
    bases = []
    for number, python in enumerate((old, new)):
        base = tmp_path / f"base{number}/python3"  # of one name, as /usr/bin/python3 and /usr/local/bin/python3
        base.parent.mkdir()
        base.symlink_to(python.exe)
        bases.append(base)
    env = tmp_path / "env"
    pipseed("venv", "--without-pip", "-p", bases[0], env)
    version = ".".join(map(str, old.version))
    planned = pipseed("venv", "-n", "--json", *options, "-p", bases[1], env).json
    result = pipseed("venv", "--json", *options, "-p", bases[1], env)
    assert result.json["python_version"] == planned["python_version"] == version
    assert f"Updated {env} (Python {version}" in result.stderr and "keeping the previously linked interpreter" in result.stderr
    asked = run.run([env / "bin/python3", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"])
    assert asked.stdout.strip() == version
    if not options:
        assert f"python{version.rsplit('.', 1)[0]}/site-packages" in result.json["packages"][0]["location"]
        assert planned["packages"][0]["location"] == result.json["packages"][0]["location"]


def test_link_to_a_python_that_is_gone(pipseed, tmp_path):
    """It is replaced, and pip goes where the new one looks."""
    gone = tmp_path / "gone/python3"
    gone.parent.mkdir()
    gone.symlink_to(CPYTHON.exe)
    env = tmp_path / "env"
    pipseed("venv", "--without-pip", "-p", gone, env)
    gone.unlink()
    base = tmp_path / "new/python3"
    base.parent.mkdir()
    base.symlink_to(CPYTHON.exe)
    version = ".".join(map(str, CPYTHON.version))
    result = pipseed("venv", "-p", base, env)
    assert result.stdout.startswith(f"Updated {env} (Python {version}, pip ")
    for name in ("python", "python3"):
        assert run.run([env / "bin" / name, "-m", "pip", "--version"]).stdout.startswith("pip ")
    # After a failure it is as it was.
    base.unlink()
    base.symlink_to(CPYTHON.exe)
    (env / "bin/python3").unlink()
    (env / "bin/python3").symlink_to(gone)
    pipseed("venv", "-p", base, "--pip", "1.0", env, code=1)
    assert os.readlink(env / "bin/python3") == str(gone)


@pytest.fixture
def linked_elsewhere(tmp_path):
    """An environment whose interpreter is a link to a program that is not a Python and notes when it runs."""
    env, program = tmp_path / "env", tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho >> {tmp_path}/ran\n")
    program.chmod(0o755)
    real(CPYTHON, env)
    link = env / "bin" / os.path.basename(CPYTHON.exe)
    link.unlink()
    link.symlink_to(program)
    return env, link


def test_link_to_what_is_not_a_python(linked_elsewhere, pipseed, tmp_path):
    """It stays, as in venv, and a warning says so; pip cannot be installed for it, and a dry run runs nothing."""
    env, link = linked_elsewhere
    target = os.readlink(link)
    pipseed("venv", "-n", "-p", CPYTHON.exe, env)
    pipseed("venv", "-n", "--without-pip", "-p", CPYTHON.exe, env)
    assert not (tmp_path / "ran").exists()
    before = tree.snapshot(env)
    real(CPYTHON, env)
    after = tree.snapshot(env)
    result = pipseed("venv", "--without-pip", "-p", CPYTHON.exe, env)
    assert str(link) in result.stderr and "may not lead to a Python" in result.stderr
    assert not differences(after, tree.snapshot(env), CPYTHON)
    assert target in pipseed("venv", "-p", CPYTHON.exe, env, code=1).stderr
    assert not differences(before, tree.snapshot(env), CPYTHON) and os.readlink(link) == target


def test_link_to_a_strangers_python(linked_elsewhere, pipseed, tmp_path):
    """The rule of trust holds for it: it does not run, unless target.trust has its directory."""
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    env, _ = linked_elsewhere
    os.chown(tmp_path / "program", 65534, 65534)
    for options in ([], ["--without-pip"]):
        assert "refusing to run" in pipseed("venv", *options, "-p", CPYTHON.exe, env, code=3).stderr
    assert not (tmp_path / "ran").exists()
    trusted = pipseed("venv", "--without-pip", "--set", f"target.trust={tmp_path}", "-p", CPYTHON.exe, env)
    assert (tmp_path / "ran").exists() and "may not lead to a Python" in trusted.stderr


def test_owner_is_told_once(pipseed, tmp_path):
    """Of the interpreter that -p names, also where the environment exists and is seeded as it stands."""
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    base, env = tmp_path / "base/python3", tmp_path / "env"
    base.parent.mkdir()
    base.symlink_to(CPYTHON.exe)
    os.chown(base.parent, 65534, 65534)
    for words in [], [], ["--upgrade"], ["--clear"], ["--dry-run"]:
        shown = pipseed("venv", *words, "-p", base, env).stderr
        assert shown.count("belongs to uid 65534") == 1, (words, shown)


def test_bytecode(pipseed, tmp_path):
    """A cold cache: as many compiled files as a seeding of the same environment has."""
    counts = []
    for number, options in enumerate(([], ["--without-pip"])):
        env = tmp_path / f"env{number}"
        pipseed("venv", *options, "-p", CPYTHON.exe, env, env={"PIPSEED_CACHE_DIR": tmp_path / f"cache{number}"})
        if options:
            pipseed("seed", "--default-pip", env)
        counts.append(len(list(env.rglob("*.pyc"))))
    assert counts[0] == counts[1] > 0


# ---- failures leave nothing

FAILURES = {
    "no such wheel": (["--pip", "1.0"], 1),
    "hook refuses before": (["--set", "seed.pip=not a version"], 2),
    "no such Python": (["-p", "python9.9"], 1),
    "no Python": (["-p", "/bin/true"], 1),
    "both kinds": (["--symlinks", "--copies"], 2),
    "upgrade and clear": (["--upgrade", "--clear"], 2),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("existing", [False, True], ids=["new", "existing"])
def test_failure_leaves_nothing(failure, existing, pipseed, tmp_path):
    """A new environment vanishes with the directories on the way, an existing one is as it was."""
    options, code = FAILURES[failure]
    top = tmp_path / "a"
    env = top / "b/env"
    if existing:
        real(CPYTHON, env)
        before = tree.snapshot(env)
    result = pipseed("venv", "-p", CPYTHON.exe, *options, env, code=code)
    assert result.stderr.startswith("error: ")
    if not existing:
        assert not top.exists()
        return
    assert not differences(before, tree.snapshot(env), CPYTHON)
    assert os.listdir(top / "b") == ["env"]


def test_failure_empties_an_empty_dir(pipseed, tmp_path):
    """As before."""
    env = tmp_path / "env"
    env.mkdir()
    inode = env.stat().st_ino
    pipseed("venv", "-p", CPYTHON.exe, "--pip", "1.0", env, code=1)
    assert env.stat().st_ino == inode and not left(env)


HOOK = r"""
#include "venv_hook.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int tell(const struct venv_hook_context_v1 *context, const char *call, char *ret_error, size_t size)
{
        const char *fails = getenv("HOOK_FAILS");
        FILE *log = fopen(getenv("HOOK_LOG"), "a");
        fprintf(log, "%s %s exe=%s base=%s version=%s flags=%u", call, context->env_dir,
                context->env_exe ? context->env_exe : "-", context->base_exe ? context->base_exe : "-",
                context->version ? context->version : "-", context->flags);
        for (const char *const *option = context->options; option && *option; option++)
                fprintf(log, " %s", *option);
        fprintf(log, "\n");
        fclose(log);
        if (context->log)
                context->log(context->log_data, VENV_HOOK_NOTE, "a note of the hook");
        if (!fails || strncmp(fails, call, strlen(call)) != 0)
                return 0;
        snprintf(ret_error, size, "refused by the test");
        return atoi(fails + strlen(call) + 1);
}
static int pre(const struct venv_hook_context_v1 *c, char *e, size_t n) { return tell(c, "pre", e, n); }
static int post(const struct venv_hook_context_v1 *c, char *e, size_t n) { return tell(c, "post", e, n); }
const struct venv_hook_v1 venv_hook = {sizeof(struct venv_hook_v1), "tester", pre, post};
"""


@pytest.fixture(scope="session")
def hook(tmp_path_factory):
    """A hook module of someone else's."""
    directory = tmp_path_factory.mktemp("hook")
    subprocess.run(["cc", "-shared", "-fPIC", f"-I{run.REPO}/plugin/hook", "-o", directory / "hook.so", "-x", "c", "-"],
                   input=HOOK, text=True, check=True)
    return directory / "hook.so"


@pytest.fixture
def with_hook(pipseed, hook, tmp_path):
    """pipseed with that hook; .log() is what it saw."""
    log = tmp_path / "hook.log"

    def call(*args, fails="", **options):
        return pipseed(*args, env={"PIPSEED_VENV_HOOKS": hook, "HOOK_LOG": log, "HOOK_FAILS": fails}, **options)

    call.log = lambda: log.read_text().splitlines() if log.exists() else []
    return call


def test_hook(with_hook, tmp_path):
    """Both calls, with what the ABI promises."""
    env = tmp_path / "env"
    result = with_hook("venv", "--system-site-packages", "--link-mode", "copy", "-p", CPYTHON.exe, env)
    assert "a note of the hook" in result.stderr
    version = ".".join(map(str, CPYTHON.version))
    assert with_hook.log() == [
        f"pre {env} exe=- base={CPYTHON.exe} version={version} flags=2 install.link-mode=copy",
        f"post {env} exe={env}/bin/{os.path.basename(CPYTHON.exe)} base={CPYTHON.exe} version={version} flags=2 "
        "install.link-mode=copy"]


def test_hook_is_told_of_an_upgrade(with_hook, tmp_path):
    """VENV_HOOK_UPGRADE (4): the environment existed, and is not recreated. --upgrade of nothing is not enough."""
    env = tmp_path / "env"
    for options in (["--upgrade"], [], ["--clear"], ["--upgrade", "--dry-run"]):
        with_hook("venv", *options, "-p", CPYTHON.exe, env)
    flags = [line.split("flags=")[1] for line in with_hook.log()]
    assert flags == ["0", "0", "4", "4", "0", "0", "68"]


def test_own_hook_among_the_hooks(pipseed, tmp_path):
    """pipseed_hook.so finds pip there: nothing is done twice."""
    module = next(run.build_dir().glob("lib*/**/pipseed_hook.so"))
    env = tmp_path / "env"
    for verb in ("Created", "Updated"):
        result = pipseed("venv", "-v", "-p", CPYTHON.exe, "--pip", "25.0.1", env, env={"PIPSEED_VENV_HOOKS": module})
        assert result.stdout.startswith(f"{verb} {env}") and "pip 25.0.1: none" in result.stderr
        assert len(list(interpreters.site_packages(env).glob("pip-*.dist-info"))) == 1
    pipseed("verify", env)
    pipseed("venv", "--clear", "--without-pip", "-p", CPYTHON.exe, env, env={"PIPSEED_VENV_HOOKS": module})
    assert not list((env / "bin").glob("pip*"))


def test_hooks_in_many_threads(with_hook, tmp_path):
    """One call at a time, and each environment has its two."""
    names = [tmp_path / f"env{number}" for number in range(6)]
    with_hook("venv", "-j4", "-p", CPYTHON.exe, *names)
    assert sorted(line.split(" exe=")[0] for line in with_hook.log()) == sorted(
        f"{call} {name}" for call in ("pre", "post") for name in names)


@pytest.mark.parametrize("call", ["pre", "post"])
@pytest.mark.parametrize("status", [1, 2, 3, 4])
def test_hook_fails(call, status, with_hook, tmp_path):
    """Its status is the exit code, and the environment, seeded already by pipseed's hook, is gone."""
    env = tmp_path / "a/env"
    result = with_hook("venv", "-p", CPYTHON.exe, env, fails=f"{call}:{status}", code=status)
    assert "hook tester: refused by the test" in result.stderr
    assert not (tmp_path / "a").exists()
    assert len(with_hook.log()) == (1 if call == "pre" else 2)


def test_hook_fails_on_existing(with_hook, tmp_path):
    """An environment that was there stays; one that --clear replaced is there again."""
    env = tmp_path / "env"
    real(CPYTHON, env)
    add_files(env)
    before = tree.snapshot(env)
    with_hook("venv", "--clear", "-p", CPYTHON.exe, env, fails="post:1", code=1)
    assert not differences(before, tree.snapshot(env), CPYTHON)
    with_hook("venv", "-p", CPYTHON.exe, env, fails="post:1", code=1)
    assert (env / "notes.txt").exists() and (env / "bin/activate").exists()
    assert not [name for name in left(tmp_path) if ".env" in name or "pipseed-venv" in name]


def test_hook_cannot_be_loaded(pipseed, tmp_path):
    """A module that is missing or is none."""
    nothing = tmp_path / "nothing.so"
    nothing.write_text("no module")
    for path in (nothing, tmp_path / "missing.so"):
        result = pipseed("venv", "-p", CPYTHON.exe, tmp_path / "env", env={"PIPSEED_VENV_HOOKS": path}, code=1)
        assert "venv.hooks" in result.stderr
        assert not (tmp_path / "env").exists()


KILLS = ["mkdirat", "symlinkat", "openat", "write", "renameat2", "close"]


@pytest.mark.parametrize("existing", ["new", "environment", "clear"])
def test_killed(existing, tmp_path, pipseed):
    """Killed at any call, the environment is there whole or as it was, and the next run finishes and leaves nothing."""
    if shutil.which("strace") is None:
        pytest.skip("no strace")
    env, points = tmp_path / "env", 0
    args = ["venv", "--without-pip", *(["--clear"] if existing == "clear" else []), "-p", CPYTHON.exe, env]
    pipseed(*args)
    whole = tree.snapshot(env)
    names = left(env)
    for call in KILLS:
        for number in range(1, 200):
            shutil.rmtree(env)
            if existing != "new":
                pipseed("venv", "--without-pip", "-p", CPYTHON.exe, env)
            result = pipseed(*args, code=None, wrap=("strace", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                                                      f"inject={call}:signal=KILL:when={number}"))
            if result.code == 0:
                break
            if "strace" in result.stderr:
                pytest.skip(result.stderr.strip())
            points += 1
            assert result.code in (-signal.SIGKILL, 128 + signal.SIGKILL), result
            if env.exists():
                assert [name for name in left(env) if not name.startswith(".pipseed-venv")] == names, (call, number)
            else:
                assert existing == "new"
            pipseed(*args)
            assert not differences(whole, tree.snapshot(env), CPYTHON), (call, number)
            assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == [], (call, number)
        else:
            raise AssertionError(f"{call} never ended")
    print(f"{points} points")
    assert points > 40


@pytest.mark.parametrize("existing", ["new", "environment", "clear"])
def test_system_calls_fail(existing, tmp_path, pipseed):
    """With any call failing: an error, and the tree as before; or success."""
    if shutil.which("strace") is None:
        pytest.skip("no strace")
    env, points = tmp_path / "env", 0
    args = ["venv", "--without-pip", *(["--clear"] if existing == "clear" else []), "-p", CPYTHON.exe, env]
    if existing != "new":
        pipseed("venv", "--without-pip", "-p", CPYTHON.exe, env)
        spoil(env)
    for call, error in [("mkdirat", "ENOSPC"), ("symlinkat", "EDQUOT"), ("write", "ENOSPC"), ("renameat2", "EIO"),
                        ("utimensat", "EIO"), ("flock", "ENOLCK"), ("fchmod", "EPERM"), ("getdents64", "EIO")]:
        for number in range(1, 60):
            before = tree.snapshot(env) if existing != "new" else None
            result = pipseed(*args, code=None, wrap=("strace", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                                                      f"inject={call}:error={error}:when={number}"))
            if "strace" in result.stderr:
                pytest.skip(result.stderr.strip())
            points += 1
            assert result.code in (0, 1), result
            if result.code == 0:
                if existing == "new":
                    shutil.rmtree(env)
                else:
                    spoil(env)
                break
            if existing == "new":
                assert not env.exists() or "standard output" in result.stderr
                shutil.rmtree(env, ignore_errors=True)
            elif "standard output" not in result.stderr:
                assert not differences(before, tree.snapshot(env), CPYTHON), (call, number, result)
            assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == [], (call, number)
    assert points > 20


def test_several_at_once(pipseed, tmp_path):
    """Many runs for one place: each says that all is well, and so it is."""
    env = tmp_path / "a/env"
    codes = []
    threads = [threading.Thread(target=lambda: codes.append(pipseed("venv", "-p", CPYTHON.exe, env, code=None).code))
               for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0] * 8
    pipseed("verify", env)
    assert os.listdir(tmp_path / "a") == ["env"]
    assert not (env / ".pipseed-venv").exists()


# ---- the command line

def test_pythons(pipseed, tmp_path):
    """A path, a relative path, a glued one, a name, a version, a default."""
    python = CPYTHON
    directory = tmp_path / "bin"
    directory.mkdir()
    version = f"{python.minor[0]}.{python.minor[1]}"
    for name in (f"python{version}", "python3", "mypython"):
        (directory / name).write_text(f'#!/bin/sh\nexec {python.exe} "$@"\n')
        (directory / name).chmod(0o755)
    path = {"PATH": f"{directory}:/usr/bin:/bin"}
    for number, words in enumerate((["-p", python.exe], [f"-p{python.exe}"], [f"--python={python.exe}"],
                                    ["-p", os.path.relpath(python.exe, tmp_path)], ["-p", "mypython"],
                                    ["-p", version], ["-p", "3"], [])):
        env = tmp_path / f"env{number}"
        answer = pipseed("venv", "--json", "--without-pip", *words, env, cwd=tmp_path, env=path).json
        assert (answer["env"], answer["python_version"]) == (str(env), ".".join(map(str, python.version))), words
        assert answer["base"] == python.exe and not answer["existed"], words


def test_virtualenv_flags(pipseed, tmp_path):
    """Those that its users and tools type."""
    env = tmp_path / "env"
    pipseed("venv", "--no-download", "--never-download", "--no-periodic-update", "--no-setuptools", "--no-wheel",
            "--no-vcs-ignore", "--always-copy", "--extra-search-dir", tmp_path, "-p", CPYTHON.exe, env)
    assert (env / "bin/python3").is_file() and not (env / "bin/python3").is_symlink()
    assert not (env / ".gitignore").exists() and (env / "bin/pip").exists()


def test_ansible(pipseed, tmp_path):
    """What its pip module calls."""
    pipseed("venv", "--help")
    pipseed("venv", "--system-site-packages", f"-p{CPYTHON.exe}", tmp_path / "env")
    assert (tmp_path / "env/bin/activate").exists() and (tmp_path / "env/bin/pip3").exists()


def test_several(pipseed, tmp_path):
    """One JSON line for each, an error in one does not stop the others."""
    (tmp_path / "file").touch()
    (tmp_path / "list").write_text("# more\nc\n\nd\n")
    result = pipseed("venv", "--json", "-j2", "-p", CPYTHON.exe, "a", "file", "b", "--from-file", "list", cwd=tmp_path,
                     code=1)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(answer["requested"], answer["status"]) for answer in answers] == [
        ("a", "ok"), ("file", "error"), ("b", "ok"), ("c", "ok"), ("d", "ok")]
    assert answers[0]["packages"][0]["name"] == "pip" and answers[0]["packages"][0]["action"] == "installed"
    assert "1 of 5 environments failed" in result.stderr


def test_usage(pipseed, tmp_path):
    """No directory."""
    assert "expected DIR" in pipseed("venv", code=2).stderr
    assert "empty environment name" in pipseed("venv", "", code=2).stderr
    assert not left(tmp_path / "home")


def test_dry_run(pipseed, tmp_path):
    """Nothing is made, also no directory on the way."""
    result = pipseed("venv", "--dry-run", "-p", CPYTHON.exe, tmp_path / "a/env")
    assert result.stdout.startswith(f"Would create {tmp_path}/a/env (Python ")
    assert not (tmp_path / "a").exists()
    real(CPYTHON, tmp_path / "env")
    before = tree.snapshot(tmp_path / "env")
    for options, verb in (([], "update"), (["--clear"], "create")):
        result = pipseed("venv", "-n", *options, "-p", CPYTHON.exe, tmp_path / "env")
        assert result.stdout.startswith(f"Would {verb} ")
    assert not differences(before, tree.snapshot(tmp_path / "env"), CPYTHON)


def test_no_python_runs(pipseed, python, tmp_path):
    """Once an interpreter is known, none is started."""
    if shutil.which("strace") is None:
        pytest.skip("no strace")
    trace = tmp_path / "trace"
    pipseed("venv", "-p", python.exe, tmp_path / "first")
    result = pipseed("venv", "-p", python.exe, tmp_path / "second", code=None,
                     wrap=("strace", "-f", "-o", trace, "-e", "trace=execve,vfork,fork"))
    if "strace" in result.stderr:
        pytest.skip(result.stderr.strip())
    assert result.code == 0
    assert trace.read_text().count("execve(") == 1


# ---- activation

SHELLS = {
    "sh": (["dash"], '. "$1/bin/activate"', 'printf "%s\\n" "$VIRTUAL_ENV"'),
    "bash": (["bash", "--norc"], '. "$1/bin/activate"', 'printf "%s\\n" "$VIRTUAL_ENV"'),
    "zsh": (["zsh", "-f"], '. "$1/bin/activate"', 'printf "%s\\n" "$VIRTUAL_ENV"'),
    "fish": (["fish", "-N"], "source $argv[1]/bin/activate.fish", 'printf "%s\\n" $VIRTUAL_ENV'),
    "csh": (["tcsh", "-f"], "set prompt = '% '\nsource $1:q/bin/activate.csh", 'printf "%s\\n" $VIRTUAL_ENV:q'),
}
PLACES = ["plain", "with space", "it's $(touch pwned) `touch pwned` $HOME \"quoted\"", "back\\slash", "grüße"]


@pytest.mark.parametrize("place", PLACES, ids=ascii)
@pytest.mark.parametrize("shell", SHELLS)
def test_activation(shell, place, python, pipseed, tmp_path):
    """The environment works activated, wherever it is: also where the base's own venv would write a script that runs
    commands out of the path."""
    words, activate, show = SHELLS[shell]
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]} (package {'tcsh' if shell == 'csh' else words[0]})")
    env = tmp_path / place
    pipseed("venv", "--without-pip", "-p", python.exe, env)
    script = tmp_path / "script"
    script.write_text(f"{activate}\n{show}\npython -c 'import sys; print(sys.prefix)'\ndeactivate\n"
                      "printf 'after %s\\n' \"$PATH\"\n")
    result = run.run([*words, script, env], cwd=tmp_path, env={"SHELL": words[0]})
    lines = result.stdout.splitlines()
    assert lines[:2] == [str(env), str(env)], result
    assert lines[2].startswith("after ") and str(env) not in lines[2]
    assert not (tmp_path / "pwned").exists() and result.stderr == ""


# A package whose build backend comes with it (PEP 517, backend-path): nothing else is needed to build it but a
# compiler.
SDIST = {
    "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    "PKG-INFO": "Metadata-Version: 2.1\nName: answer\nVersion: 1.0\n",
    "answer.c": """
#include <Python.h>
static PyObject *give(PyObject *self, PyObject *none) { (void)self; (void)none; return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"give", give, METH_NOARGS, "42"}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "answer", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_answer(void) { return PyModule_Create(&module); }
""",
    "backend.py": """
import os, subprocess, sys, sysconfig, zipfile

TAG = "py3-none-any"

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    module = "answer" + sysconfig.get_config_var("EXT_SUFFIX")
    includes = ["-I" + sysconfig.get_paths()[name] for name in ("include", "platinclude")]
    subprocess.check_call(["cc", "-shared", "-fPIC", *includes, "answer.c", "-o", module])
    info = "answer-1.0.dist-info/"
    texts = {"METADATA": "Metadata-Version: 2.1\\nName: answer\\nVersion: 1.0\\n",
             "WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: false\\nTag: " + TAG + "\\n"}
    record = [module + ",,"] + [info + name + ",," for name in [*texts, "RECORD"]]
    with zipfile.ZipFile(os.path.join(wheel_directory, "answer-1.0-" + TAG + ".whl"), "w") as wheel:
        wheel.write(module)
        for name, text in [*texts.items(), ("RECORD", "\\n".join(record) + "\\n")]:
            wheel.writestr(info + name, text)
    return "answer-1.0-" + TAG + ".whl"
""",
}


def has_headers(python):
    """Can extensions be compiled for it?"""
    include = run.run([python.exe, "-c", "import sysconfig; print(sysconfig.get_paths()['include'])"]).stdout.strip()
    return (Path(include) / "Python.h").is_file()


def compilable():
    """The interpreters that have a pip of their own, for which extensions can be compiled."""
    return [python for python in interpreters.found() if not python.is_pypy and has_headers(python)]


@pytest.mark.parametrize("number, shell", enumerate(SHELLS), ids=list(SHELLS))
def test_extension_from_an_sdist(number, shell, pipseed, tmp_path):
    """In an activated environment the pip that was put there builds and installs a package with a C extension."""
    words, activate, _ = SHELLS[shell]
    pythons = compilable()
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]}")
    if not pythons or shutil.which("cc") is None:
        pytest.skip("no interpreter with headers (package python3-dev), or no compiler")
    python = pythons[-1 - number % len(pythons)]
    env, sdist = tmp_path / "env", tmp_path / "answer-1.0"
    sdist.mkdir()
    for name, text in SDIST.items():
        (sdist / name).write_text(text)
    archive = shutil.make_archive(str(sdist), "gztar", tmp_path, sdist.name)
    pipseed("venv", "-p", python.exe, env)
    script = tmp_path / "script"
    script.write_text(f"{activate}\npip install --no-index --disable-pip-version-check {archive}\n"
                      "python -c 'import answer; print(answer.give(), answer.__file__)'\n")
    result = run.run([*words, script, env], cwd=tmp_path)
    assert result.stdout.splitlines()[-1].startswith(f"42 {env}"), result


@pytest.mark.parametrize("prompt", ["my project", "$(touch pwned)`touch pwned`", 'say "x"'], ids=ascii)
def test_prompt(prompt, python, pipseed, tmp_path):
    """What was asked for is shown, but for what a shell would expand in a prompt, and never run while activating."""
    env = tmp_path / "env"
    pipseed("venv", "--without-pip", "--prompt", prompt, "-p", python.exe, env)
    result = run.run(["dash", "-c", f"PS1='$ '; . {env}/bin/activate; printf '%s' \"$PS1\""], cwd=tmp_path)
    assert result.stdout == f"({re.sub('[$`]', '_', prompt)}) $ "
    assert not (tmp_path / "pwned").exists()


INTERACTIVE = {"bash": ["bash", "--norc", "--noprofile"], "dash": ["dash"], "ksh": ["ksh93"], "mksh": ["mksh"],
               "busybox": ["busybox", "sh"], "zsh": ["zsh", "-f", "-o", "promptsubst"]}


@pytest.mark.parametrize("shell", INTERACTIVE)
def test_prompt_runs_nothing(shell, pipseed, tmp_path):
    """Shells expand PS1 again with each prompt. Bash decodes octal numbers before that."""
    words = INTERACTIVE[shell]
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]} (Debian: {'ksh93u+m' if shell == 'ksh' else shell})")
    name = r"$(touch pwned)`touch pwned`\044(touch pwned)\140touch pwned\140\$(touch pwned)"
    bases = [python for python in interpreters.found() if not python.is_pypy]
    for number, python in enumerate((bases[0], bases[-2], bases[-1])):
        envs = [tmp_path / f"{number}{name}", tmp_path / f"asked{number}"]
        pipseed("venv", "--without-pip", "-p", python.exe, envs[0])
        pipseed("venv", "--without-pip", "--prompt", name, "-p", python.exe, envs[1])
        for env in envs:
            typed = f"cd {tmp_path}\nPS1='> '\n. {shlex.quote(str(env))}/bin/activate\necho now $VIRTUAL_ENV\n:\nexit\n"
            done = subprocess.run([*words, "-i"], input=typed.encode(), capture_output=True, timeout=60, check=False,
                                  cwd=tmp_path, env=run.clean_environment({"ENV": "/dev/null", "SHELL": words[0]}))
            assert b"now " + os.fsencode(env)[:20] in done.stdout, done
            assert b"_(touch pwned)" in done.stderr + done.stdout, done
            assert not (tmp_path / "pwned").exists(), (env, done)


def test_bytes_that_are_no_text(pipseed, python, tmp_path):
    """venv itself cannot do it from 3.11 on; here the environment works."""
    env = os.fsencode(tmp_path) + b"/latin\xe9"
    pipseed("venv", "-p", python.exe, env)
    bin_dir = os.fsdecode(env) + "/bin"
    shown = run.run([f"{bin_dir}/python", "-c", "import os, sys; sys.stdout.buffer.write(os.fsencode(sys.prefix))"])
    assert os.fsencode(shown.stdout) == env
    assert "install" in run.run([f"{bin_dir}/pip", "--help"]).stdout
    assert "pip" in json.loads(pipseed("verify", "--json", env).stdout)["packages"][0]["name"]
