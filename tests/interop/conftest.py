# SPDX-License-Identifier: MIT
"""The folders of these tests."""
import sys
from pathlib import Path

import pytest
import run

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def project(tmp_path):
    """A project's folder, empty."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(tmp_path, home):
    """Variables that every tool gets: a HOME of the test's own, and the store that all tests share."""
    return {"HOME": str(home), "PIPSEED_CACHE_DIR": str(run.scratch() / "cache/pipseed"),
            "VIRTUALENV_OVERRIDE_APP_DATA": str(tmp_path / "app-data")}
