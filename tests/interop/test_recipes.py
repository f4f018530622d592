# SPDX-License-Identifier: MIT
"""The recipes of docs/howto for tools above virtualenv: each tool is run twice, once as the page says and once in a way
that bypasses pipseed. `pipseed explain` must foretell both, and INSTALLER says who put pip in."""
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import fixtures

CHOSEN = {"VIRTUALENV_SEEDER": "pipseed"}
PYPROJECT = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = []\n'


@dataclass(frozen=True)
class Recipe:
    """How a tool makes an environment, and one way past pipseed."""

    name: str
    args: list
    files: dict = field(default_factory=dict)
    env: dict = field(default_factory=dict)
    bypass: dict = field(default_factory=dict)  # variables that are set besides; None takes one away
    bypass_files: dict = field(default_factory=dict)
    why: str = "seeder-unset"
    tool: str = ""  # when it is not the name
    before: tuple = ()

    @property
    def id(self):
        """For pytest."""
        return f"{self.tool or self.name}-{self.why}"


UNSET = {"VIRTUALENV_SEEDER": None}
TOX_INI = "[tox]\nskipsdist = true\nno_package = true\n[testenv]\ncommands = python -c pass\n"
NOXFILE = "import nox\n@nox.session({})\ndef demo(session):\n    session.run('python', '-c', 'pass')\n"
HATCH = '[envs.default]\ndetached = true\n{}\n'
PRE_COMMIT = """repos:
- repo: local
  hooks:
  - id: demo
    name: demo
    entry: python -c pass
    language: python
"""
GIT = ("sh", "-c", "git init -q . && git add -A && git -c user.name=x -c user.email=x@y commit -qm x")

RECIPES = [
    Recipe("virtualenv", ["virtualenv", "env"], env=CHOSEN, bypass=UNSET),
    Recipe("virtualenv", ["virtualenv", "env"], env=CHOSEN, bypass=UNSET, tool="virtualenv-oldest"),
    Recipe("virtualenv", ["virtualenv", "env"], env=CHOSEN, why="seeder-other",
           bypass={"VIRTUALENV_SEEDER": "app-data"}),
    Recipe("virtualenv", ["virtualenv", "env"], env=CHOSEN, bypass={"VIRTUALENV_NO_PIP": "1"}, why="no-pip"),
    Recipe("tox", ["tox", "-e", "py"], {"tox.ini": TOX_INI}, env=CHOSEN, bypass=UNSET),
    Recipe("nox", ["nox", "-s", "demo"], {"noxfile.py": NOXFILE.format("")}, env=CHOSEN, bypass=UNSET),
    Recipe("nox", ["nox", "-s", "demo"], {"noxfile.py": NOXFILE.format("")}, env=CHOSEN, why="backend",
           bypass={"NOX_DEFAULT_VENV_BACKEND": "venv"}),
    Recipe("nox", ["nox", "-s", "demo"], {"noxfile.py": NOXFILE.format('venv_params=["--seeder", "pipseed"]')},
           why="backend", bypass_files={"noxfile.py": NOXFILE.format('venv_backend="venv"')}),
    Recipe("hatch", ["hatch", "env", "create"], {"pyproject.toml": PYPROJECT, "hatch.toml": HATCH.format("")},
           env=CHOSEN, bypass=UNSET),
    Recipe("hatch", ["hatch", "env", "create"], {"pyproject.toml": PYPROJECT, "hatch.toml": HATCH.format("")},
           env=CHOSEN, why="uv-installer", bypass_files={"hatch.toml": HATCH.format('installer = "uv"')}),
    Recipe("pdm", ["pdm", "venv", "create", fixtures.PYTHON], {"pyproject.toml": PYPROJECT}, why="no-pip",
           env={**CHOSEN, "PDM_VENV_WITH_PIP": "1", "PDM_CHECK_UPDATE": "0"}, bypass={"PDM_VENV_WITH_PIP": None}),
    Recipe("pdm", ["pdm", "venv", "create", fixtures.PYTHON], {"pyproject.toml": PYPROJECT}, why="backend",
           env={**CHOSEN, "PDM_VENV_WITH_PIP": "1", "PDM_CHECK_UPDATE": "0"}, bypass={"PDM_VENV_BACKEND": "venv"}),
    Recipe("poetry", ["poetry", "env", "use", fixtures.PYTHON], {"pyproject.toml": PYPROJECT},
           env={**CHOSEN, "POETRY_VIRTUALENVS_OPTIONS_NO_PIP": "false"}, bypass=UNSET),
    Recipe("poetry", ["poetry", "env", "use", fixtures.PYTHON], {"pyproject.toml": PYPROJECT}, env=CHOSEN,
           why="no-pip", bypass_files={"poetry.toml": "[virtualenvs.options]\nno-pip = true\n"}),
    Recipe("pipenv", ["pipenv", "--python", fixtures.PYTHON], {"Pipfile": "[packages]\n"}, env=CHOSEN, bypass=UNSET),
    Recipe("pre-commit", ["pre-commit", "install-hooks"], {".pre-commit-config.yaml": PRE_COMMIT}, bypass=UNSET,
           env={**CHOSEN, "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1"}, before=GIT),
]


def test_every_tool_of_the_manual_has_a_page():
    """And none has more than ten lines below its title."""
    manual = (fixtures.HOWTO.parent / "pipseed.1").read_text()
    pages = {page.stem for page in fixtures.HOWTO.glob("*.md")} - {"README"}
    for page in pages:
        lines = [line for line in (fixtures.HOWTO / f"{page}.md").read_text().splitlines()[1:] if line.strip()]
        assert len(lines) <= 10, page
        assert page in manual
        assert f"({page}.md)" in (fixtures.HOWTO / "README.md").read_text()


def _set_up(project, recipe, env, files):
    project.mkdir(exist_ok=True)
    for name, text in files.items():
        (project / name).write_text(text)
    if recipe.before:
        fixtures.run.run(recipe.before, cwd=project, env=env)


def _make(tool, recipe, project, env):
    tool.run(recipe.args, cwd=project, env=env)
    # Where the environment is, is each tool's own affair: below the project, or below the HOME of this run.
    found = [path.parent for top in (project, Path(env["HOME"])) for path in top.rglob("pyvenv.cfg")]
    assert len(found) == 1, found
    return fixtures.installer(found[0])


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
def test_recipe(recipe, tmp_path, settings):
    """As the page says: pipseed. Bypassed: something else, or nothing."""
    tool = fixtures.tool(recipe.tool or recipe.name)
    for uses in (True, False):
        project = tmp_path / ("with" if uses else "without")
        home = tmp_path / f"home-{uses}"
        home.mkdir()
        env = {**settings, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), **recipe.env,
               **({} if uses else recipe.bypass)}
        env = {name: value for name, value in env.items() if value is not None}
        _set_up(project, recipe, tool.env(env), {**recipe.files, **({} if uses else recipe.bypass_files)})
        verdict = fixtures.explain(recipe.name, tool, cwd=project, env=env)
        assert verdict["uses_pipseed"] == uses, verdict
        assert uses or recipe.why in fixtures.codes(verdict), verdict
        assert (_make(tool, recipe, project, env) == "pipseed") == uses


def test_virtualenv_ini(tmp_path, home, settings):
    """The file chooses pipseed as well, also for what hides variables, such as Ray."""
    tool = fixtures.tool("virtualenv")
    ini = home / ".config/virtualenv/virtualenv.ini"
    ini.parent.mkdir(parents=True)
    ini.write_text("[virtualenv]\nseeder = pipseed\n")
    verdict = fixtures.explain("virtualenv", tool, cwd=tmp_path, env=settings)
    assert verdict["uses_pipseed"] and verdict["selected_by"] == str(ini)
    fixtures.run.run(["env", "-i", f"HOME={home}", tool.bin / "python", "-m", "virtualenv", "--app-data", tmp_path / "data",
                 "--no-periodic-update", "--system-site-packages", "--no-download", tmp_path / "env"])
    assert fixtures.installer(tmp_path / "env") == "pipseed"


def test_without_the_plugin(tmp_path, settings):
    """Chosen, but not installed: virtualenv refuses, and explain says so."""
    tool = fixtures.tool("without-plugin")
    verdict = fixtures.explain("virtualenv", tool, cwd=tmp_path, env={**settings, **CHOSEN})
    assert fixtures.codes(verdict) == ["plugin-missing"]
    assert str(tool.bin) in verdict["findings"][0]["hint"]
    tool.run(["virtualenv", "env"], cwd=tmp_path, env={**settings, **CHOSEN}, code=1)


def test_tox_uv(project, settings):
    """tox-uv bypasses in silence."""
    tool = fixtures.tool("tox-uv")
    (project / "tox.ini").write_text(TOX_INI)
    assert fixtures.codes(fixtures.explain("tox", tool, cwd=project, env={**settings, **CHOSEN})) == ["tox-uv"]
    tool.run(["tox", "-e", "py"], cwd=project, env={**settings, **CHOSEN})
    assert fixtures.installer(project / ".tox/py") is None
    shutil.rmtree(project / ".tox")
    (project / "tox.ini").write_text(TOX_INI.replace("commands", "runner = virtualenv\ncommands"))
    assert fixtures.explain("tox", tool, cwd=project, env={**settings, **CHOSEN})["uses_pipseed"]
    tool.run(["tox", "-e", "py"], cwd=project, env={**settings, **CHOSEN})
    assert fixtures.installer(project / ".tox/py") == "pipseed"


def test_tox_requires(project, settings):
    """The page's tox.ini: tox installs pipseed by itself, into an environment of its own."""
    tool = fixtures.tool("tox")
    (project / "tox.ini").write_text(fixtures.howto("tox")[0].replace("[testenv]", "no_package = true\n[testenv]"))
    house = fixtures.BASE / "tox-wheels"
    if not list(house.glob("tox-*.whl")):
        try:
            fixtures.fetch([fixtures.PYTHON, "-m", "pip", "download", "-q", "-d", house, "tox"])
        except fixtures.Unreachable as error:
            pytest.skip(f"wheels of tox cannot be had: {error}")
    env = {**settings, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": f"{house} {fixtures.wheel().parent}"}
    plain = fixtures.tool("tox-plain")
    verdict = fixtures.explain("tox", plain, cwd=project, env=env)
    assert verdict["uses_pipseed"] and verdict["pipseed"] is None, verdict
    plain.run(["tox", "-e", "py"], cwd=project, env=env)
    assert fixtures.installer(project / ".tox/py") == "pipseed"
