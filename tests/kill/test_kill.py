# SPDX-License-Identifier: MIT
"""Runs that are killed, stopped, crowded, or denied a lock: a share of sweep.py and stress.py that fits into an ordinary
test run. All of it: python3 tests/kill/sweep.py, python3 tests/kill/stress.py."""
import fcntl
import os
import shutil
import subprocess
import time

import stress
import pytest
import run
import sweep

POINTS = {"upgrade": 100, "venv-clear": 40, "venv-again": 40, "cold": 20}
REASON = sweep.reason()
needs_strace = pytest.mark.skipif(bool(REASON), reason=REASON or "-")


@pytest.fixture
def memory():
    """A directory in memory, gone afterwards."""
    directory = sweep.scratch_dir()
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@needs_strace
@pytest.mark.parametrize("case", sweep.CASES, ids=lambda case: case.name)
def test_sweep(case, memory, capsys):
    """Some points of each case."""
    outcome = sweep.sweep(case, memory, sweep.newest().exe, wanted=POINTS.get(case.name, 25), ask_every=20)
    with capsys.disabled():
        print(outcome)
    assert outcome.points > 0
    assert not outcome.problems


def test_stress(memory, capsys):
    """Two rounds of many at once."""
    done = stress.rounds(2, memory / "crowd", seed=1)
    with capsys.disabled():
        print(f"crowd: {done.runs} runs, {done.killed} killed, {done.stopped} stopped")
    assert done.killed > 0


@needs_strace
@pytest.mark.parametrize("call", ["memfd_create", "renameat"])
def test_store_is_swept_by_who_makes_nothing(call, memory):
    """A run is killed while it makes an entry (it begins to compile, it is about to give the entry its name), and nobody
    wants that entry any more: the next run finds its own entry there, and removes what the other one left."""
    case = next(case for case in sweep.CASES if case.name == "seed")
    slot = sweep.Slot(memory / "slot", case, sweep.newest().exe)
    slot.reset()
    tmp = slot.directory / "cache/pipseed/v1/tmp"
    old = sweep.seed(slot, slot.work / "env", "--pip", sweep.OLD)
    done = slot.call(old, ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                           f"inject={call}:signal=KILL"], code=None)
    assert done.returncode != 0
    assert len(list(tmp.iterdir())) == 1
    slot.call(case.command(slot))
    assert not list(tmp.iterdir())
    assert not sweep.differences(slot.look(), slot.new)


@needs_strace
@pytest.mark.parametrize("name, error", [(name, "ENOLCK") for name in ("cold", "upgrade", "unseed", "venv", "venv-clear",
                                                                       "venv-again")] +
                         [(name, error) for name in ("cold", "venv-again") for error in ("ENOSYS", "EBADF")])
def test_no_locks(name, error, memory):
    """A lock only saves work."""
    case = next(case for case in sweep.CASES if case.name == name)
    slot = sweep.Slot(memory / "slot", case, sweep.newest().exe)
    slot.reset()
    slot.call(case.command(slot), ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=flock", "-e",
                                   f"inject=flock:error={error}"])
    assert not sweep.differences(slot.look(), slot.new)


@pytest.mark.parametrize("what", ["environment", "store"])
def test_waits_and_says_so(what, memory):
    """For whoever holds the lock; the run goes on when it is free."""
    case = next(case for case in sweep.CASES if case.name == "cold")
    slot = sweep.Slot(memory / "slot", case, sweep.newest().exe)
    slot.reset()
    staging = None
    if what == "environment":
        locked = next((slot.work / "env").glob("lib/python3*/site-packages"))
        # A lock alone proves no run: one that works has a staging directory, which is locked as well.
        (locked / ".pipseed-0123456789abcdef").mkdir(mode=0o700)
        staging = os.open(locked / ".pipseed-0123456789abcdef", os.O_RDONLY)
        fcntl.flock(staging, fcntl.LOCK_EX)
    else:
        locked = slot.work / "cache/pipseed/v1"
        locked.mkdir(parents=True, mode=0o700)
        for directory in (locked.parent, locked.parent.parent):
            directory.chmod(0o700)
        locked = locked / "lock"
        locked.write_text("")
    held = os.open(locked, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    began = time.monotonic()
    process = subprocess.Popen([run.command(), *map(os.fspath, case.command(slot))], env=slot.environment,
                               stderr=subprocess.PIPE, text=True)
    time.sleep(3)
    assert process.poll() is None
    os.close(held)
    if staging is not None:
        os.close(staging)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "waiting for another process" in said
    assert time.monotonic() - began > 3
    assert not sweep.differences(slot.look(), slot.new)
