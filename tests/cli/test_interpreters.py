# SPDX-License-Identifier: MIT
"""An interpreter by name, version or environment: -p, --python."""
import os

import interpreters
import pytest

FORMS = "'>=3.12'"


def newest():
    """The newest CPython whose prefix is its own."""
    found = [python for python in interpreters.found() if python.may_copy and not python.is_pypy]
    if not found:
        pytest.skip("no interpreter with a prefix of its own")
    return found[-1]


@pytest.fixture
def base_of(pipseed, tmp_path):
    """base_of(words, PATH=...) is the interpreter that `pipseed venv` makes environments from."""

    def call(*words, path, code=0):
        result = pipseed("venv", "--dry-run", "--json", *words, tmp_path / "new", env={"PATH": path}, cwd=tmp_path, code=code)
        document = result.json
        return os.path.realpath(document["base"]) if code == 0 else document["error"]

    return call


def shims(tmp_path, *names):
    """A directory of a version manager's shims, none of which works now."""
    directory = tmp_path / "shims"
    directory.mkdir()
    for name in names:
        (directory / name).write_text(f"#!/bin/sh\necho 'pyenv: {name}: command not found' >&2\nexit 127\n")
        (directory / name).chmod(0o755)
    return directory


def test_versions(base_of, tmp_path):
    """Each form that the manual page names; shims that fail are passed over."""
    python = newest()
    major, minor, micro = python.version
    names = ("python3", "python", f"python{major}.{minor}")
    path = f"{shims(tmp_path, *names)}:{os.path.dirname(python.exe)}:/usr/bin:/bin"
    for text in (f"{major}.{minor}", f"{major}.{minor}.{micro}", f"cpython{major}.{minor}", f"cpython-{major}.{minor}.{micro}",
                 f"python{major}.{minor}", f">={major}.{minor}", f"~={major}.{minor}.0", "python3"):
        assert base_of("-p", text, path=path) == os.path.realpath(python.exe), text


@pytest.mark.parametrize("text", ["3.99", "3.12.99", "pypy3.99", ">=4", "python3.99"])
def test_missing_version(text, base_of, tmp_path):
    """What was looked for, what was passed over, and what may be given instead."""
    path = f"{shims(tmp_path, 'python3', text)}:/usr/bin:/bin" if "=" not in text else "/usr/bin:/bin"
    error = base_of("-p", text, path=path, code=1)
    assert error["code"] == "no-target" and text in error["message"]
    assert FORMS in error["hint"]
    assert "=" in text or "shims/" in error["message"]


def test_environment(base_of, new_env, tmp_path):
    """By its directory, also by a bare name that is none on PATH; glued to the option."""
    python = newest()
    env = new_env(python, name="web")
    path = "/usr/bin:/bin"
    base = os.path.realpath(python.exe)
    assert [base_of("-p", words, path=path) for words in (env, "web", "./web", env / "bin/python")] == [base] * 4
    assert base_of(f"-p{python.exe}", path=path) == base
    assert "'nothing' not found" in base_of("-p", "nothing", path=path, code=1)["message"]
