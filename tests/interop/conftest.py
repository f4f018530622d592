# SPDX-License-Identifier: MIT
"""The directories of these tests."""
import pytest
import run


@pytest.fixture
def project(tmp_path):
    """A project's directory, empty."""
    directory = tmp_path / "project"
    directory.mkdir()
    return directory


@pytest.fixture
def settings(tmp_path, home):
    """Variables that every tool gets: a HOME of the test's own, and the store that all tests share."""
    return {"HOME": str(home), "PIPSEED_CACHE_DIR": str(run.scratch() / "cache/pipseed"),
            "VIRTUALENV_OVERRIDE_APP_DATA": str(tmp_path / "app-data")}
