# SPDX-License-Identifier: MIT
"""What the plan says is what a real pip leaves: names, modes, contents, RECORD; and scripts run from any path.

The plan is asked for through script_oracle (script_oracle.c), so no wheel reader and no commit of pipseed takes part.
"""
import configparser
import csv
import hashlib
import io
import os
import re
import shutil
import stat
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import interpreters

ORACLE = Path(os.environ.get("PIPSEED_BUILD", "build")) / "tests" / "script_oracle"
SCRIPTS = {"ensurepip": 0, "default": 1, "alt": 2}
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "PYTHONWARNINGS": "ignore"}

pytestmark = pytest.mark.skipif(not ORACLE.exists(), reason=f"{ORACLE} is not built")


class Refused(Exception):
    """The plan was refused: the name of the code."""


@dataclass
class Planned:
    """One file of a plan."""

    root: int
    kind: str
    executable: bool
    is_script: bool
    content: bytes  # None for bytecode

    @property
    def mode(self):
        """What the file's mode has to be."""
        mask = os.umask(0)
        os.umask(mask)
        if self.is_script:
            return 0o666 & ~mask | 0o555
        return 0o777 & ~mask | 0o111 if self.executable else 0o666 & ~mask


def ask(pairs, members=None):
    """The oracle's answer to pairs of key and value: {path of the file, absolute: Planned}. members: the wheel's."""
    fields = [part if isinstance(part, bytes) else os.fsencode(str(part)) for pair in pairs for part in pair]
    done = subprocess.run([ORACLE], input=b"".join(field + b"\0" for field in fields), stdout=subprocess.PIPE, check=False)
    if done.returncode == 1:
        raise Refused(done.stdout.decode().split(":")[0])
    assert done.returncode == 0
    values = {key: value for key, value in pairs if isinstance(key, str)}
    pure = values["root-is-purelib"] == 1
    roots = [values["purelib" if pure else "platlib"], values["platlib" if pure else "purelib"], values["scripts-dir"],
             f"{values['headers']}/{values['project']}", values["data-dir"]]
    plan = {}
    for line in done.stdout.decode().splitlines():
        root, path, kind, executable, script, *content = line.split(" ")
        content = bytes.fromhex(content[0]) if content and content[0] else b""
        if kind == "wheel":
            content = (members or {})[os.fsdecode(content)]
        name = os.path.join(roots[int(root)], os.fsdecode(bytes.fromhex(path)))
        assert name not in plan
        plan[name] = Planned(int(root), kind, executable == "x", script == "script",
                             None if kind == "bytecode" else content)
    return plan


def wheel_pairs(wheel, compiled):
    """What the oracle must know of a wheel. compiled(path): is there bytecode of this member?"""
    pairs = []
    with zipfile.ZipFile(wheel) as archive:
        names = sorted((name for name in archive.namelist() if not name.endswith("/")), key=os.fsencode)
        info = next(name for name in names if re.match(r"[^/]+\.dist-info/RECORD$", name)).split("/")[0]
        pairs += [("project", info.split("-")[0].lower().replace("_", "-")), ("dist-info", info)]
        pure = b"root-is-purelib: true" in archive.read(f"{info}/WHEEL").lower()
        pairs += [("root-is-purelib", int(pure))]
        for name in names:
            if name == f"{info}/RECORD":
                continue
            data = archive.read(name)
            mode = archive.getinfo(name).external_attr >> 16
            executable = stat.S_ISREG(mode) and mode & 0o111
            pairs += [("file", f"{hashlib.sha256(data).hexdigest()} {len(data)} {'x' if executable else '-'} "
                               f"{'c' if compiled(name) else '-'} {name}")]
            if ".data/scripts/" in name:
                pairs += [("data", data)]
        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
        parser.optionxform = str
        if f"{info}/entry_points.txt" in names:
            parser.read_string(archive.read(f"{info}/entry_points.txt").decode())
        for section, kind in (("console_scripts", "console"), ("gui_scripts", "gui")):
            if parser.has_section(section):
                for name, value in parser.items(section):
                    module, attr = re.split(r"\s*:\s*", value.strip())
                    pairs += [("entry", f"{kind} {module} {attr} {name}")]
    return pairs


def members_of(wheel):
    """{name: content}"""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def env_pairs(env, python, pip, scripts, suffix):
    """What the oracle must know of the environment."""
    site = interpreters.site_packages(env)
    major, minor = python.minor
    return [("exe", env / "bin" / "python"), ("major", major), ("minor", minor), ("pip", pip), ("installer", "pip"),
            ("requested", 1), ("scripts", SCRIPTS[scripts]), ("suffix", suffix), ("purelib", str(site)),
            ("platlib", str(site)), ("scripts-dir", str(env / "bin")),
            ("headers", str(env / "include" / "site" / f"python{major}.{minor}")), ("data-dir", str(env))]


def snapshot(top):
    """{path: its mode and content} of all regular files below a directory; links are left out."""
    found = {}
    for directory, _, names in os.walk(top):
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                found[path] = (stat.S_IMODE(os.stat(path).st_mode), Path(path).read_bytes())
    return found


def cache_suffix(python):
    """.cpython-313.pyc"""
    tag = subprocess.run([python.exe, "-Ic", "import sys; print(sys.implementation.cache_tag)"], env=ENVIRONMENT,
                         capture_output=True, text=True, check=True).stdout.strip()
    return f".{tag}.pyc"


def new_files(before, after):
    """What came, but for the wheels that Debian's ensurepip puts into environments."""
    return {path: value for path, value in after.items() if path not in before and "/share/python-wheels/" not in path}


def compare(plan, found):
    """The plan and the real tree, file by file; bytecode by its name only."""
    assert sorted(plan) == sorted(found)
    for path, planned in plan.items():
        mode, content = found[path]
        if planned.content is not None:
            assert content == planned.content, path
        assert oct(mode) == oct(planned.mode), path


@pytest.fixture(scope="session")
def seeded(tmp_path_factory):
    """seeded(python, scripts): an environment in which the real ensurepip ran, and the files that it brought."""
    made = {}
    options = {"ensurepip": [], "default": ["--default-pip"], "alt": ["--altinstall"]}

    def make(python, scripts):
        if (python.name, scripts) not in made:
            env = interpreters.make_env(python, tmp_path_factory.mktemp("seeded") / "env")
            before = snapshot(env)
            subprocess.run([env / "bin" / "python", "-m", "ensurepip", *options[scripts]], env=ENVIRONMENT, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            made[python.name, scripts] = env, new_files(before, snapshot(env))
        return made[python.name, scripts]

    return make


@pytest.mark.parametrize("scripts", sorted(SCRIPTS))
def test_bundled_wheels(python, scripts, seeded):
    if scripts == "alt" and python not in (interpreters.found()[0], interpreters.found()[-1]):
        pytest.skip("two interpreters are enough for this")
    env, found = seeded(python, scripts)
    suffix = cache_suffix(python)
    plan = {}
    names = ["pip", "setuptools"] if python.has_setuptools else ["pip"]
    for name in names:
        pattern = f"{name}-{python.pip}-*.whl" if name == "pip" else f"{name}-*.whl"
        wheel = next(iter(Path(python.wheel_dir).glob(pattern)))
        pairs = env_pairs(env, python, python.pip, scripts, suffix)
        plan.update(ask(pairs + wheel_pairs(wheel, lambda path: path.endswith(".py")), members_of(wheel)))
    compare(plan, found)


MEMBERS = {
    "demo/__init__.py": b"x = 1\n",
    "demo/bad.py": b"print 'two'\n",
    "demo/sub/m.py": b"",
    "demo/a,b.txt": b"quoted\n",
    "demo/tool.sh": b"#!/bin/sh\n",
    "demo-1.0.data/purelib/demo/pure.py": b"y = 2\n",
    "demo-1.0.data/platlib/demoplat.py": b"z = 3\n",
    "demo-1.0.data/headers/demo.h": b"/**/\n",
    "demo-1.0.data/headers/sub/gen.py": b"h = 1\n",
    "demo-1.0.data/scripts/runme": b"#!python -u\nprint(1)\n",
    "demo-1.0.data/scripts/closed": b"#!pythonw\r\nprint(2)",
    "demo-1.0.data/scripts/plain.py": b"#!/usr/bin/env python\nprint(2)\n",
    "demo-1.0.data/scripts/sub/deep": b"#!python\n1\n",
    "demo-1.0.data/scripts/ep": b"#!python\nold\n",
    "demo-1.0.data/scripts/both.exe": b"old\n",
    "demo-1.0.data/data/share/demo/d.py": b"d = 4\n",
    "demo-1.0.data/data/share/x.txt": b"d",
    "demo-1.0.data/data/lib/other.txt": b"d",
    "demo-1.0.dist-info/INSTALLER": b"me\n",
    "demo-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "demo-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
    "demo-1.0.dist-info/entry_points.txt":
        b"[console_scripts]\nep = demo:f.g\nboth = demo:c\nzz = demo.sub.m:k\n[gui_scripts]\ngui = demo:q\nboth = demo:g\n",
}
EXECUTABLE = {"demo/tool.sh", "demo-1.0.data/scripts/runme"}


def make_wheel(directory, members):
    """A wheel of these members, its RECORD right."""
    import base64  # pylint: disable=import-outside-toplevel

    info = "demo-1.0.dist-info"
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for name, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
        rows.writerow([name, f"sha256={digest}", len(data)])
    rows.writerow([f"{info}/RECORD", "", ""])
    path = Path(directory) / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**members, f"{info}/RECORD": text.getvalue().encode()}.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = (0o100755 if name in EXECUTABLE else 0o100644) << 16
            archive.writestr(member, data)
    return path


def _old_hashes(record, plan_record):
    """Rows of rewritten scripts as pips before 22.2 write them: with the hash of what they were."""
    stale = {"../../../bin/runme", "../../../bin/closed", "../../../bin/sub/deep"}
    keep = [line for line in record.split(b"\r\n") if line.split(b",")[0].decode() not in stale]
    return keep == [line for line in plan_record.split(b"\r\n") if line.split(b",")[0].decode() not in stale]


def test_data_dirs(python, tmp_path, seeded):
    """Every directory of .data, wrappers, quoting, a broken .py, one name in both sections."""
    env = tmp_path / "env"
    seeded_env, _ = seeded(python, "default")
    shutil.copytree(seeded_env, env, symlinks=True)
    wheel = make_wheel(tmp_path, MEMBERS)
    before = snapshot(env)
    subprocess.run([env / "bin" / "python", "-m", "pip", "install", "-q", "--no-index", "--no-cache-dir", "--find-links",
                    tmp_path, "demo"], env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = new_files(before, snapshot(env))
    pairs = env_pairs(env, python, python.pip, "default", cache_suffix(python))
    plan = ask(pairs + wheel_pairs(wheel, lambda path: path.endswith(".py") and "bad" not in path), MEMBERS)
    record = str(interpreters.site_packages(env) / "demo-1.0.dist-info" / "RECORD")
    if tuple(int(part) for part in python.pip.split(".")) < (22, 2):
        assert _old_hashes(found[record][1], plan[record].content)
        plan[record].content = found[record][1]
    compare(plan, found)


REFUSED = [
    ("demo-1.0.data/scripts/python3", "script-name"),
    ("demo-1.0.data/scripts/activate", "script-name"),
    ("demo-1.0.data/scripts/python/x", "script-name"),
    ("demo-1.0.data/data/bin/python3", "script-name"),
    ("demo-1.0.data/data/pyvenv.cfg", "data-scheme"),
    ("demo-1.0.data/platlib/demo/__init__.py", "data-scheme"),
    ("demo-1.0.data/data/lib/python3.11/site-packages/demo/__init__.py", "data-scheme"),
    ("demo-1.0.data/stdlib/os.py", "data-scheme"),
    ("demo-1.0.data/scripts", "data-scheme"),
    ("x.data/y", "data-scheme"),
]


@pytest.mark.parametrize("member, code", REFUSED)
def test_refused(member, code, tmp_path):
    wheel = make_wheel(tmp_path, {"demo/__init__.py": b"", member: b"x",
                                  "demo-1.0.dist-info/WHEEL": MEMBERS["demo-1.0.dist-info/WHEEL"]})
    site = "/env/lib/python3.11/site-packages"
    pairs = [("exe", "/env/bin/python"), ("major", 3), ("minor", 11), ("pip", "24.0"), ("installer", "x"),
             ("requested", 1), ("scripts", 1), ("suffix", ".pyc"), ("purelib", site), ("platlib", site),
             ("scripts-dir", "/env/bin"), ("headers", "/env/include/site/python3.11"), ("data-dir", "/env")]
    with pytest.raises(Refused, match=f"^{code}$"):
        ask(pairs + wheel_pairs(wheel, lambda path: False), members_of(wheel))


DIRECTORIES = {
    "plain": b"plain",
    "blank": b"with blank",
    "two-blanks": b" a  b ",
    "quote": b"it's",
    "quotes": b"a''b'''c''''''''d",
    "quotes-blank": b"a '' b ''' c",
    "double": b'say "hi" you',
    "dollar": b"$HOME $(touch oops) ${x}",
    "dollar-only": b"$HOME",
    "backquote": b"`id` x",
    "backslash": b"a\\nb \\N{BULLET} \\x \\",
    "backslash-only": b"a\\u12",
    "newline": b"one\ntwo",
    "newline-comment": b"one\n# coding: nonsense\n",
    "carriage": b"one\rtwo",
    "tab": b"one\ttwo",
    "bell": b"\x01\x07\x1b\x7f",
    "latin-1": b"caf\xe9",
    "bad-utf-8": b"\xff\xfe\xc0\x80 7",
    "utf-8": "schön 中文".encode(),
    "utf-8-plain": "schön".encode(),
    "coding": b"coding=latin-9",
    "coding-colon": b"coding: klingon",
    "glob": b"[x]* ?",
    "operators": b"a;b&c|d<e>f(g)h{i,j}k",
    "long": b"l" * 150,
    "long-utf-8": "ö".encode() * 75,
    "long-odd": b"l" * 120 + b"'$`\\(;",
    "percent": b"100%s %d",
    "dash": b"-rf --",
    "all": bytes(range(1, 0x2f)) + bytes(range(0x30, 0x100)),
}
BODY = b"import sys, json\nprint(json.dumps([sys.argv[1:], sys.version_info[0]]))\n"


def _script(exe, pip, member=None):
    """The text of an entry point's script, or of a rewritten .data/scripts file."""
    site = "/env/lib/python3.11/site-packages"
    pairs = [("exe", exe), ("major", 3), ("minor", 11), ("pip", pip), ("installer", "x"), ("requested", 0),
             ("scripts", 1), ("suffix", ".pyc"), ("purelib", site), ("platlib", site), ("scripts-dir", "/env/bin"),
             ("headers", "/env/include/site/python3.11"), ("data-dir", "/env"), ("project", "demo"),
             ("dist-info", "demo-1.0.dist-info"), ("root-is-purelib", 1)]
    if member is None:
        return ask(pairs + [("entry", "console demo_main run run")])["/env/bin/run"].content
    name = "demo-1.0.data/scripts/run"
    return ask(pairs + [("file", f"{'0' * 64} {len(member)} x - {name}"), ("data", member)])["/env/bin/run"].content


def _run(command, cwd):
    environment = {**ENVIRONMENT, "PYTHONWARNINGS": "error", "PYTHONPATH": os.fspath(cwd), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, cwd=cwd, check=False)
    assert done.stderr == b""
    assert done.returncode == 0
    return done.stdout


SHELLS = [shell for shell in (["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"], ["zsh"], ["ksh"], ["mksh"])
          if shutil.which(shell[0])]


def script_cases():
    """Every directory with the oldest and the newest CPython and with the one of the system; the others share the list out.
    PIPSEED_TEST_LONG=1: all with all."""
    cpythons = [python for python in interpreters.found() if not python.is_pypy]
    with_all = {cpythons[0], max(cpythons, key=lambda python: python.version), interpreters.any_python()}
    return [pytest.param(directory, python, python in with_all, id=f"{directory}-{python.name}")
            for at, directory in enumerate(sorted(DIRECTORIES)) for number, python in enumerate(interpreters.found())
            if python in with_all or os.environ.get("PIPSEED_TEST_LONG") or at % 4 == number % 4]


@pytest.mark.parametrize("directory, python, everything", script_cases())
def test_script_runs(directory, python, everything, tmp_path):
    """A script runs by the kernel, by each shell, and by Python itself, without a warning, from any path."""
    base = os.fsencode(tmp_path) + b"/" + DIRECTORIES[directory]
    os.makedirs(base)
    exe = base + b"/python"
    os.symlink(os.path.realpath(python.exe), exe)
    (tmp_path / "demo_main.py").write_bytes(b"def run():\n" + re.sub(b"(?m)^", b"    ", BODY).rstrip() + b"\n")
    arguments = ["a b", "*", "$x"]
    for pip, member in ((python.pip, None), ("24.0", b"#!python\n" + BODY)):
        text = _script(exe, pip, member)
        script = tmp_path / "run"
        script.write_bytes(text)
        script.chmod(0o755)
        commands = [[script], [python.exe, script]]
        if everything and text.startswith(b"#!/bin/sh"):
            commands += [shell + [script] for shell in SHELLS]
        for command in commands:
            assert _run(command + arguments, tmp_path) == b'[["a b", "*", "$x"], 3]\n', (command, text)
    assert not (tmp_path / "oops").exists()


COOKIES = {
    b"# -*- coding: latin-1 -*-": "é",
    b"  # vim: set fileencoding=iso-8859-15 :": "é",
    b"# not a declaration": None,
}


@pytest.mark.parametrize("cookie", sorted(COOKIES))
@pytest.mark.parametrize("directory", ["plain", "blank", "utf-8", "latin-1", "all"])
def test_rewritten_script_keeps_its_encoding(cookie, directory, tmp_path):
    """PEP 263 looks at two lines only; the sh form is three lines long."""
    base = os.fsencode(tmp_path) + b"/" + DIRECTORIES[directory]
    os.makedirs(base)
    exe = base + b"/python"
    os.symlink(os.path.realpath(interpreters.any_python().exe), exe)
    value = b"\xe9" if COOKIES[cookie] else "é".encode()
    script = tmp_path / "run"
    script.write_bytes(_script(exe, "24.0", b"#!python\n" + cookie + b"\nprint(ascii('" + value + b"'))\n"))
    script.chmod(0o755)
    assert _run([script], tmp_path) == b"'\\xe9'\n"


def _distlib_shebang(exe):
    """What distlib in pip writes."""
    quoted = b'"%s"' % exe if b" " in exe else exe
    if b" " not in exe and len(exe) + 3 <= 127:
        return b"#!" + exe + b"\n"
    return b"#!/bin/sh\n'''exec' " + quoted + b' "$0" "$@"\n' + b"' '''\n"


# Where pip's own form does not work, for the kernel, for sh or for Python. Nowhere else anything may differ.
BROKEN = {"quotes-blank", "double", "dollar", "backquote", "backslash", "newline", "carriage", "tab", "bell", "latin-1",
          "bad-utf-8", "coding", "long-odd", "all"}


@pytest.mark.parametrize("directory", sorted(DIRECTORIES))
def test_same_as_pip_where_that_works(directory):
    exe = b"/srv/" + DIRECTORIES[directory] + b"/bin/python"
    same = _script(exe, "24.0").startswith(_distlib_shebang(exe) + b"# -*- coding")
    assert same == (directory not in BROKEN)
