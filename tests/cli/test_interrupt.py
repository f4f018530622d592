# SPDX-License-Identifier: MIT
"""Signals while a cold run works, and the progress that it shows."""
import os
import re
import shutil
import signal
import subprocess
import time

import pytest
import run
import watch
from test_command import on_terminal


def interrupted(args, env, home, how):
    """Seconds from the signal to the end, the text on stderr; nothing that compiles is left. The cache is cold: what an earlier
    try had completed would not be compiled again."""
    shutil.rmtree(env["PIPSEED_CACHE_DIR"], ignore_errors=True)
    process = watch.start([run.command(), *args], env={"HOME": home, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    children = watch.compiling(process.pid)
    begin = time.monotonic()
    if how == "alone":
        os.kill(process.pid, signal.SIGINT)
    else:
        os.killpg(process.pid, signal.SIGINT)
    text = process.communicate(timeout=60)[1].decode()
    seconds = time.monotonic() - begin
    assert process.returncode == -signal.SIGINT, text
    assert watch.alive(children) == []
    return seconds, text


@pytest.mark.parametrize("how", ["alone", "group"])
def test_interrupted_seed(how, new_env, home, tmp_path):
    """One SIGINT ends a cold seeding at once, whoever gets it; it is called by its name, and nothing is left."""
    env, cache = new_env(), tmp_path / "cache"

    def attempt():
        seconds, text = interrupted(["seed", env], {"PIPSEED_CACHE_DIR": cache}, home, how)
        assert text == "error: interrupted by SIGINT\n"
        assert watch.leftovers(env, cache) == []
        return seconds

    watch.assert_prompt(attempt)


def test_interrupted_venv(home, tmp_path):
    """The environment is not there afterwards."""
    def attempt():
        seconds, text = interrupted(["venv", tmp_path / "env"], {"PIPSEED_CACHE_DIR": tmp_path / "cache"}, home, "alone")
        assert "--no-bytecode" not in text
        assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "home"]
        return seconds

    watch.assert_prompt(attempt)


def test_interrupted_batch(new_env, home, tmp_path):
    """Those that had not begun say so; the document of each is written."""
    envs = [new_env(), new_env()]
    text = interrupted(["seed", *envs], {"PIPSEED_CACHE_DIR": tmp_path / "cache"}, home, "alone")[1]
    assert f"error: {envs[0]}: interrupted by SIGINT" in text
    assert f"error: {envs[1]}: interrupted before it started" in text


def test_progress(new_env, home, tmp_path):
    """One line for what lasts, erased at its end; none where nobody asked for it."""
    variables = {"HOME": home, "PIPSEED_CACHE_DIR": tmp_path / "cache", "PIPSEED_SEED_PACKAGES": "pip"}

    def seed(*options):
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        code, texts = on_terminal(["seed", "-j", "1", *options, new_env()], env=variables, streams=("stderr",), timeout=120)
        assert code == 0
        return texts["tty"]

    shown = seed()
    lines = [part for part in re.split(r"\r\033\[K", shown) if part]
    assert any(re.fullmatch(r" *\d+% modules compiled \(\d+ of \d+\)", line) for line in lines), lines
    counts = [int(line.split("(")[1].split()[0]) for line in lines if "modules compiled" in line]
    assert counts == sorted(counts) and counts[-1] > 0
    assert "\n" not in shown and shown.endswith("\r\033[K")
    assert "\r" not in seed("--json") and seed("-q") == ""
    shutil.rmtree(tmp_path / "cache")
    assert run.run_pipseed(["seed", "-j", "1", new_env()], env=variables).stderr == ""
