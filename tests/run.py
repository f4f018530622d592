# SPDX-License-Identifier: MIT
"""Running pipseed, and the Pythons it is compared with, in a surrounding that nothing of the machine leaks into.

    result = run_pipseed(["seed", env], env={"PIPSEED_SEED_PIP": "25.2"}, code=0)
    result.stdout, result.stderr, result.code

Every run has its network cut off (a network namespace of its own), a HOME of its own, no PIP_*, PYTHON* or PIPSEED_*
variable of the caller's, and no stdin. Whether the cut was possible is in `network_cut().reason`.

Where things are: $PIPSEED the command, $PIPSEED_BUILD the build directory (default: build/release, build/dev or build/asan
of the checkout), $PIPSEED_WHEEL_DIR a directory with more wheels.
"""
import atexit
import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
TIMEOUT = 300


@functools.lru_cache(maxsize=None)
def scratch():
    """A directory for this whole run of the tests, removed at its end."""
    directory = Path(tempfile.mkdtemp(prefix="pipseed-tests-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    for name in ("home", "cache", "tmp"):
        (directory / name).mkdir()
    return directory


def build_dir():
    """The build directory, or None."""
    if os.environ.get("PIPSEED_BUILD"):
        return Path(os.environ["PIPSEED_BUILD"])
    if os.environ.get("PIPSEED"):
        return Path(os.environ["PIPSEED"]).resolve().parent.parent
    for preset in ("release", "dev", "asan"):
        if (REPO / "build" / preset / "bin/pipseed").exists():
            return REPO / "build" / preset
    return None


def command():
    """The pipseed command. Fails when there is none: a suite that silently runs nothing proves nothing."""
    named = os.environ.get("PIPSEED")
    if named:
        return named
    directory = build_dir()
    if directory is None or not (directory / "bin/pipseed").exists():
        raise RuntimeError("there is no pipseed command: build it, then set PIPSEED or PIPSEED_BUILD")
    return str(directory / "bin/pipseed")


@functools.lru_cache(maxsize=None)
def sysconf_dir():
    """The directory that the build fixed for the system's policy: holds pipseed/policy.ini."""
    if os.environ.get("PIPSEED_SYSCONFDIR"):
        return os.environ["PIPSEED_SYSCONFDIR"]
    cache = build_dir() / "CMakeCache.txt" if build_dir() else None
    values = {}
    if cache and cache.exists():
        values = dict(re.findall(r"^(\w+):[A-Z]+=(.*)$", cache.read_text(), re.M))
    named = values.get("PIPSEED_SYSCONFDIR") or values.get("CMAKE_INSTALL_SYSCONFDIR") or "etc"
    prefix = values.get("CMAKE_INSTALL_PREFIX", "/usr")
    if os.path.isabs(named):
        return named
    return "/etc" if prefix == "/usr" and named == "etc" else os.path.join(prefix, named)


@dataclass(frozen=True)
class Cut:
    """How to run a command without a network: the words before it, or why it cannot be done."""

    prefix: tuple
    reason: str  # empty: it is cut


@functools.lru_cache(maxsize=None)
def network_cut():
    """The way to cut the network off on this machine."""
    wanted = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    try:
        done = subprocess.run([*wanted, "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return Cut((), "there is no unshare (package util-linux)")
    if done.returncode != 0:
        return Cut((), f"{shlex.join(wanted)}: {done.stderr.strip()}")
    return Cut(tuple(wanted), "")


# Puts a directory's content where the build looks for the system's policy, in a mount namespace that ends with the
# command. The nearest directory that exists gets an overlay, so that the machine itself is not touched.
SYSTEM_POLICY = r"""
set -e
sysconf=$1 policy=$2 scratch=$3
shift 3
mount -t tmpfs none "$scratch"
mkdir "$scratch/upper" "$scratch/work"
there=$sysconf
while [ ! -d "$there" ]; do there=$(dirname "$there"); done
mount -t overlay overlay -o "lowerdir=$there,upperdir=$scratch/upper,workdir=$scratch/work" "$there"
rm -rf "$sysconf/pipseed"
mkdir -p "$sysconf/pipseed"
cp -a "$policy/." "$sysconf/pipseed/"
exec "$@"
"""


def system_prefix(policy):
    """Words before a command that let it see directory `policy` as SYSCONFDIR/pipseed, its network cut off."""
    hold = scratch() / "mount"
    hold.mkdir(exist_ok=True)
    flag = "-nm" if os.geteuid() == 0 else "-rnm"
    return ["unshare", flag, "sh", "-c", SYSTEM_POLICY, "sh", sysconf_dir(), os.fspath(policy), os.fspath(hold)]


@functools.lru_cache(maxsize=None)
def system_policy_reason():
    """Why tests cannot have a system policy of their own here; empty when they can."""
    empty = scratch() / "empty-policy"
    empty.mkdir(exist_ok=True)
    try:
        done = subprocess.run([*system_prefix(empty), "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)
    except FileNotFoundError:
        return "there is no unshare (package util-linux)"
    return "" if done.returncode == 0 else f"no private mount of {sysconf_dir()}: {done.stderr.strip()}"


@dataclass
class Result:
    """What a finished command left."""

    args: list
    code: int
    stdout: str
    stderr: str

    @property
    def json(self):
        """The one document on stdout."""
        return json.loads(self.stdout)

    def __str__(self):
        return f"$ {shlex.join(self.args)}\nexit {self.code}\n--- stdout\n{self.stdout}--- stderr\n{self.stderr}"


class _Count:
    """How many commands ran, and how many of them with their network cut off: for the report at the end."""

    def __init__(self):
        self.lock = threading.Lock()
        self.runs = self.cut = 0

    def add(self, cut):
        """One more."""
        with self.lock:
            self.runs += 1
            self.cut += bool(cut)


COUNT = _Count()


def clean_environment(extra=None):
    """An environment that holds what is named here and nothing else. A value None in extra takes a name out."""
    values = {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(scratch() / "home"),
        "XDG_CACHE_HOME": str(scratch() / "cache"),
        "TMPDIR": str(scratch() / "tmp"),
        "LANG": "C.UTF-8",
    }
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH"):
        if name in os.environ:
            values[name] = os.environ[name]
    for name, value in (extra or {}).items():
        if value is None:
            values.pop(name, None)
        else:
            values[name] = os.fspath(value)
    return values


def run(args, *, env=None, cwd=None, code=0, umask=-1, system=None, timeout=TIMEOUT, wrap=()):
    """Runs any command in the clean surrounding. `code`: the exit code it must have, None: any. `system`: a directory that
    takes the place of SYSCONFDIR/pipseed. `wrap`: words before the command, inside the namespaces (strace ...)."""
    args = [os.fspath(arg) for arg in args]
    cut = network_cut()
    prefix = list(cut.prefix) if system is None else system_prefix(system)
    COUNT.add(prefix)
    done = subprocess.run(
        [*prefix, *wrap, *args],
        env=clean_environment(env),
        cwd=os.fspath(cwd or scratch()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
        umask=umask,
        check=False,
    )
    result = Result(args, done.returncode, done.stdout.decode("utf-8", "surrogateescape"),
                    done.stderr.decode("utf-8", "surrogateescape"))
    if code is not None and result.code != code:
        raise AssertionError(f"exit {result.code} where {code} was expected\n{result}")
    return result


def run_pipseed(args, **options):
    """Runs pipseed: see run()."""
    return run([command(), *args], **options)
