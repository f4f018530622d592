# SPDX-License-Identifier: MIT
"""CPython's own test.test_ensurepip and test.test_venv, with pipseed enabled and without.

They take minutes: only the newest interpreter here runs them, unless PIPSEED_TEST_CPYTHON=all.
"""
import os

import interpreters
import pytest
import suites


def _pythons():
    able = [python for python in interpreters.found()
            if python.may_copy and not python.is_pypy and python.minor >= (3, 9) and not suites.missing(python)]
    if os.environ.get("PIPSEED_TEST_CPYTHON") != "all":
        able = able[-1:]
    if able:
        return [pytest.param(python, id=python.name) for python in able]
    return [pytest.param(None, id="none", marks=pytest.mark.skip(
        reason="no CPython from 3.9 on, with its tests, whose prefix can be copied"))]


@pytest.mark.parametrize("interpreter", _pythons())
def test_as_many_pass(pipseed, interpreter, tmp_path, capsys):
    """Whatever passes without pipseed passes with it."""
    exe = suites.copy(interpreter, tmp_path / "prefix")
    without = suites.run_suites(exe, tmp_path / "without")
    pipseed("enable", exe)
    enabled = suites.run_suites(exe, tmp_path / "enabled")
    with capsys.disabled():
        print(f"\nCPython {interpreter.name}, test_ensurepip and test_venv: without pipseed {without}; with it {enabled}")
    assert without.passed, without.output
    lost = without.passed - enabled.passed
    assert not lost, f"{sorted(lost)}\n{enabled.output}"
    pipseed("disable", exe)
