# SPDX-License-Identifier: MIT
"""What the parity suite has to say at its end."""


class Report:
    """What ran, what did not, and which of the allowed differences were met."""

    def __init__(self):
        self.ran = []
        self.left_out = 0
        self.skipped = {}
        self.allowed = set()


REPORT = Report()
