# SPDX-License-Identifier: MIT
"""Attacks with real second users: each test is one of them. Everything here needs root, to be somebody else."""
import os
import shutil
import tempfile
from pathlib import Path

import pytest

import people


def pytest_collection_modifyitems(items):
    """Nothing of this can be tried as an ordinary user."""
    here = str(Path(__file__).parent)
    if os.geteuid() == 0:
        return
    for item in items:
        if str(item.fspath).startswith(here):
            item.add_marker(pytest.mark.skip(reason="needs to be root, to be somebody else"))


@pytest.fixture(scope="session")
def stores():
    """A store for each user, kept warm for all tests: what happens in one is not what they are about."""
    top = Path(tempfile.mkdtemp(prefix="pipseed-stores-"))
    top.chmod(0o755)
    for uid in (people.ROOT, people.MALLORY, people.ALICE):
        (top / str(uid)).mkdir(mode=0o700)
        os.chown(top / str(uid), uid, uid)
    yield top
    shutil.rmtree(top, ignore_errors=True)


@pytest.fixture
def world(stores):
    """A directory of root's that every user gets through, with a home for each: world.home[people.MALLORY]."""
    top = Path(tempfile.mkdtemp(prefix="pipseed-world-"))
    top.chmod(0o755)
    try:
        yield people.World(top, stores)
    finally:
        shutil.rmtree(top, ignore_errors=True)
