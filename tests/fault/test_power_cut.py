# SPDX-License-Identifier: MIT
"""Power cuts: ext4 on a loop device is shut down under pipseed at a random moment (EXT4_IOC_SHUTDOWN), mounted again, and looked
at. The store must never give out a file that is not the wheel's; with install.durable = yes an environment is in the old or in
the new state once `pipseed seed` has run.

The boot does not change here, so an entry is known by its mount alone. PIPSEED_POWER_CUTS (4) says how many cuts for each case,
PIPSEED_FAULT_SEED which moments.
"""
import hashlib
import os
import random
import shutil
import subprocess
import time
import zipfile

import interpreters
import filesystems
import pytest
import fixtures
import run

CUTS = int(os.environ.get("PIPSEED_POWER_CUTS") or 4)

# mount options: ordered data is ext4's default; with writeback a file may have its size without its content.
DISKS = {"ordered": "loop", "writeback": "loop,data=writeback,nodelalloc"}

CASES = [("cold", False), ("cold", True), ("warm", False), ("warm", True), ("upgrade", True)]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """A pip 24 and a pip 26 of a hundred files each."""
    directory = tmp_path_factory.mktemp("wheels")
    for version in ("24.0", "26.0"):
        fixtures.small_pip(version, [f"pip/_vendor/v{version[:2]}m{i}.py" for i in range(100)]).write(directory)
    return directory


def contents(wheels):
    """{version: {path in site-packages: sha256}} of the wheels' files."""
    found = {}
    for path in wheels.glob("*.whl"):
        with zipfile.ZipFile(path) as archive:
            found[path.name.split("-")[1]] = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()
                                              if name.startswith("pip/")}
    return found


def start(args, known):
    """The command, running."""
    return subprocess.Popen([run.command(), *args], env=run.clean_environment(known), stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Bench:
    """One image, mounted again after each cut."""

    def __init__(self, directory, disk, wheels):
        self.image = filesystems.make_image(directory, 64)
        self.place = directory / "place"
        self.options = DISKS[disk]
        self.wheels = wheels
        self.place.mkdir()
        self.mount()

    def mount(self):
        """As after the next start of the machine."""
        subprocess.run(["mount", "-t", "ext4", "-o", self.options, self.image, self.place], check=True, capture_output=True)

    def unmount(self):
        """Also when something still ends there."""
        for _ in range(100):
            if subprocess.run(["umount", self.place], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise AssertionError(f"cannot unmount {self.place}")

    def known(self, durable):
        """What the command is told."""
        return {"XDG_CACHE_HOME": self.place / "cache", "PIPSEED_WHEELS_DIRS": self.wheels, "PIPSEED_WHEELS_BUNDLED": "no",
                "PIPSEED_WHEELS_REQUIRE_HASH": "no", "PIPSEED_SEED_PACKAGES": "pip", "HOME": self.place / "home",
                "PIPSEED_INSTALL_DURABLE": "yes" if durable else "no"}

    def cut(self, process, after, flag):
        """The power goes `after` seconds from now."""
        time.sleep(after)
        fd = os.open(self.place, os.O_RDONLY)
        try:
            filesystems.shut_down(fd, flag)
        finally:
            os.close(fd)
        process.wait(60)
        self.unmount()
        self.mount()


@pytest.fixture
def bench(request, tmp_path, wheels):
    """Of the disk that the test names."""
    if filesystems.loop_reason():
        pytest.skip(filesystems.loop_reason())
    made = Bench(tmp_path, request.param, wheels)
    yield made
    made.unmount()


def installed(env, version, files):
    """Are these the files that are there, all and whole?"""
    site = interpreters.site_packages(env)
    for path, digest in files.items():
        file = site / path
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            return f"{path} is not that of pip {version}"
    infos = [path.name for path in site.glob("pip-*.dist-info")]
    return "" if infos == [f"pip-{version}.dist-info"] else f"there is {infos}"


@pytest.mark.parametrize("bench", DISKS, indirect=True)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0] + (" durable" if case[1] else ""))
def test_cuts(bench, case, wheels, tmp_path, capsys):
    """After each cut the next seeding gives out whole files only; what the cut left is counted."""
    what, durable = case
    seed = fixtures.sample_seed()
    chance = random.Random(seed)
    files = contents(wheels)
    known = bench.known(durable)
    template = tmp_path / "template"
    interpreters.make_env(interpreters.any_python(), template)
    found = {"none": 0, "old": 0, "new": 0, "torn": 0}
    longest = 1.0
    for number in range(CUTS):
        env = bench.place / f"env{number}"
        shutil.copytree(template, env, symlinks=True)
        if what == "cold":
            shutil.rmtree(bench.place / "cache", ignore_errors=True)
        else:
            run.run_pipseed(["cache", "warm", env], env=known)
        if what == "upgrade":
            run.run_pipseed(["seed", env, "--pip", "<25"], env=known)
        (bench.place / "cache").mkdir(mode=0o700, exist_ok=True)
        os.sync()
        args = ["seed", env] + (["--upgrade"] if what == "upgrade" else [])
        began = time.monotonic()
        if number == 0:  # how long it takes here
            run.run_pipseed(args, env=known)
            longest = time.monotonic() - began
            process = start(["verify", env], known)
        else:
            process = start(args, known)
        bench.cut(process, chance.uniform(0, longest * 1.2), chance.choice([filesystems.NO_LOG_FLUSH, filesystems.LOG_FLUSH]))
        if env.exists() and (env / "bin/python").exists():
            old = installed(env, "24.0", files["24.0"]) == ""
            new = installed(env, "26.0", files["26.0"]) == ""
            none = not (interpreters.site_packages(env) / "pip").exists()
            found["old" if old else "new" if new else "none" if none else "torn"] += 1
            if durable:
                run.run_pipseed(args, env=known)
                wrong = installed(env, "26.0", files["26.0"])
                assert not wrong, f"seed {seed}, cut {number}: {wrong}"
                run.run_pipseed(["verify", env], env=known)
                assert not [path for path in interpreters.site_packages(env).iterdir() if ".pipseed" in path.name]
        # What the store gives out now, to an environment that the cut has nothing to do with.
        fresh = bench.place / f"fresh{number}"
        shutil.copytree(template, fresh, symlinks=True)
        run.run_pipseed(["seed", fresh], env=known)
        wrong = installed(fresh, "26.0", files["26.0"])
        assert not wrong, f"seed {seed}, cut {number}: {wrong}"
        run.run_pipseed(["verify", fresh], env=known)
        assert run.run_pipseed(["cache", "verify", "--json"], env=known, code=None).code in (0, 4)
        shutil.rmtree(fresh)
        shutil.rmtree(env, ignore_errors=True)
    with capsys.disabled():
        print(f"\n{CUTS} cuts, {what}{' durable' if durable else ''}: {found}; PIPSEED_FAULT_SEED={seed}")
