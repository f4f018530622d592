# SPDX-License-Identifier: MIT
"""Every block of every page is run, or NOT_RUN says why it is not.

A session is compared with what it shows, line by line; numbers may differ. A shell block ends with 0, C compiles and runs,
a policy passes `pipseed policy check`, a JSON document has the members that the command writes. Each
block gets a directory of its own, which stands for /home/me; PLACES tells what stands for the other absolute paths.
"""
import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import interpreters
import mkwheel
import pages
import pytest
import run

BLOCKS = list(pages.blocks())
TREE = "a picture of a tree, not a command"
TOOL = "needs the tool, from PyPI: tests/interop runs it"
CONFIGURATION = "configuration of another tool: tests/interop runs it"
LONG = "builds pipseed or tests it for a long time: part of CI, or run by hand"

# {page: {beginning of a line: why it is not run here}}. "" is every line of the page.
NOT_RUN = {
    "README.md": {"scripts/": LONG},
    "docs/hacking.md": {"scripts/": LONG, "tests/": LONG, "PIPSEED=build/dev/bin/pipseed python3 tests/kill/": LONG,
                        "                ": "a comment that goes on"},
    "docs/howto/ansible.md": {"": CONFIGURATION},
    "docs/howto/copier.md": {"": CONFIGURATION},
    "docs/howto/direnv.md": {"layout ": CONFIGURATION},
    "docs/howto/hatch.md": {"": TOOL},
    "docs/howto/jupyter.md": {"kernel/bin/": "needs ipykernel, from PyPI"},
    "docs/howto/nox.md": {"": TOOL},
    "docs/howto/pdm.md": {"": TOOL},
    "docs/howto/pipenv.md": {"": TOOL},
    "docs/howto/poetry.md": {"": TOOL},
    "docs/howto/pre-commit.md": {"": TOOL},
    "docs/howto/pyenv-virtualenv.md": {"after_virtualenv ": CONFIGURATION},
    "docs/howto/ray.md": {"pip install pipseed": "pipseed is not on PyPI yet"},
    "docs/howto/tox.md": {"": CONFIGURATION},
    "docs/howto/uv.md": {"uv venv": TOOL},
    "docs/howto/virtualenv.md": {"": TOOL},
    "docs/json.md": {'{"requested":"/srv/gr': "two members of a document", "path = bytes": "a line of the reader's program"},
    "docs/python.md": {"": "tests/python/test_docs.py runs the page, test_wheel.py installs"},
    "docs/store.md": {"~/.cache": TREE},
    "docs/transactions.md": {"": TREE},
}

# What stands for an absolute path of a page, below the block's directory.
PLACES = {"/home/me": "", "/mnt/image": "image", "/mnt/rootfs": "rootfs", "/srv": "srv", "/opt/python3.13": "opt/python",
          "/tmp/try": "try"}


def reason(block, line):
    """Why this line is not run, or None."""
    for start, why in NOT_RUN.get(block.page, {}).items():
        if line.startswith(start):
            return why
    return None


def lines_to_run(block):
    """The block without what is not run."""
    return [line for line in block.lines if reason(block, line) is None]


RUN = [block for block in BLOCKS if any(line.strip() for line in lines_to_run(block))]


def of_kind(*kinds):
    """A parameter `block` for each block of these kinds."""
    found = [block for block in RUN if block.kind in kinds]
    return pytest.mark.parametrize("block", found, ids=[str(block) for block in found])


class Sandbox:
    """A directory with what the pages take for granted, and how a text of theirs is run there."""

    def __init__(self, path, python):
        self.path = path
        self.python = python
        for name in ("image", "rootfs"):
            (path / name).mkdir()
        self.values = {
            "HOME": path, "LC_ALL": "C.UTF-8",  # the store is the one that all tests of a run share
            "PATH": os.pathsep.join([os.path.dirname(run.command()), os.path.dirname(python), "/usr/bin", "/bin"]),
        }

    def here(self, text):
        """A text of a page, its paths replaced by those of this directory."""
        for place, name in PLACES.items():
            text = re.sub(rf"(?<![\w/]){re.escape(place)}(?![\w.])", str(self.path / name).rstrip("/"), text)
        return text

    def there(self, text):
        """The reverse: what was printed here, as a page shows it."""
        text = text.replace(run.command(), "/usr/bin/pipseed")
        for place, name in sorted(PLACES.items(), key=lambda item: -len(item[1])):
            text = text.replace(str(self.path / name).rstrip("/"), place)
        return text

    def bash(self, text, code=0):
        """Runs a text; stdout and stderr as one."""
        words = ["bash", "-c", f"exec 2>&1\n{text}"]
        return run.run(words, env={**self.values, "PIPSEED_WHEELS_REQUIRE_HASH": "no"}, cwd=self.path, code=code).stdout

    def environment(self, *options, name):
        """pipseed venv."""
        run.run_pipseed(["venv", *options, "-p", self.python, self.path / name], env=self.values)
        return self.path / name

    def packages(self, env):
        """Its site-packages."""
        return interpreters.site_packages(env)


@pytest.fixture
def sandbox(tmp_path, prefix_copies):
    """With the newest Python as python3: a copy, so that no page can change the machine's own."""
    path = tmp_path / "me"
    path.mkdir()
    copied = [python for python in interpreters.found() if python.may_copy]
    return Sandbox(path, prefix_copies(copied[-1]) if copied else interpreters.any_python().exe)


# ---- what a page takes for granted

def for_readme(sandbox):
    """A pip that was killed, an old pip, a list."""
    old = sandbox.environment(name="old")
    (sandbox.packages(old) / "~ip-24.0.dist-info").mkdir()
    (sandbox.packages(old) / "~ip-24.0.dist-info/METADATA").write_text("Name: pip\n")
    sandbox.environment("--pip", "24.0", name="other")
    (sandbox.path / "list.txt").write_text("one\ntwo\n")


def for_command(sandbox):
    """Environments below /srv and wheels of one's own."""
    (sandbox.path / "srv").mkdir()
    sandbox.environment("--pip", "24.0", name="srv/one")
    sandbox.environment(name="srv/two")
    sandbox.environment("--without-pip", name="other")
    wheels = sandbox.path / "srv/wheels"
    wheels.mkdir()
    for name, version in (("pip", "25.2"), ("setuptools", "80.0")):
        mkwheel.Wheel(name, version, files={f"{name}/__init__.py": b""}, scripts={name: f"{name}:main"}).write(wheels)


def for_enable(sandbox):
    """An interpreter of one's own."""
    copied = [python for python in interpreters.found() if python.may_copy]
    if not copied:
        pytest.skip("no interpreter with a prefix of its own that could be copied")
    (sandbox.path / "opt").mkdir()
    interpreters.copy_prefix(copied[-1], sandbox.path / "opt/python")


def for_hooks(sandbox):
    """What the tools above tell their hooks."""
    env = sandbox.environment("--without-pip", name=".venv")
    sandbox.values.update(VIRTUAL_ENV=env, VIRTUALENV_PATH=env, SLURM_JOB_ID="7", SLURM_TMPDIR=sandbox.path)


PREPARED = {"README.md": for_readme, "docs/pipseed.1": for_command, "docs/enable.md": for_enable,
            "docs/howto/pipx.md": for_enable, "docs/howto/pycharm.md": for_enable, "docs/howto/vscode.md": for_enable,
            "docs/pipseed-policy.5": lambda sandbox: None}


def prepare(sandbox, page):
    """Makes what the page takes for granted."""
    PREPARED.get(page, for_hooks)(sandbox)


# ---- the tests

def masked(text):
    """Numbers differ between machines. Below Python 3.12 there is setuptools besides."""
    lines = [re.sub(r"\d+(\.\d+)*", "0", line).rstrip() for line in text.strip().split("\n") if "setuptools" not in line]
    return [line for line in lines if line]


def steps(page):
    """(command, the lines that it prints) of the sessions of a page, which go on from one block to the next."""
    found = []
    for line in (line for block in RUN if block.page == page and block.kind == "session" for line in block.lines):
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return [(command, "\n".join(lines)) for command, lines in found]


@pytest.mark.parametrize("page", sorted({block.page for block in RUN if block.kind == "session"}))
def test_session(page, sandbox):
    """Each command prints what the page shows, and fails only where an error is shown."""
    prepare(sandbox, page)
    text = "".join(f"printf '\\036'\n{sandbox.here(command)}\nprintf '\\037%d' $?\n" for command, _ in steps(page))
    printed = sandbox.bash(text).split("\036")[1:]
    for (command, shown), part in zip(steps(page), printed, strict=True):
        output, code = part.split("\037")
        assert masked(sandbox.there(output)) == masked(shown), command
        assert (code != "0") == shown.startswith("error:"), f"{command}: exit {code}\n{output}"


@of_kind("shell", "script")
def test_shell(block, sandbox):
    """As a script that stops at the first failure."""
    prepare(sandbox, block.page)
    sandbox.bash("set -e\n" + sandbox.here("\n".join(lines_to_run(block))))


@of_kind("c")
def test_c(block, sandbox):
    """The example of the manual page, as the body of a main()."""
    body = sandbox.here("\n".join(block.lines))
    (sandbox.path / "example.c").write_text(
        "#include <pipseed.h>\n#include <pipseed_policy.h>\n#include <stdio.h>\n"
        f"\nint main(void)\n{{\n{body}\nreturn 0;\n}}\n")
    sandbox.environment("--without-pip", name="srv/app/venv")
    libraries = sorted(run.build_dir().glob("lib*/libpipseed.so"))
    if not libraries or b"__asan_init" in Path(run.command()).read_bytes():
        pytest.skip("no libpipseed.so without sanitizers")
    subprocess.run(["cc", "-std=c17", "-Wall", "-Wextra", "-Werror", f"-I{run.REPO}/core/include", f"-I{run.REPO}/conf",
                    "-o", "example", "example.c", libraries[0], f"-Wl,-rpath,{libraries[0].parent}"],
                   cwd=sandbox.path, check=True)
    assert re.match(r"pip \d", run.run([sandbox.path / "example"], env=sandbox.values).stdout)


@of_kind("policy")
def test_policy(block, sandbox, system_policy):
    """Each display of pipseed-policy(5) is a policy that a system may have."""
    sha256 = "0" * 64
    lines = [re.sub(r"(whl = )[0-9a-f]*\.\.\.", rf"\g<1>{sha256}", line) for line in block.lines]
    if block.section:
        lines.insert(0, block.section)
    path = system_policy / "policy.ini"
    path.write_text("\n".join(lines) + "\n")
    run.run_pipseed(["policy", "check"], system=system_policy, env=sandbox.values)


# ---- JSON

def members(value, before=""):
    """The names of all members, "packages[].name"; of a list's first element."""
    if isinstance(value, list):
        return members(value[0], f"{before}[]") if value else set()
    if not isinstance(value, dict):
        return set()
    names = set()
    for name, inner in value.items():
        names |= {f"{before}.{name}"} | members(inner, f"{before}.{name}")
    return names


def document(block):
    """The block's document; what the page leaves out is left out."""
    text = "\n".join(lines_to_run(block))
    return json.loads(text.replace("[...]", "[]"))


def break_pip(sandbox):
    """A file of pip is changed."""
    env = sandbox.environment("--link-mode", "copy", name="env")
    with open(sandbox.packages(env) / "pip/__init__.py", "a", encoding="utf-8") as file:
        file.write("#\n")


def leave_rest(sandbox):
    """What a killed pip leaves."""
    (sandbox.packages(sandbox.environment(name="env")) / "~ip").mkdir()


JSON = {  # {(command, status): (what to make before, the words that print such a document)}
    ("seed", "error"): (lambda s: s.environment(name="env"), "seed --user env"),
    ("seed", "ok"): (lambda s: s.environment("--without-pip", name="env"), "seed -o seed.packages=pip env"),
    ("venv", "ok"): (None, "venv -o seed.packages=pip env"),
    ("verify", "findings"): (break_pip, "verify env"),
    ("doctor", "findings"): (leave_rest, "doctor env"),
    ("policy show", "ok"): (lambda s: (s.path / "my.ini").write_text("[seed]\npip = 26\n"), "policy show seed.pip --policy my.ini"),
    ("wheels list", "ok"): (None, "wheels list"),
    ("cache info", "ok"): (lambda s: s.environment(name="env"), "cache info"),
    ("explain", "findings"): (None, "explain virtualenv"),
    ("status", "ok"): (None, "status"),
    ("pipseed", "ok"): (None, "--version"),
}


@of_kind("json")
def test_json(block, sandbox):
    """A document of docs/json.md has the members that the command writes now."""
    shown = document(block)
    make, words = JSON[shown["command"], shown["status"]]
    if make is not None:
        make(sandbox)
    printed = json.loads(run.run_pipseed([*words.split(), "--json"], env=sandbox.values, cwd=sandbox.path, code=None).stdout)
    assert printed["command"] == shown["command"]
    names = {name for name in members(printed) if not name.endswith("_bytes")}
    left_out = {f".{name}" for name, value in shown.items() if value == []}
    assert {name for name in names if not any(name.startswith(f"{out}[]") for out in left_out)} == members(shown)


# ---- the tables, and commands within sentences

def test_tables_are_true():
    """Each line of NOT_RUN is still on its page; what it names is there."""
    for page, rows in NOT_RUN.items():
        lines = [line for block in BLOCKS if block.page == page for line in block.lines]
        for start in rows:
            assert not (run.REPO / page).exists() or any(line.startswith(start) for line in lines), f"{page}: {start}"
    for block in BLOCKS:
        for line in block.lines:
            if reason(block, line) == LONG:
                script = next(word for word in line.split() if "/" in word and "=" not in word)
                assert (run.REPO / script).exists(), f"{block}: {line}"


def option_names(words):
    """The options that the help of a command lists."""
    return set(re.findall(r"(?<![\w-])--?[\w-]+", run.run_pipseed([*words, "--help"]).stdout))


def test_commands_in_sentences():
    """`pipseed ...` within a sentence: the command exists, and so do its options."""
    table = {}
    for page, text in pages.inline_commands():
        words = shlex.split(text)[1:]
        command = [word for word in words[:2] if re.fullmatch(r"[a-z]+", word)]
        options = {word.split("=")[0] for word in words if word.startswith("-")}
        for length in range(len(command), -1, -1):
            key = tuple(command[:length])
            if key not in table:
                table[key] = option_names(key) if run.run_pipseed([*key, "--help"], code=None).code == 0 else None
            if table[key] is not None:
                break
        assert key or not command, f"{page}: there is no {text}"
        assert options <= table[key], f"{page}: {text}"
