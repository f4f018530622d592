# SPDX-License-Identifier: MIT
"""Links that lead out, directories that are no environment, names that change under the hand."""
import os
import shutil
import subprocess
import time

import pytest

import people
from people import ALICE, MALLORY, ROOT, site


@pytest.fixture
def outside(world):
    """Root's, and to stay as it is: it looks like what pipseed works on."""
    directory = world.top / "outside"
    for name in ("pip/__init__.py", "pip/__main__.py", "~ip/x", "pip3", "python3", "x", "tool"):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text("#!/nowhere/bin/python3\n")
    return directory


def replace_by_link(world, env, place, outside):
    """The scheme's directory goes outside, and a link leads there."""
    directory = {"bin": env / "bin", "site-packages": site(env),
              "include": env / "include/site" / site(env).parent.name}[place]
    target = outside / "moved"
    directory.parent.mkdir(parents=True, exist_ok=True)
    if directory.exists():
        shutil.move(directory, target)
    else:
        target.mkdir()
    (target / "tool").write_text("#!/nowhere/bin/python3\n")
    directory.symlink_to(target)
    if place == "include":
        record = next(site(env).glob("pip-*.dist-info")) / "RECORD"
        record.write_text(record.read_text() + f"../../../include/site/{site(env).parent.name}/tool,,\n")


@pytest.mark.parametrize("place", ["bin", "site-packages", "include"])
@pytest.mark.parametrize("uid", [ROOT, ALICE], ids=["root", "alice"])
def test_links_out_of_the_environment(uid, place, world, outside):
    """A5: whoever owns it: nothing is written or deleted behind such a link, and all commands say so."""
    env = world.make_env(uid, "env")
    people.give(outside, uid)
    replace_by_link(world, env, place, outside)
    people.give(env, uid)
    people.give(outside, uid)
    before = people.snapshot(outside)
    for words in (["seed"], ["seed", "-U"], ["seed", "-n"], ["unseed"], ["unseed", "-n"], ["verify"]):
        result = world.run(uid, *words, "--json", env, code=3)
        assert result.json["error"]["code"] == "untrusted-path", (words, result)
        assert "leads out of the environment" in result.stderr
    for words in (["doctor"], ["doctor", "--fix"]):
        found = world.run(uid, *words, "--json", env, code=4).json["findings"]
        assert "install-link" in {finding["code"] for finding in found}
        assert not any(finding["repairable"] or finding["repaired"] for finding in found)
    assert people.snapshot(outside) == before


def test_links_that_stay_inside(world):
    """A5: lib64, relative and absolute ones, and an environment that is itself reached by a link, are as before."""
    env = world.make_env(ROOT, "env", "--without-pip")
    (env / "bin").rename(env / "programs")
    (env / "bin").symlink_to(env / "programs")
    (env / "lib").rename(env / "library")
    (env / "lib").symlink_to("library")
    if (env / "lib64").is_symlink():
        (env / "lib64").unlink()
    (env / "lib64").symlink_to(env / "library")
    (world.top / "link").symlink_to(env)
    for place in (env, world.top / "link"):
        world.run(ROOT, "seed", place)
        world.run(ROOT, "verify", place)
        world.run(ROOT, "doctor", place)
        world.run(ROOT, "unseed", place)
    assert not list(site(env).glob("pip*"))


def test_rows_through_links(world, outside):
    """A5: RECORD rows through a link in a directory of the scheme delete nothing behind it."""
    env = world.make_env(ROOT, "env")
    (site(env) / "away").symlink_to(outside)
    record = next(site(env).glob("pip-*.dist-info")) / "RECORD"
    record.write_text(record.read_text() + "away/x,,\naway/pip/__init__.py,,\n../../../lib/../../outside/x,,\n")
    before = people.snapshot(outside)
    world.run(ROOT, "unseed", env)
    assert people.snapshot(outside) == before


@pytest.mark.parametrize("command", [["seed"], ["seed", "-U"], ["seed", "-n"], ["unseed"], ["verify"], ["doctor"], ["doctor", "--fix"]],
                         ids=" ".join)
def test_no_environment(command, world):
    """A6: without its pyvenv.cfg it is not one, and its base is left alone."""
    env = world.make_env(ROOT, "q", "--without-pip")
    (env / "pyvenv.cfg").unlink()
    result = world.run(ROOT, *command, "--json", env, code=1)
    assert result.json["error"]["code"] == "no-target"
    assert f"'{env}' is not an environment" in result.stderr and "pipseed venv" in result.json["error"]["hint"]


def test_home_that_does_not_say(world):
    """D3: no home (as Bazel writes), a relative one, a BOM before it: what `python -m ensurepip` does; doctor keeps it."""
    for name, text in (("none", "include-system-site-packages = false\nversion = 3.11.2\n"),
                       ("relative", "home = some/where/bin\ninclude-system-site-packages = false\n"),
                       ("bom", "\ufeffhome = /usr/bin\ninclude-system-site-packages = false\n")):
        env = world.make_env(ROOT, name, "--without-pip")
        (env / "pyvenv.cfg").write_text(text, encoding="utf-8")
        world.run(ROOT, "seed", "--default-pip", env)
        done = subprocess.run([env / "bin/python", "-m", "pip", "--version"], capture_output=True, text=True, check=True)
        assert str(env) in done.stdout
        world.run(ROOT, "verify", env)
        world.run(ROOT, "doctor", "--fix", env)
        assert (env / "pyvenv.cfg").read_text(encoding="utf-8") == text


def test_mode_of_what_a_link_leads_to(world):
    """A10: a directory that becomes a link just before its mode is changed; the link's target keeps its own."""
    env = world.make_env(ALICE, "env", "--without-pip")
    victim = world.home[ALICE] / "victim"
    victim.mkdir(mode=0o500)
    denied = env / "denied"
    denied.mkdir()
    (denied / "x").write_text("")
    denied.chmod(0o000)
    people.give(env, ALICE)
    people.give(victim, ALICE)
    code = "import os,sys,time\n" \
           "place, victim = sys.argv[1:]\n" \
           "deadline = time.monotonic() + 20\n" \
           "time.sleep(1.0)\n" \
           "parent = os.path.dirname(place)\n" \
           "for top, directories, files in os.walk(os.path.dirname(parent)):\n" \
           "    if 'denied' in directories:\n" \
           "        path = os.path.join(top, 'denied')\n" \
           "        os.rename(path, path + '-away'); os.symlink(victim, path); break\n"
    log = world.top / "log"
    exchanging = people.python(ALICE, code, denied, victim)
    world.run(ALICE, "venv", "--clear", "-p", people.DEBIAN, env, code=None,
              wrap=("strace", "-f", "-qq", "-o", log, "-e", "trace=chmod,fchmodat", "-e",
                    "inject=chmod,fchmodat:delay_enter=3s"))
    assert exchanging.wait() == 0
    assert "chmod" in log.read_text()
    assert victim.stat().st_mode & 0o777 == 0o500
    shutil.rmtree(env, ignore_errors=True)
