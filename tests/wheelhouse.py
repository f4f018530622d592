# SPDX-License-Identifier: MIT
"""Real wheels for tests, by name and version.

    wheel("pip", "24.0")          path, or NoWheel with the reason

Taken from $PIPSEED_WHEEL_DIR, the build's own directory of wheels, the interpreters' ensurepip, or PyPI (kept in
$PIPSEED_TEST_CACHE, default ~/.cache/pipseed-tests).
"""
import functools
import os
import subprocess
import sys
import threading
from pathlib import Path

import interpreters
import run

LOCK = threading.Lock()


class NoWheel(Exception):
    """A wheel is not to be had: offline."""


def _cache():
    directory = Path(os.environ.get("PIPSEED_TEST_CACHE") or Path.home() / ".cache/pipseed-tests")
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@functools.lru_cache(maxsize=None)
def _dirs():
    directories = [os.environ.get("PIPSEED_WHEEL_DIR"), _cache()]
    if run.build_dir():
        directories.append(run.build_dir() / "wheels")
    directories += sorted({python.wheel_dir for python in interpreters.found()})
    return [Path(directory) for directory in directories if directory and Path(directory).is_dir()]


def _known(name, version):
    for directory in _dirs():
        for path in sorted(directory.glob(f"{name}-{version}-*.whl")):
            return path
    return None


def _pip():
    """Words that run a pip which can download: any wheel of it runs as it is."""
    for directory in _dirs():
        for path in sorted(directory.glob("pip-2[3-9].*.whl"), reverse=True):
            return [sys.executable, f"{path}/pip"]
    return [sys.executable, "-m", "pip"]


@functools.lru_cache(maxsize=None)
def _fetch(name, version):
    call = [*_pip(), "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(_cache()),
            "--disable-pip-version-check", "--python-version", "3.6", f"{name}=={version}"]
    done = subprocess.run(call, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no message"]
        return f"{name} {version} cannot be downloaded: {lines[-1]}"
    return ""


def wheel(name, version):
    """The path of a wheel."""
    with LOCK:
        path = _known(name, version)
        if path is None:
            problem = _fetch(name, version)
            path = _known(name, version)
            if path is None:
                raise NoWheel(problem or f"{name} {version} is not among the downloads")
        return path
