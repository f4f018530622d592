# SPDX-License-Identifier: MIT
"""The standard library's venv, with pip put in by pipseed: a class for scripts, `python -m pipseed.venv` for shells."""

from __future__ import annotations

import sys
import types
import venv
from typing import TYPE_CHECKING

from . import _pipseed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EnvBuilder", "main"]


class EnvBuilder(venv.EnvBuilder):
    """venv.EnvBuilder, but pip is put in by pipseed, without a child process. The policy decides which pip."""

    def _setup_pip(self, context: types.SimpleNamespace) -> None:
        # What venv runs here is `ENV/bin/python -m ensurepip --upgrade --default-pip`.
        _pipseed.seed(python=context.env_exec_cmd, as_venv=True)


def main(args: Sequence[str] | None = None) -> None:
    """The command line of `python -m venv`: venv's own, with this EnvBuilder in place of venv's."""
    names = {**vars(venv), "EnvBuilder": EnvBuilder, "__name__": __name__ if __name__ != "__main__" else "pipseed.venv"}
    run = types.FunctionType(venv.main.__code__, names, "main", venv.main.__defaults__, venv.main.__closure__)
    run(args)


def _run() -> int:
    try:
        main()
    except _pipseed.Error as error:
        from ._bootstrap import report

        report(error)
        return error.exit_code
    except Exception as error:  # as venv/__main__.py
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_run())
