# SPDX-License-Identifier: MIT
"""Bytecode that was exchanged for other code: found.md A12. The interpreter runs a .pyc after a look at its header alone."""
import importlib.util
import marshal
import shutil
import sys

import people
import pytest
from people import ROOT, site

MODULE = "pip/__init__.py"
HEADER = 16


@pytest.fixture(scope="module")
def made(stores, tmp_path_factory):
    """An environment of Debian's Python, with bytecode."""
    top = tmp_path_factory.mktemp("bytecode")
    world = people.World(top, stores)
    world.run(ROOT, "venv", "-p", people.DEBIAN, top / "env", env={"PIPSEED_SEED_PACKAGES": "pip"})
    return world, top / "env"


@pytest.fixture
def env(made, tmp_path):
    """A copy of it, and the call for it."""
    world, original = made
    copy = tmp_path / "env"
    shutil.copytree(original, copy, symlinks=True)

    def call(*args, env=None, **options):
        return world.run(ROOT, *args, copy, env={"PIPSEED_SEED_PACKAGES": "pip", **(env or {})}, **options)

    call.path = copy
    return call


def pyc(env, optimization=""):
    """Of the module."""
    return site(env.path) / importlib.util.cache_from_source(MODULE, optimization=optimization)


def exchange(path, code, header=None):
    """Other code behind a good header."""
    data = path.read_bytes()
    path.write_bytes((header or data[:HEADER]) + marshal.dumps(code))


def compiled(env, text=None, name="elsewhere.py", optimize=0):
    """Code of the module's source, or of another one."""
    source = text if text is not None else (site(env.path) / MODULE).read_text()
    return compile(source, name, "exec", dont_inherit=True, optimize=optimize)


def found(env, *options):
    """(code, name) of what verify says of the copy; its scripts start the original, which is not what this is about."""
    document = env("verify", "--json", *options, code=None).json
    return [(item["code"], item["path"].rsplit("/", 1)[1]) for item in document["findings"]], document["packages"][0]


def no_store(tmp_path):
    """The variables of a run that has nothing to compare with but the interpreter."""
    (tmp_path / "empty").mkdir(exist_ok=True)
    return {"XDG_CACHE_HOME": tmp_path / "empty"}


pytestmark = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="makes bytecode of Debian's Python with this one")


def test_good(env, tmp_path):
    """As installed, by the store and by compiling; and as another run compiled it, with other names and references."""
    assert found(env)[0] == []
    assert env("verify", env=no_store(tmp_path)).stdout.count("not verified") == 0
    exchange(pyc(env), compiled(env, name="/some/where/else.py"))
    assert found(env) == ([], found(env)[1])
    assert found(env)[1]["not_verified"] == 0


@pytest.mark.parametrize("optimize", [0, 1, 2])
def test_other_code(env, optimize):
    """At each level of optimisation; a good one of that level is none."""
    path = pyc(env, optimization=optimize or "")
    if optimize:
        path.write_bytes(pyc(env).read_bytes())
        exchange(path, compiled(env, optimize=optimize))
        assert found(env)[0] == []
    exchange(path, compiled(env, "print('evil')"))
    assert found(env)[0] == [("install-changed", path.name)]
    assert "its code differs from what" in env("doctor", code=4).stdout
    assert "verified" not in env("verify", code=4).stdout
    env("doctor", "--fix")
    assert found(env)[0] == []
    assert not optimize or not path.exists() or b"evil" not in path.read_bytes()


def test_one_constant(env):
    """A constant of the code, which is as long as the right one."""
    path = pyc(env)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"26.3", b"26.4"))
    assert path.read_bytes() != data
    assert found(env)[0] == [("install-changed", path.name)]


def test_unchecked(env):
    """PEP 552: Python is told not to look at the source."""
    path = pyc(env)
    data = bytearray(path.read_bytes())
    data[4] = 1
    path.write_bytes(data)
    assert found(env)[0] == [("install-changed", path.name)]


@pytest.mark.parametrize("right", [True, False])
def test_checked_hash(env, right):
    """With the hash of the source, as SOURCE_DATE_EPOCH makes them; with another hash Python compiles again, and this is damage."""
    path = pyc(env)
    digest = importlib.util.source_hash((site(env.path) / MODULE).read_bytes())
    header = path.read_bytes()[:4] + b"\3\0\0\0" + (digest if right else b"x" * 8)
    exchange(path, compiled(env), header)
    assert found(env)[0] == ([] if right else [("install-changed", path.name)])


@pytest.mark.parametrize("damage", [lambda data: data[:40], lambda data: data[:HEADER], lambda data: data[:HEADER] + b"\xe3" * 4000,
                                    lambda data: data[:HEADER] + b"\xdb\xff\xff\xff\x7f", lambda data: data + b"x"])
def test_garbage(env, damage):
    """No code object: said, and nothing worse."""
    path = pyc(env)
    path.write_bytes(damage(path.read_bytes()))
    assert found(env)[0] == [("install-changed", path.name)]


def test_what_cannot_be_checked(env):
    """Bytecode of another Python is not run by this one, and not called verified."""
    path = pyc(env)
    other = path.with_name(path.name.replace("cpython-311", "cpython-310"))
    other.write_bytes(b"\x6f\x0d\x0d\x0a" + path.read_bytes()[4:])
    findings, package = found(env)
    assert findings == [] and package["not_verified"] == 1
    assert "another Python" in package["not_verified_reasons"]
    result = env("verify")
    assert "not verified: 1 (bytecode of another Python" in result.stdout
