# SPDX-License-Identifier: MIT
"""`pipseed verify`: clean on what was just seeded; exit 4 and the name of the file for every fault."""
import os
import re

import interpreters
import pytest
import run


def replace(path, content):
    """Other content of equal time in a file of its own: a write would go through a link to the store."""
    info = path.stat()
    other = path.with_name(path.name + ".new")
    other.write_bytes(content)
    other.chmod(info.st_mode & 0o7777)
    os.utime(other, ns=(info.st_atime_ns, info.st_mtime_ns))
    other.rename(path)


def flip(path):
    """Changes one byte in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    replace(path, bytes(data))


def test_clean(python, new_env, pipseed):
    """Nothing to find, with every way of placing scripts."""
    env = new_env(python)
    pipseed("seed", env, "--default-pip")
    result = pipseed("verify", env)
    assert re.search(r"pip \d+\.\d+", result.stdout)
    document = pipseed("verify", env, "--json").json
    assert document["exit_code"] == 0
    assert document["findings"] == []


FAULTS = {
    # how the environment is changed, the file that has to be named
    "changed byte": (flip, "{lib}/pip/_internal/main.py"),
    "changed script": (flip, "{bin}/pip3"),
    "changed metadata": (flip, "{info}/METADATA"),
    "longer file": (lambda path: replace(path, path.read_bytes() + b"\n"), "{lib}/pip/__init__.py"),
    "missing file": (lambda path: path.unlink(), "{lib}/pip/_internal/cli/main.py"),
    "missing script": (lambda path: path.unlink(), "{bin}/pip3"),
    "foreign file": (lambda path: path.write_text("import os\n"), "{lib}/pip/_internal/foreign.py"),
    "foreign bytecode": (lambda path: path.write_bytes(b"\0" * 16), "{lib}/pip/__pycache__/foreign.cpython-30.pyc"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_found(fault, python, new_env, pipseed):
    """One fault, one file named, exit 4; put right again, it is clean again."""
    env = new_env(python)
    pipseed("seed", env)
    lib = interpreters.site_packages(env)
    info = next(lib.glob("pip-*.dist-info"))
    change, name = FAULTS[fault]
    path = type(env)(name.format(lib=lib, info=info, bin=env / "bin"))
    saved = path.read_bytes() if path.exists() else None
    change(path)
    result = pipseed("verify", env, code=4)
    assert path.name in result.stdout + result.stderr
    assert str(path.relative_to(env)) in result.stdout + result.stderr
    document = pipseed("verify", env, "--json", code=4).json
    named = [finding["path"] for finding in document["findings"]]
    assert str(path) in named
    # A source of another size makes its bytecode stale, which is said as well; nothing else is.
    assert all(other == str(path) or (other.endswith(".pyc") and path.stem in other) for other in named), named
    if saved is None:
        path.unlink()
        pipseed("verify", env)


def test_wrong_version_by_policy(python, new_env, pipseed):
    """What is there is sound, but not the pip that the policy asks for."""
    env = new_env(python)
    pipseed("seed", env)
    result = pipseed("verify", env, env={"PIPSEED_SEED_PIP": "<20"}, code=4)
    assert "install-version" in result.stdout + result.stderr
    assert "<20" in result.stdout + result.stderr


def test_several_environments(new_env, pipseed):
    """A fault in one does not hide the state of the others."""
    good, bad = new_env(), new_env()
    pipseed("seed", good, bad)
    flip(interpreters.site_packages(bad) / "pip/__main__.py")
    result = pipseed("verify", good, bad, code=None)
    assert result.code in (1, 4)
    assert "__main__.py" in result.stdout + result.stderr
    pipseed("verify", good)


def test_not_seeded(new_env, pipseed):
    """What should be there is missing: that is a finding, and no success."""
    result = pipseed("verify", new_env(), code=4)
    assert "not installed" in result.stdout


def test_seeded_by_ensurepip(new_env, pipseed):
    """The tree of the real ensurepip is as clean as one's own."""
    env = new_env()
    run.run([env / "bin/python", "-m", "ensurepip"])
    pipseed("verify", env)
    flip(interpreters.site_packages(env) / "pip/__main__.py")
    pipseed("verify", env, code=4)


def as_virtualenv(env):
    """RECORD as virtualenv writes it: rows without a hash for what it makes, and for directories and bytecode that are not there."""
    lib = interpreters.site_packages(env)
    info = next(lib.glob("pip-*.dist-info"))
    mark = lib / (info.name[: -len(".dist-info")] + ".virtualenv")
    mark.touch()
    (info / "INSTALLER").unlink()
    (info / "INSTALLER").write_text("pip\n")
    rows = [row for row in (info / "RECORD").read_text().splitlines()
            if not row.startswith("../") and not row.split(",")[0].endswith((".pyc", "INSTALLER"))]
    rows += [f"../../../bin/{path.name},," for path in (env / "bin").glob("pip*")]
    rows += [f"{info.name}/INSTALLER,,", f"{mark.name},,", "pip/__pycache__,,", "pip/nowhere/__pycache__,,", "pip/main.cpython-399.pyc,,"]
    (info / "RECORD").unlink()
    (info / "RECORD").write_text("\n".join(rows) + "\n")


def test_rows_without_a_hash(new_env, pipseed):
    """No finding, but not called verified either; without a hash code is still held against the wheel."""
    env = new_env(interpreters.any_python())
    pipseed("seed", env, "--packages", "pip")
    as_virtualenv(env)
    document = pipseed("verify", env, "--packages", "pip", "--json").json
    assert document["findings"] == []
    assert "RECORD has no hash" in document["packages"][0]["not_verified_reasons"]
    info = next(interpreters.site_packages(env).glob("pip-*.dist-info"))
    record = (info / "RECORD").read_text()
    (info / "RECORD").write_text(re.sub(r"(?m)^(pip/__main__\.py),.*$", r"\1,,", record))
    assert pipseed("verify", env, "--packages", "pip", "--json").json["findings"] == []
    replace(interpreters.site_packages(env) / "pip/__main__.py", b"evil()\n")
    found = pipseed("verify", env, "--packages", "pip", "--json", code=4).json["findings"]
    assert "pip/__main__.py" in "".join(finding["path"] for finding in found)
