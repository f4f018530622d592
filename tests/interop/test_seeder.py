# SPDX-License-Identifier: MIT
"""The seeder of virtualenv: its options, its failures, and what it costs those who do not choose it."""
import os
import statistics
import time

import pytest
import fixtures

OLDEST_AND_NEWEST = ("virtualenv-oldest", "virtualenv")


@pytest.fixture(params=OLDEST_AND_NEWEST)
def virtualenv(request, tmp_path, settings):
    """virtualenv(*options) -> (result, environment), for the oldest and the newest virtualenv."""
    tool = fixtures.tool(request.param)
    count = 0

    def call(*options, env=None, code=0, system=None):
        nonlocal count
        count += 1
        directory = tmp_path / f"env{count}"
        return tool.run(["virtualenv", "--seeder", "pipseed", *options, directory], cwd=tmp_path,
                        env={**settings, **(env or {})}, code=code, system=system), directory

    call.has_wheel = request.param == "virtualenv-oldest"
    return call


def usual(call, *others):
    """What is seeded below Python 3.12: up to 20.30 virtualenv has wheel, too."""
    return {*others, "wheel"} if call.has_wheel else set(others)


def packages(env):
    """{name: version}"""
    return dict(path.name[: -len(".dist-info")].split("-") for path in env.glob("lib/py*/site-packages/*.dist-info"))


def test_options(virtualenv):
    """What tools pass is understood, and obeyed or said to have no effect."""
    result, env = virtualenv("--no-download", "--no-periodic-update", "--no-wheel", "--never-download")
    assert fixtures.installer(env) == "pipseed"
    assert set(packages(env)) == {"pip", "setuptools"}  # below Python 3.12, as virtualenv does
    assert {"pip", "pip3"} < set(os.listdir(env / "bin"))
    result, env = virtualenv("--extra-search-dir", fixtures.wheel().parent, "--no-setuptools", "--download")
    assert set(packages(env)) == usual(virtualenv, "pip")
    assert "--download has no effect" in result.stdout + result.stderr
    result, env = virtualenv("--setuptools", "none", "--wheel", "bundle", "--symlink-app-data")
    assert set(packages(env)) == usual(virtualenv, "pip")
    assert ("--wheel has no effect" in result.stdout + result.stderr) != virtualenv.has_wheel
    main = next(env.glob("lib/py*/site-packages/pip/__main__.py"))
    assert main.is_symlink()
    result, env = virtualenv("--no-pip")
    assert set(packages(env)) == usual(virtualenv, "setuptools")
    result, env = virtualenv("--no-pip", "--no-setuptools", "--no-wheel")
    assert packages(env) == {}
    result, env = virtualenv("--no-seed")
    assert packages(env) == {}


@pytest.mark.parametrize("virtualenv", ["virtualenv-oldest"], indirect=True)
def test_wheel(virtualenv):
    """virtualenv's own wheel, checked as every wheel is; unasked not where the policy says what is installed."""
    result, env = virtualenv()
    assert packages(env)["wheel"] == "0.43.0"
    assert "seeder PipseedSeeder(download=False, pip=bundle, setuptools=bundle, wheel=bundle)" in result.stdout
    assert next(env.glob("lib/py*/site-packages/wheel-*/INSTALLER")).read_text().strip() == "pipseed"
    assert fixtures.run.run([env / "bin/wheel", "version"]).stdout.split()[:2] == ["wheel", "0.43.0"]
    assert packages(virtualenv("--wheel", "0.43.0")[1])["wheel"] == "0.43.0"
    assert "wheel" not in packages(virtualenv(env={"VIRTUALENV_WHEEL": "none"})[1])
    result, env = virtualenv("--wheel", "0.42.0", code=1)
    assert "pipseed would install wheel 0.43.0" in result.stdout + result.stderr
    assert packages(env) == {}
    for variable, value, refused in (("SEED_PACKAGES", "pip", 0), ("WHEELS_REQUIRE_HASH", "yes", 3)):
        policy = {f"PIPSEED_{variable}": value}
        result, env = virtualenv("-v", env=policy)
        assert "pip" in packages(env) and "wheel" not in packages(env)
        assert "skipping wheel" in result.stdout + result.stderr
        result, env = virtualenv("--wheel", "bundle", env=policy, code=refused)
        assert ("wheel" in packages(env)) == (refused == 0)
    assert list((fixtures.run.scratch() / "tmp").glob("pipseed-*")) == []


@pytest.mark.parametrize("lock", ["wheels.dirs", "seed.packages"])
@pytest.mark.parametrize("virtualenv", ["virtualenv-oldest"], indirect=True)
def test_wheel_and_locks(virtualenv, lock, system_policy, monkeypatch):
    """What the administrator locked is no obstacle to those who did not ask for wheel, and not passed over."""
    monkeypatch.setattr(fixtures.run, "sysconf_dir", lambda: "/etc")  # the wheel's, whatever the build has
    (system_policy / "policy.ini").write_text(f"[policy]\nlock = {lock}\n")
    assert set(packages(virtualenv(system=system_policy)[1])) == {"pip", "setuptools"}
    result, env = virtualenv("--wheel", "bundle", system=system_policy, code=3)
    assert "lock" in result.stdout + result.stderr
    assert packages(env) == {}


@pytest.mark.parametrize("virtualenv", ["virtualenv-oldest"], indirect=True)
def test_wheel_in_a_dir_of_a_group(virtualenv):
    """umask 002 makes virtualenv's own directory writable for a group; it is nevertheless the program that runs."""
    directory = next(fixtures.tool("virtualenv-oldest").bin.parent.glob("lib/py*/site-packages/virtualenv/seed/wheels/embed"))
    os.chmod(directory, 0o775)
    try:
        assert "wheel" in packages(virtualenv()[1])
    finally:
        os.chmod(directory, 0o755)


def test_system_site_packages(virtualenv):
    """A pip that the base has is no reason not to put one in; afterwards the environment sees the base."""
    _, env = virtualenv("--system-site-packages", "-p", fixtures.PYTHON)
    assert fixtures.installer(env) == "pipseed"
    assert "include-system-site-packages = true" in (env / "pyvenv.cfg").read_text()


def test_version_of_pip(virtualenv):
    """--pip chooses, or says why not."""
    _, env = virtualenv("--pip", "25.0.1")
    assert packages(env)["pip"] == "25.0.1"
    _, env = virtualenv("--pip", "bundle")
    assert packages(env)["pip"] == packages(virtualenv()[1])["pip"] != "25.0.1"
    result, env = virtualenv("--pip", "20.2", code=1)
    assert "no wheel of pip 20.2 is compatible" in result.stdout + result.stderr
    assert "hint: " in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert packages(env) == {}


def test_again_in_its_place(virtualenv):
    """An older pip is brought up to date; a newer one is not replaced, and that is said."""
    _, env = virtualenv("--pip", "25.0.1")
    newest = packages(virtualenv()[1])["pip"]
    tool = fixtures.tool("virtualenv")
    tool.run(["virtualenv", "--seeder", "pipseed", env], cwd=env.parent)
    assert packages(env)["pip"] == newest
    result = tool.run(["virtualenv", "--seeder", "pipseed", "--pip", "25.0.1", env], cwd=env.parent, code=None)
    assert result.code != 0 and "25.0.1" in result.stdout + result.stderr, str(result)
    assert packages(env)["pip"] == newest


def test_version_of_setuptools(virtualenv):
    """Only the one that pipseed has."""
    have = packages(virtualenv()[1])["setuptools"]
    assert packages(virtualenv("--setuptools", have)[1])["setuptools"] == have
    result, env = virtualenv("--setuptools", "65.0.0", code=1)
    assert f"pipseed would install setuptools {have}" in result.stdout + result.stderr
    assert packages(env) == {}


def test_the_policy_rules(virtualenv, tmp_path):
    """Its values hold where no option says otherwise; its refusals are exit codes of their own."""
    policy = tmp_path / "policy.ini"
    policy.write_text("[seed]\npip = <26\npackages = pip\n")
    _, env = virtualenv(env={"PIPSEED_POLICY": str(policy)})
    assert packages(env) == {"pip": "25.0.1"}
    policy.write_text("[seed]\nwrong = 1\n")
    result, env = virtualenv(env={"PIPSEED_POLICY": str(policy)}, code=3)
    assert f"{policy}:2" in result.stdout + result.stderr
    assert packages(env) == {}


def test_a_program_gets_an_exception(tmp_path, settings):
    """Who calls virtualenv as a library gets a RuntimeError, not an exit."""
    tool = fixtures.tool("virtualenv")
    script = "import virtualenv\ntry:\n    virtualenv.cli_run(['--seeder', 'pipseed', '--pip', '20.2', 'env'])\n" \
             "except RuntimeError as error:\n    print(isinstance(error, SystemExit), error)\n"
    result = tool.run(["python", "-c", script], cwd=tmp_path, env=settings)
    assert result.stdout.splitlines()[-2].startswith("False no wheel of pip 20.2 is compatible")


@pytest.mark.parametrize("name", OLDEST_AND_NEWEST)
def test_nothing_heavy_when_it_is_not_chosen(name, tmp_path, settings):
    """virtualenv imports every seeder: this one brings no module with it that is not there anyway."""
    tool = fixtures.tool(name)
    script = "import sys, time, virtualenv.run\nimport virtualenv.seed.embed.via_app_data.via_app_data\n" \
             "before = set(sys.modules)\nimport pipseed_virtualenv\nprint(*sorted(set(sys.modules) - before))\n"
    result = tool.run(["python", "-c", script], cwd=tmp_path, env=settings)
    assert result.stdout.split() == ["pipseed_virtualenv"]
    timed = tool.run(["python", "-X", "importtime", "-m", "virtualenv", "--no-seed", "env"], cwd=tmp_path, env=settings)
    assert "virtualenv.seed.embed.base_embed" in timed.stderr
    assert not [line for line in timed.stderr.splitlines() if line.split("|")[-1].strip().startswith("pipseed.")]


def test_every_interpreter(python, virtualenv):
    """All that virtualenv itself can still make environments of."""
    result, env = virtualenv("-p", python.exe, code=None)
    if result.code != 0:
        assert "pipseed" not in (result.stdout + result.stderr).replace("--seeder pipseed", ""), str(result)
        assert python.minor < (3, 8), str(result)
        pytest.skip(f"this virtualenv makes no environment of {python.name}")
    assert fixtures.installer(env) == "pipseed"
    assert set(packages(env)) == (usual(virtualenv, "pip", "setuptools") if python.has_setuptools else {"pip"})
    assert "pip " in fixtures.run.run([env / "bin/pip", "--version"]).stdout


@pytest.mark.parametrize("virtualenv", ["virtualenv"], indirect=True)
def test_cost(virtualenv, settings, tmp_path):
    """virtualenv with pipseed takes at most 1.15 times as long as without seeding: medians, taken in turn."""
    if not os.environ.get("PIPSEED_TEST_LONG"):
        pytest.skip("times mean something on an idle machine only: PIPSEED_TEST_LONG=1")
    assert fixtures.installer(virtualenv()[1]) == "pipseed"
    tool = fixtures.tool("virtualenv")
    times = {"--no-seed": [], "--seeder=pipseed": []}
    for turn in range(15):
        for option, taken in times.items():
            start = time.monotonic()
            tool.run(["virtualenv", "-q", option, tmp_path / f"env{option}{turn}"], cwd=tmp_path, env=settings)
            taken.append(time.monotonic() - start)
    without, with_it = (statistics.median(taken) for taken in times.values())
    print(f"{with_it * 1000:.0f} ms with, {without * 1000:.0f} ms without: {with_it / without:.3f}")
    assert with_it <= 1.15 * without
