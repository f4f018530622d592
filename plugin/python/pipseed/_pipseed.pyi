# SPDX-License-Identifier: MIT
from collections.abc import Callable, Sequence

from ._results import (
    Cache,
    DoctorReport,
    Dropin,
    Environment,
    PolicyValue,
    Pythons,
    Result,
    VerifyReport,
    WheelList,
)
from ._settings import Setting, StrPath

library_version: str
dropin_template: str

class Error(Exception):
    code: str
    number: int
    exit_code: int
    message: str
    path: str | None
    hint: str | None
    command_message: str
    command_hint: str | None
    errno: int | None

class FailedError(Error): ...
class UsageError(Error, ValueError): ...
class RefusedError(Error): ...
class IntegrityError(Error): ...

Callback = Callable[[str, str, int, int], object]

def seed(
    *,
    policy_file: StrPath | None = None,
    env: StrPath | None = None,
    python: StrPath | None = None,
    root: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callback | None = None,
    user: bool = False,
    as_venv: bool = False,
    dry_run: bool = False,
    jobs: int = 0,
) -> Result: ...
def unseed(
    *,
    policy_file: StrPath | None = None,
    env: StrPath | None = None,
    python: StrPath | None = None,
    root: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callback | None = None,
    user: bool = False,
    dry_run: bool = False,
) -> Result: ...
def verify(
    *,
    policy_file: StrPath | None = None,
    env: StrPath | None = None,
    python: StrPath | None = None,
    root: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callback | None = None,
) -> VerifyReport: ...
def doctor(
    *,
    policy_file: StrPath | None = None,
    env: StrPath | None = None,
    python: StrPath | None = None,
    root: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callback | None = None,
    user: bool = False,
    fix: bool = False,
    jobs: int = 0,
) -> DoctorReport: ...
def wheels(
    *,
    policy_file: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callback | None = None,
    check: bool = False,
) -> WheelList: ...
def cache_list(
    *,
    policy_file: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callback | None = None,
    check: bool = False,
) -> Cache: ...
def cache_warm(
    *,
    policy_file: StrPath | None = None,
    env: StrPath | None = None,
    python: StrPath | None = None,
    root: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callback | None = None,
    dry_run: bool = False,
    jobs: int = 0,
) -> Cache: ...
def cache_prune(
    *,
    policy_file: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callback | None = None,
    max_age: int | None = None,
    max_bytes: int | None = None,
    dry_run: bool = False,
) -> Cache: ...
def dropin_status(
    *,
    policy_file: StrPath | None = None,
    python: StrPath | None = None,
    command: StrPath | None = None,
    template_dir: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callback | None = None,
) -> Dropin: ...
def dropin_enable(
    *,
    policy_file: StrPath | None = None,
    python: StrPath | None = None,
    command: StrPath | None = None,
    template_dir: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callback | None = None,
    force: bool = False,
    dry_run: bool = False,
) -> Dropin: ...
def dropin_disable(
    *,
    policy_file: StrPath | None = None,
    python: StrPath | None = None,
    command: StrPath | None = None,
    template_dir: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callback | None = None,
    force: bool = False,
    dry_run: bool = False,
) -> Dropin: ...
def pythons(
    *,
    policy_file: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callback | None = None,
) -> Pythons: ...
def policy(
    *,
    policy_file: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callback | None = None,
) -> tuple[tuple[PolicyValue, ...], list[str], list[str]]: ...
def newest(
    python_version: str, *, policy_file: StrPath | None = None, settings: Sequence[Setting] = ...
) -> str | None: ...
def version_matches(version: str, specifier: str) -> bool: ...
def create(
    env_dir: StrPath,
    *,
    policy_file: StrPath | None = None,
    python: StrPath | None = None,
    prompt: StrPath | None = None,
    settings: Sequence[Setting] = ...,
    callback: Callback | None = None,
    dry_run: bool = False,
    jobs: int = 0,
    system_site_packages: bool = False,
    clear: bool = False,
    symlinks: bool = True,
    upgrade: bool = False,
    with_pip: bool = True,
    scm_ignore_files: bool = True,
) -> Environment: ...
