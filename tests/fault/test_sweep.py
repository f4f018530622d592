# SPDX-License-Identifier: MIT
"""A sample of the fault sweep: each Kth call, from an offset that a seed decides, of some scenarios and every fault, as many as
fit into a time. sweep.py does all.

PIPSEED_FAULT_SECONDS (60) and PIPSEED_FAULT_SEED (see fixtures.sample_seed) change that.
"""
import os
import random
import subprocess

import pytest
import fixtures
import run
import sweep

EVERY = 40


def reason():
    """Why calls cannot be made to fail here; empty when they can."""
    if run.build_dir() is None or not (fixtures.build_dir() / "inject").exists():
        return "inject is not built (with sanitizers it is not)"
    done = subprocess.run([fixtures.build_dir() / "inject", "-l", fixtures.build_dir() / "alloc.so", "-n", "0", "openat", "true"],
                          capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"no seccomp notifications: {done.stderr.strip()}"


def test_sample(capsys):
    """No defect, and each verdict that the sweep knows is met: the faults do arrive."""
    if reason():
        pytest.skip(reason())
    seed = fixtures.sample_seed()
    seconds = float(os.environ.get("PIPSEED_FAULT_SECONDS") or 60)
    names = random.Random(seed).sample([each.name for each in fixtures.SCENARIOS], 9)
    table, by_fault, defects, points, left = sweep.sweep(names, fixtures.FAULTS, every=EVERY, seed=seed, seconds=seconds,
                                                         jobs=os.cpu_count() or 1)
    with capsys.disabled():
        tried = sum(sum(counts.values()) for counts in table.values())
        print(f"\n{', '.join(names)}: {points} points, {tried} tried, {left} had no time; PIPSEED_FAULT_SEED={seed}")
        print(sweep.show(by_fault, "fault"))
    assert not defects, f"PIPSEED_FAULT_SEED={seed}\n" + "\n".join(defects)
    assert tried > 50, "too few to mean anything"
    met = set().union(*table.values())
    assert {"unchanged", "survived"} <= met


@pytest.mark.parametrize("name", ["seed, warm", "upgrade", "unseed", "venv --upgrade"])
def test_every_rename(name, tmp_path):
    """Where it matters most nothing is left to chance: each rename and each sync fails, once and from then on."""
    if reason():
        pytest.skip(reason())
    bench = fixtures.Rig(tmp_path / "fixtures", fixtures.scenario(name))
    calls = ("rename", "renameat", "renameat2", "fsync", "syncfs")
    for fault in (fixtures.Fault("EIO", calls, 5), fixtures.Fault("EIO from then on", calls, 5, persistent=True, may_strand=True)):
        total = bench.count(fault)
        assert total > 0
        for nth in range(1, total + 1):
            verdict, detail = bench.judge(fault, nth)
            assert verdict in ("unchanged", "survived", "stranded"), f"{fault.name}, {nth}: {detail}"
