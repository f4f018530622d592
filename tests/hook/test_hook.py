# SPDX-License-Identifier: MIT
"""pipseed_hook.so: loaded by the example program in C, and by Python through ctypes, on environments of `python -m venv
--without-pip`."""
import ctypes
import json
import shutil
import subprocess
import sys

import interpreters
import pytest
import run

PYTHON = interpreters.any_python()
FLAGS = {"without_pip": 1, "system_site": 2, "upgrade": 4, "user": 8, "altinstall": 16, "no_default_pip": 32,
         "dry_run": 64}

# Runs in a process of its own, without network: the context of venv_hook.h by ctypes.
CTYPES = r"""
import ctypes, json, sys

Log = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p)

class Context(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("env_dir", ctypes.c_char_p), ("env_exe", ctypes.c_char_p),
                ("base_exe", ctypes.c_char_p), ("version", ctypes.c_char_p), ("flags", ctypes.c_uint32),
                ("jobs", ctypes.c_uint32),
                ("options", ctypes.POINTER(ctypes.c_char_p)), ("log", Log), ("log_data", ctypes.c_void_p),
                ("is_cancelled", ctypes.c_void_p)]

Call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Context), ctypes.c_char_p, ctypes.c_size_t)

class Hook(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("name", ctypes.c_char_p), ("pre_create", Call), ("post_create", Call)]

asked = json.loads(sys.argv[1])
hook = Hook.in_dll(ctypes.CDLL(asked["module"], mode=ctypes.RTLD_LOCAL), "venv_hook")
assert hook.size >= ctypes.sizeof(Hook), hook.size
messages = []
options = [option.encode() for option in asked.get("options", [])]
error = ctypes.create_string_buffer(b"untouched", asked.get("error_size", 1024))
context = Context(asked.get("size", ctypes.sizeof(Context)), asked["env_dir"].encode() if asked["env_dir"] else None,
                  asked["env_exe"].encode() if asked.get("env_exe") else None, None, None, asked.get("flags", 0), asked.get("jobs", 0),
                  (ctypes.c_char_p * (len(options) + 1))(*options, None) if options else None,
                  Log(lambda data, level, text: messages.append([level, text.decode()]))
                  if asked.get("listen", True) else Log(0), None, None)
answers = {}
for name in asked.get("calls", ["pre_create", "post_create"]):
    answers[name] = getattr(hook, name)(ctypes.byref(context), error, len(error))
    if answers[name]:
        break
print(json.dumps({"name": hook.name.decode(), "answers": answers, "error": error.value.decode(), "messages": messages}))
"""


@pytest.fixture(scope="session")
def module():
    """The hook's file."""
    directory = run.build_dir()
    # Not anywhere below: tests put other builds there.
    found = sorted(directory.glob("lib*/**/pipseed_hook.so")) if directory else []
    assert found, f"there is no pipseed_hook.so below {directory}: set PIPSEED_BUILD"
    return found[0]


@pytest.fixture(scope="session", params=["cc", "clang"])
def loader(request, tmp_path_factory):
    """The example, compiled with nothing but the header."""
    compiler = shutil.which(request.param)
    if compiler is None:
        pytest.skip(f"no {request.param}")
    directory = tmp_path_factory.mktemp("loader")
    shutil.copy(run.REPO / "plugin/hook/venv_hook.h", directory)
    shutil.copy(run.REPO / "docs/examples/loader.c", directory)
    subprocess.run([compiler, "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion",
                    "-Werror", "-o", "loader", "loader.c", "-ldl"], cwd=directory, check=True)
    return directory / "loader"


@pytest.fixture
def by_ctypes(module, home):
    """by_ctypes(env, ...) calls the hook; its answer as a dictionary."""

    def call(env, variables=None, **asked):
        asked = {"module": str(module), "env_dir": str(env) if env else None, **asked}
        result = run.run([sys.executable, "-I", "-c", CTYPES, json.dumps(asked)],
                         env={"HOME": home, **(variables or {})})
        answer = json.loads(result.stdout)
        assert result.stderr == "", "a hook never prints"
        return answer

    return call


def scripts(env):
    """pip's scripts, X and X.Y for the version."""
    return sorted(path.name for path in (env / "bin").glob("pip*"))


def pips(env):
    """Names of pip's dist-info directories."""
    return sorted(path.name for path in interpreters.site_packages(env).glob("pip-*.dist-info"))


def test_loader(loader, module, new_env, home):
    """The whole story, in C: seeded, and the pip runs."""
    env = new_env()
    result = run.run([loader, module, env], env={"HOME": home})
    assert result.stdout == "pipseed: done\n"
    assert (env / "bin/pip").exists()
    shown = run.run([env / "bin/pip", "--version"]).stdout
    assert str(env) in shown


def test_loader_every_python(python, module, new_env, home, tmp_path):
    """Every interpreter's environments."""
    answer = tmp_path / "loader"
    subprocess.run(["cc", "-D_GNU_SOURCE", f"-I{run.REPO}/plugin/hook", "-o", answer,
                    run.REPO / "docs/examples/loader.c", "-ldl"], check=True)
    env = new_env(python)
    run.run([answer, module, env], env={"HOME": home})
    major, minor = python.minor
    assert scripts(env) == ["pip", f"pip{major}", f"pip{major}.{minor}"]


@pytest.mark.parametrize("option, code, text", [
    ("--user", 3, "--user"),
    ("--frobnicate", 2, "usage"),
])
def test_loader_refuses(option, code, text, loader, module, new_env, home):
    """The exit status is the hook's."""
    env = new_env()
    result = run.run([loader, module, env, option], env={"HOME": home}, code=code)
    assert text in result.stderr
    assert pips(env) == []


def test_loader_without_hook(loader, new_env, tmp_path):
    """No module, or one that is no hook: exit 1 and a message."""
    for path in (tmp_path / "none.so", run.command()):
        result = run.run([loader, path, new_env()], code=1)
        assert "loader: " in result.stderr


def test_ctypes(by_ctypes, new_env):
    """The same entry from Python."""
    env = new_env()
    answer = by_ctypes(env)
    assert answer["name"] == "pipseed"
    assert answer["answers"] == {"pre_create": 0, "post_create": 0}
    assert answer["error"] == "untouched"
    major, minor = PYTHON.minor
    assert scripts(env) == ["pip", f"pip{major}", f"pip{major}.{minor}"]
    assert any("pip" in text for _, text in answer["messages"])
    run.run([env / "bin/python", "-m", "pip", "--version"])


def test_the_interpreter_that_was_named(by_ctypes, new_env):
    """Scripts name env_exe as it was given."""
    env = new_env()
    by_ctypes(env, env_exe=str(env / "bin/python"))
    assert (env / "bin/pip3").read_text().splitlines()[0] == f"#!{env}/bin/python"
    other = new_env()
    by_ctypes(other)
    assert (other / "bin/pip3").read_text().splitlines()[0] == f"#!{interpreters.env_exe(other)}"


@pytest.mark.parametrize("flags, names", [
    (0, ["pip", "pipX", "pipX.Y"]),
    (FLAGS["no_default_pip"], ["pipX", "pipX.Y"]),
    (FLAGS["altinstall"], ["pipX.Y"]),
    (FLAGS["without_pip"], []),
    (FLAGS["without_pip"] | FLAGS["user"], []),
    (FLAGS["dry_run"], []),
    (1 << 20, ["pip", "pipX", "pipX.Y"]),
])
def test_flags(flags, names, by_ctypes, new_env):
    """Which scripts; nothing at all; a bit that is not known."""
    env = new_env()
    assert set(by_ctypes(env, flags=flags)["answers"].values()) == {0}
    major, minor = PYTHON.minor
    assert scripts(env) == sorted(name.replace("X.Y", f"{major}.{minor}").replace("X", str(major)) for name in names)
    assert bool(pips(env)) == bool(names)


@pytest.mark.parametrize("calls", [["pre_create"], ["post_create"]])
def test_user_is_refused(calls, by_ctypes, new_env, home):
    """3 from both calls, the error filled with one line, nothing written."""
    env = new_env()
    before = sorted(env.rglob("*"))
    answer = by_ctypes(env, flags=FLAGS["user"], calls=calls)
    assert answer["answers"] == {calls[0]: 3}
    assert "--user" in answer["error"] and "\n" not in answer["error"]
    assert sorted(env.rglob("*")) == before
    assert list(home.rglob("*")) == []


def test_user_is_refused_whatever_the_policy(by_ctypes, new_env):
    """seed.user = allow is about users' directories outside environments."""
    answer = by_ctypes(new_env(), flags=FLAGS["user"], options=["seed.user=allow"])
    assert answer["answers"] == {"pre_create": 3}


def test_upgrade(by_ctypes, new_env):
    """Without the flag an older pip stays, with it it is replaced."""
    env = new_env()
    by_ctypes(env, options=["seed.pip=24.0"])
    assert pips(env) == ["pip-24.0.dist-info"]
    by_ctypes(env)
    assert pips(env) == ["pip-24.0.dist-info"]
    by_ctypes(env, flags=FLAGS["upgrade"])
    assert len(pips(env)) == 1 and pips(env) != ["pip-24.0.dist-info"]


def test_options(by_ctypes, new_env, tmp_path):
    """Settings of the creator's command line, a policy file among them."""
    policy = tmp_path / "p.ini"
    policy.write_text("[seed]\npip = 25.0.1\ninstaller = of the file\npackages = pip\n")
    policy.chmod(0o644)
    env = new_env()
    by_ctypes(env, options=["install.bytecode=no", f"policy={policy}", "seed.installer=of the option"])
    assert pips(env) == ["pip-25.0.1.dist-info"]
    assert not list(env.rglob("site-packages/**/*.pyc"))
    assert [path.read_text().strip() for path in env.rglob("INSTALLER")] == ["of the option"]


def test_option_scripts(by_ctypes, new_env):
    """seed.scripts among the options: the creator's own word. In the environment it is for a plain `seed` only."""
    env = new_env()
    by_ctypes(env, options=["seed.scripts=alt"])
    assert len(scripts(env)) == 1
    env = new_env()
    by_ctypes(env, variables={"PIPSEED_SEED_SCRIPTS": "alt"})
    assert len(scripts(env)) == 3


def test_option_that_adds(by_ctypes, new_env, tmp_path):
    """section.key+=value adds to a list."""
    directory = tmp_path / "wheels"
    shutil.copytree(PYTHON.wheel_dir, directory)
    env = new_env()
    by_ctypes(env, options=[f"wheels.dirs={run.scratch()}", f"wheels.dirs+={directory}", "wheels.bundled=no"])
    assert pips(env) == [f"pip-{PYTHON.pip}.dist-info"]


def test_variables(by_ctypes, new_env):
    """The policy's variables count in the hook as well."""
    env = new_env()
    by_ctypes(env, variables={"PIPSEED_SEED_PIP": "25.0.1"})
    assert pips(env) == ["pip-25.0.1.dist-info"]


@pytest.mark.parametrize("options, status, text", [
    (["seed.pip=>>1"], 2, "seed.pip"),
    (["seed.nonsense=1"], 2, "nonsense"),
    (["nonsense"], 2, "nonsense"),
    (["seed.pip=1.0"], 1, "pip"),
    (["policy=/nonexistent.ini"], 3, "/nonexistent.ini"),
])
def test_errors_are_filled(options, status, text, by_ctypes, new_env):
    """Status and one line; nothing is written."""
    env = new_env()
    before = sorted(env.rglob("*"))
    answer = by_ctypes(env, options=options)
    assert list(answer["answers"].values())[-1] == status
    assert text in answer["error"] and "\n" not in answer["error"]
    assert sorted(env.rglob("*")) == before


def test_wrong_policy_is_found_before_anything_is_made(by_ctypes, tmp_path):
    """pre_create reads the whole policy."""
    answer = by_ctypes(tmp_path / "not-yet", options=["policy=/nonexistent.ini"])
    assert answer["answers"] == {"pre_create": 3}
    assert not (tmp_path / "not-yet").exists()


def test_locked_policy(module, new_env, system_policy, home):
    """An option cannot change what the system locks: 3, naming the file."""
    (system_policy / "policy.ini").write_text("[policy]\nlock = seed.pip\n[seed]\npip = 25.0.1\n")
    asked = {"module": str(module), "env_dir": str(new_env()), "options": ["seed.pip=24.0"]}
    result = run.run([sys.executable, "-I", "-c", CTYPES, json.dumps(asked)], env={"HOME": home}, system=system_policy)
    answer = json.loads(result.stdout)
    assert answer["answers"] == {"pre_create": 3}
    assert f"{run.sysconf_dir()}/pipseed/policy.ini" in answer["error"]


def test_no_listener_and_small_buffers(by_ctypes, new_env):
    """message may be NULL; an error is cut to the buffer and ends in a NUL."""
    assert by_ctypes(new_env(), listen=False)["answers"]["post_create"] == 0
    answer = by_ctypes(new_env(), flags=FLAGS["user"], error_size=10)
    assert len(answer["error"]) == 9


@pytest.mark.parametrize("asked", [{"size": 8}, {"size": 0}], ids=["short", "none"])
def test_unusable_context(asked, by_ctypes, new_env):
    """A context of an unknown, shorter version is not read."""
    answer = by_ctypes(new_env(), **asked)
    assert answer["answers"] == {"pre_create": 2}
    assert answer["error"] != "untouched"


def test_no_env_dir(by_ctypes):
    """env_dir is needed."""
    assert by_ctypes(None)["answers"] == {"pre_create": 2}


def test_exported_names(module):
    """One symbol and no other."""
    listed = subprocess.run(["nm", "-D", "--defined-only", module], capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in listed.splitlines()] == ["venv_hook"]


def test_structures_agree():
    """The ctypes structure of this file has the size of the C one."""
    source = '#include "venv_hook.h"\n#include <stdio.h>\nint main(void) { printf("%zu %zu", ' \
             "sizeof(struct venv_hook_context_v1), sizeof(struct venv_hook_v1)); }\n"
    program = run.scratch() / "sizes"
    subprocess.run(["cc", f"-I{run.REPO}/plugin/hook", "-x", "c", "-o", program, "-"], input=source, text=True,
                   check=True)
    pointer = ctypes.sizeof(ctypes.c_void_p)
    shown = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert shown == f"{10 * pointer} {4 * pointer}"
