# SPDX-License-Identifier: MIT
"""python -m ensurepip._uninstall"""
import sys

import ensurepip


def _main(argv=None):
    with ensurepip._OnlyStdlib():
        args = ensurepip._parser("python -m ensurepip._uninstall").parse_args(argv)
        return ensurepip._uninstall_helper(verbosity=args.verbosity)


if __name__ == "__main__":
    sys.exit(_main())
