# SPDX-License-Identifier: MIT
"""A8: who can read a directory can lock it. Who cannot write it keeps nobody from working."""
import time

import pytest

import people
from people import DEBIAN, MALLORY, ROOT, site

LOCK = "import fcntl,os,sys,time\n" \
       "for path in sys.argv[1:]: fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_EX)\n" \
       "print('locked', flush=True); time.sleep(120)\n"


@pytest.fixture
def lock():
    """lock(uid, directory...): that user holds their locks until the test ends."""
    held = []

    def take(uid, *directories):
        process = people.python(uid, LOCK, *directories)
        held.append(process)
        assert process.stdout.readline() == "locked\n"

    yield take
    for process in held:
        process.kill()
        process.wait()


@pytest.mark.parametrize("command", [["seed"], ["unseed"], ["venv", "-p", DEBIAN], ["venv", "--clear", "-p", DEBIAN]], ids=" ".join)
def test_reader_does_not_block(command, world, lock):
    """Locks on site-packages and on the environment itself, held by a user who can only read them."""
    env = world.make_env(ROOT, "env")
    if command == ["seed"]:
        world.run(ROOT, "unseed", env)
    lock(MALLORY, site(env), env)
    began = time.monotonic()
    world.run(ROOT, *command, env)
    assert time.monotonic() - began < 55  # a minute is what a run waits for one that works
    assert not list(env.rglob(".pipseed*"))
