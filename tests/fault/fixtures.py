# SPDX-License-Identifier: MIT
"""What the fault sweep does to pipseed, and how it judges what came of it: used by sweep.py and test_sweep.py.

A *scenario* is a command and the world that it is run in. A *fault* is a set of calls, what they fail with, and whether that
happens once or from then on. A *point* is a scenario, a fault and a number N: the Nth call fails. Of each point is demanded:

    exit 0          the world is the one that a run without a fault leaves, and verifies
    any other exit  the message names a cause; the world is as it was; nothing is left behind
    in both cases   the same command, run again without a fault, succeeds, leaves that world, and no leftovers anywhere
"""
import errno
import hashlib
import os
import random
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# pylint: disable=wrong-import-position
import interpreters
import mkwheel
import run

# ---- faults

OPEN = ["open", "openat", "openat2"]
NAMES = ["mkdir", "mkdirat", "linkat", "symlinkat", "rename", "renameat", "renameat2"]
GONE = ["unlink", "unlinkat", "rmdir"]
LOOK = ["stat", "lstat", "newfstatat", "statx", "readlink", "readlinkat", "access", "faccessat", "faccessat2"]
CHANGE = ["chmod", "fchmod", "fchmodat", "fchown", "fchownat", "utimensat", "ftruncate", "fallocate"]
WRITE = ["write", "pwrite64", "copy_file_range"]
SYNC = ["fsync", "fdatasync", "syncfs"]
FORK = ["fork", "vfork", "clone", "clone3"]
READ = ["read", "pread64", "fstat", "getdents64", "lseek"]
CREATE = [f"{name}/create" for name in OPEN]
FILL = CREATE + [name for name in NAMES if "rename" not in name] + WRITE + SYNC + ["ftruncate", "fallocate"]


def sample_seed():
    """What decides which sample is tried. Always the same one, so that a run can be repeated and a change is not blamed for what
    another sample finds: PIPSEED_FAULT_SEED names another, PIPSEED_FAULT_SEED=random a new one."""
    named = os.environ.get("PIPSEED_FAULT_SEED") or "1"
    return random.SystemRandom().randrange(1 << 30) if named == "random" else int(named)


@dataclass(frozen=True)
class Fault:
    """calls: what fails, by the names that inject knows; "" for allocations. persistent: all that follow, too."""

    name: str
    calls: tuple
    error: int
    persistent: bool = False
    survives: bool = False  # nothing but success will do
    may_strand: bool = False  # undoing fails as well: the next run has to repair

    @property
    def text(self):
        """How the system words it."""
        return os.strerror(self.error)


def _faults():
    def both(name, calls, once=None, **options):
        number = getattr(errno, name)
        yield Fault(name, tuple(once or calls), number)
        yield Fault(f"{name} from then on", tuple(calls), number, persistent=True, **options)

    everything = OPEN + NAMES + GONE + LOOK + CHANGE + WRITE + SYNC + READ + ["close", "memfd_create", "getcwd", "getrandom"]
    yield Fault("memory", (), errno.ENOMEM)
    yield Fault("memory from then on", (), errno.ENOMEM, persistent=True, may_strand=True)
    yield from both("EIO", everything, may_strand=True)
    yield from both("ENOSPC", FILL, FILL + ["rename", "renameat", "renameat2", "utimensat", "close"])
    yield from both("EDQUOT", FILL, FILL + ["close"])
    yield from both("EMFILE", OPEN + ["dup", "dup3", "memfd_create", "pipe", "pipe2", "pidfd_open"], may_strand=True)
    yield from both("ENOMEM", OPEN + NAMES + LOOK + READ + FORK + ["mmap", "mprotect", "memfd_create"], may_strand=True)
    yield from both("EACCES", OPEN + NAMES + GONE + LOOK, may_strand=True)
    yield from both("EROFS", [f"{name}/write" for name in OPEN] + NAMES + GONE + CHANGE, may_strand=True)
    yield from both("EAGAIN", FORK)
    # What signals interrupt is tried again; what only some file systems let them interrupt may fail.
    yield Fault("EINTR", ("read", "pread64", "write", "copy_file_range", "close", "flock", "poll", "ppoll", "wait4", "waitid"),
                errno.EINTR, survives=True)
    yield Fault("EINTR elsewhere", tuple(OPEN + SYNC + ["fcntl", "getdents64", "getrandom", "ftruncate"]), errno.EINTR)
    yield Fault("ENOSYS from then on", ("openat2", "renameat2", "copy_file_range", "statx", "memfd_create", "pidfd_open",
                                        "faccessat2", "clone3"), errno.ENOSYS, persistent=True, survives=True)
    yield Fault("ENOLCK from then on", ("flock",), errno.ENOLCK, persistent=True, survives=True)


FAULTS = tuple(_faults())

# ---- scenarios


@dataclass(frozen=True)
class Scenario:
    """args: of pipseed, {world} is the directory that is rebuilt for each point. make: fills it. store: "none" (there can be
    no store), "empty" (each time), "warm". watched: what is in the store counts as well."""

    name: str
    args: tuple
    make: str = "environment"
    store: str = "warm"
    verify: tuple = ("verify", "{world}/env")
    variables: dict = field(default_factory=dict)
    wheels: str = "both"  # directory of the wheels at hand
    changes: bool = True  # the world; False: only the store, or nothing


SEED = ("seed", "{world}/env")
OVERRIDE = {"PIPSEED_SEED_EXTERNALLY_MANAGED": "override"}

SCENARIOS = (
    Scenario("seed, no store", SEED, store="none"),
    Scenario("seed, cold", SEED, store="empty"),
    Scenario("seed, warm", SEED),
    Scenario("seed, copies", (*SEED, "--link-mode", "copy")),
    Scenario("seed, symbolic links", (*SEED, "--link-mode", "symlink")),
    Scenario("seed, durable", SEED, store="empty", variables={"PIPSEED_INSTALL_DURABLE": "yes"}),
    Scenario("seed --root", ("seed", "--root", "{world}/image", "--python", "{python}"), make="nothing",
             verify=("verify", "--root", "{world}/image", "--python", "{python}")),
    Scenario("seed --user", ("seed", "--user", "--upgrade", "--python", "{python}"), make="nothing",
             verify=(), variables=OVERRIDE),
    Scenario("upgrade", (*SEED, "--upgrade"), make="old"),
    Scenario("upgrade, cold", (*SEED, "--upgrade"), make="old", store="empty"),
    Scenario("upgrade, durable", (*SEED, "--upgrade"), make="old", variables={"PIPSEED_INSTALL_DURABLE": "yes"}),
    Scenario("unseed", ("unseed", "{world}/env"), make="old", verify=()),
    Scenario("venv", ("venv", "-p", "{python}", "{world}/env"), make="nothing"),
    Scenario("venv --clear", ("venv", "-p", "{python}", "--clear", "{world}/env"), make="old"),
    Scenario("venv --upgrade", ("venv", "-p", "{python}", "--upgrade", "{world}/env"), make="old"),
    Scenario("verify", ("verify", "{world}/env"), make="old", changes=False),
    Scenario("cache warm", ("cache", "warm", "{world}/env"), store="empty", verify=(),
             changes=False),
    Scenario("cache verify", ("cache", "verify"), verify=(), changes=False),
    Scenario("cache prune", ("cache", "prune", "--max-size", "0"), store="refilled", verify=(), changes=False),
)


def scenario(name):
    """By name."""
    return next(each for each in SCENARIOS if each.name == name)


# ---- worlds


def snapshot(directory, store=None):
    """{path: what it is} of everything in a directory, modes and contents included. A link to a file of the store counts as
    that file: without a store there is a copy."""
    found = {}
    store = os.fsencode(store) + b"/" if store else None
    stack = [os.fsencode(directory)]
    while stack:
        here = stack.pop()
        try:
            entries = list(os.scandir(here))
        except FileNotFoundError:
            continue
        for entry in entries:
            info = entry.stat(follow_symlinks=False)
            mode = info.st_mode
            if stat.S_ISDIR(mode):
                stack.append(entry.path)
                found[entry.path] = (mode,)
            elif stat.S_ISLNK(mode) and not (store and os.readlink(entry.path).startswith(store)):
                found[entry.path] = (mode, os.readlink(entry.path))
            else:
                mode = entry.stat().st_mode
                with open(entry.path, "rb") as file:
                    data = file.read()
                if entry.name.endswith(b".pyc"):  # all but the time of its source, which is when that was unpacked
                    data = data[:8] + data[12:]
                found[entry.path] = (mode, hashlib.sha256(data).digest())
    return found


def difference(before, after):
    """What changed, in words, a few of them."""
    words = [f"- {os.fsdecode(path)}" for path in before if path not in after]
    words += [f"+ {os.fsdecode(path)}" for path in after if path not in before]
    words += [f"~ {os.fsdecode(path)}" for path in after if path in before and after[path] != before[path]]
    return "; ".join(sorted(words)[:6]) + (f" and {len(words) - 6} more" if len(words) > 6 else "")


def _module(name):
    return f'"""{name}"""\n\n\ndef main():\n    print({name!r})\n    return 0\n'


def small_pip(version, extra):
    """A wheel that is like pip's in all but size."""
    files = {path: _module(path) for path in ("pip/__init__.py", "pip/__main__.py", "pip/_internal/__init__.py",
                                              "pip/_internal/cli/__init__.py", "pip/_internal/cli/main.py", *extra)}
    files["pip/py.typed"] = ""
    return mkwheel.Wheel("pip", version, files=files,
                         scripts={"pip": "pip._internal.cli.main:main", "pip3": "pip._internal.cli.main:main"})


def is_foreign(stack):
    """Did a library ask for the memory that cannot do without: libarchive, jansson (linked statically), the dynamic loader?"""
    if re.search(r"/(libarchive|libjansson|ld-linux)[^:]*:", stack):
        return True
    for path, offset in re.findall(r"(/\S+?):[^ ]*\+(0x[0-9a-f]+) ", stack)[1:6]:
        done = subprocess.run(["addr2line", "-f", "-e", path, hex(int(offset, 16) - 1)], capture_output=True, text=True, check=False)
        if re.match(r"(jsonp?|lex|stream|strbuffer|hashtable)_|parse_(json|value|object|array)\n", done.stdout):
            return True
    return False


def build_dir():
    """Where inject and alloc.so are."""
    return run.build_dir() / "tests/fault"


class Rig:
    """One scenario's world, which every point gets as new. wheels: a directory with the wheels of pip 24 and 26, or None for
    small ones."""

    def __init__(self, directory, what, wheels=None):
        self.what = what
        self.directory = Path(directory)
        self.world = self.directory / "world"
        self.template = self.directory / "template"
        self.cache = self.directory / "cache"
        self.report = self.directory / "report"
        self.directory.mkdir(parents=True)
        self.python = interpreters.any_python().exe
        self.wheels = Path(wheels) if wheels else self._make_wheels()
        self.old_wheel = self.directory / "old"
        self.old_wheel.mkdir()
        for path in self.wheels.glob("pip-24*.whl"):
            shutil.copy(path, self.old_wheel)
        self.environment = self._environment()
        self.args = self._fill(what.args)
        self.verify_args = self._fill(what.verify)
        self._make_template()
        self._refill()
        self.before = self._reset(force=True)
        self._clean_run()
        self.after = snapshot(self.world, self.cache)
        if what.changes != (self.after != self.before):
            raise AssertionError(f"{what.name}: without a fault, what changed is: {difference(self.before, self.after)}")

    def _make_wheels(self):
        directory = self.directory / "wheels"
        directory.mkdir()
        small_pip("24.0", ["pip/_vendor/__init__.py", "pip/_vendor/six.py"]).write(directory)
        small_pip("26.0", ["pip/_vendor/__init__.py", "pip/_internal/index/__init__.py"]).write(directory)
        return directory

    def _environment(self):
        values = run.clean_environment({"HOME": self.world / "home", "XDG_CACHE_HOME": self.cache,
                                        "TMPDIR": self.directory, "PIPSEED_WHEELS_DIRS": self.wheels,
                                        "PIPSEED_WHEELS_BUNDLED": "no", "PIPSEED_SEED_PACKAGES": "pip", "PIPSEED_WHEELS_REQUIRE_HASH": "no",
                                        **self.what.variables})
        if self.what.store == "none":
            values["XDG_CACHE_HOME"] = "/proc/none"
        return values

    def _fill(self, words):
        return [word.format(world=self.world, python=self.python) for word in words]

    def _call(self, args, wrap=(), extra=None):
        done = subprocess.run([*wrap, run.command(), *args], env={**self.environment, **(extra or {})}, cwd=self.directory,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")

    def _must(self, args, extra=None):
        code, text = self._call(args, extra=extra)
        if code != 0:
            raise AssertionError(f"{self.what.name}: pipseed {' '.join(args)}: exit {code}: {text}")

    def _clean_run(self):
        self._must(self.args)
        if self.verify_args:
            self._must(self.verify_args)

    def _make_template(self):
        (self.template / "home").mkdir(parents=True)
        if self.what.make == "nothing":
            return
        # At its place, for the paths in it, then moved.
        self.template.rename(self.world)
        interpreters.make_env(interpreters.any_python(), self.world / "env")
        if self.what.make == "old":
            self._must(["seed", str(self.world / "env")],
                       extra={"PIPSEED_WHEELS_DIRS": os.fspath(self.old_wheel), "PIPSEED_INSTALL_LINK_MODE": "copy"})
        self.world.rename(self.template)

    def _refill(self):
        """The store as the scenario wants it."""
        shutil.rmtree(self.cache, ignore_errors=True)
        self.cache.mkdir(mode=0o700)
        if self.what.store in ("warm", "refilled"):
            self._must(["cache", "warm", self.python])
        self.store = self._look_at_store()

    def _look_at_store(self):
        """{path: (inode, size, mtime)} of the store's files."""
        found = {}
        for here, directories, names in os.walk(self.cache):
            for name in names:
                path = os.path.join(here, name)
                info = os.lstat(path)
                found[path] = (info.st_ino, info.st_size, info.st_mtime_ns)
            for name in directories:
                found[os.path.join(here, name)] = None
        return found

    def _reset(self, force=False):
        """The world as it was, and the store."""
        if force or snapshot(self.world, self.cache) != self.before:
            shutil.rmtree(self.world, ignore_errors=True)
            shutil.copytree(self.template, self.world, symlinks=True)
        if self.what.store != "none" and self._look_at_store() != self.store:
            self._refill()
        return snapshot(self.world, self.cache)

    def _leftovers(self):
        """What no run may leave: staging directories in the world, unfinished things in the store."""
        found = []
        for here, directories, names in os.walk(self.world):
            found += [os.path.join(here, name) for name in directories + names if ".pipseed" in name]
        for here, directories, names in os.walk(self.cache):
            found += [os.path.join(here, name) for name in directories + names if ".pipseed" in name or
                      os.path.basename(here) == "tmp"]
        return found

    def _run_with(self, fault, nth):
        """(exit code, negative for a signal; text; whether something failed; what)"""
        self.report.unlink(missing_ok=True)
        alloc = build_dir() / "alloc.so"
        if fault.calls:
            wrap = [build_dir() / "inject", "-l", alloc, "-n", str(nth), "-e", str(fault.error), "-o", self.report]
            wrap += ["-p"] if fault.persistent else []
            code, text = self._call(self.args, [*wrap, ",".join(fault.calls)])
            report = self.report.read_text(errors="replace") if self.report.exists() else ""
            fired = "fired 0" not in report and report != ""
            code = 128 - code if code > 128 else code
            if code in (125, 126):
                raise RuntimeError(f"inject: exit {code}: {text}")
            return code, text, fired, report.partition("call ")[2].strip()
        extra = {"LD_PRELOAD": os.fspath(alloc), "FAULT_ALLOC": str(nth), "FAULT_REPORT": os.fspath(self.report)}
        if fault.persistent:
            extra["FAULT_PERSISTENT"] = "1"
        code, text = self._call(self.args, extra=extra)
        fired = self.report.exists()
        return code, text, fired, self.report.read_text() if fired else ""

    def count(self, fault):
        """How many points there are: the largest N that fires."""
        self._reset()
        self._run_with(fault, 0)
        return int(re.search(r"total (\d+)", self.report.read_text())[1])

    def judge(self, fault, nth):
        """(verdict, detail) of one point. Verdicts: "unchanged", "survived", "stranded" (the next run repaired it), "foreign"
        (a library that pipseed calls ended it), "silent" (no such call), or "defect"."""
        self._reset()
        code, text, fired, where = self._run_with(fault, nth)
        if not fired:
            return "silent", ""
        verdict, problems = self._judge_run(fault, code, text, where)
        problems += self._judge_again()
        if not problems:
            return verdict, where
        return "defect", f"[{where}] exit {code}: {'; '.join(problems)}\n      {text.strip()}"

    def _judge_run(self, fault, code, text, where):
        now = snapshot(self.world, self.cache)
        leftovers = self._leftovers()
        if code < 0 or code == 127 or (code == 1 and (not text.strip() or "Fatal Internal Error in libarchive" in text)):
            if not fault.calls and is_foreign(where):
                return "foreign", []
            return "", [f"ended by signal {-code}" if code < 0 else "no message"]
        if code == 0:
            if fault.persistent and fault.may_strand:  # what could not be removed is the next run's
                now = {path: what for path, what in now.items() if b".pipseed" not in path}
            problems = [] if now == self.after else ["success, but: " + difference(self.after, now)]
            if leftovers and not (fault.persistent and fault.may_strand):
                problems.append(f"success, but left {leftovers[:4]}")
            return "stranded" if leftovers else "survived", problems
        problems = []
        if fault.survives:
            problems.append("this should do no harm")
        # verify says "not readable", or, as Python, sees nothing where it may not look.
        if fault.text not in text and "out of memory" not in text and not (
                fault.error == errno.EACCES and code == 4):
            problems.append("the cause is not named")
        if now == self.before and not leftovers:
            return "unchanged", problems
        if fault.persistent and fault.may_strand:
            return "stranded", problems
        if now != self.before:
            problems.append("changed: " + difference(self.before, now))
        if leftovers:
            problems.append(f"left {leftovers[:4]}")
        return "unchanged", problems

    def _judge_again(self):
        code, text = self._call(self.args)
        if code != 0:
            return [f"again: exit {code}: {text.strip()}"]
        problems = []
        now = snapshot(self.world, self.cache)
        if now != self.after:
            problems.append("again: " + difference(self.after, now))
        leftovers = self._leftovers()
        if leftovers:
            problems.append(f"again: left {leftovers[:4]}")
        if self.verify_args:
            code, text = self._call(self.verify_args)
            if code != 0:
                problems.append(f"verify: exit {code}: {text.strip()}")
        if self.what.store in ("empty", "refilled") and not problems:
            code, text = self._call(["cache", "verify"])
            if code != 0:
                problems.append(f"cache verify: exit {code}: {text.strip()}")
        return problems
