# SPDX-License-Identifier: MIT
"""Command line of ensurepip._uninstall."""

import ensurepip
import sys


def _main(argv: "list[str] | None" = None) -> int:
    with ensurepip._OnlyStdlib():
        args = ensurepip._parser("python -m ensurepip._uninstall").parse_args(argv)
        return ensurepip._uninstall_helper(verbosity=args.verbosity)


if __name__ == "__main__":
    sys.exit(_main())
