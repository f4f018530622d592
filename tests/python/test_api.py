# SPDX-License-Identifier: MIT
"""seed() and create(): results, exceptions, events, the GIL, threads, subinterpreters, leaks."""
import json
import os
import shutil
import signal
import subprocess
import textwrap
import time
from pathlib import Path

import interpreters
import pytest
import fixtures
import run
import tree
import watch


def program(exe, code, *args, **options):
    """Runs a few lines; what they print."""
    return fixtures.call(exe, "-c", textwrap.dedent(code), *args, **options).stdout


def test_results(cpython, new_env):
    """The same facts as in the command's JSON; real NamedTuples."""
    env = new_env(cpython)
    seen = program(cpython.exe, """
        import json, sys, pipseed
        result = pipseed.seed(sys.argv[1], scripts="default", link_mode="copy", bytecode=False)
        assert isinstance(result, pipseed.Result) and isinstance(result.pip, pipseed.Package)
        print(json.dumps({**result._asdict(), "packages": [each._asdict() for each in result.packages]}))
        """, env)
    theirs = run.run_pipseed(["seed", "--json", env]).json
    ours = json.loads(seen)
    assert [ours["env"], ours["python"], ours["version"], ours["is_venv"], ours["scripts_dir"]] == [
        theirs["env"], theirs["python"], theirs["python_version"], theirs["is_venv"], theirs["scripts_dir"]]
    assert ours["scripts"] == ["pip", "pip3", f"pip3.{cpython.minor[1]}"]
    for left, right in zip(ours["packages"], theirs["packages"]):
        assert [left["name"], left["version"], left["location"]] == [right["name"], right["version"], right["location"]]
        assert (left["action"], right["action"]) == ("installed", "none")
        assert left["n_pyc"] == 0 and left["source"] == "bundled" and len(left["sha256"]) == 64
        assert (Path(left["location"]) / left["name"]).is_dir()
    assert ours["n_hardlinked"] == 0 and ours["n_copied"] > 400


def test_create_as_command(cpython, tmp_path, pipseed):
    """create() makes what `pipseed venv` makes."""
    env = tmp_path / "env"
    snapshots = []
    for make in (lambda: pipseed("venv", "-p", cpython.exe, "--prompt", "x", "--copies", env),
                 lambda: program(cpython.exe, """
                     import sys, pipseed
                     made = pipseed.create(sys.argv[1], prompt="x", symlinks=False)
                     assert isinstance(made, pipseed.Environment) and not made.existed, made
                     assert made.dir == sys.argv[1] and made.version == sys.version.split()[0], made
                     assert made.seed_result.pip.action == "installed" and "pip" in made.seed_result.scripts, made
                     """, env)):
        make()
        snapshots.append(tree.snapshot(env))
        shutil.rmtree(env)
    assert [str(each) for each in tree.compare(*snapshots, cpython.exe)] == []


def test_create_options(newest, tmp_path):
    """with_pip, clear, upgrade, dry_run, system_site_packages, other hooks of the policy; a failure leaves nothing."""
    assert program(newest.exe, """
        import os, sys, pipseed
        env = os.path.join(sys.argv[1], "env")
        planned = pipseed.create(env, dry_run=True).seed_result.pip
        assert planned.action == "installed" and planned.wheel.startswith("pip-") and len(planned.sha256) == 64
        assert not os.path.exists(env)
        assert pipseed.create(env, with_pip=False, scm_ignore_files=False).seed_result is None
        assert not os.path.exists(env + "/bin/pip") and not os.path.exists(env + "/.gitignore")
        assert pipseed.create(env, upgrade=True, pip="==24.0", scripts="alt").seed_result.pip.version == "24.0"
        assert not os.path.exists(env + "/bin/pip3")
        open(env + "/mine", "w").close()
        made = pipseed.create(env, clear=True, system_site_packages=True, pip=">=24,<26")
        assert made.existed and made.seed_result.pip.version == "25.0.1" and not os.path.exists(env + "/mine")
        assert "include-system-site-packages = true" in open(env + "/pyvenv.cfg").read()
        for options, error, code in (({"pip": ">99"}, pipseed.FailedError, "no-wheel"),
                                     ({"settings": {"venv.hooks": "/nonexistent.so"}}, pipseed.FailedError, "hook-failed"),
                                     ({"python": "/nonexistent"}, pipseed.FailedError, "no-target")):
            try:
                pipseed.create(env + "2", **options)
            except error as problem:
                assert problem.code == code, problem.code
            else:
                raise AssertionError(options)
        seen = []
        made = pipseed.create(env, clear=True, settings={"venv.hooks": sys.argv[2]}, on_event=seen.append, prompt="p")
        assert f"pip {made.seed_result.pip.version}: none" in [event.text for event in seen], "the hook found pip there"
        print(sorted(os.listdir(sys.argv[1])))
        """, tmp_path, next(run.build_dir().glob("*/pipseed/pipseed_hook.so"))) == "['env']\n"


ERRORS = {
    "failed": ({"env": "/nonexistent"}, {}, "FailedError", "no-target", 1, "/nonexistent", 2),
    "no wheel": ({"pip": ">=99"}, {}, "FailedError", "no-wheel", 1, None, None),
    "usage": ({"pip": "not a version"}, {}, "UsageError", "bad-value", 2, None, None),
    "unknown key": ({"settings": {"seed.pipp": "1"}}, {}, "UsageError", "usage", 2, None, None),
    "refused": ({"user": True}, {}, "RefusedError", "user-in-venv", 3, "{env}", None),
    "policy": ({}, {"PIPSEED_SEED_PIP": "x y"}, "RefusedError", "policy-value", 3, None, None),
    "unreadable": ({"policy": "/nonexistent.ini"}, {}, "RefusedError", "policy-unreadable", 3, "/nonexistent.ini", 2),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name, newest, new_env):
    """A class for each exit code, and the facts of the library's error."""
    options, variables, kind, code, number, path, errno = ERRORS[name]
    env = new_env(newest)
    out = program(newest.exe, """
        import json, pickle, sys, pipseed
        options = {"env": sys.argv[1], **json.loads(sys.argv[2])}
        try:
            pipseed.seed(**options)
        except pipseed.Error as error:
            again = pickle.loads(pickle.dumps(error))
            assert vars(again) == vars(error) and str(again) == str(error) and type(again) is type(error)
            assert error.message in str(error) and (error.path or "") in str(error) and (error.hint or "") in str(error)
            assert isinstance(error, ValueError) == (error.exit_code == 2)
            assert -error.number // 100 == error.exit_code
            print(type(error).__name__, error.code, error.exit_code, error.path, error.errno)
        """, env, json.dumps(options), env=variables)
    assert out == f"{kind} {code} {number} {path.format(env=env) if path else path} {errno}\n"


def test_integrity(newest, new_env, tmp_path):
    """The fourth class."""
    wheel = next(iter(sorted((run.build_dir() / "wheels").glob("pip-26*.whl"))))
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 0xFF
    (tmp_path / wheel.name).write_bytes(content)
    assert program(newest.exe, """
        import sys, pipseed
        try:
            pipseed.seed(sys.argv[1], wheel_dirs=[sys.argv[2]], bundled=False)
        except pipseed.IntegrityError as error:
            print(error.exit_code, error.path)
        """, new_env(newest), tmp_path).startswith("4 ")


def test_any_bytes(newest, new_env):
    """Paths that are not UTF-8, as bytes and as str; results come back as os.fsdecode makes them."""
    env = new_env(newest)
    odd = env.with_name("odd \udcff 'ä'")
    env.rename(odd)
    assert program(newest.exe, """
        import os, sys, pathlib, pipseed
        first = pipseed.seed(os.fsencode(sys.argv[1]))
        assert first.env == sys.argv[1], first.env
        assert pipseed.seed(pathlib.Path(sys.argv[1])).pip.action == "none"
        try:
            pipseed.seed("a\\0b")
        except ValueError as error:
            print(error)
        """, odd).strip() == "embedded null byte"


def test_events(newest, new_env, tmp_path):
    """Events arrive; what a callback raises comes out, and a true answer cancels; the target is as it was."""
    env = new_env(newest)
    assert program(newest.exe, """
        import os, sys, pipseed
        def fail(event):
            assert isinstance(event, pipseed.Event) and event.kind and event.text
            raise LookupError("from the callback")
        def listing():
            return sorted(os.walk(sys.argv[1]))
        before = listing()
        try:
            pipseed.seed(sys.argv[1], cache_dir=sys.argv[2], on_event=fail)
        except LookupError as error:
            print(error)
        assert listing() == before
        try:
            pipseed.seed(sys.argv[1], cache_dir=sys.argv[2], on_event=lambda event: True)
        except pipseed.FailedError as error:
            print(error.code)
        assert listing() == before
        seen = []
        pipseed.seed(sys.argv[1], cache_dir=sys.argv[2], on_event=seen.append)
        print(bool(seen))
        """, env, tmp_path / "cache") == "from the callback\ncancelled\nTrue\n"


SLOW = """#!/bin/sh
# An interpreter that answers when another thread of the caller's has made a file.
echo > "{directory}/asked"
while [ ! -e "{directory}/go" ]; do sleep 0.02; done
exec "{exe}" "$@"
"""


def slow_python(directory, exe):
    """Its path."""
    path = directory / "slow-python"
    path.write_text(SLOW.format(directory=directory, exe=exe))
    path.chmod(0o755)
    return path


def test_gil_is_released(newest, new_env, tmp_path):
    """Another thread of Python has to run before the call can end."""
    exe = slow_python(tmp_path, interpreters.env_exe(new_env(newest)))
    assert program(newest.exe, """
        import os, sys, threading, time, pipseed
        def release():
            while not os.path.exists(sys.argv[2] + "/asked"):
                time.sleep(0.01)
            open(sys.argv[2] + "/go", "w").close()
        thread = threading.Thread(target=release)
        thread.start()
        print(pipseed.seed(python=sys.argv[1], dry_run=True).pip.action)
        thread.join()
        """, exe, tmp_path, timeout=60) == "installed\n"


def test_interrupt(newest, new_env, tmp_path):
    """Ctrl-C is KeyboardInterrupt: between two events, and where nobody wants events."""
    exe = tmp_path / "python"
    exe.write_text(f'#!/bin/sh\nkill -INT $PPID\nexec "{interpreters.env_exe(new_env(newest))}" "$@"\n')
    exe.chmod(0o755)
    assert program(newest.exe, """
        import os, signal, sys, pipseed
        def interrupt(event):
            signal.raise_signal(signal.SIGINT)
        try:
            pipseed.create(sys.argv[2] + "/env", cache_dir=sys.argv[2] + "/cache", on_event=interrupt)
        except KeyboardInterrupt:
            print("interrupted", os.path.exists(sys.argv[2] + "/env"))
        try:
            pipseed.seed(python=sys.argv[1], dry_run=True)
        except KeyboardInterrupt:
            print("interrupted")
        print(pipseed.seed(python=sys.executable, dry_run=True).python == sys.executable)
        """, exe, tmp_path) == "interrupted False\ninterrupted\nTrue\n"


def test_interrupt_while_compiling(newest, new_env, home, tmp_path):
    """Ctrl-C, and an exception in the callback, end a cold seeding at once: nothing is left, nothing goes on."""
    env, cache = new_env(newest), tmp_path / "cache"
    code = textwrap.dedent("""
        import sys, time, pipseed
        def raise_it(event):
            if event.kind == "progress" and event.text == "modules compiled":
                sys.stdout.write(str(time.monotonic()) + "\\n")
                raise KeyboardInterrupt
        try:
            pipseed.seed(sys.argv[1], cache_dir=sys.argv[2], on_event=raise_it if sys.argv[3] == "callback" else None)
        except KeyboardInterrupt:
            print(time.monotonic())
        """)

    def attempt(how):
        with watch.start([newest.exe, "-c", code, env, cache, how], env={"HOME": home, "PYTHONPATH": fixtures.PACKAGE},
                         stdout=subprocess.PIPE) as process:
            children = watch.compiling(process.pid)
            begin = time.monotonic()
            if how == "signal":
                os.kill(process.pid, signal.SIGINT)
            times = [float(line) for line in process.communicate(timeout=60)[0].split()]
        assert process.returncode == 0
        assert watch.alive(children) == [] and watch.leftovers(env, cache) == []
        return times[-1] - (begin if how == "signal" else times[0])

    for how in ("signal", "callback"):
        watch.assert_prompt(lambda how=how: attempt(how))


def test_threads(cpython, tmp_path):
    """Eight threads, each with an environment of its own, then all of them with one."""
    seen = fixtures.inside(cpython.exe, "threads", tmp_path, cpython.exe, "8")
    assert seen["made"] == ["installed"] * 8
    assert sorted(seen["shared"]) == ["installed"] + ["none"] * 7


def test_subinterpreter(cpython, tmp_path):
    """It works there, callbacks from the library's threads included; from 3.13 on with a GIL of its own."""
    seen = fixtures.inside(cpython.exe, "interpreters", tmp_path, cpython.exe)
    for action, _, code, stopped in seen["answers"]:
        assert (action, code, stopped) == ("installed", "no-target", True)
    assert sum(answer[1] for answer in seen["answers"]) > 0, "the first one filled the store"


LEAK_LIMITS = {"rss": 1 << 20, "blocks": 50, "objects": 10, "threads": 0, "descriptors": 0, "None": 20, "Error": 1,
               "FailedError": 1, "Result": 1, "Wheel": 1, "CacheEntry": 1, "callback": 0, "seed": 0}


@pytest.mark.parametrize("which", [0, -1], ids=["oldest", "newest"])
def test_no_leak(which, tmp_path, new_env):
    """1,000 calls and more that succeed and fail in all ways leave no memory, reference or descriptor behind."""
    python = sorted(fixtures.PYTHONS, key=lambda each: each.version)[which]
    env = new_env(python)
    fixtures.call(interpreters.env_exe(env), "-m", "pipseed")
    grown = fixtures.inside(interpreters.env_exe(env), "leak", env, tmp_path, timeout=900)
    assert {name: value for name, value in grown.items() if value > LEAK_LIMITS[name]} == {}, grown
