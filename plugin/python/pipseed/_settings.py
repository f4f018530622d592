# SPDX-License-Identifier: MIT
"""From keyword arguments to the policy's last layer."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Union

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


def _text(value: Value) -> str | bytes:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return os.fspath(value)


def collect(
    arguments: Mapping[str, Value | None],
    wheel_dirs: Iterable[StrPath],
    settings: Mapping[str, Value] | None,
) -> list[Setting]:
    """Settings of those arguments that have a value, then of folders, then of what has no argument."""
    result: list[Setting] = [
        (KEYS[name], _text(value), name, False) for name, value in arguments.items() if value is not None
    ]
    result += [("wheels.dirs", os.path.abspath(os.fspath(folder)), "wheel_dirs", True) for folder in wheel_dirs]
    result += [(key, _text(value), "settings", False) for key, value in (settings or {}).items()]
    return result
