# SPDX-License-Identifier: MIT
"""unseed, verify, doctor, wheels, policy, cache, dropin: each result equals the command's --json of the same call."""
import json
import re
import shutil
from pathlib import Path

import interpreters
import pytest
import fixtures
import run

# Where a field is not called in JSON as in Python; None: JSON does not have it, or it is compared by itself.
JSON_NAMES = {
    "Result": {"version": "python_version", "n_reflinked": None, "n_hardlinked": None, "n_copied": None,
               "n_symlinked": None},
    "Environment": {"dir": "env", "version": "python_version", "seed_result": None},
    "VerifyReport": {"env": None, "python": None, "version": None},
    "DoctorReport": {"version": "python_version", "issues": "findings", "n_unrepaired": None},
    "Issue": {"hint": None},
    "Cache": {"path": "store"},
    "Dropin": {"version": "python_version", "stdlib": None, "command": "pipseed", "command_version": "pipseed_version",
               "command_missing": "pipseed_missing"},
    "Policy": {"files": None, "hooks": None},
}


def as_json(value):
    """What Python returned with the names of JSON."""
    if isinstance(value, list):
        return [as_json(each) for each in value]
    if not isinstance(value, dict):
        return value
    names = JSON_NAMES.get(value["class"], {})
    return {names.get(name, name): as_json(each) for name, each in value.items()
            if name != "class" and names.get(name, name) is not None}


def pick(ours, theirs):
    """Of the command's document what Python has as well."""
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [pick(*pair) for pair in zip(ours, theirs)]
    return {name: pick(ours[name], theirs[name]) for name in ours} if isinstance(ours, dict) else theirs


def evaluate(exe, *expressions, **options):
    """Their results in that interpreter."""
    return fixtures.inside(exe, "calls", list(expressions), **options)


def compare(exe, pairs, **options):
    """pairs: (expression, words of the command that does the same, its exit code). Returns what Python returned."""
    results = evaluate(exe, *(expression for expression, *_ in pairs), **options)
    for ours, (expression, words, code) in zip(results, pairs):
        document = run.run_pipseed([*words, "--json"], code=code, **options).json
        theirs = document["wheels"] if isinstance(ours, list) else document
        if isinstance(ours, dict) and ours["class"] == "Dropin":
            theirs = document["interpreters"][0]
        assert as_json(ours) == pick(as_json(ours), theirs), expression
    return results


@pytest.fixture
def store(tmp_path):
    """A store of the test's own, so that nobody else changes it; as the policy names it."""
    return {"PIPSEED_CACHE_DIR": tmp_path / "store"}


@pytest.fixture
def bare_env(tmp_path):
    """bare_env(python) is an environment without pip, in the place it was made for."""
    count = 0

    def make(python):
        nonlocal count
        count += 1
        return str(interpreters.make_env(python, tmp_path / f"bare{count}"))

    return make


def test_as_the_command(cpython, bare_env, store):
    """Everything that changes nothing, and then what does, in an environment for each side."""
    env, empty = bare_env(cpython), bare_env(cpython)
    run.run_pipseed(["seed", env], env=store)
    results = compare(cpython.exe, [
        (f"pipseed.seed({env!r})", ["seed", env], 0),
        (f"pipseed.seed({empty!r}, dry_run=True, scripts='default')", ["seed", "-n", "--default-pip", empty], 0),
        (f"pipseed.unseed({env!r}, dry_run=True)", ["unseed", "-n", env], 0),
        (f"pipseed.unseed({empty!r})", ["unseed", empty], 0),
        (f"pipseed.verify({env!r})", ["verify", env], 0),
        (f"pipseed.doctor({env!r})", ["doctor", env], 0),
        ("pipseed.wheels()", ["wheels", "list"], 0),
        ("pipseed.policy()", ["policy", "show"], 0),
        ("pipseed.cache.info()", ["cache", "info"], 0),
        ("pipseed.cache.verify()", ["cache", "verify"], 0),
        (f"pipseed.cache.warm({env!r})", ["cache", "warm", env], 0),
        (f"pipseed.cache.warm(python={cpython.exe!r}, pip='<24', dry_run=True)",
         ["cache", "warm", "-n", "-o", "seed.pip=<24", "-p", cpython.exe], 0),
        ("pipseed.cache.prune(dry_run=True)", ["cache", "prune", "-n"], 0),
        ("pipseed.cache.clear(dry_run=True)", ["cache", "clear", "-n"], 0),
        (f"pipseed.dropin.status({cpython.exe!r}, command={run.command()!r})", ["status", cpython.exe], 0),
    ], env=store)
    classes = [result["class"] if isinstance(result, dict) else result[0]["class"] for result in results]
    assert classes == ["Result"] * 4 + ["VerifyReport", "DoctorReport", "Wheel", "Policy"] + ["Cache"] * 6 + [
        "Dropin"]
    assert results[2]["packages"][0]["action"] == "removed" and results[4]["packages"] and results[12]["entries"] == []
    assert results[11]["entries"][0]["path"] is None and len(results[13]["entries"]) == len(results[8]["entries"]) > 0
    removed, again = evaluate(cpython.exe, f"pipseed.unseed({env!r})", f"pipseed.verify({env!r})", env=store)
    assert removed == results[2] and not list(Path(env).glob("lib/python*/site-packages/pip*"))
    assert again["packages"] == [] and {each["code"] for each in again["findings"]} == {"install-missing"}
    cleared, left = evaluate(cpython.exe, "pipseed.cache.clear()", "pipseed.cache.info()", env=store)
    assert cleared["entries"] == results[13]["entries"] and left["entries"] == [] and left["bytes"] == 0


def damage(env):
    """One file of pip is changed, and something that a killed run of pip leaves lies there."""
    site = interpreters.site_packages(Path(env))
    path = site / "pip/__init__.py"
    text = path.read_text()
    path.unlink()  # a link to the store: not to be written
    path.write_text(text + "# changed\n")
    (site / "~ip").mkdir()


def test_findings(newest, bare_env, tmp_path, store):
    """What is wrong is found, told in full, and repaired."""
    env = bare_env(newest)
    run.run_pipseed(["seed", env], env=store)
    damage(env)
    report, issues = compare(newest.exe, [(f"pipseed.verify({env!r})", ["verify", env], 4),
                                          (f"pipseed.doctor({env!r})", ["doctor", env], 4)], env=store)
    assert {finding["code"] for finding in report["findings"]} == {"install-changed"}
    assert report["findings"][0]["path"].endswith("/pip/__init__.py") and report["findings"][0]["message"]
    assert issues["n_unrepaired"] == len(issues["issues"]) > 1 and all(issue["repairable"] for issue in issues["issues"])
    repaired = run.run_pipseed(["doctor", "--fix", "--json", env], env=store).json
    damage(env)
    ours, = evaluate(newest.exe, f"pipseed.doctor({env!r}, fix=True)", env=store)
    assert as_json(ours) == pick(as_json(ours), repaired)
    assert ours["n_unrepaired"] == 0 and all(issue["repaired"] for issue in ours["issues"])
    assert evaluate(newest.exe, f"[pipseed.doctor({env!r}).ok, pipseed.verify({env!r}).ok]", env=store) == [[True, True]]
    entry = next(path for path in (tmp_path / "store").rglob("*") if path.name == "__init__.py")
    entry.chmod(0o644)
    entry.write_text("# other\n")
    run.run_pipseed(["cache", "verify"], env=store, code=4)  # now the time of that is written down
    checked, = compare(newest.exe, [("pipseed.cache.verify()", ["cache", "verify"], 4)], env=store)
    assert [each["status"] for each in checked["entries"] if each["problem"]] == ["store-entry"]


def test_wheels(newest, tmp_path):
    """A damaged one is listed with its status."""
    wheel = next(iter(sorted((run.build_dir() / "wheels").glob("pip-26*.whl"))))
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 0xFF
    (tmp_path / wheel.name).write_bytes(content)
    options = f"wheel_dirs=[{str(tmp_path)!r}], bundled=False"
    checked, = compare(newest.exe, [(f"pipseed.wheels(check=True, {options})",
                                     ["wheels", "verify", "--wheel-dir", tmp_path, "--no-bundled"], 4)])
    assert checked[0]["status"] != "ok" and checked[0]["number"] < -400 and checked[0]["problem"]


POLICY = "[policy]\nlock = seed.user\n[seed]\nuser = deny\npip = >=24\n[install]\ndurable = yes\n"


def test_policy(newest, tmp_path, system_policy):
    """Values with sources and locks, files, hooks."""
    (system_policy / "policy.ini").write_text(POLICY)
    (tmp_path / "mine.ini").write_text("[seed]\npip = <27\n[venv]\nhooks = /opt/hook.so\n")
    options = {"system": system_policy, "env": {"PIPSEED_SEED_INSTALLER": "us"}}
    mine = str(tmp_path / "mine.ini")
    ours, locked = evaluate(newest.exe, f"pipseed.policy({mine!r}, settings={{'seed.upgrade': True}})",
                            "pipseed.policy(settings={'seed.user': 'allow'})", **options)
    theirs = run.run_pipseed(["policy", "show", "--policy", mine, "-o", "seed.upgrade=yes", "--json"], **options).json
    for left, right in zip(as_json(ours["values"]), theirs["values"]):
        if left["key"] == "seed.upgrade":  # each names its own option
            assert left.pop("origin") == "settings['seed.upgrade']" and right.pop("origin") == "--set"
        assert left == right
    assert len(ours["values"]) == len(theirs["values"]) > 10
    assert ours["files"] == [each["path"] for each in theirs["files"]] and ours["files"][-1] == mine
    assert ours["hooks"] == ["/opt/hook.so"]
    values = {value["key"]: value for value in ours["values"]}
    assert values["seed.user"]["locked_by"] and values["seed.pip"]["origin"] == f"{mine}:2"
    assert [values[key]["layer"] for key in ("seed.user", "seed.pip", "seed.installer", "seed.upgrade", "cache.dir")] == [
        "system", "file", "environment", "command line", "built-in"]
    assert (locked["class"], locked["code"]) == ("RefusedError", "policy-locked")
    assert locked["message"].startswith("settings['seed.user']")
    assert evaluate(newest.exe, "pipseed.policy().find('seed.user').value", "pipseed.policy().find('seed.usr')",
                    **options) == ["deny", {"class": "KeyError", "str": "'seed.usr'"}]


def test_dropin(newest, tmp_path):
    """enable and disable in a copied interpreter; the command is found beside the package's interpreter or on PATH."""
    if not newest.may_copy:
        pytest.skip("no interpreter with a prefix of its own that could be copied")
    exe = str(interpreters.copy_prefix(newest, tmp_path / "prefix"))
    words = f"{exe!r}, command={run.command()!r}"
    planned, = compare(newest.exe, [(f"pipseed.dropin.enable({words}, dry_run=True)", ["enable", "-n", exe], 0)])
    enabled, status, found, gone, disabled, again = evaluate(
        newest.exe, f"pipseed.dropin.enable({words})", f"pipseed.dropin.status({words})", f"pipseed.dropin.status({exe!r})",
        f"pipseed.dropin.enable({exe!r})", f"pipseed.dropin.disable({exe!r})", f"pipseed.dropin.disable({exe!r})")
    assert planned["changed"] and (enabled["state"], enabled["changed"]) == ("enabled", True)
    assert Path(enabled["backup"]).is_dir() is False and Path(enabled["ensurepip_dir"]).is_dir()
    assert (status["state"], status["up_to_date"], status["command_missing"]) == ("enabled", True, False)
    assert status["command"] == str(Path(run.command()).resolve()) and status["command_version"]
    assert found["state"] == "enabled", "without a command there is nothing that it could be compared with"
    assert gone == {"class": "LookupError", "str": "the command pipseed was not found: pass command="}
    assert (disabled["state"], disabled["changed"], again["changed"]) == ("disabled", True, False)
    pythons, = evaluate(newest.exe, "pipseed.dropin.pythons()", env={"PATH": f"{tmp_path}/prefix/bin:/usr/bin"})
    assert pythons[0].startswith(f"{tmp_path}/prefix/bin/python")


def test_version_matches(newest):
    """PEP 440, and its two errors."""
    assert [each if isinstance(each, bool) else each["code"] for each in evaluate(
        newest.exe, "pipseed.version_matches('26.3', '>=25,<27')", "pipseed.version_matches('24.0', '>=25')",
        "pipseed.version_matches('x', '>=25')", "pipseed.version_matches('24.0', '25')")] == [
            True, False, "bad-version", "bad-specifier"]


# (expression, class, code, part of str(); {env} is an environment, {none} is nothing)
ERRORS = [
    ("pipseed.unseed({none!r})", "FailedError", "no-target", "'{none}'"),
    ("pipseed.verify({none!r})", "FailedError", "no-target", ""),
    ("pipseed.doctor({none!r})", "FailedError", "no-target", ""),
    ("pipseed.cache.warm({none!r})", "FailedError", "no-target", ""),
    ("pipseed.dropin.status({none!r})", "FailedError", "no-target", ""),
    ("pipseed.dropin.disable({none!r})", "FailedError", "no-target", ""),
    ("pipseed.cache.warm({env!r}, pip='>=99')", "FailedError", "no-wheel", "wheel_dirs"),
    ("pipseed.seed({env!r}, user=True)", "RefusedError", "user-in-venv", "leave out user=True"),
    ("pipseed.seed({none!r})", "FailedError", "no-target", "{none}"),
    ("pipseed.seed({parent!r})", "FailedError", "no-target", "pipseed.create('{parent}')"),
    ("pipseed.wheels(wheel_dirs=[{none!r}])", "FailedError", "io", "{none}"),
    ("pipseed.policy({none!r})", "RefusedError", "policy-unreadable", "{none}"),
    ("pipseed.policy(settings={{'seed.pipp': 'x'}})", "UsageError", "usage", "settings['seed.pipp']"),
    ("pipseed.cache.info(cache_dir='relative')", "UsageError", "bad-value", "cache_dir"),
    ("pipseed.unseed({env!r}, packages='?')", "UsageError", "bad-value", "packages"),
]


def test_errors(newest, new_env, tmp_path):
    """Class, code, and a text that says the path once and speaks of arguments."""
    env, none, parent = str(new_env(newest)), str(tmp_path / "none"), str(tmp_path)
    names = {"env": env, "none": none, "parent": parent}
    results = evaluate(newest.exe, *(expression.format(**names) for expression, *_ in ERRORS))
    for (expression, kind, code, part), error in zip(ERRORS, results):
        assert (error["class"], error["code"]) == (kind, code), (expression, error)
        text = error["str"]
        assert part.format(**names).strip("'") in text, (expression, text)
        said = text if error["hint"] is None else text[:-len(error["hint"])]
        if error["path"]:
            assert len(re.findall(re.escape(error["path"]) + r"(?!/)", said)) == 1, text
        assert not re.search(r"(^| )--[a-z]|pipseed [a-z]+ ", text), text
        assert error["command_message"] and (error["command_hint"] is None) == (error["hint"] is None)


TYPES = {
    "pipseed.seed(wheel_dirs=['/a', '/b', 3])": "wheel_dirs[2] must be str or os.PathLike, not int",
    "pipseed.wheels(wheel_dirs='/a')": "wheel_dirs must be an iterable of paths, not str",
    "pipseed.cache.warm(wheel_dirs=[None])": "wheel_dirs[0] must be str or os.PathLike, not NoneType",
    "pipseed.seed(settings={'seed.pip': 25.2})": "settings['seed.pip'] must be str, os.PathLike or bool, not float",
    "pipseed.create('/nonexistent/x', pip=25)": "pip must be str, os.PathLike or bool, not int",
    "pipseed.verify(packages=['pip'])": "packages must be str, os.PathLike or bool, not list",
    "pipseed.unseed(3)": "env must be str or os.PathLike, not int",
    "pipseed.doctor(python=[])": "python must be str or os.PathLike, not list",
    "pipseed.seed(root=2)": "root must be str or os.PathLike, not int",
    "pipseed.policy(3)": "file must be str or os.PathLike, not int",
    "pipseed.verify(policy=3)": "policy must be str or os.PathLike, not int",
    "pipseed.create('/nonexistent/x', python=3)": "python must be str or os.PathLike, not int",
    "pipseed.create('/nonexistent/x', prompt=3)": "prompt must be str or os.PathLike, not int",
    "pipseed.create('/nonexistent/x', jobs='2')": "jobs must be int, not str",
    "pipseed.seed(jobs='many')": "jobs must be int, not str",
    "pipseed.cache.prune(max_age='30d')": "max_age must be int, not str",
    "pipseed.cache.prune(max_bytes=2.5)": "max_bytes must be int, not float",
    "pipseed.verify(on_event=3)": "on_event must be callable, not int",
    "pipseed._pipseed.seed(colour='red')": "unexpected argument 'colour'",
    "pipseed._pipseed.seed('env')": "only keyword arguments are expected",
}


def test_types(newest):
    """A wrong type names the argument, and the element of a list."""
    for (expression, text), error in zip(TYPES.items(), evaluate(newest.exe, *TYPES)):
        assert error == {"class": "TypeError", "str": text}, expression
    for error in evaluate(newest.exe, "pipseed.seed(jobs=-1)", "pipseed.cache.prune(max_age=2 ** 64)"):
        assert error["class"] == "OverflowError" and error["str"].startswith(("jobs must be", "max_age must be"))


def test_callbacks(newest, new_env, tmp_path):
    """What a callback raises comes out of each function that has one, KeyboardInterrupt too; a true answer cancels."""
    env, cold = str(new_env(newest)), str(tmp_path / "cold")
    run.run_pipseed(["seed", env])
    damage(env)
    calls = [f"pipseed.cache.warm({env!r}, cache_dir={cold!r} + str(n), pip='<24', {{}})",
             f"pipseed.doctor({env!r}, fix=True, cache_dir={cold!r} + str(n), {{}})"]
    raised = evaluate(newest.exe, *(
        f"(lambda n: {call.format(answer)})({number})" for call in calls for number, answer in enumerate((
            "on_event=lambda event: 1 / 0",
            "on_event=lambda event: __import__('signal').raise_signal(2)",
            "on_event=lambda event: True"))))
    assert [each.get("code", each["class"]) for each in raised] == ["ZeroDivisionError", "KeyboardInterrupt", "cancelled"] * 2


# What the library's hints look like, and what they are here.
HINTS = {
    "leave out --user, or deactivate the environment first": "leave out user=True, or deactivate the environment first",
    "make one: pipseed venv /srv/env": "make one: pipseed.create('/srv/env')",
    "name an interpreter with --python PATH": "name an interpreter with python=PATH",
    "check --wheel-dir and the policy": "check wheel_dirs= and the policy",
    "such as --python /usr/bin/python3.11": "such as python='/usr/bin/python3.11'",
    "run: pipseed seed -U --allow-downgrade /srv/env": "run: pipseed.seed('/srv/env', upgrade=True, "
                                                       "settings={\"seed.downgrade\": True})",
    "run: pipseed unseed, then pipseed seed": "run: pipseed.unseed(), then pipseed.seed()",
    "'pipseed wheels verify' says more": "pipseed.wheels(check=True) says more",
    "pipseed policy show seed.user says where": "pipseed.policy().find('seed.user') says where",
    "run: pipseed doctor --fix ENV": "run: pipseed.doctor(ENV, fix=True)",
    "bring it up to date (python3 -m venv --upgrade /srv/env)": "bring it up to date (python3 -m venv --upgrade /srv/env)",
    "'/usr/bin/python3 -m venv --without-pip DIR', 'pipseed seed DIR'":
        "'/usr/bin/python3 -m venv --without-pip DIR', pipseed.seed(DIR)",
    "run: pipseed hooks run --verbose": "run: pipseed hooks run --verbose",
    "pipseed-policy(5) lists the keys": "pipseed-policy(5) lists the keys",
}


def library_texts():
    """Every message and hint in the sources of the library, with the word PATH for what is filled in."""
    texts = set()
    for source in [*run.REPO.glob("core/**/*.c"), *run.REPO.glob("conf/*.c")]:
        text = source.read_text()
        for match in re.finditer(r"\berror_(?:hint|set|sys)\(", text):
            call = text[match.end():text.index(";\n", match.end())]
            literals = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', call))
            texts.add(re.sub(r"%[-.\d]*z?[a-z]", "/path", literals))
    return sorted(texts)


def test_hints(newest):
    """Options and commands become arguments and functions, in all texts that the library has."""
    texts = library_texts()
    assert len(texts) > 200 and any("--user" in text for text in texts)
    seen = evaluate(newest.exe, f"[__import__('pipseed._hints')._hints.translate(text) for text in {[*HINTS, *texts]!r}]")[0]
    assert dict(zip(HINTS, seen)) == HINTS
    for before, after in zip(texts, seen[len(HINTS):]):
        left = re.sub(r"-m venv( --[a-z-]+)*", "", after)
        assert not re.search(r"(?<![\w-])--[a-z]|pipseed (seed|unseed|venv|verify|doctor|wheels|policy|cache)\b", left), (
            f"{before!r} became {after!r}: pipseed/_hints.py has a table of options")


def test_help(newest):
    """help(pipseed) shows every name with its docstring; every public function and class has one."""
    text = fixtures.call(newest.exe, "-c", "import pipseed; help(pipseed)").stdout
    for name in ("unseed(", "verify(", "doctor(", "wheels(", "policy(", "class VerifyReport", "class Cache(", "PEP 440"):
        assert name in text, name
    bare, = evaluate(newest.exe, "[f'{getattr(m, \"__name__\", m)}.{n}' for m in (pipseed, pipseed.cache, pipseed.dropin) "
                                 "for n in m.__all__ if len(getattr(m, n).__doc__ or '') < 30]")
    assert bare == []
    assert "typing" not in fixtures.call(newest.exe, "-c", "import sys, pipseed; print(*sys.modules)").stdout.split()
