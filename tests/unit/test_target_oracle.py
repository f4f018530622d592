# SPDX-License-Identifier: MIT
"""core/target against the interpreters themselves.

For each Python that is found, environments of every kind are made, and what the library says about them (the program
target_facts) is compared with what the environment's own python says through sys, site, sysconfig, importlib, and with the
install scheme that the pip of that Python's own ensurepip computes there.
"""
import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from pythons import clean_environ, find_pythons, make_env

BUILD = os.environ.get("PIPSEED_BUILD")
PROGRAM = Path(BUILD or "/nonexistent") / "tests" / "target_facts"
pytestmark = [
    pytest.mark.skipif(not BUILD, reason="PIPSEED_BUILD is not set"),
    pytest.mark.skipif(bool(BUILD) and not PROGRAM.exists(), reason=f"{PROGRAM} is not built"),
]

PYTHONS = find_pythons()
each_python = pytest.mark.parametrize("python", PYTHONS, ids=lambda p: p.id)

# Runs in the environment, without -I, as venv runs ensurepip. argv: a directory with pip in it.
ASK = r"""
import binascii, importlib.util, json, os, site, sys, sysconfig
path = [p for p in sys.path if p and os.path.isdir(p)]
h = lambda p: None if p is None else binascii.hexlify(os.fsencode(p)).decode()
sys.path.insert(0, sys.argv[1])
try:
    from pip._internal.locations import get_scheme
    pip_scheme = lambda user: get_scheme("NAME", user=user)
except ImportError:
    from pip._internal.locations import distutils_scheme
    pip_scheme = lambda user: type("scheme", (), distutils_scheme("NAME", user=user))
def scheme(user):
    s = pip_scheme(user)
    out = {k: h(getattr(s, k)) for k in ("purelib", "platlib", "scripts", "data")}
    out["headers"] = h(os.path.dirname(s.headers))
    return out
stdlib = sysconfig.get_path("stdlib")
own = {os.path.realpath(p) for p in (stdlib, sysconfig.get_path("platstdlib"), os.path.dirname(os.__file__))}
own |= {os.path.join(p, "lib-dynload") for p in own}
print(json.dumps({
    "prefix": h(sys.prefix), "base_prefix": h(sys.base_prefix), "version_info": list(sys.version_info[:3]),
    "version": ".".join(map(str, sys.version_info[:3])), "is_venv": sys.prefix != sys.base_prefix,
    "cache_tag": sys.implementation.cache_tag, "magic": binascii.hexlify(importlib.util.MAGIC_NUMBER).decode(),
    "implementation": sys.implementation.name, "is_pypy": sys.implementation.name == "pypy",
    "platform": sysconfig.get_platform().replace("-", "_").replace(".", "_"),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "stdlib": h(stdlib), "user_site_enabled": bool(site.ENABLE_USER_SITE), "scheme": scheme(False),
    "user_scheme": scheme(True), "search": [h(p) for p in path if os.path.realpath(p) not in own],
}))
"""

BASE_NAME = "import os, sys; print(os.path.basename(getattr(sys, '_base_executable', None) or sys.executable))"


def run_python(exe, code, *args, environ, cwd):
    done = subprocess.run([os.fspath(exe), "-c", code, *map(os.fspath, args)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, cwd=cwd)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def run_facts(*args, environ, code=0):
    done = subprocess.run([os.fspath(PROGRAM), *map(os.fspath, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=environ)
    assert done.returncode == code, (done.stdout + done.stderr).decode(errors="replace")
    return json.loads(done.stdout)


@functools.lru_cache(maxsize=None)
def pip_dir(python):
    """The wheel unpacked, so that its bytecode is kept from one question to the next."""
    directory = tempfile.TemporaryDirectory(prefix="pipseed-oracle-")
    atexit.register(directory.cleanup)
    with zipfile.ZipFile(pip_wheel(python)) as wheel:
        wheel.extractall(directory.name)
    return directory.name


def pip_wheel(python):
    wheels = sorted(python.bundled.glob("pip-*.whl")) if python.bundled else []
    if not wheels:
        pytest.skip(f"{python.id} has no wheel of pip to ask")
    return wheels[-1]


def readable(value):
    """Paths back from hexadecimal, for messages of failed comparisons."""
    if isinstance(value, dict):
        return {k: readable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [readable(v) for v in value]
    if isinstance(value, str) and value.startswith("2f"):
        return os.fsdecode(bytes.fromhex(value))
    return value


class Surrounding:
    """A home, a cache and an empty current directory of the test's own."""

    def __init__(self, tmp_path):
        self.tmp = tmp_path
        self.home = tmp_path / "home"
        self.cwd = tmp_path / "cwd"
        self.home.mkdir()
        self.cwd.mkdir()

    def environ(self, **changes):
        return clean_environ(HOME=str(self.home), **changes)

    def ask(self, python, exe, **changes):
        """What the interpreter says about itself."""
        local = self.home / ".local"
        existed = local.exists()
        said = readable(json.loads(run_python(exe, ASK, pip_dir(python), environ=self.environ(**changes), cwd=self.cwd)))
        # distutils makes the user's directory when it is asked for that scheme.
        if not existed:
            shutil.rmtree(local, ignore_errors=True)
        return said

    def compare(self, expected, *query, **changes):
        """What target_facts says about `query` is what the interpreter said. Returns the facts."""
        facts = readable(run_facts("--cache", self.tmp / "cache", *query, environ=self.environ(**changes)))
        user = dict(facts["user_scheme"])
        if expected["is_venv"]:
            # Refused in an environment, so never asked for: pip moves its headers there.
            user["headers"] = expected["user_scheme"]["headers"]
        assert {k: facts[k] for k in expected} | {"user_scheme": user} == expected
        if facts["is_venv"]:
            # Only the base is ever run.
            assert not facts["run_exe"].startswith(facts["prefix"] + "/") and os.access(facts["run_exe"], os.X_OK)
        else:
            assert facts["run_exe"] == facts["exe"]
        return facts

    def check(self, python, exe, *query, **changes):
        return self.compare(self.ask(python, exe, **changes), *query, **changes)


@pytest.fixture
def around(tmp_path):
    return Surrounding(tmp_path)


def exe_name(python, around):
    return run_python(python, BASE_NAME, environ=around.environ(), cwd=around.cwd).decode().strip()


def check_env(around, python, maker, env, *args):
    """One environment, asked for in every way."""
    env = make_env(maker, env, *args)
    exe = env / "bin" / exe_name(maker, around)
    assert exe.exists()
    said = around.ask(python, exe)
    first = around.compare(said, "--env", env)
    assert first["exe"] == str(exe)
    for query, changes in (
        (("--env", env), {}),
        (("--python", exe), {}),
        (("--python", env / "bin" / "python"), {}),
        ((), {"VIRTUAL_ENV": str(env)}),
    ):
        again = around.compare(said, *query, **changes)
        assert not again["was_probed"], "the answer of the base is remembered"
    return env


KINDS = {
    "plain": [],
    "system-site": ["--system-site-packages"],
    "copies": ["--copies"],
    "copies-system-site": ["--copies", "--system-site-packages"],
}


@each_python
@pytest.mark.parametrize("kind", KINDS)
def test_kinds(around, python, kind):
    if "--copies" in KINDS[kind] and python.is_pypy and str(python.path).startswith("/usr/bin/"):
        pytest.skip("PyPy's venv --copies copies all of its lib directory, here /usr/lib")
    check_env(around, python, python.path, around.tmp / "env", *KINDS[kind])


@each_python
@pytest.mark.parametrize("name", ["a space", "quo'te\"d", "dollar$(x)", "new\nline", "ümlaut", "bytes-\udcff\udcfe"], ids=ascii)
def test_odd_paths(around, python, name):
    try:
        make_env(python, around.tmp / "probe" / name)
    except (RuntimeError, OSError) as error:
        pytest.skip(f"venv itself cannot: {str(error)[-120:]}")
    check_env(around, python, python.path, around.tmp / name)


@each_python
def test_nested(around, python):
    outer = check_env(around, python, python.path, around.tmp / "outer")
    inner = check_env(around, python, outer / "bin" / "python", around.tmp / "inner")
    check_env(around, python, inner / "bin" / "python3", around.tmp / "innermost", "--system-site-packages")


@each_python
def test_symlinked_interpreter(around, python):
    link = around.tmp / "links" / "python-of-mine"
    link.parent.mkdir()
    link.symlink_to(python.path)
    check_env(around, python, link, around.tmp / "env")
    facts = around.check(python, link, "--python", link)
    assert facts["exe"] == str(link)


@each_python
def test_symlinked_environment(around, python):
    make_env(python, around.tmp / "env")
    link = around.tmp / "link"
    link.symlink_to("env")
    exe = link / "bin" / exe_name(python.path, around)
    facts = around.check(python, exe, "--env", link)
    assert facts["prefix"] == str(link) and facts["exe"] == str(exe)


@each_python
def test_link_to_the_interpreter_of_an_environment(around, python):
    """A link elsewhere is not in the environment: pyvenv.cfg is looked for beside the name that was invoked."""
    env = make_env(python, around.tmp / "env")
    link = around.tmp / "elsewhere" / "python3"
    link.parent.mkdir()
    link.symlink_to(env / "bin" / "python3")
    around.check(python, link, "--python", link)


@each_python
@pytest.mark.parametrize("changes", [{}, {"PYTHONNOUSERSITE": "1"}, {"PYTHONUSERBASE": "/tmp/pipseed user base"}], ids=repr)
def test_interpreter_itself(around, python, changes):
    site = around.home / ".local" / "lib" / f"{'pypy' if python.is_pypy else 'python'}{python.short}" / "site-packages"
    site.mkdir(parents=True)
    (around.home / "extra").mkdir()
    (site / "extra.pth").write_text(f"{around.home}/extra\n")
    facts = around.check(python, python.path, "--python", python.path, **changes)
    assert facts["exe"] == str(python.path)
    assert (str(around.home / "extra") in facts["search"]) is (changes == {})
    assert not around.check(python, python.path, "--python", python.path, **changes)["was_probed"]


@each_python
@pytest.mark.parametrize("kind", ["plain", "system-site"])
def test_pth_files(around, python, kind):
    env = make_env(python, around.tmp / "env", *KINDS[kind])
    site = Path(readable(run_facts("--env", env, environ=around.environ()))["scheme"]["purelib"])
    for directory in ("relative", "dotted/deep", "absolute", "import sys", "carriage", "last", "after-nul", "noeol"):
        (site / directory).mkdir(parents=True)
    (site / "b.pth").write_bytes(
        b"# comment\n\n   \nrelative\nrelative\nmissing\ndotted/../dotted/deep  \n" + bytes(site / "absolute") + b"\n"
        b"import sys\nimport\tos\ncarriage\r\nnoeol")
    (site / "a.pth").write_text("last\n")
    (site / "c.pth").mkdir()
    (site / "e.pthx").write_text("after-nul\n")
    user = around.home / ".local" / "lib" / f"{'pypy' if python.is_pypy else 'python'}{python.short}" / "site-packages"
    user.mkdir(parents=True)
    exe = env / "bin" / "python3"
    facts = around.check(python, exe, "--env", env)
    assert [Path(p).name for p in facts["search"]][:4] == ["site-packages", "last", "relative", "deep"]
    assert (str(user) in facts["search"]) is (kind == "system-site")


@each_python
def test_prefix_dir(around, python):
    """A directory that is not an environment but has bin/python3: a copied installation, named by --python alone."""
    prefix = python.path.parent.parent
    if str(prefix) == "/usr":
        pytest.skip("the system's own prefix is not copied")
    copy = around.tmp / "copied prefix"
    subprocess.run(["cp", "-al", str(prefix), str(copy)], check=True)
    facts = around.check(python, copy / "bin" / "python3", "--python", copy)
    assert facts["prefix"] == str(copy) and not facts["is_venv"]
    answer = run_facts("--env", copy, environ=around.environ(), code=1)
    assert answer["code"] == "no-target" and "is not an environment" in answer["message"]


@each_python
def test_base_gone(around, python):
    link = around.tmp / "base" / "bin" / "python3"
    link.parent.mkdir(parents=True)
    link.symlink_to(python.path)
    env = make_env(link, around.tmp / "env")
    link.unlink()
    for query in (("--env", env), ("--python", env / "bin" / "python3")):
        answer = run_facts(*query, environ=around.environ(), code=1)
        assert answer["code"] == "bad-target"
        assert str(link) in answer["message"] and "python3 -m venv --clear" in answer["hint"]


def test_shim(around):
    """A script that runs a Python: its own answer is not remembered, that of the Python is."""
    shim = around.tmp / "bin" / "python3"
    shim.parent.mkdir()
    chosen = around.tmp / "chosen"
    shim.write_text(f'#!/bin/sh\nexec "$(cat {chosen})" "$@"\n')
    shim.chmod(0o755)
    for python in PYTHONS[:2] * 2:
        chosen.write_text(str(python.path))
        facts = around.check(python, shim, "--python", shim)
        assert facts["exe"] == str(python.path) and facts["was_probed"]
        facts = around.check(python, shim, "--python", "python3", PATH=f"{shim.parent}:/usr/bin:/bin")
        assert facts["exe"] == str(python.path)
    env = make_env(PYTHONS[0], around.tmp / "env")
    chosen.write_text(str(env / "bin" / "python3"))
    facts = around.check(PYTHONS[0], shim, "--python", shim)
    assert facts["is_venv"] and facts["prefix"] == str(env)


def test_shim_of_a_version_that_is_not_in_use(around):
    """The next interpreter of that name on PATH is taken."""
    shim = around.tmp / "bin" / "python3"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\necho 'shim: python3: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    real = PYTHONS[0].path
    environ = around.environ(PATH=f"{shim.parent}:{real.parent}:/usr/bin:/bin")
    facts = readable(run_facts(environ=environ))
    assert facts["exe"] == str(real.parent / "python3")
    answer = run_facts("--python", shim, environ=environ, code=1)
    assert answer["code"] == "probe-failed" and "command not found" in answer["message"]


@pytest.mark.parametrize("python", [p for p in PYTHONS if p.path.name == "python3" and not p.is_pypy], ids=lambda p: p.id)
def test_version_as_name(around, python):
    if not (python.path.parent / f"python{python.short}").exists():
        pytest.skip("no interpreter by its version here")
    environ = around.environ(PATH=str(python.path.parent))
    facts = readable(run_facts("--python", python.short, environ=environ))
    assert facts["exe"] == str(python.path.parent / f"python{python.short}") and facts["version"].startswith(python.short)


def test_python_2_is_refused(around):
    old = next(Path.home().glob(".pyenv/versions/2.*/bin/python"), None)
    if old is None:
        pytest.skip("no Python 2 here")
    assert run_facts("--python", old, environ=around.environ(), code=1)["code"] == "bad-target"


@each_python
def test_nothing_of_the_caller_is_run(around, python):
    """Neither variables nor sitecustomize nor .pth files take part in a probe."""
    trap = around.tmp / "trap"
    trap.mkdir()
    mark = around.tmp / "mark"
    for name in ("__future__.py", "sitecustomize.py", "sysconfig.py", "json.py", "site.py"):
        (trap / name).write_text(f"open({str(mark)!r}, 'w').close()\n")
    user = around.home / ".local" / "lib" / f"{'pypy' if python.is_pypy else 'python'}{python.short}" / "site-packages"
    user.mkdir(parents=True)
    (user / "x.pth").write_text(f"import os; open({str(mark)!r}, 'w').close()\n")
    trapped = around.environ(PYTHONPATH=str(trap), PYTHONHOME="/nonexistent", _PYTHON_SYSCONFIGDATA_NAME="nonsense")
    facts = run_facts("--python", python.path, environ=trapped)
    assert facts["was_probed"] and not mark.exists()
    assert facts == run_facts("--python", python.path, environ=around.environ())


def test_cache_is_checked(around):
    """Damaged, foreign or open to others: asked again, and repaired."""
    python = PYTHONS[0]
    environ = around.environ()
    cache = around.tmp / "cache"

    def ask():
        return run_facts("--cache", cache, "--python", python.path, environ=environ)["was_probed"]

    assert ask() and not ask()
    (file,) = (cache / "facts").iterdir()
    good = file.read_bytes()
    for bad in (b"", b"{", good[:-40], good.replace(b"cpython", b"cpithon"), b"[]", b'{"key": 1, "facts": 2}'):
        file.write_bytes(bad)
        assert ask() and not ask() and file.read_bytes() == good
    file.chmod(0o666)
    assert ask() and not ask() and file.stat().st_mode & 0o777 == 0o600
    file.unlink()
    file.symlink_to("/etc/hostname")
    assert ask() and not ask() and not file.is_symlink()
    (cache / "facts").chmod(0o777)
    assert ask() and ask()
    (cache / "facts").chmod(0o700)
    assert not ask()
    if os.geteuid() == 0:
        os.chown(file, 65534, 65534)
        assert ask() and not ask() and file.stat().st_uid == 0
        os.chown(cache, 65534, 65534)
        assert ask() and ask()


def test_cache_follows_the_interpreter(around):
    """Another file at the same path is another interpreter."""
    one, two = PYTHONS[0], PYTHONS[1]
    link = around.tmp / "python3"
    link.symlink_to(one.path)
    assert around.check(one, link, "--python", link)["was_probed"]
    assert not around.check(one, link, "--python", link)["was_probed"]
    link.unlink()
    link.symlink_to(two.path)
    assert around.check(two, link, "--python", link)["was_probed"]
    assert len(list((around.tmp / "cache" / "facts").iterdir())) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_leaves_nothing_in_another_home(around):
    home = around.tmp / "someone"
    home.mkdir()
    os.chown(home, 65534, 65534)
    facts = run_facts("--cache", home / ".cache" / "pipseed", "--python", PYTHONS[0].path, environ=around.environ())
    assert facts["was_probed"] and list(home.iterdir()) == []


def test_closed_descriptors(around):
    """The command with stdin and stderr closed, its current directory gone."""
    gone = around.tmp / "gone"
    script = 'mkdir "$1" && cd "$1" && rmdir "$1" && exec "$2" --python "$3" 0<&- 2>&-'
    done = subprocess.run(["/bin/sh", "-c", script, "sh", gone, PROGRAM, PYTHONS[0].path], stdout=subprocess.PIPE,
                          env=around.environ(), check=True)
    assert json.loads(done.stdout)["was_probed"]


@each_python
def test_magic_table(around, python):
    """The table for images agrees with every released CPython at hand."""
    if python.is_pypy:
        pytest.skip("the table is of CPython")
    root = around.tmp / "image"
    lib = root / "usr" / "lib" / f"python{python.short}"
    lib.mkdir(parents=True)
    (lib / "os.py").touch()
    (root / "usr" / "bin").mkdir()
    exe = root / "usr" / "bin" / f"python{python.short}"
    exe.write_text("not to be run")
    exe.chmod(0o755)
    (root / "usr" / "bin" / "python3").symlink_to(f"/usr/bin/python{python.short}")
    facts = readable(run_facts("--root", root, environ=around.environ()))
    own = readable(run_facts("--python", python.path, environ=around.environ()))
    assert facts["run_exe"] is None and not facts["was_probed"]
    for key in ("magic", "cache_tag", "is_pypy", "implementation"):
        assert facts[key] == own[key]
    assert facts["version_info"][:2] == list(python.version[:2])


def test_image_of_debian(around):
    """The files of the running Debian, seen as an image, say what its interpreter says."""
    python = next((p for p in PYTHONS if p.is_debian and not p.is_pypy), None)
    if python is None:
        pytest.skip("no Debian Python here")
    root = around.tmp / "image"
    name = f"python{python.short}"
    for path in ("usr/bin", "etc", f"usr/lib/{name}", "usr/lib/python3/dist-packages", f"usr/local/lib/{name}/dist-packages"):
        (root / path).mkdir(parents=True)
    (root / "etc" / "debian_version").write_text("12\n")
    (root / f"usr/lib/{name}/os.py").touch()
    exe = root / "usr" / "bin" / name
    exe.touch(0o755)
    (root / "usr" / "bin" / "python3").symlink_to(name)
    facts = readable(run_facts("--root", root, environ=around.environ()))
    own = readable(run_facts("--python", "/usr/bin/python3", environ=around.environ()))
    for key in ("exe", "prefix", "scheme", "user_scheme", "stdlib", "cache_tag", "magic", "user_site_enabled"):
        assert facts[key] == own[key], key
    assert facts["search"] == [f"/usr/local/lib/{name}/dist-packages", "/usr/lib/python3/dist-packages"]


@each_python
def test_root_without_interpreter(around, python):
    """As pip's --root: the live interpreter's paths, below the root; what is installed is looked for in the root alone."""
    root = around.tmp / "root"
    root.mkdir()
    environ = around.environ()
    plain = readable(run_facts("--python", python.path, environ=environ))
    facts = readable(run_facts("--root", root, "--python", python.path, environ=environ))
    for key in ("exe", "run_exe", "prefix", "scheme", "user_scheme", "version"):
        assert facts[key] == plain[key]
    assert facts["search"] == []
    (root / plain["scheme"]["purelib"][1:]).mkdir(parents=True)
    facts = readable(run_facts("--root", root, "--python", python.path, environ=environ))
    assert facts["search"] == [plain["scheme"]["purelib"]]


@each_python
def test_installed(around, python):
    """importlib.metadata's answer, and none of a half-moved pip."""
    env = make_env(python, around.tmp / "env")
    site = Path(readable(run_facts("--env", env, environ=around.environ()))["scheme"]["purelib"])
    wheel = pip_wheel(python)
    subprocess.run([sys.executable, "-m", "zipfile", "-e", wheel, site], check=True)
    (site / "~ip-1.0.dist-info").mkdir()
    (site / "pip_tools-7.0.dist-info").mkdir()
    facts = run_facts("--env", env, "--installed", "PIP", environ=around.environ())
    version = wheel.name.split("-")[1]
    assert [(i["project"], i["version"], i["has_record"], i["is_egg"]) for i in facts["installed"]] == [
        ("pip", version, True, False)]
    assert readable(facts["installed"][0]["location"]) == str(site)
