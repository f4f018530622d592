# SPDX-License-Identifier: MIT
"""With the wheels inside pipseed: every interpreter gets the newest pip that it admits, and that pip works."""
import json
import re

import interpreters
import mkwheel
import run

# The newest pip that this Python admits; scripts/refresh-wheels changes what the bundle has, and then this.
NEWEST = {(3, 6): "21.3.1", (3, 7): "24.0", (3, 8): "25.0.1", (3, 9): "26.0.1"}
NEWER = "26.3"
OF_PIP = re.compile(r"pip([-.\d].*)?$")


def of_pip(env):
    """Names in the environment that belong to pip."""
    return sorted(str(path.relative_to(env)) for path in env.rglob("*")
                  if OF_PIP.match(path.name) and path.parent.name in ("bin", "site-packages", "__pycache__"))


def test_newest_pip_works(python, new_env, pipseed, tmp_path, home):
    """--version, check, list, install of a local wheel, and uninstall of pip itself."""
    env = new_env(python)
    before = {path for path in env.rglob("*")}
    pipseed("seed", env, "--default-pip")
    expected = NEWEST.get(python.minor, NEWER)

    def pip(*args, code=0):
        return run.run([env / "bin/pip", *args], env={"HOME": home, "XDG_CACHE_HOME": None}, code=code)

    shown = pip("--version").stdout
    assert shown.split()[:2] == ["pip", expected]
    assert f"(python {python.minor[0]}.{python.minor[1]})" in shown
    assert str(interpreters.site_packages(env)) in shown
    pip("check")
    listed = pip("list", "--format=json", "--path", interpreters.site_packages(env))
    versions = {each["name"]: each["version"] for each in json.loads(listed.stdout)}
    assert versions.pop("pip") == expected
    assert set(versions) == ({"setuptools"} if python.has_setuptools else set())
    assert "notice" not in listed.stderr and "WARNING: You are using pip" not in listed.stderr

    wheel = mkwheel.Wheel("parcel", "1.2", files={"parcel/__init__.py": b"answer = 42\n"}).write(tmp_path)
    pip("install", "--no-index", wheel)
    run.run([env / "bin/python", "-c", "import parcel; assert parcel.answer == 42"])
    pip("check")
    pip("uninstall", "-y", "parcel")

    pip("uninstall", "-y", "pip")
    assert of_pip(env) == []
    left = {path for path in env.rglob("*")} - before
    setuptools = re.compile(r"(setuptools|pkg_resources|_distutils_hack|distutils-precedence|easy_install|__pycache__)")
    assert [path for path in left if not setuptools.search(str(path.relative_to(env)))] == []
    run.run([env / "bin/python", "-m", "pip", "--version"], code=1)


def test_scripts_of_each_name_run(python, new_env, pipseed):
    """pip, pipX, pipX.Y: all there with --default-pip and all the same pip."""
    env = new_env(python)
    pipseed("seed", env, "--default-pip")
    major, minor = python.minor
    names = ("pip", f"pip{major}", f"pip{major}.{minor}")
    shown = {run.run([env / "bin" / name, "--version"]).stdout for name in names}
    assert len(shown) == 1
    assert NEWEST.get(python.minor, NEWER) in shown.pop()


def test_bytecode_is_used(python, new_env, pipseed):
    """The .pyc files are valid: Python does not write a single one again."""
    env = new_env(python)
    pipseed("seed", env)
    compiled = {path: path.stat().st_mtime_ns for path in env.rglob("*.pyc")}
    assert compiled
    run.run([env / "bin/python", "-m", "pip", "--version"])
    run.run([env / "bin/python", "-m", "pip", "list"])
    after = {path: path.stat().st_mtime_ns for path in env.rglob("*.pyc")}
    assert after == compiled
