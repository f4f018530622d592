# SPDX-License-Identifier: MIT
"""`pipseed cache`: info, warm, verify, prune, clear; and what becomes of a store that is damaged, full of links,
somebody else's, or not to be had."""
import errno
import fcntl
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import interpreters
import pytest
import run

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")


@pytest.fixture
def cache(tmp_path):
    """A cache directory of the test's own, empty."""
    directory = tmp_path / "cache"
    directory.mkdir(mode=0o700)
    return directory


@pytest.fixture
def call(pipseed, cache):
    """pipseed with that cache directory."""

    def run_it(*args, env=None, **options):
        return pipseed(*args, env={"XDG_CACHE_HOME": cache, **(env or {})}, **options)

    return run_it


def entries(cache):
    """The directories of the store's entries."""
    return sorted((cache / "pipseed/v1/wheels").glob("*"))


def only_entry(cache):
    """The directory of the only one."""
    assert len(entries(cache)) == 1
    return entries(cache)[0]


def snapshot(directory):
    """{path: (inode, mode, size, mtime)} of everything in a directory, without ctime: links change it."""
    found = {}
    for path in sorted(directory.rglob("*")):
        info = path.lstat()
        found[str(path.relative_to(directory))] = (info.st_ino, info.st_mode, info.st_size, info.st_mtime_ns)
    return found


def works(env):
    """pip runs there."""
    run.run([env / "bin/python", "-m", "pip", "--version"])


def said(result):
    """All that a person would read, its lines joined."""
    return " ".join((result.stdout + result.stderr).split())


# ---- info and warm

def test_empty_store(call):
    """Nothing is in it, and that is not an error."""
    assert "0 wheels" in call("cache", "info").stdout
    document = call("cache", "info", "--json").json
    assert document["entries"] == [] and document["bytes"] == 0 and document["exit_code"] == 0


def test_info_tells_what_is_there(call, cache, new_env):
    """The numbers are those of the files."""
    call("seed", new_env(), "--packages", "pip")
    document = call("cache", "info", "--json").json
    (entry,) = document["entries"]
    directory = only_entry(cache)
    files = [path for path in directory.rglob("files/**/*") if path.is_file()]
    assert entry["path"] == str(directory)
    assert entry["sha256"] == directory.name
    assert entry["n_files"] == len(files)
    assert entry["bytes"] == document["bytes"] == sum(path.stat().st_size for path in files)
    assert entry["n_bytecode_sets"] == 1 and entry["status"] == "ok" and entry["in_use"] is False
    assert abs(entry["last_used"] - directory.stat().st_mtime) < 1
    assert entry["wheel"] in call("cache", "info").stdout


def test_warm_is_enough(python, call, cache, new_env):
    """After warm, seeding adds nothing to the store, and the target of warm is as it was."""
    env = new_env(python)
    before = snapshot(env)
    document = call("cache", "warm", env, "--json").json
    assert snapshot(env) == before
    assert document["requested"] == str(env) and document["exit_code"] == 0
    assert len(document["entries"]) == (2 if python.has_setuptools else 1)
    assert all(entry["n_bytecode_sets"] == 1 and entry["path"] for entry in document["entries"])
    warmed = snapshot(cache)
    call("seed", env)
    assert snapshot(cache) == warmed
    works(env)


def test_warm_names_interpreters(call, cache, new_env):
    """Environments and interpreters, several at once; --python, too."""
    python = interpreters.any_python()
    env = new_env(python)
    result = call("cache", "warm", env, python.exe, "--packages", "pip", "--json")
    documents = [json.loads(line) for line in result.stdout.splitlines()]
    assert [document["requested"] for document in documents] == [str(env), str(python.exe)]
    before = snapshot(cache)
    call("cache", "warm", "--python", python.exe, "--packages", "pip")
    assert snapshot(cache) == before
    only_entry(cache)


def test_warm_fails_for_one(call, cache, new_env, tmp_path):
    """A target that is none does not stop the others."""
    result = call("cache", "warm", tmp_path / "none", new_env(), "--packages", "pip", code=1)
    assert str(tmp_path / "none") in result.stderr
    only_entry(cache)


def test_warm_without_bytecode(call, new_env):
    """No interpreter runs, no bytecode is kept."""
    (entry,) = call("cache", "warm", new_env(), "--no-bytecode", "--packages", "pip", "--json").json["entries"]
    assert entry["n_bytecode_sets"] == 0


def test_dry_run_of_warm(call, cache, new_env):
    """It names what is not there yet, and makes nothing."""
    env = new_env()
    (entry,) = call("cache", "warm", "-n", env, "--packages", "pip", "--json").json["entries"]
    assert entry["wheel"].startswith("pip-") and entry["path"] is None
    assert entries(cache) == []
    call("cache", "warm", env, "--packages", "pip")
    (entry,) = call("cache", "warm", "-n", env, "--packages", "pip", "--json").json["entries"]
    assert entry["path"] == str(only_entry(cache))


# ---- damage

def edit(path):
    """As an editor that writes in place does it."""
    with open(path, "ab") as stream:
        stream.write(b"# edited\n")


def truncate(path):
    """Nothing is left."""
    os.truncate(path, 0)


def flip(path):
    """One bit; time and size as before."""
    info = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    with open(path, "r+b") as stream:
        stream.write(data)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


MODULE = "pip/_internal/main.py"
BYTECODE = "pip/_internal/__pycache__/main.{tag}.pyc"


@pytest.mark.parametrize("name", [MODULE, BYTECODE], ids=["module", "bytecode"])
@pytest.mark.parametrize("damage", [edit, truncate, flip], ids=lambda damage: damage.__name__)
def test_damage_through_a_link(damage, name, call, cache, new_env):
    """Somebody changes a file of an environment, and so the store. verify names the file, and the next seeding makes the
    entry again."""
    first, second = new_env(), new_env()
    call("seed", first, "--packages", "pip", "--link-mode", "hardlink")
    lib = interpreters.site_packages(first)
    tag = next((lib / "pip/__pycache__").glob("__init__.*.pyc")).name.split(".")[1]
    name = name.format(tag=tag)
    sound = (lib / name).read_bytes()
    call("cache", "verify")
    damage(lib / name)

    result = call("cache", "verify", code=4)
    assert name in result.stdout and "store-entry" in result.stdout
    document = call("cache", "verify", "--json", code=4).json
    assert document["status"] == "findings" and document["exit_code"] == 4
    (entry,) = document["entries"]
    assert entry["status"] == "store-entry" and entry["number"] == -470 and entry["problem"].startswith(name)
    assert entry["path"] == str(only_entry(cache))

    call("seed", second, "--packages", "pip")
    assert (interpreters.site_packages(second) / name).read_bytes() == sound
    call("cache", "verify")
    call("verify", second, "--packages", "pip")
    works(second)


@pytest.mark.parametrize("damage", [edit, truncate], ids=lambda damage: damage.__name__)
def test_seeding_sees_damage_by_itself(damage, call, new_env):
    """Without verify: what size or time betray is noticed while the file is linked, and said."""
    first, second = new_env(), new_env()
    call("seed", first, "--packages", "pip", "--link-mode", "hardlink")
    sound = (interpreters.site_packages(first) / MODULE).read_bytes()
    damage(interpreters.site_packages(first) / MODULE)
    result = call("seed", second, "--packages", "pip")
    assert MODULE in result.stderr and "rebuilt" in result.stderr
    assert (interpreters.site_packages(second) / MODULE).read_bytes() == sound
    call("cache", "verify")


def remove_file(entry):
    """A file is gone."""
    (entry / "files" / MODULE).unlink()


def link_file(entry):
    """A symbolic link stands for a file."""
    (entry / "files" / MODULE).unlink()
    (entry / "files" / MODULE).symlink_to("/etc/passwd")


def cut_manifest(entry):
    """The manifest lost its end."""
    os.truncate(entry / "manifest", 1000)


def empty_manifest(entry):
    """As a power cut leaves a file that was not synced."""
    truncate(entry / "manifest")


def remove_files(entry):
    """The directory is empty but for its manifest."""
    shutil.rmtree(entry / "files")


def cut_bytecode_manifest(entry):
    """Of the bytecode alone."""
    os.truncate(next(entry.glob("pyc-*")) / "manifest", 1000)


@pytest.mark.parametrize("damage", [remove_file, link_file, cut_manifest, empty_manifest, remove_files,
                                    cut_bytecode_manifest], ids=lambda damage: damage.__name__)
def test_damaged_entry(damage, call, cache, new_env):
    """verify sees it, seeding rebuilds the entry."""
    env = new_env()
    call("cache", "warm", env, "--packages", "pip")
    sound = {name: value[1:3] for name, value in snapshot(only_entry(cache)).items() if not name.endswith("manifest")}
    damage(only_entry(cache))
    call("cache", "verify", code=4)
    call("seed", env, "--packages", "pip")
    call("cache", "verify")
    assert {name: value[1:3] for name, value in snapshot(only_entry(cache)).items()
            if not name.endswith("manifest")} == sound
    works(env)


def test_damaged_entry_is_pruned(call, cache, new_env):
    """What verify found goes with the next pruning, however new."""
    call("cache", "warm", new_env(), "--packages", "pip")
    flip(only_entry(cache) / "files" / MODULE)
    call("cache", "verify", code=4)
    result = call("cache", "prune")
    assert "damaged" in result.stdout
    assert entries(cache) == []


# ---- prune and clear

VERSIONS = ("24.0", "25.0.1", "21.3.1")


@pytest.fixture
def three(call, cache, new_env):
    """{version: directory} of three entries, in the order of VERSIONS used 10, 40 and 90 days ago."""
    env = new_env()
    directories = {}
    for version in VERSIONS:
        known = set(entries(cache))
        call("cache", "warm", env, "--packages", "pip", "--pip", version, "--no-bytecode")
        (directories[version],) = set(entries(cache)) - known
    now = int(directories[VERSIONS[0]].stat().st_mtime)
    for version, days in zip(VERSIONS, (10, 40, 90)):
        os.utime(directories[version], (now, now - days * 86400))
    return directories


def left(three):
    """The versions that are still in the store."""
    return [version for version, directory in three.items() if directory.exists()]


AGES = [([], ["24.0"]), (["--max-age", "20"], ["24.0"]), (["--max-age=20d"], ["24.0"]), (["--max-age", "1000h"], VERSIONS[:2]),
        (["--max-age", "100d"], VERSIONS), (["--max-age", "0"], [])]


@pytest.mark.parametrize("options, stay", AGES, ids=lambda value: " ".join(value) or "default")
def test_prune_by_age(options, stay, call, three):
    """What was not used for so long goes. Without options: 30 days."""
    result = call("cache", "prune", *options)
    assert left(three) == list(stay)
    for version in VERSIONS:
        assert (f"pip-{version}-" in result.stdout) == (version not in stay)


@pytest.mark.parametrize("keep", range(4))
def test_prune_by_size(keep, call, three):
    """The least recently used go first, until the rest fits."""
    sizes = {Path(entry["path"]): entry["bytes"] for entry in call("cache", "info", "--json").json["entries"]}
    limit = sum(sizes[three[version]] for version in VERSIONS[:keep])
    document = call("cache", "prune", "--max-size", str(limit), "--json").json
    assert left(three) == list(VERSIONS[:keep])
    assert {entry["path"] for entry in document["entries"]} == {str(three[version]) for version in VERSIONS[keep:]}
    assert call("cache", "info", "--json").json["bytes"] == limit


def test_prune_by_both(call, three):
    """Age first, then size."""
    call("cache", "prune", "--max-age", "50d", "--max-size", "1T")
    assert left(three) == list(VERSIONS[:2])
    call("cache", "prune", "--max-age", "50d", "--max-size", "1K")
    assert left(three) == []


def test_dry_run_of_prune(call, three):
    """Says the same, removes nothing."""
    would = call("cache", "prune", "-n").stdout
    assert left(three) == list(VERSIONS)
    assert call("cache", "prune").stdout == would.replace("Would remove", "Removed")


@pytest.mark.parametrize("options", [["--max-age", "x"], ["--max-age", "1w"], ["--max-age", ""], ["--max-size", "1X"],
                                     ["--max-size", "-1"], ["--max-size", "99999999T"], ["more"]], ids=" ".join)
def test_wrong_limits(options, call, three):
    """Exit 2, and nothing is removed."""
    call("cache", "prune", *options, code=2)
    assert left(three) == list(VERSIONS)


def test_use_makes_young(call, three, new_env):
    """A seeding puts the entry to the front."""
    call("seed", new_env(), "--packages", "pip", "--pip", VERSIONS[2], "--no-bytecode")
    call("cache", "prune")
    assert left(three) == [VERSIONS[0], VERSIONS[2]]


def test_entry_in_use_stays(call, three):
    """A seeder holds a shared lock on the directory of its entry."""
    fd = os.open(three["21.3.1"], os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH)
        info = {entry["path"]: entry["in_use"] for entry in call("cache", "info", "--json").json["entries"]}
        assert info == {str(directory): version == "21.3.1" for version, directory in three.items()}
        call("cache", "prune")
        assert left(three) == ["24.0", "21.3.1"]
        result = call("cache", "clear")
        assert left(three) == ["21.3.1"]
        assert "in use" in result.stderr
    finally:
        os.close(fd)
    call("cache", "clear")
    assert left(three) == []


def test_clear(call, cache, new_env):
    """Everything goes; environments keep working, and the next seeding fills the store again."""
    env = new_env()
    call("seed", env, "--link-mode", "hardlink")
    call("cache", "clear")
    assert entries(cache) == [] and list((cache / "pipseed/v1/tmp").iterdir()) == []
    works(env)
    call("verify", env)
    assert "nothing to remove" in call("cache", "clear").stdout
    call("seed", new_env())
    assert entries(cache) != []


# ---- many links

def link_limit(directory):
    """How many links a file in this directory can have; None: more than 70,000."""
    probe = directory / "probe"
    probe.touch()
    many = directory / "many"
    many.mkdir()
    fd = os.open(many, os.O_RDONLY)
    try:
        for count in range(70000):
            os.link(probe, str(count), dst_dir_fd=fd)
    except OSError as error:
        if error.errno != errno.EMLINK:
            raise
        return probe.stat().st_nlink
    finally:
        os.close(fd)
        shutil.rmtree(many)
        probe.unlink()
    return None


def use_up(path, directory):
    """Gives a file all the links that it can have, in a new directory."""
    limit = link_limit(directory)
    if limit is None:
        pytest.skip("this file system has no link limit within reach")
    many = directory / "many"
    many.mkdir()
    for count in range(limit - path.stat().st_nlink):
        os.link(path, many / str(count))
    assert path.stat().st_nlink == limit
    return many


def test_link_limit(call, cache, new_env, tmp_path):
    """A file that can have no more links is replaced in the store by a fresh copy, and that one is linked."""
    env = new_env()
    call("cache", "warm", env, "--packages", "pip")
    full = only_entry(cache) / "files" / MODULE
    other = only_entry(cache) / "files/pip/__init__.py"
    before, other_before = full.stat(), other.stat()
    many = use_up(full, tmp_path)

    document = call("seed", env, "--packages", "pip", "--link-mode", "hardlink", "--json").json
    assert document["links"]["copy"] == 0
    now = full.stat()
    assert now.st_ino != before.st_ino and now.st_nlink == 2
    assert (now.st_mode, now.st_size, now.st_mtime_ns) == (before.st_mode, before.st_size, before.st_mtime_ns)
    assert full.read_bytes() == (many / "0").read_bytes()
    assert (interpreters.site_packages(env) / MODULE).stat().st_ino == now.st_ino
    assert other.stat().st_ino == other_before.st_ino
    assert list((cache / "pipseed/v1/tmp").iterdir()) == []
    call("cache", "verify")
    call("verify", "-o", "install.link-mode=hardlink", env, "--packages", "pip")
    works(env)
    after = snapshot(cache)
    second = new_env()
    assert call("seed", second, "--packages", "pip", "--json", "--link-mode", "hardlink").json["links"]["copy"] == 0
    assert snapshot(cache) == after


def test_link_limit_met_at_once(call, cache, new_env, tmp_path):
    """Several processes meet it at the same time: one makes the copy, the others link it, nobody takes it for damage."""
    envs = [new_env() for _ in range(6)]
    call("cache", "warm", envs[0], "--packages", "pip")
    full = only_entry(cache) / "files" / MODULE
    use_up(full, tmp_path)

    def seed(env):
        return call("seed", env, "--packages", "pip", "--link-mode", "hardlink", "--json")

    with ThreadPoolExecutor(len(envs)) as pool:
        results = list(pool.map(seed, envs))
    assert [result.json["links"]["copy"] for result in results] == [0] * len(envs)
    assert "".join(result.stderr for result in results).count("rebuilt") == 0
    assert full.stat().st_nlink == 1 + len(envs)
    call("cache", "verify")
    for env in envs:
        assert (interpreters.site_packages(env) / MODULE).stat().st_ino == full.stat().st_ino


# ---- several processes

def test_cold_store_is_filled_once(call, cache, new_env, tmp_path):
    """Eight at once: one unpacks and compiles, the others wait and link."""
    if shutil.which("strace") is None:
        pytest.skip("there is no strace")
    envs = [new_env() for _ in range(8)]

    def seed(number):
        trace = tmp_path / f"trace{number}"
        call("seed", envs[number], "--packages", "pip", "-j", "2",
             wrap=("strace", "-f", "-qq", "-e", "trace=rename,renameat,renameat2", "-o", trace))
        return trace.read_text()

    with ThreadPoolExecutor(8) as pool:
        traces = "".join(pool.map(seed, range(8)))
    made = re.findall(r'rename\w*\(\d+, "tmp/\w+", \d+, "([0-9a-f]{64})"\) += 0', traces)
    assert made == [only_entry(cache).name]
    for env in envs:
        works(env)


# ---- a store that cannot be used

@pytest.fixture
def public(env_templates):
    """A directory that others may enter, with a copy of pipseed and an environment without pip in it, nobody's."""
    # The command looks for the system's policy where its build said, and refuses to go on when it may not look there.
    built_for = Path(os.environ.get("PIPSEED_SYSCONFDIR", "/etc")).parent
    if subprocess.run([*AS_NOBODY, "test", "-x", built_for], check=False).returncode != 0:
        pytest.skip(f"user {NOBODY} may not enter {built_for}, where this build has its system policy")
    directory = Path(tempfile.mkdtemp(prefix="pipseed-public-", dir="/tmp"))
    directory.chmod(0o755)
    build = Path(run.command()).resolve().parent.parent
    (directory / "pipseed").mkdir()
    for name in ("bin", "lib"):
        shutil.copytree(build / name, directory / "pipseed" / name, symlinks=True)
    (directory / "home").mkdir()
    shutil.copytree(env_templates(interpreters.by_name("debian-3.11") or interpreters.any_python()), directory / "env",
                    symlinks=True)
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", directory / "env", directory / "home"], check=True)
    yield directory
    shutil.rmtree(directory)


def as_nobody(public, *args, env=None, **options):
    """Runs that pipseed as a user without rights."""
    variables = {"HOME": public / "home", "XDG_CACHE_HOME": None, "TMPDIR": "/tmp", **(env or {})}
    return run.run([public / "pipseed/bin/pipseed", *args], env=variables, cwd="/", wrap=AS_NOBODY, **options)


def assert_seeded_without_store(env, result):
    """It works, and it was said once that there is no store."""
    assert result.stderr.count("without a store") == 1
    works(env)


@needs_root
def test_store_of_somebody_else(call, cache, new_env):
    """root does not use a user's store, and writes nothing there."""
    call("cache", "warm", new_env(), "--packages", "pip")
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", cache], check=True)
    before = snapshot(cache)
    env = new_env()
    assert_seeded_without_store(env, call("seed", env, "--packages", "pip"))
    assert snapshot(cache) == before
    assert (interpreters.site_packages(env) / MODULE).stat().st_nlink == 1
    for command in ("info", "verify", "prune", "clear"):
        result = call("cache", command, code=None)
        assert result.code != 0 and "hint:" in result.stderr, result
    assert snapshot(cache) == before


@needs_root
def test_home_of_somebody_else(new_env, pipseed, tmp_path):
    """sudo with the caller's HOME: root leaves no directory there."""
    home = tmp_path / "theirs"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    env = new_env()
    result = pipseed("seed", env, "--packages", "pip", env={"HOME": home, "XDG_CACHE_HOME": None})
    assert_seeded_without_store(env, result)
    assert list(home.iterdir()) == []


@needs_root
def test_store_of_root(public, cache, call):
    """A user with root's store as cache.dir."""
    shared = public / "cache"
    call("cache", "warm", public / "env", "--packages", "pip", env={"XDG_CACHE_HOME": shared})
    subprocess.run(["chmod", "-R", "a+rX", shared], check=True)
    before = snapshot(shared)
    result = as_nobody(public, "seed", public / "env", "--packages", "pip", env={"XDG_CACHE_HOME": shared})
    assert_seeded_without_store(public / "env", result)
    assert snapshot(shared) == before and entries(cache) == []


@pytest.mark.parametrize("directory", ["pipseed", "pipseed/v1"])
def test_store_that_others_can_write(directory, call, cache, new_env):
    """Whoever can write it could put something into every environment."""
    call("cache", "warm", new_env(), "--packages", "pip")
    (cache / directory).chmod(0o777)
    before = snapshot(cache)
    env = new_env()
    result = call("seed", env, "--packages", "pip")
    works(env)
    assert snapshot(cache) == before
    assert (interpreters.site_packages(env) / MODULE).stat().st_nlink == 1
    assert "written by others" in said(result)
    assert "chmod go-w" in call("cache", "info", code=None).stderr


def test_no_home(new_env, pipseed):
    """Nowhere to keep anything."""
    env = new_env()
    nowhere = {"HOME": None, "XDG_CACHE_HOME": None}
    assert_seeded_without_store(env, pipseed("seed", env, env=nowhere))
    result = pipseed("cache", "info", env=nowhere, code=1)
    assert "HOME" in result.stderr and "hint:" in result.stderr
    assert pipseed("cache", "info", "--json", env=nowhere, code=1).json["error"]["code"] == "no-store"
    pipseed("cache", "warm", env, env=nowhere, code=1)


def test_home_is_a_file(new_env, pipseed, tmp_path):
    """So is /dev/null, for some daemons."""
    env = new_env()
    result = pipseed("seed", env, env={"HOME": "/dev/null", "XDG_CACHE_HOME": None})
    assert_seeded_without_store(env, result)


@needs_root
@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME"])
def test_read_only_home(variable, public):
    """Seeding goes on without a store; cache says why it cannot."""
    directory = public / "readonly"
    directory.mkdir()
    os.chown(directory, NOBODY, NOBODY)
    directory.chmod(0o555)
    variables = {"HOME": None, "XDG_CACHE_HOME": None, variable: directory}
    result = as_nobody(public, "seed", public / "env", "--packages", "pip", env=variables)
    assert_seeded_without_store(public / "env", result)
    assert list(directory.iterdir()) == []
    result = as_nobody(public, "cache", "info", env=variables, code=1)
    assert "Permission denied" in result.stderr


@needs_root
def test_full_disk(call, new_env, tmp_path):
    """No room for the store: a named cause, and no environment that is half made."""
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "none", small], check=True)
    try:
        env = new_env()
        before = snapshot(env)
        result = call("seed", env, "--packages", "pip", env={"XDG_CACHE_HOME": small}, code=None)
        if result.code != 0:
            assert result.code == 1 and "No space left on device" in result.stderr
            assert {name: value[1:] for name, value in snapshot(env).items() if not stat.S_ISDIR(value[1])} == \
                {name: value[1:] for name, value in before.items() if not stat.S_ISDIR(value[1])}
        else:
            works(env)
        leftovers = small / "pipseed/v1/tmp"
        assert not leftovers.exists() or list(leftovers.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


# ---- the system store

@pytest.fixture
def system_store(call, cache, tmp_path, new_env):
    """A copy of a warmed cache that nobody can write; the user's own is empty."""
    call("cache", "warm", new_env(), "--packages", "pip")
    directory = tmp_path / "system-store"
    subprocess.run(["cp", "-a", cache / "pipseed", directory], check=True)
    subprocess.run(["find", directory, "-type", "d", "-exec", "chmod", "a+rx,a-w", "{}", "+"], check=True)
    shutil.rmtree(cache)
    cache.mkdir(mode=0o700)
    yield directory
    subprocess.run(["chmod", "-R", "u+w", directory], check=True)


@pytest.mark.parametrize("way, options", [("hardlink", ""), ("copy", "a-w")], ids=["directories", "files"])
def test_system_store_is_used(way, options, call, cache, system_store, new_env):
    """Never written; the user's own store gets nothing. Its files are linked when they have the modes that installed files
    have, else copied."""
    if options:
        subprocess.run(["chmod", "-R", options, system_store], check=True)
    before = snapshot(system_store)
    env = new_env()
    document = call("seed", env, "--packages", "pip", "--link-mode", "hardlink", "--json",
                    env={"PIPSEED_CACHE_SYSTEM": system_store}).json
    assert document["links"][way] == sum(document["links"].values()) > 500
    assert snapshot(system_store) == before
    assert entries(cache) == []
    source = next(system_store.glob(f"v1/wheels/*/files/{MODULE}")).stat()
    placed = (interpreters.site_packages(env) / MODULE).stat()
    assert (placed.st_ino == source.st_ino) == (way == "hardlink")
    assert stat.S_IMODE(placed.st_mode) == 0o644 and placed.st_mtime_ns == source.st_mtime_ns
    works(env)
    call("verify", env, "--packages", "pip")


@needs_root
def test_system_store_of_another_user(call, public, new_env):
    """An ordinary user takes from root's system store, by copying where the kernel protects hard links."""
    call("cache", "warm", public / "env", "--packages", "pip", env={"XDG_CACHE_HOME": public / "cache"})
    store = public / "cache/pipseed"
    subprocess.run(["chmod", "-R", "a+rX,a-w", public / "cache"], check=True)
    before = snapshot(store)
    document = as_nobody(public, "seed", public / "env", "--packages", "pip", "--json",
                         env={"PIPSEED_CACHE_SYSTEM": store}).json
    assert document["exit_code"] == 0
    assert snapshot(store) == before
    assert not list((public / "home").glob(".cache/pipseed/v1/wheels/*"))
    works(public / "env")


def test_system_store_lacks_this_python(call, cache, system_store, copyable, new_env):
    """Its wheel is there, its bytecode for this interpreter is not: the own store gets an entry."""
    if copyable.minor == interpreters.any_python().minor:
        pytest.skip("needs two versions of Python")
    before = snapshot(system_store)
    env = new_env(copyable)
    call("seed", env, "--packages", "pip", env={"PIPSEED_CACHE_SYSTEM": system_store})
    assert snapshot(system_store) == before
    assert list(only_entry(cache).glob("pyc-*"))
    works(env)


def test_damaged_system_store(call, cache, system_store, new_env):
    """It is not written, the own store serves, and it is said which file is bad."""
    target = next(system_store.glob(f"v1/wheels/*/files/{MODULE}"))
    target.chmod(0o644)
    edit(target)
    before = snapshot(system_store)
    env = new_env()
    result = call("seed", env, "--packages", "pip", env={"PIPSEED_CACHE_SYSTEM": system_store})
    assert MODULE in result.stderr
    assert snapshot(system_store) == before
    only_entry(cache)
    assert b"edited" not in (interpreters.site_packages(env) / MODULE).read_bytes()
    works(env)


def test_system_store_that_others_can_write(call, cache, system_store, new_env):
    """Not used, and that is said."""
    (system_store / "v1").chmod(0o777)
    env = new_env()
    result = call("seed", env, "--packages", "pip", env={"PIPSEED_CACHE_SYSTEM": system_store})
    assert "system store is not used" in said(result)
    only_entry(cache)
    works(env)


def test_missing_system_store(call, cache, new_env, tmp_path):
    """Likewise."""
    env = new_env()
    result = call("seed", env, "--packages", "pip", env={"PIPSEED_CACHE_SYSTEM": tmp_path / "none"})
    assert "system store is not used" in said(result)
    only_entry(cache)
    works(env)
