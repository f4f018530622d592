#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fails every allocation and every system call of pipseed in turn, and judges what comes of it (fixtures.py).

    tests/fault/sweep.py                       every point; takes hours
    tests/fault/sweep.py --every 50 --seed 7   each 50th, from an offset that the seed decides
    tests/fault/sweep.py --scenario upgrade --fault ENOSPC --nth 17
    tests/fault/sweep.py --wheels DIR          with pip 24.x and 26.x from there instead of small wheels

Prints a table of verdicts, and every defect. Exit code 1: there were some.
"""
import argparse
import collections
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
import fixtures

VERDICTS = ("unchanged", "survived", "stranded", "foreign", "silent", "defect")
CHUNK = 20


class Sweep:
    """What a worker needs to know; each has rigs of its own, made when first needed."""

    def __init__(self, directory, wheels):
        self.directory = directory
        self.wheels = wheels
        self.rigs = {}

    def fixtures(self, name):
        """This process's fixtures of a scenario."""
        key = (os.getpid(), name)
        if key not in self.rigs:
            place = Path(self.directory) / f"{os.getpid()}-{len(self.rigs)}"
            self.rigs[key] = fixtures.Rig(place, fixtures.scenario(name), self.wheels)
        return self.rigs[key]


SWEEP = None


def _start(directory, wheels):
    global SWEEP  # pylint: disable=global-statement
    SWEEP = Sweep(directory, wheels)


def _count(job):
    name, fault = job
    return name, fault, SWEEP.fixtures(name).count(fault)


def _judge(job):
    name, fault, numbers, end = job
    found = []
    for nth in numbers:
        if end is not None and time.monotonic() > end:
            break
        try:
            found.append((nth, *SWEEP.fixtures(name).judge(fault, nth)))
        except Exception as error:  # pylint: disable=broad-except
            found.append((nth, "defect", f"{type(error).__name__}: {error}"))
    return name, fault, len(numbers), found


def sweep(names, faults, *, every=1, seed=0, nth=None, jobs=1, seconds=None, wheels=None, progress=None):
    """(table, defects, points, left): table[scenario][verdict] counts points; left is how many had no time."""
    directory = tempfile.mkdtemp(prefix="pipseed-fault-")
    table = collections.defaultdict(collections.Counter)
    by_fault = collections.defaultdict(collections.Counter)
    defects, points, left = [], 0, 0
    chance = random.Random(seed)
    try:
        with multiprocessing.Pool(jobs, _start, (directory, wheels)) as pool:
            work = []
            for name, fault, total in pool.imap_unordered(_count, [(name, fault) for name in names for fault in faults]):
                numbers = [nth] if nth else range(1 + chance.randrange(every), total + 1, every)
                points += total
                work += [(name, fault, numbers[i:i + CHUNK]) for i in range(0, len(numbers), CHUNK)]
            if seconds:
                chance.shuffle(work)
            end = time.monotonic() + seconds if seconds else None
            for name, fault, wanted, found in pool.imap_unordered(_judge, ((*job, end) for job in work)):
                left += wanted - len(found)
                for number, verdict, detail in found:
                    table[name][verdict] += 1
                    by_fault[fault.name][verdict] += 1
                    if verdict == "defect":
                        defects.append(f"{name}, {fault.name}, {number}: {detail}")
                        if progress:
                            progress(defects[-1])
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return table, by_fault, defects, points, left


def show(table, title):
    """The table as text."""
    lines = [f"{title:24}" + "".join(f"{verdict:>11}" for verdict in VERDICTS)]
    for name, counts in table.items():
        lines.append(f"{name:24}" + "".join(f"{counts[verdict]:11}" for verdict in VERDICTS))
    total = sum((counts for counts in table.values()), collections.Counter())
    lines.append(f"{'all':24}" + "".join(f"{total[verdict]:11}" for verdict in VERDICTS))
    return "\n".join(lines)


def main():
    """The command."""
    parser = argparse.ArgumentParser(description="Fails every allocation and system call of pipseed in turn.")
    parser.add_argument("--scenario", action="append", help="only this one; may be repeated")
    parser.add_argument("--fault", action="append", help="only this one; may be repeated")
    parser.add_argument("--nth", type=int, help="only this call")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="only each Kth call")
    parser.add_argument("--seed", type=int, default=0, help="decides which of the K")
    parser.add_argument("--wheels", help="a directory with wheels of pip 24.x and 26.x")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true", help="list scenarios and faults")
    options = parser.parse_args()
    if options.list:
        print("\n".join(each.name for each in fixtures.SCENARIOS))
        print("\n".join(each.name for each in fixtures.FAULTS))
        return 0
    names = options.scenario or [each.name for each in fixtures.SCENARIOS]
    faults = [each for each in fixtures.FAULTS if not options.fault or each.name in options.fault]
    began = time.monotonic()
    table, by_fault, defects, points, _ = sweep(
        names, faults, every=options.every, seed=options.seed, nth=options.nth, jobs=options.jobs,
        wheels=options.wheels, progress=lambda text: print(text, flush=True))
    print(show(table, "scenario"))
    print(show(by_fault, "fault"))
    print(f"{points} points, {sum(sum(counts.values()) for counts in table.values())} tried (each {options.every}th, "
          f"seed {options.seed}), {len(defects)} defects, {time.monotonic() - began:.0f} s")
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
