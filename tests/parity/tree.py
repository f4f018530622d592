# SPDX-License-Identifier: MIT
"""Snapshots of directories, and what differs between two of them.

    before = snapshot(directory, old)      # old: a snapshot of the same directory, whose unchanged files are not read again
    for difference in compare(one, other, python):
        print(difference)

Two directories are the same when names, types, modes, owners, link targets and contents are the same, RECORD with the order
of its rows. Contents may name the directory itself: that is replaced, so both directories must have paths of one length. What
else may differ is in ALLOWED and nowhere else.
"""
import base64
import hashlib
import json
import os
import re
import stat
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

PYC_NAME = re.compile(rb"\.(cpython|pypy)[^.]*(\.opt-\d)?\.pyc$")
HELPER = Path(__file__).with_name("compare_pyc.py")

# (what, why). The first four are built into snapshot and compare_pyc.py; the others belong to cases of test_parity.py.
ALLOWED = {
    "installer": ("text of *.dist-info/INSTALLER, and so its own row in RECORD",
                  "policy seed.installer; pip then does not print its upgrade notice"),
    "pyc-time": ("time in the header of a .pyc, as long as it is the time of its source",
                 "the two trees are not made in the same second"),
    "pyc-filename": ("co_filename inside a .pyc",
                     "bytecode is shared between environments"),
    "env-path": ("the path of the environment itself",
                 "two environments cannot be in one place"),
    "unseed-directories": ("after unseed: directories that were there before seeding, and empty directories of a user's scheme",
                       "older pips remove an emptied site-packages; unseed leaves the environment as it was"),
    "temporary-files": ("files in TMPDIR that only ensurepip leaves there",
                        "pip run from a wheel sometimes forgets its copy of cacert.pem; pipseed must leave nothing"),
    "debian-pypy-wheels": ("ENV/share/python-wheels, with Debian's PyPy only",
                           "its ensurepip copies its wheels there for a debundled pip, which the seeded pip is not"),
}


@dataclass
class Entry:
    """One name in a tree."""

    path: Path = field(compare=False)
    kind: str  # "file", "directory", "link", ...
    mode: int
    owner: tuple
    detail: str = ""  # of a link: its target; of a file: the digest of its content
    text: bytes = b""  # of RECORD: its content
    stale: str = ""  # of a .pyc: why its source would not use it
    stamp: tuple = field(default=(), compare=False)


@dataclass
class Tree:
    """A snapshot."""

    root: Path
    entries: dict  # path relative to root, as bytes: Entry


@dataclass(frozen=True)
class Difference:
    """One difference between two trees."""

    path: str
    what: str

    def __str__(self):
        return f"{self.path}: {self.what}"


def _kind(mode):
    names = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
    return names.get(stat.S_IFMT(mode), "other")


def _digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")


def _is_installer(path):
    return path.endswith(b".dist-info/INSTALLER")


def _normal_row(row, directory, own):
    """A row of RECORD with what may differ replaced: its hash is that of the normalised file, if it was right."""
    path, mark, rest = row.partition(b",sha256=")
    if not mark or path.startswith(b'"'):
        return row
    if _is_installer(path):
        return path + b",INSTALLER"
    try:
        content = Path(os.fsdecode(os.path.join(directory, path))).read_bytes()
    except OSError:
        return row
    digest, _, size = rest.partition(b",")
    if digest.strip() != _digest(content):
        return path + b",WRONG " + rest
    return path + b",sha256=" + _digest(content.replace(own, b"@ROOT@")) + b"," + size


def _normal_record(content, path, own):
    """RECORD in its order, textually."""
    directory = os.path.dirname(os.path.dirname(path))
    return b"\n".join(_normal_row(row, directory, own) for row in content.split(b"\n")).replace(own, b"@ROOT@")


def _source_of(path):
    directory, name = os.path.split(path)
    if os.path.basename(directory) != b"__pycache__":
        return None
    return os.path.join(os.path.dirname(directory), PYC_NAME.sub(b"", name) + b".py")


def _is_old_format(name):
    return b"-36." in name


def _stale(path, content):
    """Why Python would not use this .pyc: its time or size is not that of its source."""
    source = _source_of(path)
    if source is None or not os.path.exists(source):
        return ""
    at = 4 if _is_old_format(os.path.basename(path)) else 8
    if at == 8 and content[4:8] != b"\0\0\0\0":
        return ""
    info = os.stat(source)
    if int.from_bytes(content[at:at + 4], "little") != int(info.st_mtime) & 0xFFFFFFFF:
        return "its time is not that of its source"
    if int.from_bytes(content[at + 4:at + 8], "little") != info.st_size & 0xFFFFFFFF:
        return "its size is not that of its source"
    return ""


def _read(entry, path, own):
    """Fills what an entry holds."""
    if entry.kind == "link":
        entry.detail = os.fsdecode(os.readlink(path).replace(own, b"@ROOT@"))
    if entry.kind != "file":
        return
    with open(path, "rb") as stream:
        content = stream.read()
    if path.endswith(b".dist-info/RECORD"):
        entry.text = _normal_record(content, path, own)
        entry.detail = "RECORD"
    elif _is_installer(path):
        entry.detail = "INSTALLER"
    elif path.endswith(b".pyc"):
        entry.stale = _stale(path, content)
        at = 4 if _is_old_format(os.path.basename(path)) else 8
        if at == 4 or content[4:8] == b"\0\0\0\0":
            content = content[:at] + b"TIME" + content[at + 4:]
        entry.detail = _digest(content.replace(own, b"@ROOT@")).decode()
    else:
        entry.detail = _digest(content.replace(own, b"@ROOT@")).decode()


def snapshot(root, old=None):
    """What is below a directory. root itself is the entry "."."""
    own = os.fsencode(root)
    entries = {}

    def add(path):
        info = os.lstat(path)
        # Below --root the path of the environment is there once more, as names of directories.
        name = os.path.relpath(path, own).replace(own[1:], b"@ROOT@")
        stamp = (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
        known = old.entries.get(name) if old else None
        # A RECORD is read again: its rows are held against other files.
        if known and known.stamp == stamp and known.kind == "file" and not known.text and not name.endswith(b".pyc"):
            entries[name] = known
            return
        entry = Entry(Path(os.fsdecode(path)), _kind(info.st_mode), stat.S_IMODE(info.st_mode),
                      (info.st_uid, info.st_gid), stamp=stamp)
        _read(entry, path, own)
        entries[name] = entry

    add(own)
    for directory, directories, files in os.walk(own):
        for name in directories + files:
            add(os.path.join(directory, name))
    return Tree(Path(root), entries)


def _records_differ(one, other):
    """Where two RECORDs differ: rows missing, or only their order."""
    rows, others = one.split(b"\n"), other.split(b"\n")
    if sorted(rows) == sorted(others):
        number = next(i for i, (left, right) in enumerate(zip(rows, others)) if left != right)
        return f"the same rows in another order, from row {number + 1}: {rows[number]!r}, {others[number]!r}"
    only = [row for row in rows if row not in others][:3]
    only_others = [row for row in others if row not in rows][:3]
    return f"rows differ: only in the first {only!r}, only in the second {only_others!r}"


def _entries_differ(one, other):
    """What differs between two entries of one name, without looking into bytecode."""
    if one.kind != other.kind:
        yield f"{one.kind} and {other.kind}"
        return
    if one.mode != other.mode:
        yield f"mode {one.mode:04o} and {other.mode:04o}"
    if one.owner != other.owner:
        yield f"owner {one.owner} and {other.owner}"
    if one.text != other.text:
        yield _records_differ(one.text, other.text)
    for number, entry in enumerate((one, other), 1):
        if entry.stale:
            yield f"number {number}: {entry.stale}"


def compare_pycs(python, pairs):
    """For each pair of .pyc files None, or what differs. python: an interpreter of the version that made them."""
    if not pairs:
        return []
    paths = b"".join(os.fsencode(path) + b"\0" for pair in pairs for path in pair)
    done = subprocess.run([os.fspath(python), "-I", "-S", "-B", str(HELPER)], input=paths, capture_output=True,
                          check=True, timeout=300, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    return json.loads(done.stdout)


_EQUAL_BYTECODE = set()  # pairs of digests, each with its interpreter, whose code objects were found to be equal


def _compare_bytecode(python, names):
    """names: {path: (entry, entry)}"""
    unknown = {name: pair for name, pair in names.items()
               if (python, pair[0].detail, pair[1].detail) not in _EQUAL_BYTECODE}
    answers = compare_pycs(python, [(left.path, right.path) for left, right in unknown.values()])
    for (name, (left, right)), answer in zip(unknown.items(), answers):
        if answer:
            yield Difference(os.fsdecode(name), answer)
        else:
            _EQUAL_BYTECODE.add((python, left.detail, right.detail))


def compare(one, other, python):
    """All differences between two snapshots of what is still on disk."""
    if len(os.fsencode(one.root)) != len(os.fsencode(other.root)):
        raise ValueError(f"{one.root} and {other.root} are not of equal length")
    found, bytecode = [], {}
    for name in sorted(one.entries.keys() | other.entries.keys()):
        shown = os.fsdecode(name)
        left, right = one.entries.get(name), other.entries.get(name)
        if left is None or right is None:
            entry, which = (right, "second") if left is None else (left, "first")
            found.append(Difference(shown, f"only in the {which} ({entry.kind})"))
            continue
        found.extend(Difference(shown, what) for what in _entries_differ(left, right))
        if left.kind != right.kind or left.detail == right.detail:
            continue
        if name.endswith(b".pyc"):
            bytecode[name] = left, right
        else:
            found.append(Difference(shown, "target" if left.kind == "link" else "content"))
    found.extend(_compare_bytecode(os.fspath(python), bytecode))
    return found
