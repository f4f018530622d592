# SPDX-License-Identifier: MIT
"""ensurepip's functions and its command line, by pipseed."""

import sys

from . import _pipseed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Optional

    from ._settings import StrPath


def version() -> str:
    """Version of the pip that bootstrap() installs."""
    newest = _pipseed.newest("%d.%d.%d" % sys.version_info[:3])
    if newest is None:
        raise LookupError("no wheel of pip suits this Python and the policy: 'pipseed wheels list' shows what there is")
    return newest


def bootstrap(
    *,
    root: "Optional[StrPath]" = None,
    upgrade: bool = False,
    user: bool = False,
    altinstall: bool = False,
    default_pip: bool = False,
    verbosity: int = 0,
) -> None:
    """See pipseed.bootstrap."""
    if altinstall and default_pip:
        raise ValueError("Cannot use altinstall and default_pip together")
    sys.audit("ensurepip.bootstrap", root)
    settings = []
    if altinstall or default_pip:
        option, word = ("altinstall", "alt") if altinstall else ("default_pip", "default")
        settings.append(("seed.scripts", word, option, False))
    if upgrade:
        settings.append(("seed.upgrade", "yes", "upgrade", False))
    _pipseed.seed(python=sys.executable, root=root, user=user, settings=tuple(settings))
