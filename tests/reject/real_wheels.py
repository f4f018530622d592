#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Hold every real wheel of pip, setuptools and wheel against the strict check: real_wheels.py [-n N] [DIRECTORY]

By hand, because it asks the package index for some hundred files: their versions once, and each wheel once. DIRECTORY keeps
them (default: real-wheels in the build directory), so that the next run downloads only what is new. -n N: at most N versions
of each project, newest first. Exit status 1 when a wheel is refused; whether the wheel or the rule is wrong is then for
a person to say.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from checker import run_checker  # noqa: E402

# project -> oldest version; older ones have no wheel, or one that no Python from 3.6 on is seeded with
PROJECTS = {"pip": "18.1", "setuptools": "39.0", "wheel": "0.30"}
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def release(version):
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def versions(project, oldest):
    command = [*PIP, "index", "versions", "--ignore-requires-python", project]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    listed = re.search(r"^Available versions: (.*)$", text, re.M).group(1).split(", ")
    return [version for version in listed if release(version) >= release(oldest)]


def download(project, version, directory):
    """The wheel's path; None when the index has none of that version, or it was taken back."""
    found = list(directory.glob(f"{project}-{version}-*.whl"))
    if not found:
        subprocess.run(
            [*PIP, "download", "-q", "--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--no-cache-dir",
             "-d", str(directory), f"{project}=={version}"],
            check=False, capture_output=True,
        )  # fmt: skip
        found = list(directory.glob(f"{project}-{version}-*.whl"))
    return found[0] if found else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, metavar="N")
    parser.add_argument("directory", nargs="?", type=Path)
    options = parser.parse_args()
    build = Path(os.environ.get("PIPSEED_BUILD") or Path(__file__).resolve().parents[2] / "build/dev")
    os.environ.setdefault("PIPSEED_BUILD", str(build))
    directory = options.directory or build / "real-wheels"
    directory.mkdir(parents=True, exist_ok=True)
    refused = 0
    total = 0
    for project, oldest in PROJECTS.items():
        wanted = versions(project, oldest)[: options.n]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            paths = list(pool.map(lambda version, project=project: download(project, version, directory), wanted))
        missing = [version for version, path in zip(wanted, paths) if path is None]
        lines = run_checker(path for path in paths if path is not None)
        bad = [line for line in lines if line[1] != "ok"]
        print(f"{project}: {len(lines)} wheels, {len(bad)} refused; no wheel to be had: {' '.join(missing) or '-'}")
        for line in bad:
            print("   ", *line)
        refused += len(bad)
        total += len(lines)
    print(f"all: {total} wheels, {refused} refused")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
