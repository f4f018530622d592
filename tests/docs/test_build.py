# SPDX-License-Identifier: MIT
"""What the README says about building is enough."""
import re
import subprocess

import pytest
import run

# The README's names: the files of pkg-config.
PKG_CONFIG = {"libarchive": "libarchive", "inih": "inih", "zlib": "zlib", "nettle": "nettle", "jansson": "jansson"}


def pkg_config_file(name):
    """Where pkg-config finds a library."""
    done = subprocess.run(["pkg-config", "--variable=pcfiledir", name], capture_output=True, text=True, check=False)
    return f"{done.stdout.strip()}/{name}.pc" if done.returncode == 0 else None


@pytest.fixture
def only_named(tmp_path):
    """A directory of pkg-config that has nothing but what the README names, and what that needs in turn."""
    text = re.search(r"Building needs ([^;]*);", (run.REPO / "README.md").read_text()).group(1)
    directory = tmp_path / "pkgconfig"
    directory.mkdir()
    for name, package in PKG_CONFIG.items():
        assert name in text
        for needed in {package, *requirements(package)}:
            path = pkg_config_file(needed)
            assert path, f"there is no {needed}.pc"
            (directory / f"{needed}.pc").symlink_to(path)
    assert not (directory / "cmocka.pc").exists()
    return directory


def requirements(package):
    """The packages that a package names itself, private ones too."""
    done = subprocess.run(["pkg-config", "--print-requires", "--print-requires-private", package], capture_output=True,
                          text=True, check=True)
    found = {line.split()[0] for line in done.stdout.splitlines() if line.strip()}
    return found.union(*(requirements(name) for name in found)) if found else found


@pytest.mark.parametrize("options, code", [([], 0), (["-DPIPSEED_TESTS=ON"], 1)])
def test_readme_names_what_configuring_needs(options, code, only_named, tmp_path):
    """`cmake -B b` needs no library of the tests unless they are asked for."""
    result = run.run(["cmake", "-S", run.REPO, "-B", tmp_path / "b", *options], cwd=tmp_path,
                     env={"PKG_CONFIG_LIBDIR": only_named}, code=code)
    assert code == 0 or "cmocka" in result.stderr
