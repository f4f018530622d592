# SPDX-License-Identifier: MIT
"""The Pythons that pipseed is tested with: CPython 3.6 to 3.13, Debian's python3, Debian's PyPy.

    for python in found():
        python.name, python.exe, python.wheel_dir

pythons.py finds them; here is what the suites that drive the command must know besides. None of them is ever changed:
tests work in environments, or in a copy that copy_prefix makes.
"""
import functools
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pythons

WANTED = [(3, minor) for minor in range(6, 14)]

# Runs in the interpreter: what a test has to know of it.
FACTS = """
import json, os, platform, sys, sysconfig
found = dict(version=list(sys.version_info[:3]), prefix=sys.prefix, implementation=platform.python_implementation(),
             stdlib=sysconfig.get_path("stdlib"), shipped=sysconfig.get_config_var("WHEEL_PKG_DIR") or "")
try:
    import ensurepip
    import venv
    found["ensurepip"] = os.path.dirname(ensurepip.__file__)
    found["pip"] = ensurepip.version()
except ImportError as error:
    found["problem"] = "no " + (error.name or "ensurepip")
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Interpreter:
    """One Python to test with."""

    name: str  # "3.13", "debian-3.11", "pypy-3.9"
    exe: str
    version: tuple
    prefix: str
    stdlib: str
    wheel_dir: str  # the directory with the wheels of its ensurepip
    pip: str  # the version of pip that its ensurepip installs
    is_pypy: bool
    may_copy: bool  # its prefix is a directory of its own, that can be copied

    @property
    def minor(self):
        """(3, 13)"""
        return self.version[:2]

    @property
    def has_setuptools(self):
        """Does its ensurepip install setuptools as well?"""
        return self.minor < (3, 12)


def _ask(exe):
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    done = subprocess.run([exe, "-I", "-c", FACTS], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=False)
    if done.returncode != 0:
        return {"problem": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"}
    return json.loads(done.stdout)


def _wheel_dir(facts):
    """Where this interpreter's ensurepip takes pip from."""
    directories = [facts["shipped"], os.path.join(facts["ensurepip"], "_bundled"), "/usr/share/python-wheels"]
    for directory in directories:
        if directory and any(Path(directory).glob("pip-*.whl")):
            return os.path.normpath(directory)
    return None


def _make(each):
    """(interpreter, None) or (None, why not) of one of pythons.find_pythons()."""
    facts = _ask(str(each.path))
    if "problem" in facts:
        return None, facts["problem"]
    wheel_dir = _wheel_dir(facts)
    if wheel_dir is None:
        return None, "its ensurepip has no wheels"
    system = str(each.path).startswith("/usr/bin/")
    kind = "pypy-" if each.is_pypy else "debian-" if system else ""
    exe = each.path.with_name(f"python{each.short}")
    return Interpreter(kind + each.short, str(exe if exe.exists() and not system else each.path), each.version,
                       facts["prefix"], facts["stdlib"], wheel_dir, facts["pip"], each.is_pypy, not system), None


@functools.lru_cache(maxsize=None)
def _search():
    by_names, absent = {}, {}
    for each in pythons.find_pythons():
        python, problem = _make(each)
        if python is None:
            absent[str(each.path)] = problem
        elif python.minor in WANTED:
            by_names.setdefault(python.name, python)
    names = [f"{major}.{minor}" for major, minor in WANTED]
    for name in names:
        if name not in by_names:
            absent[f"CPython {name}"] = "not found"
    for title, kind in (("Debian's python3", "debian-"), ("PyPy", "pypy-")):
        if not any(name.startswith(kind) for name in by_names):
            absent[title] = "not found, or without venv"
    ordered = sorted(by_names.values(), key=lambda python: (not python.name[0].isdigit(), python.version))
    return ordered, absent


def found():
    """All interpreters of this machine."""
    return list(_search()[0])


def missing():
    """{what was looked for: why it is not there}"""
    return dict(_search()[1])


def by_name(name):
    """The interpreter of that name, or None."""
    return next((python for python in found() if python.name == name), None)


def any_python():
    """One interpreter for tests that need only one: Debian's, else the newest."""
    if not found():
        raise RuntimeError(f"there is no Python to test with: {missing()}")
    return next((python for python in found() if python.name.startswith("debian")), found()[-1])


def make_env(python, directory, *options, exe=None):
    """An environment without pip, made by that interpreter's own venv."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    subprocess.run([exe or python.exe, "-m", "venv", "--without-pip", *options, os.fspath(directory)], env=environment,
                   stdin=subprocess.DEVNULL, check=True, timeout=120)
    return Path(directory)


def env_exe(env):
    """The name that `python -m venv` gave to the environment's interpreter: the one link that leads outside."""
    for name in sorted(os.listdir(env / "bin")):
        path = env / "bin" / name
        if path.is_symlink() and os.path.isabs(os.readlink(path)) and re.match(r"(python|pypy)[\d.]*$", name):
            return path
    raise AssertionError(f"{env}/bin has no interpreter that leads outside")


def site_packages(env):
    """Its site-packages directory."""
    directories = [path for path in sorted((env / "lib").glob("*/site-packages")) if path.is_dir()]
    if len(directories) == 1:
        return directories[0]
    lib = [path for path in sorted((env / "lib").glob("*")) if re.match(r"(python|pypy)3\.\d+t?$", path.name)]
    if len(lib) == 1:
        return lib[0] / "site-packages"
    raise AssertionError(f"{env} has {len(directories)} site-packages")


def link_prefix(python, directory):
    """As copy_prefix, but the standard library consists of links to the interpreter's own: made at once, for tests that add
    packages and leave the library alone."""
    if not python.may_copy:
        raise ValueError(f"{python.name} is part of the system")
    exe = Path(directory) / "bin" / os.path.basename(python.exe)
    library = Path(directory) / os.path.relpath(python.stdlib, python.prefix)
    exe.parent.mkdir(parents=True)
    (library / "site-packages").mkdir(parents=True)
    shutil.copy2(os.path.realpath(python.exe), exe)
    for entry in Path(python.stdlib).iterdir():
        if entry.name != "site-packages":
            (library / entry.name).symlink_to(entry)
    return exe


# What a copy of a prefix can do without: half of its size.
NOT_COPIED = re.compile(
    r"/(site-packages/.+|test|tests|idlelib|turtledemo|tkinter|config-[^/]*|share|include/.+|lib2to3)$")


def copy_prefix(python, directory):
    """A copy of an interpreter, with an empty site-packages: for what may not be done to the machine's own. Returns the
    copied executable."""
    if not python.may_copy:
        raise ValueError(f"{python.name} is part of the system")

    def leave_out(parent, names):
        inside = os.path.relpath(parent, python.prefix)
        return [name for name in names if NOT_COPIED.search(f"/{inside}/{name}") or name.startswith("libpython")]

    shutil.copytree(python.prefix, directory, symlinks=True, ignore=leave_out)
    exe = Path(directory) / "bin" / os.path.basename(python.exe)
    for script in (Path(directory) / "bin").iterdir():
        if re.match(r"(pip|easy_install|wheel|virtualenv)", script.name) or (
                script.is_file() and not re.match(r"python", script.name)):
            script.unlink()
    return exe
