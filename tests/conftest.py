# SPDX-License-Identifier: MIT
"""What all suites that drive the real command share."""
import os
import shutil

import pytest

import interpreters
import run


def python_params():
    """One parameter for each interpreter of this machine."""
    return [pytest.param(python, id=python.name) for python in interpreters.found()]


def pytest_generate_tests(metafunc):
    """A test that takes `python` runs with every interpreter."""
    if "python" in metafunc.fixturenames and "python" not in _own_params(metafunc):
        metafunc.parametrize("python", python_params())


def _own_params(metafunc):
    return {name for mark in metafunc.definition.iter_markers("parametrize") for name in
            (mark.args[0].replace(" ", "").split(",") if isinstance(mark.args[0], str) else mark.args[0])}


def pytest_terminal_summary(terminalreporter):
    """How the network was cut off, and which interpreters were not there."""
    if run.COUNT.runs == 0:
        return
    cut = run.network_cut()
    how = " ".join(cut.prefix) if cut.prefix else f"NOT CUT: {cut.reason}"
    terminalreporter.section("surroundings")
    terminalreporter.line(f"{run.COUNT.runs} commands, {run.COUNT.cut} of them without network ({how})")
    terminalreporter.line("interpreters: " + ", ".join(python.name for python in interpreters.found()))
    for what, reason in interpreters.missing().items():
        terminalreporter.line(f"not tested: {what}: {reason}")


@pytest.fixture
def home(tmp_path):
    """An empty HOME."""
    directory = tmp_path / "home"
    directory.mkdir(exist_ok=True)
    return directory


@pytest.fixture
def pipseed(home):
    """run_pipseed with the test's own HOME, and the store that all tests of a run share."""

    def call(*args, env=None, **options):
        return run.run_pipseed(args, env={"HOME": home, **(env or {})}, **options)

    return call


@pytest.fixture(scope="session")
def env_templates(tmp_path_factory):
    """Environments without pip, made once for each interpreter, to be copied."""
    base = tmp_path_factory.mktemp("templates")
    made = {}

    def template(python, *options):
        key = (python.name, options)
        if key not in made:
            made[key] = interpreters.make_env(python, base / f"{python.name}{''.join(options)}", *options)
        return made[key]

    return template


@pytest.fixture
def new_env(env_templates, tmp_path):
    """new_env(python) is a fresh environment without pip."""
    count = 0

    def make(python=None, *options, name=None):
        nonlocal count
        count += 1
        directory = tmp_path / (name or f"env{count}")
        shutil.copytree(env_templates(python or interpreters.any_python(), *options), directory, symlinks=True)
        return directory

    return make


@pytest.fixture(scope="session")
def prefix_copies(tmp_path_factory):
    """prefix_copies(python) is the executable of a copied interpreter without pip. Shared: tests must not change it."""
    base = tmp_path_factory.mktemp("prefixes")
    made = {}

    def copy(python):
        if python.name not in made:
            made[python.name] = interpreters.copy_prefix(python, base / python.name)
        return made[python.name]

    return copy


@pytest.fixture(scope="session")
def copyable():
    """An interpreter whose prefix can be copied, the newest."""
    pythons = [python for python in interpreters.found() if python.may_copy]
    if not pythons:
        pytest.skip("no interpreter with a prefix of its own that could be copied")
    return pythons[-1]


@pytest.fixture
def system_policy(tmp_path):
    """A directory that stands for SYSCONFDIR/pipseed: pass it to pipseed(..., system=directory)."""
    reason = run.system_policy_reason()
    if reason:
        pytest.skip(reason)
    directory = tmp_path / "system"
    directory.mkdir()
    os.chmod(directory, 0o755)
    return directory
