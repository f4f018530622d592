# SPDX-License-Identifier: MIT
from collections.abc import Callable, Sequence
from typing import Any

from ._settings import Setting, StrPath

library_version: str

class Error(Exception):
    code: str
    number: int
    exit_code: int
    message: str
    path: str | None
    hint: str | None
    errno: int | None

class FailedError(Error): ...
class UsageError(Error, ValueError): ...
class RefusedError(Error): ...
class IntegrityError(Error): ...

def seed(
    *,
    policy_file: StrPath | None = None,
    env: StrPath | None = None,
    python: StrPath | None = None,
    root: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callable[[str, str, int, int], object] | None = None,
    user: bool = False,
    as_venv: bool = False,
    dry_run: bool = False,
    jobs: int = 0,
) -> tuple[Any, ...]: ...
def create(
    dir: StrPath,
    *,
    policy_file: StrPath | None = None,
    python: StrPath | None = None,
    prompt: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callable[[str, str, int, int], object] | None = None,
    dry_run: bool = False,
    jobs: int = 0,
    system_site_packages: bool = False,
    clear: bool = False,
    symlinks: bool = True,
    upgrade: bool = False,
    with_pip: bool = True,
    scm_ignore_files: bool = True,
) -> tuple[Any, ...]: ...
def newest(
    python_version: str, *, policy_file: StrPath | None = None, settings: Sequence[Setting] = ...
) -> str | None: ...
def policy(
    *, policy_file: StrPath | None = None, settings: Sequence[Setting] = ...
) -> dict[str, tuple[str, str, str, str | None]]: ...
