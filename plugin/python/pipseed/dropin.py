# SPDX-License-Identifier: MIT
"""Make plain `python -m venv` and `python -m ensurepip` of an interpreter use pipseed, as `pipseed enable`.

All functions but pythons() return a Dropin. python is a path, a name on PATH or a version such as "3.12"; None is the
active environment's base, else python3 on PATH. command is the pipseed that the interpreter's ensurepip is to call;
None is the one that was installed with this package, else the one on PATH.
"""

from __future__ import annotations

import os

from . import _pipseed
from ._settings import common

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ._results import Dropin, Event
    from ._settings import StrPath, Value

__all__ = ["disable", "enable", "pythons", "status"]


def _find_command() -> str | None:
    """Beside the interpreter that runs this, where a wheel's scripts go; else on PATH."""
    import shutil
    import sysconfig

    return shutil.which("pipseed", path=sysconfig.get_path("scripts")) or shutil.which("pipseed")


def _files(command: StrPath | None) -> dict[str, Any]:
    path = _find_command() if command is None else os.fsdecode(command)
    if path is None:
        return {}
    path = os.path.realpath(path)
    template = os.path.join(os.path.dirname(path), _pipseed.dropin_template)
    return {"command": path, "template_dir": os.path.normpath(template)}


def status(
    python: StrPath | None = None,
    *,
    command: StrPath | None = None,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
) -> Dropin:
    """Return how the interpreter's ensurepip is. Changes nothing."""
    return _pipseed.dropin_status(python=python, **_files(command), **common(policy, settings))


def enable(
    python: StrPath | None = None,
    *,
    command: StrPath | None = None,
    force: bool = False,
    dry_run: bool = False,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
    on_event: Callable[[Event], object] | None = None,
) -> Dropin:
    """Put an ensurepip that calls command into the interpreter's standard library; its own is kept beside it.

    force: also where a package manager owns the interpreter's ensurepip ("package-owned"), or where others could
    replace the command ("untrusted-path"). LookupError when there is no command.
    """
    files = _files(command)
    if not files:
        raise LookupError("the command pipseed was not found: pass command=")
    return _pipseed.dropin_enable(
        python=python, force=force, dry_run=dry_run, **files, **common(policy, settings, on_event=on_event)
    )


def disable(
    python: StrPath | None = None,
    *,
    force: bool = False,
    dry_run: bool = False,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
    on_event: Callable[[Event], object] | None = None,
) -> Dropin:
    """Restore the interpreter's own ensurepip. Not enabled is success.

    force: also where the interpreter's own is missing ("dropin"); it has none then.
    """
    return _pipseed.dropin_disable(
        python=python, force=force, dry_run=dry_run, **_files(None), **common(policy, settings, on_event=on_event)
    )


def pythons(
    *,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
) -> tuple[str, ...]:
    """Paths of the interpreters on PATH, then of those that the cache remembers. Several may be one interpreter."""
    return _pipseed.pythons(**common(policy, settings)).paths
