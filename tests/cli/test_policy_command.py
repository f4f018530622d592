# SPDX-License-Identifier: MIT
"""Every key of the policy, set in every layer, seen in what the command then does and in `policy show`; and locks.

A case is a key, a value for it, and an observation: what a run does that depends on the key. The observation must give
`default` without the setting and `expected` with it, in whichever layer it stands.
"""
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import interpreters
import pytest
import run
import wheelhouse

PYTHON = interpreters.any_python()  # below 3.12 there is setuptools to leave out
NEWEST = "26.3" if PYTHON.minor >= (3, 10) else None
OLDER = "25.0.1"
BUNDLED_WHEEL = f"pip-{NEWEST}-py3-none-any.whl"


# ---- observations: (bench, options) -> what was seen; options go to the run of pipseed

class Bench:
    """What observations work with."""

    def __init__(self, tmp_path, home, pipseed, new_env, prefix, managed):
        self.tmp_path, self.home = tmp_path, home
        self.call, self.new_env = pipseed, new_env
        self.prefix, self.managed = prefix, managed

    def seed(self, *args, options, code=0, env=None, **more):
        """`pipseed seed` under the settings of a layer; exit code None: any."""
        variables = {**options.variables, **(env or {})}
        return self.call("seed", *args, *options.args, env=variables, system=options.system, code=code, **more)

    def seeded(self, *args, options, **more):
        """A fresh environment, seeded."""
        env = self.new_env(PYTHON)
        self.seed(*args, env, options=options, **more)
        return env


@dataclass
class Options:
    """How a layer says something to a run."""

    args: tuple = ()
    variables: dict = None
    system: Path = None
    origin: str = ""  # what `policy show` has to name

    def __post_init__(self):
        self.variables = self.variables or {}


def dist_infos(env):
    """{project: version} of what is installed."""
    directories = interpreters.site_packages(env).glob("*.dist-info")
    return dict(path.name[:-len(".dist-info")].split("-") for path in directories)


def pip_version(bench, options):
    """Which pip is installed."""
    return dist_infos(bench.seeded(options=options))["pip"]


def projects(bench, options):
    """What is installed."""
    return sorted(dist_infos(bench.seeded(options=options)))


def scripts(bench, options):
    """Names of pip's scripts, with X and X.Y for the version."""
    env = bench.seeded(options=options)
    major, minor = PYTHON.minor
    return sorted(path.name.replace(f"{major}.{minor}", "X.Y").replace(f"{major}", "X")
                  for path in (env / "bin").glob("pip*"))


def upgraded(bench, options):
    """What becomes of an older pip."""
    env = bench.new_env(PYTHON)
    bench.call("seed", "--pip", OLDER, env)
    bench.seed(env, options=options)
    return dist_infos(env)["pip"]


def user_exit(bench, options):
    """Is --user allowed?"""
    code = bench.seed("--user", "--python", bench.prefix, options=options, code=None).code
    shutil.rmtree(bench.home / ".local", ignore_errors=True)
    return code


def managed_exit(bench, options):
    """May a managed Python be changed?"""
    return bench.seed("--dry-run", "--python", bench.managed, options=options, code=None).code


def installer(bench, options):
    """Content of INSTALLER."""
    env = bench.seeded(options=options)
    texts = {path.read_text().strip() for path in interpreters.site_packages(env).glob("*.dist-info/INSTALLER")}
    assert len(texts) == 1
    return texts.pop()


def seed_exit(bench, options):
    """Is there a wheel at all?"""
    return bench.seed(bench.new_env(PYTHON), options=options, code=None).code


def wheel_dir(bench):
    """A directory with the pip of the interpreter's ensurepip, and its setuptools."""
    directory = bench.tmp_path / "wheels"
    if not directory.exists():
        directory.mkdir()
        for path in Path(PYTHON.wheel_dir).glob("*.whl"):
            shutil.copy(path, directory)
    return directory


def found_in_dirs(bench, options):
    """Which exit code, when a pip is asked for that is in the directory and not in the bundle."""
    wheel_dir(bench)
    (bench.tmp_path / "no-wheels").mkdir(exist_ok=True)
    return bench.seed("--pip", f"=={PYTHON.pip}", bench.new_env(PYTHON), options=options, code=None).code


def unpinned_exit(bench, options):
    """Is a wheel without a pin installed?"""
    directory = wheel_dir(bench)
    return bench.seed("--no-bundled", "--wheel-dir", directory, bench.new_env(PYTHON), options=options, code=None).code


def unsafe_exit(bench, options):
    """Is a wheel installed that others can write?"""
    directory = wheel_dir(bench)
    for path in directory.iterdir():
        path.chmod(0o666)
    return bench.seed("--no-bundled", "--wheel-dir", directory, bench.new_env(PYTHON), options=options, code=None).code


def placing(bench, options):
    """How pip/__init__.py was placed, as far as stat tells."""
    path = interpreters.site_packages(bench.seeded(options=options)) / "pip/__init__.py"
    if path.is_symlink():
        return "symlink"
    return "hardlink" if path.stat().st_nlink > 1 else "file of its own"


def bytecode(bench, options):
    """The flags of the .pyc files: 0 timestamp, 3 checked hash; none: there are none."""
    env = bench.seeded(options=options)
    files = list(interpreters.site_packages(env).rglob("*.pyc"))
    flags = {int.from_bytes(path.read_bytes()[4:8], "little") for path in files}
    return sorted(flags)


def syncs(bench, options):
    """Does a run on a warm store sync anything?"""
    if shutil.which("strace") is None:
        pytest.skip("no strace")
    bench.call("seed", bench.new_env(PYTHON))
    trace = bench.tmp_path / "trace"
    probe = run.run(["true"], wrap=("strace", "-f", "-o", trace), code=None)
    if probe.code != 0:
        pytest.skip(f"strace does not work here: {probe.stderr.strip()}")
    wrap = ("strace", "-f", "-o", str(trace), "-e", "trace=fsync,fdatasync,syncfs,sync_file_range,sync")
    bench.seeded(options=options, wrap=wrap)
    return any(name in trace.read_text() for name in ("fsync(", "fdatasync(", "syncfs(", "sync("))


def store_used(bench, options):
    """Is there anything in the named directory?"""
    directory = bench.tmp_path / "store"
    shutil.rmtree(directory, ignore_errors=True)
    bench.seeded(options=options)
    return directory.is_dir() and any(directory.iterdir())


def system_store_used(bench, options):
    """Do the installed files lie in the system's store?"""
    directory = bench.tmp_path / "carried"
    if not directory.exists():
        bench.call("seed", "--set", f"cache.dir={directory}", bench.new_env(PYTHON))
    inodes = {path.stat().st_ino for path in directory.rglob("__init__.py")}
    env = bench.seeded("--link-mode", "hardlink", options=options,
                       env={"PIPSEED_CACHE_DIR": str(bench.tmp_path / "empty-store")})
    shutil.rmtree(bench.tmp_path / "empty-store", ignore_errors=True)
    return (interpreters.site_packages(env) / "pip/__init__.py").stat().st_ino in inodes


def nothing(_bench, _options):
    """No effect on this `seed`: the tests of `pipseed venv` and tests/adversary have it."""
    return None


@dataclass
class Case:
    """One key with one value."""

    key: str
    value: str
    observe: Callable
    default: Any
    expected: Any
    other: str = ""  # another value, for locks


CASES = [
    Case("seed.pip", OLDER, pip_version, NEWEST, OLDER, "==25.2"),
    Case("seed.pip", f"<{OLDER}", pip_version, NEWEST, "24.0"),
    Case("seed.packages", "pip", projects, ["pip", "setuptools"], ["pip"], "pip setuptools"),
    Case("seed.packages", "pip setuptools", projects, ["pip", "setuptools"], ["pip", "setuptools"]),
    Case("seed.scripts", "default", scripts, ["pipX", "pipX.Y"], ["pip", "pipX", "pipX.Y"], "alt"),
    Case("seed.scripts", "alt", scripts, ["pipX", "pipX.Y"], ["pipX.Y"]),
    Case("seed.upgrade", "yes", upgraded, OLDER, NEWEST, "no"),
    Case("seed.user", "deny", user_exit, 0, 3, "allow"),
    Case("seed.externally-managed", "override", managed_exit, 3, 0, "honour"),
    Case("seed.installer", "the rightful owner", installer, "pipseed", "the rightful owner", "pip"),
    Case("wheels.bundled", "no", seed_exit, 0, 1, "yes"),
    Case("wheels.dirs", "{tmp_path}/no-wheels:{tmp_path}/wheels", found_in_dirs, 1, 0, "{tmp_path}/else"),
    Case("wheels.require-hash", "yes", unpinned_exit, 0, 3, "auto"),
    Case("wheels.require-hash", "no", unsafe_exit, 3, 0),
    Case(f"sha256.{BUNDLED_WHEEL}", "{right}", seed_exit, 0, 0, "{wrong}"),
    Case(f"sha256.{BUNDLED_WHEEL}", "{wrong}", seed_exit, 0, 4),
    Case("install.link-mode", "symlink", placing, None, "symlink", "copy"),
    Case("install.link-mode", "copy", placing, None, "file of its own"),
    Case("install.link-mode", "hardlink", placing, None, "hardlink"),
    Case("install.bytecode", "no", bytecode, [0], [], "yes"),
    Case("install.bytecode", "checked-hash", bytecode, [0], [3]),
    Case("install.durable", "yes", syncs, False, True, "no"),
    Case("cache.dir", "{tmp_path}/store", store_used, False, True, "{tmp_path}/else"),
    Case("cache.system", "{tmp_path}/carried", system_store_used, False, True, "{tmp_path}/else"),
    Case("target.trust", "{tmp_path}/pythons", nothing, None, None, "{tmp_path}/else"),
    Case("venv.hooks", "/nonexistent/hook.so", nothing, None, None, "/other/hook.so"),
]
KEYS = {case.key: case for case in reversed(CASES) if case.other}


# ---- layers: (case's key, value, bench, system directory) -> Options

def ini(path, key, value, *more, mode=0o644):
    """A policy file that sets one key; more: [(key, value)]."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, text in [(key, value), *more]:
        section, _, word = name.partition(".")
        lines.append(f"[{section}]\n{word} = {text}\n")
    path.write_text("; of a test\n" + "".join(lines))
    path.chmod(mode)
    return path


def in_system(key, value, _bench, system):
    """SYSCONFDIR/pipseed/policy.ini"""
    ini(system / "policy.ini", key, value)
    return Options(system=system, origin=f"{run.sysconf_dir()}/pipseed/policy.ini:3")


def in_system_dir(key, value, _bench, system):
    """policy.d, in the order of names: the last wins."""
    ini(system / "policy.d/10-first.ini", "seed.installer", "overridden")
    ini(system / "policy.d/20-second.ini", key, value)
    (system / "policy.d/99-not-read.txt").write_text("nonsense")
    return Options(system=system, origin=f"{run.sysconf_dir()}/pipseed/policy.d/20-second.ini:3")


def in_home(key, value, bench, _system):
    """~/.config"""
    path = ini(bench.home / ".config/pipseed/policy.ini", key, value)
    return Options(origin=f"{path}:3")


def in_xdg(key, value, bench, _system):
    """XDG_CONFIG_HOME"""
    path = ini(bench.tmp_path / "config/pipseed/policy.ini", key, value)
    return Options(variables={"XDG_CONFIG_HOME": str(bench.tmp_path / "config")}, origin=f"{path}:3")


def by_option(key, value, bench, _system):
    """--policy FILE"""
    path = ini(bench.tmp_path / "named.ini", key, value)
    return Options(args=("--policy", path), origin=f"{path}:3")


def by_variable(key, value, bench, _system):
    """PIPSEED_POLICY"""
    path = ini(bench.tmp_path / "named.ini", key, value)
    return Options(variables={"PIPSEED_POLICY": str(path)}, origin=f"{path}:3")


def variable_of(key):
    """PIPSEED_SECTION_KEY"""
    return "PIPSEED_" + key.upper().replace(".", "_").replace("-", "_")


def in_environment(key, value, _bench, _system):
    """A variable of its own"""
    return Options(variables={variable_of(key): value}, origin=variable_of(key))


def on_command_line(key, value, _bench, _system):
    """--set KEY=VALUE"""
    return Options(args=("--set", f"{key}={value}"), origin="--set")


LAYERS = {
    "system": (in_system, "system"),
    "system-directory": (in_system_dir, "system"),
    "user": (in_home, "user"),
    "user-xdg": (in_xdg, "user"),
    "file-option": (by_option, "file"),
    "file-variable": (by_variable, "file"),
    "environment": (in_environment, "environment"),
    "command-line": (on_command_line, "command line"),
}


@pytest.fixture(scope="module")
def managed_prefix(tmp_path_factory, copyable):
    """An interpreter that says it is managed."""
    directory = tmp_path_factory.mktemp("managed") / "prefix"
    exe = interpreters.copy_prefix(copyable, directory)
    (directory / os.path.relpath(copyable.stdlib, copyable.prefix) / "EXTERNALLY-MANAGED").write_text(
        "[externally-managed]\nError=Hands off.\n")
    return exe


@pytest.fixture
def bench(tmp_path, home, pipseed, new_env, prefix_copies, copyable, managed_prefix):
    """Everything an observation may need."""
    return Bench(tmp_path, home, pipseed, new_env, prefix_copies(copyable), managed_prefix)


def fill(text, bench):
    """A value with this test's directories and digests put in."""
    right = ""
    if "{right}" in text:
        try:
            right = hashlib.sha256(wheelhouse.wheel("pip", NEWEST).read_bytes()).hexdigest()
        except wheelhouse.NoWheel as reason:
            pytest.skip(str(reason))
    return text.format(tmp_path=bench.tmp_path, right=right, wrong="0" * 63 + "1")


def id_of(case):
    """For the names of tests."""
    return f"{case.key}={case.value}".replace(BUNDLED_WHEEL, "WHEEL").replace("{tmp_path}/", "")


def system_dir(request, layer):
    """The stand-in for SYSCONFDIR/pipseed, for the layers that need one."""
    return request.getfixturevalue("system_policy") if layer.startswith("system") else None


@pytest.mark.parametrize("case", CASES, ids=id_of)
def test_default(case, bench):
    """What is observed without any setting."""
    seen = case.observe(bench, Options())
    if case.observe is placing:
        assert seen != "symlink"
    else:
        assert seen == case.default


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("case", CASES, ids=id_of)
def test_obeyed(case, layer, bench, request):
    """The setting is obeyed in this layer, and `policy show` says where it comes from."""
    if layer == "environment" and case.key.startswith("sha256."):
        pytest.skip("pins have no variables: a file's name is none")
    make, name = LAYERS[layer]
    value = fill(case.value, bench)
    options = make(case.key, value, bench, system_dir(request, layer))
    assert case.observe(bench, options) == case.expected
    shown = values(bench, options)[case.key]
    assert shown["layer"] == name
    assert options.origin in shown["origin"]
    assert shown["locked_by"] is None


def values(bench, options):
    """{key: what `policy show` says of it}"""
    document = bench.call("policy", "show", "--json", *options.args, env=options.variables, system=options.system).json
    return {each["key"]: each for each in document["values"]}


def test_every_key_has_a_case(bench):
    """A key that is added to the schema has to be added here."""
    keys = set(values(bench, Options()))
    tested = {case.key for case in CASES if not case.key.startswith("sha256.")}
    assert keys - tested <= {"policy.lock"}
    assert tested <= keys


def test_options_of_seed_are_the_command_line(bench):
    """--pip, --no-bytecode and the others set keys as --set does, and so win over every other layer."""
    variables = {"PIPSEED_SEED_PIP": "24.0", "PIPSEED_INSTALL_BYTECODE": "checked-hash", "PIPSEED_SEED_SCRIPTS": "alt",
                 "PIPSEED_SEED_PACKAGES": "pip setuptools", "PIPSEED_INSTALL_LINK_MODE": "symlink"}
    env = bench.new_env(PYTHON)
    bench.call("seed", env, "--pip", OLDER, "--no-bytecode", "--default-pip", "--packages", "pip", "--link-mode",
               "copy", env=variables)
    assert dist_infos(env) == {"pip": OLDER}
    assert not list(interpreters.site_packages(env).rglob("*.pyc"))
    assert (env / "bin/pip").exists()
    assert not (interpreters.site_packages(env) / "pip/__init__.py").is_symlink()


def test_later_layer_wins(bench, system_policy):
    """All layers at once; then one after the other is taken away from the top."""
    texts = {}
    for number, (layer, (make, _)) in enumerate(list(LAYERS.items())):
        if layer in ("user-xdg", "file-option"):
            continue
        texts[layer] = make("seed.installer", f"layer {number}", bench, system_policy)
    left = list(texts)
    while left:
        options = Options(system=system_policy)
        for layer in left:
            options.args += texts[layer].args
            options.variables.update(texts[layer].variables)
        shown = values(bench, options)["seed.installer"]
        assert shown["value"] == f"layer {list(LAYERS).index(left[-1])}", left
        gone = left.pop()
        {"user": lambda: (bench.home / ".config/pipseed/policy.ini").unlink(),
         "system-directory": lambda: shutil.rmtree(system_policy / "policy.d"),
         }.get(gone, lambda: None)()


def test_empty_variable_is_unset(bench):
    """An empty PIPSEED_ variable changes nothing."""
    shown = values(bench, Options(variables={"PIPSEED_SEED_PIP": "", "PIPSEED_POLICY": ""}))
    assert shown["seed.pip"]["layer"] == "built-in"


def test_nothing_is_read_from_the_current_dir(bench):
    """A cloned repository must not choose what gets installed."""
    for name in ("policy.ini", "pipseed/policy.ini", ".config/pipseed/policy.ini", "pipseed.ini", ".pipseed.ini",
                 "etc/pipseed/policy.ini"):
        ini(bench.tmp_path / "clone" / name, "seed.installer", "evil")
    env = bench.new_env(PYTHON)
    bench.call("seed", env, cwd=bench.tmp_path / "clone", env={"XDG_CONFIG_HOME": "."})
    files = interpreters.site_packages(env).glob("*.dist-info/INSTALLER")
    assert {path.read_text().strip() for path in files} == {"pipseed"}


# ---- locks

@pytest.mark.parametrize("layer", [layer for layer in LAYERS if not layer.startswith("system")])
@pytest.mark.parametrize("key", KEYS)
def test_locked_key(key, layer, bench, system_policy):
    """A later layer that wants another value: exit 3, naming the file that locks it and what is to be changed."""
    if layer == "environment" and key.startswith("sha256."):
        pytest.skip("pins have no variables: a file's name is none")
    lock = "sha256" if key.startswith("sha256.") else key
    ini(system_policy / "policy.ini", "policy.lock", lock, (key, fill(KEYS[key].value, bench)))
    options = LAYERS[layer][0](key, fill(KEYS[key].other, bench), bench, None)
    options.system = system_policy
    env = bench.new_env(PYTHON)
    result = bench.seed(env, options=options, code=3)
    assert f"{run.sysconf_dir()}/pipseed/policy.ini" in result.stderr
    assert key in result.stderr
    assert not list(env.rglob("*.dist-info"))


@pytest.mark.parametrize("key, args", [
    ("seed.pip", ("--pip", "==25.2")),
    ("seed.scripts", ("--altinstall",)),
    ("seed.upgrade", ("--upgrade",)),
    ("wheels.bundled", ("--no-bundled",)),
    ("wheels.dirs", ("--wheel-dir", "/tmp")),
    ("install.link-mode", ("--link-mode", "copy")),
    ("install.bytecode", ("--no-bytecode",)),
    ("seed.packages", ("--packages", "pip")),
])
def test_locked_key_and_option(key, args, bench, system_policy):
    """The same for the options that have names of their own: the option is named too."""
    ini(system_policy / "policy.ini", "policy.lock", key)
    result = bench.call("seed", bench.new_env(PYTHON), *args, system=system_policy, code=3)
    assert f"{run.sysconf_dir()}/pipseed/policy.ini" in result.stderr
    assert args[0] in result.stderr


def test_locked_section(bench, system_policy):
    """A lock may name a section; `policy show` says who locks."""
    ini(system_policy / "policy.d/00.ini", "policy.lock", "seed, install.durable")
    where = f"{run.sysconf_dir()}/pipseed/policy.d/00.ini"
    for variables in ({"PIPSEED_SEED_INSTALLER": "x"}, {"PIPSEED_INSTALL_DURABLE": "yes"}):
        result = bench.call("seed", bench.new_env(PYTHON), env=variables, system=system_policy, code=3)
        assert where in result.stderr
    bench.call("seed", bench.new_env(PYTHON), env={"PIPSEED_INSTALL_BYTECODE": "no"}, system=system_policy)
    shown = values(bench, Options(system=system_policy))
    assert where in shown["seed.pip"]["locked_by"]
    assert where in shown["install.durable"]["locked_by"]
    assert shown["install.bytecode"]["locked_by"] is None


def test_locked_to_the_same_value(bench, system_policy):
    """To ask for what is locked anyway is no offence."""
    ini(system_policy / "policy.ini", "policy.lock", "seed.pip", ("seed.pip", OLDER))
    env = bench.new_env(PYTHON)
    bench.call("seed", env, "--pip", OLDER, system=system_policy)
    assert dist_infos(env)["pip"] == OLDER


def test_lock_is_for_system_files(bench):
    """A user cannot lock anything."""
    ini(bench.home / ".config/pipseed/policy.ini", "policy.lock", "seed.pip")
    result = bench.call("seed", bench.new_env(PYTHON), code=3)
    assert "policy.ini:3" in result.stderr


def test_lock_covers_the_policy_of_other_commands(bench, system_policy):
    """Not only seed: verify and the wheels' list go by the same policy."""
    ini(system_policy / "policy.ini", "policy.lock", "seed.pip", ("seed.pip", OLDER))
    env = bench.new_env(PYTHON)
    bench.call("seed", env, system=system_policy)
    bench.call("verify", env, "--pip", "26.3", system=system_policy, code=3)
    bench.call("verify", env, system=system_policy)


# ---- files that are wrong

WRONG = {
    "unknown section": ("[sead]\npip = 25.2\n", 1),
    "unknown key": ("[seed]\npipp = 25.2\n", 2),
    "bad choice": ("[seed]\nscripts = some\n", 2),
    "bad specifier": ("[seed]\npip = >>25\n", 2),
    "bad yes or no": ("[seed]\nupgrade = perhaps\n", 2),
    "bad digest": ("[sha256]\npip-26.3-py3-none-any.whl = abc\n", 2),
    "no section": ("pip = 25.2\n", 1),
    "no sense": ("[seed]\nwhat is this\n", 2),
    "twice": ("[seed]\npip = 25.2\npip = 25.3\n", 3),
    "cut off": ("[seed]\n; " + "x" * 50 + "\ninstaller = " + "y" * 70000 + "\n", 3),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("args", [("policy", "check"), ("policy", "show"), ("seed", "{env}")], ids=" ".join)
def test_wrong_file(case, args, bench):
    """Exit 3 naming file and line; never ignored."""
    text, line = WRONG[case]
    path = bench.home / ".config/pipseed/policy.ini"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o644)
    env = bench.new_env(PYTHON)
    result = bench.call(*(arg.format(env=env) for arg in args), code=3)
    assert f"{path}:{line}" in result.stderr
    assert not list(env.rglob("*.dist-info"))


@pytest.mark.parametrize("variable, value", [("PIPSEED_SEED_SCRIPTS", "some"), ("PIPSEED_SEED_PIP", ">>1"),
                                             ("PIPSEED_INSTALL_DURABLE", "perhaps")])
def test_wrong_variable(variable, value, bench):
    """Exit 3 naming the variable."""
    result = bench.call("seed", bench.new_env(PYTHON), env={variable: value}, code=3)
    assert variable in result.stderr


def test_missing_named_file(bench):
    """A file that is named has to be there."""
    for options in (Options(args=("--policy", "/nonexistent.ini")),
                    Options(variables={"PIPSEED_POLICY": "/nonexistent.ini"})):
        result = bench.seed(bench.new_env(PYTHON), options=options, code=3)
        assert "/nonexistent.ini" in result.stderr


def test_file_that_others_can_write(bench, system_policy):
    """Neither the system's nor the user's: who can write it decides what is installed."""
    ini(system_policy / "policy.ini", "seed.pip", OLDER, mode=0o666)
    assert "policy.ini" in bench.call("seed", bench.new_env(PYTHON), system=system_policy, code=3).stderr
    shutil.rmtree(system_policy)
    system_policy.mkdir()
    path = ini(bench.home / ".config/pipseed/policy.ini", "seed.pip", OLDER, mode=0o666)
    assert str(path) in bench.call("seed", bench.new_env(PYTHON), system=system_policy, code=3).stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a file away")
def test_file_of_someone_else(bench):
    """A user's file that belongs to another user is refused."""
    path = ini(bench.home / ".config/pipseed/policy.ini", "seed.pip", OLDER)
    os.chown(path, 12345, 12345)
    assert str(path) in bench.call("seed", bench.new_env(PYTHON), code=3).stderr


def test_check_names_what_it_read(bench):
    """`policy check` on a sound policy: exit 0."""
    path = ini(bench.home / ".config/pipseed/policy.ini", "seed.pip", OLDER)
    assert str(path) in bench.call("policy", "check").stdout


def test_example_is_sound(bench):
    """conf/policy.ini.example, as it is and with every setting switched on."""
    text = (run.REPO / "conf/policy.ini.example").read_text()
    path = bench.tmp_path / "example.ini"
    path.write_text(text)
    path.chmod(0o644)
    bench.call("policy", "check", path)
    settings = "".join(line[1:] if line.startswith("#") else line for line in text.splitlines(keepends=True)
                       if "lock =" not in line)
    path.write_text(settings)
    bench.call("policy", "check", path)
    shown = values(bench, Options(args=("--policy", path)))
    assert {each["layer"] for key, each in shown.items() if key != "policy.lock"} == {"file"}


# ---- pins

def test_pin_of_a_wheel_in_a_dir(bench):
    """With require-hash = yes a right pin admits a wheel, a wrong one is an integrity error, exit 4."""
    directory = wheel_dir(bench)
    for word, code in (("right", 0), ("wrong", 4)):
        pins = []
        for path in directory.glob("*.whl"):
            digest = hashlib.sha256(path.read_bytes()).hexdigest() if word == "right" else "0" * 64
            pins.append((f"sha256.{path.name}", digest))
        file = ini(bench.tmp_path / f"{word}.ini", "wheels.require-hash", "yes", *pins)
        env = bench.new_env(PYTHON)
        result = bench.call("seed", "--no-bundled", "--wheel-dir", directory, "--policy", file, env, code=code)
        assert bool(list(env.rglob("*.dist-info"))) == (code == 0)
        assert code == 0 or "pip-" in result.stderr or "setuptools-" in result.stderr


def test_reflink_or_a_clear_no(bench):
    """link-mode = reflink: done, or exit 1 with the reason, and then nothing is left behind."""
    env = bench.new_env(PYTHON)
    before = sorted(env.rglob("*"))
    result = bench.call("seed", "--link-mode", "reflink", env, code=None)
    assert result.code in (0, 1)
    if result.code == 1:
        assert "reflink" in result.stderr
        assert sorted(env.rglob("*")) == before
