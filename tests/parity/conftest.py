# SPDX-License-Identifier: MIT
"""The report of the parity suite."""
import pytest

from summary import REPORT


@pytest.fixture(scope="session")
def parity_report():
    """Collects for the end of the run."""
    return REPORT


def pytest_terminal_summary(terminalreporter):
    """Number of combinations, and the table of what may differ."""
    if not REPORT.ran and not REPORT.skipped:
        return
    import tree  # pylint: disable=import-outside-toplevel

    always = {"installer", "pyc-time", "pyc-filename", "env-path"}
    terminalreporter.section("parity with ensurepip")
    terminalreporter.line(f"{len(REPORT.ran)} combinations ran, {len(REPORT.skipped)} skipped; {REPORT.left_out} left to "
                            "PIPSEED_TEST_LONG=1")
    reasons = {}
    for label, reason in REPORT.skipped.items():
        reasons.setdefault(reason, []).append(label)
    for reason, labels in reasons.items():
        terminalreporter.line(f"skipped: {reason}: {', '.join(labels)}")
    terminalreporter.line("may differ:")
    for key, (what, why) in tree.ALLOWED.items():
        met = "" if key in always or key in REPORT.allowed else " [not met in this run]"
        terminalreporter.line(f"  {what} - {why}{met}")
