# SPDX-License-Identifier: MIT
"""What calls return. A module of its own, because typing takes longer to import than an environment to seed."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Environment", "Event", "Package", "Result"]


class Event(NamedTuple):
    """Something that happened while a call went on."""

    kind: str
    """"detail", "note", "warning", "progress" (done of total) or "tick" (nothing new: the call waits)."""
    text: str
    """One line; of progress: the unit."""
    done: int
    total: int


class Package(NamedTuple):
    """One package, and what was done about it."""

    name: str
    version: str | None
    """What is installed now."""
    previous_version: str | None
    """What an upgrade replaced."""
    location: str | None
    """The folder that holds its dist-info."""
    wheel: str | None
    """File name of the wheel; None when nothing was installed."""
    sha256: str | None
    source: str | None
    """"bundled", or the wheel's folder."""
    action: str
    """"none", "installed" or "upgraded"."""
    n_files: int
    n_bytecode: int


class Result(NamedTuple):
    """What seed() did."""

    env: str
    """Prefix of the target, absolute."""
    python: str
    """Its interpreter, as scripts name it."""
    version: str
    """X.Y.Z of that Python."""
    scripts_dir: str
    is_venv: bool
    packages: tuple[Package, ...]
    scripts: tuple[str, ...]
    """Names of the scripts that were written."""
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
    """What create() made."""

    dir: str
    """Absolute."""
    python: str
    """Its interpreter."""
    base: str
    """The interpreter behind it, which belongs to no environment."""
    version: str
    existed: bool
    """Was an environment there before (a pyvenv.cfg)? With clear, it is gone."""
    seeding: Result | None
    """None without pip. After a dry run: what would be installed."""


def make_result(raw: tuple[Any, ...]) -> Result:
    """From what _pipseed.seed returns."""
    result = Result(*raw)
    return result._replace(packages=tuple(Package(*package) for package in result.packages))


def make_environment(raw: tuple[Any, ...]) -> Environment:
    """From what _pipseed.create returns."""
    made = Environment(*raw)
    return made._replace(seeding=make_result(made.seeding)) if made.seeding is not None else made
