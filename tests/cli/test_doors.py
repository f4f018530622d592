# SPDX-License-Identifier: MIT
"""An error is the same through whichever door it came: `seed`, `venv`, the Python package, a C program (docs/examples/create.c),
for a new environment and for one that exists. So is a result."""
import json
import os
import shutil
import subprocess

import interpreters
import mkwheel
import pytest
import run

CPYTHON = max((python for python in interpreters.found() if not python.is_pypy), key=lambda python: python.version)
BUILD = run.build_dir()
PACKAGE = BUILD / "python/pipseed/_pipseed.abi3.so"
EXAMPLE = run.REPO / "docs/examples/create.c"
FIELDS = ("code", "number", "errno", "hint", "path")

PROGRAM = """
import json, sys, pipseed
call, arguments = sys.argv[1], json.loads(sys.argv[2])
try:
    getattr(pipseed, call)(**arguments)
except pipseed.Error as error:
    print(json.dumps({"hint": error.command_hint} | {name: getattr(error, name) for name in ("code", "number", "errno", "path")}))
"""


def compile_program(directory, name, text):
    """A program that is linked with the library."""
    library = next(BUILD.glob("lib*/**/libpipseed.so")).parent
    (directory / f"{name}.c").write_text(text)
    subprocess.run(["cc", f"-I{BUILD}/include", "-o", directory / name, directory / f"{name}.c", f"-L{library}", "-lpipseed",
                    f"-Wl,-rpath,{library}"], check=True)
    return directory / name


@pytest.fixture(scope="session")
def create(tmp_path_factory):
    """docs/examples/create.c, compiled as a stranger would."""
    program = tmp_path_factory.mktemp("create") / "create"
    library = next(BUILD.glob("lib*/**/libpipseed.so")).parent
    subprocess.run(["cc", "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror",
                    f"-I{BUILD}/include", "-o", program, EXAMPLE, f"-L{library}", "-lpipseed",
                    f"-Wl,-rpath,{library}"], check=True)
    return program


class Doors:
    """The errors of one fault, by door."""

    def __init__(self, create, home, directory):
        self.create, self.home, self.directory = create, home, directory

    def plain(self, error, env):
        """What is compared; the environment's own path does not count."""
        return {name: error[name].replace(str(env), "ENV") if isinstance(error[name], str) else error[name]
                for name in FIELDS}

    def command(self, words, settings, env, **options):
        """`pipseed ... --json`."""
        words = [*words, *(word for setting in settings.items() for word in ("-o", "=".join(setting)))]
        done = run.run_pipseed([*words, "--json"], code=None, env={"HOME": self.home}, **options)
        answer = json.loads(done.stdout)
        assert answer["status"] == "error" and done.code == answer["exit_code"] == -answer["error"]["number"] // 100, done
        return self.plain(answer["error"], env)

    def python(self, call, settings, env, arguments, **options):
        """pipseed.seed and pipseed.create."""
        arguments = {**arguments, "settings": settings}
        done = run.run([CPYTHON.exe, "-c", PROGRAM, call, json.dumps(arguments, default=str)],
                       env={"HOME": self.home, "PYTHONPATH": BUILD / "python"}, **options)
        return self.plain(json.loads(done.stdout), env)

    def c(self, settings, env, python, **options):
        """The example."""
        done = run.run([self.create, env, python, *map("=".join, settings.items())], code=None, env={"HOME": self.home},
                       **options)
        first, path, hint, _ = done.stderr.split("\n", 3)
        code, number, errno = first.split()
        assert done.code == -int(number) // 100
        return self.plain({"code": code, "number": int(number), "errno": int(errno) or None,
                           "hint": hint.removeprefix("hint: ") or None, "path": path.removeprefix("path: ") or None}, env)

    def all(self, settings, env, *, seed=(), existing=None, python=CPYTHON.exe, **options):
        """env has no pip, and is there; existing(path) makes one for those that create."""
        new = self.directory / "new/env"
        if existing:
            existing(new)
        answers = {"seed": self.command(["seed", *(seed or [env])], settings, env, **options)}
        before = left(self.directory)
        answers["venv"] = self.command(["venv", "-p", python, new], settings, new, **options)
        answers["venv --dry-run"] = self.command(["venv", "-n", "-p", python, new], settings, new, **options)
        answers["C"] = self.c(settings, new, python, **options)
        if PACKAGE.exists():
            answers["create()"] = self.python("create", settings, new, {"dir": new, "python": python}, **options)
            if not seed:
                answers["seed()"] = self.python("seed", settings, env, {"env": env}, **options)
        assert left(self.directory) == before, "something was left behind"
        return answers


def left(directory):
    """All names but those of the home and the store."""
    return sorted(os.path.join(at, name) for at, directories, files in os.walk(directory) for name in directories + files
                  if not at.startswith(f"{directory}/home"))


@pytest.fixture
def doors(create, home, tmp_path):
    """See Doors."""
    return Doors(create, home, tmp_path)


def equal(answers, code):
    """All of them, and of this code."""
    assert {answer["code"] for answer in answers.values()} == {code}, answers
    assert all(answer == answers["seed"] for answer in answers.values()), answers


@pytest.fixture
def wheel(tmp_path):
    """A directory with a wheel of pip 25.9."""
    directory = tmp_path / "wheels"
    directory.mkdir()
    mkwheel.Wheel("pip", "25.9", files={"pip/__init__.py": b"", "pip/__main__.py": b""}).write(directory)
    return directory / "pip-25.9-py3-none-any.whl"


def test_no_wheel(doors, new_env):
    """seed.pip admits none."""
    equal(doors.all({"seed.pip": "1.0"}, new_env(CPYTHON)), "no-wheel")


def test_missing_wheel_directory(doors, new_env, tmp_path):
    """With its errno."""
    answers = doors.all({"wheels.dirs": f"{tmp_path}/nowhere"}, new_env(CPYTHON))
    equal(answers, "io")
    assert answers["seed"]["path"] == f"{tmp_path}/nowhere" and answers["seed"]["errno"] == 2


def test_corrupt_wheel(doors, new_env, wheel):
    """It is found when it is unpacked: the environment that is there by then goes again."""
    data = bytearray(wheel.read_bytes())
    data[40] ^= 0xff
    wheel.write_bytes(data)
    answers = doors.all({"wheels.bundled": "no", "wheels.dirs": str(wheel.parent)}, new_env(CPYTHON))
    equal(answers, answers["seed"]["code"])
    assert answers["seed"]["number"] <= -400 and answers["seed"]["path"] == str(wheel)


def test_unpinned(doors, new_env, wheel):
    """wheels.require-hash."""
    equal(doors.all({"wheels.bundled": "no", "wheels.dirs": str(wheel.parent), "wheels.require-hash": "yes"},
                    new_env(CPYTHON)), "unpinned")


def test_wrong_pin(doors, new_env, wheel):
    """Another wheel than that of the policy."""
    equal(doors.all({"wheels.bundled": "no", "wheels.dirs": str(wheel.parent), f"sha256.{wheel.name}": "0" * 64},
                    new_env(CPYTHON)), "wheel-hash")


def test_downgrade(doors, new_env, pipseed, tmp_path):
    """venv brings the pip of an environment that is there up to date, as seed -U."""
    env = new_env(CPYTHON)
    pipseed("seed", env)
    answers = doors.all({"seed.pip": "==25.0.1", "seed.upgrade": "yes"}, env,
                        existing=lambda new: shutil.copytree(env, new, symlinks=True))
    equal(answers, "downgrade")


def test_locked(doors, new_env, system_policy):
    """The lock's place is in the hint."""
    (system_policy / "policy.ini").write_text("[policy]\nlock = seed.pip\n[seed]\npip = 25.0.1\n")
    answers = doors.all({"seed.pip": "24.0"}, new_env(CPYTHON), system=system_policy)
    equal(answers, "policy-locked")
    assert "policy.ini" in answers["seed"]["hint"]


@pytest.mark.parametrize("python, code", [("/bin/true", "probe"), ("/nonexistent/python", "no-target"),
                                          ("python9.9", "no-target"), ("/etc/passwd", "bad-target")])
def test_bad_interpreter(python, code, doors):
    """One that is none, or is not there."""
    equal(doors.all({}, None, seed=["--python", python], python=python), code)


def test_user(new_env, home, doors, tmp_path):
    """venv has no --user. Where a program may ask for it, as of `seed`, it is refused as there."""
    env = new_env(CPYTHON)
    seed = doors.command(["seed", "--user", env], {}, env)
    assert seed["code"] == "user-in-venv"
    if PACKAGE.exists():
        assert doors.python("seed", {}, env, {"env": env, "user": True}) == seed
    doors.create = compile_program(tmp_path, "user", EXAMPLE.read_text().replace(
        "req.env_dir = argv[1];", "req.env_dir = argv[1]; seeding.user = true;"))
    assert doors.c({}, tmp_path / "new", CPYTHON.exe) == seed
    assert not (tmp_path / "new").exists()
    doors.command(["venv", "--user", tmp_path / "new"], {}, tmp_path / "new")


def test_externally_managed(doors, copyable, prefix_copies, tmp_path, pipseed):
    """Refused when the interpreter itself is seeded, from wherever; in an environment of it the file has nothing to say."""
    directory = tmp_path / "prefix"
    shutil.copytree(prefix_copies(copyable).parent.parent, directory, symlinks=True)
    exe = directory / "bin" / os.path.basename(copyable.exe)
    stdlib = directory / os.path.relpath(copyable.stdlib, copyable.prefix)
    (stdlib / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=no\n")
    seed = doors.command(["seed", "--python", exe], {}, directory)
    assert seed["code"] == "externally-managed"
    if PACKAGE.exists():
        assert doors.python("seed", {}, directory, {"python": exe}) == seed
    assert pipseed("venv", "--json", "-p", exe, tmp_path / "new").json["packages"][0]["action"] == "installed"


# ---- results

SEEDING = ("scripts_dir", "packages", "scripts", "links")


def test_results(pipseed, new_env, tmp_path, create, home):
    """venv says what seed says: wheel, sha256, location, scripts, links; so does its dry run, before anything is there."""
    env, new = new_env(CPYTHON), tmp_path / "new"
    options = ["--json", "--link-mode", "copy", "--no-bytecode"]
    planned = pipseed("venv", "-n", *options, "-p", CPYTHON.exe, new).json
    assert not new.exists()
    seed = pipseed("seed", *options, "--default-pip", env).json
    venv = pipseed("venv", *options, "-p", CPYTHON.exe, new).json
    for name in SEEDING:
        assert json.dumps(seed[name]).replace(str(env), str(new)) == json.dumps(venv[name]), name
        if name != "links":
            assert planned[name] == venv[name], name
    assert venv["packages"][0]["wheel"].startswith("pip-") and len(venv["packages"][0]["sha256"]) == 64
    nothing = pipseed("venv", "--json", "--without-pip", "-p", CPYTHON.exe, tmp_path / "without").json
    assert (nothing["scripts_dir"], nothing["packages"], nothing["scripts"]) == (None, [], [])
    shown = run.run([create, tmp_path / "c", CPYTHON.exe], env={"HOME": home}).stdout
    assert shown.startswith(f"pip {venv['packages'][0]['version']}\n")


def test_verbose(pipseed, tmp_path):
    """In text as well."""
    shown = pipseed("venv", "-v", "-p", CPYTHON.exe, tmp_path / "env").stdout
    assert "py3-none-any.whl (bundled)" in shown and "hard links" in shown and "of them bytecode, in " in shown


def test_dry_run_of_an_existing(pipseed, tmp_path):
    """pip that is there, and the one that would replace it."""
    env = tmp_path / "env"
    pipseed("venv", "--no-bundled", "--wheel-dir", CPYTHON.wheel_dir, "-p", CPYTHON.exe, env)
    pip = pipseed("venv", "-n", "--json", "-p", CPYTHON.exe, env).json["packages"][0]
    assert (pip["action"], pip["previous_version"]) == ("upgraded", CPYTHON.pip)
    pip = pipseed("venv", "-n", "--json", "--clear", "-p", CPYTHON.exe, env).json["packages"][0]
    assert (pip["action"], pip["previous_version"]) == ("installed", None)
    assert list(interpreters.site_packages(env).glob("pip-*"))[0].name == f"pip-{CPYTHON.pip}.dist-info"


def test_fields_that_are_no_policy(home, tmp_path, pipseed):
    """What a program sets in the request itself reaches the library: reinstall."""
    env = tmp_path / "env"
    pipseed("venv", "-p", CPYTHON.exe, env)
    (interpreters.site_packages(env) / "pip/__init__.py").unlink()
    program = compile_program(tmp_path, "again", EXAMPLE.read_text().replace(
        "req.env_dir = argv[1];", "req.env_dir = argv[1]; seeding.force_reinstall = true;"))
    run.run([program, env, CPYTHON.exe], env={"HOME": home})
    pipseed("verify", env)


INTERPRETER = r"""
#include <pipseed.h>
#include <stdio.h>

int main(int argc, char **argv)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_interpreter *found = NULL;
        struct pipseed_request req;

        pipseed_request_init(&req);
        req.python = argv[argc - 1];
        if (pipseed_interpreter_find(&req, &found, &err) == 0)
                printf("%s %s %s %s %d\n", found->python, found->base, found->version, found->implementation, found->is_venv);
        else
                printf("%s\n", pipseed_code_name(err.code));
        pipseed_interpreter_free(found);
        return pipseed_exit_code(err.code);
}
"""


def test_interpreter(new_env, home, tmp_path):
    """pipseed_interpreter_find: an interpreter, that of an environment, none."""
    program = compile_program(tmp_path, "ask", INTERPRETER)
    env = new_env(CPYTHON)
    version = ".".join(map(str, CPYTHON.version))
    inside = interpreters.env_exe(env)
    for python, code, shown in ((CPYTHON.exe, 0, f"{CPYTHON.exe} {CPYTHON.exe} {version} cpython 0"),
                                (inside, 0, f"{inside} {CPYTHON.exe} {version} cpython 1"),
                                ("/nonexistent", 1, "no-target")):
        assert run.run([program, python], env={"HOME": home}, code=code).stdout.strip() == shown
    assert not (env / "bin/pip").exists()


CANCELS = """
static int stop(void *data, const struct pipseed_event *event)
{
        unsigned int *n = data;

        return event != NULL && ++*n == %d;
}

int main("""


@pytest.mark.parametrize("event", [1, 2])
def test_cancelled(event, home, tmp_path):
    """By the first event, or by a later one: nothing stays, and nothing is on the way."""
    program = compile_program(tmp_path, "stop", EXAMPLE.read_text().replace("int main(", CANCELS.lstrip() % event).replace(
        "req.env_dir = argv[1];", "unsigned int n = 0; seeding.event = stop; seeding.event_data = &n; req.env_dir = argv[1];"))
    (tmp_path / "place").mkdir()
    # Its own store: the wheel has to be unpacked and compiled, which is said.
    done = run.run([program, tmp_path / "place/a/env", CPYTHON.exe], code=1,
                   env={"HOME": home, "XDG_CACHE_HOME": tmp_path / "cache"})
    assert done.stderr.startswith("cancelled -107 "), done
    assert list((tmp_path / "place").iterdir()) == []


# ---- the policy

def test_policy_is_read_once(tmp_path, home, system_policy):
    """Four environments: each file is looked for once."""
    (system_policy / "policy.ini").write_text("[install]\nlink-mode = copy\n")
    log = tmp_path / "trace"
    run.run_pipseed(["venv", "-j1", "-p", CPYTHON.exe, *(tmp_path / name for name in "abcd")], env={"HOME": home},
                    system=system_policy, wrap=["strace", "-f", "-qq", "-e", "trace=openat,openat2,open", "-o", log])
    names = [line.split('"')[1].rsplit("/", 1)[-1] for line in log.read_text().splitlines() if '"' in line]
    # policy.ini: the system's; there is no user's pipseed directory.
    assert (names.count("policy.ini"), names.count("policy.d")) == (1, 1)
