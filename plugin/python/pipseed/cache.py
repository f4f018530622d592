# SPDX-License-Identifier: MIT
"""The store of unpacked wheels, as `pipseed cache`.

All functions return a Cache. cache_dir is the policy's key cache.dir; settings and policy are as in pipseed.seed().
Error "no-store": there is no directory for the store, or it cannot be trusted.
"""

from __future__ import annotations

from . import _pipseed
from ._settings import common

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ._results import Cache, Event
    from ._settings import StrPath, Value

__all__ = ["clear", "info", "prune", "verify", "warm"]

DEFAULT_AGE = 30 * 86400
DEFAULT_BYTES = 2 << 30


def info(
    *,
    cache_dir: StrPath | None = None,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
) -> Cache:
    """List what is in the store, without reading the files."""
    return _pipseed.cache_list(**common(policy, settings, cache_dir=cache_dir))


def verify(
    *,
    cache_dir: StrPath | None = None,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
    on_event: Callable[[Event], object] | None = None,
) -> Cache:
    """Read every file and check it against its manifest; a damaged entry has another status than "ok"."""
    return _pipseed.cache_list(check=True, **common(policy, settings, cache_dir=cache_dir, on_event=on_event))


def warm(
    env: StrPath | None = None,
    *,
    python: StrPath | None = None,
    root: StrPath | None = None,
    pip: str | None = None,
    packages: str | None = None,
    wheel_dirs: Iterable[StrPath] = (),
    bundled: bool | None = None,
    bytecode: bool | str | None = None,
    cache_dir: StrPath | None = None,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
    jobs: int = 0,
    dry_run: bool = False,
    on_event: Callable[[Event], object] | None = None,
) -> Cache:
    """Unpack and compile what seeding this target would need; the target is not changed.

    The target and the arguments are those of pipseed.seed(). The entries are those that it needs, also where they are
    in the system store; of a dry run, those that would be made have no path.
    """
    return _pipseed.cache_warm(
        env=env,
        python=python,
        root=root,
        jobs=jobs,
        dry_run=dry_run,
        **common(
            policy,
            settings,
            wheel_dirs=wheel_dirs,
            on_event=on_event,
            pip=pip,
            packages=packages,
            bundled=bundled,
            bytecode=bytecode,
            cache_dir=cache_dir,
        ),
    )


def prune(
    *,
    max_age: int | None = None,
    max_bytes: int | None = None,
    cache_dir: StrPath | None = None,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
    dry_run: bool = False,
) -> Cache:
    """Remove what was not used for max_age seconds, then the least recently used until max_bytes remain.

    None is not a limit; without both: 30 days and 2 GiB. Damaged entries always go, entries in use always stay, and
    environments keep their files. Returns what was removed.
    """
    if max_age is None and max_bytes is None:
        max_age, max_bytes = DEFAULT_AGE, DEFAULT_BYTES
    return _pipseed.cache_prune(
        max_age=max_age, max_bytes=max_bytes, dry_run=dry_run, **common(policy, settings, cache_dir=cache_dir)
    )


def clear(
    *,
    cache_dir: StrPath | None = None,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
    dry_run: bool = False,
) -> Cache:
    """Remove all entries that are not in use. Returns what was removed."""
    return prune(max_age=0, max_bytes=0, cache_dir=cache_dir, settings=settings, policy=policy, dry_run=dry_run)
