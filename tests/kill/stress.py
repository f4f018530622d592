# SPDX-License-Identifier: MIT
"""Many runs at once, some of them killed, some stopped for a while:

  - 32 seeders on one cold store into 32 environments
  - 16 into one environment, in two versions

After each round the killed ones run again; then every environment verifies, the store has one entry for each wheel, nothing
else is left anywhere, and nobody has waited for ever.

    python3 tests/kill/stress.py [ROUNDS]        default 100
"""
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import sweep

TIMEOUT = 240
OLD, NEW = sweep.OLD, sweep.NEW


class Crowd:
    """A directory, a store, and runs."""

    def __init__(self, directory, python, seed=None):
        self.directory, self.python, self.random = directory, python, random.Random(seed)
        self.environment = sweep.run.clean_environment({"HOME": directory / "home", "XDG_CACHE_HOME": directory / "cache"})
        self.killed = self.stopped = self.runs = 0
        (directory / "home").mkdir(parents=True)
        self.template = directory / "template"
        self.pipseed("venv", "--without-pip", "-p", python, self.template)

    def pipseed(self, *args, code=0):
        """One run to its end."""
        done = subprocess.run([sweep.run.command(), *map(os.fspath, args)], env=self.environment, cwd=self.directory,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        if code is not None and done.returncode != code:
            raise AssertionError(f"pipseed {' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start(self, args):
        """One run, begun."""
        self.runs += 1
        return subprocess.Popen([sweep.run.command(), *map(os.fspath, args)], env=self.environment, cwd=self.directory,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def disturb(self, process, how, at):
        """Kills a run, or stops it for a while, if it has not ended."""
        time.sleep(at)
        if process.poll() is not None:
            return
        if how == "kill":
            process.send_signal(signal.SIGKILL)
            self.killed += 1
            return
        process.send_signal(signal.SIGSTOP)
        self.stopped += 1
        time.sleep(self.random.uniform(0.1, 1))
        process.send_signal(signal.SIGCONT)

    def all_at_once(self, calls, within):
        """Runs all of them; a quarter is killed and an eighth stopped, at moments within so many seconds. The exit codes."""
        processes = [self.start(args) for args in calls]
        chosen = self.random.sample(range(len(calls)), len(calls) // 4 + len(calls) // 8)
        threads = []
        for i, index in enumerate(chosen):
            how = "kill" if i < len(calls) // 4 else "stop"
            threads.append(threading.Thread(target=self.disturb, args=(processes[index], how,
                                                                       self.random.uniform(0, within))))
            threads[-1].start()
        codes = []
        for process, args in zip(processes, calls):
            _, said = process.communicate(timeout=TIMEOUT)  # a hang is a failure
            codes.append(process.returncode)
            if process.returncode not in (0, -9, 3) or (process.returncode == 3 and "never goes back" not in said):
                raise AssertionError(f"pipseed {' '.join(map(str, args))}: exit {process.returncode}\n{said}")
        for thread in threads:
            thread.join()
        return codes

    def seed(self, env, version, *options):
        """Words of a seeding."""
        return sweep.seed(None, env, "--pip", version, *options)

    def check(self, envs, wheels):
        """Everything is whole, and there is nothing else."""
        self.pipseed("verify", "--packages", "pip", *envs)
        leftovers = [str(path) for top in [*envs, self.directory / "cache"] for path in Path(top).rglob("*")
                  if sweep.LEFTOVERS.search("/" + path.name) or path.name.startswith("~")]
        leftovers += [str(path) for path in self.directory.glob(".*")]
        leftovers += [str(path) for path in (self.directory / "cache/pipseed/v1/tmp").iterdir()]
        if leftovers:
            raise AssertionError(f"left over: {leftovers[:6]}")
        entries = sorted(path.name for path in (self.directory / "cache/pipseed/v1/wheels").iterdir())
        if not 1 <= len(entries) <= wheels:
            raise AssertionError(f"{len(entries)} entries in the store for {wheels} wheels: {entries}")
        for env in envs:
            infos = list(Path(env).glob("lib/python3*/site-packages/pip-*.dist-info"))
            if len(infos) != 1:
                raise AssertionError(f"{len(infos)} dist-infos in {env}")

    def fresh(self, count):
        """Copies of the template."""
        envs = [self.directory / f"env{i}" for i in range(count)]
        for env in envs:
            shutil.rmtree(env, ignore_errors=True)
            subprocess.run(["cp", "-a", self.template, env], check=True)
        return envs

    def many_environments(self, count=32, within=1.5):
        """One cold store."""
        shutil.rmtree(self.directory / "cache", ignore_errors=True)
        envs = self.fresh(count)
        codes = self.all_at_once([self.seed(env, NEW) for env in envs], within)
        for env, code in zip(envs, codes):
            if code != 0:
                self.pipseed(*self.seed(env, NEW))
        self.check(envs, 1)

    def one_environment(self, count=16, within=0.6):
        """Two versions, one of which may find the other there: an upgrade never goes back."""
        env, = self.fresh(1)
        calls = [self.seed(env, (OLD, NEW)[i % 2], "--upgrade") for i in range(count)]
        self.random.shuffle(calls)
        self.all_at_once(calls, within)
        self.pipseed(*self.seed(env, NEW, "--upgrade"))
        self.check([env], 2)
        version, = (re.search(r"pip-(.*)\.dist-info", path.name).group(1)
                    for path in env.glob("lib/python3*/site-packages/pip-*.dist-info"))
        if version != NEW:
            raise AssertionError(f"pip {version} where {NEW} was asked for last")


def rounds(count, directory, seed=None, progress=None):
    """Both kinds of a round, so often. The crowd, for its counts."""
    crowd = Crowd(directory, sweep.newest().exe, seed)
    for i in range(count):
        crowd.many_environments()
        crowd.one_environment()
        if progress:
            progress(i + 1, crowd)
    return crowd


def main():
    """The command line."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    directory = sweep.scratch_dir()
    began = time.monotonic()

    def progress(done, crowd):
        print(f"round {done} of {count}: {crowd.runs} runs, {crowd.killed} killed, {crowd.stopped} stopped, 0 problems, "
              f"{time.monotonic() - began:.0f} s", flush=True)

    try:
        rounds(count, directory / "crowd", progress=progress)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
