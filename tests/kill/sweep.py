# SPDX-License-Identifier: MIT
"""The kill sweep: one command of pipseed is killed at a system call, for each name of a call and each N of it, in a fresh
copy of its surroundings each time. What must hold:

  - at the kill: every package is whole, as it was or as it is to be, and never is there a second dist-info
  - after the next run: the tree is that of a run that was never killed, and nothing else is there

    python3 tests/kill/sweep.py                 every point of every case, hours
    python3 tests/kill/sweep.py upgrade venv    every point of these cases
    python3 tests/kill/sweep.py -n 40 upgrade   so many points of each case, spread evenly
    python3 tests/kill/sweep.py --seconds 600   so long for each case, its points in random order
    python3 tests/kill/sweep.py --list

Trees are compared by content (mode, links and crc32 of each file); no Python is run, but at every --ask-th point the
environment's own pip is asked for its version right after the kill.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import os
import random
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# pylint: disable=wrong-import-position
import interpreters
import run
import wheelhouse

TIMEOUT = 120
OLD, NEW = "24.0", "26.3"
UNFINISHED = ".pipseed-unfinished"
LEFTOVERS = re.compile(r"(^|/)\.([^/]*\.)?pipseed")


def snapshot(top):
    """{relative path: what is there}. Times and inodes do not count."""
    found = {}

    def walk(directory, prefix):
        with os.scandir(directory) as entries:
            for entry in entries:
                name = prefix + entry.name
                st = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(st.st_mode):
                    found[name] = ("directory", st.st_mode)
                    walk(entry.path, name + "/")
                elif stat.S_ISLNK(st.st_mode):
                    found[name] = ("link", os.readlink(entry.path))
                else:
                    with open(entry.path, "rb") as file:
                        found[name] = (st.st_mode, st.st_size, zlib.crc32(file.read()))

    walk(top, "")
    return found


def differences(tree, wanted, limit=6):
    """Some of them, as text."""
    lines = [f"{'+' if name not in wanted else '-' if name not in tree else '!'} {name}"
             for name in sorted(set(tree) | set(wanted)) if tree.get(name) != wanted.get(name)]
    return ", ".join(lines[:limit]) + (f", and {len(lines) - limit} more" if len(lines) > limit else "")


def without_times(tree):
    """Bytecode and what describes it, by name alone."""
    return {name: "any" if name.endswith(".pyc") or (name.startswith("cache/") and isinstance(what[1], int) and
                                                     what[0] != "directory") else what
            for name, what in tree.items()}


def without_leftovers(tree):
    """The tree as anybody but pipseed sees it."""
    return {name: what for name, what in tree.items() if not LEFTOVERS.search(name)}


def package_files(tree):
    """{("lib/python3.13/site-packages", "pip"): its part of the tree}, for every package's directory."""
    parts = collections.defaultdict(dict)
    for name, what in tree.items():
        place, site, inner = name.partition("/site-packages/")
        if site and "/" in inner:
            parts[(place, inner.partition("/")[0])][name] = what
    return parts


@dataclasses.dataclass
class Case:
    """One command in one surrounding. Arguments and preparation get the directory that it all is in."""

    name: str
    prepare: object
    command: object
    again: object = None  # the run that repairs, when it is not the same command
    env: str = "env"  # where pip is, for asking it
    cold: bool = False  # the store is made as well: bytecode has the times of its run


class Slot:
    """A place where points are tried one after the other: paths are part of what is installed, so each has its own."""

    def __init__(self, directory, case, python):
        self.case, self.directory, self.work, self.python = case, directory, directory / "work", python
        self.template = directory / "template"
        (directory / "home").mkdir(parents=True)
        self.environment = run.clean_environment({"HOME": directory / "home", "XDG_CACHE_HOME": directory / "cache"})
        self.work.mkdir()
        case.prepare(self)
        self.work.rename(self.template)
        self.reset()
        self.old = self.look()
        self.call(case.command(self))
        self.call(again(case)(self)) # a command of its own may do more than the one that it repairs
        self.new = self.look()

    def look(self):
        """What is there."""
        tree = snapshot(self.work)
        return without_times(tree) if self.case.cold else tree

    def reset(self):
        """Everything as it was prepared, nothing linked with anything."""
        if self.work.exists():
            subprocess.run(["rm", "-rf", self.work], check=True)
        subprocess.run(["cp", "-a", self.template, self.work], check=True)

    def call(self, args, wrap=(), code=0):
        """Runs pipseed on one processor, so that calls come in the same order each time."""
        done = subprocess.run([*wrap, run.command(), *map(os.fspath, args)], env=self.environment, cwd=self.directory,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        if code is not None and done.returncode != code:
            raise AssertionError(f"pipseed {' '.join(map(str, args))}: exit {done.returncode}\n{done.stderr}")
        return done

    def count(self):
        """{name of a call: how often}, of one whole run."""
        self.reset()
        log = self.directory / "calls"
        self.call(self.case.command(self), ["taskset", "-c", "0", "strace", "-f", "-qq", "-o", log])
        names = re.findall(r"^\d+ +(\w+)\(", log.read_text(errors="replace"), re.M)
        return collections.Counter(names)

    def kill(self, name, number):
        """True: it was killed there."""
        self.reset()
        done = self.call(self.case.command(self), ["taskset", "-c", "0", "strace", "-f", "-qq", "-o", "/dev/null", "-e",
                                                   f"trace={name}", "-e", f"inject={name}:signal=KILL:when={number}"],
                         code=None)
        return done.returncode in (-9, 137)

    def check_killed(self):
        """Why what is there after the kill may not be; None: it may."""
        everything = self.look()
        tree = {name: what for name, what in without_leftovers(everything).items() if not name.startswith("cache/")}
        parts, old, new = package_files(tree), package_files(self.old), package_files(self.new)
        for key, part in parts.items():
            if part not in (old.get(key), new.get(key)):
                nearest = new.get(key) or old.get(key) or {}
                return f"{key[1]} is broken: {differences(part, nearest)}"
        infos = collections.Counter((place, name.partition("-")[0]) for place, name in parts
                                    if name.endswith(".dist-info"))
        if max(infos.values(), default=0) > 1:
            return f"two dist-infos: {sorted(parts)}"
        unfinished = {name.replace(UNFINISHED, "pyvenv.cfg") for name in everything if name.endswith(UNFINISHED)}
        for name, what in tree.items():
            if name in unfinished:
                continue # see core/venv/unfinished.h: it is of the first of two steps
            if what not in (self.old.get(name), self.new.get(name)):
                return f"neither old nor new: {name}"
        return None

    def ask(self):
        """Does the environment's pip work right after the kill? None: yes, or there is none."""
        env = self.work / self.case.env
        if not list(env.glob("lib/python3*/site-packages/pip")):
            return None
        done = subprocess.run([env / "bin/python3", "-I", "-m", "pip", "--version"], capture_output=True, text=True,
                              env=self.environment, timeout=TIMEOUT, check=False)
        return None if done.returncode == 0 else f"pip does not run: {done.stderr.strip().splitlines()[-1:]}"

    def check_repaired(self):
        """Runs again; why what is there then may not be, or None."""
        done = self.call(again(self.case)(self), code=None)
        if done.returncode != 0:
            return f"the next run fails: exit {done.returncode}: {done.stderr.strip()}"
        tree = self.look()
        if tree == self.new:
            return None
        left = [name for name in tree if LEFTOVERS.search(name)]
        return f"{'left over' if left else 'not the new state'} after the next run: {differences(tree, self.new)}"


def again(case):
    """The run that repairs."""
    return case.again or case.command


# ---- cases

def make_env(slot, name="env", pip=None):
    """An environment, with a pip whose files are its own."""
    slot.call(["venv", "--without-pip", "-p", slot.python, slot.work / name])
    if pip:
        slot.call(seed(slot, slot.work / name, "--pip", pip, "--link-mode", "copy"))


def seed(slot, env, *options):
    """Words of a seeding from wheels at hand."""
    directories = sorted({str(wheelhouse.wheel("pip", version).parent) for version in (OLD, NEW)})
    words = [word for directory in directories for word in ("--wheel-dir", directory)]
    return ["seed", *words, "--packages", "pip", *options, *([env] if env else [])]


def warm(slot):
    """Fills the store: what is swept is the placing, which is what happens a thousand times a day."""
    env = slot.directory / "warm"
    slot.call(["venv", "--without-pip", "-p", slot.python, env])
    slot.call(seed(slot, env, "--pip", NEW))
    shutil.rmtree(env)


def prepare_upgrade(slot):
    """pip 24.0, and a file that a user put into its directory."""
    make_env(slot, pip=OLD)
    site, = (slot.work / "env").glob("lib/python3*/site-packages")
    (site / "pip/mine.py").write_text("x = 1\n")
    warm(slot)


def prepare_seed(slot):
    """No pip."""
    make_env(slot)
    warm(slot)


def prepare_installed(slot):
    """pip 26.3, which is to go."""
    make_env(slot, pip=NEW)


def prepare_nothing(slot):
    """Nothing but a store."""
    warm(slot)


def prepare_full_env(slot):
    """An environment with pip 24.0 and something of the user's."""
    make_env(slot, pip=OLD)
    (slot.work / "env/mine.txt").write_text("mine\n")
    warm(slot)


def prepare_cold(slot):
    """An environment without pip; the store is thrown away with each copy."""
    slot.environment["XDG_CACHE_HOME"] = str(slot.work / "cache")
    make_env(slot)
    shutil.rmtree(slot.work / "cache", ignore_errors=True)


def prepare_user(slot):
    """A HOME without anything in it."""
    (slot.work / "home").mkdir()
    warm(slot)
    slot.environment["PYTHONUSERBASE"] = str(slot.work / "home/.local")
    slot.environment["PIPSEED_SEED_EXTERNALLY_MANAGED"] = "override"


def venv(*options):
    """Words that make slot.work/env."""
    return lambda slot: ["venv", "-p", slot.python, *options, slot.work / "env"]


CASES = [
    Case("upgrade", prepare_upgrade, lambda slot: seed(slot, slot.work / "env", "--pip", NEW, "--upgrade")),
    Case("seed", prepare_seed, lambda slot: seed(slot, slot.work / "env", "--pip", NEW)),
    Case("unseed", prepare_installed, lambda slot: ["unseed", "--packages", "pip", slot.work / "env"]),
    Case("venv", prepare_nothing, venv()),
    Case("venv-system-site", prepare_nothing, venv("--system-site-packages")),
    Case("venv-clear", prepare_full_env, venv("--clear")),
    Case("venv-upgrade", prepare_full_env, venv("--upgrade")),
    Case("venv-again", prepare_full_env, venv("--prompt", "other")),
    Case("root", prepare_nothing, lambda slot: seed(slot, None, "--pip", NEW, "--python", slot.python, "--root",
                                                    slot.work / "root/deep")),
    Case("user", prepare_user, lambda slot: seed(slot, None, "--pip", NEW, "--python", slot.python, "--user")),
    Case("cold", prepare_cold, lambda slot: seed(slot, slot.work / "env", "--pip", NEW), cold=True),
]


# ---- the sweep

@dataclasses.dataclass
class Outcome:
    """What a case came to."""

    case: str
    points: int = 0  # killed there
    missed: int = 0  # the run ended before
    total: int = 0  # points that there are
    asked: int = 0
    names: int = 0
    seconds: float = 0
    problems: list = dataclasses.field(default_factory=list)

    def __str__(self):
        kinds = collections.Counter(kind for _, kind, _ in self.problems)
        said = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "0 problems"
        return (f"{self.case}: killed at {self.points} of {self.total} points ({self.names} names of system calls, {self.missed} not "
                f"reached, pip asked {self.asked} times), {said}, {self.seconds:.0f} s")


def try_point(slot, name, number, ask, outcome, lock):
    """One kill, and what it left."""
    killed = slot.kill(name, number)
    problems = []
    if killed:
        checks = [("broken at the kill", slot.check_killed), ("not repaired", slot.check_repaired)]
        if ask:
            checks.insert(1, ("pip does not run", slot.ask))
        problems = [(f"{name} {number}", kind, text) for kind, check in checks for text in [check()] if text]
    with lock:
        outcome.points += killed
        outcome.missed += not killed
        outcome.asked += bool(killed and ask)
        outcome.problems += problems
        for where, kind, text in problems:
            print(f"  {outcome.case}: {where}: {kind}: {text}", flush=True)


def spread(points, wanted):
    """So many of them, evenly."""
    if wanted is None or wanted >= len(points):
        return points
    return [points[int(i * len(points) / wanted)] for i in range(wanted)]


def sweep(case, directory, python, *, wanted=None, workers=2, ask_every=50, seconds=None):
    """All points of a case, or so many, or as many as there is time for."""
    began = time.monotonic()
    slots = [Slot(directory / f"{case.name}-{i}", case, python) for i in range(workers)]
    counts = slots[0].count()
    points = [(name, number) for name in sorted(counts) if name not in ("exit_group", "exit") for number in range(1, counts[name] + 1)]
    chosen = spread(points, wanted)
    if seconds:
        random.Random(0).shuffle(chosen)
    outcome, lock = Outcome(case.name, names=len(counts), total=len(points)), threading.Lock()
    free = list(slots)

    def one(i):
        if seconds and time.monotonic() - began > seconds:
            return
        with lock:
            slot = free.pop()
            if i % 500 == 499:
                print(f"  {case.name}: {i + 1} of {len(chosen)}", flush=True)
        try:
            try_point(slot, *chosen[i], i % ask_every == 0, outcome, lock)
        finally:
            with lock:
                free.append(slot)

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, range(len(chosen))))
    for slot in slots:
        shutil.rmtree(slot.directory, ignore_errors=True)
    outcome.seconds = time.monotonic() - began
    return outcome


def newest():
    """The newest CPython: from 3.12 on pip comes alone, which halves a sweep."""
    found = [python for python in interpreters.found() if not python.is_pypy]
    return max(found or interpreters.found(), key=lambda python: python.version)


def reason():
    """Why there can be no sweep here; empty when there can."""
    if shutil.which("strace") is None:
        return "there is no strace"
    if not interpreters.found():
        return "there is no interpreter"
    if newest().version < (3, 10):
        return f"pip {NEW} needs a newer Python than {newest().name}"
    done = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=uname", "-e", "inject=uname:signal=KILL", "uname"],
                          capture_output=True, text=True, check=False)
    return "" if done.returncode in (-9, 137) else f"strace cannot kill here: {done.stderr.strip()}"


def scratch_dir():
    """In memory where that is possible: a sweep writes a thousand files for each point."""
    memory = Path("/dev/shm")
    fits = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30
    return Path(tempfile.mkdtemp(prefix="pipseed-kill-", dir=memory if fits else None))


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("-n", type=int, metavar="POINTS", help="of each case, spread evenly; default: all")
    parser.add_argument("-j", type=int, default=2, metavar="WORKERS")
    parser.add_argument("--seconds", type=int, help="stop a case then")
    parser.add_argument("--ask", type=int, default=50, metavar="N", help="run pip itself at every Nth point")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(case.name for case in CASES))
        return 0
    why = reason()
    if why:
        sys.exit(f"no sweep: {why}")
    python = newest().exe
    directory = scratch_dir()
    bad = 0
    try:
        for case in CASES:
            if not arguments.cases or case.name in arguments.cases:
                outcome = sweep(case, directory, python, wanted=arguments.n, workers=arguments.j,
                                ask_every=arguments.ask, seconds=arguments.seconds)
                print(outcome, flush=True)
                bad += len(outcome.problems)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
