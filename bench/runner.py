# SPDX-License-Identifier: MIT
"""Measuring cases side by side.

    runner = Runner(top, measure_program, rounds=15)
    runner.compare("seed", [Case("seed.warm", "pipseed seed", prepare), ...])
    runner.samples["seed.warm"].median

A case is prepared again for each sample, in a directory that never was there before: on ext4 it costs six times as much to make
what was removed within the last five seconds, so nothing is removed before the end. The order alternates.
"""
import os
import re
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path


# Variables that say how to reach PyPI from here.
NETWORK = re.compile(r"proxy|cert|ssl|index_url|ca_bundle", re.I)


class Unavailable(Exception):
    """A case cannot run here; the message says why."""


@dataclass
class Task:
    """What is measured: programs one after the other, or together, and their environment."""

    programs: list
    env: dict = field(default_factory=dict)
    mode: str = "time"
    count: int = 1  # the time is divided by it


@dataclass
class Case:
    """One row. prepare(directory) makes what must be there, in a new directory, and returns a Task; it is not measured."""

    name: str
    title: str
    prepare: object
    where: Path = None  # another file system for its directories


@dataclass
class Samples:
    """What was measured of one case. Milliseconds, KiB."""

    title: str
    wall: list = field(default_factory=list)
    cpu: list = field(default_factory=list)
    peak: list = field(default_factory=list)
    problem: str = ""

    @property
    def median(self):
        """Of wall time; None: there is none."""
        return statistics.median(self.wall) if self.wall else None

    @property
    def spread(self):
        """The quartiles of wall time."""
        ordered = sorted(self.wall)
        return ordered[len(ordered) // 4], ordered[(3 * len(ordered)) // 4]


class Runner:
    """Runs tasks, keeps samples."""

    def __init__(self, top, program, env, rounds):
        self.top = Path(top)
        self.program = program
        self.env = env
        self.rounds = rounds
        self.samples = {}
        self.groups = []
        self.directories = [self.top]

    def new_dir(self, where=None):
        """A directory of its own in a parent of its own, so that no two samples share a directory."""
        parent = self.top
        if where is not None:
            if where not in self.directories:
                self.directories.append(where)
            parent = where
        return Path(tempfile.mkdtemp(prefix="s", dir=parent))

    def call(self, args, env=None, network=False):
        """Runs something that is not measured. Unavailable when it fails."""
        variables = {**self.env, **(env or {})}
        if network:
            variables.update({name: value for name, value in os.environ.items() if NETWORK.search(name)})
            variables.setdefault("UV_SYSTEM_CERTS", "1")
        try:
            done = subprocess.run([os.fspath(arg) for arg in args], env=variables, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=600, check=False)
        except OSError as error:
            raise Unavailable(str(error)) from error
        if done.returncode != 0:
            raise Unavailable(_last_line(done.stderr) or f"exit code {done.returncode}")
        return done.stdout

    def measure(self, task):
        """(wall ms, cpu ms, peak KiB) of one run."""
        words = []
        for program in task.programs:
            words += [";"] if words else []
            words += [os.fspath(word) for word in program]
        done = subprocess.run([self.program, task.mode, *words], env={**self.env, **task.env},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False)
        if done.returncode != 0:
            raise Unavailable(_last_line(done.stderr, leave_out="measure: ") or _last_line(done.stderr))
        wall, cpu, peak = done.stdout.split()
        return int(wall) / 1e6 / task.count, int(cpu) / 1e3 / task.count, int(peak)

    def sample(self, case):
        """One more sample of a case."""
        return self.measure(case.prepare(self.new_dir(case.where)))

    def compare(self, title, cases, rounds=None, warm=True):
        """Measures the cases alternately, warm after one run of each that does not count. What cannot run is left out and
        named."""
        rounds = rounds or self.rounds
        print(f"{title}: {len(cases)} cases, {rounds} rounds", file=sys.stderr, flush=True)
        self.groups.append((title, [case.name for case in cases]))
        runnable = []
        for case in cases:
            self.samples[case.name] = Samples(case.title)
            try:
                if warm:
                    self.sample(case)
                runnable.append(case)
            except Unavailable as error:
                self._give_up(case, error)
        for number in range(rounds):
            start = number // 2 % max(len(runnable), 1)
            order = runnable[start:] + runnable[:start]
            os.sync()
            for case in order if number % 2 == 0 else reversed(order):
                self._keep(case)

    def _give_up(self, case, error):
        self.samples[case.name].problem = str(error)
        print(f"  {case.title}: cannot run: {error}", file=sys.stderr, flush=True)

    def _keep(self, case):
        kept = self.samples[case.name]
        if kept.problem:
            return
        try:
            wall, cpu, peak = self.sample(case)
        except Unavailable as error:
            self._give_up(case, error)
            return
        kept.wall.append(wall)
        kept.cpu.append(cpu)
        kept.peak.append(peak)


def _last_line(text, leave_out="\0"):
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith((leave_out, "hint:"))]
    return lines[-1] if lines else ""
