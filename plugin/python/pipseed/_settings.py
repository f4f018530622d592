# SPDX-License-Identifier: MIT
"""From keyword arguments to the policy's last layer."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Optional, Union

    StrPath = Union[str, bytes, os.PathLike[str], os.PathLike[bytes]]
    Value = Union[str, bytes, bool]
    Setting = tuple[str, Union[str, bytes], str, bool]  # key, value, how the caller spelled it, append


def _text(value: "Union[StrPath, bool]") -> "Union[str, bytes]":
    if isinstance(value, bool):
        return "yes" if value else "no"
    return os.fspath(value)


def collect(
    values: "Iterable[tuple[str, str, Union[StrPath, bool, None]]]",
    wheel_dirs: "Iterable[StrPath]" = (),
    settings: "Optional[Mapping[str, Value]]" = None,
) -> "tuple[Setting, ...]":
    """Settings of those (argument, key, value) that have a value, then of folders, then of what has no argument."""
    result: "list[Setting]" = [(key, _text(value), name, False) for name, key, value in values if value is not None]
    result += [("wheels.dirs", os.path.abspath(os.fspath(folder)), "wheel_dirs", True) for folder in wheel_dirs]
    result += [(key, _text(value), "settings", False) for key, value in (settings or {}).items()]
    return tuple(result)


def for_hooks(settings: "tuple[Setting, ...]", policy: "Optional[StrPath]") -> "tuple[bytes, ...]":
    """The same as hooks take it: section.key=value."""
    options = [b"policy=" + os.fsencode(policy)] if policy is not None else []
    for key, value, _, append in settings:
        options.append(os.fsencode(key) + (b"+=" if append else b"=") + os.fsencode(value))
    return tuple(options)
