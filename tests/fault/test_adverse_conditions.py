# SPDX-License-Identifier: MIT
"""Adverse conditions: names of paths, locales, umasks, homes, stores, closed streams, a current directory that is gone, clocks.
Not every combination, but every pair of values occurs; which rows that makes is decided by a seed (PIPSEED_FAULT_SEED).

In each the command has to work, the generated scripts have to run, and modes have to follow the umask.
"""
import itertools
import os
import random
import re
import shutil
import stat
import subprocess

import interpreters
import pytest
import fixtures
import run

NOBODY = 65534
IS_ROOT = os.geteuid() == 0

LONG = "/".join(["d" * 200] * 17)  # what lies below still has to fit into PATH_MAX

AXES = {
    "path": {"plain": b"plain", "blank": b"with blank", "quotes": b"it's \"quoted\"", "dollar": b"$(touch hacked)`id`$HOME",
             "newline": b"two\nlines", "bytes": b"\xff\xfe-\xe9", "utf8": "\u65e5\u672c-\u00e9".encode(),
             "percent": b"%s%n\\n;&|<>*?[]{}!#~", "dash": b"-rf", "long": LONG.encode()},
    "locale": {"utf8": "C.UTF-8", "C": "C", "missing": "xx_YY.ISO-8859-15", "unset": None},
    "umask": {"022": 0o022, "000": 0, "077": 0o077, "027": 0o027},
    "home": {name: name for name in ("set", "unset", "missing", "read-only", "someone else's", "file")},
    "cache": {name: name for name in ("home", "cold", "warm", "read-only", "open to others", "file")},
    "streams": {"open": (), "no stdin": (0,), "no stdout": (1,), "no stderr": (2,), "none": (0, 1, 2)},
    "cwd": {name: name for name in ("there", "gone", "forbidden")},
    "clock": {"now": None, "1970": 1, "future": 4102444800},
    "command": {name: name for name in ("seed", "upgrade", "venv", "unseed")},
}


def pairwise(chance):
    """Rows {axis: name of a value} so that each pair of values of two axes is in one, and no row is there for nothing."""
    names = list(AXES)
    missing = {frozenset([(a, x), (b, y)]) for a, b in itertools.combinations(names, 2) for x in AXES[a] for y in AXES[b]}
    rows = []
    while missing:
        row = dict(chance.choice(sorted(sorted(pair) for pair in missing)))
        for name in chance.sample(names, len(names)):
            if name not in row:
                def gain(value, row=row, name=name):
                    return sum(frozenset([(name, value), other]) in missing for other in row.items())

                values = chance.sample(list(AXES[name]), len(AXES[name]))
                row[name] = max(values, key=gain)
        missing -= {frozenset(pair) for pair in itertools.combinations(row.items(), 2)}
        rows.append(row)
    return rows


class Place:
    """What a row asks for, made."""

    def __init__(self, directory, row):
        self.row = row
        self.value = {axis: AXES[axis][name] for axis, name in row.items()}
        self.directory = os.fsencode(directory)
        self.top = os.path.join(self.directory, self.value["path"])
        os.makedirs(self.top)
        self.env = os.path.join(self.top, b"env")
        self.home = os.path.join(self.directory, b"home")
        self.cache = os.path.join(self.directory, b"cache")
        self.wheels = os.path.join(self.directory, b"wheels")
        self.cwd = os.path.join(self.directory, b"cwd")
        os.mkdir(self.cwd)
        os.mkdir(self.wheels)
        for version in ("24.0", "26.0"):
            fixtures.small_pip(version, []).write(os.fsdecode(self.wheels))
        self._make_home()
        self.variables = self._variables()

    def _make_home(self):
        how = self.value["home"]
        if how == "file":
            with open(self.home, "wb"):
                return
        if how != "missing":
            os.mkdir(self.home)
        if how == "read-only":
            os.chmod(self.home, 0o500)
        if how == "someone else's" and IS_ROOT:
            os.chown(self.home, NOBODY, NOBODY)

    def _variables(self):
        values = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": self.home, "PIPSEED_WHEELS_DIRS": self.wheels,
                  "PIPSEED_WHEELS_BUNDLED": "no", "PIPSEED_WHEELS_REQUIRE_HASH": "no", "PIPSEED_SEED_PACKAGES": "pip",
                  "TMPDIR": self.directory}
        if self.value["home"] == "unset":
            del values["HOME"]
        if self.value["locale"] is not None:
            values["LC_ALL"] = self.value["locale"]
        if self.value["cache"] != "home":
            values["XDG_CACHE_HOME"] = self.cache
        return values

    def make_cache(self, python):
        """The store, as the row wants it."""
        how = self.value["cache"]
        if how == "file":
            with open(self.cache, "wb"):
                return
        if how != "home":
            os.mkdir(self.cache, 0o700)
        if how in ("warm", "read-only"):
            self.plain(["cache", "warm", python])
        if how == "read-only":
            for here, _, _ in os.walk(self.cache):
                os.chmod(here, 0o500)
        if how == "open to others":
            os.mkdir(os.path.join(self.cache, b"pipseed"))
            os.chmod(os.path.join(self.cache, b"pipseed"), 0o777)

    def plain(self, args, code=0):
        """The command in the same variables, but with open streams and in a directory that is there."""
        done = subprocess.run([run.command(), *args], env=self.variables, cwd=self.directory, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=120)
        assert done.returncode == code, done
        return done

    def set_clock(self, *directories):
        """Every file looks as if it were of that time."""
        if self.value["clock"] is None:
            return
        for top in directories:
            for here, _, names in os.walk(top):
                for path in [here] + [os.path.join(here, name) for name in names]:
                    os.utime(path, (self.value["clock"],) * 2, follow_symlinks=False)

    def hostile(self, args):
        """The command in all of it; what it said goes to files."""
        closed, cwd, how = self.value["streams"], self.cwd, self.value["cwd"]

        def enter():
            os.chdir(cwd)
            if how == "gone":
                os.rmdir(cwd)
            elif how == "forbidden":
                os.chmod(cwd, 0)
            os.umask(self.value["umask"])
            for fd in closed:
                os.close(fd)

        with open(os.path.join(self.directory, b"out"), "w+b") as out, open(os.path.join(self.directory, b"err"), "w+b") as err:
            done = subprocess.run([run.command(), *args], env=self.variables, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                  preexec_fn=enter, check=False, timeout=120)
            out.seek(0)
            err.seek(0)
            return done.returncode, out.read() + err.read()


def check_modes(place, site):
    """Plain files of pip as the umask says, in a package's directory as everywhere."""
    umask = place.value["umask"]
    for here, directories, names in os.walk(os.path.join(site, b"pip")):
        for name in names:
            mode = stat.S_IMODE(os.stat(os.path.join(here, name)).st_mode)
            assert mode == 0o666 & ~umask, (os.path.join(here, name), oct(mode))
        for name in directories:
            mode = stat.S_IMODE(os.stat(os.path.join(here, name)).st_mode)
            assert mode == 0o777 & ~umask, (os.path.join(here, name), oct(mode))
    mode = stat.S_IMODE(os.stat(os.path.join(place.env, b"bin/pip3")).st_mode)
    assert mode == (0o666 & ~umask) | 0o555, oct(mode)


def check_scripts(place):
    """They run, with arguments, from anywhere."""
    for name in (b"pip3", b"pip3.%d" % interpreters.any_python().version[1]):
        done = subprocess.run([os.path.join(place.env, b"bin", name), "--version"], cwd="/", env={"PATH": "/usr/bin:/bin"},
                              capture_output=True, check=False, timeout=60)
        assert done.returncode == 0 and b"pip/_internal/cli/main.py" in done.stdout, done


def site_of(place):
    """site-packages, as bytes."""
    python = interpreters.any_python()
    return os.path.join(place.env, b"lib", b"python%d.%d" % python.version[:2], b"site-packages")


def try_row(directory, row):
    """One row."""
    python = interpreters.any_python()
    place = Place(directory, row)
    command = place.value["command"]
    if command != "venv":
        # Made elsewhere: venv itself knows no such names.
        interpreters.make_env(python, os.path.join(os.fsdecode(place.directory), "made"))
        os.rename(os.path.join(place.directory, b"made"), place.env)
    if command in ("upgrade", "unseed"):
        place.plain(["seed", "--pip", "<25", place.env])
    if place.value["cache"] != "home":
        shutil.rmtree(place.cache, ignore_errors=True)
    place.make_cache(python.exe)
    place.set_clock(place.env, place.wheels)
    args = {"seed": ["seed", place.env], "upgrade": ["seed", "--upgrade", place.env], "unseed": ["unseed", place.env],
            "venv": ["venv", "-p", python.exe, place.env]}[command]
    code, said = place.hostile(args)
    assert code == 0, (code, said)
    assert not os.path.exists(os.path.join(place.directory, b"hacked"))
    leftovers = [name for name in os.listdir(site_of(place)) + os.listdir(place.top) if b".pipseed" in name]
    assert leftovers == []
    if command == "unseed":
        assert [name for name in os.listdir(site_of(place)) if name.startswith(b"pip")] == []
        return
    if 1 not in place.value["streams"] and 2 not in place.value["streams"]:
        assert b"26.0" in said
    check_modes(place, site_of(place))
    check_scripts(place)
    # With umask 000 anybody can change what was installed, and that is all that there is to say.
    is_open = place.value["umask"] == 0
    done = place.plain(["verify", place.env], code=4 if is_open else 0)
    assert re.findall(rb"^([a-z]+-[a-z-]+): ", done.stdout, re.M) == ([b"install-mode"] if is_open else []), done


def test_pairs(tmp_path, capsys):
    """Every pair."""
    seed = fixtures.sample_seed()
    rows = pairwise(random.Random(seed))
    failed = []
    for number, row in enumerate(rows):
        directory = tmp_path / str(number)
        directory.mkdir()
        try:
            try_row(directory, row)
        except (AssertionError, OSError) as error:
            failed.append(f"{row}: {type(error).__name__}: {error}")
        subprocess.run(["chmod", "-R", "u+rwX", directory], check=False)
        shutil.rmtree(os.fsencode(directory), ignore_errors=True)
    with capsys.disabled():
        print(f"\n{len(rows)} conditions; PIPSEED_FAULT_SEED={seed}")
    assert not failed, f"PIPSEED_FAULT_SEED={seed}\n" + "\n".join(failed)


def test_someone_elses_home(tmp_path):
    """root leaves nothing in it."""
    if not IS_ROOT:
        pytest.skip("needs root, to have somebody else's HOME")
    place = Place(tmp_path, {axis: next(iter(values)) for axis, values in AXES.items()} | {"home": "someone else's"})
    interpreters.make_env(interpreters.any_python(), os.fsdecode(place.env))
    place.plain(["seed", place.env])
    assert os.listdir(place.home) == []
