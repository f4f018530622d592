# SPDX-License-Identifier: MIT
"""virtualenv's own tests, from its source distribution, with VIRTUALENV_SEEDER=pipseed and without: what fails with it
must fail without it, too.

By default the parts that concern seeders most and do not take long; PIPSEED_TEST_LONG=1 runs all of tests/unit/create,
seed, config and test_run.py, twice: half an hour.
"""
import os
import re
import subprocess
from pathlib import Path

import pytest
import fixtures

# The newest whose source distribution `pip download` can get: later ones are built with a package that is not on PyPI.
# And the last of the oldest series that is supported.
VERSIONS = ["21.14.13", "20.26.6"]
PLUGINS = ["packaging", "pytest>=8.4.2", "pytest-env", "pytest-mock", "pytest-randomly", "pytest-rerunfailures",
           "pytest-timeout", "pytest-xdist", "setuptools", "time-machine", "pytest-freezer", "flaky"]
ALL = ["tests/unit/create", "tests/unit/seed", "tests/unit/config", "tests/unit/test_run.py"]
# What differs with the version: more tests; and variables. `pip install --no-use-pep517`, which
# test_create_distutils_cfg calls, is gone since pip 25.3, so that it fails with every newer pip, whoever installs it.
MORE = {"20.26.6": ["tests/unit/create/test_creator.py::test_create_distutils_cfg"]}
VARIABLES = {"20.26.6": {"PIPSEED_SEED_PIP": "<25.3"}}
SOME = ["tests/unit/seed/embed/test_base_embed.py", "tests/unit/config", "tests/unit/test_run.py"]

# Tests that look at what is inside of virtualenv's own seeder "app-data" or its directory, and why none but it can
# pass.
APP_DATA_ONLY = {
    "test_selection_surfaces_the_seeder_reason": "replaces a method of the class of app-data",
    "test_transient_seed_reports_copy_fallback": "expects what app-data logs about its own directory",
    "test_seed_metadata_cleanup_stays_inside_package": "expects what app-data logs when it removes its own package",
    "test_seed_metadata_unlinks_symlink_without_following": "app-data removes and copies again what is up to date",
    "test_seed_metadata_keeps_reseeding_supported": "expects a link to the package's directory in app-data",
    "test_symlink_seed_reports_compilation_failure": "replaces a function of app-data's symlink installer",
    "test_pip_reseed_keeps_shared_image": "looks into the image in app-data",
    "test_pip_reseed_replaces_nested_link": "makes a link inside the image in app-data",
    "test_pip_reseed_removes_previous_version_metadata": "relies on the *.virtualenv files that app-data leaves",
    "test_pick_periodic_update": "counts how often app-data's record of updates is read",
    "test_module_entry_from_target_install": "copies virtualenv without any plug-in: no seeder but its own is there",
}


@pytest.fixture(scope="module", params=VERSIONS)
def sources(request):
    """virtualenv's source tree, and the environment that its tests run in."""
    version = request.param
    fixtures.PACKAGES[f"virtualenv-tests-{version}"] = [f"virtualenv=={version}", *PLUGINS]
    tool = fixtures.tool(f"virtualenv-tests-{version}")
    directory = fixtures.BASE / f"virtualenv-{version}"
    if not directory.exists():
        fixtures.PACKAGES["sdist"] = ["pip", "hatchling", "hatch-vcs", "hatch-fancy-pypi-readme"]
        python = fixtures.tool("sdist", plugin=False).bin / "python"
        try:
            fixtures.fetch([python, "-m", "pip", "download", "-q", "-d", fixtures.BASE, "--no-binary", "virtualenv", "--no-deps",
                       "--no-build-isolation", f"virtualenv=={version}"])
        except fixtures.Unreachable as error:
            pytest.skip(f"virtualenv's source distribution cannot be had: {error}")
        subprocess.run(["tar", "-xf", fixtures.BASE / f"virtualenv-{version}.tar.gz", "-C", fixtures.BASE], check=True)
    return tool, directory, version


def outcomes(sources, parts, home, seeder):
    """{test: "passed", "failed", "error" or "skipped"}"""
    tool, directory, version = sources
    report = Path(home) / f"{seeder}.txt"
    env = tool.env({"HOME": str(home), "TMPDIR": str(home), **VARIABLES.get(version, {}),
                    **({"VIRTUALENV_SEEDER": seeder} if seeder else {})})
    subprocess.run([*fixtures.run.network_cut().prefix, tool.bin / "python", "-m", "pytest", "-p", "no:randomly", "-p",
                    "no:cacheprovider", "-p", "no:rerunfailures", "-q", "-rA", "--tb=no", "--timeout", "300", "-n",
                    str(os.cpu_count() or 1), *parts],
                   cwd=directory, env=env, stdin=subprocess.DEVNULL, stdout=open(report, "wb"), stderr=subprocess.STDOUT,
                   check=False, timeout=3600)
    found = re.findall(r"^(PASSED|FAILED|ERROR|SKIPPED|XFAIL) (tests/\S+::.*?)(?: - .*)?$",
                       report.read_text(errors="replace"), re.M)
    return {test: result for result, test in found}


def count(results):
    """Of each outcome, for people."""
    return ", ".join(f"{sum(value == word for value in results.values())} {word.lower()}"
                     for word in ("PASSED", "FAILED", "ERROR"))


def test_virtualenv_s_own_tests(sources, tmp_path, capsys):
    """No test fails for pipseed's sake."""
    parts = ALL if os.environ.get("PIPSEED_TEST_LONG") else SOME + MORE.get(sources[2], [])
    without = outcomes(sources, parts, tmp_path, "")
    with_it = outcomes(sources, parts, tmp_path, "pipseed")
    with capsys.disabled():
        print(f"\nvirtualenv {sources[2]}, its own tests: {count(without)}; with pipseed: {count(with_it)}")
    assert sum(value == "PASSED" for value in without.values()) > 25
    worse = {test for test, value in without.items() if value == "PASSED" and with_it.get(test) != "PASSED"}
    worse = {test for test in worse if re.sub(r"\[.*", "", test.split("::", 1)[1]) not in APP_DATA_ONLY}
    assert not worse, sorted(worse)
