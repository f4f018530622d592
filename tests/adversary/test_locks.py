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


def killed_venv(world, env):
    """A run of root's that is killed while it fills the new directory."""
    world.run(ROOT, "venv", "--clear", "--without-pip", "-p", DEBIAN, env, code=None,
              wrap=("strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=symlinkat,symlink:signal=KILL"))


@pytest.mark.parametrize("existed", [False, True], ids=["new", "over an old one"])
def test_reader_does_not_keep_a_leftover(existed, world, lock):
    """What a killed run was making is closed to others: they cannot lock it, and the next run takes it away."""
    env = world.top / "env"
    if existed:
        world.run(ROOT, "venv", "--without-pip", "-p", DEBIAN, env)
    killed_venv(world, env)
    (hidden,) = world.top.glob(".env.pipseed*")
    refused = people.python(MALLORY, "import os,sys\ntry: os.listdir(sys.argv[1])\nexcept PermissionError: print('closed')", hidden)
    assert refused.communicate()[0] == "closed\n"
    world.run(ROOT, "venv", "--without-pip", "-p", DEBIAN, env)
    assert not list(world.top.glob(".env.pipseed*"))
    assert env.stat().st_mode & 0o7777 == 0o755
