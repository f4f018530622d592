# SPDX-License-Identifier: MIT
"""Runs check_wheel, the program that tells what core/wheel makes of a file."""

import functools
import os
import subprocess
from pathlib import Path


@functools.lru_cache(maxsize=None)
def checker():
    build = os.environ.get("PIPSEED_BUILD")
    directories = [build] if build else sorted(map(str, Path(__file__).resolve().parents[2].glob("build/*")))
    for directory in directories:
        for place in ("tests", "tests/reject", "tests/unit"):
            program = Path(directory) / place / "check_wheel"
            if program.exists():
                return str(program)
    raise RuntimeError(f"check_wheel is not built: looked in tests/ below {directories}")


def run_checker(arguments, **environment):
    """The lines that it prints, each split at tabs."""
    done = subprocess.run(
        [checker(), *map(os.fspath, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [line.split("\t") for line in done.stdout.decode().splitlines()]


def check(path, **environment):
    """("ok", "") or (code, message) for one wheel."""
    (line,) = run_checker([path], **environment)
    assert line[0] == os.fspath(path)
    return (line[1], line[2] if len(line) > 2 else "")
