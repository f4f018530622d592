# SPDX-License-Identifier: MIT
"""Commands that are interrupted while their interpreter compiles, and how long that may take on a busy machine.

    process = watch.start([pipseed, "seed", env], env={...})
    children = watch.compiling(process.pid)       # waits for them
"""
import os
import subprocess
import time
from pathlib import Path

import run

LIMIT = 0.2  # seconds from the wish to stop to the end, on a machine that has nothing else to do


def start(args, *, env=None, **options):
    """A command in the clean surrounding, in a session of its own, not waited for."""
    return subprocess.Popen([*run.network_cut().prefix, *map(os.fspath, args)], env=run.clean_environment(env),
                            stdin=subprocess.DEVNULL, start_new_session=True, **options)


def _parent(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def compiling(parent, timeout=60):
    """The processes of this one that compile, as soon as there is one."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        found = [int(name) for name in os.listdir("/proc") if name.isdigit() and _parent(name) == parent and
                 b"_code_to_timestamp_pyc" in _line(name)]
        if found:
            return found
        time.sleep(0.005)
    raise AssertionError(f"process {parent} compiled nothing in {timeout} s")


def alive(pids):
    """Those that still run."""
    return [pid for pid in pids if b"_code_to_timestamp_pyc" in _line(pid)]


def slowness():
    """How many times longer than on an idle machine a process takes now; at least 1."""
    begin, work = time.monotonic(), time.process_time()
    while time.process_time() - work < 0.05:
        pass
    return max(1.0, (time.monotonic() - begin) / 0.05)


def assert_prompt(attempt, tries=12):
    """attempt() returns the seconds that one cancelled call took: the best of some tries is within the limit, which is longer
    where other processes have the processor. Built without optimisation it is twice as long."""
    taken = []
    for _ in range(tries):
        before = slowness()
        seconds = attempt()
        taken.append(seconds / (2 * max(before, slowness())))
        if taken[-1] < LIMIT:
            return
        time.sleep(0.5)  # what another process reads or removes meanwhile has an end
    raise AssertionError(f"it took {taken} s, measured in seconds of an idle machine")


def leftovers(env, cache):
    """What a cancelled seeding left: files in site-packages and bin that are pip's, and unfinished files of the store. A wheel
    that was complete before the one that was being compiled stays."""
    found = [path for path in Path(env).rglob("*") if path.name.startswith((".pipseed", "pip")) and "bin/python" not in str(path)]
    store = Path(cache) / "v1"
    found += [path for path in (store / "tmp").rglob("*") if path.is_file()]
    return found + [path for path in store.glob("wheels/*") if not (path / "manifest").exists()]
