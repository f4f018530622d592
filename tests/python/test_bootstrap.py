# SPDX-License-Identifier: MIT
"""pipseed.bootstrap() and `python -m pipseed` against ensurepip's: signature, audit event, ValueError, output, side
effects, and the tree."""
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import interpreters
import pytest
import fixtures
import run
import tree

OPTIONS = {"default_pip": "--default-pip", "altinstall": "--altinstall", "upgrade": "--upgrade", "user": "--user",
           "root": "--root"}


def command_line(arguments):
    """ensurepip's options for bootstrap's arguments."""
    words = []
    for name, value in arguments.items():
        if name == "verbosity":
            words += ["-v"] * value
        elif name == "root":
            words += ["--root", value]
        else:
            words.append(OPTIONS[name])
    return words


class Pair:
    """Two environments of one kind at paths of equal length: o, for ensurepip, and p."""

    def __init__(self, base, python, copy_exe=None):
        self.python = python
        self.exes = []
        self.sides = [base / "o", base / "p"]
        for side in self.sides:
            for name in ("home", "tmp"):
                (side / name).mkdir(parents=True)
            if copy_exe is None:
                interpreters.make_env(python, side / "env")
            self.exes.append(copy_exe or interpreters.env_exe(side / "env"))

    def surroundings(self, number):
        """Variables and directory for one side."""
        side = self.sides[number]
        return {"env": {"HOME": side / "home", "TMPDIR": side / "tmp"}, "cwd": side}

    def ensurepip(self, arguments):
        """The real one, as a command: what pip prints comes from a child process."""
        return run.run([self.exes[0], "-m", "ensurepip", *command_line(arguments)], **self.surroundings(0))

    def bootstrap(self, arguments):
        """Ours, called in the interpreter."""
        options = self.surroundings(1)
        options["env"].update(fixtures.same_wheels(self.python))
        return fixtures.inside(self.exes[1], "bootstrap", arguments, **options)

    def differences(self):
        """Between both sides."""
        for side in self.sides:
            for forgotten in (side / "tmp").iterdir():
                if side.name == "p":
                    raise AssertionError(f"{forgotten} was left behind")
                forgotten.unlink()
        return [str(each) for each in tree.compare(*map(tree.snapshot, self.sides), self.python.exe)]


def normal(text, side):
    """pip's lines without what only pip can say: the temporary directory, and paths relative to the current directory."""
    lines = []
    for line in text.replace(str(side), "@SIDE@").splitlines():
        line = re.sub(r"^Processing (\S*/)?", "Processing ", line)
        line = re.sub(r"^(Requirement already satisfied: \S+ in) \./", r"\1 @SIDE@/", line)
        if not line.startswith("Looking in links:"):
            lines.append(line)
    return lines


def check_program(seen, arguments):
    """Everything that does not depend on the other side."""
    assert seen["equal"] and seen["signatures"][0] == seen["signatures"][1]
    assert [each[:2] for each in seen["raised"]] == [["ValueError", "Cannot use altinstall and default_pip together"]] * 2
    assert seen["raised"][0][2] == [], "refused before the audit event, as ensurepip does"
    assert seen["events"] == [["ensurepip.bootstrap", arguments.get("root")]]
    assert seen["changed"] is False
    assert seen["answer"] is None
    assert seen["stderr"] == ""


def check_output(ours, theirs, verbosity):
    """The lines that are there without -v are pip's; with it there are more of them."""
    if verbosity == 0:
        assert ours == theirs
        return
    plain = [line for line in ours if not line.startswith("  ") or line.lstrip().startswith(("Att", "Fou", "Unin"))]
    assert [line for line in plain if line not in theirs] == []
    assert [line for line in ours if re.search(r"\d+ files, \d+ of them bytecode, in .*site-packages, from pip-", line)]


NEWEST = fixtures.newest()
# (interpreter, where, arguments of one call after the other in one place)
CASES = {f"{python.name}-plain": (python, "env", [{}]) for python in fixtures.PYTHONS if python is not NEWEST}
if NEWEST:
    for at, options in {"plain-again": ("env", [{}, {}]),
                        "default_pip-v": ("env", [{"default_pip": True, "verbosity": 1}]),
                        "altinstall-vv": ("env", [{"altinstall": True, "verbosity": 2}]),
                        "upgrade-vvv": ("env", [{"upgrade": True, "verbosity": 3}]),
                        "root": ("env", [{"root": "{side}/root"}]),
                        "user": ("copy", [{"user": True}])}.items():
        CASES[f"{NEWEST.name}-{at}"] = (NEWEST, *options)


def work_off(base, python, where, steps):
    """One case: for each step both outputs and the differences of the trees."""
    copy_exe = interpreters.copy_prefix(python, base / "copied") if where == "copy" else None
    pair = Pair(base, python, copy_exe)
    outcomes = []
    for step in steps:
        by_side = [{name: value.format(side=side) if isinstance(value, str) else value for name, value in step.items()}
                   for side in pair.sides]
        theirs, ours = pair.ensurepip(by_side[0]), pair.bootstrap(by_side[1])
        outcomes.append((by_side[1], theirs.stdout, ours, pair.differences()))
    return pair, outcomes


@pytest.fixture(scope="module")
def jobs(request, tmp_path_factory):
    """The cases of the selected tests, worked off in the background."""
    wanted = {item.callspec.params["case"] for item in request.session.items
              if getattr(item, "callspec", None) and "case" in item.callspec.params}
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        running = {case: pool.submit(work_off, tmp_path_factory.mktemp(case), *CASES[case]) for case in CASES
                   if case in wanted and (CASES[case][1] == "env" or CASES[case][0].may_copy)}
        yield running


@pytest.mark.parametrize("case", CASES)
def test_as_ensurepip(case, jobs):
    """The same signature, event, output and tree, and no side effects."""
    if case not in jobs:
        pytest.skip("needs an interpreter with a prefix that can be copied")
    pair, outcomes = jobs[case].result()
    for arguments, theirs, ours, differences in outcomes:
        check_program(ours, arguments)
        assert ours["version"] == pair.python.pip
        check_output(normal(ours["stdout"], pair.sides[1]), normal(theirs, pair.sides[0]),
                     arguments.get("verbosity", 0))
        assert differences == []
    if "user" in case:
        assert list(pair.sides[1].glob("home/.local/bin/pip3"))


def test_upgrade(newest, tmp_path):
    """An older pip is replaced, and the output says so in pip's words."""
    env = interpreters.make_env(newest, tmp_path / "env")
    exe = interpreters.env_exe(env)
    fixtures.inside(exe, "bootstrap", {}, env={"PIPSEED_SEED_PIP": "24.0"})
    seen = fixtures.inside(exe, "bootstrap", {"upgrade": True})
    new = seen["version"]
    assert seen["stdout"].splitlines() == [
        f"Processing pip-{new}-py3-none-any.whl", "Installing collected packages: pip", "  Attempting uninstall: pip",
        "    Found existing installation: pip 24.0", "    Uninstalling pip-24.0:",
        "      Successfully uninstalled pip-24.0", f"Successfully installed pip-{new}"]


# ---- python -m pipseed

def test_command_line(cpython, new_env):
    """It seeds; a second time there is nothing to do."""
    env = new_env(cpython)
    first = fixtures.call(interpreters.env_exe(env), "-m", "pipseed", "--default-pip")
    version = fixtures.call(cpython.exe, "-m", "pipseed", "--version").stdout
    assert re.search(rf"^Successfully installed pip-{version.split()[1]}( |$)", first.stdout, re.M)
    assert first.stderr == ""
    assert (env / "bin/pip").exists()
    again = fixtures.call(interpreters.env_exe(env), "-m", "pipseed")
    assert again.stdout.startswith("Requirement already satisfied: ")


def option_strings(exe, module):
    """All options that a help text names."""
    return set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", fixtures.call(exe, "-m", module, "--help").stdout.split("\n\n")[0]))


def test_same_options(cpython):
    """The usage line names the same options as ensurepip's."""
    assert option_strings(cpython.exe, "pipseed") == option_strings(cpython.exe, "ensurepip")


@pytest.mark.parametrize("words, variables, code, text", [
    (["--altinstall", "--default-pip"], {}, 2, "cannot use --altinstall and --default-pip together"),
    (["--bogus"], {}, 2, "unrecognized arguments: --bogus"),
    (["--user"], {}, 3, "error: cannot use --user in a virtual environment"),
    ([], {"PIPSEED_SEED_PIP": ">=99"}, 1, "error: "),
    ([], {"PIPSEED_SEED_SCRIPTS": "none"}, 3, "PIPSEED_SEED_SCRIPTS"),
    (["--version"], {"PIPSEED_SEED_PIP": ">=99"}, 1, "error: no wheel of pip matches"),
])
def test_exit_codes(words, variables, code, text, newest, new_env):
    """Those of the command."""
    env = new_env(newest)
    done = fixtures.call(interpreters.env_exe(env), "-m", "pipseed", *words, env=variables, code=code)
    assert text in done.stderr and "Traceback" not in done.stderr
    assert not interpreters.site_packages(env).exists() or not os.listdir(interpreters.site_packages(env))


def test_bad_wheel(newest, new_env, tmp_path):
    """Exit code 4: a wheel that is not what it should be."""
    directory = tmp_path / "wheels"
    directory.mkdir()
    content = bytearray(next(iter(sorted((run.build_dir() / "wheels").glob("pip-26*.whl")))).read_bytes())
    content[len(content) // 2] ^= 0xFF
    (directory / "pip-26.3-py3-none-any.whl").write_bytes(content)
    done = fixtures.call(interpreters.env_exe(new_env(newest)), "-m", "pipseed", code=4,
                    env={"PIPSEED_WHEELS_BUNDLED": "no", "PIPSEED_WHEELS_DIRS": directory})
    assert "pip-26.3-py3-none-any.whl" in done.stderr


def test_embedded(newest):
    """A program that embeds Python has no interpreter that could be named: never some other one's environment."""
    code = "import sys, pipseed; sys.executable = None; pipseed.bootstrap()"
    done = fixtures.call(newest.exe, "-c", code, code=1)
    assert "RuntimeError: cannot determine the interpreter" in done.stderr


def test_light_import(cpython):
    """Importing pipseed brings no other module but those of its own, __future__ and what Python has loaded anyway."""
    code = ("import sys; before = set(sys.modules); import pipseed; "
            "print(*sorted(name for name in set(sys.modules) - before))")
    done = subprocess.run([cpython.exe, "-S", "-c", code], env={"PYTHONPATH": str(fixtures.PACKAGE), "PATH": "/usr/bin"},
                          capture_output=True, text=True, check=True, timeout=60)
    assert set(done.stdout.split()) == {"__future__", "pipseed", "pipseed._pipseed"}
