# SPDX-License-Identifier: MIT
"""The people of the attacks: root, MALLORY who prepares things, and ALICE who is attacked as root is.

    result = world.run(people.ALICE, "verify", env)             exit code, stdout, stderr
    result, lines = world.trace(people.ROOT, "seed", env)       and the strace lines of what was executed and opened
"""
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

# pylint: disable=wrong-import-position
import run
from users import as_user, give  # noqa: F401

ROOT, MALLORY, ALICE = 0, 12345, 12346
DEBIAN = "/usr/bin/python3"


def snapshot(top):
    """Everything below a directory: mode, owner and content."""
    found = {}
    for at, directories, files in os.walk(top):
        for name in directories + files:
            path = os.path.join(at, name)
            st = os.lstat(path)
            content = os.readlink(path) if os.path.islink(path) else ""
            if os.path.isfile(path) and not os.path.islink(path):
                content = Path(path).read_bytes()
            found[os.path.relpath(path, top)] = (st.st_mode, st.st_uid, content)
    return found


def site(env):
    """Its site-packages."""
    return next(Path(env).glob("lib/python3*/site-packages"))


class World:
    """Where they live."""

    def __init__(self, top, stores):
        self.top = top
        self.stores = stores
        self.home = {}
        for uid, name in ((ROOT, "root"), (MALLORY, "mallory"), (ALICE, "alice")):
            self.home[uid] = top / name
            self.home[uid].mkdir(mode=0o755)
            self.home[uid].chmod(0o755)
            os.chown(self.home[uid], uid, uid)

    def environment(self, uid):
        """HOME and the store of that user."""
        return {"HOME": self.home[uid], "XDG_CACHE_HOME": self.stores / str(uid)}

    def run(self, uid, *args, code=0, env=None, wrap=()):
        """pipseed as that user."""
        return run.run_pipseed(args, code=code, env={**self.environment(uid), **(env or {})}, wrap=(*wrap, *as_user(uid)))

    def trace(self, uid, *args, env=None):
        """pipseed as that user: the result, and what it and its children executed and opened."""
        log = self.top / "strace.log"
        result = self.run(uid, *args, code=None, env=env,
                          wrap=("strace", "-f", "-qq", "-s", "4096", "-o", os.fspath(log), "-e",
                                "trace=execve,execveat,open,openat,openat2"))
        return result, log.read_text(errors="replace").splitlines()

    def make_env(self, uid, name, *options):
        """An environment of Debian's Python with pip, by that user."""
        env = self.home[uid] / name
        self.run(uid, "venv", "-p", DEBIAN, *options, env)
        return env


def python(uid, code, *args):
    """Starts a Python of that user with this code, for what has to go on meanwhile."""
    return subprocess.Popen([*as_user(uid), DEBIAN, "-I", "-c", code, *map(os.fspath, args)], stdout=subprocess.PIPE, text=True)
