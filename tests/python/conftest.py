# SPDX-License-Identifier: MIT
"""Skips the suite where the package cannot be loaded."""
import pytest

import fixtures


def pytest_generate_tests(metafunc):
    """A test that takes `cpython` runs with every interpreter that the package is for."""
    if "cpython" in metafunc.fixturenames:
        metafunc.parametrize("cpython", [pytest.param(python, id=python.name) for python in fixtures.PYTHONS])


@pytest.fixture(autouse=True)
def package():
    """Every test needs it."""
    reason = fixtures.missing_reason()
    if reason:
        pytest.skip(reason)


@pytest.fixture
def newest():
    """The newest interpreter."""
    return fixtures.newest()
