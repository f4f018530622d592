#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measure pipseed, its peers and the floor side by side, and hold the results against the targets.

    bench/bench.py [-n ROUNDS] [--python PY] [--pipseed PROGRAM] [--only GROUP,...] [--json FILE] [--svg FILE]

The peers come from PyPI into build/bench/peers, in their newest versions; --offline takes what is there. Run it on a machine
that has nothing else to do. Exit code 1 when a target is missed, 3 when nothing is missed but something was not measured.
"""
import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import report
from cases import TARGETS, Bench, shared_memory
from runner import Runner, Unavailable

REPO = Path(__file__).resolve().parent.parent
PEERS = ("virtualenv", "uv")
GROUPS = ("seeding", "creating", "slow", "first_use", "cold", "elsewhere", "batch", "growth", "crowd", "start", "memory")


def parse_arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-n", "--rounds", type=int, default=15, help="samples of each case (default 15)")
    parser.add_argument("--python", help="the interpreter to make environments of (default: CPython 3.13 of pyenv, else "
                        "python3)")
    parser.add_argument("--pipseed", help="the command (default: that of build/release)")
    parser.add_argument("--dir", type=Path, default=REPO / "build/bench", help="where everything is put (default "
                        "build/bench): its file system is what is measured")
    parser.add_argument("--only", help="groups, separated by commas: " + ",".join(GROUPS))
    parser.add_argument("--offline", action="store_true", help="do not ask PyPI: use the peers of the last run")
    parser.add_argument("--json", type=Path, help="where to write all results (default DIR/results.json)")
    parser.add_argument("--svg", type=Path, help="where to draw the picture (default DIR/results.svg)")
    parser.add_argument("--keep", action="store_true", help="do not remove the environments at the end")
    arguments = parser.parse_args()
    arguments.groups = arguments.only.split(",") if arguments.only else list(GROUPS)
    for group in arguments.groups:
        if group not in GROUPS:
            parser.error(f"no group {group}; there are {', '.join(GROUPS)}")
    if arguments.rounds < 1:
        parser.error("at least one round")
    return arguments


def find_python(wanted):
    """Absolute path of the interpreter; links in it stay."""
    if wanted:
        found = shutil.which(wanted)
        if found is None:
            sys.exit(f"bench: there is no {wanted}")
        return os.path.abspath(found)
    known = sorted(Path.home().glob(".pyenv/versions/3.13*/bin/python3.13"))
    return str(known[-1]) if known else shutil.which("python3", path="/usr/bin:/usr/local/bin")


def find_pipseed(wanted):
    """The command to measure: a build without sanitizers."""
    path = Path(wanted) if wanted else REPO / "build/release/bin/pipseed"
    if not path.is_file():
        sys.exit(f"bench: there is no {path}; build it: cmake --preset release && cmake --build --preset release")
    return str(path.resolve())


def compile_program(name, directory):
    """One of the C programs beside this file."""
    compiler = os.environ.get("CC") or "cc"
    subprocess.run([compiler, "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-pthread", REPO / f"bench/{name}.c", "-o",
                    directory / name], check=True)
    return str(directory / name)


def install_peers(runner, directory, offline):
    """{name: path or Unavailable} of the peers, the newest that PyPI has."""
    pip = directory / "bin/pip"
    problem = ""
    try:
        if not pip.exists():
            runner.call(["/usr/bin/python3", "-m", "venv", directory])
        if not offline:
            runner.call([pip, "install", "-q", "--upgrade", "--disable-pip-version-check", *PEERS], network=True)
    except Unavailable as error:
        problem = str(error)
        print(f"the peers could not be brought up to date: {problem}", file=sys.stderr)
    found = {}
    for name in PEERS:
        path = directory / "bin" / name
        found[name] = str(path) if path.exists() else Unavailable(problem or "not installed")
    return found


def get_wheel(runner, pipseed, directory, pip, offline):
    """The wheel of the pip that pipseed installs, as a file, for uv."""
    version = runner.call([pipseed, "seed", "--version"]).split()[-1]
    name = f"pip-{version}-py3-none-any.whl"
    for place in (directory, Path(pipseed).parent.parent / "wheels"):
        if (place / name).exists():
            return str(place / name)
    if offline:
        raise Unavailable(f"{name} is not there")
    runner.call([pip, "download", "-q", "--no-deps", "--dest", directory, f"pip=={version}"], network=True)
    return str(directory / name)


def warm_uv(runner, uv, python):
    """uv's cache gets pip; later runs are offline."""
    if isinstance(uv, Unavailable):
        return uv
    try:
        runner.call([uv, "venv", "-q", "--seed", "--python", python, runner.new_dir() / "env"], network=True)
    except Unavailable as error:
        print(f"uv's cache cannot be warmed: {error}", file=sys.stderr)
    return uv


def file_system(directory):
    """Its type: ext4."""
    with open("/proc/mounts", encoding="utf-8") as mounts:
        rows = [line.split()[1:3] for line in mounts]
    return max((row for row in rows if directory.is_relative_to(row[0])), key=lambda row: len(row[0]))[1]


def describe_machine(runner, programs, python, directory):
    """What the numbers depend on."""

    def first_line(args):
        try:
            return runner.call(args).splitlines()[0]
        except (Unavailable, IndexError):
            return None

    model = None
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    versions = {name: first_line([path, "--version"]) if isinstance(path, str) else None
                for name, path in programs.items() if name != "floor"}
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "file_system": file_system(directory),
        "load": os.getloadavg()[0],
        "python": first_line([python, "--version"]),
        "pip": first_line([programs["pipseed"], "seed", "--version"]),
        "versions": versions,
    }


def surroundings(top):
    """The environment of everything that is measured: nothing of the caller's but the package index, by which uv's cache is
    ordered."""
    for name in ("home", "cache", "uv", "app-data"):
        (top / name).mkdir()
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(top / "home"),
        "LANG": "C.UTF-8",
        "XDG_CACHE_HOME": str(top / "cache"),
        "UV_CACHE_DIR": str(top / "uv"),
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "VIRTUALENV_OVERRIDE_APP_DATA": str(top / "app-data"),
        "VIRTUALENV_NO_PERIODIC_UPDATE": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        **{name: os.environ[name] for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL") if name in os.environ},
    }


def run_groups(bench, runner, groups, shm):
    """Everything that was asked for."""
    few = min(runner.rounds, 5)
    rounds = {"batch": few, "growth": 1, "start": runner.rounds * 5, "crowd": few}
    for group in groups:
        if group == "memory":
            for count in (bench.measure_memory, bench.count_unpackings):
                try:
                    count()
                except Unavailable as error:
                    print(f"{count.__name__}: cannot run: {error}", file=sys.stderr)
            continue
        title, cases = getattr(bench, group)(*([shm] if group == "elsewhere" else []))
        runner.compare(title, cases, rounds.get(group), warm=group != "growth")


def main():
    """Measures, prints, writes; returns the exit code."""
    arguments = parse_arguments()
    python, pipseed = find_python(arguments.python), find_pipseed(arguments.pipseed)
    base = arguments.dir.resolve()
    base.mkdir(parents=True, exist_ok=True)
    top = Path(tempfile.mkdtemp(prefix="run-", dir=base))
    shm = Path(tempfile.mkdtemp(prefix="pipseed-bench-", dir=shared_memory())) if shared_memory() else None
    try:
        runner = Runner(top, compile_program("measure", top), surroundings(top), arguments.rounds)
        programs = {"pipseed": pipseed, "floor": compile_program("floor", top),
                    **install_peers(runner, base / "peers", arguments.offline)}
        programs["uv"] = warm_uv(runner, programs["uv"], python)
        wheel = get_wheel(runner, pipseed, base, base / "peers/bin/pip", arguments.offline)
        bench = Bench(runner, programs, python, wheel)
        machine = describe_machine(runner, programs, python, base)
        run_groups(bench, runner, arguments.groups, shm)
    finally:
        if not arguments.keep:
            print("removing what was made", file=sys.stderr)
            for directory in filter(None, (top, shm)):
                shutil.rmtree(directory, ignore_errors=True)
    print(f"{machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']}, {machine['file_system']}; "
          f"{machine['python']}, {machine['pip']} ({bench.numbers['files']} files, {bench.numbers['directories']} directories); "
          f"load {machine['load']:.1f}; {arguments.rounds} rounds")
    print("; ".join(f"{name}: {version or 'not there'}" for name, version in machine["versions"].items()))
    report.print_table(runner.groups, runner.samples, TARGETS, bench.numbers)
    report.write_json(arguments.json or base / "results.json", machine, runner.groups, runner.samples, TARGETS,
                      bench.numbers)
    report.draw(arguments.svg or base / "results.svg", runner.samples,
                f"median of {arguments.rounds}; {machine['python']}, {machine['pip']}; {machine['cores']} cores, "
                f"{machine['file_system']}; each group has its own scale. uv's and virtualenv's have no bytecode.")
    verdicts = {report.judge(target, runner.samples, bench.numbers)[1] for target in TARGETS}
    return 1 if "FAIL" in verdicts else 3 if "not measured" in verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
