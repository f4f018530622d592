# SPDX-License-Identifier: MIT
"""Every bad wheel of test_reject.py once more, by the command: refused with its own code and exit status, in little
memory, and nothing is written into the environment or the store."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import run
from checker import checker
from mkwheel import Wheel
from test_reject import CASES, NAME_TABLE, largest_wheel

MEMORY_LIMIT_KIB = 64 << 10

# The kernel counts what a child had before it became another program: hence a small parent.
MEASURE = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
sys.stderr.write("\\nmaxrss %d\\n" % usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status) if hasattr(os, "waitstatus_to_exitcode") else status >> 8)
"""


def listing(directory):
    """Path, mode and inode of everything below a directory; size, time and content of what is not a directory (a staging directory has
    come and gone in some)."""
    found = {}
    for top, directories, files in os.walk(directory):
        for name in directories + files:
            path = Path(top, name)
            stat = path.lstat()
            found[str(path)] = [stat.st_mode, stat.st_ino]
            if path.is_symlink():
                found[str(path)] += [os.readlink(path)]
            elif path.is_file():
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found[str(path)] += [stat.st_size, stat.st_mtime_ns, digest]
    return found


class Target:
    """An environment that has pip, so that `demo` alone is missing, and a store that knows its interpreter."""

    def __init__(self, directory):
        self.directory = directory
        self.env = directory / "env"
        self.cache = directory / "cache"
        self.wheels = directory / "wheels"
        self.wheels.mkdir()
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", self.env], check=True)
        run.run_pipseed(["seed", self.env], env=self.variables())
        run.run_pipseed(["cache", "clear"], env=self.variables())
        Wheel().write(self.wheels)
        assert self.seed(["--dry-run"]).code == 0
        self.before = self.state()

    def variables(self):
        return {"XDG_CACHE_HOME": self.cache, "PIPSEED_WHEELS_REQUIRE_HASH": "no"}

    def seed(self, more=()):
        """`pipseed seed` for pip and demo; the wheel of demo is the one in the directory."""
        return run.run(
            [run.command(), "seed", "--json", "--no-bundled", "--wheel-dir", self.wheels, *more, self.env],
            env={**self.variables(), "PIPSEED_SEED_PACKAGES": "pip demo"},
            wrap=[sys.executable, "-I", "-S", "-c", MEASURE],
            code=None,
        )

    def put(self, filename, data):
        for path in self.wheels.iterdir():
            path.unlink()
        (self.wheels / filename).write_bytes(data)

    def state(self):
        return listing(self.env), listing(self.cache)


def max_rss(result):
    return int(result.stderr.rsplit("maxrss ", 1)[1])


def is_sanitized():
    return b"__asan_init" in Path(checker()).read_bytes()


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    return Target(tmp_path_factory.mktemp("reject"))


BAD_NAMES = {name for name, _, _ in NAME_TABLE}


@pytest.mark.parametrize("name", CASES)
def test_seed_refuses(name, target):
    case = CASES[name]
    target.put(case.filename, case.make())
    result = target.seed()
    if name in BAD_NAMES:
        # A name that says nothing is passed over, so that nothing is left to choose.
        assert (result.code, result.json["error"]["code"]) in ((1, "no-wheel"), (4, case.code)), result
    else:
        assert (result.code, result.json["error"]["code"]) == (4, case.code), result
    assert target.state() == target.before
    if not is_sanitized():
        assert max_rss(result) < MEMORY_LIMIT_KIB


def test_the_largest_wheel_is_installed_in_little_memory(target):
    """As large as the bounds admit, so that a refusal is not what keeps the memory small."""
    if is_sanitized():
        pytest.skip("sanitizers take memory of their own")
    target.put("demo-1.0-py3-none-any.whl", largest_wheel())
    result = target.seed(["--no-bytecode"])
    assert result.code == 0, result
    assert max_rss(result) < MEMORY_LIMIT_KIB
