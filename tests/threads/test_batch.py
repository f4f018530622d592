# SPDX-License-Identifier: MIT
"""Many environments by many threads: what ThreadSanitizer watches (scripts/test tsan), and a plain test otherwise."""

import subprocess

import pytest

import run

N = 12
PYTHON = "/usr/bin/python3"


@pytest.fixture
def call(tmp_path):
    """Runs pipseed with a store of its own that is empty at first."""

    def invoke(*args, **options):
        return run.run_pipseed(args, env={"XDG_CACHE_HOME": tmp_path / "cache"}, **options)

    return invoke


def test_whole_environments(call, tmp_path):
    dirs = [tmp_path / f"env{i}" for i in range(N)]
    result = call("venv", "-j", "8", "-p", PYTHON, "--json", *dirs)
    assert "WARNING: ThreadSanitizer" not in result.stderr
    verified = call("verify", "--json", *dirs)
    assert verified.code == 0
    for directory in dirs:
        assert (directory / "bin/pip").exists()


@pytest.mark.parametrize("mode", ["hardlink", "copy"])
def test_existing_environments(call, tmp_path, mode):
    dirs = [tmp_path / f"env{i}" for i in range(N // 2)]
    for directory in dirs:
        subprocess.run([PYTHON, "-m", "venv", "--without-pip", directory], check=True)
    result = call("seed", "-j", "8", "--link-mode", mode, *dirs)
    assert "WARNING: ThreadSanitizer" not in result.stderr
    call("seed", "-j", "8", "--upgrade", "--default-pip", *dirs)
    call("verify", "-o", f"install.link-mode={mode}", *dirs)  # root's, shared on purpose


def test_one_environment_many_times(call, tmp_path):
    """The same directory by several threads at once: they wait for each other."""
    directory = tmp_path / "env"
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", directory], check=True)
    result = call("seed", "-j", "8", *[directory] * 8, code=None)
    assert "ThreadSanitizer" not in result.stderr
    assert result.code in (0, 2), result  # a command line that names it twice may be refused
    call("verify", directory, code=0 if result.code == 0 else None)
