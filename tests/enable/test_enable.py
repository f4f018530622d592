# SPDX-License-Identifier: MIT
"""pipseed enable, disable and status, with a copied interpreter."""
import os
import re
import shutil
import stat
from pathlib import Path

import pytest
import run
from conftest import clone, snapshot


def state(pipseed, prefix, code=0):
    """What status says of it."""
    document = pipseed("status", "--json", prefix.exe, code=code).json
    assert document["exit_code"] == code
    return document["interpreters"][0]


def make_env(prefix, directory, home, code=0):
    """python -m venv."""
    return run.run([prefix.exe, "-m", "venv", directory], env={"HOME": home}, code=code)


def installer(env):
    """Who put pip there."""
    return next(env.glob("lib/*/site-packages/pip-*.dist-info/INSTALLER")).read_text().strip()


def test_there_and_back(pipseed, prefix, tmp_path, home):
    """venv uses pipseed while enabled; then all is as it was, to the byte."""
    before = snapshot(prefix.package)
    assert state(pipseed, prefix)["state"] == "disabled"
    assert "Enabled" in pipseed("enable", prefix.exe).stdout
    found = state(pipseed, prefix)
    assert found["state"] == "enabled" and found["up_to_date"] and found["ok"]
    assert found["pipseed"] == os.path.realpath(run.command()) and found["backup"] == str(prefix.kept)
    assert snapshot(prefix.kept) == before
    make_env(prefix, tmp_path / "env", home)
    assert installer(tmp_path / "env") == "pipseed"
    assert run.run([tmp_path / "env/bin/pip", "--version"]).stdout.startswith("pip ")
    assert "already enabled" in pipseed("enable", prefix.exe).stdout
    assert "Disabled" in pipseed("disable", prefix.exe).stdout
    assert snapshot(prefix.package) == before
    assert not prefix.kept.exists() and not prefix.leftovers
    assert "not enabled" in pipseed("disable", prefix.exe).stdout
    assert state(pipseed, prefix)["state"] == "disabled"


def test_kept_cannot_be_imported(pipseed, prefix):
    """No module name leads to what is kept."""
    pipseed("enable", prefix.exe)
    assert not prefix.kept.name.isidentifier()
    names = run.run([prefix.exe, "-I", "-S", "-c", "import pkgutil; print([m.name for m in pkgutil.iter_modules()])"])
    assert "pipseed" not in names.stdout


def test_where_there_is_none(pipseed, stripped, tmp_path, home):
    """Debian without python3-venv."""
    assert state(pipseed, stripped)["state"] == "absent"
    make_env(stripped, tmp_path / "broken", home, code=1)
    pipseed("enable", stripped.exe)
    assert state(pipseed, stripped)["backup"] is None
    make_env(stripped, tmp_path / "env", home)
    assert installer(tmp_path / "env") == "pipseed"
    pipseed("disable", stripped.exe)
    assert not stripped.package.exists() and not stripped.leftovers
    assert state(pipseed, stripped)["state"] == "absent"


def test_dry_run(pipseed, prefix):
    """Says it, does nothing."""
    before = snapshot(prefix.package)
    assert "Would enable" in pipseed("enable", "-n", prefix.exe).stdout
    assert snapshot(prefix.package) == before and not prefix.kept.exists() and not prefix.leftovers
    pipseed("enable", prefix.exe)
    before = snapshot(prefix.package), snapshot(prefix.kept)
    assert "Would disable" in pipseed("disable", "-n", prefix.exe).stdout
    assert (snapshot(prefix.package), snapshot(prefix.kept)) == before and not prefix.leftovers


def test_several(pipseed, prefix, tmp_path):
    """Each for itself; one that cannot be found does not stop the others."""
    done = pipseed("enable", "--json", "-p", tmp_path / "none", "-p", prefix.exe, code=1)
    document = done.json
    assert document["status"] == "error" and document["exit_code"] == 1
    assert document["interpreters"][0]["error"]["code"] == "no-target"
    assert document["interpreters"][1]["state"] == "enabled" and document["interpreters"][1]["changed"]
    assert prefix.is_enabled()
    assert "none" in done.stderr


def test_status_of_all(pipseed, prefix):
    """Without a name: those on PATH, and those that were worked with; each once."""
    pipseed("enable", prefix.exe)
    path = f"{prefix.exe.parent}:/usr/bin:/bin"
    found = pipseed("status", "--json", env={"PATH": path}, code=None).json["interpreters"]
    mine = [one for one in found if one["ensurepip_dir"] == str(prefix.package)]
    assert len(mine) == 1 and mine[0]["state"] == "enabled"
    remembered = pipseed("status", "--json", env={"PATH": "/usr/bin:/bin"}, code=None).json["interpreters"]
    assert [one for one in remembered if one["ensurepip_dir"] == str(prefix.package)]


def test_upgrade_of_pipseed(pipseed, prefix):
    """Another pipseed is seen, and replaced."""
    pipseed("enable", prefix.exe)
    before = snapshot(prefix.kept)
    init = prefix.package / "__init__.py"
    init.write_text(init.read_text() + "\n# of another release\n")
    assert not state(pipseed, prefix)["up_to_date"]
    assert "not this one" in pipseed("status", prefix.exe).stdout
    assert "Enabled" in pipseed("enable", prefix.exe).stdout
    assert state(pipseed, prefix)["up_to_date"] and snapshot(prefix.kept) == before
    assert not prefix.leftovers


def upgrade(pristine, prefix):
    """As dpkg does it: each file takes the place of what is there; what else is there stays."""
    for path in sorted(pristine.package.rglob("*")):
        to = prefix.package / path.relative_to(pristine.package)
        if path.is_dir():
            to.mkdir(exist_ok=True)
        elif "__pycache__" not in path.parts:
            shutil.copy2(path, f"{to}.dpkg-new")
            os.rename(f"{to}.dpkg-new", to)
    init = prefix.package / "__init__.py"
    init.write_text(init.read_text() + "\n# of the next release\n")


def test_interpreter_upgraded(pipseed, pristine, prefix):
    """status sees that its own is back; enable keeps the new one."""
    pipseed("enable", prefix.exe)
    upgrade(pristine, prefix)
    assert not prefix.is_enabled()
    found = state(pipseed, prefix, code=4)
    assert found["state"] == "overwritten" and not found["ok"]
    assert "an upgrade" in pipseed("status", prefix.exe, code=4).stdout
    pipseed("enable", prefix.exe)
    assert prefix.is_enabled() and state(pipseed, prefix)["state"] == "enabled"
    assert "next release" in (prefix.kept / "__init__.py").read_text()
    pipseed("disable", prefix.exe)
    assert "next release" in (prefix.package / "__init__.py").read_text()
    assert not (prefix.package / "PIPSEED").exists() and not prefix.kept.exists() and not prefix.leftovers


def test_interpreter_upgraded_then_disabled(pipseed, pristine, prefix):
    """What was kept is of the older release: it goes."""
    pipseed("enable", prefix.exe)
    upgrade(pristine, prefix)
    pipseed("disable", prefix.exe)
    assert "next release" in (prefix.package / "__init__.py").read_text()
    assert not (prefix.package / "PIPSEED").exists() and not prefix.kept.exists()
    assert state(pipseed, prefix)["state"] == "disabled"


def test_venv_package_installed_later(pipseed, pristine, stripped):
    """There was none, then the package with it came."""
    pipseed("enable", stripped.exe)
    upgrade(pristine, stripped)
    assert state(pipseed, stripped, code=4)["state"] == "overwritten"
    pipseed("enable", stripped.exe)
    assert "next release" in (stripped.kept / "__init__.py").read_text()
    assert not (stripped.kept / "PIPSEED").exists()


def test_original_lost(pipseed, prefix):
    """Nothing is taken away that cannot be replaced."""
    pipseed("enable", prefix.exe)
    shutil.rmtree(prefix.kept)
    assert state(pipseed, prefix, code=4)["state"] == "backup-missing"
    assert "--force" in pipseed("disable", prefix.exe, code=4).stderr
    assert prefix.is_enabled()
    pipseed("disable", "--force", prefix.exe)
    assert not prefix.package.exists()


def install(directory):
    """A copy of pipseed: the command, and the directories beside it that it loads from."""
    source = Path(os.path.realpath(run.command())).parent.parent
    (directory / "bin").mkdir(parents=True)
    shutil.copy2(source / "bin/pipseed", directory / "bin/pipseed")
    for library in source.glob("lib*"):
        if library.is_dir():
            shutil.copytree(library, directory / library.name)
    return directory / "bin/pipseed"


def test_pipseed_missing(pipseed, prefix, tmp_path, home):
    """The drop-in falls back to nothing: it says what to do, and that works."""
    before = snapshot(prefix.package)
    command = install(tmp_path / "it is gone")
    run.run([command, "enable", prefix.exe], env={"HOME": home})
    assert prefix.is_enabled()
    shutil.rmtree(command.parent)
    assert state(pipseed, prefix, code=4)["pipseed_missing"]
    done = run.run([prefix.exe, "-m", "ensurepip"], code=1)
    assert "pipseed disable --python" in done.stderr and str(command) in done.stderr
    assert "Traceback" not in done.stderr
    by_hand = done.stderr.split("without pipseed, run: ")[1].strip()
    run.run(["sh", "-c", by_hand])
    assert snapshot(prefix.package) == before


def test_odd_paths(pipseed, pristine, tmp_path, home):
    """Quotes, blanks and what is not ASCII on the way."""
    odd = "a b'c\"d\\$(e)\u00fc"
    there = clone(pristine, tmp_path / odd)
    before = snapshot(there.package)
    pipseed("enable", there.exe)
    assert there.is_enabled()
    assert run.run([there.exe, "-m", "ensurepip", "--version"], env={"HOME": home}).stdout.startswith("pip ")
    pipseed("disable", there.exe)
    assert snapshot(there.package) == before


def test_linked_package(pipseed, prefix, tmp_path):
    """Its own is a link to somewhere else, which stays untouched."""
    prefix.package.rename(tmp_path / "elsewhere")
    prefix.package.symlink_to(tmp_path / "elsewhere")
    before = snapshot(tmp_path / "elsewhere")
    pipseed("enable", prefix.exe)
    assert prefix.is_enabled() and prefix.kept.is_symlink()
    pipseed("disable", prefix.exe)
    assert prefix.package.is_symlink() and snapshot(tmp_path / "elsewhere") == before


def test_closed_umask(pipseed, prefix):
    """Others can read the drop-in whatever the umask is: as they could read its own."""
    pipseed("enable", prefix.exe, umask=0o077)
    assert stat.S_IMODE(prefix.package.stat().st_mode) == stat.S_IMODE(prefix.kept.stat().st_mode)
    assert (prefix.package / "__init__.py").stat().st_mode & 0o444 == 0o444
    assert any((prefix.package / "__pycache__").glob("__init__.*.pyc"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_owner(pipseed, prefix):
    """root leaves nothing that the interpreter's owner could not remove."""
    os.chown(prefix.stdlib, 65534, 65534)
    pipseed("enable", prefix.exe)
    assert {path.lstat().st_uid for path in [prefix.package, *prefix.package.rglob("*")]} == {65534}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_not_allowed(pipseed, prefix):
    """A library of someone else's."""
    before = snapshot(prefix.package)
    prefix.stdlib.chmod(0o555)
    try:
        assert "rights" in pipseed("enable", prefix.exe, code=1).stderr
        assert snapshot(prefix.package) == before
    finally:
        prefix.stdlib.chmod(0o755)


def test_untrusted_command(prefix, tmp_path, home):
    """A pipseed that anyone could replace is not written into an interpreter."""
    there = install(tmp_path / "open").parent.parent
    (there / "bin").chmod(0o777)
    refused = run.run([there / "bin/pipseed", "enable", prefix.exe], env={"HOME": home}, code=3)
    assert "can replace" in refused.stderr and "--force" in refused.stderr
    assert not prefix.is_enabled()
    run.run([there / "bin/pipseed", "enable", "--force", prefix.exe], env={"HOME": home})
    assert prefix.is_enabled()


# Each call, or each fourth: the sweep takes a minute otherwise.
STEP = 1 if os.environ.get("PIPSEED_TEST_KILLS") == "all" else 4
KILLED_AT = ("mkdirat", "openat2", "write", "renameat2", "unlinkat")


@pytest.mark.parametrize("how", ["enable", "disable"])
def test_killed(pipseed, pristine, tmp_path, inject, how):
    """Killed at each call that matters: the one ensurepip or the other; the next run finishes or undoes."""
    there = clone(pristine, tmp_path / "prefix")
    before = snapshot(there.package)
    n_killed = 0
    for call in KILLED_AT:
        for when in range(1, 60, STEP):
            if how == "disable":
                pipseed("enable", there.exe)
            done = pipseed(how, there.exe, wrap=inject(call, "signal=KILL", when), code=None)
            if done.code == 0:
                break
            n_killed += 1
            there.is_enabled()
            found = pipseed("status", "--json", there.exe, code=None).json["interpreters"][0]
            assert found["state"] in ("disabled", "enabled", "interrupted"), found
            if when % 2 == 0:
                pipseed("enable", there.exe)
                assert there.is_enabled() and not there.leftovers and snapshot(there.kept) == before
            pipseed("disable", there.exe)
            assert snapshot(there.package) == before, (call, when)
            assert not there.kept.exists() and not there.leftovers
        else:
            pytest.fail(f"{call} has no end")
        pipseed("disable", there.exe)
    assert n_killed > 3


@pytest.mark.parametrize("error", ["EINVAL", "EXDEV"])
def test_no_exchange(pipseed, prefix, inject, error):
    """A file system that cannot exchange names; one that cannot rename a directory of a lower layer."""
    before = snapshot(prefix.package)
    pipseed("enable", prefix.exe, wrap=inject("renameat2", f"error={error}"))
    assert prefix.is_enabled() and not prefix.leftovers
    assert snapshot(prefix.kept) == before
    assert sorted(os.listdir(prefix.package)) == ["PIPSEED", "__init__.py", "__main__.py", "__pycache__",
                                                  "_uninstall.py"]
    init = prefix.package / "__init__.py"
    init.write_text(init.read_text() + "\n# of another release\n")
    pipseed("enable", prefix.exe, wrap=inject("renameat2", f"error={error}"))
    assert state(pipseed, prefix)["up_to_date"] and not prefix.leftovers
    pipseed("disable", prefix.exe, wrap=inject("renameat2", f"error={error}"))
    assert snapshot(prefix.package) == before
    assert not prefix.kept.exists() and not prefix.leftovers


@pytest.mark.parametrize("how", ["enable", "disable"])
@pytest.mark.parametrize("error", ["EINVAL", "EXDEV"])
def test_killed_without_exchange(pipseed, pristine, tmp_path, inject, how, error):
    """The same sweep where more steps are needed: the next run finishes or undoes."""
    there = clone(pristine, tmp_path / "prefix")
    before = {name: entry[4] for name, entry in snapshot(there.package).items()}
    refuse = inject("renameat2", f"error={error}")
    for call in ("renameat", "unlinkat", "mkdirat"):
        for when in range(1, 60, STEP):
            if how == "disable":
                pipseed("enable", there.exe)
            # strace takes several rules: the exchange fails, and the when-th of the other calls kills.
            wrap = (*refuse[:3], "-e", f"trace=renameat2,{call}", *refuse[5:], "-e",
                    f"inject={call}:signal=KILL:when={when}")
            done = pipseed(how, there.exe, wrap=wrap, code=None)
            if done.code == 0:
                break
            if when % 2 == 0:
                pipseed("enable", there.exe)
                assert there.is_enabled()
            pipseed("disable", there.exe)
            now = {name: entry[4] for name, entry in snapshot(there.package).items()}
            assert now == before, (call, when)
            assert not there.kept.exists() and not there.leftovers
        else:
            pytest.fail(f"{call} has no end")
        pipseed("disable", there.exe)


OVERLAY = r"""
set -e
prefix=$1 scratch=$2
shift 2
mount -t tmpfs none "$scratch"
mkdir "$scratch/upper" "$scratch/work"
mount -t overlay overlay -o "lowerdir=$prefix,upperdir=$scratch/upper,workdir=$scratch/work" "$prefix"
exec "$@"
"""


@pytest.fixture
def layered(tmp_path):
    """layered(directory) are the words that put an empty layer above a directory while a command runs."""
    hold = tmp_path / "layer"
    hold.mkdir()
    flag = "-nm" if os.geteuid() == 0 else "-rnm"

    def words(directory):
        return ("unshare", flag, "sh", "-c", OVERLAY, "sh", directory, hold)

    probe = run.run(["true"], wrap=words(tmp_path), code=None)
    if probe.code != 0:
        pytest.skip(f"no overlay here: {probe.stderr.strip()}")
    return words


def test_container_layer(prefix, tmp_path, layered, home):
    """In an image, the interpreter is in a lower layer: its directories cannot be renamed."""
    before = snapshot(prefix.package)
    script = tmp_path / "script"
    script.write_text(f"""
set -e
{run.command()} enable {prefix.exe}
{prefix.exe} -m venv {tmp_path}/env
{tmp_path}/env/bin/pip --version
{run.command()} disable {prefix.exe}
cp -a {prefix.package} {tmp_path}/restored
ls -A {prefix.stdlib} | grep pipseed || true
""")
    done = run.run(["sh", script], wrap=layered(prefix.exe.parent.parent), env={"HOME": home})
    assert "Enabled" in done.stdout and "Disabled" in done.stdout and ".pipseed" not in done.stdout
    assert installer(tmp_path / "env") == "pipseed"
    assert snapshot(tmp_path / "restored") == before
    assert snapshot(prefix.package) == before


def test_files_of_a_package(tmp_path, layered, home):
    """Debian's own interpreter, below a layer that takes what is written: dpkg owns its files."""
    if not os.path.exists("/usr/bin/python3"):
        pytest.skip("no /usr/bin/python3")
    stdlib = run.run(["/usr/bin/python3", "-c", "import os; print(os.path.dirname(os.__file__))"]).stdout.strip()
    if not os.path.isdir(f"{stdlib}/ensurepip") or not os.path.isdir("/var/lib/dpkg/info"):
        pytest.skip("no Debian python3 with python3-venv")
    script = tmp_path / "script"
    script.write_text(f"""
{run.command()} enable -p /usr/bin/python3
echo "code $?"
set -e
{run.command()} enable --force -p /usr/bin/python3
/usr/bin/python3 -m venv {tmp_path}/env
{run.command()} status -v /usr/bin/python3
{run.command()} disable -p /usr/bin/python3
cp -a {stdlib}/ensurepip {tmp_path}/restored
rm -r {stdlib}/ensurepip
{run.command()} enable -p /usr/bin/python3
/usr/bin/python3 -m venv {tmp_path}/second
""")
    done = run.run(["sh", script], wrap=layered(stdlib), env={"HOME": home})
    assert "code 3" in done.stdout
    assert re.search(r"belongs to the system package 'python3\.\d+-venv'", done.stderr)
    assert installer(tmp_path / "env") == "pipseed" and installer(tmp_path / "second") == "pipseed"
    left = {name: entry for name, entry in snapshot(tmp_path / "restored").items() if "__pycache__" not in name}
    right = {name: entry for name, entry in snapshot(Path(stdlib) / "ensurepip").items() if "__pycache__" not in name}
    assert left == right


def test_explain_sees_it(pipseed, prefix, tmp_path):
    """A tool that runs venv uses pipseed as soon as its Python is enabled, and no longer."""
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin/pipx"
    script.write_text(f"#!{prefix.exe}\nraise SystemExit\n")
    script.chmod(0o755)

    def explained(code):
        found = pipseed("explain", "--json", "pipx", env={"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}, code=code).json
        return [each["code"] for each in found["findings"] if each["code"] != "uv-installer"], found["selected_by"]

    assert explained(1) == (["not-enabled"], None)
    pipseed("enable", prefix.exe)
    assert explained(0) == ([], str(prefix.package))
    pipseed("disable", prefix.exe)
    assert explained(1) == (["not-enabled"], None)
