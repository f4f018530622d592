# SPDX-License-Identifier: MIT
"""Trees, notes, names and sandboxes that are made to do harm."""

import os
import shutil
import signal
import subprocess
import tempfile
import zlib
from pathlib import Path

import pytest

import run
import watch

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root, to be somebody else")
MALLORY = 23456


@pytest.fixture
def quick():
    """A directory in memory where there is one: deep trees take long on a disk."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    directory = Path(tempfile.mkdtemp(prefix="pipseed-deep-", dir=base))
    yield directory
    subprocess.run(["rm", "-rf", directory], check=False)


def nest(top, levels):
    top.mkdir(parents=True)
    fd = os.open(top, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=fd)
        inside = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inside
    os.close(fd)


def limited(*arguments, **options):
    """With a stack of 256 KiB and few descriptors."""
    return run.run(["prlimit", "--stack=262144", "--nofile=40", run.command(), *arguments], **options)


def site_packages(env):
    (lib,) = env.glob("lib/python*/site-packages")
    return lib


def test_clear_a_hundred_thousand_levels(quick, pipseed):
    env = quick / "env"
    pipseed("venv", "--without-pip", env, code=0)
    nest(env / "deep", 100_000)
    limited("venv", "--without-pip", "--clear", env, code=0)
    assert not (env / "deep").exists()
    assert os.listdir(quick) == ["env"]


@pytest.mark.parametrize("name", ["~ip", ".pipseed-0123456789abcdef"])
def test_deep_leftovers(name, quick, pipseed):
    env = quick / "env"
    pipseed("venv", env, code=0)
    nest(site_packages(env) / name / "deep", 5_000)
    limited("doctor", "--fix", env, code=0)
    assert not (site_packages(env) / name).exists()


@needs_root
@pytest.mark.parametrize("leftover", [".env.pipseed", ".env.pipseed-old"])
def test_somebody_elses_directory_beside(leftover, tmp_path, pipseed):
    """Whoever may rename in a directory gives a directory of root's the name of a leftover: nothing in it is deleted."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    env = shared / "env"
    pipseed("venv", "--without-pip", env, code=0)
    (shared / "backup").mkdir(mode=0o700)
    (shared / "backup/precious").write_text("kept")
    (shared / "backup").rename(shared / leftover)
    pipseed("venv", "--without-pip", "--clear", env, code=0)
    pipseed("seed", env, code=0)
    pipseed("doctor", "--fix", env, code=4)
    assert (shared / leftover / "precious").read_text() == "kept"


@needs_root
@pytest.mark.parametrize("name", ["~ip", ".pipseed-0123456789abcdef"])
def test_somebody_elses_directory_inside(name, tmp_path, pipseed):
    env = tmp_path / "env"
    pipseed("venv", env, code=0)
    lib = site_packages(env)
    lib.chmod(0o777)
    (lib / name / "lib").mkdir(parents=True)
    (lib / name / "lib/precious").write_text("kept")
    pipseed("doctor", "--fix", env, code=4)
    pipseed("unseed", env, code=0)
    assert (lib / name / "lib/precious").read_text() == "kept"


def test_a_planted_note(tmp_path, pipseed):
    """A file by that name that some installer put there replaces nothing."""
    env = tmp_path / "env"
    pipseed("venv", env, code=0)
    before = (env / "pyvenv.cfg").read_text()
    (env / ".pipseed-unfinished").write_text("pipseed-unfinished 1\npip no\nhome = /tmp/evil\n")
    pipseed("doctor", "--fix", env)
    assert (env / "pyvenv.cfg").read_text() == before


def test_a_planted_journal(tmp_path, pipseed):
    """Whole and with a right checksum, but about no staging directory: it is not followed."""
    env = tmp_path / "env"
    pipseed("venv", env, code=0)
    staging = site_packages(env) / ".pipseed-0123456789abcdef"
    (staging / "scripts").mkdir(parents=True)
    (staging / "scripts/evil").write_text("#!/bin/sh\n")
    inode = (staging / "scripts/evil").stat().st_ino
    for first in ("", f"staging lib {staging.stat().st_ino + 1} {staging.name}\n"):
        text = f"pipseed-journal 1\n{first}put scripts {inode} evil\n"
        staging.mkdir(exist_ok=True)
        (staging / "journal").write_text(text + f"end {zlib.crc32(text.encode()):08x}\n")
        pipseed("seed", env, code=0)
        assert not (env / "bin/evil").exists()
        assert not staging.exists()


NAMES = [b"a\x9bb", b"a\xffb", b"a\xe2\x80\xaeb", b"a\xe2\x81\xa6b", b"a\xc2\x9bb", b"a\xd8\x9cb", b"a\xe2\x80\xa8b", b"a\x1b[31m"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_names_on_a_terminal(name, tmp_path):
    raw = [name[1:-1], b"\x1b", b"\x9b", b"\xe2\x80\xae"]
    path = os.fsencode(tmp_path) + b"/" + name
    for arguments in ([b"seed", path], [b"venv", b"--without-pip", path], [b"doctor", path], [b"verify", path]):
        done = subprocess.run([os.fsencode(run.command()), *arguments], capture_output=True, check=False)
        said = done.stdout + done.stderr
        assert b"\\x" in said or b"\\u" in said, said
        assert not any(bad in said for bad in raw), said


def test_hints_are_quoted(tmp_path, pipseed):
    directory = tmp_path / "a'; touch owned #"
    directory.mkdir()
    result = pipseed("seed", directory, code=1)
    hints = [line for line in result.stderr.splitlines() if "pipseed venv" in line]
    assert hints and all("'\\''" in line for line in hints)


@pytest.mark.parametrize("text", [b"# all\r[wheels]\rbundled = no\r", b"[wheels]\rbundled = no\r", b"\r"])
def test_carriage_returns_in_a_policy(text, tmp_path, pipseed):
    policy = tmp_path / "policy.ini"
    policy.write_bytes(text)
    policy.chmod(0o644)
    result = pipseed("policy", "check", policy, code=0 if text == b"\r" else 3)
    assert ("carriage return" in result.stderr + result.stdout) == (text != b"\r")


@pytest.mark.parametrize("text", [b"# all\r/a\r/b\r", b"/a\r/b\n"])
def test_carriage_returns_in_a_list(text, tmp_path, pipseed):
    (tmp_path / "list").write_bytes(text)
    result = pipseed("doctor", "--from-file", tmp_path / "list", code=2)
    assert "carriage return" in result.stderr


FAULTS = ["openat2,statx:error=EPERM", "renameat2,getrandom:error=EPERM"]


@needs_root
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize("fault", FAULTS)
def test_sandboxes_that_refuse(fault, tmp_path, pipseed):
    """Seeding below --root, with a link on the way, goes through most of what has a fall-back."""
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/debian_version").write_text("12\n")
    (root / "usr/real").mkdir(parents=True)
    (root / "usr/local").symlink_to("/usr/real")
    calls = fault.split(":")[0]
    strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", f"-etrace={calls}", f"-einject={fault}", run.command()]
    for command in ("seed", "unseed"):
        run.run([*strace, command, "--root", root, "--python", "/usr/bin/python3"], code=0)
    pipseed("venv", tmp_path / "env", code=0)
    run.run([*strace, "venv", "--clear", tmp_path / "env"], code=0)
    assert sorted(os.listdir(tmp_path)) == ["env", "home", "root"]


def test_interrupt_while_it_compiles(tmp_path, home, pipseed):
    """B11: Ctrl-C reaches the interpreter as well; it is called an interruption, and not a fault of the interpreter."""
    env = tmp_path / "env"
    pipseed("venv", "--without-pip", env, code=0)
    process = watch.start([run.command(), "seed", env], env={"HOME": home, "PIPSEED_CACHE_DIR": tmp_path / "cache"},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    children = watch.compiling(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    text = process.communicate(timeout=60)[1].decode()
    assert process.returncode == -signal.SIGINT and text == "error: interrupted by SIGINT\n"
    assert watch.alive(children) == []
    pipseed("seed", env, code=0)
