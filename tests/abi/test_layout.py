# SPDX-License-Identifier: MIT
"""What a released header promised, the current one keeps: every member where it was, every value, every function."""
import functools
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import headers
import pytest
import run

RELEASES = sorted(path for path in Path(__file__).parent.iterdir() if re.fullmatch(r"\d+\.\d+", path.name))


@functools.lru_cache(maxsize=None)
def promised(directory):
    """The headers of a release, and what they measure. Nothing is written into the tree."""
    copy = Path(tempfile.mkdtemp(dir=run.scratch()))
    shutil.copytree(directory, copy, dirs_exist_ok=True)
    found = headers.Headers(copy)
    return found, headers.measure(copy, found)


def differences(released, directory):
    """What a program that was compiled against the released headers would stumble over, one line each."""
    old, before = promised(released)
    new = headers.Headers(directory)
    now = headers.measure(directory, new)
    found = []
    for struct, members in old.structs.items():
        kept = [member for member in members if member.name != "reserved"]
        if new.structs.get(struct, [])[:len(kept)] != kept:
            found.append(f"struct {struct}: a member was moved, changed, removed or put in between")
        found += [f"struct {struct}: {name} was at offset and of size {before[f'{struct}.{name}']}, now "
                  f"{now.get(f'{struct}.{name}')}"
                  for name, _ in kept if before[f"{struct}.{name}"] != now.get(f"{struct}.{name}")]
        if int(now.get(struct, 0)) < int(before[struct]):
            found.append(f"struct {struct} has shrunk")
    if before["pipseed_error"] != now["pipseed_error"]:
        found.append("struct pipseed_error has another size")
    found += [f"{name} was {before[name]}, now {now.get(name)}" for name in old.constants if before[name] != now.get(name)]
    found += [f"{name} was declared {text}" for name, text in old.functions.items() if new.functions.get(name) != text]
    return found


@pytest.mark.parametrize("released", RELEASES, ids=lambda path: path.name)
def test_current_keeps_what_was_released(released, tmp_path):
    """The headers of this tree against each kept copy."""
    found = differences(released, headers.current(tmp_path / "now"))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name, old, new, expected", [
    ("pipseed.h", "        const char *root;\n", "        int between;\n        const char *root;\n", "struct pipseed_request"),
    ("pipseed.h", "        const char *previous_version;", "        int previous_version;", "struct pipseed_package"),
    ("pipseed.h", "        size_t n_scripts;\n", "", "struct pipseed_result"),
    ("pipseed.h", "        char hint[512];\n", "        char hint[500];\n", "struct pipseed_error"),
    ("pipseed.h", "uint64_t reserved[63];", "uint64_t reserved[64];", "pipseed_error has another size"),
    ("pipseed.h", "X(PROBE_FAILED, -105, ", "X(PROBE_FAILED, -999, ", "PIPSEED_E_PROBE_FAILED was"),
    ("pipseed.h", "        PIPSEED_ACTION_INSTALLED,\n", "        PIPSEED_ACTION_NEW,\n        PIPSEED_ACTION_INSTALLED,\n",
     "PIPSEED_ACTION_INSTALLED was"),
    ("pipseed.h", "pipseed_exit_code(int code)", "pipseed_exit_code(long code)", "pipseed_exit_code was declared"),
    ("pipseed_policy.h", "        const char *layer;", "        int depth;\n        const char *layer;",
     "struct pipseed_policy_value"),
    ("venv_hook.h", "        uint32_t jobs; ", "        uint32_t more;\n        uint32_t jobs; ",
     "struct venv_hook_context_v1"),
])
def test_a_break_is_seen(name, old, new, expected, tmp_path):
    """The comparison fails for each kind of breaking change."""
    directory = shutil.copytree(RELEASES[-1], tmp_path / "broken")
    text = (directory / name).read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{name} has no {old!r}"
    (directory / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    found = differences(RELEASES[-1], directory)
    assert any(expected in line for line in found), found


def test_growth_is_no_break(tmp_path):
    """Members appended to every struct are what all this is for."""
    directory = headers.current(tmp_path / "grown")
    for name in headers.NAMES:
        (directory / name).write_text(headers.grow((directory / name).read_text(encoding="utf-8")), encoding="utf-8")
    assert differences(headers.current(tmp_path / "now"), directory) == []
    assert len(headers.Headers(directory).structs["pipseed_request"]) == \
        len(headers.Headers(tmp_path / "now").structs["pipseed_request"]) + 2


def test_rules(tmp_path):
    """What the caller fills has no padding at its end, and every struct begins with its size; the error alone has a fixed one."""
    directory = headers.current(tmp_path / "now")
    found = headers.Headers(directory)
    sizes = headers.measure(directory, found)
    firsts = {struct: members[0].declaration for struct, members in found.structs.items()}
    assert firsts.pop("pipseed_error") == "int code"
    assert set(firsts.values()) == {"size_t size", "size_t struct_size"}
    assert sizes["pipseed_error"] == "6144"
    for struct, members in found.structs.items():
        if members[0].name != "size":
            continue
        offset, size = map(int, sizes[f"{struct}.{members[-1].name}"].split())
        assert offset + size == int(sizes[struct]), f"a member of a later struct {struct} would lie in today's padding"


def test_arrays_hold_pointers():
    """No array of structs is handed over: its elements could never grow. Known by the n_... that follows."""
    text = headers.PLACES["pipseed.h"]
    plain = (run.REPO / text / "pipseed.h").read_text(encoding="utf-8")
    arrays = re.findall(r"const struct \w+ \*(.*?)(\w+);[^\n]*\n\s+size_t n_(\w+);", plain)
    assert {name for _, name, _ in arrays} >= {"pins", "packages", "findings", "wheels", "entries"}
    assert all(stars == "const *" for stars, name, count in arrays if name == count)


def exported(path):
    """Names and versions of what a shared object defines."""
    listed = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1] for line in listed.splitlines() if line.split()[1] != "A"}


def test_exports():
    """The library exports what the headers declare, under the node of its release, and nothing else."""
    library = next(iter(sorted(run.build_dir().glob("lib*/libpipseed.so.*.*.*"))))
    declared = set(headers.Headers(headers.current(run.scratch() / "declared")).functions)
    assert exported(library) == {f"{name}@@PIPSEED_0.1" for name in declared}
    dynamic = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True).stdout
    assert "[libpipseed.so.0.1]" in dynamic
