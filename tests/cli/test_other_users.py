# SPDX-License-Identifier: MIT
"""Root, other users, hostile trees: whose environment is it, and what lies beside it stays as it is."""
import os
import shutil
import subprocess
import threading
import time

import interpreters
import pytest
import run
import wheelhouse
from users import as_user, give

CPYTHON = next((python for python in reversed(interpreters.found()) if not python.is_pypy), interpreters.any_python())
NOBODY = 65534
AS_NOBODY = as_user(NOBODY)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root, to be somebody else")


def site(env):
    """Its site-packages."""
    return next(env.glob("lib/python3*/site-packages"))


def snapshot(top):
    """Everything in a directory: names, owners, modes and content."""
    found = {}
    for at, directories, files in os.walk(top):
        for name in directories + files:
            path = os.path.join(at, name)
            st = os.lstat(path)
            content = b""
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    content = file.read()
            found[os.path.relpath(path, top)] = (st.st_mode, st.st_uid, content)
    return found


@pytest.fixture
def outside(tmp_path):
    """A directory that looks like what pipseed works on, and must stay as it is. Root's."""
    directory = tmp_path / "outside"
    for name in ("__init__.py", "__main__.py", "_internal/__init__.py", "_internal/cli/main.py", "_vendor/six.py",
                 "pip/__init__.py", "pip-24.0.dist-info/RECORD", "pip-24.0.dist-info/METADATA", "pip3", "python3", "x"):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text("kept\n")
    (directory / "pip-24.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: pip\nVersion: 24.0\n")
    return directory


@pytest.fixture
def old_env(pipseed, tmp_path):
    """An environment with pip 24.0, in a directory of its own."""
    env = tmp_path / "home/env"
    env.parent.mkdir(exist_ok=True)
    pipseed("venv", "--without-pip", "-p", CPYTHON.exe, env)
    try:
        wheel = wheelhouse.wheel("pip", "24.0")
    except wheelhouse.NoWheel as why:
        pytest.skip(str(why))
    pipseed("seed", "--packages", "pip", "--pip", "24.0", "--wheel-dir", wheel.parent, "--link-mode", "copy", env)
    return env


class Swapper(threading.Thread):
    """Puts a link in the place of a directory, and takes it away again, all the time."""

    def __init__(self, place, target):
        super().__init__()
        self.place, self.target, self.go_on, self.swaps = place, target, True, 0

    def run(self):
        away = self.place.with_name("~away")
        while self.go_on:
            try:
                os.rename(self.place, away)
                os.symlink(self.target, self.place)
                time.sleep(0.001)
                os.unlink(self.place)
                os.rename(away, self.place)
                self.swaps += 1
            except OSError:  # pipseed was there first
                if not self.place.exists() and away.exists():
                    os.rename(away, self.place)
                shutil.rmtree(away, ignore_errors=True)
            time.sleep(0.001)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *ignored):
        self.go_on = False
        self.join()


def churn(pipseed, env, seconds):
    """Seeds, upgrades and removes for so long; whether that works is not the question."""
    end = time.monotonic() + seconds
    runs = 0
    while time.monotonic() < end:
        for words in (["seed", "--packages", "pip", "--pip", "24.0"], ["seed", "--packages", "pip", "--upgrade"],
                      ["unseed", "--packages", "pip"], ["doctor", "--fix"]):
            result = pipseed(*words, env, code=None)
            assert result.code in (0, 1, 3, 4), result
            runs += 1
    return runs


@pytest.mark.parametrize("place", ["pip", "pip/_vendor", "pip-24.0.dist-info"])
def test_race_below_the_scheme(place, pipseed, old_env, outside):
    """A package's directory that becomes a link while we work is never followed."""
    before = snapshot(outside)
    with Swapper(site(old_env) / place, outside) as swapper:
        runs = churn(pipseed, old_env, 3)
    assert runs > 0 and swapper.swaps > 0
    assert snapshot(outside) == before


@as_root
@pytest.mark.parametrize("place", ["bin", "lib", "site-packages"])
def test_race_with_root(place, pipseed, old_env, outside):
    """The same with the scheme's own directories, when root works in another user's environment."""
    give(old_env.parent, NOBODY)
    before = snapshot(outside)
    directory = site(old_env) if place == "site-packages" else old_env / place
    with Swapper(directory, outside) as swapper:
        runs = churn(pipseed, old_env, 3)
    assert runs > 0 and swapper.swaps > 0
    assert snapshot(outside) == before


@as_root
@pytest.mark.parametrize("command", [["seed", "--packages", "pip", "--upgrade"], ["unseed", "--packages", "pip"]],
                         ids=["seed", "unseed"])
@pytest.mark.parametrize("place", ["bin", "site-packages"])
def test_root_follows_no_link_out(place, command, pipseed, old_env, outside):
    """Refused, with the path, whoever owns the environment, and for a dry run as well."""
    directory = site(old_env) if place == "site-packages" else old_env / place
    os.rename(directory, outside / "moved")
    directory.symlink_to(outside / "moved")
    before = snapshot(outside)
    for words in ([*command, "--dry-run"], command):
        result = pipseed(*words, old_env, code=3)
        assert "leads out of the environment" in result.stderr and str(directory) in result.stderr
    give(old_env.parent, NOBODY)
    result = pipseed(*command, old_env, code=3)
    assert "leads out of the environment" in result.stderr and str(directory) in result.stderr
    assert snapshot(outside) == before


@as_root
def test_root_follows_links_inside(pipseed, old_env):
    """lib64 is one of them."""
    os.rename(old_env / "bin", old_env / "bin2")
    (old_env / "bin").symlink_to("bin2")
    give(old_env.parent, NOBODY)
    pipseed("seed", "--packages", "pip", "--upgrade", old_env)
    pipseed("verify", "--packages", "pip", old_env)


@as_root
def test_way_through_another_user(pipseed, old_env, tmp_path):
    """A link in somebody's directory to an environment of root's: that user would choose what root works on."""
    home = tmp_path / "somebody"
    home.mkdir()
    (home / "env").symlink_to(old_env)
    give(home, NOBODY)
    before = snapshot(old_env)
    assert "can change the path" in pipseed("seed", "--upgrade", home / "env", code=3).stderr
    assert snapshot(old_env) == before


@as_root
def test_home_of_another_user(pipseed, old_env, tmp_path):
    """sudo with the caller's HOME and XDG_CACHE_HOME: nothing of root's stays there."""
    home = tmp_path / "caller"
    (home / ".cache/pipseed/v1/wheels").mkdir(parents=True)
    for directory in (home / ".cache/pipseed", home / ".cache/pipseed/v1", home / ".cache/pipseed/v1/wheels"):
        directory.chmod(0o700)
    give(home, NOBODY)
    before = snapshot(home)
    for extra in ({"HOME": home, "XDG_CACHE_HOME": None}, {"HOME": home, "XDG_CACHE_HOME": home / ".cache"},
                  {"HOME": home, "XDG_CACHE_HOME": home / "new/cache"}):
        pipseed("seed", "--packages", "pip", "--upgrade", old_env, env=extra)
        pipseed("unseed", "--packages", "pip", old_env, env=extra)
        pipseed("venv", "--clear", "-p", CPYTHON.exe, tmp_path / "fresh", env=extra)
        pipseed("doctor", tmp_path / "fresh", env=extra)
        assert snapshot(home) == before


@as_root
def test_protected_hardlinks(old_env, tmp_path):
    """A user's run where a file is not that user's: it cannot be linked, so it moves, and stays what it was."""
    with open("/proc/sys/fs/protected_hardlinks", encoding="ascii") as file:
        if file.read().strip() != "1":
            pytest.skip("fs.protected_hardlinks is not 1")
    reason = nobody_reason()
    if reason:
        pytest.skip(reason)
    give(old_env.parent, NOBODY)
    foreign = site(old_env) / "pip/foreign.txt"
    foreign.write_text("kept\n")
    foreign.chmod(0o644)
    inode = foreign.stat().st_ino
    let_through(tmp_path)
    extra = {"HOME": old_env.parent, "XDG_CACHE_HOME": old_env.parent / "cache"}
    run.run_pipseed(["seed", "--packages", "pip", "--upgrade", old_env], env=extra, wrap=AS_NOBODY)
    run.run_pipseed(["verify", "--packages", "pip", old_env], env=extra, wrap=AS_NOBODY, code=4)  # it is not RECORD's
    assert (foreign.stat().st_ino, foreign.stat().st_uid, foreign.read_text()) == (inode, 0, "kept\n")
    run.run_pipseed(["unseed", "--packages", "pip", old_env], env=extra, wrap=AS_NOBODY)
    assert (foreign.stat().st_ino, os.listdir(site(old_env) / "pip")) == (inode, ["foreign.txt"])
    assert not list(site(old_env).glob(".pipseed*"))


def nobody_reason():
    """Why another user cannot run the command here; empty when it can."""
    done = subprocess.run([*AS_NOBODY, run.command(), "--version"], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        done = subprocess.run([*AS_NOBODY, CPYTHON.exe, "-c", ""], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"another user cannot run what this needs: {done.stderr.strip()}"


def let_through(directory):
    """Another user gets to it, though pytest made it for this one alone."""
    for at in (directory, *directory.parents[:3]):
        if at.stat().st_uid == 0 and at != directory.anchor:
            os.chmod(at, at.stat().st_mode | 0o011)


@as_root
@pytest.mark.parametrize("mode", [0o000, 0o300, 0o400])
@pytest.mark.parametrize("command", [("seed", "--upgrade"), ("unseed",), ("verify",), ("doctor",), ("doctor", "--fix")], ids=" ".join)
def test_denied(command, mode, old_env, tmp_path):
    """A site-packages that may not be looked into is not an empty one, and no reason to suspect the base."""
    reason = nobody_reason()
    if reason:
        pytest.skip(reason)
    let_through(tmp_path)
    give(old_env.parent, NOBODY)
    before = snapshot(old_env)
    site(old_env).chmod(mode)
    result = run.run_pipseed([*command, old_env], wrap=AS_NOBODY, code=1,
                             env={"HOME": old_env.parent, "XDG_CACHE_HOME": old_env.parent / "cache"})
    assert "Permission denied" in result.stderr and str(site(old_env)) in result.stderr
    assert "base" not in result.stdout + result.stderr
    site(old_env).chmod(0o755)
    assert snapshot(old_env) == before


@as_root
def test_doctor_for_another_user(pipseed, old_env, outside):
    """root looks, and lets the owner repair."""
    (outside / "tool").write_text("#!/nowhere/bin/python3\n")
    os.rename(old_env / "bin", outside / "bin")
    (outside / "bin/tool").write_text("#!/nowhere/bin/python3\n")
    (old_env / "bin").symlink_to(outside / "bin")
    (site(old_env) / "~ip").mkdir()
    give(old_env.parent, NOBODY)
    before = snapshot(outside)
    assert "pip-leftover" in pipseed("doctor", old_env, code=4).stdout
    assert "repair it as that user" in pipseed("doctor", "--fix", old_env, code=3).stderr
    assert snapshot(outside) == before


def test_doctor_stays_in_its_root(pipseed, outside, tmp_path):
    """A link in an image that is absolute is one of the image."""
    root = tmp_path / "image"
    words = ["--root", root, "--python", CPYTHON.exe]
    pipseed("seed", "--packages", "pip", *words)
    directory = next(root.rglob("pip/__init__.py")).parent.parent
    shutil.move(directory, root / "moved")
    (outside / "~ip").mkdir()
    (root / "moved/~ip").mkdir()
    directory.symlink_to("/moved")
    before = snapshot(outside)
    found = pipseed("doctor", "--fix", "--json", *words).json
    assert [finding["code"] for finding in found["findings"]] == ["pip-leftover"]
    assert not (root / "moved/~ip").exists()
    directory.unlink()
    directory.symlink_to(outside)
    pipseed("doctor", "--fix", *words, code=None)
    assert snapshot(outside) == before


@as_root
def test_half_changed_by_another_user(pipseed, old_env):
    """Its journal is that user's to finish: nothing is changed on top of it."""
    staging = site(old_env) / ".pipseed-0123456789abcdef"
    staging.mkdir()
    give(staging, NOBODY)
    assert "leaving another user's" in pipseed("seed", "--packages", "pip", old_env).stderr
    (staging / "journal").write_text("x")
    give(staging, NOBODY)
    before = snapshot(old_env)
    result = pipseed("seed", "--packages", "pip", "--upgrade", old_env, code=1)
    assert f"user {NOBODY}" in result.stderr and "doctor --fix" in result.stderr
    assert snapshot(old_env) == before
    assert not pipseed("doctor", "--json", old_env, code=4).json["findings"][0]["repairable"]


ROWS = ["../../../../../outside/x", "{outside}/x", "/{outside}/__init__.py", "../../../bin/python3", "../../../bin/activate",
        "../../../pyvenv.cfg", "../../../lib64", "..", ".", "../../../../../../../../../../{outside}/pip3", "pip/../../../x",
        "pip/link/x", "pip/link/__init__.py"]


@pytest.mark.parametrize("command", [["seed", "--packages", "pip", "--upgrade"], ["unseed", "--packages", "pip"]],
                         ids=["upgrade", "unseed"])
def test_hostile_record(command, pipseed, old_env, outside):
    """Rows that lead elsewhere, also through a link, remove nothing there, nor the environment's own."""
    (site(old_env) / "pip/link").symlink_to(outside)
    record = next(site(old_env).glob("pip-*.dist-info")) / "RECORD"
    record.write_text(record.read_text() + "".join(f"{row.format(outside=outside)},,\n" for row in ROWS))
    before = snapshot(outside)
    mine = [old_env / name for name in ("bin/python3", "bin/activate", "pyvenv.cfg")]
    pipseed(*command, old_env)
    assert snapshot(outside) == before
    assert all(path.exists() for path in mine)
