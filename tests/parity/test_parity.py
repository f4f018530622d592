# SPDX-License-Identifier: MIT
"""The same tree as the real ensurepip leaves, for every interpreter of this machine and each way of calling it.

A chain is one environment in which several commands run one after the other: the real ensurepip in the one, pipseed in
the other of two sides whose paths are of equal length. After each command the whole sides are compared: the environment
and whatever else a run could leave anything in (HOME, TMPDIR, the --root directory, the current directory). Chains are worked
off by as many threads as there are processors while the tests wait for their results. What may differ is in
tree.ALLOWED, printed at the end.

Root gets copies of what is in the store, an ordinary user gets links to it: one chain runs as such a user, with a store of its
own, so both ways are compared.
"""
import os
import shutil
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import interpreters
import pytest
import run
import tree
import users
import wheelhouse
from summary import REPORT

USERS_FILES = {
    "pip/zz_of_the_user.py": "answer = 42\n",
    "pip/_internal/notes of the user.txt": "keep me\n",
    "pip/of_the_user/__init__.py": "",
    "module_of_the_user.py": "import pip\n",
}


class Skip(Exception):
    """This chain cannot run here."""


@dataclass(frozen=True)
class Stage:
    """One command. `options` are the same for both sides; {side} is the side's directory."""

    name: str
    options: tuple = ()
    unseed: bool = False


@dataclass(frozen=True)
class Chain:
    """Commands in one environment."""

    name: str
    stages: tuple
    env: str = "env"  # its directory below the side
    copy: bool = False  # not an environment but a copied prefix
    old: bool = False  # starts with an older pip and files of the user's in it
    umask: int = 0o022
    variables: dict = field(default_factory=dict, hash=False)
    short_name: bool = False  # the environment is made by pythonX, not pythonX.Y
    uid: int = 0  # who runs the commands, when root runs the tests


UNSEED = Stage("unseed", unseed=True)
LONG = "/".join(("a-directory-whose-name-is-rather-long" * 2, "and-one-more-of-that-kind" * 3, "env"))
CHAINS = [
    Chain("plain", (Stage("seed"), Stage("again"), Stage("again-default", ("--default-pip",)),
                    Stage("again-alt", ("--altinstall",)), Stage("again-upgrade", ("--upgrade",)), UNSEED)),
    Chain("default", (Stage("seed", ("--default-pip",)), Stage("again"),
                      Stage("again-upgrade", ("--upgrade", "--default-pip")), UNSEED), short_name=True),
    Chain("alt", (Stage("seed", ("--altinstall",)), Stage("again-default", ("--default-pip",)), UNSEED)),
    Chain("upgrade", (Stage("none", ("--default-pip",)), Stage("seed", ("--upgrade",)), UNSEED), old=True),
    Chain("upgrade-default", (Stage("seed", ("--upgrade", "--default-pip")), Stage("again", ("--upgrade",))), old=True,
          short_name=True),
    Chain("root", (Stage("seed", ("--root", "{side}/root")),)),
    Chain("root-copy", (Stage("seed", ("--root", "{side}/root", "--default-pip")),), copy=True),
    Chain("user", (Stage("seed", ("--user",)), Stage("again", ("--user", "--upgrade")), UNSEED), copy=True),
    Chain("user-base", (Stage("seed", ("--user", "--default-pip")), UNSEED), copy=True,
          variables={"PYTHONUSERBASE": "{side}/base"}),
    Chain("umask", (Stage("seed", ("--default-pip",)), UNSEED), umask=0o077),
    Chain("space", (Stage("seed", ("--default-pip",)), UNSEED), env="with a space/env"),
    Chain("long", (Stage("seed", ("--default-pip",)), UNSEED), env=LONG, short_name=True),
]
ORDINARY = Chain("ordinary-user", (Stage("seed", ("--default-pip",)), Stage("again-upgrade", ("--upgrade",)), UNSEED), uid=12345,
                 variables={"XDG_CACHE_HOME": "{side}-cache"})


class Side:
    """One of the two: a directory with everything that a run could touch."""

    def __init__(self, directory, chain, python, copy_exe):
        self.directory = directory
        self.chain = chain
        self.python = python
        self.env = directory / chain.env
        for name in ("home", "tmp", "cwd"):
            (directory / name).mkdir(parents=True)
        if chain.copy:
            self.exe = copy_exe
        else:
            self.env.parent.mkdir(parents=True, exist_ok=True)
            interpreters.make_env(python, self.env, exe=self.base_exe())
            self.exe = interpreters.env_exe(self.env)
        if chain.old:
            self.install_old()
        if chain.uid:
            users.give(directory, chain.uid)
            Path(f"{directory}-cache").mkdir(mode=0o700)
            os.chown(f"{directory}-cache", chain.uid, chain.uid)
        self.tree = tree.snapshot(directory)

    def base_exe(self):
        """The interpreter, called as pythonX.Y or as pythonX: its environments name theirs alike."""
        exe = Path(self.python.exe)
        stem = "pypy" if self.python.is_pypy else "python"
        name = f"{stem}3" if self.chain.short_name else f"{stem}{self.python.minor[0]}.{self.python.minor[1]}"
        return str(exe.with_name(name)) if exe.with_name(name).exists() else str(exe)

    def variables(self):
        """What both commands see."""
        values = {"HOME": self.directory / "home", "TMPDIR": self.directory / "tmp"}
        for name, value in self.chain.variables.items():
            values[name] = value.format(side=self.directory)
        return values

    def run(self, args):
        """One command, as a Result whose exit code is not checked."""
        return run.run(args, env=self.variables(), cwd=self.directory / "cwd", umask=self.chain.umask, code=None,
                       wrap=users.as_user(self.chain.uid))

    def install_old(self):
        """An older pip, and setuptools where ensurepip brings it, installed by the interpreter's bundled pip."""
        bundled = Path(self.python.wheel_dir).glob(f"pip-{self.python.pip}-*.whl")
        older = [wheelhouse.wheel(project, version) for project, version in old_versions(self.python).items()]
        code = ("import runpy, sys; sys.path.insert(0, sys.argv[1]); sys.argv[1:] = sys.argv[2:]; "
                "runpy.run_module('pip', run_name='__main__', alter_sys=True)")
        done = self.run([self.exe, "-c", code, next(bundled), "install", "--no-cache-dir", "--no-index", "--no-deps",
                         *older])
        if done.code != 0:
            raise AssertionError(f"the older versions could not be installed\n{done}")
        for forgotten in (self.directory / "tmp").iterdir():
            forgotten.unlink()
        for name, content in USERS_FILES.items():
            path = interpreters.site_packages(self.env) / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)

    def oracle(self, stage):
        """The real thing."""
        module = "ensurepip._uninstall" if stage.unseed else "ensurepip"
        return self.run([self.exe, "-m", module, *self.options(stage)])

    def pipseed(self, stage):
        """What it is compared with."""
        target = ["--python", self.exe] if self.chain.copy else [self.env]
        if stage.unseed:
            user = ["--user"] if self.chain.name.startswith("user") else []
            return self.run([run.command(), "unseed", *user, *target])
        return self.run([run.command(), "seed", "--no-bundled", "--wheel-dir", self.python.wheel_dir,
                         *self.options(stage), *target])

    def n_linked(self):
        """How many of pip's files in the environment have another name elsewhere: in the store."""
        site = interpreters.site_packages(self.env)
        return sum(path.stat().st_nlink > 1 for path in (site / "pip").rglob("*") if path.is_file())

    def options(self, stage):
        """Its options for this side."""
        return [option.format(side=self.directory) for option in stage.options]


def old_versions(python):
    """What an environment holds before the upgrade: versions older than any bundled one, but for 3.6's."""
    older = {"pip": "10.0.1" if python.minor == (3, 6) else "21.3.1"}
    if python.has_setuptools:
        older["setuptools"] = "39.2.0" if python.minor == (3, 6) else "40.6.2"
    return older


@dataclass
class Outcome:
    """What one command of a chain came to."""

    oracle: run.Result
    pipseed: run.Result
    differences: list
    allowed: list
    n_linked: int = 0  # in an environment: files of pip that are links to the store


def is_empty(trees, name):
    """Is a name, in the trees that have it, a directory with nothing but directories in it?"""
    inside = name + b"/"
    return all(entry.kind == "directory" for each in trees for path, entry in each.entries.items()
               if path == name or path.startswith(inside))


def allow(differences, stage, python, before, sides):
    """Splits differences into those that count and those of tree.ALLOWED."""
    counted, allowed = [], []
    trees = [side.tree for side in sides]
    for difference in differences:
        name = os.fsencode(difference.path)
        if stage.unseed and difference.what.startswith("only in") and is_empty(trees, name):
            ours = trees[1].entries.get(name)
            if ours == before.entries.get(name) or (sides[1].chain.copy and name not in before.entries):
                allowed.append("unseed-directories")
                continue
        if difference.path.startswith("tmp/") and "only in the first" in difference.what:
            allowed.append("temporary-files")
            continue
        if python.is_pypy and not python.may_copy and is_debian_pypy_wheel(difference):
            allowed.append("debian-pypy-wheels")
            continue
        counted.append(difference)
    return counted, set(allowed)


def not_as_before(before, side):
    """What unseed did not put back: in a user's scheme it need not remove the empty directories that seeding made."""
    for difference in tree.compare(before, side.tree, side.exe):
        name = os.fsencode(difference.path)
        if side.chain.copy and name not in before.entries and is_empty([side.tree], name):
            continue
        yield tree.Difference(difference.path, f"not as before seeding: {difference.what}")


def is_debian_pypy_wheel(difference):
    """Something below ENV/share that only the oracle has."""
    parts = Path(difference.path).parts
    at = parts.index("share") if "share" in parts else len(parts)
    return "only in the first" in difference.what and "site-packages" not in parts and (
        parts[at + 1:at + 2] in ((), ("python-wheels",)) and at < len(parts))


def work_off(chain, python, base, copy_exe):
    """Runs a whole chain: a list of outcomes, shorter than the chain when something failed before."""
    # Names of one length: equal bytecode then has equal digests in all chains, and is compared once.
    directory = base / f"{python.name}-{chain.name}".ljust(28, "_")
    sides = Side(directory / "o", chain, python, copy_exe), Side(directory / "p", chain, python, copy_exe)
    differences = tree.compare(sides[0].tree, sides[1].tree, python.exe)
    if differences:
        raise AssertionError("the sides differ before anything was done:\n" + "\n".join(map(str, differences)))
    before = sides[1].tree
    outcomes = []
    for stage in chain.stages:
        results = sides[0].oracle(stage), sides[1].pipseed(stage)
        for side in sides:
            side.tree = tree.snapshot(side.directory, side.tree)
        differences = tree.compare(sides[0].tree, sides[1].tree, python.exe)
        counted, allowed = allow(differences, stage, python, before, sides)
        if stage.unseed and not chain.old:
            counted.extend(not_as_before(before, sides[1]))
        outcomes.append(Outcome(*results, counted, allowed, 0 if chain.copy else sides[1].n_linked()))
    if not any(outcome.differences for outcome in outcomes):
        shutil.rmtree(directory)
    return outcomes


def as_ordinary_user(chain, python):
    """The same in a place that this user can get to: pytest's directories are root's alone."""
    if os.geteuid() != 0:
        raise Skip("needs to be root, to be somebody else; without root every chain is run by an ordinary user")
    for program in (python.exe, run.command()):
        if subprocess.run([*users.as_user(chain.uid), program, "--version"], capture_output=True, check=False).returncode != 0:
            raise Skip(f"an ordinary user cannot run {program}")
    place = Path(tempfile.mkdtemp(prefix="pipseed-parity-"))
    place.chmod(0o755)
    try:
        return work_off(chain, python, place, None)
    finally:
        shutil.rmtree(place)


def can_share_blocks(directory):
    """Can files be cloned here? Then nothing has to be a link."""
    one = Path(directory) / "clone"
    one.write_text("x")
    done = subprocess.run(["cp", "--reflink=always", one, one.with_name("clone2")], capture_output=True, check=False)
    return done.returncode == 0


class Parity:
    """All chains of a run, worked off in the background."""

    def __init__(self, wanted, base):
        self.base = base
        self.copies = {}
        self.lock = threading.Lock()
        self.pool = ThreadPoolExecutor(max_workers=int(os.environ.get("PIPSEED_TEST_JOBS") or os.cpu_count() or 1))
        self.jobs = {key: self.pool.submit(self.work, *key) for key in dict.fromkeys(wanted)}

    def outcomes(self, *key):
        """What came of a chain, once it is worked off."""
        if key not in self.jobs:
            self.jobs[key] = self.pool.submit(self.work, *key)
        return self.jobs[key].result()

    def copy(self, python):
        """A copy of the interpreter's prefix: one for all chains, for nothing is installed into it."""
        if not python.may_copy:
            raise Skip(f"{python.exe} belongs to the system; this needs a copy of a prefix")
        with self.lock:
            if python not in self.copies:
                self.copies[python] = interpreters.copy_prefix(python, self.base / f"prefix-{python.name}")
            return self.copies[python]

    def work(self, python, chain):
        """One chain."""
        try:
            if chain.uid:
                return as_ordinary_user(chain, python)
            return work_off(chain, python, self.base, self.copy(python) if chain.copy else None)
        except wheelhouse.NoWheel as reason:
            raise Skip(str(reason)) from None

    def close(self):
        """Drops what has not begun."""
        self.pool.shutdown(wait=True, cancel_futures=True)


@pytest.fixture(scope="session")
def parity(request, tmp_path_factory):
    """The chains of the selected tests, already running."""
    run.command()
    wanted = [(item.callspec.params["python"], item.callspec.params["chain"]) for item in request.session.items
              if getattr(item, "callspec", None) and "chain" in item.callspec.params]
    chains = Parity(wanted, tmp_path_factory.mktemp("parity"))
    yield chains
    chains.close()


def plain_share(number):
    """`plain` with one of the four commands that find pip there already: ensurepip takes as long for each of them as for half a
    seeding."""
    plain = CHAINS[0]
    again = [stage for stage in plain.stages if stage.name.startswith("again")]
    left = [stage for stage in plain.stages if stage not in again]
    return replace(plain, stages=(left[0], again[number % len(again)], *left[1:]))


def chains_for(number, python):
    """All, for the newest CPython and for the system's own, whose layout is another; for the rest a share of `plain` and every
    sixth of the others, so that six of them share out the list. PIPSEED_TEST_LONG=1: all for all. The chain of the ordinary
    user is for one interpreter, which that user can run."""
    plain = [each for each in interpreters.found() if each.may_copy and not each.is_pypy]
    if python == interpreters.any_python():
        return [*CHAINS, ORDINARY]
    if os.environ.get("PIPSEED_TEST_LONG") or python in plain[-1:] or not (python.may_copy or python.is_pypy):
        return CHAINS
    return [plain_share(number), *(chain for at, chain in enumerate(CHAINS) if at > 0 and at % 6 == number % 6)]


CASES = [pytest.param(python, chain, number, id=f"{python.name}-{chain.name}-{stage.name}")
         for at, python in enumerate(interpreters.found()) for chain in chains_for(at, python)
         for number, stage in enumerate(chain.stages)]
REPORT.left_out = (sum(len(chain.stages) for chain in CHAINS) * len(interpreters.found()) + len(ORDINARY.stages)) - len(CASES)


@pytest.mark.parametrize("python, chain, number", CASES)
def test_same_tree_as_ensurepip(python, chain, number, parity, parity_report):
    """After this command of this chain both sides are the same."""
    label = f"{python.name}-{chain.name}-{chain.stages[number].name}"
    try:
        outcome = parity.outcomes(python, chain)[number]
    except Skip as reason:
        parity_report.skipped[label] = str(reason)
        pytest.skip(str(reason))
    parity_report.ran.append(label)
    parity_report.allowed.update(outcome.allowed)
    shown = "\n".join(map(str, outcome.differences[:40]))
    assert outcome.oracle.code == 0, f"the oracle itself failed\n{outcome.oracle}"
    assert outcome.pipseed.code == outcome.oracle.code, f"{outcome.pipseed}\n{shown}"
    assert not outcome.differences, f"{len(outcome.differences)} differences\n{shown}\n{outcome.pipseed}"


def test_root_copies_and_users_link(parity, tmp_path):
    """What was compared are copies for root and links for the ordinary user."""
    python = interpreters.any_python()
    try:
        linked = parity.outcomes(python, ORDINARY)[0].n_linked
    except Skip as reason:
        pytest.skip(str(reason))
    assert parity.outcomes(python, CHAINS[0])[0].n_linked == 0
    assert linked > 100 or can_share_blocks(tmp_path)
