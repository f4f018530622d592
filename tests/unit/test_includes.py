# SPDX-License-Identifier: MIT
"""Which room includes which: scripts/includes.py finds nothing here, and does find what it is there for."""
import shutil
import subprocess
import sys

import pytest
import run

CHECK = run.REPO / "scripts/includes.py"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the sources."""
    directory = tmp_path_factory.mktemp("tree")
    for top in ("core", "conf", "wheels", "plugin"):
        shutil.copytree(run.REPO / top, directory / top)
    return directory


def check(tree):
    """Exit code and lines."""
    result = subprocess.run([sys.executable, CHECK, tree], capture_output=True, text=True)
    assert not result.stderr
    return result.returncode, result.stdout.splitlines()


def test_nothing_is_found():
    """As things stand; scripts/lint asks the same."""
    assert check(run.REPO) == (0, [])
    assert subprocess.run([run.REPO / "scripts/lint", "includes"], capture_output=True).returncode == 0


WRONG = {
    "the inside of the library": ("plugin/cli/main.c", "base/str.h"),
    "the same by a longer name": ("plugin/cli/main.c", "core/base/str.h"),
    "the same by its relative name": ("plugin/cli/main.c", "../../core/base/str.h"),
    "another front end": ("plugin/python/create.c", "../cli/cli_error.h"),
    "the policy's inside": ("plugin/hook/hook.c", "conf/settings.h"),
    "something that is not there": ("plugin/cli/main.c", "nowhere.h"),
    "a front end, from the library": ("core/create.c", "plugin/cli/common.h"),
    "upwards": ("core/base/str.c", "wheel/version.h"),
    "from a room to a story": ("core/install/plan/plan.c", "job.h"),
    "hooks know no target": ("core/hooks/module.c", "target/target.h"),
    "the library knows no policy": ("core/seed.c", "settings.h"),
    "the policy knows no wheel but for versions": ("conf/policy.c", "wheel/zip.h"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong(case, tree):
    """Each kind, by file and line."""
    source, header = WRONG[case]
    path = tree / source
    text = path.read_text()
    path.write_text(f'#include "{header}"\n' + text)
    try:
        code, lines = check(tree)
    finally:
        path.write_text(text)
    assert code == 1 and len(lines) == 1 and lines[0].startswith(f'{source}:1: error: "{header}": '), lines


def test_new_room(tree):
    """A directory that nobody has said anything about."""
    (tree / "core/attic").mkdir()
    (tree / "core/attic/x.h").write_text("")
    assert check(tree) == (1, ["core/attic/x.h: directory core/attic is not in the table of scripts/includes.py"])
    shutil.rmtree(tree / "core/attic")
