#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bring manifest.ini up to date: for each Python, the newest pip that its index has for it, and below 3.12 setuptools.

Asks the index through pip, prints the difference, and writes the file unless --dry-run is given.
"""

import argparse
import difflib
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import manifest  # noqa: E402

PYTHONS = ["3.%d" % minor for minor in range(6, 15)]
# ensurepip installs setuptools below this one.
FIRST_WITHOUT_SETUPTOOLS = "3.12"


def questions():
    """(project, Python) pairs to ask the index about."""
    without = PYTHONS.index(FIRST_WITHOUT_SETUPTOOLS)
    return [("pip", p) for p in PYTHONS] + [("setuptools", p) for p in PYTHONS[:without]]


def newest():
    with tempfile.TemporaryDirectory(prefix="pipseed-refresh.") as scratch:
        pip = manifest.Pip(scratch)

        def ask(question):
            project, python = question
            return manifest.describe(*pip.download(project, "--python-version", python, "--implementation", "py",
                                                   "--abi", "none", "--platform", "any"))

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(ask, questions()))
    for (project, python), wheel in zip(questions(), answers):
        print("Python %-5s %s %s" % (python, project, wheel.version))
    return set(answers)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="print the difference, write nothing")
    parser.add_argument("manifest", nargs="?", default=os.path.join(here, "manifest.ini"))
    args = parser.parse_args()
    try:
        text = manifest.write(newest())
    except manifest.Failure as failure:
        sys.exit("refresh.py: error: %s" % failure)
    try:
        with open(args.manifest, encoding="utf-8") as stream:
            old = stream.read()
    except FileNotFoundError:
        old = ""
    if old == text:
        print("%s is up to date" % args.manifest)
        return
    sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), text.splitlines(True), "old/manifest.ini",
                                               "new/manifest.ini"))
    if not args.dry_run:
        with open(args.manifest, "w", encoding="utf-8") as stream:
            stream.write(text)


if __name__ == "__main__":
    main()
