# SPDX-License-Identifier: MIT
"""pipseed.venv: the tree equals that of `python -m venv`, and no process is started for pip."""
import os
import re
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest
import fixtures
import run
import tree

NEWEST = fixtures.newest()
CASES = {f"{python.name}-plain": (python, [[]]) for python in fixtures.PYTHONS}
if NEWEST:
    CASES[f"{NEWEST.name}-options"] = (NEWEST, [["--copies", "--system-site-packages", "--prompt", "it's mine"]])
    CASES[f"{NEWEST.name}-twice"] = (NEWEST, [["--without-pip"], ["--upgrade"], ["--clear"]])


def work_off(base, python, steps):
    """The real one in o, ours in p: what differs after each step."""
    outcomes = []
    for name in ("o", "p"):
        (base / name / "tmp").mkdir(parents=True)
    for words in steps:
        run.run([python.exe, "-m", "venv", *words, base / "o/env"], env={"TMPDIR": base / "o/tmp"})
        ours = fixtures.call(python.exe, "-m", "pipseed.venv", *words, base / "p/env",
                        env={**fixtures.same_wheels(python), "TMPDIR": base / "p/tmp"})
        for forgotten in (base / "o/tmp").iterdir():
            forgotten.unlink()
        snapshots = [tree.snapshot(base / name) for name in ("o", "p")]
        outcomes.append((ours, [str(each) for each in tree.compare(*snapshots, python.exe)]))
    return outcomes


@pytest.fixture(scope="module")
def jobs(request, tmp_path_factory):
    """The cases of the selected tests, worked off in the background."""
    wanted = {item.callspec.params["case"] for item in request.session.items
              if getattr(item, "callspec", None) and item.module is request.module and "case" in item.callspec.params}
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        yield {case: pool.submit(work_off, tmp_path_factory.mktemp(case), *CASES[case]) for case in CASES
               if case in wanted}


@pytest.mark.parametrize("case", CASES)
def test_same_tree_as_venv(case, jobs):
    """`python -m pipseed.venv` with venv's own options, pip included."""
    for ours, differences in jobs[case].result():
        assert differences == [], ours
        assert (ours.stdout, ours.stderr) == ("", "")


def test_builder(cpython, tmp_path):
    """For those who script venv: a subclass of a subclass, in one process."""
    code = """
        import os, sys, venv
        from pipseed.venv import EnvBuilder
        started = []
        sys.addaudithook(lambda event, args: started.append(args) if event in ("subprocess.Popen", "os.posix_spawn") else None)
        class Builder(EnvBuilder):
            def post_setup(self, context):
                assert os.path.exists(os.path.join(context.bin_path, "pip")), "pip is there before post_setup"
                self.done = context.env_dir
        builder = Builder(with_pip=True, symlinks=True)
        assert isinstance(builder, venv.EnvBuilder)
        builder.create(sys.argv[1])
        assert builder.done == sys.argv[1] and started == [], started
        EnvBuilder().create(sys.argv[1] + "2")
        assert not os.path.exists(sys.argv[1] + "2/bin/pip")
        """
    fixtures.call(cpython.exe, "-c", textwrap.dedent(code), tmp_path / "env")
    shebang = (tmp_path / "env/bin/pip").read_text().splitlines()[0]
    assert re.fullmatch(rf"#!{re.escape(str(tmp_path))}/env/bin/python[\d.]*", shebang)
    assert run.run([tmp_path / "env/bin/pip", "--version"]).stdout.startswith("pip ")


@pytest.mark.parametrize("words, variables, code, text", [
    (["{env}"], {"PIPSEED_SEED_PIP": ">=99"}, 1, "error: "),
    (["{env}"], {"PIPSEED_SEED_PIP": "x y"}, 3, "PIPSEED_SEED_PIP"),
    (["--bogus", "{env}"], {}, 2, "unrecognized arguments: --bogus"),
    (["--clear", "--upgrade", "{env}"], {}, 1, "Error: you cannot supply --upgrade and --clear together."),
])
def test_failures(words, variables, code, text, newest, tmp_path):
    """The command's exit codes where pipseed fails, venv's where venv does."""
    done = fixtures.call(newest.exe, "-m", "pipseed.venv", *(word.format(env=tmp_path / "env") for word in words),
                    env=variables, code=code)
    assert text in done.stderr and "Traceback" not in done.stderr


def test_help(cpython):
    """venv's own options, under our name."""
    ours = fixtures.call(cpython.exe, "-m", "pipseed.venv", "--help").stdout
    theirs = run.run([cpython.exe, "-m", "venv", "--help"]).stdout
    assert ours.split()[1] == "pipseed.venv"
    find = re.compile(r"--[a-z][\w-]+")
    assert set(find.findall(ours)) == set(find.findall(theirs))
