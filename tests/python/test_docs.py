# SPDX-License-Identifier: MIT
"""docs/python.md: every code block runs, in the order of the page. test_wheel.py has mypy look at them."""
import re

import interpreters
import pytest
import fixtures
import run

PAGE = run.REPO / "docs/python.md"
# What test_wheel.py runs: it takes an index, and minutes.
INSTALLING = re.compile(r"    pip install (\.|pipseed-[\d.]+-cp39-abi3-linux_x86_64\.whl) ")


def blocks(language):
    """Their texts."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.M | re.S)


TYPED = """
from typing import assert_type
assert_type(pipseed.wheels(), tuple[pipseed.Wheel, ...])
assert_type(policy.find("seed.pip").locked_by, "str | None")
assert_type(cache.info(), pipseed.Cache)
assert_type(dropin.status(), pipseed.Dropin)
"""


def typed_program():
    """The page's programs with types."""
    return "\n".join(blocks("python")).replace("def show(event):", "def show(event: pipseed.Event) -> None:") + TYPED


def test_languages():
    """Nothing on the page looks like code and is not run."""
    text = PAGE.read_text()
    assert set(re.findall(r"^```(\w*)$", text, re.M)) - {""} == {"python", "sh"}
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    indented = [line for line in outside.splitlines() if line.startswith("    ")]
    assert [line for line in indented if not INSTALLING.match(line)] == []


def test_python_blocks(newest, tmp_path):
    """As one program, in an environment: its paths lie in the test's own directory."""
    if not newest.may_copy:
        pytest.skip("no interpreter with a prefix of its own that could be copied")
    (tmp_path / "srv/app").mkdir(parents=True)
    exe = interpreters.copy_prefix(newest, tmp_path / "srv/python")
    (tmp_path / "srv/python/bin/python3").unlink(missing_ok=True)
    (tmp_path / "srv/python/bin/python3").symlink_to(exe.name)
    env = interpreters.make_env(newest, tmp_path / "env")
    program = "\n".join(blocks("python")).replace("/srv/", f"{tmp_path}/srv/")
    (tmp_path / "program.py").write_text(program)
    done = fixtures.call(interpreters.env_exe(env), tmp_path / "program.py",
                    env={"PATH": f"{run.build_dir()}/bin:/usr/bin:/bin", "PIPSEED_CACHE_DIR": tmp_path / "store"})
    assert f"{tmp_path}/srv/python/lib" in done.stdout and "Successfully installed pip-" in done.stdout, done


def test_shell_blocks(newest, tmp_path):
    """In an environment whose interpreter is python."""
    env = interpreters.make_env(newest, tmp_path / "env")
    variables = {"PATH": f"{env}/bin:/usr/bin:/bin", "PYTHONPATH": fixtures.PACKAGE}
    for text in blocks("sh"):
        run.run(["sh", "-e", "-c", text], env=variables, cwd=tmp_path)
    assert (env / "bin/pip").exists() and (tmp_path / ".venv/bin/pip").exists()
