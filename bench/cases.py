# SPDX-License-Identifier: MIT
"""What is measured: pipseed, its peers and the floor, and the targets of issue 4."""
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from runner import Case, Task, Unavailable


@dataclass(frozen=True)
class Target:
    """A bound on one quantity: the ratio of two medians, or a number that was found."""

    text: str
    value: str
    over: str  # "": value is a number of Bench.numbers
    limit: float
    unit: str = "x"


TARGETS = [
    Target("pipseed seed, warm / link floor", "seed.warm", "floor.link", 1.3),
    Target("pipseed venv / uv venv --seed --offline", "venv.pipseed", "venv.uv", 0.5),
    Target("the same without bytecode, like for like", "venv.pipseed.plain", "venv.uv", 0.3),
    Target("pipseed venv / virtualenv", "venv.pipseed", "venv.virtualenv", 1 / 15),
    Target("pipseed venv / python -m venv", "venv.pipseed", "venv.python", 1 / 150),
    Target("with the first pip --version: pipseed / uv", "first.pipseed", "first.uv", 0.5),
    Target("cold: pipseed venv / python -m venv", "cold.pipseed", "cold.python", 0.3),
    Target("cold: pipseed venv / uv venv + uv pip install, with bytecode", "cold.pipseed", "cold.uv", 1.0),
    Target("copy mode: pipseed venv / uv venv --seed --offline", "copy.pipseed", "copy.uv", 0.6),
    Target("one of 200 environments in one call / a call of its own", "batch.200", "batch.single", 0.8),
    Target("growth: one of 1,000 / one of 100", "growth.1000", "growth.100", 1.2),
    Target("8 processes on a cold store: times it is filled", "unpackings", "", 1, "times"),
    Target("peak memory, warm", "memory.warm", "", 12, "MiB"),
    Target("peak memory, cold, without the compiling children", "memory.cold", "", 64, "MiB"),
    Target("pipseed --version / true", "start.pipseed", "start.true", 2.0),
]

GROWTH = (10, 30, 100, 300, 1000)


class Bench:
    """Knows the programs, prepares directories, and makes the cases."""

    def __init__(self, runner, programs, python, wheel):
        self.runner = runner
        self.programs = programs  # pipseed, uv, virtualenv, floor: path, or the Unavailable that says why not
        self.python = str(python)
        self.wheel = wheel
        self.numbers = {}
        self.template = runner.new_dir() / "template"
        runner.call([python, "-m", "venv", "--without-pip", self.template])
        self.source, self.list = self._make_source()

    def program(self, name):
        """Its path. Unavailable when it is not there."""
        found = self.programs[name]
        if isinstance(found, Unavailable):
            raise found
        return found

    def pipseed(self, *words, env=None):
        """A Task of one pipseed command."""
        return Task([[self.program("pipseed"), "-q", *words]], env or {})

    def new_env(self, directory):
        """An environment without pip."""
        shutil.copytree(self.template, directory / "env", symlinks=True)
        return directory / "env"

    def _make_source(self):
        """A seeded environment that the floor takes its files from, and the list of them."""
        top = self.runner.new_dir()
        env = self.new_env(top)
        before = {path for path in env.rglob("*")}
        self.runner.call([self.program("pipseed"), "-q", "seed", env])
        added = sorted(set(env.rglob("*")) - before)
        directories = [f"{path.relative_to(env)}/" for path in added if path.is_dir() and not path.is_symlink()]
        files = [path.relative_to(env) for path in added if path.is_file()]
        files.sort(key=lambda path: (str(path.parent), path.name))
        text = "".join(f"{name}\n" for name in [*directories, *files])
        (top / "list").write_text(text, encoding="utf-8", errors="surrogateescape")
        self.numbers["files"], self.numbers["directories"] = len(files), len(directories)
        return env, top / "list"

    def floor(self, mode, *words):
        """prepare() of a run of the floor program."""
        return lambda directory: Task([[self.program("floor"), mode, self.source, self.new_env(directory), self.list, *words]])

    def seed(self, *words, env=None):
        """prepare() of seeding an environment that exists."""
        return lambda directory: self.pipseed("seed", *words, self.new_env(directory), env=env)

    def venv(self, *words, env=None):
        """prepare() of making an environment with pipseed."""
        return lambda directory: self.pipseed("venv", "-p", self.python, *words, directory / "env", env=env)

    def uv_venv(self, *words, env=None):
        """prepare() of making one with uv."""
        return lambda directory: Task([[self.program("uv"), "venv", "-q", "--python", self.python, *words, directory / "env"]],
                                   env or {})

    def then_pip(self, prepare):
        """prepare() of the same, and the first run of its pip."""

        def both(directory):
            task = prepare(directory)
            return Task([*task.programs, [directory / "env/bin/pip", "--version"]], task.env)

        return both

    # ---- groups

    def seeding(self):
        """An environment is there already."""
        return "pip into an existing environment", [
            Case("seed.warm", "pipseed seed", self.seed()),
            Case("floor.link", "floor: the same directories and links, nothing else", self.floor("link")),
            Case("floor.link2", "floor, with 2 threads", self.floor("link", "2")),
            Case("seed.copy", "pipseed seed --link-mode copy", self.seed("--link-mode", "copy")),
            Case("floor.copy", "floor: the same directories and copies", self.floor("copy")),
            Case("floor.copy2", "floor of copies, with 2 threads", self.floor("copy", "2")),
        ]

    def creating(self):
        """A whole environment, everything warm."""
        return "a whole environment with pip", [
            Case("venv.pipseed", "pipseed venv", self.venv()),
            Case("venv.pipseed.plain", "pipseed venv --no-bytecode", self.venv("--no-bytecode")),
            Case("venv.uv", "uv venv --seed --offline (no bytecode)", self.uv_venv("--seed", "--offline")),
            Case("venv.uv.empty", "uv venv (no pip)", self.uv_venv()),
            Case("venv.pipseed.empty", "pipseed venv --without-pip", self.venv("--without-pip")),
            Case("copy.pipseed", "pipseed venv --link-mode copy", self.venv("--link-mode", "copy")),
            Case("copy.uv", "uv venv --seed --offline, UV_LINK_MODE=copy",
                 self.uv_venv("--seed", "--offline", env={"UV_LINK_MODE": "copy"})),
            Case("venv.virtualenv", "virtualenv (no bytecode)", lambda directory: Task(
                [[self.program("virtualenv"), "-q", "-p", self.python, directory / "env"]])),
        ]

    def slow(self):
        """The peers that take seconds."""
        return "the same by Python's own means", [
            Case("venv.python", "python -m venv", lambda directory: Task([[self.python, "-m", "venv", directory / "env"]])),
            Case("venv.ensurepip", "python -m ensurepip in an existing one", lambda directory: Task(
                [[self.new_env(directory) / "bin/python", "-m", "ensurepip", "--default-pip"]])),
        ]

    def first_use(self):
        """Until pip has run for the first time."""
        return "a whole environment, and the first pip --version in it", [
            Case("first.pipseed", "pipseed venv", self.then_pip(self.venv())),
            Case("first.uv", "uv venv --seed --offline", self.then_pip(self.uv_venv("--seed", "--offline"))),
        ]

    def cold(self):
        """Nothing is cached."""

        def uv(directory):
            env = {"UV_CACHE_DIR": str(directory / "cache")}
            install = [self.program("uv"), "pip", "install", "-q", "--python", directory / "env/bin/python", "--offline",
                       "--no-index", "--compile-bytecode", self.wheel]
            return Task([*self.uv_venv()(directory).programs, install], env)

        def pipseed(directory):
            return self.venv(env={"XDG_CACHE_HOME": str(directory)})(directory)

        return "a whole environment, nothing cached, with bytecode", [
            Case("cold.pipseed", "pipseed venv, no store, interpreter never seen", pipseed),
            Case("cold.uv", "uv venv + uv pip install --compile-bytecode, empty cache", uv),
            Case("cold.python", "python -m venv", lambda directory: Task([[self.python, "-m", "venv", directory / "env"]])),
        ]

    def elsewhere(self, shm):
        """Other file systems; shm is a tmpfs, or None."""
        if shm is None:
            return "other file systems", []
        store = {"XDG_CACHE_HOME": str(shm / "cache")}
        (shm / "cache").mkdir()
        return "other file systems", [
            Case("tmpfs.pipseed", "pipseed venv, environment and store on tmpfs", self.venv(env=store), shm),
            Case("exdev.pipseed", "pipseed venv on tmpfs, store on disk", self.venv(), shm),
            Case("exdev.back", "pipseed venv on disk, store on tmpfs", self.venv(env=store)),
            Case("exdev.uv", "uv venv --seed --offline on tmpfs, cache on disk",
                 self.uv_venv("--seed", "--offline", env={"UV_LINK_MODE": "copy"}), shm),
        ]

    def many(self, count):
        """prepare() of `count` environments in one call."""

        def prepare(directory):
            names = directory / "names"
            names.write_text("".join(f"{directory}/envs/{number}\n" for number in range(count)))
            (directory / "envs").mkdir()
            task = self.pipseed("venv", "-p", self.python, "--from-file", names)
            task.count = count
            return task

        return prepare

    def batch(self):
        """Many in one call."""
        return "each of many environments", [
            Case("batch.single", "a call of its own", self.venv()),
            Case("batch.200", "one of 200 in one call", self.many(200)),
        ]

    def growth(self):
        """Is the cost of each the same, however many?"""
        return "each of a growing number in one call", [
            Case(f"growth.{count}", f"one of {count:,}", self.many(count)) for count in GROWTH]

    def crowd(self):
        """Eight processes at once."""

        def prepare(directory, env):
            tasks = [self.pipseed("venv", "-p", self.python, directory / f"env{number}") for number in range(8)]
            return Task([program for task in tasks for program in task.programs], env, "together")

        return "8 processes at once, the time until all are done", [
            Case("crowd.cold", "pipseed venv, one cold store",
                 lambda directory: prepare(directory, {"XDG_CACHE_HOME": str(directory)})),
            Case("crowd.warm", "pipseed venv, warm", lambda directory: prepare(directory, {})),
        ]

    def start(self):
        """What a process costs."""
        return "a process that does nothing", [
            Case("start.pipseed", "pipseed --version", lambda directory: Task([[self.program("pipseed"), "--version"]])),
            Case("start.true", "/bin/true", lambda directory: Task([["/bin/true"]])),
        ]

    # ---- numbers that are no times

    def count_unpackings(self):
        """How often is one cold store filled when eight want it? A made entry gets its place by a rename out of tmp/."""
        strace = shutil.which("strace")
        if strace is None:
            raise Unavailable("there is no strace")
        directory = self.runner.new_dir()
        programs = []
        for number in range(8):
            task = self.pipseed("venv", "-p", self.python, directory / f"env{number}")
            programs.append([strace, "-f", "-qq", "-e", "trace=rename,renameat,renameat2", "-o",
                             directory / f"trace{number}", *task.programs[0]])
        self.runner.measure(Task(programs, {"XDG_CACHE_HOME": str(directory)}, "together"))
        traces = "".join((directory / f"trace{number}").read_text() for number in range(8))
        self.numbers["unpackings"] = len(re.findall(r'rename\w*\(\d+, "tmp/\w+", \d+, "[0-9a-f]{64}"\) += 0', traces))

    def measure_memory(self):
        """Peak resident size of the process alone, MiB: the highest of three."""

        def highest(make):
            peaks = []
            for _ in range(3):
                task = make(self.runner.new_dir())
                task.mode = "memory"
                peaks.append(self.runner.measure(task)[2] / 1024)
            return max(peaks)

        self.numbers["memory.warm"] = max(highest(self.venv()), highest(self.seed()))
        self.numbers["memory.cold"] = highest(lambda directory: self.venv(env={"XDG_CACHE_HOME": str(directory)})(directory))


def shared_memory():
    """A new directory on a tmpfs, or None."""
    shm = Path("/dev/shm")
    if not os.access(shm, os.W_OK):
        return None
    with open("/proc/mounts", encoding="utf-8") as mounts:
        if not any(line.split()[1:3] == ["/dev/shm", "tmpfs"] for line in mounts):
            return None
    return shm
