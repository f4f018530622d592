# SPDX-License-Identifier: MIT
from collections.abc import Callable, Sequence
from typing import Optional

from ._settings import Setting, StrPath

library_version: str

class Error(Exception):
    code: str
    number: int
    exit_code: int
    message: str
    path: Optional[str]
    hint: Optional[str]
    errno: Optional[int]

class FailedError(Error): ...
class UsageError(Error, ValueError): ...
class RefusedError(Error): ...
class IntegrityError(Error): ...

def seed(
    *,
    policy_file: Optional[StrPath] = None,
    env: Optional[StrPath] = None,
    python: Optional[StrPath] = None,
    root: Optional[StrPath] = None,
    settings: Sequence[Setting] = ...,
    callback: Optional[Callable[[str, str, int, int], object]] = None,
    user: bool = False,
    dry_run: bool = False,
    jobs: int = 0,
) -> tuple[object, ...]: ...
def create(
    dir: StrPath,
    *,
    policy_file: Optional[StrPath] = None,
    python: Optional[StrPath] = None,
    prompt: Optional[StrPath] = None,
    settings: Sequence[Setting] = ...,
    options: tuple[bytes, ...] = ...,
    callback: Optional[Callable[[str, str, int, int], object]] = None,
    dry_run: bool = False,
    jobs: int = 0,
    system_site_packages: bool = False,
    clear: bool = False,
    symlinks: bool = True,
    upgrade: bool = False,
    with_pip: bool = True,
    scm_ignore_files: bool = True,
    default_scripts: bool = True,
) -> tuple[object, ...]: ...
def newest(
    python_version: str, *, policy_file: Optional[StrPath] = None, settings: Sequence[Setting] = ...
) -> Optional[str]: ...
