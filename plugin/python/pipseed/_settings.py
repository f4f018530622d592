# SPDX-License-Identifier: MIT
"""From keyword arguments to what _pipseed takes: the policy's last layer, and the callback."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Union

    from ._results import Event

    StrPath = Union[str, bytes, os.PathLike[str], os.PathLike[bytes]]
    Value = Union[StrPath, bool]
    Setting = tuple[str, Union[str, bytes], str, bool]  # key, value, how the caller spelled it, append


# The policy's keys that have arguments of their own.
KEYS = {
    "upgrade": "seed.upgrade",
    "scripts": "seed.scripts",
    "pip": "seed.pip",
    "packages": "seed.packages",
    "bundled": "wheels.bundled",
    "link_mode": "install.link-mode",
    "bytecode": "install.bytecode",
    "cache_dir": "cache.dir",
}


def _text(name: str, value: Value) -> str | bytes:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _path(name, value, "str, os.PathLike or bool")


def _path(name: str, value: StrPath, wanted: str = "str or os.PathLike") -> str | bytes:
    # Here rather than in _pipseed: only here the name is known that the caller used.
    if not isinstance(value, (str, bytes, os.PathLike)):
        raise TypeError(f"{name} must be {wanted}, not {type(value).__name__}")
    return os.fspath(value)


def optional_path(name: str, value: StrPath | None) -> str | bytes | None:
    """The path; a wrong type raises a TypeError that names the argument."""
    return None if value is None else _path(name, value)


def _list(name: str, values: Iterable[StrPath]) -> list[str | bytes]:
    if isinstance(values, (str, bytes, os.PathLike)):
        raise TypeError(f"{name} must be an iterable of paths, not {type(values).__name__}")
    return [os.path.abspath(_path(f"{name}[{i}]", value)) for i, value in enumerate(values)]


def collect(
    arguments: Mapping[str, Value | None],
    wheel_dirs: Iterable[StrPath],
    settings: Mapping[str, Value] | None,
) -> list[Setting]:
    """Settings of those arguments that have a value, then of directories, then of what has no argument."""
    result: list[Setting] = [
        (KEYS[name], _text(name, value), name, False) for name, value in arguments.items() if value is not None
    ]
    result += [("wheels.dirs", directory, "wheel_dirs", True) for directory in _list("wheel_dirs", wheel_dirs)]
    for key, value in (settings or {}).items():
        name = f"settings[{key!r}]"
        result.append((key, _text(name, value), name, False))
    return result


def callback(on_event: Callable[[Event], object] | None) -> Callable[[str, str, int, int], object] | None:
    """What _pipseed calls: it knows the fields of an Event alone."""
    if on_event is None:
        return None
    if not callable(on_event):
        raise TypeError(f"on_event must be callable, not {type(on_event).__name__}")
    from ._results import Event

    return lambda *fields: on_event(Event(*fields))


def common(
    policy: StrPath | None,
    settings: Mapping[str, Value] | None,
    *,
    wheel_dirs: Iterable[StrPath] = (),
    on_event: Callable[[Event], object] | None = None,
    **arguments: Value | None,
) -> dict[str, Any]:
    """Arguments of _pipseed that every call has; arguments are keys of the policy."""
    return {
        "policy_file": optional_path("policy", policy),
        "settings": collect(arguments, wheel_dirs, settings),
        "callback": callback(on_event),
    }
