# SPDX-License-Identifier: MIT
"""Interpreters that may be changed."""
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import interpreters
import pytest
import run

LEFT_OUT = shutil.ignore_patterns("test", "tests", "config-*", "idlelib", "tkinter", "lib2to3", "__pycache__")


@dataclass
class Prefix:
    """A copy of an interpreter."""

    exe: Path
    stdlib: Path
    version: tuple

    @property
    def package(self):
        """What Python imports."""
        return self.stdlib / "ensurepip"

    @property
    def kept(self):
        """Where its own is while pipseed is enabled."""
        return self.stdlib / ".pipseed-ensurepip"

    @property
    def leftovers(self):
        """What has no place there after a run that ended."""
        return [path.name for path in self.stdlib.glob(".pipseed-*") if path != self.kept]

    def is_enabled(self):
        """Does an import take pipseed's?"""
        text = "import ensurepip; print(hasattr(ensurepip, '_COMMAND'))"
        return run.run([self.exe, "-I", "-S", "-B", "-c", text]).stdout.strip() == "True"


def _copy_debian(python, directory):
    """Debian's interpreter finds its library beside itself, too."""
    name = f"python{python.version[0]}.{python.version[1]}"
    (directory / "bin").mkdir(parents=True)
    shutil.copy(os.path.realpath(python.exe), directory / "bin" / name)
    os.symlink(name, directory / "bin/python3")
    shutil.copytree(python.stdlib, directory / "lib" / name, symlinks=True, ignore=LEFT_OUT)
    managed = directory / "lib" / name / "EXTERNALLY-MANAGED"
    if managed.exists() or managed.is_symlink():
        managed.unlink()
    return directory / "bin" / name


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    """A copied interpreter, not to be changed: the newest with a prefix of its own, else Debian's."""
    python = next((one for one in reversed(interpreters.found()) if one.may_copy and not one.is_pypy),
                  interpreters.any_python())
    directory = tmp_path_factory.mktemp("pristine") / "prefix"
    exe = interpreters.copy_prefix(python, directory) if python.may_copy else _copy_debian(python, directory)
    for cache in directory.rglob("__pycache__"):
        shutil.rmtree(cache)
    stdlib = directory / "lib" / f"python{python.version[0]}.{python.version[1]}"
    # So that its own has bytecode, which must come back as well.
    run.run([exe, "-I", "-S", "-c", "import ensurepip, ensurepip._uninstall, venv"])
    assert (stdlib / "ensurepip/__pycache__").is_dir()
    return Prefix(exe, stdlib, python.version)


@pytest.fixture
def prefix(pristine, tmp_path):
    """A copy that the test may change. Only ensurepip's directory is a copy: the rest is linked."""
    return clone(pristine, tmp_path / "prefix")


def clone(pristine, directory):
    """Hard links to everything, but for what is changed."""
    base = pristine.exe.parent.parent
    shutil.copytree(base, directory, symlinks=True, copy_function=os.link)
    copied = Prefix(directory / pristine.exe.relative_to(base), directory / pristine.stdlib.relative_to(base),
                    pristine.version)
    shutil.rmtree(copied.package)
    shutil.copytree(pristine.package, copied.package, symlinks=True)
    return copied


@pytest.fixture
def stripped(prefix):
    """The same as Debian has it without python3-venv."""
    shutil.rmtree(prefix.package)
    return prefix


def snapshot(directory):
    """Everything about a tree that a restoration has to bring back."""
    found = {}
    for path in [directory, *sorted(directory.rglob("*"))]:
        st = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(directory))] = (st.st_mode, st.st_mtime_ns, st.st_uid, st.st_gid, content)
    return found


@pytest.fixture(scope="session")
def inject():
    """inject("renameat2", "signal=KILL", when) are the words that let strace meddle with a call."""
    if shutil.which("strace") is None:
        pytest.skip("no strace")
    probe = run.run(["true"], wrap=("strace", "-f", "-o", "/dev/null"), code=None)
    if probe.code != 0:
        pytest.skip(f"strace does not work here: {probe.stderr.strip()}")

    def words(calls, what, when="1+"):
        return ("strace", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={calls}:{what}:when={when}")

    return words
