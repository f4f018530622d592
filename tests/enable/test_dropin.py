# SPDX-License-Identifier: MIT
"""The package that enable puts into an interpreter: ensurepip's interface, done by pipseed."""
import os

import pytest
import run


@pytest.fixture
def enabled(pipseed, prefix):
    """An interpreter with pipseed enabled."""
    pipseed("enable", prefix.exe)
    return prefix


@pytest.fixture
def env(enabled, tmp_path):
    """An environment of it without pip."""
    run.run([enabled.exe, "-m", "venv", "--without-pip", tmp_path / "env"])
    return tmp_path / "env"


def python(exe, code, **options):
    """Runs a program; the lines of its output."""
    return run.run([exe, "-I", "-c", code], **options).stdout.splitlines()


def scripts(directory):
    """pip's scripts."""
    return sorted(path.name for path in (directory / "bin").glob("pip*"))


def test_signatures(pristine, enabled):
    """Equal to those of the interpreter's own."""
    code = ("import ensurepip, inspect; print(ensurepip.__all__);"
            "print(*[inspect.signature(getattr(ensurepip, name)) for name in"
            " ('version', 'bootstrap', '_bootstrap', '_main', '_uninstall_helper', '_run_pip')], sep='\\n')")
    assert python(enabled.exe, code) == python(pristine.exe, code)


@pytest.mark.parametrize("options, names", [
    ([], ["pip3", "pip3.{minor}"]), (["--default-pip"], ["pip", "pip3", "pip3.{minor}"]),
    (["--altinstall"], ["pip3.{minor}"])], ids=["plain", "default", "alt"])
def test_scripts(enabled, env, home, options, names):
    """The scripts that ensurepip would install; an inherited ENSUREPIP_OPTIONS has no effect."""
    run.run([env / "bin/python", "-m", "ensurepip", *options],
            env={"HOME": home, "VIRTUAL_ENV": env, "ENSUREPIP_OPTIONS": "altinstall"})
    assert scripts(env) == [name.format(minor=enabled.version[1]) for name in names]


def test_says_the_same_as_its_own(pristine, enabled, env, home):
    """--help and --version go to stdout and end with 0, wrong options end with 2."""
    for words in (["--help"], ["--version"], ["--nonsense"], ["--root"]):
        theirs = run.run([pristine.exe, "-m", "ensurepip", *words], code=None)
        ours = run.run([enabled.exe, "-m", "ensurepip", *words], code=None, env={"HOME": home})
        assert ours.code == theirs.code and bool(ours.stdout) == bool(theirs.stdout)
    both = run.run([env / "bin/python", "-m", "ensurepip", "--altinstall", "--default-pip"], code=1)
    assert "ValueError" in both.stderr


def test_root(enabled, tmp_path, home):
    """Below another directory, and nowhere else."""
    run.run([enabled.exe, "-m", "ensurepip", "--root", "image"], env={"HOME": home}, cwd=tmp_path)
    assert list((tmp_path / "image").rglob("pip-*.dist-info"))
    assert not list(enabled.stdlib.glob("site-packages/pip-*"))


def test_interpreter_itself(enabled, home):
    """Outside environments it is for the interpreter that runs it; then out again."""
    run.run([enabled.exe, "-m", "ensurepip"], env={"HOME": home})
    found = list(enabled.stdlib.glob("site-packages/pip-*.dist-info"))
    assert len(found) == 1 and (found[0] / "INSTALLER").read_text().strip() == "pipseed"
    assert run.run([enabled.exe, "-m", "ensurepip._uninstall"], env={"HOME": home}).stderr == ""
    assert not list(enabled.stdlib.glob("site-packages/pip*"))
    assert run.run([enabled.exe, "-m", "ensurepip._uninstall"], env={"HOME": home}).stderr == ""


def test_refusals(enabled, env, home):
    """pipseed's exit codes come through, and its words; venv fails with them."""
    refused = run.run([env / "bin/python", "-m", "ensurepip", "--user"], env={"HOME": home}, code=3)
    assert "cannot use --user" in refused.stderr and "Traceback" not in refused.stderr
    (enabled.stdlib / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=Not here.\n")
    assert "Not here." in run.run([enabled.exe, "-m", "ensurepip"], env={"HOME": home}, code=3).stderr
    code = ("import ensurepip, subprocess\ntry:\n    ensurepip.bootstrap()\n"
            "except subprocess.CalledProcessError as error:\n    print(error.returncode, error.cmd[1])")
    assert python(enabled.exe, code, env={"HOME": home}) == ["3 seed"]
    failed = run.run([enabled.exe, "-m", "venv", env.parent / "second"], code=None,
                     env={"HOME": home, "PIPSEED_SEED_PIP": "99"})
    assert failed.code == 1 and not list((env.parent / "second").rglob("pip-*.dist-info"))


def test_audit_event(enabled, env, home):
    """With its argument."""
    code = ("import sys, ensurepip\n"
            "sys.addaudithook(lambda event, args: event.startswith('ensurepip') and print(event, args))\n"
            "ensurepip.bootstrap(root='image')")
    if enabled.version < (3, 8):
        pytest.skip("no audit events before Python 3.8")
    assert "ensurepip.bootstrap ('image',)" in python(env / "bin/python", code, env={"HOME": home}, cwd=home)


SABOTAGED = ("argparse", "subprocess", "json", "pathlib", "pip", "shutil", "gettext", "textwrap", "tempfile", "signal",
             "selectors", "locale", "sitecustomize", "usercustomize")


@pytest.mark.parametrize("module, words", [
    ("ensurepip", ["--upgrade", "--default-pip"]), ("ensurepip", ["--version"]), ("ensurepip", ["--help"]),
    ("ensurepip", ["--nonsense"]), ("ensurepip", ["--root=image"]), ("ensurepip", ["--user"]),
    ("ensurepip._uninstall", []), ("ensurepip._uninstall", ["--help"])], ids=str)
def test_nothing_of_the_current_dir(enabled, env, home, module, words):
    """`python -m` puts it first on sys.path: no module in there is run by the drop-in."""
    trap = env.parent / "trap"
    trap.mkdir()
    code = "open({!r}, 'a').write(__name__ + '\\n')\n"
    sprung = env.parent / "sprung"
    # What a Python itself imports before it comes to any package is none of ours.
    known = python(enabled.exe, "import sys, runpy; print(*sys.modules, sep='\\n')")
    for name in SABOTAGED:
        if name not in known:
            (trap / f"{name}.py").write_text(code.format(str(sprung)))
    run.run([env / "bin/python", "-m", module, *words], env={"HOME": home}, cwd=trap, code=None)
    assert not sprung.exists(), sprung.read_text()


def test_imports_little(enabled, env):
    """What makes it fast."""
    code = ("import sys; before = set(sys.modules); import ensurepip, ensurepip.__main__;"
            "print(*sorted(set(sys.modules) - before))")
    assert python(env / "bin/python", code) == ["ensurepip ensurepip.__main__"]


def test_no_warnings(enabled, env, home):
    """None, however strict the Python is."""
    done = run.run([env / "bin/python", "-X", "dev", "-W", "error", "-m", "ensurepip", "--default-pip"],
                   env={"HOME": home})
    assert done.stderr == ""
    assert os.path.exists(env / "bin/pip")
