# SPDX-License-Identifier: MIT
"""Files that are shared through the store must not outlive a change of hands: found.md A1 to A3, docs/store.md."""
import os
import subprocess

import people
import pytest
from people import ALICE, MALLORY, ROOT, site

QUICK = {"PIPSEED_INSTALL_BYTECODE": "no", "PIPSEED_SEED_PACKAGES": "pip"}


@pytest.fixture
def own(world):
    """pipseed as a user with a store that this test may spoil: own(uid, *args, **options)."""

    def call(uid, *args, env=None, **options):
        store = world.top / f"store-{uid}"
        if not store.exists():
            store.mkdir(mode=0o700)
            os.chown(store, uid, uid)
        return world.run(uid, *args, env={"XDG_CACHE_HOME": store, **QUICK, **(env or {})}, **options)

    call.store = lambda uid: world.top / f"store-{uid}"
    return call


def make(own, world, uid, *names, options=(), **more):
    """Environments of that user."""
    envs = [world.home[uid] / name for name in names]
    own(uid, "venv", "-p", people.DEBIAN, *options, *envs, **more)
    return envs


def owners(*tops):
    """Of all files and directories below."""
    found = set()
    for top in tops:
        for at, directories, files in os.walk(top):
            found |= {os.lstat(os.path.join(at, name)).st_uid for name in directories + files}
    return found


def shared(env):
    """How many of pip's files have a second name."""
    return sum(path.stat().st_nlink > 1 for path in (site(env) / "pip").rglob("*.py"))


def codes(result):
    """Of the findings of a --json document."""
    return {finding["code"] for finding in result.json["findings"]}


def test_root_hands_one_over(own, world):
    """A1: "make it, hand it to the service user"."""
    one, other = make(own, world, ROOT, "one", "other")
    people.give(one, MALLORY)
    (later,) = make(own, world, ROOT, "later")
    assert owners(other, later, own.store(ROOT)) == {ROOT}
    assert shared(other) == shared(later) == 0
    for env in (one, other, later):
        own(ROOT, "verify", env)


def test_an_image_is_shifted(own, world):
    """A1: --root, as an ordinary user and as root; the uid shift of a container."""
    for uid in (ROOT, ALICE):
        root = world.home[uid] / "image"
        (env,) = make(own, world, uid, "env")
        own(uid, "seed", "--root", root, "--python", people.DEBIAN, "--upgrade", env={"PIPSEED_SEED_EXTERNALLY_MANAGED": "override"})
        assert not any(path.stat().st_nlink > 1 for path in root.rglob("*.py"))
        people.give(root, 100000)
        assert owners(env, own.store(uid)) == {uid}


def test_users_environment_is_handed_over(own, world):
    """An ordinary user's are linked: store and later ones are clean at once, earlier ones are named and repaired."""
    one, other = make(own, world, ALICE, "one", "other")
    assert shared(other) > 100
    own(ALICE, "verify", other)
    people.give(one, MALLORY)
    assert MALLORY in owners(other)
    assert "belongs to uid 12345" in own(ALICE, "cache", "info").stdout
    assert "belongs to uid 12345" in own(ALICE, "cache", "verify", code=4).stdout
    (later,) = make(own, world, ALICE, "later")
    assert owners(later, own.store(ALICE)) == {ALICE}
    own(ALICE, "cache", "verify")
    assert codes(own(ALICE, "verify", "--json", other, code=4)) == {"install-owner"}
    assert codes(own(ALICE, "doctor", "--json", other, code=4)) == {"install-owner"}
    own(ALICE, "doctor", "--fix", other)
    assert owners(other) == {ALICE}
    own(ALICE, "verify", other)
    assert "no problems found" in own(ALICE, "doctor", other).stdout


def test_root_asked_for_links(own, world):
    """link-mode = hardlink is obeyed and named, and repaired."""
    one, other = make(own, world, ROOT, "one", "other", options=["--link-mode", "hardlink"])
    assert shared(other) > 100
    assert codes(own(ROOT, "verify", "--json", other, code=4)) == {"install-shared"}
    own(ROOT, "verify", "-o", "install.link-mode=hardlink", other)
    people.give(one, MALLORY)
    assert codes(own(ROOT, "verify", "--json", other, code=4)) == {"install-owner"}
    times = {path: path.stat().st_mtime_ns for path in site(other).rglob("*.py")}
    own(ROOT, "doctor", "--fix", other)
    assert owners(other) == {ROOT} and shared(other) == 0
    assert times == {path: path.stat().st_mtime_ns for path in site(other).rglob("*.py")}
    own(ROOT, "verify", other)
    (later,) = make(own, world, ROOT, "later", options=["--link-mode", "hardlink"])
    assert owners(later, own.store(ROOT)) == {ROOT}


def test_repair_without_a_wheel(own, world):
    """The content is right: no wheel is needed to make it one's own. What is not right is left for the wheel."""
    one, other = make(own, world, ROOT, "one", "other", options=["--link-mode", "hardlink"])
    people.give(one, MALLORY)
    changed = site(other) / "pip/__main__.py"
    changed.write_text("evil()\n")
    own(ROOT, "doctor", "--fix", other, env={"PIPSEED_WHEELS_BUNDLED": "no"}, code=4)
    assert os.stat(changed).st_uid == MALLORY
    assert os.stat(site(other) / "pip/__init__.py").st_uid == ROOT
    own(ROOT, "doctor", "--fix", other)
    assert owners(other) == {ROOT}


@pytest.mark.parametrize("part", ["", "files", "manifest"])
def test_a_strangers_entry_is_not_used(own, world, part):
    """Not only files: who owns a directory of the entry, or its manifest's, says what is in it."""
    make(own, world, ALICE, "one")
    entry = next((own.store(ALICE) / "pipseed/v1/wheels").iterdir())
    os.chown(entry / part, MALLORY, MALLORY)
    (env,) = make(own, world, ALICE, "other")
    assert owners(env) == {ALICE}
    own(ALICE, "verify", env)


@pytest.mark.parametrize("umask, mode", [(0o002, 0o664), (0o000, 0o666), (0o077, 0o600), (0o022, 0o644)])
def test_group_writable(own, world, umask, mode):
    """A2: where a group may write, files are copies, and have the mode that ensurepip gives them; the store's never have it."""
    before = os.umask(umask)
    try:
        one, other = make(own, world, ALICE, "one", "other")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o666 for path in (site(one) / "pip").rglob("*.py")} == {mode}
    assert (shared(other) == 0) == (mode & 0o022 != 0)
    assert not any(path.stat().st_mode & 0o022 for path in own.store(ALICE).rglob("*"))


def test_mode_that_lets_others_write(own, world):
    """Named and repaired; what a whole environment of a group has is not a finding."""
    (env,) = make(own, world, ALICE, "env")
    target = site(env) / "pip/_internal/main.py"
    target.chmod(0o666)
    assert "install-mode" in codes(own(ALICE, "verify", "--json", env, code=4))
    own(ALICE, "doctor", "--fix", env)
    assert target.stat().st_mode & 0o777 == 0o644
    own(ALICE, "verify", env)
    before = os.umask(0o002)
    try:
        (group,) = make(own, world, ALICE, "group")
    finally:
        os.umask(before)
    own(ALICE, "verify", group)


def acl(*words):
    """setfacl, or a skip where file system or machine has none."""
    try:
        done = subprocess.run(["setfacl", *map(os.fspath, words)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no setfacl")
    if done.returncode != 0:
        pytest.skip(done.stderr.strip())


@pytest.mark.parametrize("uid", [ROOT, ALICE])
def test_default_acl(own, world, uid):
    """A3: whom the directory's default ACL lets in can read pip, as after `python -m venv`; others cannot."""
    project = world.home[uid] / "project"
    project.mkdir()
    os.chown(project, uid, uid)
    acl("-d", "-m", f"u:{MALLORY}:rwx,o::---", project)
    acl("-m", f"u:{MALLORY}:rx", project)
    before = os.umask(0o077)
    try:
        (env,) = make(own, world, uid, "project/env")
        (plain,) = make(own, world, uid, "plain")
        real = project / "real"
        subprocess.run([*people.as_user(uid), people.DEBIAN, "-m", "venv", "--without-pip", real], check=True)
    finally:
        os.umask(before)
    assert shared(env) == 0
    read = [*people.as_user(MALLORY), "cat"]
    for path in (site(env) / "pip/__init__.py", env / "bin/pip3", env / "pyvenv.cfg"):
        assert subprocess.run([*read, path], capture_output=True, check=False).returncode == 0, path
    other = [*people.as_user(99), "cat", site(env) / "pip/__init__.py"]
    assert subprocess.run(other, capture_output=True, check=False).returncode != 0
    # As open(2) and mkdir(2) make them there.
    (site(real) / "made").touch(mode=0o666)
    probe = subprocess.run(["getfacl", "-cp", real / "pyvenv.cfg"], capture_output=True, text=True, check=True).stdout
    ours = subprocess.run(["getfacl", "-cp", site(env) / "pip/__init__.py"], capture_output=True, text=True, check=True)
    assert ours.stdout == probe
    # A store below such a directory gives nobody a file with an ACL.
    assert (site(plain) / "pip/__init__.py").stat().st_mode & 0o777 == 0o600


def test_acl_of_the_store(own, world):
    """Files of a store whose directories have an ACL are copied: theirs shows in no mode."""
    store = own.store(ALICE)
    store.mkdir(mode=0o700)
    os.chown(store, ALICE, ALICE)
    acl("-d", "-m", f"u:{MALLORY}:rwx", store)
    (env,) = make(own, world, ALICE, "env")
    assert shared(env) == 0
    shown = subprocess.run(["getfacl", "-cp", site(env) / "pip/__init__.py"], capture_output=True, text=True, check=True)
    assert str(MALLORY) not in shown.stdout
