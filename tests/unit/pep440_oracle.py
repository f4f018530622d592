# SPDX-License-Identifier: MIT
"""Ask pep440_oracle.c, and get hold of the `packaging` libraries that it is compared with.

    oracle = Oracle()
    oracle.ask("compare", "1.0", "1.0.post1")   # remembers the question
    answers = oracle.answers()                  # all of them, from one run of the program
    for packaging in references(): packaging.name, packaging.release, packaging.version.Version, ...

References are the installed `packaging` and the one that the newest pip wheel of the build carries; the environment
variable PIPSEED_PACKAGING can name a directory with one more.
"""
import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t"})


class Oracle:
    def __init__(self):
        build = os.environ.get("PIPSEED_BUILD")
        if not build:
            pytest.skip("PIPSEED_BUILD, the directory of the build, is not set")
        self.program = Path(build, "tests", "pep440_oracle")
        self.questions = []

    def ask(self, *fields):
        self.questions.append("\t".join(str(field).translate(ESCAPES) for field in fields))

    def answers(self):
        """One answer for each question, in their order."""
        text = "".join(question + "\n" for question in self.questions)
        done = subprocess.run([self.program], input=text.encode("utf-8", "surrogateescape"), capture_output=True,
                              check=False)
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        answers = done.stdout.decode("utf-8", "surrogateescape").split("\n")[:-1]
        assert len(answers) == len(self.questions)
        return answers


class Packaging:
    """One release of the library, imported under a name of its own."""

    def __init__(self, directory, scratch, number):
        alias = f"reference_packaging_{number}"
        shutil.copytree(directory, Path(scratch, alias))
        sys.path.insert(0, str(scratch))
        try:
            self.name = importlib.import_module(alias).__version__
            for module in ("version", "specifiers", "utils", "tags", "_manylinux", "_musllinux"):
                setattr(self, module, importlib.import_module(f"{alias}.{module}"))
        finally:
            sys.path.remove(str(scratch))
        self.release = tuple(int(number) for number in re.findall(r"\d+", self.name)[:2])


def pip_wheels():
    """Every pip wheel that the build has fetched or was given."""
    build = Path(os.environ["PIPSEED_BUILD"])
    directories = [build / "wheels"]
    cache = build / "CMakeCache.txt"
    if cache.exists():
        found = re.findall(r"^PIPSEED_WHEEL_(?:DIR|CACHE):\w+=(.+)$", cache.read_text(), re.MULTILINE)
        directories += [Path(text) for text in found]
    wheels = {path.name: path for directory in directories for path in directory.glob("**/pip-*.whl")}
    return sorted(wheels.values(), key=lambda path: [int(n) for n in re.findall(r"\d+", path.name.split("-")[1])])


def references():
    import packaging

    with tempfile.TemporaryDirectory() as scratch:
        directories = [Path(packaging.__file__).parent]
        if os.environ.get("PIPSEED_PACKAGING"):
            directories.append(Path(os.environ["PIPSEED_PACKAGING"], "packaging"))
        for wheel in pip_wheels()[-1:]:
            with zipfile.ZipFile(wheel) as archive:
                names = [name for name in archive.namelist() if name.startswith("pip/_vendor/packaging/")]
                archive.extractall(scratch, names)
            directories.append(Path(scratch, "pip/_vendor/packaging"))
        found = {}
        for number, directory in enumerate(directories):
            reference = Packaging(directory, scratch, number)
            found.setdefault(reference.name, reference)
        return list(found.values())
