#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The one way of building wheels in pipseed's tests.

Good wheels, byte for byte the same at each call:

    from mkwheel import Wheel

    path = Wheel("demo", "1.0", files={"a.py": b"..."}, scripts={"demo": "a:main"}).write(tmp_path)

Bad wheels, in two depths. Above the zip, change the members of a wheel before it gets its RECORD, or RECORD itself:

    wheel = Wheel("demo", "1.0", record=lambda rows: rows[:-1])
    wheel.dist_info["WHEEL"] = b"..."

In the zip, change the entries and their headers field by field. What is not overridden is right:

    entries = Wheel("demo", "1.0").entries()
    entries[0].local["crc"] = 0
    data = Zip(entries, end={"total": 7}, prefix=b"MZ").build()

On the command line: mkwheel.py NAME VERSION [-o DIR] [--file PATH=TEXT] [--script NAME=MODULE:ATTR] prints the path.
"""

import argparse
import base64
import csv
import dataclasses
import hashlib
import io
import os
import struct
import sys
import zlib

STORED = 0
DEFLATED = 8
UTF8 = 0x800
REGULAR = 0o100644
EXECUTABLE = 0o100755
DIRECTORY = 0o040755
SYMLINK = 0o120777

DOS_TIME = 0
DOS_DATE = (1980 - 1980) << 9 | 1 << 5 | 1

# name and struct code of every field, in order
LOCAL_FIELDS = (
    ("signature", "4s"), ("needed", "H"), ("flags", "H"), ("method", "H"), ("time", "H"), ("date", "H"), ("crc", "I"),
    ("packed", "I"), ("size", "I"), ("name_len", "H"), ("extra_len", "H"),
)  # fmt: skip
CENTRAL_FIELDS = (
    ("signature", "4s"), ("made_by", "B"), ("system", "B"), ("needed", "H"), ("flags", "H"), ("method", "H"),
    ("time", "H"), ("date", "H"), ("crc", "I"), ("packed", "I"), ("size", "I"), ("name_len", "H"), ("extra_len", "H"),
    ("comment_len", "H"), ("disk", "H"), ("internal", "H"), ("external", "I"), ("offset", "I"),
)  # fmt: skip
END_FIELDS = (
    ("signature", "4s"), ("disk", "H"), ("central_disk", "H"), ("here", "H"), ("total", "H"), ("central_size", "I"),
    ("central_offset", "I"), ("comment_len", "H"),
)  # fmt: skip


def pack(fields, values, overrides):
    unknown = set(overrides) - {name for name, _ in fields} - {"name", "extra", "comment"}
    if unknown:
        raise ValueError(f"no such field: {sorted(unknown)}")
    merged = {**values, **overrides}
    return struct.pack("<" + "".join(code for _, code in fields), *(merged[name] for name, _ in fields))


def extra_field(number, data=b""):
    return struct.pack("<HH", number, len(data)) + data


@dataclasses.dataclass
class Entry:
    """One zip member. local and central override header fields by the names above, and also "name", "extra", "comment"
    (bytes) of that header alone; payload replaces the compressed bytes."""

    name: bytes
    data: bytes = b""
    method: int = DEFLATED
    mode: int = REGULAR
    flags: int = None
    system: int = 3
    extra: bytes = b""
    payload: bytes = None
    before: bytes = b""  # bytes of no member in front of the local header
    after: bytes = b""  # ... and behind the data: a data descriptor
    in_central: bool = True
    in_local: bool = True
    local: dict = dataclasses.field(default_factory=dict)
    central: dict = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        if isinstance(self.name, str):
            self.name = self.name.encode()
        if isinstance(self.data, str):
            self.data = self.data.encode()
        if self.name.endswith(b"/") and self.mode == REGULAR:
            self.mode, self.method = DIRECTORY, STORED

    def packed(self):
        if self.payload is not None:
            return self.payload
        if self.method != DEFLATED:
            return self.data
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        return deflater.compress(self.data) + deflater.flush()

    def values(self):
        flags = self.flags
        if flags is None:
            flags = 0 if self.name.isascii() else UTF8
        return {
            "needed": 20, "flags": flags, "method": self.method, "time": DOS_TIME, "date": DOS_DATE,
            "crc": zlib.crc32(self.data), "packed": len(self.packed()), "size": len(self.data),
        }  # fmt: skip

    def local_bytes(self):
        name = self.local.get("name", self.name)
        extra = self.local.get("extra", self.extra)
        values = {**self.values(), "signature": b"PK\3\4", "name_len": len(name), "extra_len": len(extra)}
        return pack(LOCAL_FIELDS, values, self.local) + name + extra + self.packed() + self.after

    def central_bytes(self, offset):
        name = self.central.get("name", self.name)
        extra = self.central.get("extra", self.extra)
        comment = self.central.get("comment", b"")
        external = self.mode << 16 | (0x10 if self.mode & 0o170000 == 0o040000 else 0)
        values = {
            **self.values(), "signature": b"PK\1\2", "made_by": 20, "system": self.system, "name_len": len(name),
            "extra_len": len(extra), "comment_len": len(comment), "disk": 0, "internal": 0, "external": external,
            "offset": offset,
        }  # fmt: skip
        return pack(CENTRAL_FIELDS, values, self.central) + name + extra + comment


@dataclasses.dataclass
class Zip:
    """A zip file of entries. Offsets do not count the prefix unless shift is true."""

    entries: list
    end: dict = dataclasses.field(default_factory=dict)  # overrides by the names of END_FIELDS
    comment: bytes = b""
    prefix: bytes = b""
    shift: bool = False
    before_central: bytes = b""
    after_central: bytes = b""
    trailing: bytes = b""
    central_order: object = None  # function that reorders the list of central headers

    def build(self):
        start = len(self.prefix) if self.shift else 0
        out = bytearray()
        central = []
        for entry in self.entries:
            out += entry.before
            offset = start + len(out)
            if entry.in_local:
                out += entry.local_bytes()
            if entry.in_central:
                central.append(entry.central_bytes(offset))
        if self.central_order:
            central = self.central_order(central)
        out += self.before_central
        directory = b"".join(central)
        values = {
            "signature": b"PK\5\6", "disk": 0, "central_disk": 0, "here": len(central), "total": len(central),
            "central_size": len(directory), "central_offset": start + len(out), "comment_len": len(self.comment),
        }  # fmt: skip
        end = pack(END_FIELDS, values, self.end) + self.comment
        return bytes(self.prefix + out + directory + self.after_central + end + self.trailing)


def record_hash(data):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def record_text(rows):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


class Wheel:
    """A valid wheel, as long as nothing is changed.

    files: path -> bytes or str, or (bytes, mode). data: path below .data -> the same. scripts, gui_scripts: name ->
    "module:attr". headers: more fields of METADATA. dist_info: file name -> bytes, to be changed freely; None removes.
    record: function that gets the rows [path, hash, size] and returns rows, or bytes that are RECORD.
    """

    def __init__(self, name="demo", version="1.0", *, files=None, data=None, scripts=None, gui_scripts=None,
                 requires_python=None, headers=(), purelib=True, tag="py3-none-any", build=None, record=None,
                 directories=(), extra_entries=()):  # fmt: skip
        self.name = name
        self.version = version
        self.tag = tag
        self.build_tag = build
        self.stem = f"{name.replace('-', '_')}-{version.replace('-', '_')}"
        self.info = self.stem + ".dist-info"
        self.files = dict(files) if files is not None else {f"{name.replace('-', '_')}/__init__.py": "ANSWER = 42\n"}
        self.files.update({f"{self.stem}.data/{path}": content for path, content in (data or {}).items()})
        self.record = record
        self.directories = list(directories)
        self.extra_entries = list(extra_entries)
        fields = [("Metadata-Version", "2.1"), ("Name", name), ("Version", version), *headers]
        if requires_python is not None:
            fields.append(("Requires-Python", requires_python))
        self.dist_info = {
            "METADATA": "".join(f"{key}: {value}\n" for key, value in fields).encode(),
            "WHEEL": (
                "Wheel-Version: 1.0\nGenerator: mkwheel\n"
                f"Root-Is-Purelib: {str(purelib).lower()}\nTag: {tag}\n"
            ).encode(),
        }
        sections = (("console_scripts", scripts), ("gui_scripts", gui_scripts))
        text = "".join(
            f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in points.items()) + "\n"
            for section, points in sections
            if points
        )
        if text:
            self.dist_info["entry_points.txt"] = text.encode()

    @property
    def filename(self):
        build = f"-{self.build_tag}" if self.build_tag else ""
        return f"{self.stem}{build}-{self.tag}.whl"

    def members(self):
        """path -> (bytes, mode) of everything but RECORD, sorted."""
        contents = dict(self.files)
        contents.update({f"{self.info}/{name}": data for name, data in self.dist_info.items() if data is not None})
        out = {}
        for path in sorted(contents):
            content = contents[path]
            data, mode = content if isinstance(content, tuple) else (content, REGULAR)
            out[path] = (data.encode() if isinstance(data, str) else data, mode)
        return out

    def record_bytes(self):
        rows = [[path, record_hash(data), str(len(data))] for path, (data, _) in self.members().items()]
        rows.append([f"{self.info}/RECORD", "", ""])
        changed = self.record(rows) if self.record else rows
        return changed if isinstance(changed, bytes) else record_text(changed)

    def entries(self, method=DEFLATED):
        out = [Entry(directory) for directory in self.directories]
        out += [Entry(path, data, method, mode) for path, (data, mode) in self.members().items()]
        out += self.extra_entries
        if "RECORD" not in self.dist_info or self.dist_info["RECORD"] is not None:
            out.append(Entry(f"{self.info}/RECORD", self.record_bytes(), method))
        return out

    def build(self):
        return Zip(self.entries()).build()

    def write(self, directory):
        path = os.path.join(os.fspath(directory), self.filename)
        with open(path, "wb") as file:
            file.write(self.build())
        return path


def pairs(texts):
    return dict(text.split("=", 1) for text in texts or ())


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Builds a small valid wheel and prints its path.")
    parser.add_argument("name")
    parser.add_argument("version")
    parser.add_argument("-o", "--output", default=".", metavar="DIR")
    parser.add_argument("--tag", default="py3-none-any")
    parser.add_argument("--requires-python", metavar="SPECIFIER")
    parser.add_argument("--platlib", action="store_true", help="Root-Is-Purelib: false")
    parser.add_argument("--file", action="append", metavar="PATH=TEXT")
    parser.add_argument("--data", action="append", metavar="SCHEME/PATH=TEXT", help="a file below .data")
    parser.add_argument("--script", action="append", metavar="NAME=MODULE:ATTR")
    parser.add_argument("--gui-script", action="append", metavar="NAME=MODULE:ATTR")
    options = parser.parse_args(arguments)
    wheel = Wheel(
        options.name,
        options.version,
        files=pairs(options.file) if options.file else None,
        data=pairs(options.data),
        scripts=pairs(options.script),
        gui_scripts=pairs(options.gui_script),
        requires_python=options.requires_python,
        purelib=not options.platlib,
        tag=options.tag,
    )
    print(wheel.write(options.output))
    return 0


if __name__ == "__main__":
    sys.exit(main())
