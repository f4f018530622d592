# SPDX-License-Identifier: MIT
"""One generated wheel for each way of being wrong, each refused with its own error code; and real wheels are not."""

import dataclasses
import glob
import os
import random
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from checker import check, checker, run_checker
from mkwheel import (
    CENTRAL_FIELDS, DEFLATED, EXECUTABLE, DIRECTORY, LOCAL_FIELDS, REGULAR, STORED, SYMLINK, Entry, Wheel, Zip,
    extra_field, record_hash, record_text,
)  # fmt: skip

INFO = "demo-1.0.dist-info"
CASES = {}


@dataclasses.dataclass
class Case:
    code: str
    make: object
    filename: str = "demo-1.0-py3-none-any.whl"


def case(code, name=None, filename="demo-1.0-py3-none-any.whl"):
    """Registers a function that returns the bytes of a wheel, to be refused with this code."""

    def register(make):
        CASES[name or make.__name__] = Case(code, make, filename)
        return make

    return register


def entries(**options):
    return Wheel(**options).entries()


def first(**changes):
    """A wheel whose first member (a file with data) has some fields of its Entry replaced."""
    found = entries()
    for key, value in changes.items():
        setattr(found[0], key, value)
    return Zip(found).build()


def both(**fields):
    """A wheel whose first member has these header fields in both headers."""
    return first(local=dict(fields), central=dict(fields))


def extra(*more, **options):
    """A wheel with more members, which its RECORD does not know."""
    return Zip(entries(**options) + list(more)).build()


def recorded(name, data=b"x", mode=REGULAR, **options):
    """A wheel with one more file, with its row in RECORD."""
    return Wheel(files={"demo.py": b"", name: (data, mode)}, **options).build()


# ---- the end record and what surrounds the zip ----

GOOD = Wheel().build()
CENTRAL = struct.unpack("<I", GOOD[-6:-2])[0]

TABLE = [
    ("empty-file", "zip-no-eocd", lambda: b""),
    ("no-zip", "zip-no-eocd", lambda: b"this is not a zip file, but it is long enough to be one"),
    ("cut-off", "zip-no-eocd", lambda: GOOD[:-10]),
    ("cut-in-half", "zip-no-eocd", lambda: GOOD[: len(GOOD) // 2]),
    ("far-trailing-data", "zip-no-eocd", lambda: GOOD + b"\0" * 70000),
    ("trailing-byte", "zip-trailing", lambda: GOOD + b"\n"),
    ("two-zips", "zip-trailing", lambda: Zip(entries(), trailing=b"PK\3\4" + b"\0" * 40).build()),
    ("comment-with-end-record", "zip-trailing", lambda: Zip(entries(), comment=b"PK\5\6 and more").build()),
    ("huge-comment", "zip-trailing", lambda: Zip(entries(), comment=b"c" * 20000).build()),
    ("comment-cut-off", "zip-truncated", lambda: Zip(entries(), end={"comment_len": 9}).build()),
    ("end-record-in-comment", "zip-central", lambda: Zip(entries(), comment=GOOD[-22:]).build()),
    ("prefix", "zip-prefix", lambda: Zip(entries(), prefix=b"#!/usr/bin/python3\n").build()),
    ("prefix-counted", "zip-prefix", lambda: Zip(entries(), prefix=b"MZ" * 40, shift=True).build()),
    ("concatenated", "zip-prefix", lambda: GOOD + Wheel(files={"evil.py": "x"}).build()),
    ("count-too-high", "zip-count", lambda: Zip(entries(), end={"here": 5, "total": 5}).build()),
    ("count-beyond-room", "zip-count", lambda: Zip(entries(), end={"here": 900, "total": 900}).build()),
    ("count-too-low", "zip-count", lambda: Zip(entries(), end={"here": 3, "total": 3}).build()),
    ("count-zero", "zip-count", lambda: Zip(entries(), end={"here": 0, "total": 0}).build()),
    ("counts-differ", "zip-count", lambda: Zip(entries(), end={"here": 3}).build()),
    ("too-many-members", "zip-bomb", lambda: Zip(entries(), end={"here": 20001, "total": 20001}).build()),
    ("disk-number", "zip-multidisk", lambda: Zip(entries(), end={"disk": 1}).build()),
    ("central-disk", "zip-multidisk", lambda: Zip(entries(), end={"central_disk": 1}).build()),
    ("member-on-disk", "zip-multidisk", lambda: first(central={"disk": 1})),
    ("central-behind-end", "zip-truncated", lambda: Zip(entries(), end={"central_offset": len(GOOD)}).build()),
    ("central-too-early", "zip-central", lambda: central_at(-1)),
    ("central-too-late", "zip-central", lambda: central_at(1)),
    ("central-size-wrong", "zip-central", lambda: Zip(entries(), end={"central_size": 7}).build()),
    ("zip64-sentinel", "zip-zip64", lambda: Zip(entries(), end={"central_size": 0xFFFFFFFF}).build()),
    ("zip64-offset", "zip-zip64", lambda: Zip(entries(), end={"central_offset": 0xFFFFFFFF}).build()),
    ("zip64-count", "zip-zip64", lambda: Zip(entries(), end={"here": 0xFFFF, "total": 0xFFFF}).build()),
    (
        "zip64-locator",
        "zip-zip64",
        lambda: Zip(entries(), after_central=struct.pack("<4sIQI", b"PK\6\7", 0, CENTRAL, 1)).build(),
    ),
    # ---- the central directory ----
    ("central-signature", "zip-central", lambda: first(central={"signature": b"PK\1\3"})),
    ("central-name-too-long", "zip-central", lambda: Zip(central_cut()).build()),
    ("digital-signature", "zip-central", lambda: digital_signature()),
    ("member-comment", "zip-central", lambda: first(central={"comment": b"hello"})),
    ("unknown-flag", "zip-central", lambda: both(flags=0x0010)),
    ("enhanced-deflate-flag", "zip-central", lambda: both(flags=0x1000)),
    ("dropped-central-header", "zip-gap", lambda: Zip(entries(), central_order=lambda c: c[:1] + c[2:]).build()),
    ("duplicate-central-header", "zip-overlap", lambda: Zip(entries(), central_order=lambda c: c + c[:1]).build()),
    # ---- local headers ----
    ("local-signature", "zip-local", lambda: first(local={"signature": b"PK\3\5"})),
    ("no-local-header", "zip-gap", lambda: local_missing()),
    ("local-outside", "zip-truncated", lambda: first(central={"offset": 0x7FFFFFFF})),
    ("local-in-central", "zip-truncated", lambda: Zip(offset_into_central()).build()),
    ("local-only-member", "zip-gap", lambda: Zip([*entries(), Entry("evil.py", b"x", in_central=False)]).build()),
    ("local-only-first", "zip-prefix", lambda: Zip([Entry("evil.py", b"x", in_central=False), *entries()]).build()),
    ("gap-between", "zip-gap", lambda: gap(1)),
    ("gap-before-central", "zip-gap", lambda: Zip(entries(), before_central=b"\0" * 3).build()),
    ("gap-at-start", "zip-prefix", lambda: gap(0)),
    ("overlap", "zip-overlap", lambda: overlap()),
    ("same-data-twice", "zip-overlap", lambda: shared_data()),
    ("data-reaches-central", "zip-overlap", lambda: reach_central()),
    ("name-differs", "zip-header-mismatch", lambda: first(local={"name": b"demo/__init__.pyc"})),
    ("name-differs-same-length", "zip-header-mismatch", lambda: first(local={"name": b"demo/__evil__.py"})),
    ("name-cut-at-nul", "zip-header-mismatch", lambda: first(local={"name": b"demo/__init__.py\0.txt"})),
    ("method-differs", "zip-header-mismatch", lambda: first(local={"method": STORED})),
    ("crc-differs", "zip-header-mismatch", lambda: first(local={"crc": 1})),
    ("size-differs", "zip-header-mismatch", lambda: first(local={"size": 1})),
    ("packed-differs", "zip-header-mismatch", lambda: first(local={"packed": 1})),
    ("flags-differ", "zip-header-mismatch", lambda: first(local={"flags": 0x800})),
    ("local-encrypted", "zip-header-mismatch", lambda: first(local={"flags": 1})),
    ("local-descriptor", "zip-header-mismatch", lambda: first(local={"flags": 8, "crc": 0, "packed": 0, "size": 0})),
    # ---- methods, encryption, descriptors, extra fields ----
    ("method-bzip2", "zip-method", lambda: both(method=12)),
    ("method-lzma", "zip-method", lambda: both(method=14)),
    ("method-deflate64", "zip-method", lambda: both(method=9)),
    ("method-aes", "zip-method", lambda: both(method=99)),
    ("encrypted", "zip-encrypted", lambda: both(flags=1)),
    ("strongly-encrypted", "zip-encrypted", lambda: both(flags=0x41)),
    ("masked-headers", "zip-encrypted", lambda: both(flags=0x2000)),
    ("descriptor", "zip-descriptor", lambda: descriptor(b"PK\7\x08")),
    ("descriptor-bare", "zip-descriptor", lambda: descriptor(b"")),
    ("extra-unicode-path", "zip-extra", lambda: first(extra=unicode_path(b"demo/__init__.py", b"../evil.py"))),
    ("extra-unicode-path-local", "zip-extra", lambda: first(local={"extra": unicode_path(b"demo/__init__.py", b"e")})),
    ("extra-link", "zip-extra", lambda: first(local={"extra": extra_field(0x6C78, b"\1\0\0\0\0")})),
    ("extra-unknown", "zip-extra", lambda: first(extra=extra_field(0x4242, b"abc"))),
    ("extra-cut-off", "zip-extra", lambda: first(extra=b"UT\x09\x00\1")),
    ("extra-stray-byte", "zip-extra", lambda: first(extra=b"\0")),
    ("extra-zip64", "zip-zip64", lambda: first(extra=extra_field(1, struct.pack("<QQ", 12, 14)))),
    ("zip64-size", "zip-zip64", lambda: both(size=0xFFFFFFFF)),
    # ---- types ----
    ("symlink", "zip-type", lambda: recorded("link", b"/etc/passwd", SYMLINK)),
    ("symlink-made-on-dos", "zip-type", lambda: first(mode=SYMLINK, system=0)),
    ("fifo", "zip-type", lambda: recorded("pipe", b"", 0o010644)),
    ("device", "zip-type", lambda: recorded("device", b"", 0o020644)),
    ("socket", "zip-type", lambda: recorded("socket", b"", 0o140644)),
    ("directory-without-slash", "zip-type", lambda: recorded("directory", b"", DIRECTORY)),
    ("dos-directory-without-slash", "zip-type", lambda: first(central={"external": 0x10}, system=0)),
    ("slash-without-directory", "zip-type", lambda: extra(Entry("x/", mode=0o100600, method=STORED))),
    ("directory-with-data", "zip-directory-data", lambda: extra(Entry("x/", b"data"))),
    ("directory-with-packed-data", "zip-directory-data", lambda: extra(Entry("x/", mode=DIRECTORY, method=DEFLATED))),
    # ---- names ----
    ("name-empty", "zip-name", lambda: extra(Entry(""))),
    ("name-nul", "zip-name", lambda: recorded_raw(b"demo.py\0.txt")),
    ("name-newline", "zip-name", lambda: recorded_raw(b"a\nb")),
    ("name-escape", "zip-name", lambda: recorded_raw(b"\x1b[2J")),
    ("name-delete", "zip-name", lambda: recorded_raw(b"a\x7fb")),
    ("name-c1-control", "zip-name", lambda: recorded_raw("a\x9bb".encode())),
    ("name-not-utf8", "zip-name", lambda: extra(Entry(b"caf\xe9.py", flags=0x800))),
    ("name-overlong-utf8", "zip-name", lambda: extra(Entry(b"..\xc0\xafevil", flags=0x800))),
    ("name-surrogate", "zip-name", lambda: extra(Entry(b"a\xed\xa0\x80", flags=0x800))),
    ("name-without-utf8-flag", "zip-name", lambda: extra(Entry("é.py", flags=0))),
    ("name-too-long", "zip-name", lambda: recorded_raw(b"a/" * 600 + b"b")),
    ("component-too-long", "zip-name", lambda: recorded_raw(b"a" * 256)),
    ("path-absolute", "zip-path", lambda: recorded_raw(b"/etc/passwd")),
    ("path-parent", "zip-path", lambda: recorded_raw(b"../evil.py")),
    ("path-parent-inside", "zip-path", lambda: recorded_raw(b"demo/../../evil.py")),
    ("path-parent-at-end", "zip-path", lambda: recorded_raw(b"demo/..")),
    ("path-parent-directory", "zip-path", lambda: extra(Entry("../"))),
    ("path-dot", "zip-path", lambda: recorded_raw(b"./evil.py")),
    ("path-dot-inside", "zip-path", lambda: recorded_raw(b"demo/./evil.py")),
    ("path-double-slash", "zip-path", lambda: recorded_raw(b"demo//evil.py")),
    ("path-slash-only", "zip-path", lambda: extra(Entry("/"))),
    ("path-two-slashes-at-end", "zip-path", lambda: extra(Entry("demo//"))),
    ("path-backslash", "zip-path", lambda: recorded_raw(b"demo\\evil.py")),
    ("path-drive", "zip-path", lambda: recorded_raw(b"C:evil.py")),
    ("path-drive-slash", "zip-path", lambda: recorded_raw(b"c:/evil.py")),
    ("duplicate", "zip-duplicate", lambda: extra(Entry("demo/__init__.py", b"other"))),
    ("duplicate-same-data", "zip-duplicate", lambda: extra(Entry("demo/__init__.py", b"ANSWER = 42\n"))),
    ("duplicate-directory", "zip-duplicate", lambda: extra(Entry("demo/"), Entry("demo/"))),
    ("duplicate-record", "zip-duplicate", lambda: extra(Entry(f"{INFO}/RECORD", b""))),
    ("clash-case", "zip-name-collision", lambda: recorded("Demo.py")),
    ("clash-normal-forms", "zip-name-collision", lambda: Wheel(files={"na\u00efve.py": "", "nai\u0308ve.py": ""}).build()),
    ("clash-marks", "zip-name-collision", lambda: Wheel(files={"a\u0323\u0302": "", "a\u0302\u0323": ""}).build()),
    ("clash-hangul", "zip-name-collision", lambda: Wheel(files={"\ud55c": "", "\u1112\u1161\u11ab": ""}).build()),
    ("clash-case-beyond-ascii", "zip-name-collision", lambda: Wheel(files={"\u00c9/x": "", "\u00e9/x": ""}).build()),
    ("clash-kelvin", "zip-name-collision", lambda: Wheel(files={"k.py": "", "\u212a.py": ""}).build()),
    ("clash-ignored", "zip-name-collision", lambda: Wheel(files={"k.py": "", "k\u200b.py": ""}).build()),
    ("clash-case-inside", "zip-name-collision", lambda: Wheel(files={"a/x.py": "", "A/X.py": ""}).build()),
    ("clash-file-below-file", "zip-name-collision", lambda: Wheel(files={"a": "x", "a/b.py": "", "a-b": ""}).build()),
    ("clash-file-below-file-case", "zip-name-collision", lambda: Wheel(files={"A": "x", "a/b/c.py": "", "a.b": ""}).build()),
    ("clash-file-and-directory", "zip-name-collision", lambda: Wheel(files={"demo": "x"}, directories=["demo/"]).build()),
    # ---- sizes, checksums, compressed data ----
    ("crc-wrong", "zip-crc", lambda: both(crc=12345)),
    ("crc-wrong-empty", "zip-crc", lambda: extra(Entry("e", b"", local={"crc": 1}, central={"crc": 1}))),
    ("stored-sizes-differ", "zip-size", lambda: first(method=STORED, local={"size": 5}, central={"size": 5})),
    ("size-too-small", "zip-size", lambda: sized(10)),
    ("size-too-large", "zip-size", lambda: sized(300000)),
    ("size-zero", "zip-size", lambda: sized(0)),
    ("packed-too-large", "zip-size", lambda: padded()),
    ("bomb-declared", "zip-bomb", lambda: both(size=33 << 20)),
    ("bomb-sum", "zip-bomb", lambda: Zip(entries() + [Entry(f"z{i}", bytes(4 << 20)) for i in range(9)]).build()),
    ("bomb-names", "zip-bomb", lambda: Zip(long_names()).build()),
    ("file-too-large", "zip-bomb", lambda: bytes((16 << 20) + 1)),
    ("deflate-garbage", "zip-data", lambda: first(payload=b"\xff" * 14)),
    ("deflate-cut-off", "zip-data", lambda: deflate_cut()),
    # ---- dist-info ----
    ("no-members", "dist-info", lambda: Zip([]).build()),
    ("no-dist-info", "dist-info", lambda: Zip([Entry("demo.py")]).build()),
    ("two-dist-infos", "dist-info", lambda: recorded("other-1.0.dist-info/METADATA")),
    ("two-versions", "dist-info", lambda: recorded("demo-2.0.dist-info/METADATA")),
    ("dist-info-second-case", "dist-info", lambda: recorded("other-1.0.DIST-info/METADATA")),
    ("dist-info-case", "dist-info", lambda: recased(".dist-info/", ".dist-infO/")),
    ("egg-info", "dist-info", lambda: recorded("pip-1.0.egg-info/PKG-INFO")),
    ("egg-info-file", "dist-info", lambda: recorded("pip.EGG-info")),
    ("egg-link", "dist-info", lambda: recorded("pip.egg-link")),
    ("egg", "dist-info", lambda: recorded("pip-1.0-py3.11.egg")),
    ("data-case", "data-scheme", lambda: recorded("demo-1.0.DATA/scripts/x")),
    ("dist-info-is-file", "dist-info", lambda: recorded("x.dist-info")),
    ("no-metadata", "metadata", lambda: info(METADATA=None)),
    ("metadata-is-directory", "metadata", lambda: dir_metadata()),
    ("metadata-empty", "metadata", lambda: info(METADATA=b"")),
    ("metadata-other-name", "metadata", lambda: info(METADATA=b"Name: other\nVersion: 1.0\n")),
    ("metadata-other-version", "metadata", lambda: info(METADATA=b"Name: demo\nVersion: 1.1\n")),
    ("metadata-no-name", "metadata", lambda: info(METADATA=b"Version: 1.0\n")),
    ("metadata-no-version", "metadata", lambda: info(METADATA=b"Name: demo\n")),
    ("metadata-bad-version", "metadata", lambda: info(METADATA=b"Name: demo\nVersion: one\n")),
    ("metadata-name-twice", "metadata", lambda: info(METADATA=b"Name: demo\nVersion: 1.0\nNAME: demo\n")),
    ("metadata-only-in-body", "metadata", lambda: info(METADATA=b"Name: demo\n\nVersion: 1.0\n")),
    ("metadata-behind-garbage", "metadata", lambda: info(METADATA=b"Name: demo\ngarbage\nVersion: 1.0\n")),
    ("metadata-nul", "metadata", lambda: info(METADATA=b"Name: demo\0evil\nVersion: 1.0\n")),
    ("metadata-bom", "metadata", lambda: info(METADATA=b"\xef\xbb\xbfName: demo\nVersion: 1.0\n")),
    ("requires-python-bad", "metadata", lambda: Wheel(requires_python=">=three").build()),
    ("requires-python-twice", "metadata", lambda: Wheel(requires_python=">=3\nRequires-Python: <3").build()),
    ("requires-python-no-operator", "metadata", lambda: Wheel(requires_python="3.8").build()),
    ("no-wheel-file", "wheel-file", lambda: info(WHEEL=None)),
    ("wheel-file-empty", "wheel-file", lambda: info(WHEEL=b"")),
    ("wheel-version-missing", "wheel-file", lambda: info(WHEEL=b"Root-Is-Purelib: true\n")),
    ("wheel-version-garbage", "wheel-file", lambda: info(WHEEL=b"Wheel-Version: one\nRoot-Is-Purelib: true\n")),
    ("purelib-missing", "wheel-file", lambda: info(WHEEL=b"Wheel-Version: 1.0\n")),
    ("purelib-maybe", "wheel-file", lambda: info(WHEEL=b"Wheel-Version: 1.0\nRoot-Is-Purelib: maybe\n")),
    ("wheel-version-2", "wheel-version", lambda: info(WHEEL=b"Wheel-Version: 2.0\nRoot-Is-Purelib: true\n")),
    ("wheel-version-0", "wheel-version", lambda: info(WHEEL=b"Wheel-Version: 0.9\nRoot-Is-Purelib: true\n")),
    ("wheel-version-10", "wheel-version", lambda: info(WHEEL=b"Wheel-Version: 10.0\nRoot-Is-Purelib: true\n")),
    # ---- entry points ----
    ("entry-point-no-attr", "entry-points", lambda: Wheel(scripts={"demo": "demo"}).build()),
    ("entry-point-empty", "entry-points", lambda: Wheel(scripts={"demo": ""}).build()),
    ("entry-point-code", "entry-points", lambda: Wheel(scripts={"demo": "os:system('id')"}).build()),
    ("entry-point-import", "entry-points", lambda: Wheel(scripts={"demo": "os;import evil:main"}).build()),
    ("entry-point-digit", "entry-points", lambda: Wheel(scripts={"demo": "demo:1main"}).build()),
    ("entry-point-dots", "entry-points", lambda: Wheel(scripts={"demo": "demo..cli:main"}).build()),
    ("entry-point-dash", "entry-points", lambda: Wheel(scripts={"demo": "de-mo:main"}).build()),
    ("entry-point-extras-open", "entry-points", lambda: Wheel(scripts={"demo": "demo:main [x"}).build()),
    ("entry-point-no-equals", "entry-points", lambda: points("[console_scripts]\ndemo\n")),
    ("entry-point-twice", "entry-points", lambda: points("[console_scripts]\na = b:c\na = b:d\n")),
    ("entry-point-both-sections", "entry-points", lambda: points("[console_scripts]\na=b:c\n[gui_scripts]\na=b:d\n")),
    ("section-twice", "entry-points", lambda: points("[console_scripts]\na=b:c\n[console_scripts]\nd=b:d\n")),
    ("no-section", "entry-points", lambda: points("a = b:c\n[console_scripts]\n")),
    ("section-open", "entry-points", lambda: points("[console_scripts\na = b:c\n")),
    ("continuation", "entry-points", lambda: points("[console_scripts]\na = b:c\n  evil = b:d\n")),
    ("hidden-section", "entry-points", lambda: points("[other]\na = b\n  [console_scripts]\n  evil = b:d\n")),
    ("semicolon", "entry-points", lambda: points("[console_scripts]\n;a = b:c\n")),
    ("line-separator", "entry-points", lambda: points("[other]\na = b\u2028[console_scripts]\u2028evil = b:c\n")),
    ("bare-return", "entry-points", lambda: points("[other]\ra = b\r[console_scripts]\revil = b:c\n")),
    ("entry-points-not-utf8", "entry-points", lambda: info(**{"entry_points.txt": b"[console_scripts]\n\xff = a:b\n"})),
    ("entry-points-huge", "entry-points", lambda: points("#\n" * (130 << 10))),
    *[
        (f"script-{name!r}", "script-name", lambda name=name: Wheel(scripts={name: "demo:main"}).build())
        for name in (
            "python", "python3", "Python3.12", "python3-config", "pypy3", "activate", "activate.fish", "deactivate",
            "-x", ".hidden", "..", "../evil", "a/b", "/bin/sh", "a\\b", "a b", "é\u200bx", "x" * 256, "",
        )  # fmt: skip
    ],
    ("gui-script-python", "script-name", lambda: Wheel(gui_scripts={"python3": "demo:main"}).build()),
    # ---- .data ----
    ("data-unknown-scheme", "data-scheme", lambda: Wheel(data={"stdlib/os.py": ""}).build()),
    ("data-scheme-case", "data-scheme", lambda: Wheel(data={"Scripts/demo": ""}).build()),
    ("data-file-at-top", "data-scheme", lambda: Wheel(data={"readme": ""}).build()),
    ("data-scheme-is-file", "data-scheme", lambda: Wheel(data={"scripts": ""}).build()),
    ("data-unknown-directory", "data-scheme", lambda: Wheel(directories=["demo-1.0.data/evil/"]).build()),
    ("data-other-project", "data-scheme", lambda: recorded("other-1.0.data/scripts/x")),
    ("data-other-version", "data-scheme", lambda: recorded("demo-1.1.data/scripts/x")),
    ("data-two", "data-scheme", lambda: Wheel(data={"data/x": ""}, files={"Demo-1.0.data/data/y": ""}).build()),
    ("data-is-file", "data-scheme", lambda: recorded("demo-1.0.data")),
    ("data-pyvenv-cfg", "data-scheme", lambda: Wheel(data={"data/pyvenv.cfg": "home = /tmp"}).build()),
    *[
        (f"reserved-{name!r}", "reserved-name", lambda name=name: Wheel(data={name: "x"}).build())
        for name in (
            "data/.pipseed-unfinished", "data/.pipseed-venv/journal", "data/.PipSeed-venv/journal", "data/lib64",
            "data/LIB64/python3.13/x", "data/.gitignore", "data/share/.pipseed-0123456789abcdef/journal",
            "data/.app.pipseed-old/x", "data/bin", "data/include", "data/lib", "data/Scripts",
            "data/lib/python3.13/os.py", "data/lib/python3.13/site-packages/sitecustomize.py",
            "data/lib/pypy3.9/site.py", "data/include/python3.13/Python.h", "data/.pip\u200bseed-venv/x",
            "data/.pip\u017feed-venv/x", "purelib/.pipseed-0123456789abcdef/journal", "platlib/sitecustomize.so",
            "headers/.pipseed-x/y", "purelib/usercustomize/__init__.py", "data/pyvenv.cfg/x",
        )
    ],
    *[
        (f"reserved-top-{name!r}", "reserved-name", lambda name=name: Wheel(files={name: "x"}).build())
        for name in (
            ".pipseed-0123456789abcdef/journal", "demo/.pipseed-unfinished", "sitecustomize.py", "UserCustomize.py",
            "sitecu\ufb06omize.py", "demo-1.0.dist-info/pipseed.json",
            ".pth.pipseed-new",
        )
    ],
    ("reserved-directory", "reserved-name", lambda: Wheel(directories=["demo-1.0.data/data/lib64/"]).build()),
    ("data-bin-case", "script-name", lambda: Wheel(data={"data/BIN/python3": "#!/bin/sh"}).build()),
    ("data-scripts-case", "script-name", lambda: Wheel(data={"data/Scripts/python.exe": ""}).build()),
    ("data-script-python", "script-name", lambda: Wheel(data={"scripts/python": "#!/bin/sh"}).build()),
    ("data-script-nested", "script-name", lambda: Wheel(data={"scripts/a/b": "#!/bin/sh"}).build()),
    ("data-script-dash", "script-name", lambda: Wheel(data={"scripts/-rf": "#!/bin/sh"}).build()),
    ("data-bin-python", "script-name", lambda: Wheel(data={"data/bin/python3": "#!/bin/sh"}).build()),
    ("data-bin-activate", "script-name", lambda: Wheel(data={"data/bin/activate": "evil"}).build()),
    # ---- RECORD ----
    ("record-missing", "record-missing", lambda: info(RECORD=None)),
    ("record-empty", "record-missing", lambda: Wheel(record=lambda rows: b"").build()),
    ("record-row-missing", "record-missing", lambda: Wheel(record=lambda rows: rows[1:]).build()),
    ("record-unlisted-member", "record-missing", lambda: extra(Entry("evil.py", b"x"))),
    ("record-unlisted-signature-elsewhere", "record-missing", lambda: extra(Entry("RECORD.jws", b"x"))),
    ("record-row-extra", "record-extra", lambda: Wheel(record=lambda rows: rows + [["x.py", rows[0][1], "1"]]).build()),
    ("record-row-case", "record-extra", lambda: row(0, "DEMO/__init__.py")),
    ("record-row-twice", "record-duplicate", lambda: Wheel(record=lambda rows: rows + rows[:1]).build()),
    ("record-own-row-twice", "record-duplicate", lambda: Wheel(record=lambda rows: rows + rows[-1:]).build()),
    ("record-path-absolute", "record-path", lambda: row(0, "/demo/__init__.py")),
    ("record-path-parent", "record-path", lambda: row(0, "demo/../demo/__init__.py")),
    ("record-path-backslash", "record-path", lambda: row(0, "demo\\__init__.py")),
    ("record-path-directory", "record-path", lambda: Wheel(record=lambda rows: rows + [["demo/", "", ""]]).build()),
    ("record-hash-wrong", "record-hash", lambda: row(1, record_hash(b"other"))),
    ("record-hash-empty", "record-hash", lambda: row(1, "")),
    ("record-hash-md5", "record-hash", lambda: row(1, "md5=XrY7u-Ae7tCTyyK7j1rNww")),
    ("record-hash-padded", "record-hash", lambda: row(1, record_hash(b"ANSWER = 42\n") + "=")),
    ("record-hash-hex", "record-hash", lambda: row(1, "sha256=" + "0" * 64)),
    ("record-hash-of-record", "record-hash", lambda: own_row([f"{INFO}/RECORD", record_hash(b""), ""])),
    ("record-size-wrong", "record-size", lambda: row(2, "13")),
    ("record-size-empty", "record-size", lambda: row(2, "")),
    ("record-size-negative", "record-size", lambda: row(2, "-12")),
    ("record-size-overflow", "record-size", lambda: row(2, str(2**64 + 12))),
    ("record-size-of-record", "record-size", lambda: own_row([f"{INFO}/RECORD", "", "1"])),
    ("record-one-field", "record-syntax", lambda: Wheel(record=lambda rows: rows + [["x"]]).build()),
    ("record-four-fields", "record-syntax", lambda: Wheel(record=lambda rows: rows + [["x", "", "", ""]]).build()),
    ("record-blank-line", "record-syntax", lambda: Wheel(record=lambda rows: record_text(rows) + b"\n").build()),
    ("record-no-path", "record-syntax", lambda: Wheel(record=lambda rows: rows + [["", "", ""]]).build()),
    ("record-open-quote", "record-syntax", lambda: Wheel(record=lambda rows: record_text(rows) + b'"x,,\n').build()),
    ("record-not-utf8", "record-syntax", lambda: Wheel(record=lambda rows: record_text(rows) + b"\xff,,\n").build()),
    ("record-nul", "record-syntax", lambda: Wheel(record=lambda rows: record_text(rows) + b"a\0b,,\n").build()),
    ("record-huge", "record-syntax", lambda: Wheel(record=lambda rows: record_text(rows) + b"x" * (5 << 20)).build()),
]  # fmt: skip

NAME_TABLE = [
    ("filename-garbage", "wheel-name", "demo.whl"),
    ("filename-no-whl", "wheel-name", "demo-1.0-py3-none-any.zip"),
    ("filename-bad-version", "wheel-name", "demo-one-py3-none-any.whl"),
    ("filename-other-project", "dist-info", "other-1.0-py3-none-any.whl"),
    ("filename-other-version", "dist-info", "demo-1.1-py3-none-any.whl"),
    ("filename-post-version", "dist-info", "demo-1.0.post1-py3-none-any.whl"),
]


def central_at(shift):
    size = len(GOOD) - 22 - CENTRAL
    return Zip(entries(), end={"central_offset": CENTRAL + shift, "central_size": size - shift}).build()


def central_cut():
    found = entries()
    found[-1].central = {"name_len": 900}
    return found


def digital_signature():
    data = Zip(entries(), after_central=b"PK\5\5\0\0").build()
    return data[:-10] + struct.pack("<I", len(GOOD) - CENTRAL - 22 + 6) + data[-6:]


def local_missing():
    found = entries()
    found.insert(1, Entry("evil.py", b"x", in_local=False, central={"offset": 0}))
    found[0].after = b"zz"
    found[1].central["offset"] = len(found[0].local_bytes()) - 1
    return Zip(found).build()


def offset_into_central():
    found = entries()
    found[-1].central = {"offset": CENTRAL + 4}
    return found


def gap(i):
    found = entries()
    found[i].before = b"hidden"
    return Zip(found).build()


def overlap():
    """The quine trick: the second member's local header lies inside the first one's stored data."""
    inner = Entry("inner.py", b"x = 1\n", STORED)
    outer = Entry("aaa", inner.local_bytes() + b"tail", STORED)
    inner.in_local = False
    inner.central = {"offset": 30 + len(outer.name)}
    return Zip([outer, inner, *entries()]).build()


def shared_data():
    """Two central headers, one local header: the cheap kind of bomb."""
    found = entries()
    found.append(Entry(found[0].name, found[0].data, in_local=False, central={"offset": 0}))
    return Zip(found).build()


def reach_central():
    found = entries()
    last = found[-1]
    last.local = last.central = {"packed": len(last.packed()) + 10}
    return Zip(found).build()


def descriptor(signature):
    found = entries()
    values = found[0].values()
    found[0].flags = 8
    found[0].local = {"crc": 0, "packed": 0, "size": 0}
    found[0].after = signature + struct.pack("<III", values["crc"], values["packed"], values["size"])
    return Zip(found).build()


def unicode_path(old, new):
    return extra_field(0x7075, b"\1" + struct.pack("<I", zlib.crc32(old)) + new)


def recorded_raw(name):
    """A wheel with a member of any name, which RECORD lists as far as text can."""
    flags = None if name.isascii() else 0x800
    row_of = [name.decode(errors="replace").replace("\0", ""), record_hash(b"x"), "1"]
    return extra(Entry(name, b"x", flags=flags), record=lambda rows: rows + [row_of])


def sized(size):
    """Deflated data that is 100,000 bytes long, whatever its headers say; the checksum fits the data."""
    member = Entry("big", bytes(100000), local={"size": size}, central={"size": size})
    return Zip([member, *entries()]).build()


def padded():
    member = Entry("pad", bytes(100))
    member.payload = member.packed() + b"hidden"
    return Zip([member, *entries()]).build()


def deflate_cut():
    found = entries()
    found[0].payload = found[0].packed()[:-3]
    return Zip(found).build()


def long_names():
    return [Entry("/".join(["n" * 100] * 10) + str(i), b"", STORED) for i in range(2100)]


def recased(old, new):
    wheel = Wheel()
    wheel.info = wheel.info.replace(old.rstrip("/"), new.rstrip("/"))
    return wheel.build()


def info(**files):
    wheel = Wheel()
    wheel.dist_info.update(files)
    return wheel.build()


def points(text):
    return info(**{"entry_points.txt": text.encode()})


def dir_metadata():
    wheel = Wheel(directories=[f"{INFO}/METADATA/"])
    wheel.dist_info["METADATA"] = None
    return wheel.build()


def row(field, value):
    """The row of demo/__init__.py with one field changed."""

    def change(rows):
        assert rows[2][0] == "demo/__init__.py" or rows[-2][0] == "demo/__init__.py"
        for one in rows:
            if one[0] == "demo/__init__.py":
                one[field] = value
        return rows

    return Wheel(record=change).build()


def own_row(replacement):
    return Wheel(record=lambda rows: rows[:-1] + [replacement]).build()


for _name, _code, _make in TABLE:
    assert _name not in CASES, _name
    CASES[_name] = Case(_code, _make)
for _name, _code, _filename in NAME_TABLE:
    CASES[_name] = Case(_code, lambda: GOOD, _filename)


@pytest.mark.parametrize("name", CASES)
def test_refused(name, tmp_path):
    wanted = CASES[name]
    path = tmp_path / wanted.filename
    path.write_bytes(wanted.make())
    code, message = check(path)
    assert code == wanted.code, message
    assert message.isprintable()


def good_wheels():
    many = {f"demo/m{i}.py": f"x = {i}\n" for i in range(300)}
    signed = Wheel(extra_entries=[Entry(f"{INFO}/RECORD.jws", b"{}"), Entry(f"{INFO}/RECORD.p7s", b"p7")])
    times = Wheel().entries()
    times[0].extra = extra_field(0x5455, b"\3" + bytes(8))
    times[0].central["extra"] = extra_field(0x5455, b"\3" + bytes(4)) + extra_field(0x7875, b"\1\4" + bytes(9))
    newer = Wheel()
    newer.dist_info["WHEEL"] = newer.dist_info["WHEEL"].replace(b"1.0", b"1.9")
    folded = Wheel()
    folded.dist_info["METADATA"] = b"Metadata-Version: 2.1\r\nNAME:\r\n  Demo\r\nversion: v1.0.0\r\n\r\nName: body\r\n"
    without_own = Wheel(record=lambda rows: rows[:-1])
    yield "plain", Wheel().build()
    yield "many", Wheel(files=many).build()
    yield "stored", Zip(Wheel().entries(STORED)).build()
    yield "empty-files", Wheel(files={"a.py": "", "b.py": ""}).build()
    yield "executable", Wheel(files={"tool": ("#!/bin/sh\n", EXECUTABLE)}).build()
    yield "no-mode", Wheel(files={"a.py": ("x", 0)}).build()
    yield "directories", Wheel(directories=["demo/", f"{INFO}/", "empty/"]).build()
    yield "comment", Zip(Wheel().entries(), comment=b"made by a careful tool").build()
    yield "reordered", Zip(Wheel().entries(), central_order=lambda headers: headers[::-1]).build()
    yield "record-first", Zip(Wheel().entries()[::-1]).build()
    yield "signed", signed.build()
    yield "times", Zip(times).build()
    yield "scripts", Wheel(scripts={"demo": "demo.cli:App.run [cli]", "demo3": "demo:main"}).build()
    yield "entry-points-elsewhere", points("# c\n[a.b]\nx = y\n  z\n; c\n[gui_scripts]\n\n  g=demo:main\n  # c\n")
    yield "data", Wheel(data={f"{key}/share/x": "" for key in ("purelib", "platlib", "headers", "data")}).build()
    yield "data-scripts", Wheel(data={"scripts/hello": "#!python\n", "data/bin/tool": "x"}).build()
    yield "vendored", recorded("demo/_vendor/other-2.0.dist-info/RECORD")
    yield "nfd", Wheel(files={"demo/nai\u0308ve-\u1112\u1161\u11ab.txt": "x", "demo/na\u00efve.txt": "y"}).build()
    yield "nfd-many", Wheel(files={f"demo/e\u0301{i}.txt": str(i) for i in (7, 1, 30, 4)}).build()
    yield "path-files", Wheel(files={"distutils-precedence.pth": "import os\n", "pipseed/x.py": "", "demo/.x": ""}).build()
    yield "include", Wheel(data={"data/include/demo/x.h": "", "data/include/python3.13/demo/x.h": ""}).build()
    yield "lib", Wheel(data={"data/lib/libdemo.so": "", "data/lib/python3.13/site-packages/other/x": ""}).build()
    yield "non-ascii", Wheel(files={"demo/naïve-日本.txt": "é"}).build()
    yield "comma-and-quote", Wheel(files={'a,"b".txt': "x"}).build()
    yield "newer-minor", newer.build()
    yield "folded", folded.build()
    yield "no-own-row", without_own.build()
    yield "requires-python", Wheel(requires_python=">=3.6, !=3.7.*").build()


GOOD_WHEELS = dict(good_wheels())


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX", "tr_TR.UTF-8"])
@pytest.mark.parametrize("name", GOOD_WHEELS)
def test_accepted(name, locale, tmp_path):
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    path.write_bytes(GOOD_WHEELS[name])
    assert check(path, LC_ALL=locale) == ("ok", "")


@pytest.mark.parametrize(
    ("filename", "options"),
    [
        ("Demo_Pkg-1.0-1-py2.py3-none-any.whl", {"name": "demo.pkg", "version": "1.0"}),
        ("demo-1.0.0-py3-none-any.whl", {"version": "1"}),
        ("demo-1.0rc1-py3-none-any.whl", {"version": "1.0.RC.1"}),
    ],
)
def test_other_spellings_accepted(filename, options, tmp_path):
    path = tmp_path / filename
    path.write_bytes(Wheel(**options).build())
    assert check(path) == ("ok", "")


def test_every_zip_and_record_code_is_tried():
    codes = {one.code for one in CASES.values()}
    # libarchive and zip.h can only disagree about something that zip.h does not refuse: nothing is known.
    never = {"zip-decoder-mismatch"}
    header = Path(__file__).resolve().parents[2] / "core/include/pipseed.h"
    named = {
        line.split('"')[1]
        for line in header.read_text().splitlines()
        if line.strip().startswith(("X(ZIP_", "X(RECORD_", "X(DIST_INFO", "X(METADATA", "X(WHEEL_FILE",
                                    "X(WHEEL_VERSION", "X(ENTRY_POINTS", "X(SCRIPT_NAME", "X(DATA_SCHEME",
                                    "X(RESERVED_NAME",
                                    "X(WHEEL_NAME"))
    }  # fmt: skip
    assert named - codes == never


def real_wheels():
    patterns = ["/tmp/wh/*.whl", "/usr/share/python-wheels/*"]
    patterns += ["~/.pyenv/versions/*/lib/python3*/ensurepip/_bundled/*.whl"]
    if os.environ.get("PIPSEED_WHEEL_DIR"):
        patterns.append(os.environ["PIPSEED_WHEEL_DIR"] + "/*.whl")
    if os.environ.get("PIPSEED_BUILD"):
        patterns.append(os.environ["PIPSEED_BUILD"] + "/wheels/*.whl")
    found = (path for pattern in patterns for path in glob.glob(os.path.expanduser(pattern)) if path.endswith(".whl"))
    return sorted({os.path.realpath(path) for path in found})


def test_real_wheels_accepted():
    wheels = real_wheels()
    if not wheels:
        pytest.skip("no real wheels on this machine")
    lines = run_checker([*wheels], LC_ALL="C")
    assert lines == [[path, "ok"] for path in wheels]


@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_every_byte_of_a_small_wheel(method, tmp_path):
    """A changed byte is refused, or is one that no reader looks at (times, versions needed, owners' systems)."""
    indifferent = {"needed", "time", "date", "made_by", "system", "internal", "external"}
    members = Wheel(files={"d.py": "x = 1\n"}).entries(method)
    good = Zip(members).build()
    spans = indifferent_spans(members, good, indifferent)
    paths = []
    for i in range(len(good)):
        if i in spans:
            continue
        directory = tmp_path / str(i)
        directory.mkdir()
        path = directory / "demo-1.0-py3-none-any.whl"
        path.write_bytes(good[:i] + bytes([good[i] ^ (1 << i % 8)]) + good[i + 1 :])
        paths.append(path)
    lines = run_checker(paths)
    assert [line for line in lines if line[1] == "ok"] == []
    assert len(lines) == len(paths)


def indifferent_spans(members, good, names):
    spans = set()

    def mark(start, fields):
        for name, code in fields:
            size = struct.calcsize("<" + code)
            if name in names:
                spans.update(range(start, start + size))
            start += size

    offset = 0
    for entry in members:
        mark(offset, LOCAL_FIELDS)
        offset += len(entry.local_bytes())
        if entry.method == DEFLATED:  # the bits behind the end of its last block
            spans.add(offset - 1)
    for entry in members:
        mark(offset, CENTRAL_FIELDS)
        offset += len(entry.central_bytes(0))
    assert good[offset:].startswith(b"PK\5\6")
    return spans


def test_every_truncation(tmp_path):
    good = Wheel(files={"d.py": "x = 1\n"}).build()
    paths = []
    for i in range(len(good)):
        directory = tmp_path / str(i)
        directory.mkdir()
        path = directory / "demo-1.0-py3-none-any.whl"
        path.write_bytes(good[:i])
        paths.append(path)
    assert [line for line in run_checker(paths) if line[1] == "ok"] == []


def test_module_missing(tmp_path):
    """The program's own copy looks for a module that does not exist."""
    name = b"pipseed-unpack.so"
    program = tmp_path / "check_wheel"
    code = Path(checker()).read_bytes()
    assert name in code
    program.write_bytes(code.replace(name, b"pipseed-absent.so"))
    program.chmod(0o755)
    wheel = Wheel().write(tmp_path)
    done = subprocess.run([program, wheel], capture_output=True, text=True, check=True)
    path, code, message = done.stdout.rstrip("\n").split("\t")
    assert (path, code) == (wheel, "unsupported")
    assert "pipseed-absent.so" in message and "unpacks wheels" in message


def test_module_of_another_version(tmp_path):
    library = next(iter(glob.glob("/lib/*/libz.so.1") + glob.glob("/usr/lib/libz.so.1")))
    (tmp_path / "pipseed-unpack.so").write_bytes(Path(library).read_bytes())
    code, message = check(Wheel().write(tmp_path), LD_LIBRARY_PATH=str(tmp_path))
    assert code == "unsupported"
    assert "another version" in message


def largest_wheel():
    """All bounds at once: 16 MiB packed, 32 MiB unpacked, 20,000 members, 1 MiB of names, a RECORD of 2 MiB."""
    files = {f"demo/{'n' * 30}/{i:05}{'m' * 7}.py": b"" for i in range(19990)}
    wheel = Wheel(files=files)
    packed = (16 << 20) - len(wheel.build()) - 4096
    unpacked = (32 << 20) - sum(entry.values()["size"] for entry in wheel.entries()) - 4096
    wheel.files["noise"] = random.Random(1).randbytes(packed - (64 << 10))
    wheel.files["zeros"] = bytes(unpacked - len(wheel.files["noise"]))
    return wheel.build()


def test_memory_bounded(tmp_path):
    if sanitized():
        pytest.skip("sanitizers take memory of their own")
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    path.write_bytes(largest_wheel())
    assert (16 << 20) - (256 << 10) < path.stat().st_size <= 16 << 20
    lines = run_checker(["--memory", path])
    assert lines[0] == [str(path), "ok"]
    assert int(lines[1][1]) < 64 << 10


def sanitized():
    linked = subprocess.run(["ldd", checker()], capture_output=True, text=True, check=False).stdout
    return "asan" in linked or b"__asan_init" in Path(checker()).read_bytes()
