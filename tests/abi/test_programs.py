# SPDX-License-Identifier: MIT
"""Programs, hooks and creators of one release with the library, the creators and the hooks of another one.

"old" is the kept copy of the first release's headers, "grown" are the current ones with two members appended to every struct;
the library is there as built, and once more built of the sources with the grown headers.
"""
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import headers
import pytest
import run
import watch

HERE = Path(__file__).parent


def compile_c(source, output, *flags):
    """With warnings as errors: a header has to compile in other people's programs."""
    subprocess.run(["cc", "-std=gnu17", "-D_GNU_SOURCE", "-g", "-Wall", "-Werror", "-o", output, source, *flags], check=True)
    return output


@pytest.fixture(scope="session")
def places(tmp_path_factory):
    """Directories of headers: {"old": ..., "grown": ...}."""
    base = tmp_path_factory.mktemp("headers")
    grown = headers.current(base / "grown")
    for name in headers.NAMES:
        text = headers.grow((grown / name).read_text(encoding="utf-8"))
        (grown / name).write_text(text, encoding="utf-8")
    return {"old": HERE / "0.1", "grown": grown}


@pytest.fixture(scope="session")
def built():
    """The directory of the library as built."""
    return next(iter(sorted(run.build_dir().glob("lib*/libpipseed.so")))).parent


@pytest.fixture(scope="session")
def grown_library(places, built, tmp_path_factory):
    """The directory of a library that was built of the same sources with the grown headers, by the build's own commands."""
    build = run.build_dir()
    if not (build / "build.ninja").exists() or shutil.which("ninja") is None:
        pytest.skip("the build directory is not ninja's: its commands cannot be asked for")
    base = tmp_path_factory.mktemp("grown")
    for name in ("core", "conf"):
        shutil.copytree(run.REPO / name, base / name)
    for name, place in headers.PLACES.items():
        if place.startswith(("core", "conf")):
            shutil.copy(places["grown"] / name, base / place)
    target = built.relative_to(build) / "libpipseed.so"
    listed = subprocess.run(["ninja", "-C", build, "-t", "commands", target], capture_output=True, text=True,
                            check=True).stdout.splitlines()
    made, commands = {}, []
    for line in listed:
        source = line.split(" -c ")[-1]
        if not source.startswith((f"{run.REPO}/core/", f"{run.REPO}/conf/")):
            continue
        output = line.split(" -o ")[1].split()[0]
        made[output] = f"{base}/{len(made)}.o"
        line = re.sub(r" -M[DTF]( \S+\.[do])?\b", "", line).replace(f"-o {output} ", f"-O0 -o {made[output]} ")
        commands.append(re.sub(f"{run.REPO}/(core|conf)", rf"{base}/\1", line))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda line: subprocess.run(line, shell=True, cwd=build, check=True), commands))
    link = next(line for line in listed if "-soname,libpipseed.so" in line).split(" && ")[1]
    words = [made.get(word, word) for word in link.split()]
    words[words.index("-o") + 1] = f"{base}/libpipseed.so"
    subprocess.run(" ".join(words), shell=True, cwd=build, check=True)
    (base / "libpipseed.so.0.1").symlink_to("libpipseed.so")
    shutil.copytree(built / "pipseed", base / "pipseed")
    return base


@pytest.fixture(scope="session")
def programs(places, built, tmp_path_factory):
    """program.c, compiled against each directory of headers."""
    base = tmp_path_factory.mktemp("programs")
    return {name: compile_c(HERE / "program.c", base / name, f"-I{directory}", f"-L{built}", "-lpipseed",
                            *(["-DGROWN"] if name == "grown" else [])) for name, directory in places.items()}


@pytest.fixture
def story(programs, home, new_env, tmp_path):
    """story(program, library, word) runs a program with that library on a new environment."""
    count = iter(range(100))

    def call(program, library, word="story", code=0, more=()):
        env = new_env()
        cache = tmp_path / f"cache{next(count)}"
        result = run.run([programs[program], word, env, cache, *more], code=code,
                         env={"HOME": home, "LD_LIBRARY_PATH": library, "VIRTUAL_ENV": ""})
        return result.stdout.replace(str(env), "ENV")

    return call


def test_programs(story, built, grown_library):
    """Old and new programs with old and new libraries see the same."""
    first = story("old", built)
    assert "pip" in first and "installed" in first and first.count("seed.pip=newest") == 1
    assert story("old", grown_library) == first
    assert story("grown", built) == first
    assert story("grown", grown_library) == first


def test_unknown_members(story, built, grown_library):
    """What an older library does not know must not be set; what it lacks in a result can be asked for."""
    assert "usage: the request sets a member that this version of libpipseed" in story("grown", built, "set", 1)
    assert "installed" in story("grown", grown_library, "set")
    assert story("grown", built, "has") == "no\n"
    assert story("grown", grown_library, "has") == "yes\n"


@pytest.fixture(scope="session")
def creators(places, tmp_path_factory):
    """The example creator, compiled against each header."""
    base = tmp_path_factory.mktemp("creators")
    return {name: compile_c(run.REPO / "docs/examples/loader.c", base / name, f"-I{directory}", "-ldl")
            for name, directory in places.items()}


@pytest.fixture(scope="session")
def hooks(places, built, tmp_path_factory):
    """hook.c and pipseed's own hook, compiled against each header, and pipseed's as built."""
    base = tmp_path_factory.mktemp("hooks")
    found = {"pipseed-built": built / "pipseed/pipseed_hook.so"}
    for name, directory in places.items():
        shared = (f"-I{directory}", "-shared", "-fPIC", *(["-DGROWN"] if name == "grown" else []))
        found[f"teller-{name}"] = compile_c(HERE / "hook.c", base / f"teller-{name}.so", *shared)
        found[f"pipseed-{name}"] = compile_c(run.REPO / "plugin/hook/hook.c", base / f"pipseed-{name}.so", *shared,
                                             "-fvisibility=hidden", f"-L{built}", "-lpipseed", f"-Wl,-rpath,{built}")
    return found


@pytest.mark.parametrize("creator", ["old", "grown"])
@pytest.mark.parametrize("hook", ["teller-old", "teller-grown"])
def test_hooks_of_others(creator, hook, creators, hooks, new_env, home):
    """Any hook in any creator is told the same."""
    env = new_env()
    result = run.run([creators[creator], hooks[hook], env, "--option", "seed.pip=newest", "--upgrade"], env={"HOME": home})
    assert result.stdout == "teller: done\n"
    assert result.stderr.splitlines() == [
        f"note: {call} env_dir={env.resolve()} flags=4 options=seed.pip=newest cancelled=-1" for call in ("pre", "post")]


@pytest.mark.parametrize("creator", ["old", "grown"])
@pytest.mark.parametrize("hook", ["pipseed-built", "pipseed-old", "pipseed-grown"])
def test_own_hook(creator, hook, creators, hooks, new_env, home):
    """pipseed's own hook seeds in creators that are older, and in newer ones."""
    env = new_env()
    result = run.run([creators[creator], hooks[hook], env], env={"HOME": home})
    assert result.stdout == "pipseed: done\n"
    assert (env / "bin/pip").exists()


@pytest.mark.parametrize("hook", ["teller-old", "teller-grown"])
def test_command_loads_hooks(hook, hooks, pipseed, tmp_path):
    """`pipseed venv` is a creator, too."""
    result = pipseed("venv", tmp_path / "env", "-o", f"venv.hooks={hooks[hook]}")
    told = [line for line in result.stderr.splitlines() if "env_dir=" in line]
    assert len(told) == 2 and all("cancelled=0" in line for line in told), result.stderr


def test_too_small(places, tmp_path, pipseed):
    """What is smaller than any release's is refused, not read."""
    source = tmp_path / "small.c"
    source.write_text('#include "venv_hook.h"\n'
                      'const struct venv_hook_v1 venv_hook = {VENV_HOOK_V1_MIN_SIZE - 1, "small", NULL, NULL};\n',
                      encoding="utf-8")
    hook = compile_c(source, tmp_path / "small.so", f"-I{places['old']}", "-shared", "-fPIC")
    result = pipseed("venv", tmp_path / "env", "-o", f"venv.hooks={hook}", code=1)
    assert "venv_hook" in result.stderr
    assert not (tmp_path / "env").exists()


@pytest.mark.parametrize("kind, text", [
    (3, "modules compiled"),  # PIPSEED_EVENT_PROGRESS
    (0, "querying "),  # PIPSEED_EVENT_DETAIL
])
def test_cancel(kind, text, programs, built, new_env, home, tmp_path):
    """A callback that returns non-zero ends a cold seeding at once, and nothing is left."""
    env, cache = new_env(), tmp_path / "cache"

    def attempt():
        shutil.rmtree(cache, ignore_errors=True)
        result = run.run([programs["old"], "cancel", env, cache, str(kind), text],
                         env={"HOME": home, "LD_LIBRARY_PATH": built})
        milliseconds, code = result.stdout.split()
        assert code == "cancelled"
        assert watch.leftovers(env, cache) == []
        return int(milliseconds) / 1000

    watch.assert_prompt(attempt)


def test_cancel_a_probe(programs, built, home, tmp_path):
    """An interpreter that does not answer is not waited for either, and goes with all that it started."""
    env, base, mark = tmp_path / "env", tmp_path / "base/bin", tmp_path / "pids"
    base.mkdir(parents=True)
    (base / "python3").write_text(f'#!/bin/sh\nsleep 60 &\necho $$ $! >"{mark}"\nwait\n', encoding="utf-8")
    (base / "python3").chmod(0o755)
    (env / "bin").mkdir(parents=True)
    (env / "bin/python3").symlink_to(base / "python3")
    (env / "bin/python").symlink_to("python3")
    (env / "pyvenv.cfg").write_text(f"home = {base}\n", encoding="utf-8")

    def attempt():
        result = run.run([programs["old"], "cancel", env, tmp_path / "cache", "4", "querying "],
                         env={"HOME": home, "LD_LIBRARY_PATH": built})
        assert result.stdout.split()[1] == "cancelled"
        assert not [pid for pid in mark.read_text(encoding="utf-8").split() if Path(f"/proc/{pid}/exe").exists()]
        return int(result.stdout.split()[0]) / 1000

    watch.assert_prompt(attempt)
