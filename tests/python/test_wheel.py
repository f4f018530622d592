# SPDX-License-Identifier: MIT
"""The wheel: `pip install .` into a fresh environment; then the built wheel where there is no compiler and no network.

Built in the build tree, so that a second run compiles nothing."""
import os
import re
import subprocess
import zipfile

import interpreters
import pytest
import fixtures
import run
import test_docs

ALLOWED_LIBRARIES = {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libpthread.so.0", "libdl.so.2"}


def pip(env, *words, cwd):
    """pip with network: a result of subprocess.run."""
    environment = {**run.clean_environment(), "PIPSEED_WHEEL_CACHE": str(wheel_cache()), "PATH": os.environ["PATH"]}
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE", "HTTPS_PROXY",
                 "https_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return subprocess.run([interpreters.env_exe(env), "-m", "pip", "--disable-pip-version-check", *words], cwd=cwd,
                          env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
                          check=False)


def wheel_cache():
    """The directory with the wheels of the bundle, which the build has fetched."""
    return run.build_dir() / "wheels"


def build_words():
    """Options of pip: keep what was compiled."""
    return ["--config-settings", f"build-dir={run.build_dir() / 'tests/wheel'}"]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """An environment with pip, made by pipseed, and a directory. Skips where PyPI cannot be reached."""
    directory = tmp_path_factory.mktemp("wheel")
    run.run_pipseed(["venv", "-p", fixtures.newest().exe, directory / "env"])
    done = pip(directory / "env", "download", "--quiet", "--no-deps", "--dest", directory, "scikit-build-core>=0.10",
               cwd=directory)
    if done.returncode != 0:
        pytest.skip(f"PyPI is not reached: {done.stderr.strip().splitlines()[-1]}")
    return directory


@pytest.fixture(scope="module")
def installed(base):
    """`pip install .` in that environment."""
    done = pip(base / "env", "install", "--quiet", *build_words(), run.REPO, cwd=base)
    assert done.returncode == 0, done.stderr
    return base / "env"


@pytest.fixture(scope="module")
def wheel(installed, base):
    """The wheel. Everything is compiled by now."""
    done = pip(base / "env", "wheel", "--quiet", "--no-deps", *build_words(), "--wheel-dir", base / "out", run.REPO,
               cwd=base)
    assert done.returncode == 0, done.stderr
    wheels = list((base / "out").iterdir())
    assert len(wheels) == 1
    return wheels[0]


def check_works(env, directory, path):
    """The command, its hook and the package, from where the wheel put them."""
    command = env / "bin/pipseed"
    assert command.read_bytes()[:4] == b"\x7fELF", "the command itself, no script that starts it"
    options = {"wrap": ("/usr/bin/env", f"PATH={path}")}
    exe = interpreters.env_exe(env)
    assert run.run([command, "--version"], **options).stdout == run.run_pipseed(["--version"]).stdout
    run.run([command, "venv", "-p", exe, directory / "one"], **options)  # through the hook module
    assert run.run([directory / "one/bin/pip", "--version"]).stdout.startswith("pip ")
    run.run([exe, "-m", "pipseed.venv", directory / "two"], **options)
    run.run([exe, "-c", f"import pipseed; pipseed.create({str(directory / 'three')!r}, clear=True)"], **options)
    assert run.run([directory / "three/bin/pip", "--version"]).stdout.startswith("pip ")
    assert "pip 2" in run.run([exe, "-m", "pipseed", "--version"], **options).stdout


def test_pip_install(installed, tmp_path):
    """From the checkout, into a fresh environment."""
    check_works(installed, tmp_path, "/usr/bin:/bin")
    run.run([installed / "bin/pip", "uninstall", "--yes", "pipseed"])
    left = [str(path) for path in installed.rglob("*pipseed*") if "INSTALLER" not in path.name]
    assert left == []


def test_wheel_without_compiler(wheel, tmp_path):
    """In environments of the oldest and the newest interpreter, with nothing on PATH and no network."""
    empty = tmp_path / "empty"
    empty.mkdir()
    by_age = sorted(fixtures.PYTHONS, key=lambda python: python.version)
    for python in dict.fromkeys([by_age[0], by_age[-1]]):
        directory = tmp_path / python.name
        run.run_pipseed(["venv", "-p", python.exe, directory / "env"])
        run.run([interpreters.env_exe(directory / "env"), "-m", "pip", "install", "--quiet", "--no-index", wheel],
                wrap=("/usr/bin/env", f"PATH={empty}"))
        check_works(directory / "env", directory, empty)


def test_contents(wheel, tmp_path):
    """One wheel for all Pythons; everything that it needs is in it but the C library."""
    assert re.fullmatch(r"pipseed-[\d.]+-cp39-abi3-\w*linux\w*\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
        names = archive.namelist()
    data = f"{'-'.join(wheel.name.split('-')[:2])}.data"
    for name in ("pipseed/__init__.py", "pipseed/_pipseed.pyi", "pipseed/py.typed", f"{data}/scripts/pipseed",
                 f"{data}/data/lib/libpipseed.so.0.1", f"{data}/data/lib/pipseed/pipseed_hook.so",
                 f"{data}/data/share/man/man1/pipseed.1"):
        assert name in names
    programs = [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    assert len(programs) == 5
    for path in programs:
        shown = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", shown))
        assert needed - ALLOWED_LIBRARIES <= {"libpipseed.so.0.1"}, path


def test_lint(base):
    """mypy --strict and ruff have nothing to say about the package, and mypy --strict nothing about the manual's programs."""
    done = pip(base / "env", "install", "--quiet", "mypy", "ruff", "virtualenv", cwd=base)
    if done.returncode != 0:
        pytest.skip(f"mypy and ruff cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    for words in (["mypy", "--cache-dir", base / "mypy"], ["ruff", "check", "--no-cache"],
                  ["ruff", "format", "--check", "--no-cache"]):
        result = run.run([base / "env/bin" / words[0], *words[1:]], cwd=run.REPO, code=None)
        assert result.code == 0, result
    (base / "program.py").write_text(test_docs.typed_program())
    result = run.run([base / "env/bin/mypy", "--strict", "--python-version", "3.12", "--cache-dir", base / "mypy",
                      base / "program.py"], env={"MYPYPATH": run.REPO / "plugin/python"}, code=None)
    assert result.code == 0, result
