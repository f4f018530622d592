# SPDX-License-Identifier: MIT
"""What the tests of the Python package share.

    inside(exe, "bootstrap", {"default_pip": True})       runs inside/bootstrap.py in that interpreter: its JSON document
"""
import json
import os
from pathlib import Path

import interpreters
import run

HERE = Path(__file__).parent
PACKAGE = run.build_dir() / "python" if run.build_dir() else None
# The stable ABI of 3.9; PyPy has another.
PYTHONS = [python for python in interpreters.found() if python.minor >= (3, 9) and not python.is_pypy]


def newest():
    """The newest interpreter, or None; one that can be copied where there are several."""
    return max(PYTHONS, key=lambda python: (python.may_copy, python.version), default=None)


def missing_reason():
    """Why the package cannot be tested; empty: it can."""
    if PACKAGE is None or not (PACKAGE / "pipseed/_pipseed.abi3.so").exists():
        return "the Python package was not built: no Python.h (Debian: python3-dev)"
    if b"__asan_init" in (PACKAGE / "pipseed/_pipseed.abi3.so").read_bytes():
        return "an extension with sanitizers cannot be loaded into a Python without"
    return "" if PYTHONS else "there is no CPython from 3.9 on"


def same_wheels(python):
    """Variables that let pipseed install what this interpreter's ensurepip would."""
    return {"PIPSEED_WHEELS_BUNDLED": "no", "PIPSEED_WHEELS_DIRS": python.wheel_dir}


def call(exe, *args, env=None, **options):
    """Runs an interpreter that finds the package."""
    return run.run([exe, *args], env={"PYTHONPATH": PACKAGE, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}, **options)


def inside(exe, program, *args, **options):
    """Runs a program of the directory inside; what it prints last is JSON."""
    words = [arg if isinstance(arg, (str, os.PathLike)) else json.dumps(arg) for arg in args]
    done = call(exe, HERE / "inside" / f"{program}.py", *words, **options)
    return json.loads(done.stdout.splitlines()[-1])
