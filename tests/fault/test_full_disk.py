# SPDX-License-Identifier: MIT
"""Full disks: no bytes, no inodes, a limit on the size of files. Every size is tried from nothing to enough: below what is
needed the command fails, says why, and leaves what was there; then, with room, it succeeds."""
import errno
import os
import resource
import shutil
import subprocess

import interpreters
import filesystems
import pytest
import fixtures
import run

NO_SPACE = os.strerror(errno.ENOSPC)
TOO_BIG = os.strerror(errno.EFBIG)



@pytest.fixture
def small(tmp_path):
    """A file system of 8 MB and 600 inodes."""
    if filesystems.mount_reason():
        pytest.skip(filesystems.mount_reason())
    with filesystems.mounted("tmpfs", tmp_path / "small", "size=8m,nr_inodes=600,mode=700") as place:
        yield place


@pytest.fixture
def wheels(tmp_path):
    """Wheels of a pip 24 and a pip 26 that have some size."""
    directory = tmp_path / "wheels"
    directory.mkdir()
    for version in ("24.0", "26.0"):
        wheel = fixtures.small_pip(version, [f"pip/_vendor/m{i}.py" for i in range(20)])
        wheel.files["pip/_vendor/large.py"] = "".join(f"x{i} = {i * 7919}\n" for i in range(8000))
        wheel.write(directory)
    return directory


def variables(wheels, cache, **more):
    """What the command is told."""
    return {"XDG_CACHE_HOME": cache, "PIPSEED_WHEELS_DIRS": wheels, "PIPSEED_WHEELS_BUNDLED": "no", "PIPSEED_SEED_PACKAGES": "pip",
            "PIPSEED_WHEELS_REQUIRE_HASH": "no", **more}


def leftovers(directory):
    """What no run may leave."""
    return [os.path.join(here, name) for here, directories, names in os.walk(directory) for name in directories + names
            if ".pipseed" in name or os.path.basename(here) == "tmp"]


def fill(place, options):
    """Takes what a tmpfs has left, but for some kilobytes or inodes; returns how to give it back."""
    kind, left = options
    ballast = os.path.join(place, "ballast")
    info = os.statvfs(place)
    if kind == "bytes":
        with open(ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, info.f_bavail * info.f_frsize - left))
        return lambda: os.unlink(ballast)
    os.mkdir(ballast)
    for i in range(max(0, info.f_favail - 1 - left)):
        os.close(os.open(os.path.join(ballast, str(i)), os.O_CREAT | os.O_WRONLY, 0o600))
    return lambda: shutil.rmtree(ballast)


STEPS = [("bytes", kilobytes << 10) for kilobytes in (0, 4, 16, 64, 128, 256, 512, 1024)] + [
    ("inodes", count) for count in (0, 1, 2, 5, 10, 20, 40, 80, 120)]


# All steps for the upgrade on one full disk, every third of them for the other ways of sharing it.
FULL = [("upgrade", "both", step) for step in STEPS] + [
    (what, where, step) for i, (what, where) in enumerate((what, where) for what in ("seed", "upgrade", "venv")
                                                          for where in ("environment", "store", "both"))
    for k, step in enumerate(STEPS) if (what, where) != ("upgrade", "both") and (i + k) % 3 == 0]


@pytest.mark.parametrize("what,where,step", FULL, ids=lambda value: f"{value[1]}-{value[0]}" if isinstance(value, tuple) else value)
def test_full(what, where, step, small, tmp_path, wheels, pipseed):
    """One file system for the environment, for the store, or for both; copies, so that the target needs room, too."""
    target = small if where != "store" else tmp_path
    cache = small / "cache" if where != "environment" else tmp_path / "cache"
    cache.mkdir()
    env = target / "env"
    if what != "venv":
        interpreters.make_env(interpreters.any_python(), env)
    if what == "upgrade":
        pipseed("seed", env, "--pip", "<25", env=variables(wheels, tmp_path / "other", PIPSEED_INSTALL_LINK_MODE="copy"))
    args = {"seed": ["seed", env], "upgrade": ["seed", "--upgrade", env], "venv": ["venv", env]}[what]
    known = variables(wheels, cache, PIPSEED_INSTALL_LINK_MODE="copy")
    before = fixtures.snapshot(env)
    give_back = fill(small, step)
    result = pipseed(*args, env=known, code=None)
    if result.code != 0:
        assert result.code == 1, result
        assert NO_SPACE in result.stderr, result
        assert fixtures.snapshot(env) == before, fixtures.difference(before, fixtures.snapshot(env))
    assert leftovers(small) == [] and leftovers(env) == []
    give_back()
    pipseed(*args, env=known)
    assert leftovers(small) == [] and leftovers(env) == []
    pipseed("verify", env, env=known)
    pipseed("cache", "verify", env=known)
    assert [path.name for path in interpreters.site_packages(env).glob("pip-*")] == ["pip-26.0.dist-info"]


def limit(size):
    """For subprocess: files of more than size bytes cannot be written. SIGXFSZ is as the caller leaves it: deadly."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("what", ["seed", "upgrade", "venv"])
@pytest.mark.parametrize("size", [0, 1, 100, 1000, 4096, 20000, 100000, 150000])
def test_file_size_limit(what, size, tmp_path, wheels, pipseed):
    """The limit's signal would end the command half-way; it has to fail as any other does."""
    cache = tmp_path / "cache"
    cache.mkdir()
    env = tmp_path / "env"
    known = variables(wheels, cache)
    if what != "venv":
        interpreters.make_env(interpreters.any_python(), env)
    if what == "upgrade":
        pipseed("seed", env, "--pip", "<25", env=known)
        shutil.rmtree(cache)
        cache.mkdir()
    args = {"seed": ["seed", env], "upgrade": ["seed", "--upgrade", env], "venv": ["venv", env]}[what]
    before = fixtures.snapshot(env)
    done = subprocess.run([run.command(), *args], env=run.clean_environment(known), cwd=tmp_path, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limit(size), check=False)
    assert done.returncode == 1, done
    # What the interpreter that compiles could not write, it says itself.
    assert TOO_BIG in done.stderr, done
    assert fixtures.snapshot(env) == before, fixtures.difference(before, fixtures.snapshot(env))
    assert leftovers(env) == [] and leftovers(cache) == []
    pipseed(*args, env=known)
    pipseed("verify", env, env=known)
    pipseed("cache", "verify", env=known)
