# SPDX-License-Identifier: MIT
"""CPython's own tests of ensurepip and venv, run by a copy of an interpreter."""
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import run

MODULES = ("test.test_ensurepip", "test.test_venv")


@dataclass(frozen=True)
class Outcome:
    """What one run of the suites said."""

    passed: frozenset
    skipped: frozenset
    failed: frozenset
    output: str

    def __str__(self):
        return f"{len(self.passed)} passed, {len(self.skipped)} skipped, {len(self.failed)} failed"


LINE = re.compile(r"^(test\w+ \([\w.]+\)).*?\.\.\. .*?(ok|skipped|FAIL|ERROR|expected failure)\b", re.M | re.S)


def missing(python):
    """Why this interpreter cannot run them; empty when it can."""
    for module in MODULES:
        if not Path(python.stdlib, *module.split(".")).with_suffix(".py").exists():
            return f"{python.name} comes without {module}"
    return ""


def copy(python, directory):
    """A whole copy of an interpreter's prefix: the executable."""
    shutil.copytree(python.prefix, directory, symlinks=True)
    return Path(directory) / "bin" / os.path.basename(python.exe)


def run_suites(exe, scratch):
    """Runs them, without network and with a HOME of their own."""
    scratch.mkdir()
    done = run.run([exe, "-m", "unittest", "-v", *MODULES], code=None, cwd=scratch, timeout=1400,
                   env={"HOME": scratch, "TMPDIR": scratch, "XDG_CACHE_HOME": None})
    found = {}
    for name, verdict in LINE.findall(done.stderr):
        found[name] = verdict
    ran = re.search(r"^Ran (\d+) tests", done.stderr, re.M)
    skipped = sum(verdict == "skipped" for verdict in found.values())
    # 3.12.1 does not count the skipped ones.
    if ran is None or int(ran[1]) not in (len(found), len(found) - skipped):
        raise AssertionError(f"{ran[0] if ran else 'no end'}, but {len(found)} were understood\n{done}")

    def those(*verdicts):
        return frozenset(name for name, verdict in found.items() if verdict in verdicts)

    return Outcome(those("ok", "expected failure"), those("skipped"), those("FAIL", "ERROR"), str(done))
