# SPDX-License-Identifier: MIT
"""Wheels that are not what they seem, through the command: what is installed, what is said, what it costs."""

import hashlib
import json
import os

import pytest

import run
from mkwheel import Wheel, Zip


def wheel(directory, filename, version="26.3", **options):
    options.setdefault("files", {"pip/__init__.py": f"__version__ = '{version}'\n"})
    path = directory / filename
    path.write_bytes(Wheel("pip", version, **options).build())
    return path


def seed(pipseed, env, directory, *options, **how):
    return pipseed("seed", env, "--no-bundled", "--wheel-dir", directory, "--json", "-o", "seed.packages=pip", *options, **how)


def error(result):
    return json.loads(result.stdout)["error"]


@pytest.fixture
def env(tmp_path, pipseed):
    pipseed("venv", "--without-pip", tmp_path / "env", code=0)
    return tmp_path / "env"


@pytest.fixture
def wheels(tmp_path):
    directory = tmp_path / "wheels"
    directory.mkdir(mode=0o755)
    return directory


OWNED = [
    {"data/.pipseed-unfinished": "pipseed-unfinished 1\npip no\nhome = /tmp/evil\n"},
    {"data/.pipseed-venv/journal": "pipseed-journal 1\n"},
    {"data/lib64": "x"},
    {"purelib/.pipseed-0123456789abcdef/journal": "pipseed-journal 1\n"},
]


@pytest.mark.parametrize("data", OWNED, ids=lambda data: next(iter(data)))
def test_notes_in_a_wheel(data, env, wheels, pipseed):
    wheel(wheels, "pip-26.3-py3-none-any.whl", data=data)
    before = sorted(os.listdir(env))
    result = seed(pipseed, env, wheels, code=4)
    assert error(result)["code"] == "reserved-name"
    assert sorted(os.listdir(env)) == before


SPELLINGS = ["pip-26.3-1-py3-none-any.whl", "PIP-26.3-1-py3-none-any.whl", "pip-26.3+x-py3-none-any.whl",
             "pip-26.4-py3-none-any.whl"]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_pinned_files_only(spelling, env, wheels, tmp_path, pipseed):
    good = wheel(wheels, "pip-26.3-py3-none-any.whl")
    version = spelling.split("-")[1]
    wheel(wheels, spelling, version, files={"pip/__init__.py": "evil = True\n"})
    policy = tmp_path / "policy.ini"
    policy.write_text(f"[sha256]\n{good.name} = {hashlib.sha256(good.read_bytes()).hexdigest()}\n")
    result = seed(pipseed, env, wheels, "--policy", policy, code=0)
    assert json.loads(result.stdout)["packages"][0]["wheel"] == good.name
    good.unlink()
    pipseed("unseed", env, code=0)
    result = seed(pipseed, env, wheels, "--policy", policy, code=3)
    assert error(result)["code"] == "unpinned"


def test_pinned_with_require_hash(env, wheels, tmp_path, pipseed):
    """An unpinned newer one beside a pinned older one is no reason to stop."""
    good = wheel(wheels, "pip-26.3-py3-none-any.whl")
    wheel(wheels, "pip-27.0-py3-none-any.whl", "27.0")
    policy = tmp_path / "policy.ini"
    policy.write_text(
        f"[wheels]\nrequire-hash = yes\n[sha256]\n{good.name} = {hashlib.sha256(good.read_bytes()).hexdigest()}\n"
    )
    result = seed(pipseed, env, wheels, "--policy", policy, code=0)
    assert json.loads(result.stdout)["packages"][0]["version"] == "26.3"


def test_hint_for_a_writable_directory(env, wheels, pipseed):
    wheel(wheels, "pip-26.3-py3-none-any.whl")
    wheels.chmod(0o775)
    hint = error(seed(pipseed, env, wheels, code=3))["hint"]
    assert f"chmod go-w {wheels}" in hint and "require-hash" in hint and "[sha256]" in hint


def test_dry_run_with_a_freed_heap(env, wheels, pipseed):
    """B2: what a dry run names is still there when it is printed: freed memory is overwritten here."""
    points = {"pip": "pip._internal.cli.main:main", "second-of-them": "pip:second"}
    wheel(wheels, "pip-26.3-py3-none-any.whl", scripts=points)
    perturbed = ("env", "MALLOC_PERTURB_=165")
    dry = json.loads(seed(pipseed, env, wheels, "-n", wrap=perturbed, code=0).stdout)
    real = json.loads(seed(pipseed, env, wheels, code=0).stdout)
    assert dry["scripts"] == real["scripts"] and "second-of-them" in dry["scripts"]


def compressed(method):
    entries = Wheel("pip", "26.3", files={"pip/__init__.py": ""}).entries()
    for entry in entries:
        entry.local["method"] = entry.central["method"] = method
    return Zip(entries).build()


@pytest.mark.parametrize(("method", "name"), [(93, "zstd"), (12, "bzip2"), (14, "LZMA"), (95, "xz"), (9, "Deflate64")])
def test_other_compression(method, name, env, wheels, pipseed):
    """The newest that can be read is taken; when there is none, the reason is the true one."""
    (wheels / "pip-26.3-py3-none-any.whl").write_bytes(compressed(method))
    result = seed(pipseed, env, wheels, code=4)
    found = error(result)
    assert found["code"] == "zip-method" and f"compressed with {name}: not supported" in found["message"]
    assert "tampered" not in result.stdout + result.stderr
    wheel(wheels, "pip-26.2-py3-none-any.whl", "26.2")
    result = seed(pipseed, env, wheels, code=0)
    assert json.loads(result.stdout)["packages"][0]["version"] == "26.2"
    assert result.stderr.count("skipping") == 1 and name in result.stderr


@pytest.mark.parametrize(
    ("filename", "reason"),
    [
        ("pip-99.0-py3-none-any-x86_64_v3.whl", "wheel variants (PEP 825) are not supported"),
        ("pip-99.0-1-py3-none-any-cuda.whl", "wheel variants (PEP 825) are not supported"),
        ("pip-99.0-py3-none-any.whlx", "format .whlx are not supported"),
    ],
)
def test_newer_kinds_of_wheels(filename, reason, env, wheels, pipseed):
    wheel(wheels, "pip-26.3-py3-none-any.whl")
    (wheels / filename).write_bytes(b"whatever")
    result = seed(pipseed, env, wheels, code=0)
    assert json.loads(result.stdout)["packages"][0]["version"] == "26.3"
    assert result.stderr.count("skipping") == 1 and reason in result.stderr


def test_newer_format(env, wheels, pipseed):
    newer = Wheel("pip", "99.0", files={"pip/__init__.py": ""})
    newer.dist_info["WHEEL"] = "Wheel-Version: 2.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    (wheels / "pip-99.0-py3-none-any.whl").write_bytes(newer.build())
    assert error(seed(pipseed, env, wheels, code=4))["code"] == "wheel-version"
    wheel(wheels, "pip-26.3-py3-none-any.whl")
    result = seed(pipseed, env, wheels, code=0)
    assert json.loads(result.stdout)["packages"][0]["version"] == "26.3"


def test_memory_of_many_wheels(env, wheels, pipseed):
    """Wheels for another Python are read one at a time, those with other tags not at all."""
    noise = os.urandom(14 << 20)
    first = wheel(wheels, "pip-90.0-py3-none-any.whl", "90.0", requires_python="<3",
                  files={"pip/__init__.py": "", "pip/noise": noise})  # fmt: skip
    for i in range(1, 6):
        data = Wheel("pip", f"90.{i}", requires_python="<3", files={"pip/__init__.py": "", "pip/noise": noise}).build()
        (wheels / f"pip-90.{i}-py3-none-any.whl").write_bytes(data)
    os.link(first, wheels / "pip-91.0-cp39-cp39-win_amd64.whl")
    wheel(wheels, "pip-26.3-py3-none-any.whl")
    limited = ["prlimit", f"--data={64 << 20}", run.command()]
    result = run.run(
        [*limited, "seed", env, "--no-bundled", "--wheel-dir", wheels, "--json", "-o", "seed.packages=pip"], code=0
    )
    assert json.loads(result.stdout)["packages"][0]["version"] == "26.3"


def test_normal_forms(env, wheels, pipseed):
    files = {"pip/__init__.py": "", "pip/nai\u0308ve.txt": "decomposed", "pip/\u00fcber.txt": "composed"}
    wheel(wheels, "pip-26.3-py3-none-any.whl", files=files)
    seed(pipseed, env, wheels, code=0)
    (lib,) = env.glob("lib/python*/site-packages")
    assert (lib / "pip/nai\u0308ve.txt").read_text() == "decomposed"
    assert (lib / "pip/\u00fcber.txt").read_text() == "composed"
    pipseed("verify", env, "--no-bundled", "-o", "seed.packages=pip", code=0)
