# SPDX-License-Identifier: MIT
"""An optimised build has what makes an attack harder: asked of the built files, not of the flags."""

import os
import platform
import re
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(os.environ.get("PIPSEED_SOURCE") or Path(__file__).resolve().parents[2])
X86 = platform.machine() == "x86_64"
on_x86 = pytest.mark.skipif(not X86, reason="the instructions are looked for as x86-64 has them")


def output(*command):
    return subprocess.run([*map(os.fspath, command)], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """name -> path of what gets installed, from a release build without the bundle."""
    build = tmp_path_factory.mktemp("release")
    output(
        "cmake", "-S", SOURCE, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DPIPSEED_TESTS=OFF",
        "-DPIPSEED_BUNDLE=none",
    )  # fmt: skip
    output("cmake", "--build", build, "--", "--quiet")
    files = [path for path in build.rglob("*") if path.is_file() and not path.is_symlink() and "CMakeFiles" not in path.parts]
    found = {}
    for path in files:
        with path.open("rb") as file:
            if file.read(4) == b"\x7fELF" and path.suffix != ".o":
                found[path.name] = path
    assert {"pipseed", "pipseed_hook.so", "pipseed-unpack.so"} <= set(found), found
    assert any(name.startswith("libpipseed.so") for name in found), found
    return found


def library(built):
    return next(path for name, path in built.items() if name.startswith("libpipseed.so"))


def test_position_independent(built):
    for path in built.values():
        assert re.search(r"Type:\s+DYN", output("readelf", "-hW", path)), path
    assert re.search(r"FLAGS_1\).*\bPIE\b", output("readelf", "-dW", built["pipseed"]))


def test_relocations_are_read_only_and_done_at_start(built):
    for path in built.values():
        assert "GNU_RELRO" in output("readelf", "-lW", path), path
        dynamic = output("readelf", "-dW", path)
        assert re.search(r"FLAGS_1\).*\bNOW\b", dynamic), path
        assert "TEXTREL" not in dynamic, path


def test_no_memory_is_writable_and_executable(built):
    for path in built.values():
        for line in output("readelf", "-lW", path).splitlines():
            if re.match(r"\s*(LOAD|GNU_STACK)\s", line):
                flags = re.search(r"0x[0-9a-f]+ 0x[0-9a-f]+ ([R ][W ][E ]) 0x", line).group(1)
                assert not ("W" in flags and "E" in flags), (path, line)


def test_no_run_path_but_beside_itself(built):
    for path in built.values():
        for found in re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]", output("readelf", "-dW", path)):
            assert all(part.startswith("$ORIGIN") for part in found.split(":")), (path, found)


def test_stack_protector_and_fortify(built):
    """The checking variants of the C library's functions are asked for, and the failing call of the protector."""
    for path in (built["pipseed"], library(built), built["pipseed_hook.so"]):
        symbols = output("nm", "-D", "--undefined-only", path)
        assert "__stack_chk_fail" in symbols, path
        assert re.search(r"__\w*printf_chk|__mem\w+_chk|__str\w+_chk", symbols), (path, symbols)


@on_x86
def test_indirect_branches_land_on_marks(built):
    """-fcf-protection: each function begins with endbr64. (The note in the file is missing where the distribution's
    start files have none.)"""
    text = output("objdump", "-d", "--no-show-raw-insn", library(built))
    first = re.findall(r"^[0-9a-f]+ <(pipseed_\w+)>:\n\s+[0-9a-f]+:\s+(\w+)", text, re.M)
    assert len(first) > 20
    assert {instruction for _, instruction in first} == {"endbr64"}


@on_x86
def test_large_frames_are_probed(built):
    """-fstack-clash-protection: a frame larger than a page is touched page by page."""
    text = output("objdump", "-d", "--no-show-raw-insn", library(built))
    assert len(re.findall(r"\bsub\s+\$0x1000,%rsp\s+[0-9a-f]+:\s+orq\s+\$0x0,\(%rsp\)", text)) > 10
