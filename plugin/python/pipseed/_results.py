# SPDX-License-Identifier: MIT
"""What calls return. A module of its own, because typing takes longer to import than an environment to seed.

_pipseed makes these objects: their fields are the rows of the tables in results.c, in this order.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "Cache",
    "CacheEntry",
    "DoctorReport",
    "Dropin",
    "Environment",
    "Event",
    "Finding",
    "Issue",
    "Package",
    "Policy",
    "PolicyValue",
    "Result",
    "VerifyReport",
    "Wheel",
]


class Event(NamedTuple):
    """Something that happened while a call went on.

    kind: "detail", "note", "warning", "progress" or "tick" (nothing new: the call waits)
    text: one line; of progress: what done and total count, such as "files unpacked"; of a tick: what the call waits for
    done, total: of progress
    """

    kind: str
    text: str
    done: int
    total: int


class Package(NamedTuple):
    """One package, and what was done about it.

    name: normalised project name
    version: what is installed now; the removed version after a removal; None: none was there
    previous_version: what an upgrade replaced, or None
    location: directory that holds its dist-info, without root
    wheel: file name of the wheel; None when nothing was installed
    sha256: of the wheel, 64 hexadecimal digits, or None
    source: "bundled", or the wheel's directory, or None
    action: "none", "installed", "upgraded" or "removed"
    n_files: regular files that were installed, removed or checked, bytecode included
    n_pyc: how many of these are .pyc files
    """

    name: str
    version: str | None
    previous_version: str | None
    location: str | None
    wheel: str | None
    sha256: str | None
    source: str | None
    action: str
    n_files: int
    n_pyc: int


class Result(NamedTuple):
    """What seed() and unseed() did; of a dry run: what they would do.

    env: prefix of the target, absolute, without root
    python: its interpreter, as scripts name it
    version: X.Y.Z of that Python
    scripts_dir: directory of the scripts, without root
    is_venv: whether the target is a virtual environment
    packages: a Package each
    scripts: names of the scripts that were written or removed
    n_reflinked, n_hardlinked, n_copied, n_symlinked: files installed, by how
    """

    env: str
    python: str
    version: str
    scripts_dir: str
    is_venv: bool
    packages: tuple[Package, ...]
    scripts: tuple[str, ...]
    n_reflinked: int
    n_hardlinked: int
    n_copied: int
    n_symlinked: int

    @property
    def pip(self) -> Package:
        """The package pip. LookupError when other packages alone were asked for (packages="setuptools")."""
        for package in self.packages:
            if package.name == "pip":
                return package
        raise LookupError(f"only {', '.join(package.name for package in self.packages)} was asked for, not pip")


class Environment(NamedTuple):
    """What create() made.

    dir: the environment's directory, absolute
    python: its interpreter
    base: the interpreter behind it, which belongs to no environment
    version: X.Y.Z
    existed: whether an environment was there before (a pyvenv.cfg); with clear, it is gone
    seed_result: the Result of installing pip, of a dry run: what would be installed; None without pip
    """

    dir: str
    python: str
    base: str
    version: str
    existed: bool
    seed_result: Result | None


class Finding(NamedTuple):
    """One difference that verify() found.

    code: name of the error, such as "install-changed" (docs/errors.md)
    number: the same as in pipseed.h
    path: absolute; None where it is about a package as a whole
    message: one line
    """

    code: str
    number: int
    path: str | None
    message: str


class VerifyReport(NamedTuple):
    """What verify() found.

    env, python, version: as in Result
    packages: what is installed; n_files is the number of files that were checked
    findings: what is not as it should be
    """

    env: str
    python: str
    version: str
    packages: tuple[Package, ...]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether pip is installed and nothing was found: the command exits with 0."""
        return bool(self.packages) and not self.findings


class Issue(NamedTuple):
    """One thing that is wrong with an environment.

    code, number, path, message: as in Finding
    hint: what to do about it, in words of this package, or None
    repairable: doctor(fix=True) is able to repair it
    repaired: it did
    """

    code: str
    number: int
    path: str | None
    message: str
    hint: str | None
    repairable: bool
    repaired: bool


class DoctorReport(NamedTuple):
    """What doctor() found.

    env: directory of the environment, or prefix of the interpreter
    python: its interpreter; None: it has none that can be used
    version: X.Y.Z, or None
    issues: what is wrong, or was
    n_unrepaired: how many of these are not repaired
    """

    env: str
    python: str | None
    version: str | None
    issues: tuple[Issue, ...]
    n_unrepaired: int

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong, or nothing any more: the command exits with 0."""
        return self.n_unrepaired == 0


class Wheel(NamedTuple):
    """One wheel that can be installed, or why it cannot.

    filename: without directory
    name: normalised project name
    version: of the project
    sha256: 64 hexadecimal digits
    requires_python: specifier, or None
    source: "bundled", or the wheel's directory
    size: in bytes
    status: "ok", or the name of the error
    number: of the status, 0 for "ok"
    problem: the error's message, or None
    """

    filename: str
    name: str | None
    version: str | None
    sha256: str | None
    requires_python: str | None
    source: str
    size: int
    status: str
    number: int
    problem: str | None


class WheelList(NamedTuple):
    """What _pipseed.wheels() returns."""

    wheels: tuple[Wheel, ...]


class CacheEntry(NamedTuple):
    """One wheel in the store, unpacked, with its bytecode.

    wheel: file name; None when the entry is too damaged to tell
    sha256: of the wheel, 64 hexadecimal digits
    path: directory of the entry, absolute; None: a dry run of cache.warm() would make it
    bytes: size of all its files
    n_files: how many, bytecode included
    n_bytecode_sets: sets of bytecode, one for each interpreter's magic number
    last_used: seconds since 1970, within an hour; None: in the system store, or not made yet
    in_use: a seeding uses it now
    status: "ok", or "store-entry" when it is damaged
    number: of the status, 0 for "ok"
    problem: which file differs and how, or None
    """

    wheel: str | None
    sha256: str
    path: str | None
    bytes: int
    n_files: int
    n_bytecode_sets: int
    last_used: int | None
    in_use: bool
    status: str
    number: int
    problem: str | None


class Cache(NamedTuple):
    """The store, or a part of it.

    path: directory of the store; None when there is none
    entries: a CacheEntry each: what is there, or what was removed
    bytes: size of these entries
    """

    path: str | None
    entries: tuple[CacheEntry, ...]
    bytes: int


class Dropin(NamedTuple):
    """An interpreter's ensurepip: its own, or pipseed's.

    python: the interpreter; that of an environment stands for its base
    version: X.Y.Z
    state: "disabled", "enabled", ... (docs/json.md)
    changed: this call changed something; of a dry run: it would
    stdlib: directory of the standard library, without symbolic links
    ensurepip_dir: directory of its ensurepip
    backup: its own ensurepip, while enabled, or None
    system_package: package of the system that its own ensurepip belongs to, or None
    command, command_version: the pipseed that the drop-in calls, and the version that wrote it; None without a drop-in
    command_missing: that command cannot be run
    up_to_date: the drop-in is what enable() of this pipseed writes
    """

    python: str
    version: str
    state: str
    changed: bool
    stdlib: str
    ensurepip_dir: str
    backup: str | None
    system_package: str | None
    command: str | None
    command_version: str | None
    command_missing: bool
    up_to_date: bool

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.state in ("disabled", "absent", "enabled") and not self.command_missing


class Pythons(NamedTuple):
    """What _pipseed.pythons() returns."""

    paths: tuple[str, ...]


class PolicyValue(NamedTuple):
    """One effective value of the policy, and where it came from.

    key: section and name, such as "seed.pip"
    value: normalised text
    layer: "built-in", "system", "user", "file", "environment" or "command line" (this call's arguments)
    origin: file and line, variable or argument; None for built-in
    locked_by: file and line of the lock, or None
    help: one line about the key
    """

    key: str
    value: str
    layer: str
    origin: str | None
    locked_by: str | None
    help: str | None


class Policy(NamedTuple):
    """The policy in force.

    values: a PolicyValue each, in the order of pipseed-policy(5), [sha256] pins last
    files: the files that were read, in order
    hooks: what the key venv.hooks names
    """

    values: tuple[PolicyValue, ...]
    files: tuple[str, ...]
    hooks: tuple[str, ...]

    def find(self, key: str) -> PolicyValue:
        """The value of one key. KeyError when there is no such key."""
        for value in self.values:
            if value.key == key:
                return value
        raise KeyError(key)
