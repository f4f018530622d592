# SPDX-License-Identifier: MIT
"""The command as its users meet it: usage, help, messages, exit codes, JSON, colours, and surroundings that are broken.

Tests that take new_env seed real environments; the others need no interpreter.
"""
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest
import run

COMMANDS = ["seed", "unseed", "verify", "enable", "disable", "status", "policy", "policy show", "policy check",
            "wheels", "wheels list", "wheels verify"]
ESCAPE = "\x1b["


def spawn(args, *, env=None, wrap=(), **options):
    """The command with streams of the test's own, in the clean surrounding."""
    return subprocess.Popen([*wrap, run.command(), *map(os.fspath, args)], env=run.clean_environment(env), **options)


def on_terminal(args, *, env=None, streams=("stdout", "stderr"), timeout=30):
    """Runs with some streams on a terminal; (exit code, {"tty": ..., "stdout": ..., "stderr": ...}), text with \\n."""
    leader, follower = pty.openpty()
    pipes = {name: subprocess.PIPE for name in ("stdout", "stderr") if name not in streams}
    child = spawn(args, env={"TERM": "xterm", **(env or {})}, stdin=subprocess.DEVNULL,
                  **{**{name: follower for name in streams}, **pipes})
    os.close(follower)
    seen, end = b"", time.monotonic() + timeout
    while time.monotonic() < end:
        if not select.select([leader], [], [], 0.1)[0]:
            continue
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # Linux says EIO once the other side is closed
            break
        if not chunk:
            break
        seen += chunk
    os.close(leader)
    texts = {"tty": seen.decode().replace("\r\n", "\n")}
    for name in pipes:
        texts[name] = getattr(child, name).read().decode()
        getattr(child, name).close()
    return child.wait(timeout), texts


def policy_file(directory, text, name="policy.ini"):
    """A policy file that the caller may use."""
    path = directory / name
    path.write_text(text)
    path.chmod(0o644)
    return path


# ---- usage

USAGE = {
    "no command": ([], "missing command", "--help"),
    "unknown command": (["install"], "unknown command 'install'", "--help"),
    "misspelled command": (["sede"], "unknown command 'sede'", "did you mean 'pipseed seed'?"),
    "misspelled subcommand": (["policy", "shwo"], "unknown command 'policy shwo'",
                              "did you mean 'pipseed policy show'?"),
    "no subcommand": (["wheels"], "missing subcommand for 'pipseed wheels': expected list|verify",
                      "pipseed wheels --help"),
    "unknown option": (["seed", "--nonsense"], "unknown option '--nonsense'", "pipseed seed --help"),
    "unknown option before the command": (["--nonsense", "seed"], "unknown option '--nonsense'", "pipseed --help"),
    "misspelled option": (["seed", "--upgarde"], "unknown option '--upgarde'", "did you mean '--upgrade'?"),
    "letter of --version": (["-V"], "unknown option '-V'", "did you mean '--version'?"),
    "letter of a command's --version": (["seed", "-qV"], "unknown option '-V' in '-qV'", "did you mean '--version'?"),
    "option as a command": (["version"], "unknown command 'version'", "did you mean 'pipseed --version'?"),
    "another program's word": (["policy", "get"], "unknown command 'policy get'", "did you mean 'pipseed policy show'?"),
    "show for list": (["wheels", "show"], "unknown command 'wheels show'", "did you mean 'pipseed wheels list'?"),
    "list for info": (["cache", "list"], "unknown command 'cache list'", "did you mean 'pipseed cache info'?"),
    "unknown letter": (["seed", "-Z"], "unknown option '-Z'", "pipseed seed --help"),
    "value for a flag": (["seed", "--user=yes"], "unexpected value for option '--user'", "pipseed seed --help"),
    "value missing": (["seed", "--pip"], "missing value for option '--pip'", "pipseed seed --help"),
    "both kinds of scripts": (["seed", "--altinstall", "--default-pip"],
                              "cannot use --altinstall and --default-pip together", "pipX.Y"),
    "environment and --python": (["seed", "/env", "--python", "python3"], "cannot use ENV and --python together",
                                 "not both"),
    "list and --python": (["seed", "--from-file", "-", "--python", "python3"], "cannot use ENV and --python together",
                          "not both"),
    "empty environment": (["seed", ""], "empty environment name", None),
    "two environments to unseed": (["unseed", "/a", "/b"], "at most 1: [ENV]", "pipseed unseed --help"),
    "argument of none": (["wheels", "list", "x"], "unexpected argument: 'pipseed wheels list' takes none",
                         "pipseed wheels list --help"),
    "no number": (["seed", "-j", "many"], "--jobs: expected a number", "pipseed seed --help"),
    "no colour": (["seed", "--color", "sometimes"], "--color: expected auto|always|never", "pipseed seed --help"),
    "no assignment": (["seed", "--set", "seed.pip"], "expected KEY=VALUE", "policy show"),
    "unknown key": (["seed", "--set", "seed.pop=1"], "seed.pop", None),
    "value out of range": (["seed", "--link-mode", "teleport"], "teleport", None),
    "malformed version": (["seed", "--pip", "not a version"], "not a version", None),
    "unknown policy key": (["policy", "show", "seed.pop"], "unknown key or section 'seed.pop'", "did you mean 'seed.pip'?"),
    "file twice": (["policy", "check", "/a", "--policy", "/b"], "cannot use FILE and --policy together", None),
}


@pytest.mark.parametrize("case", USAGE)
def test_wrong_use(pipseed, case):
    args, message, hint = USAGE[case]
    result = pipseed(*args, code=2)
    assert result.stdout == ""
    assert re.search(r"^error: .*" + re.escape(message), result.stderr, re.M), result
    if hint:
        assert re.search(r"^  hint: .*" + re.escape(hint), result.stderr, re.M), result


@pytest.mark.parametrize("case", [case for case in USAGE if USAGE[case][0]])
def test_wrong_use_in_json(pipseed, case):
    """Also where the options cannot be read to their end."""
    args, message, _ = USAGE[case]
    result = pipseed(*args, "--json", code=2)
    if case in ("value missing",):  # --json was taken for the value
        return
    assert result.json["status"] == "error" and result.json["exit_code"] == 2
    assert message in result.json["error"]["message"]
    assert "error: " in result.stderr


# ---- help and version


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("spelling", ["--help", "-h", "help"])
def test_help(pipseed, command, spelling):
    words = command.split()
    result = pipseed(*(["help", *words] if spelling == "help" else [*words, spelling]))
    assert result.stderr == ""
    assert f"pipseed {command}: " in result.stdout
    assert f"usage: pipseed {command}" in result.stdout
    for option in ("--policy", "--json", "--dry-run", "-q, --quiet", "-v, --verbose", "--color", "--help", "--version"):
        assert option in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_help_of_the_program(pipseed):
    result = pipseed("--help")
    assert result.stdout == pipseed("help").stdout == pipseed("-h").stdout
    for command in COMMANDS:
        assert re.search(rf"^  {command.split()[0]} ", result.stdout, re.M)
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_help_goes_before_errors_that_follow(pipseed):
    """Ansible asks a virtualenv command for its --help and wants exit code 0."""
    assert "usage: pipseed seed" in pipseed("seed", "--help", "--nonsense").stdout


def test_manual_knows_every_option(pipseed):
    """pipseed(1) against the help, which is made from the tables."""
    manual = (run.REPO / "docs/pipseed.1").read_text()
    for command in COMMANDS:
        options = re.findall(r"^  (?:-(\w), |    )--([a-z-]+)", pipseed(*command.split(), "--help").stdout, re.M)
        assert len(options) >= 9
        for letter, name in options:
            wanted = rf"^\.It Fl {letter} , Fl -{name}\b" if letter else rf"^\.It Fl -{name}\b"
            assert re.search(wanted, manual, re.M), (command, name)


@pytest.mark.parametrize("option", ["-U", "--upgrade", "--user", "--root", "--altinstall", "--default-pip", "--python",
                                    "--pip", "--packages", "--wheel-dir", "--no-bundled", "--link-mode",
                                    "--no-bytecode", "--from-file", "-j"])
def test_seed_has(pipseed, option):
    assert re.search(rf"(^|\s){re.escape(option)}\b", pipseed("seed", "--help").stdout, re.M)


@pytest.mark.parametrize("args", [["--version"], ["verify", "--version"], ["policy", "--version"],
                                  ["policy", "show", "--version"], ["--version", "unseed"]], ids=" ".join)
def test_version(pipseed, args):
    result = pipseed(*args)
    assert re.fullmatch(r"pipseed \d+\.\d+\.\d+\n", result.stdout)
    assert result.stderr == ""


def test_version_of_seed_is_that_of_pip(pipseed):
    """As `python -m ensurepip --version`: the newest of what there is."""
    version = re.fullmatch(r"pip (\S+)\n", pipseed("seed", "--version").stdout)[1]
    wheels = pipseed("wheels", "list", "--json").json["wheels"]
    assert version == next(wheel["version"] for wheel in wheels if wheel["name"] == "pip")
    assert pipseed("seed", "--version", "--json").json == {"command": "seed", "status": "ok", "exit_code": 0,
                                                           "version": version, "setuptools": None}


def test_version_of_seed_for_an_interpreter(pipseed, python):
    """The newest that this Python can have; what comes with it only with -v."""
    lines = pipseed("seed", "--version", "-v", "--python", python.exe).stdout.splitlines()
    assert re.fullmatch(r"pip \S+", lines[0])
    assert [line.split()[0] for line in lines[1:]] == (["setuptools"] if python.has_setuptools else [])
    if python.minor == (3, 9):
        assert lines[0] == "pip 26.0.1"


def test_version_of_seed_follows_the_policy(pipseed):
    assert pipseed("seed", "--version", "--pip", "<25").stdout == "pip 24.0\n"
    assert pipseed("seed", "--version", "--pip", "24.0").stdout == "pip 24.0\n"
    result = pipseed("seed", "--version", "--no-bundled", code=1)
    assert "no wheel of pip is allowed" in result.stderr


# ---- shared options


@pytest.mark.parametrize("args", [["--json", "policy", "show"], ["policy", "--json", "show"],
                                  ["policy", "show", "--json"]], ids=" ".join)
def test_shared_options_stand_anywhere(pipseed, args):
    assert pipseed(*args).json["command"] == "policy show"


def test_set_reaches_the_policy(pipseed):
    show = pipseed("policy", "show", "seed.upgrade", "-o", "seed.upgrade=yes", "--json").json
    assert [(v["key"], v["value"], v["layer"], v["origin"]) for v in show["values"]] == [
        ("seed.upgrade", "yes", "command line", "--set")]


def test_policy_show(pipseed, tmp_path):
    path = policy_file(tmp_path, "[seed]\npip = >=24,<26\n")
    lines = pipseed("policy", "show", "--policy", path).stdout.splitlines()
    assert lines[0].split() == ["KEY", "VALUE", "LAYER", "ORIGIN", "LOCK"]
    row = next(line for line in lines if line.startswith("seed.pip "))
    assert row.split() == ["seed.pip", ">=24,<26", "file", f"{path}:2", "-"]
    one = pipseed("policy", "show", "seed.pip", "--policy", path).stdout
    assert one.startswith(f"seed.pip = >=24,<26\n  from:   file, {path}:2\n")
    section = pipseed("policy", "show", "seed").stdout.splitlines()[1:]
    assert section and all(line.startswith("seed.") for line in section)
    assert pipseed("policy", "show", "sha256").stdout.count("\n") == 1
    shown = pipseed("policy", "show", "--json", "--policy", path).json
    assert {"path": str(path)} in shown["files"]
    assert all(set(v) == {"key", "value", "layer", "origin", "locked_by", "help"} for v in shown["values"])


def test_policy_show_locks(pipseed, system_policy):
    policy_file(system_policy, "[policy]\nlock = seed.pip\n[seed]\npip = 24.0\n")
    origin = f"{run.sysconf_dir()}/pipseed/policy.ini"
    row = next(line for line in pipseed("policy", "show", system=system_policy).stdout.splitlines()
               if line.startswith("seed.pip "))
    assert row.split()[1:] == ["24.0", "system", f"{origin}:4", f"{origin}:2"]


@pytest.mark.parametrize("option, key, value", [
    ("--upgrade", "seed.upgrade", "no"),
    ("--pip=26.3", "seed.pip", "24.0"),
    ("--altinstall", "seed.scripts", "ensurepip"),
    ("--default-pip", "seed.scripts", "ensurepip"),
    ("--packages=pip", "seed.packages", "pip setuptools"),
    ("--no-bundled", "wheels.bundled", "yes"),
    ("--wheel-dir=/elsewhere", "wheels.dirs", "/here"),
    ("--link-mode=copy", "install.link-mode", "hardlink"),
    ("--no-bytecode", "install.bytecode", "yes"),
    ("--set=seed.installer=me", "seed.installer", "pipseed"),
])
def test_locked_option(pipseed, system_policy, option, key, value):
    section, name = key.split(".")
    policy_file(system_policy, f"[policy]\nlock = {key}\n[{section}]\n{name} = {value}\n")
    result = pipseed("seed", option, "/nowhere", "--json", system=system_policy, code=3)
    assert result.json["error"]["code"] == "policy-locked"
    assert f"{run.sysconf_dir()}/pipseed/policy.ini" in result.stderr
    assert option.split("=")[0] in result.stderr


def test_policy_check(pipseed, tmp_path):
    good = policy_file(tmp_path, "[seed]\nupgrade = yes\n")
    bad = policy_file(tmp_path, "[seed]\nupgrade = perhaps\n", "bad.ini")
    assert f"ok {good}\n" in pipseed("policy", "check", good).stdout
    assert {"path": str(good)} in pipseed("policy", "check", good, "--json").json["files"]
    assert pipseed("policy", "check").stdout.startswith("ok ")
    result = pipseed("policy", "check", bad, code=3)
    assert f"{bad}:2" in result.stderr and result.stdout == ""
    result = pipseed("policy", "check", bad, "--json", code=3)
    assert result.json["error"]["code"] == "policy-value" and result.json["exit_code"] == 3
    pipseed("policy", "check", tmp_path / "absent.ini", code=3)


def test_broken_policy_stops_every_command(pipseed, tmp_path):
    bad = policy_file(tmp_path, "[seeed]\n")
    for words in (["seed", "/x"], ["unseed", "/x"], ["verify", "/x"], ["wheels", "list"], ["wheels", "verify"],
                  ["policy", "show"], ["policy", "check"], ["seed", "--version"]):
        assert f"{bad}:1" in pipseed(*words, "--policy", bad, code=3).stderr


# ---- wheels


def test_wheels(pipseed):
    rows = pipseed("wheels", "list").stdout.splitlines()
    assert rows[0].split() == ["WHEEL", "VERSION", "PYTHON", "SOURCE"]
    assert any(row.startswith("pip-") and row.endswith("bundled") for row in rows[1:])
    document = pipseed("wheels", "list", "--json").json
    assert len(document["wheels"]) == len(rows) - 1
    for wheel in document["wheels"]:
        assert set(wheel) == {"filename", "name", "version", "sha256", "requires_python", "source", "size", "status",
                              "number", "problem"}
        assert re.fullmatch("[0-9a-f]{64}", wheel["sha256"])
    verified = pipseed("wheels", "verify")
    assert verified.stdout.count("ok ") == len(rows) - 1


def test_wheels_verify_names_the_bad_one(pipseed, tmp_path):
    bad = tmp_path / "mine" / "pip-99.0-py3-none-any.whl"
    bad.parent.mkdir()
    bad.write_bytes(b"PK no wheel at all")
    result = pipseed("wheels", "verify", "--wheel-dir", bad.parent, code=4)
    assert re.search(rf"^error: {bad.name}: ", result.stderr, re.M)
    assert re.search(r"^  code: zip-", result.stderr, re.M)
    document = pipseed("wheels", "verify", "--wheel-dir", "mine", "--json", cwd=tmp_path, code=4).json
    assert (document["status"], document["exit_code"]) == ("findings", 4)
    row = next(wheel for wheel in document["wheels"] if wheel["filename"] == bad.name)
    assert row["status"].startswith("zip-") and -500 < row["number"] <= -400 and row["problem"]
    assert row["source"] == str(bad.parent)  # a relative directory was made absolute


# ---- messages, colours, terminals


@pytest.mark.parametrize("env, args, colored", [
    ({}, [], True),
    ({"NO_COLOR": "1"}, [], False),
    ({"NO_COLOR": ""}, [], True),
    ({"TERM": "dumb"}, [], False),
    ({"TERM": None}, [], False),
    ({}, ["--color=never"], False),
    ({"NO_COLOR": "1"}, ["--color=always"], True),
    ({"TERM": "dumb"}, ["--color", "always"], True),
])
def test_colour_on_a_terminal(env, args, colored):
    code, texts = on_terminal(["seed", *args, "--nonsense"], env=env)
    assert code == 2
    assert (ESCAPE in texts["tty"]) == colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", texts["tty"]).startswith("error: unknown option '--nonsense'\n  hint: ")


def test_each_stream_has_its_own_colour():
    code, texts = on_terminal(["policy", "show"], streams=["stdout"])
    assert code == 0 and ESCAPE in texts["tty"]
    code, texts = on_terminal(["policy", "show"], streams=["stderr"])
    assert code == 0 and ESCAPE not in texts["stdout"] and texts["tty"] == ""
    code, texts = on_terminal(["nonsense"], streams=["stdout"])
    assert code == 2 and ESCAPE not in texts["stderr"]


def test_no_colour_in_a_pipe(pipseed):
    assert ESCAPE not in pipseed("policy", "show").stdout
    assert ESCAPE not in pipseed("nonsense", code=2).stderr
    assert ESCAPE in pipseed("--color=always", "nonsense", code=2).stderr
    assert ESCAPE not in pipseed("policy", "show", "--json", "--color=always").stdout


def test_control_characters_do_not_reach_the_terminal(pipseed):
    """Neither an escape sequence nor a line of its own can come from a name."""
    result = pipseed("seed", "/no\x1b[31m\rwhere\nerror: forged", code=1)
    assert "\x1b" not in result.stderr and "\r" not in result.stderr
    assert "\\x1b[31m\\x0dwhere" in result.stderr
    assert not re.search(r"^error: forged", result.stderr, re.M)


def test_missing_environment(pipseed, tmp_path):
    result = pipseed("seed", tmp_path / "absent", code=1)
    assert result.stdout == ""
    assert result.stderr.startswith("error: ") and str(tmp_path / "absent") in result.stderr
    document = pipseed("seed", "--json", tmp_path / "absent", code=1).json
    assert document["command"] == "seed" and document["exit_code"] == 1 and document["requested"] == str(tmp_path / "absent")
    assert set(document["error"]) == {"code", "number", "message", "path", "hint", "errno"}
    assert document["error"]["number"] < 0


def test_name_that_is_not_utf8(pipseed, tmp_path):
    name = os.fsencode(tmp_path) + b"/gr\xfcn"
    document = pipseed("seed", "--json", os.fsdecode(name), code=1).json
    assert document["requested"] == os.fspath(tmp_path) + "/gr\ufffdn"
    assert bytes.fromhex(document["requested_bytes"]) == name


def test_name_that_is_utf8_has_no_bytes_member(pipseed, tmp_path):
    document = pipseed("seed", "--json", tmp_path / "grün", code=1).json
    assert document["requested"] == str(tmp_path / "grün") and "requested_bytes" not in document


# ---- broken surroundings


@pytest.mark.parametrize("args", [["--version"], ["--help"], ["policy", "show"], ["policy", "show", "--json"],
                                  ["wheels", "list"]], ids=" ".join)
def test_full_stdout(args):
    with open("/dev/full", "wb") as full:
        child = spawn(args, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE)
        _, stderr = child.communicate(timeout=30)
    assert child.returncode == 1
    assert stderr.decode() == "error: cannot write to standard output: No space left on device\n"


def test_full_stderr_changes_nothing():
    with open("/dev/full", "wb") as full:
        child = spawn(["nonsense"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=full)
        assert child.communicate(timeout=30)[0] == b""
    assert child.returncode == 2


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("args, code", [("policy show", 0), ("nonsense", 2), ("seed --from-file - ", 0)])
def test_closed_streams(closed, args, code):
    shell = f'exec "$0" {args} {closed}'
    done = subprocess.run(["sh", "-c", shell, run.command()], env=run.clean_environment(), stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=30, check=False)
    assert done.returncode == code, done.stderr


def test_reader_that_went_away():
    """Killed by SIGPIPE, as any filter; where that is ignored, a failure."""
    for ignored, code in ((False, -signal.SIGPIPE), (True, 1)):
        reading, writing = os.pipe()
        os.close(reading)
        child = spawn(["policy", "show"], stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.PIPE,
                      restore_signals=not ignored)
        os.close(writing)
        child.communicate(timeout=30)
        assert child.returncode == code


def test_deleted_cwd(tmp_path):
    shell = 'mkdir "$1" && cd "$1" && rmdir "$1" && shift && exec "$@"'

    def call(*args):
        return subprocess.run(["sh", "-c", shell, "sh", os.fspath(tmp_path / "gone"), run.command(), *args],
                              env=run.clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=30,
                              text=True, check=False)

    assert call("policy", "show").returncode == 0
    assert call("wheels", "list").returncode == 0
    relative = call("wheels", "list", "--wheel-dir", "wheels")
    assert relative.returncode == 1
    assert "no current directory" in relative.stderr and "hint: use an absolute path" in relative.stderr


def test_empty_environment():
    """Neither HOME nor PATH nor TERM."""
    def call(*args):
        return subprocess.run([run.command(), *args], env={}, capture_output=True, timeout=30, check=False).returncode

    assert [call(), call("--version"), call("policy", "show"), call("wheels", "list")] == [2, 0, 0, 0]


# ---- several environments


def test_batch_of_failures(pipseed, tmp_path):
    names = [str(tmp_path / name) for name in ("a", "b", "c")]
    result = pipseed("seed", *names, code=1)
    assert "error: 3 of 3 environments failed:\n" in result.stderr
    summary = result.stderr.split("environments failed:\n")[1]
    assert re.findall(r"^  (\S+): ", summary, re.M) == names


def test_batch_keeps_the_order(pipseed, tmp_path):
    names = [str(tmp_path / f"env{i}") for i in range(50)]
    result = pipseed("seed", "--json", "-j", "8", *names, code=1)
    documents = [json.loads(line) for line in result.stdout.splitlines()]
    assert [document["requested"] for document in documents] == names
    assert all(document["exit_code"] == 1 for document in documents)


def list_file(tmp_path, text):
    path = tmp_path / "list"
    path.write_bytes(text)
    return path


def test_from_file(pipseed, tmp_path):
    path = list_file(tmp_path, b"# a comment\n\n/nowhere/a\n   \t\n  # indented\n/nowhere/b b\r\n./#c\n/nowhere/last")
    result = pipseed("seed", "--json", "--from-file", path, "/nowhere/first", code=1)
    assert [json.loads(line)["requested"] for line in result.stdout.splitlines()] == [
        "/nowhere/first", "/nowhere/a", "/nowhere/b b", "./#c", "/nowhere/last"]


def test_from_stdin():
    child = spawn(["seed", "--json", "--from-file", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                  stderr=subprocess.PIPE)
    stdout, _ = child.communicate(b"/nowhere/a\n/nowhere/b\n", timeout=30)
    assert child.returncode == 1
    assert [json.loads(line)["requested"] for line in stdout.splitlines()] == ["/nowhere/a", "/nowhere/b"]


def test_list_of_one_keeps_its_code(pipseed, tmp_path):
    """An empty list is not the default environment."""
    empty = pipseed("seed", "--from-file", list_file(tmp_path, b"# none\n\n"))
    assert "no environments in" in empty.stderr and empty.stdout == ""
    one = pipseed("seed", "--json", "--from-file", list_file(tmp_path, b"/nowhere\n"), code=1)
    assert one.json["error"]["code"] != "batch-failed"


@pytest.mark.parametrize("make, code, message", [
    (lambda tmp: tmp / "absent", 1, "cannot open the list"),
    (lambda tmp: tmp, 1, "cannot read the list"),
    (lambda tmp: list_file(tmp, b"/a\n/b\0c\n"), 2, "NUL byte in line 2 of the list"),
], ids=["absent", "directory", "nul"])
def test_bad_list(pipseed, tmp_path, make, code, message):
    result = pipseed("seed", "--from-file", make(tmp_path), code=code)
    assert message in result.stderr and result.stdout == ""


# ---- real environments


def test_seed_and_unseed(pipseed, new_env):
    env = new_env()
    dry = pipseed("seed", "--dry-run", env)
    assert re.search(rf"^Would install pip \S+ into {re.escape(str(env))}\b", dry.stdout, re.M)
    assert not (env / "bin/pip3").exists()
    seeded = pipseed("seed", "--json", env)
    assert re.search(r"^Installed pip .* \(scripts: pip3, pip3\.\d+\)$", seeded.stderr, re.M)
    document = seeded.json
    pip = next(package for package in document["packages"] if package["name"] == "pip")
    assert (document["command"], document["status"], document["exit_code"]) == ("seed", "ok", 0)
    assert document["env"] == document["requested"] == str(env) and document["is_venv"] is True
    assert pip["action"] == "installed" and pip["source"] == "bundled" and pip["n_files"] > pip["n_pyc"] > 0
    assert set(document["links"]) == {"reflink", "hardlink", "copy", "symlink"}
    again = pipseed("seed", env)
    assert f"pip {pip['version']} is already installed in {env}, nothing to do\n" in again.stdout
    assert f"pip {pip['version']} in {env} is up to date" in pipseed("seed", "-U", env).stdout
    verified = pipseed("verify", env)
    assert re.search(rf"^pip {re.escape(pip['version'])} in .*: \d+ files verified$", verified.stdout, re.M)
    assert "Would remove pip" in pipseed("unseed", "-n", env).stdout
    removed = pipseed("unseed", env)
    assert f"Removed pip {pip['version']} from {env}" in removed.stdout
    assert f"pip is not installed in {env}, nothing to do" in pipseed("unseed", env).stdout
    assert "pip is not installed" in pipseed("verify", env, code=None).stdout


def test_older_pip_is_told_what_upgrade_does(pipseed, new_env):
    env = new_env()
    pipseed("seed", "--pip", "24.0", "--packages", "pip", env)
    newest = pipseed("seed", "--version").stdout.split()[1]
    assert pipseed("seed", "--packages", "pip", env).stdout == (
        f"pip 24.0 is already installed in {env}, nothing to do (--upgrade replaces it with {newest})\n")
    assert pipseed("seed", "--packages", "pip", "-U", env).stdout.startswith(
        f"Upgraded pip from 24.0 to {newest} in {env}")


def test_quiet_and_verbose(pipseed, new_env):
    quiet = pipseed("seed", "-q", new_env())
    assert (quiet.stdout, quiet.stderr) == ("", "")
    env = new_env()
    verbose = pipseed("seed", "-v", env).stdout
    assert re.search(r"^  \d+ files, \d+ of them bytecode, in ", verbose, re.M)
    assert "error: " in pipseed("seed", "-q", "/nowhere", code=1).stderr


def test_verify_prints_findings(pipseed, new_env):
    env = new_env()
    location = next(p["location"] for p in pipseed("seed", "--json", env).json["packages"] if p["name"] == "pip")
    victim = os.path.join(location, "pip", "__main__.py")
    os.unlink(victim)
    result = pipseed("verify", env, code=4)
    assert re.search(rf"^install-missing: {re.escape(victim)}: ", result.stdout, re.M)
    document = pipseed("verify", "--json", env, code=4).json
    assert (document["status"], document["exit_code"]) == ("findings", 4)
    assert [(f["code"], f["path"]) for f in document["findings"]] == [("install-missing", victim)]
    good = new_env()
    pipseed("seed", good)
    assert pipseed("verify", good, env, code=4).stderr.count("error: 1 of 2 environments failed") == 1
    pipseed("verify", good, "/nowhere", code=1)


def test_one_failure_does_not_stop_the_others(pipseed, new_env):
    first, last = new_env(), new_env()
    result = pipseed("seed", first, "/nowhere", last, "--json", code=1)
    documents = [json.loads(line) for line in result.stdout.splitlines()]
    assert [document["status"] for document in documents] == ["ok", "error", "ok"]
    assert "error: 1 of 3 environments failed:\n  /nowhere: " in result.stderr
    assert (first / "bin/pip3").exists() and (last / "bin/pip3").exists()


def test_user_in_an_environment_is_refused(pipseed, new_env):
    document = pipseed("seed", "--user", "--json", new_env(), code=3).json
    assert document["error"]["code"] == "user-in-venv" and document["exit_code"] == 3


def test_seeding_with_streams_closed_or_full(new_env):
    for closed in ("<&- >&- 2>&-", ">&-"):
        env = new_env()
        subprocess.run(["sh", "-c", f'exec "$0" seed "$1" {closed}', run.command(), env], env=run.clean_environment(),
                       stdin=subprocess.DEVNULL, timeout=60, check=True)
        assert (env / "bin/pip3").exists()
    env = new_env()
    with open("/dev/full", "wb") as full:
        child = spawn(["seed", env], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE)
        assert b"cannot write to standard output" in child.communicate(timeout=60)[1]
    assert child.returncode == 1 and (env / "bin/pip3").exists()


# ---- policy files that are not there

def test_named_policy_is_missing(pipseed, tmp_path):
    """A file that was named and is not there is an error, whose hint says what to do about that."""
    for words, env in ((("--policy", tmp_path / "missing.ini", "seed"), {}),
                       (("policy", "show"), {"PIPSEED_POLICY": tmp_path / "none/missing.ini"})):
        result = pipseed(*words, env=env, code=3)
        assert "missing.ini: cannot read the policy: No" in result.stderr
        assert "hint: name an existing file" in result.stderr and "permissions" not in result.stderr


def test_policy_check_says_where_it_looked(pipseed, tmp_path, home, system_policy):
    """When there is no file at all."""
    result = pipseed("policy", "check", system=system_policy, env={"XDG_CONFIG_HOME": tmp_path / "xdg"})
    system = run.sysconf_dir()
    places = [f"{system}/pipseed/policy.ini", f"{system}/pipseed/policy.d/*.ini", f"{tmp_path}/xdg/pipseed/policy.ini"]
    assert re.findall(r"searched: (.*)", result.stdout) == places
    document = pipseed("policy", "check", "--json", system=system_policy, env={"XDG_CONFIG_HOME": tmp_path / "xdg"}).json
    assert [place["path"] for place in document["searched"]] == places and document["files"] == []
