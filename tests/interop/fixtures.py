# SPDX-License-Identifier: MIT
"""Tools that make environments, each installed from PyPI into a directory of its own below the build directory, with the
wheel of pipseed beside it. What is there already is used again; a run needs the network only for what is missing.

    tool = fixtures.tool("tox")                      # a virtual environment
    tool.run(["tox", "-e", "x"], cwd=project, env={"VIRTUALENV_SEEDER": "pipseed"})
    fixtures.explain("tox", tool, cwd=project, env=...)
    fixtures.installer(project / ".tox/x")           # "pipseed", or what else put pip there; None: no pip

All that runs once the tools are there has its network cut off (run.py).
"""
import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import run

PYTHON = os.environ.get("PIPSEED_PYTHON", "/usr/bin/python3")
BASE = run.build_dir() / "interop"
HOWTO = run.REPO / "docs/howto"
SOURCES = ("CMakeLists.txt", "pyproject.toml", "cmake", "conf", "core", "plugin", "wheels")

# What is installed beside pipseed; by default the tool alone.
PACKAGES = {
    "virtualenv-oldest": ["virtualenv==20.26.0"],
    "without-plugin": ["virtualenv"],
    "tox-plain": ["tox"],
    "tox-uv": ["tox", "tox-uv"],
    "ansible": ["ansible-core"],
    "virtualenvwrapper": ["virtualenvwrapper", "setuptools"],
}


class Unreachable(Exception):
    """PyPI cannot be reached, or does not have it."""


@contextmanager
def _locked():
    """One process at a time installs."""
    BASE.mkdir(parents=True, exist_ok=True)
    with open(BASE / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch(args):
    """Runs what needs the network, with the caller's own settings of it."""
    done = subprocess.run([os.fspath(arg) for arg in args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          cwd=BASE, check=False, timeout=900)
    if done.returncode != 0:
        raise Unreachable(f"{' '.join(map(str, args[:4]))} ...: {(done.stderr.strip() or done.stdout.strip())[-400:]}")


def _build(directory, packages):
    """A new environment with these packages, by uv where that is possible: it takes a tenth of the time."""
    uv = BASE / "tools/uv/bin/uv"
    shutil.rmtree(directory, ignore_errors=True)
    if uv.exists():
        try:
            fetch([uv, "venv", "-q", "--python", PYTHON, directory])
            fetch([uv, "pip", "install", "-q", "--python", directory / "bin/python", *packages])
            return
        except Unreachable:
            # uv does not read pip's settings, which may be what leads to an index here.
            shutil.rmtree(directory, ignore_errors=True)
    subprocess.run([PYTHON, "-m", "venv", os.fspath(directory)], stdin=subprocess.DEVNULL, check=True, timeout=300)
    fetch([directory / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages])


def _add_wheel(directory, file):
    """Installs or replaces pipseed in the environment."""
    subprocess.run([BASE / "tools/uv/bin/uv", "pip", "install", "-q", "--offline", "--no-deps", "--reinstall",
                    "--python", directory / "bin/python", file], check=True, timeout=300, stdin=subprocess.DEVNULL,
                   cwd=BASE)


def _digest():
    """Of everything that goes into the wheel."""
    digest = hashlib.sha256()
    for name in SOURCES:
        top = run.REPO / name
        for path in sorted([top] if top.is_file() else [path for path in top.rglob("*") if path.is_file()]):
            if "__pycache__" not in path.parts:
                digest.update(os.fsencode(path) + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@functools.lru_cache(maxsize=None)
def wheel():
    """The wheel of this checkout."""
    directory, stamp, digest = BASE / "wheel", BASE / "wheel/digest", _digest()
    with _locked():
        if not stamp.exists() or stamp.read_text() != digest:
            house = BASE / "build-wheels"
            if not list(house.glob("scikit_build_core-*.whl")):
                fetch([PYTHON, "-m", "pip", "download", "-q", "-d", house, "scikit-build-core>=0.10"])
            shutil.rmtree(directory, ignore_errors=True)
            # From here on a failure is one of ours.
            subprocess.run([PYTHON, "-m", "pip", "wheel", "-q", "--no-index", "--find-links", house, "--no-deps",
                            "-w", directory, "--config-settings", f"build-dir={BASE / 'wheel-build'}",
                            "--config-settings", f"cmake.define.PIPSEED_WHEEL_CACHE={run.REPO / 'build/wheels'}",
                            run.REPO], check=True, timeout=1200, stdin=subprocess.DEVNULL, cwd=BASE)
            stamp.write_text(digest)
    return next(directory.glob("pipseed-*.whl"))


@dataclass(frozen=True)
class Tool:
    """An environment with a tool."""

    bin: Path

    def env(self, extra=None):
        """Variables that have the tool, and then the command pipseed of the build, first on PATH."""
        path = f"{self.bin}:{Path(run.command()).parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        return {"PATH": path, "LANG": "C.UTF-8", **(extra or {})}

    def run(self, args, *, cwd, env=None, code=0, system=None):
        """Runs the tool without a network."""
        return run.run(args, cwd=cwd, env=self.env(env), code=code, system=system)


@functools.lru_cache(maxsize=None)
def tool(name, plugin=True):
    """The tool of that name; skips the test when it cannot be had."""
    try:
        return _tool(name, plugin and name not in ("without-plugin", "tox-plain", "uv"))
    except Unreachable as error:
        return pytest.skip(f"{name} cannot be installed: {error}")


def _tool(name, plugin):
    beside = wheel() if plugin else None
    if name != "uv":
        _tool("uv", False)
    directory = BASE / "tools" / name
    packages = PACKAGES.get(name, [name])
    stamp = directory / "pipseed-tests"
    want = " ".join(packages) + (f" {(BASE / 'wheel/digest').read_text()}" if plugin else "")
    with _locked():
        have = stamp.read_text() if stamp.exists() else ""
        if have.split(" ")[: len(packages)] != packages:
            _build(directory, packages)
        if beside is not None and have != want:
            _add_wheel(directory, beside)
        stamp.write_text(want)
    return Tool(directory / "bin")


def explain(name, where, *, cwd, env=None):
    """What `pipseed explain NAME` says: the document. Its exit code and its status must agree with it."""
    result = run.run([run.command(), "explain", "--json", name], cwd=cwd, env=where.env(env), code=None)
    document = result.json
    assert result.code == document["exit_code"] == (0 if document["uses_pipseed"] else 1), str(result)
    assert document["uses_pipseed"] == (document["findings"] == []), str(result)
    return document


def codes(document):
    """The reasons."""
    return [finding["code"] for finding in document["findings"]]


def installer(env):
    """Who put pip into the environment, by its INSTALLER; None when there is no pip."""
    found = list(Path(env).glob("lib/py*/site-packages/pip-*.dist-info/INSTALLER"))
    assert len(found) <= 1, found
    return found[0].read_text().strip() if found else None


def find_env(directory):
    """The one environment somewhere below the directory."""
    found = [path.parent for path in Path(directory).rglob("pyvenv.cfg")]
    assert len(found) == 1, found
    return found[0]


def howto(name):
    """The blocks of code of a how-to page."""
    blocks = re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", (HOWTO / f"{name}.md").read_text(), re.M)
    return ["\n".join(line[4:] for line in block.strip("\n").split("\n")) + "\n" for block in blocks]
