# SPDX-License-Identifier: MIT
"""python -m pipseed: the command line of `python -m ensurepip`."""

import sys

from ._bootstrap import main

if __name__ == "__main__":
    sys.exit(main())
