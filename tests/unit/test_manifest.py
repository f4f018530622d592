# SPDX-License-Identifier: MIT
"""wheels/: the manifest, the fetch step that the build runs, the script that refreshes the manifest. No network."""

import os
import pathlib
import re
import subprocess
import sys
import zipfile

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

WHEELS = pathlib.Path(__file__).resolve().parents[2] / "wheels"
sys.dont_write_bytecode = True
import manifest  # noqa: E402


def run(script, *args, **env):
    return subprocess.run([sys.executable, "-B", WHEELS / script, *args], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, env={**os.environ, **env})


def make_wheel(directory, name, version, requires_python):
    path = directory / ("%s-%s-py3-none-any.whl" % (name, version))
    info = "%s-%s.dist-info/" % (name, version)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: %s\nVersion: %s\nRequires-Python: %s\n"
                         % (name, version, requires_python))
        archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(info + "RECORD", "")
    return path


@pytest.fixture
def bundle(tmp_path):
    """A directory of two wheels and the manifest that pins them."""
    directory = tmp_path / "wheel dir"
    directory.mkdir()
    paths = [make_wheel(directory, "pip", "26.3", ">=3.10"), make_wheel(directory, "pip", "24.0", ">=3.7")]
    text = manifest.write([manifest.describe(p.name, p.read_bytes()) for p in paths])
    (tmp_path / "manifest.ini").write_text(text)
    return tmp_path


def fetch(bundle, *args):
    return run("fetch.py", "--output", bundle / "out", *args, bundle / "manifest.ini")


# ---- the manifest of the project


def test_project_manifest_is_well_formed_and_normal():
    path = WHEELS / "manifest.ini"
    wheels = manifest.read(path)
    assert manifest.write(wheels) == path.read_text()
    assert len({w.filename for w in wheels}) == len(wheels)


@pytest.mark.parametrize("minor", range(6, 15))
def test_every_python_gets_what_its_ensurepip_installs(minor):
    wheels = manifest.read(WHEELS / "manifest.ini")
    projects = {w.name for w in wheels if "3.%d.0" % minor in SpecifierSet(w.requires_python)}
    assert projects >= ({"pip", "setuptools"} if minor < 12 else {"pip"})


def test_order_is_newest_first_within_a_project():
    for project in ("pip", "setuptools"):
        versions = [Version(w.version) for w in manifest.read(WHEELS / "manifest.ini") if w.name == project]
        assert versions == sorted(versions, reverse=True)


@pytest.mark.parametrize("versions", [["26.0.1", "26", "25.3"], ["10.0", "9.0.3", "9.0"], ["1.2.post1", "1.2", "1.1.9"]])
def test_order_of_versions(versions):
    wheels = [manifest.Wheel("", "pip", v, "", "") for v in reversed(versions)]
    assert [w.version for w in sorted(wheels, key=manifest.order)] == versions


GOOD = {"name": "pip", "version": "26.3", "sha256": "0" * 64, "requires-python": ">=3.10"}
SECTION = "pip-26.3-py3-none-any.whl"


@pytest.mark.parametrize("section, change, complaint", [
    (SECTION, {"name": "Pip"}, "name is malformed"),
    (SECTION, {"name": "../pip"}, "name is malformed"),
    (SECTION, {"version": "26.3rc1"}, "version is malformed"),
    (SECTION, {"sha256": "0" * 63}, "sha256 is malformed"),
    (SECTION, {"sha256": "A" * 64}, "sha256 is malformed"),
    (SECTION, {"sha256": None}, "missing or unknown keys: sha256"),
    (SECTION, {"url": "x"}, "missing or unknown keys: url"),
    (SECTION, {"version": "26.4"}, "section should be named pip-26.4-"),
    ("pip-26.3-cp311-cp311-linux_x86_64.whl", {}, "section should be named pip-26.3-"),
    ("pip-26.3-py3-none-any.whl/x", {}, "section should be named pip-26.3-"),
])
def test_malformed_manifest_is_refused(tmp_path, section, change, complaint):
    entry = {k: v for k, v in {**GOOD, **change}.items() if v is not None}
    path = tmp_path / "manifest.ini"
    path.write_text("[%s]\n" % section + "".join("%s = %s\n" % item for item in entry.items()))
    with pytest.raises(manifest.Failure, match=re.escape(complaint)):
        manifest.read(path)


@pytest.mark.parametrize("text", ["", "name = pip\n", "[%s]\n[%s]\n" % (SECTION, SECTION), "[x\n", "\udcff"])
def test_manifest_that_is_no_ini_is_refused(tmp_path, text):
    path = tmp_path / "manifest.ini"
    path.write_bytes(os.fsencode(text))
    with pytest.raises(manifest.Failure, match="manifest.ini"):
        manifest.read(path)


# ---- the fetch step

DUMP = """\
#include "wheels/bundle.h"
#include <stdio.h>

int main(void)
{
        for (size_t i = 0; i < n_bundle_wheels; i++) {
                const struct bundle_wheel *wheel = &bundle_wheels[i];
                FILE *file = fopen(wheel->filename, "wb");

                if (file == NULL || fwrite(wheel->data, 1, wheel->size, file) != wheel->size || fclose(file) != 0)
                        return 1;
                printf("%s %s %s ", wheel->project, wheel->version, wheel->requires_python);
                for (size_t j = 0; j < sizeof(wheel->sha256); j++)
                        printf("%02x", wheel->sha256[j]);
                puts("");
        }
        return 0;
}
"""


def test_fetch_from_a_dir_embeds_the_very_bytes(bundle):
    done = fetch(bundle, "--wheel-dir", bundle / "wheel dir")
    assert done.returncode == 0, done.stdout
    program = bundle / "dump.c"
    program.write_text(DUMP)
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", WHEELS.parent, "-o", bundle / "dump",
                    program, bundle / "out/bundle_table.c", bundle / "out/bundle_data.S"], check=True)
    (bundle / "dumped").mkdir()
    rows = subprocess.run([bundle / "dump"], cwd=bundle / "dumped", stdout=subprocess.PIPE, text=True, check=True).stdout
    wheels = manifest.read(bundle / "manifest.ini")
    assert rows.splitlines() == ["%s %s %s %s" % (w.name, w.version, w.requires_python, w.sha256) for w in wheels]
    for wheel in wheels:
        assert (bundle / "dumped" / wheel.filename).read_bytes() == (bundle / "wheel dir" / wheel.filename).read_bytes()
    stack = subprocess.run(["readelf", "-lW", bundle / "dump"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert re.search(r"GNU_STACK.* RW ", stack)


def test_wrong_hash_stops_the_build(bundle):
    path = bundle / "wheel dir" / SECTION
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    done = fetch(bundle, "--wheel-dir", bundle / "wheel dir")
    assert done.returncode == 1
    for part in (str(path), "not the file that the manifest pins", manifest.sha256(bytes(data)), "Do not use this file"):
        assert part in done.stdout
    assert not (bundle / "out").exists()


def test_missing_wheel_stops_the_build(bundle):
    (bundle / "wheel dir" / SECTION).unlink()
    done = fetch(bundle, "--wheel-dir", bundle / "wheel dir")
    assert done.returncode == 1
    assert SECTION in done.stdout and "The directory must hold" in done.stdout


def test_index_with_another_file_stops_the_build(bundle):
    """The index is asked by name and version; what it answers is held against the hash and is not kept."""
    make_wheel(bundle / "wheel dir", "pip", "26.3", ">=3.99")
    done = run("fetch.py", "--output", bundle / "out", "--cache", bundle / "cache", bundle / "manifest.ini",
               PIP_NO_INDEX="1", PIP_FIND_LINKS=(bundle / "wheel dir").as_uri(), PIP_CONFIG_FILE=os.devnull)
    assert done.returncode == 1
    assert "package index" in done.stdout and "not the file that the manifest pins" in done.stdout
    assert not (bundle / "cache" / SECTION).exists() and not (bundle / "out").exists()


def test_cache_is_used_and_its_damage_repaired(bundle):
    def build(links):
        return run("fetch.py", "--output", bundle / "out", "--cache", bundle / "cache", bundle / "manifest.ini",
                   PIP_NO_INDEX="1", PIP_FIND_LINKS=links.as_uri(), PIP_CONFIG_FILE=os.devnull)

    (bundle / "nothing").mkdir()
    assert build(bundle / "wheel dir").returncode == 0
    assert build(bundle / "nothing").returncode == 0
    (bundle / "cache" / SECTION).write_bytes(b"damaged")
    done = build(bundle / "nothing")
    assert done.returncode == 1 and "pip could not fetch pip==26.3" in done.stdout
    assert build(bundle / "wheel dir").returncode == 0
    assert (bundle / "out" / SECTION).read_bytes() == (bundle / "wheel dir" / SECTION).read_bytes()


@pytest.mark.parametrize("names, count", [("all", 2), ("none", 0), ("pip-24.0", 1), ("pip-24.0;pip-26.3", 2)])
def test_bundle_option_narrows(bundle, names, count):
    done = fetch(bundle, "--wheel-dir", bundle / "wheel dir", "--bundle", names)
    assert done.returncode == 0, done.stdout
    assert "n_bundle_wheels = %d;" % count in (bundle / "out/bundle_table.c").read_text()
    assert (bundle / "out/bundle_data.S").read_text().count(".incbin") == count


@pytest.mark.parametrize("names", ["pip", "pip-26", "pip-26.3 pip-1.0", ""])
def test_bundle_option_names_what_it_does_not_know(bundle, names):
    done = fetch(bundle, "--wheel-dir", bundle / "wheel dir", "--bundle", names)
    assert done.returncode == 1
    assert "no such wheel" in done.stdout and "pip-26.3 pip-24.0" in done.stdout


# ---- the refresh script


@pytest.fixture
def index(tmp_path):
    directory = tmp_path / "index"
    directory.mkdir()
    for version, requires in (("27.0", ">=3.10"), ("26.3", ">=3.10"), ("21.3.1", ">=3.6")):
        make_wheel(directory, "pip", version, requires)
    make_wheel(directory, "pip", "28.0rc1", ">=3.6")
    for version, requires in (("90.0", ">=3.11"), ("59.6.0", ">=3.6")):
        make_wheel(directory, "setuptools", version, requires)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": directory.as_uri(), "PIP_CONFIG_FILE": os.devnull}


def test_refresh_takes_the_newest_that_each_python_admits(bundle, index):
    path = bundle / "manifest.ini"
    before = path.read_text()
    dry = run("refresh.py", "--dry-run", path, **index)
    assert dry.returncode == 0, dry.stdout
    assert "+[pip-27.0-py3-none-any.whl]" in dry.stdout and "-version = 24.0" in dry.stdout
    assert path.read_text() == before
    assert run("refresh.py", path, **index).returncode == 0
    assert [(w.name, w.version) for w in manifest.read(path)] == [
        ("pip", "27.0"), ("pip", "21.3.1"), ("setuptools", "90.0"), ("setuptools", "59.6.0")]
    assert "is up to date" in run("refresh.py", path, **index).stdout


def test_refresh_leaves_the_manifest_alone_when_the_index_fails(bundle, index):
    (bundle / "empty").mkdir()
    before = (bundle / "manifest.ini").read_text()
    index["PIP_FIND_LINKS"] = (bundle / "empty").as_uri()
    done = run("refresh.py", bundle / "manifest.ini", **index)
    assert done.returncode == 1 and "pip could not fetch pip" in done.stdout
    assert (bundle / "manifest.ini").read_text() == before
