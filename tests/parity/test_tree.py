# SPDX-License-Identifier: MIT
"""The comparison itself: two trees of the real ensurepip do not differ, and every kind of change is found."""
import marshal
import os
import shutil
import subprocess
import types
from pathlib import Path

import interpreters
import pytest
import run
import tree

PYTHON = interpreters.any_python()


def make(python, env):
    """An environment seeded by the real ensurepip."""
    interpreters.make_env(python, env)
    run.run([interpreters.env_exe(env), "-m", "ensurepip", "--default-pip"])
    return env


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """One seeded tree, not to be changed, and its snapshot."""
    env = make(PYTHON, tmp_path_factory.mktemp("tree") / "one" / "env")
    return env, tree.snapshot(env)


@pytest.mark.parametrize("python", [pytest.param(python, id=python.name) for python in interpreters.found()
                                    if python.minor in ((3, 6), (3, 9), (3, 13))])
def test_two_of_ensurepip_are_equal(python, tmp_path):
    """No difference between two trees that were made apart."""
    trees = [tree.snapshot(make(python, tmp_path / name / "env")) for name in ("a", "b")]
    assert tree.compare(*trees, python.exe) == []
    assert len(trees[0].entries) > 500


def change_byte(path):
    """Another last byte, the same length and the same time."""
    info = path.stat()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def swap_rows(path):
    """The same rows in another order."""
    rows = path.read_bytes().split(b"\n")
    rows[3], rows[4] = rows[4], rows[3]
    path.write_bytes(b"\n".join(rows))


def to_lf(path):
    """RECORD with other line ends."""
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))


def wrong_hash(path):
    """One hash in RECORD is another, of the same length."""
    path.write_bytes(path.read_bytes().replace(b"pip/__init__.py,sha256=", b"pip/__init__.py,sha256=AA", 1))


def replace_code(code, **changes):
    """code.replace in all constants."""
    consts = tuple(replace_code(each, **changes) if isinstance(each, types.CodeType) else each
                   for each in code.co_consts)
    return code.replace(co_consts=consts, **changes)


def recompile(path, **changes):
    """A .pyc whose code objects are changed."""
    data = path.read_bytes()
    path.write_bytes(data[:16] + marshal.dumps(replace_code(marshal.loads(data[16:]), **changes)))


def set_header(path, at, value):
    """Four bytes of a .pyc's header."""
    data = bytearray(path.read_bytes())
    data[at:at + 4] = value
    path.write_bytes(data)


def retarget(path, target):
    """A link with another target."""
    path.unlink()
    path.symlink_to(target)


def to_dir(path):
    """A directory in a file's place."""
    path.unlink()
    path.mkdir()


def to_link(path):
    """A link to the same content in a file's place."""
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved").name)


LIB = f"lib/python{PYTHON.minor[0]}.{PYTHON.minor[1]}/site-packages"
INFO = f"{LIB}/pip-{PYTHON.pip}.dist-info"
TAG = f"cpython-{PYTHON.minor[0]}{PYTHON.minor[1]}"
PYC = f"{LIB}/pip/__pycache__/__main__.{TAG}.pyc"
# what is done, to which name, what the report must say; None: nothing
CHANGES = {
    "byte": (change_byte, f"{LIB}/pip/_internal/main.py", "content"),
    "script": (change_byte, "bin/pip3", "content"),
    "missing": (Path.unlink, f"{LIB}/pip/py.typed", "only in the first (file)"),
    "extra file": (lambda path: path.joinpath("extra").write_text(""), f"{LIB}/pip", "only in the second (file)"),
    "extra directory": (lambda path: path.joinpath("directory").mkdir(), f"{LIB}/pip", "only in the second (directory)"),
    "mode": (lambda path: path.chmod(0o640), f"{LIB}/pip/py.typed", "mode 0644 and 0640"),
    "directory mode": (lambda path: path.chmod(0o700), f"{LIB}/pip", "mode 0755 and 0700"),
    "type": (to_dir, f"{LIB}/pip/py.typed", "file and directory"),
    "link for file": (to_link, f"{LIB}/pip/py.typed", "file and link"),
    "target": (lambda path: retarget(path, "python"), "lib64", "target"),
    "order of RECORD": (swap_rows, f"{INFO}/RECORD", "in another order"),
    "line ends of RECORD": (to_lf, f"{INFO}/RECORD", "rows differ"),
    "hash in RECORD": (wrong_hash, f"{INFO}/RECORD", "rows differ"),
    "REQUESTED": (lambda path: path.write_text("x"), f"{INFO}/REQUESTED", "content"),
    "INSTALLER": (lambda path: path.write_text("pipseed"), f"{INFO}/INSTALLER", None),
    "constant": (lambda path: recompile(path, co_name="other"), PYC, "co_name"),
    "line": (lambda path: recompile(path, co_firstlineno=7), PYC, "co_firstlineno"),
    "co_filename": (lambda path: recompile(path, co_filename="/elsewhere"), PYC, None),
    "flags of .pyc": (lambda path: set_header(path, 4, b"\3\0\0\0"), PYC, "flags"),
    "magic of .pyc": (lambda path: set_header(path, 0, b"\0\0\r\n"), PYC, "magic"),
    "time of .pyc": (lambda path: set_header(path, 8, b"\1\0\0\0"), PYC, "its time is not that of its source"),
    "size of .pyc": (lambda path: set_header(path, 12, b"\1\0\0\0"), PYC, "its size is not that of its source"),
    "torn .pyc": (lambda path: path.write_bytes(path.read_bytes()[:-20]), PYC, "cannot be loaded"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_change_is_found(case, original, tmp_path):
    """A copy of a tree, changed in one place: exactly this is reported."""
    change, name, said = CHANGES[case]
    env, before = original
    # One path of equal length beside the original's.
    directory = env.parent.with_name("two") / "env"
    shutil.copytree(env, directory, symlinks=True)
    try:
        texts = [path for path in (directory / "bin").iterdir() if not path.is_symlink()]
        subprocess.run(["sed", "-i", "s,/one/env,/two/env,", *texts, directory / "pyvenv.cfg"], check=True)
        rewrite_records(directory)
        assert tree.compare(before, tree.snapshot(directory), PYTHON.exe) == []
        change(directory / name)
        found = tree.compare(before, tree.snapshot(directory), PYTHON.exe)
    finally:
        shutil.rmtree(directory.parent)
    if said is None:
        assert found == []
    else:
        assert any(said in each.what for each in found), found
        assert len(found) <= 3


def rewrite_records(env):
    """The scripts of the copy have another shebang: RECORD has to have their hashes."""
    record = env / INFO / "RECORD"
    rows = []
    for row in record.read_bytes().split(b"\r\n"):
        name = row.split(b",")[0]
        if name.startswith(b"../../../bin/"):
            content = (env / LIB / os.fsdecode(name)).read_bytes()
            row = b"%s,sha256=%s,%d" % (name, tree._digest(content), len(content))  # pylint: disable=protected-access
        rows.append(row)
    record.write_bytes(b"\r\n".join(rows))


def test_unequal_lengths_are_an_error(tmp_path):
    """Contents could not be compared byte by byte."""
    for name in ("a", "bb"):
        (tmp_path / name).mkdir()
    with pytest.raises(ValueError):
        tree.compare(tree.snapshot(tmp_path / "a"), tree.snapshot(tmp_path / "bb"), PYTHON.exe)


def test_path_again_below_root(tmp_path):
    """Below --root the environment's own path appears as names of directories."""
    for name in ("a", "b"):
        side = tmp_path / name
        inner = side / "root" / str(side).lstrip("/") / "lib"
        inner.mkdir(parents=True)
        (inner / "file").write_text(str(side))
    trees = [tree.snapshot(tmp_path / name) for name in ("a", "b")]
    assert tree.compare(*trees, PYTHON.exe) == []
    (tmp_path / "b/root" / str(tmp_path / "b").lstrip("/") / "lib/file").write_text("x")
    assert [each.what for each in tree.compare(trees[0], tree.snapshot(tmp_path / "b"), PYTHON.exe)] == ["content"]
