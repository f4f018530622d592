# SPDX-License-Identifier: MIT
"""A stranger's files: interpreters, home, hooks, wheels, the command of a drop-in. Nothing of them runs."""
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

import mkwheel
import people
import run
from people import ALICE, MALLORY, ROOT

MARK = "stranger-was-here"


def trap_script(world):
    """MALLORY's environment: bin/python3 is a script of hers, and home is its directory."""
    env = world.make_env(MALLORY, "script")
    tools = world.home[MALLORY] / "tools"
    tools.mkdir(exist_ok=True)
    script = tools / "python3"
    script.write_text(f"#!/bin/sh\ntouch {world.top}/drop/{MARK}\nexec /usr/bin/python3 \"$@\"\n")
    script.chmod(0o755)
    for name in ("python", "python3", "python3.11"):
        (env / "bin" / name).unlink(missing_ok=True)
    (env / "bin/python3").symlink_to(script)
    (env / "bin/python").symlink_to("python3")
    text = (env / "pyvenv.cfg").read_text()
    (env / "pyvenv.cfg").write_text(text.replace("home = /usr/bin", f"home = {tools}"))
    people.give(env, MALLORY)
    people.give(tools, MALLORY)
    return env


def trap_home(world):
    """bin/python3 is Debian's, but home has a standard library with code of hers."""
    env = world.make_env(MALLORY, "home-trap")
    prefix = world.home[MALLORY] / "prefix"
    version = "python%d.%d" % interpreter_version()
    library = prefix / "lib" / version
    (prefix / "bin").mkdir(parents=True)
    shutil.copytree(f"/usr/lib/{version}/encodings", library / "encodings")
    shutil.copy2(f"/usr/lib/{version}/os.py", library / "os.py")
    (library / "lib-dynload").mkdir()
    (prefix / "bin/python3").symlink_to("/usr/bin/python3")
    with open(library / "encodings/__init__.py", "a", encoding="utf-8") as file:
        file.write(f"\nopen({str(world.top / 'drop' / MARK)!r}, 'w').close()\n")
    text = (env / "pyvenv.cfg").read_text()
    (env / "pyvenv.cfg").write_text(text.replace("home = /usr/bin", f"home = {prefix}/bin"))
    people.give(env, MALLORY)
    people.give(prefix, MALLORY)
    return env


def interpreter_version():
    """Of Debian's Python."""
    done = subprocess.run([people.DEBIAN, "-Ic", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True,
                          check=True)
    return tuple(int(number) for number in done.stdout.split())


TRAPS = {"script": trap_script, "home": trap_home}


@pytest.fixture
def drop(world):
    """Where the traps leave their mark, whoever springs them."""
    directory = world.top / "drop"
    directory.mkdir()
    directory.chmod(0o777)
    return directory


def was_sprung(world):
    """Did something of MALLORY's run?"""
    return (world.top / "drop" / MARK).exists()


def foreign_lines(world, lines):
    """What was executed of MALLORY's, and which shared objects of hers were opened."""
    home = str(world.home[MALLORY])
    found = []
    for line in lines:
        name = line.split('"')[1] if '"' in line else ""
        if name.startswith(home) and " = -1 " not in line and ("execve" in line or ".so" in name):
            found.append(line)
    return found


LOOKS = [["verify"], ["doctor"], ["seed", "-n"], ["seed", "-n", "-U"], ["unseed", "-n"], ["doctor", "--fix", "-n"]]
CHANGES = [["seed"], ["seed", "-U"], ["seed", "--user"], ["unseed"], ["doctor", "--fix"]]


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("uid", [ROOT, ALICE], ids=["root", "alice"])
def test_nothing_of_a_stranger_runs(uid, trap, world, drop):
    """A4: all commands on MALLORY's environment. Those that look tell what files say; the others are refused."""
    env = TRAPS[trap](world)
    before = people.snapshot(env)
    for words in LOOKS:
        result, lines = world.trace(uid, *words, env)
        assert foreign_lines(world, lines) == [] and not was_sprung(world), (words, result)
        assert result.code in (0, 4) and "not running" in result.stderr, (words, result)
    for words in CHANGES:
        result, lines = world.trace(uid, *words, "--json", env)
        assert foreign_lines(world, lines) == [] and not was_sprung(world), (words, result)
        assert result.code == 3, (words, result)
        assert "untrusted" in result.json["error"]["code"], (words, result)
    assert people.snapshot(env) == before


@pytest.mark.parametrize("trap", TRAPS)
def test_other_doors(trap, world, drop):
    """A4: by its interpreter, by VIRTUAL_ENV and by PATH; explain and status too."""
    env = TRAPS[trap](world)
    exe = env / "bin/python3"
    (env / "bin/tox").write_text(f"#!{exe}\nprint()\n")
    (env / "bin/tox").chmod(0o755)
    people.give(env, MALLORY)
    path = f"{env}/bin:/usr/bin:/bin"
    for words, extra in ((["verify", "-p", exe], {}), (["doctor", "-p", exe], {}), (["status", exe], {}),
                         (["status"], {"PATH": path}), (["enable", "-n", exe], {}), (["venv", "-n", world.top / "new"], {"PATH": path}),
                         (["verify"], {"VIRTUAL_ENV": env}), (["unseed"], {"VIRTUAL_ENV": env}), (["seed"], {"PATH": path}),
                         (["venv", world.top / "new"], {"PATH": path}), (["enable"], {"PATH": path}), (["disable", exe], {}),
                         (["unseed", "-p", exe], {}), (["explain", "tox"], {"PATH": path}), (["explain", "pip"], {"PATH": path}),
                         (["cache", "info"], {"PATH": path}), (["cache", "warm"], {"PATH": path}),
                         (["wheels", "list"], {"PATH": path}), (["policy", "show"], {"PATH": path})):
        result, lines = world.trace(ROOT, *words, env=extra)
        assert foreign_lines(world, lines) == [] and not was_sprung(world), (words, result)
        assert "Traceback" not in result.stderr
    assert not (world.top / "new").exists()


def test_explicit_python_is_the_callers_choice(world, drop):
    """-p to venv and seed: it runs, and a note names its owner."""
    env = trap_script(world)
    script = world.home[MALLORY] / "tools/python3"
    result = world.run(ROOT, "venv", "-p", script, world.top / "new")
    assert was_sprung(world) and f"uid {MALLORY}" in result.stderr
    os.unlink(drop / MARK)
    refused = world.run(ROOT, "seed", "--json", env, code=3)
    assert refused.json["error"]["code"] == "untrusted-interpreter" and refused.json["error"]["number"] == -313
    assert f"uid {MALLORY}" in refused.stderr and "target.trust" in refused.stderr and str(world.home[MALLORY]) in refused.stderr
    assert not was_sprung(world)


def test_target_trust(world, drop):
    """Directories that are listed are taken, with the way to them; what lies beside them is not."""
    env = trap_script(world)
    tools = world.home[MALLORY] / "tools"
    world.run(ROOT, "seed", "-o", f"target.trust={tools}/other", env, code=3)
    world.run(ROOT, "seed", env, env={"PIPSEED_TARGET_TRUST": world.top / "nowhere"}, code=3)
    assert not was_sprung(world)
    world.run(ROOT, "verify", "-o", f"target.trust={tools}", env)
    assert was_sprung(world)


@pytest.fixture
def copied(world):
    """An interpreter of root's in a directory of its own: the executable alone, which finds Debian's library."""
    directory = world.top / "shared/bin"
    directory.mkdir(parents=True)
    (directory / "python3").symlink_to("/usr/bin/python3")
    return directory / "python3"


@pytest.mark.parametrize("way", ["group", "others", "acl", "acl of a group", "above"])
def test_writable_by_others(way, world, copied):
    """The mode and ACL entries of each directory on the way count; the hint is the command that helps."""
    env = world.top / "env"
    world.run(ROOT, "venv", "-p", copied, env)
    directory = copied.parent.parent if way == "above" else copied.parent
    if way.startswith("acl"):
        entry = f"u:{ALICE}:rwx" if way == "acl" else f"g:{ALICE}:rwx"
        if subprocess.run(["setfacl", "-m", entry, directory], check=False).returncode != 0:
            pytest.skip("no ACLs here")
    else:
        directory.chmod(0o775 if way != "others" else 0o757)
    refused = world.run(ROOT, "seed", "--json", env, code=3)
    assert refused.json["error"]["code"] == "untrusted-interpreter"
    hint = refused.json["error"]["hint"]
    assert hint.startswith(f"run: chmod go-w {directory};")
    subprocess.run(["chmod", "go-w", directory], check=True)
    world.run(ROOT, "seed", env)


def test_library_of_a_stranger(world):
    """The interpreter is root's, but not the standard library that it loads before anything else."""
    version = "python%d.%d" % interpreter_version()
    prefix = world.top / "prefix"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "lib" / version).mkdir(parents=True)
    shutil.copy2(os.path.realpath(people.DEBIAN), prefix / "bin" / version)
    shutil.copy2(f"/usr/lib/{version}/os.py", prefix / "lib" / version)
    env = world.make_env(ROOT, "env")
    for name in ("python", "python3"):
        (env / "bin" / name).unlink()
        (env / "bin" / name).symlink_to(prefix / "bin" / version)
    people.give(prefix / "lib" / version, MALLORY)
    refused = world.run(ROOT, "seed", "--json", env, code=3)
    assert refused.json["error"]["code"] == "untrusted-interpreter"
    assert refused.json["error"]["path"] == str(prefix / "lib" / version)


def test_acl_of_the_trusted(world, copied):
    """An ACL entry for the caller, or one without the right to write, opens nothing; nor does a mask without it."""
    env = world.top / "env"
    world.run(ROOT, "venv", "-p", copied, env)
    for entries in ("u:0:rwx", f"u:{ALICE}:rx", f"u:0:rwx,u:{ALICE}:rx", f"u:{ALICE}:rwx,m::rx"):
        if subprocess.run(["setfacl", "-b", "-m", entries, copied.parent], check=False).returncode != 0:
            pytest.skip("no ACLs here")
        world.run(ROOT, "seed", env)
    subprocess.run(["setfacl", "-b", "-m", f"u:{ALICE}:rwx", copied.parent], check=True)
    world.run(ROOT, "seed", env, code=3)


@pytest.mark.parametrize("where", ["file", "directory", "above", "acl"])
def test_hook_of_a_stranger(where, world):
    """A11: a hook module that a stranger could have written is not loaded, by the rule of policies."""
    directory = world.top / "hooks"
    directory.mkdir(mode=0o755)
    hook = directory / "x.so"
    shutil.copy2(Path(run.command()).parent.parent / "lib/pipseed/pipseed_hook.so", hook)
    if where == "file":
        os.chown(hook, MALLORY, MALLORY)
    elif where == "directory":
        directory.chmod(0o775)
    elif where == "above":
        above = world.home[MALLORY] / "hooks"
        shutil.copytree(directory, above)
        hook = above / "x.so"
    elif subprocess.run(["setfacl", "-m", f"u:{MALLORY}:rw", hook], check=False).returncode != 0:
        pytest.skip("no ACLs here")
    result, lines = world.trace(ROOT, "venv", "--json", "-p", people.DEBIAN, "-o", f"venv.hooks={hook}", world.top / "new")
    assert result.code == 3 and result.json["error"]["code"] == "untrusted-path", result
    # It is opened to be judged (O_NONBLOCK), and not by the dynamic loader.
    assert not [line for line in lines if f'"{hook}"' in line and "O_NONBLOCK" not in line]
    assert not (world.top / "new").exists()


def test_command_of_a_dropin(world):
    """A7: a pipseed that a group can write is not written into an interpreter."""
    source = Path(os.path.realpath(run.command())).parent.parent
    there = world.top / "install"
    (there / "bin").mkdir(parents=True)
    shutil.copy2(source / "bin/pipseed", there / "bin/pipseed")
    for library in source.glob("lib*"):
        if library.is_dir():
            shutil.copytree(library, there / library.name)
    for path, bits in ((there / "bin/pipseed", 0o775), (there / "bin", 0o775), (there, 0o775)):
        old = stat.S_IMODE(path.stat().st_mode)
        path.chmod(bits)
        refused = run.run([there / "bin/pipseed", "enable", "-n", "--json", people.DEBIAN], env=world.environment(ROOT), code=3)
        assert refused.json["interpreters"][0]["error"]["code"] == "untrusted-path"
        assert f"run: chmod go-w {path}" in refused.stderr
        path.chmod(old)
    done = run.run([there / "bin/pipseed", "enable", "-n", "--json", people.DEBIAN], env=world.environment(ROOT), code=None)
    assert "untrusted-path" not in done.stdout


def test_wheel_behind_a_link(world):
    """A9: root's link in root's directory to root's file, whose name MALLORY can exchange at any moment."""
    wheels, hers = world.top / "wheels", world.home[MALLORY] / "wheels"
    wheels.mkdir()
    hers.mkdir()
    wheel = Path(mkwheel.Wheel("pip", "99.0").write(hers))
    os.chown(hers, MALLORY, MALLORY)
    (wheels / wheel.name).symlink_to(wheel)
    env = world.make_env(ROOT, "env", "--without-pip")
    words = ["seed", "--json", "--no-bundled", "--packages", "pip", "--wheel-dir", wheels, env]
    refused = world.run(ROOT, *words, code=3)
    assert refused.json["error"]["code"] == "unpinned" and f"belongs to uid {MALLORY}" in refused.stderr
    os.chown(hers, 0, 0)
    os.chown(world.home[MALLORY], 0, 0)
    world.run(ROOT, *words)


def test_wheel_exchanged_while_it_is_read(world):
    """A9: what counts is the file that was read, not what its name stands for afterwards."""
    wheels = world.home[MALLORY] / "wheels"
    wheels.mkdir()
    wheel = Path(mkwheel.Wheel("pip", "99.0").write(wheels))
    good = Path(shutil.copy2(wheel, world.top / "good"))
    people.give(wheels, MALLORY)
    env = world.make_env(ROOT, "env", "--without-pip")
    # By the time that it was read the name is root's file in root's directory.
    code = "import os,shutil,sys,time; time.sleep(1.5); os.chown(sys.argv[1],0,0); os.chown(os.path.dirname(sys.argv[1]),0,0)\n" \
           "os.chown(os.path.dirname(os.path.dirname(sys.argv[1])),0,0); os.replace(sys.argv[2], sys.argv[1])"
    exchanging = people.python(ROOT, code, wheel, good)
    log = world.top / "log"
    refused = world.run(ROOT, "seed", "--json", "--no-bundled", "--packages", "pip", "--wheel-dir", wheels, env, code=3,
                        wrap=("strace", "-f", "-qq", "-o", log, "-P", wheel, "-e", "trace=read", "-e",
                              "inject=read:delay_exit=3s:when=1"))
    assert exchanging.wait() == 0
    assert refused.json["error"]["code"] == "unpinned", refused
