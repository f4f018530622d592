# SPDX-License-Identifier: MIT
"""Which Pythons the test suites run on, and quick environments of them.

    from pythons import find_pythons, make_env

    @pytest.mark.parametrize("python", find_pythons(), ids=lambda p: p.id)
    def test_something(python, tmp_path):
        env = make_env(python, tmp_path / "env", "--system-site-packages")

Looked for, each interpreter once: PIPSEED_TEST_PYTHONS (colon separated), ~/.pyenv/versions/*/bin/python3, python3 on PATH,
/usr/bin/python3, /usr/bin/pypy3. Python 2 and everything below 3.6 is left out. Runs on Python 3.8 and newer and needs
nothing but the standard library.
"""
from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST = (3, 6)

ASK = """
import json, os, sys
bundled = None
try:
    import ensurepip
    import sysconfig
    places = [sysconfig.get_config_var("WHEEL_PKG_DIR"), os.path.join(os.path.dirname(ensurepip.__file__), "_bundled")]
    places += ["/usr/share/python-wheels"] if sys.prefix == "/usr" else []
    bundled = next((p for p in places if p and os.path.isdir(p)), None)
except ImportError:
    pass
try:
    import venv
    has_venv = True
except ImportError:
    has_venv = False
print(json.dumps({
    "executable": sys.executable, "version": list(sys.version_info[:3]), "implementation": sys.implementation.name,
    "bundled": bundled, "venv": has_venv, "in_venv": sys.prefix != sys.base_prefix,
}))
"""


@dataclass(frozen=True)
class Python:
    """One interpreter. `path` is how it is invoked; `bundled` the directory of ensurepip's wheels, None when it has none."""

    path: Path
    version: tuple[int, int, int]
    implementation: str
    bundled: Path | None
    id: str

    @property
    def short(self) -> str:
        """X.Y"""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def is_pypy(self) -> bool:
        return self.implementation == "pypy"

    @property
    def is_debian(self) -> bool:
        """Is it the distribution's own, with dist-packages?"""
        return str(self.path).startswith("/usr/bin/") and Path("/etc/debian_version").exists()


def clean_environ(**changes: str) -> dict[str, str]:
    """os.environ without what would change a Python, pip or pipseed; `changes` on top."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "_PYTHON", "PIP_", "PIPSEED_", "ENSUREPIP"))
        and name not in ("VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "SOURCE_DATE_EPOCH", "DEB_PYTHON_INSTALL_LAYOUT")
    }
    environ.update(changes)
    return environ


def _ask(path: str) -> dict | None:
    try:
        done = subprocess.run(
            [path, "-I", "-c", ASK], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=clean_environ(), timeout=60, check=True,
        )
        return json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _candidates() -> list[str]:
    found = [p for p in os.environ.get("PIPSEED_TEST_PYTHONS", "").split(":") if p]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    key = lambda p: tuple(int(n) for n in re.findall(r"\d+", p.parts[-3]))  # noqa: E731
    found += [str(p) for p in sorted(pyenv.glob("versions/*/bin/python3"), key=key)]
    on_path = shutil.which("python3")
    if on_path:
        found.append(on_path)
    return found + ["/usr/bin/python3", "/usr/bin/pypy3"]


@functools.lru_cache(maxsize=None)
def _find() -> tuple[Python, ...]:
    pythons: list[Python] = []
    seen: set[str] = set()
    ids: dict[str, int] = {}
    for path in _candidates():
        if not os.access(path, os.X_OK):
            continue
        facts = _ask(path)
        if facts is None or tuple(facts["version"]) < OLDEST or not facts["venv"] or facts["in_venv"]:
            continue
        real = os.path.realpath(facts["executable"])
        if real in seen:
            continue
        seen.add(real)
        # A shim is not an interpreter: use what it stands for.
        invoked = facts["executable"] if os.path.realpath(path) != real else os.path.abspath(path)
        bundled = Path(facts["bundled"]) if facts["bundled"] and Path(facts["bundled"]).is_dir() else None
        version = ".".join(str(n) for n in facts["version"])
        name = f"{facts['implementation']}-{version}" + ("-debian" if invoked.startswith("/usr/bin/") else "")
        ids[name] = ids.get(name, 0) + 1
        if ids[name] > 1:
            name += f"-{ids[name]}"
        pythons.append(Python(Path(invoked), tuple(facts["version"]), facts["implementation"], bundled, name))
    return tuple(pythons)


def find_pythons() -> list[Python]:
    """Every interpreter to test with; asked once for each process."""
    return list(_find())


def make_env(python: Python | str | os.PathLike, path: str | os.PathLike, *extra_args: str) -> Path:
    """`PYTHON -m venv --without-pip EXTRA... PATH`; the path of the environment."""
    exe = python.path if isinstance(python, Python) else python
    done = subprocess.run(
        [os.fspath(exe), "-m", "venv", "--without-pip", *extra_args, os.fspath(path)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=clean_environ(), check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{exe} -m venv {path}: exit {done.returncode}: {done.stdout.decode(errors='replace')}")
    return Path(os.fsdecode(path))


if __name__ == "__main__":
    for each in find_pythons():
        print(f"{each.id:24} {each.path}  bundled={each.bundled}")
