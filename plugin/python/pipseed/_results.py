# SPDX-License-Identifier: MIT
"""What calls return. A module of its own, because typing takes longer to import than an environment to seed."""

from typing import NamedTuple, Optional, Tuple

__all__ = ["Environment", "Event", "Package", "Result"]


class Event(NamedTuple):
    """Something that happened while a call went on."""

    kind: str
    """"detail", "note", "warning" or "progress"."""
    text: str
    """One line; of progress: the unit."""
    done: int
    total: int


class Package(NamedTuple):
    """One package, and what was done about it."""

    name: str
    version: Optional[str]
    """What is installed now."""
    previous_version: Optional[str]
    """What an upgrade replaced."""
    location: Optional[str]
    """The folder that holds its dist-info."""
    wheel: Optional[str]
    """File name of the wheel; None when nothing was installed."""
    sha256: Optional[str]
    source: Optional[str]
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
    packages: Tuple[Package, ...]
    scripts: Tuple[str, ...]
    """Names of the scripts that were written."""
    n_reflinked: int
    n_hardlinked: int
    n_copied: int
    n_symlinked: int

    @property
    def pip(self) -> Package:
        """The package pip."""
        return next(package for package in self.packages if package.name == "pip")


class Environment(NamedTuple):
    """What create() made."""

    dir: str
    """Absolute."""
    python: str
    """Its interpreter."""
    base: str
    """The interpreter that it was made from."""
    version: str
    existed: bool
    """Was the folder there before?"""
    seeding: Optional[Result]
    """None without pip, and after a dry run."""


def make_result(raw: Tuple[object, ...]) -> Result:
    """From what _pipseed.seed returns."""
    fields = list(raw)
    fields[5] = tuple(Package(*package) for package in raw[5])  # type: ignore[attr-defined]
    return Result(*fields)  # type: ignore[arg-type]


def make_environment(raw: Tuple[object, ...]) -> Environment:
    """From what _pipseed.create returns."""
    *fields, seeding = raw
    return Environment(*fields, make_result(seeding) if seeding is not None else None)  # type: ignore[arg-type]
